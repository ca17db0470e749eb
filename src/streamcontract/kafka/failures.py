"""Deliveries that failed, kept until somebody is told of them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from streamcontract.kafka.errors import DeliveryError
from streamcontract.kafka.message import Delivery

if TYPE_CHECKING:
    import confluent_kafka

__all__ = ["Failures"]

_MAX_KEPT: Final = 100


class Failures:
    """Counts the deliveries that failed, and keeps the first 100.

    It is no part of the producer, so that librdkafka, which holds its callback, does not hold
    the producer too: a producer that nobody refers to any more must be able to say so.
    """

    __slots__ = ("_count", "_first", "_lock")

    def __init__(self) -> None:
        self._count = 0
        self._first: list[Delivery] = []
        # Whichever threads share the producer, each of them may be the one that polls.
        self._lock = threading.Lock()

    def report(
        self, error: confluent_kafka.KafkaError | None, raw: confluent_kafka.Message
    ) -> None:
        """The delivery callback of every message that has none of its own."""
        if error is None:
            return
        delivery = Delivery.of(error, raw)
        with self._lock:
            self._count += 1
            if len(self._first) < _MAX_KEPT:
                self._first.append(delivery)

    def take(self) -> DeliveryError | None:
        """The error that tells of them all, once; None if there are none."""
        if not self._count:
            return None
        first: list[Delivery] = []
        with self._lock:
            count, self._count = self._count, 0
            first, self._first = self._first, first
        return DeliveryError(count, tuple(first)) if count else None
