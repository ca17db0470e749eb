"""Runs of consumed messages, each of one partition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from streamcontract.kafka.connection.header_names import replace_unreadable_headers
from streamcontract.kafka.native import native_part

if TYPE_CHECKING:
    import confluent_kafka

__all__ = ["Split", "portable_split", "splitter"]


class Split(Protocol):
    """The protocol of functions that split messages into runs of one partition."""

    def __call__(
        self, raws: list[confluent_kafka.Message], *, by_topic: bool
    ) -> list[list[confluent_kafka.Message]]:
        """Split messages into runs; an error of librdkafka is a run of its own.

        Headers that would end the process are replaced (``header_names``).

        Args:
            raws: The messages.
            by_topic: Whether they may be of several topics.
        """


def splitter() -> Split:
    """The function for the codec's engine; both have the same results."""
    native = native_part()
    if native is None:
        return portable_split
    split: Split = native.split
    return split


def portable_split(
    raws: list[confluent_kafka.Message], *, by_topic: bool
) -> list[list[confluent_kafka.Message]]:
    """The same in Python."""
    replace_unreadable_headers(raws)
    runs: list[list[confluent_kafka.Message]] = []
    current: object = None
    for raw in raws:
        key = None
        if raw.error() is None:
            key = (raw.partition(), raw.topic()) if by_topic else raw.partition()
        if key is not None and key == current:
            runs[-1].append(raw)
        else:
            runs.append([raw])
        current = key
    return runs
