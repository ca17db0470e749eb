"""Plain records into the client's queue: one step for each record of a producer.

Plain is a record whose key comes from the record, without time, partition, or headers but those
that say its schema.
Whatever is not that simple (a record that does not fit, a full queue, a client that refuses) is
left to the producer's careful way, which finds out why; so errors cost nothing before they happen.
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
        """Queue a record; False, with nothing queued, where it takes care."""

    def send_reported(self, value: Any, report: Callable[..., None]) -> bool:
        """The same for a record with a delivery callback of its own."""

    def is_due(self) -> bool:
        """Whether delivery reports have waited for so long that it is time to serve them.

        A yes starts the next interval. While it is due, ``send`` queues nothing.
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
    """The sender that goes with the codec's engine; both do the same.

    Args:
        topic: Where records go.
        encode: Makes a record's framed bytes, or raises.
        derive: Takes the key out of a record that ``encode`` took, or raises.
        produce: The method of ``confluent_kafka.Producer``, bound.
        report: The delivery callback.
        interval: Seconds between two times that delivery reports are due.
        headers: Those of each message, if it has any.
    """
    native = native_part()
    make: Callable[..., Sender] = PortableSender if native is None else native.Sender
    return make(topic, encode, derive, produce, report, interval, headers)


def reporter() -> Callable[[Callable[..., None], int, Any], Callable[..., None]]:
    """The maker of delivery callbacks that goes with the codec's engine; both do the same.

    It is given a function, and the index and the value of a record. The callback calls the function
    with both, the error and the message if the record is not delivered.
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
        except Exception:  # noqa: BLE001 - whatever it is, the careful way raises it anew
            return False
        return True

    def is_due(self) -> bool:
        """See :class:`Sender`."""
        now = self._now()
        if now < self._due_at:
            return False
        self._due_at = now + self._interval
        return True
