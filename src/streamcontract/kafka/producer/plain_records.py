"""Plain records, which are queued in one step.

A record is plain if its key is taken from the record, and it has no timestamp, partition or headers
except those of its schema.
Other cases (a record that does not fit, a full queue, a refusal of the client) are left to
``produce``'s full path, which raises the error; so records without errors cost nothing extra.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from streamcontract.kafka.native import native_part

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PortableReport", "PortableSender", "Sender", "reporter", "sender"]


class Sender(Protocol):
    """Queues plain records for one topic; threads may share it."""

    def send(self, value: Any) -> bool:
        """Queue a record; return False, with nothing queued, if it needs the full path."""

    def send_reported(self, value: Any, report: Callable[..., None]) -> bool:
        """The same for a record with a delivery callback of its own."""

    def is_due(self) -> bool:
        """Whether it is time to serve delivery reports.

        True starts the next interval. While it is due, ``send`` queues nothing.
        """


def sender(
    topic: str,
    encode: Callable[[Any], bytes],
    derive: Callable[[Any], str | bytes | None],
    produce: Callable[..., None],
    report: Callable[..., None],
    interval: float,
    headers: list[tuple[str, bytes]] | None = None,
) -> Sender:
    """The sender for the codec's engine; both have the same results.

    Args:
        topic: The topic.
        encode: Encodes a record to framed bytes, or raises.
        derive: Takes the key from a record that ``encode`` accepted, or raises.
        produce: The method of ``confluent_kafka.Producer``, bound.
        report: The delivery callback.
        interval: Seconds between two times of serving delivery reports.
        headers: The headers of each message, if any.
    """
    native = native_part()
    make: Callable[..., Sender] = PortableSender if native is None else native.Sender
    return make(topic, encode, derive, produce, report, interval, headers)


def reporter() -> Callable[[Callable[..., None], int, Any], Callable[..., None]]:
    """The factory of delivery callbacks for the codec's engine; both have the same results.

    It takes a function, and the index and the value of a record. If the record is not delivered,
    the callback calls the function with both, the error and the message.
    """
    native = native_part()
    return PortableReport if native is None else native.Report


class PortableReport:
    """A delivery callback of one of many records, in Python."""

    __slots__ = ("_failed", "_index", "_value")

    def __init__(self, failed: Callable[..., None], index: int, value: Any) -> None:
        self._failed = failed
        self._index = index
        self._value = value

    def __call__(self, error: object, raw: object) -> None:
        """The delivery callback."""
        if error is not None:
            self._failed(self._index, self._value, error, raw)


class PortableSender:
    """Queues plain records, in Python."""

    def __init__(
        self,
        topic: str,
        encode: Callable[[Any], bytes],
        derive: Callable[[Any], str | bytes | None],
        produce: Callable[..., None],
        report: Callable[..., None],
        interval: float,
        headers: list[tuple[str, bytes]] | None = None,
    ) -> None:
        self._more: tuple[Any, ...] = () if headers is None else (None, 0, headers)
        self._topic = topic
        self._encode = encode
        self._derive = derive
        self._produce = produce
        self._report = report
        self._interval = interval
        self._due_at = 0.0
        self._now = time.monotonic

    def send(self, value: Any) -> bool:
        """See :class:`Sender`."""
        return self.send_reported(value, self._report)

    def send_reported(self, value: Any, report: Callable[..., None]) -> bool:
        """See :class:`Sender`."""
        if value is None or self._now() >= self._due_at:
            return False
        try:
            payload = self._encode(value)
            key = self._derive(value)
            self._produce(self._topic, payload, key, -1, report, *self._more)
        except Exception:  # noqa: BLE001 - the full path raises the error again
            return False
        return True

    def is_due(self) -> bool:
        """See :class:`Sender`."""
        now = self._now()
        if now < self._due_at:
            return False
        self._due_at = now + self._interval
        return True
