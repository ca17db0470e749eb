"""Names of headers that are not UTF-8: ``Message.headers`` of confluent_kafka crashes on them.

The protocol has the name as a string of UTF-8, but brokers do not check it. On its first call
``headers`` returns a list with a null pointer and an exception, and on every later one that list
alone: iterating over it ends the process (2.16). So every message that a client takes is looked at
once, before anything else calls ``headers``: by ``runs.splitter``, or here.
"""

from __future__ import annotations

import logging
from operator import methodcaller
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    import confluent_kafka

__all__ = ["UNREADABLE", "note_unreadable_headers", "replace_unreadable_headers"]

UNREADABLE: Final = "(headers that cannot be read: a name is not UTF-8)"
"""The name of the one header that such a message has instead."""

# Not a plain call: CPython's specialized one does not look for the exception.
_headers: Final = methodcaller("headers")

_log = logging.getLogger("streamcontract.kafka")


def replace_unreadable_headers(raws: Iterable[confluent_kafka.Message]) -> None:
    """Replace the headers of messages that would end the process."""
    for raw in raws:
        try:
            _headers(raw)
        except (SystemError, UnicodeDecodeError):  # noqa: PERF203 - each message on its own
            note_unreadable_headers(raw)


def note_unreadable_headers(raw: confluent_kafka.Message) -> None:
    """Replace the headers of one message, which are such ones."""
    raw.set_headers([(UNREADABLE, None)])
    topic = raw.topic()
    _log.warning(
        "topic %r, partition %s, offset %s: a header has a name that is not UTF-8, so that "
        "confluent_kafka reads none of its headers; the message has one header with this reason",
        *(topic, raw.partition(), raw.offset()),
        extra={"topic": topic},
    )
