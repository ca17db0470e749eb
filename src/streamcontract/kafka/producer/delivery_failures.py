"""Deliveries that failed, kept until the application is told of them."""

from __future__ import annotations

import itertools
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

    __slots__ = ("_failed", "_last", "_lock", "_numbers", "_told")

    def __init__(self) -> None:
        # By number. Those in `_told` were raised, which is noted as the last act of a call: if a
        # signal's handler raises before, the next call raises them.
        self._failed: dict[int, Delivery | None] = {}
        self._numbers = itertools.count()
        self._told: dict[int, Delivery | None] = {}
        self._last: Delivery | None = None
        # Whichever threads share the producer, one of them raises.
        self._lock = threading.Lock()

    def report(
        self, error: confluent_kafka.KafkaError | None, raw: confluent_kafka.Message
    ) -> None:
        """The delivery callback of every message that has none of its own."""
        if error is not None:
            self.add(Delivery.of(error, raw))

    def add(self, delivery: Delivery) -> None:
        """Remember a delivery that failed."""
        self._last = delivery
        self._failed[next(self._numbers)] = delivery if len(self._failed) < _MAX_KEPT else None

    def take(self) -> DeliveryError | None:
        """The error of them all, once; None if there are none."""
        if not self._failed:
            return None
        with self._lock:
            error, untold = self._untold()
            self._told = untold
            return error

    def raise_all(self, instead: Exception | None = None) -> None:
        """Raise the error of them all, once, or as the cause of another one.

        Raises:
            DeliveryError: There are some.
            Exception: ``instead``, if given, whether there are some or not.
        """
        if instead is None and not self._failed:
            return
        with self._lock:
            error, untold = self._untold()
            if instead is not None:
                self._told = untold
                raise instead from error
            if error is not None:
                self._told = untold
                raise error

    def _untold(self) -> tuple[DeliveryError | None, dict[int, Delivery | None]]:
        """The error of those that were not raised yet, and which these are."""
        for number in self._told:
            self._failed.pop(number, None)
        untold = dict(self._failed)
        if not untold:
            return None, untold
        kept = tuple(each for each in untold.values() if each is not None)
        first = kept or ((self._last,) if self._last is not None else ())
        return DeliveryError(len(untold), first[:_MAX_KEPT]), untold
