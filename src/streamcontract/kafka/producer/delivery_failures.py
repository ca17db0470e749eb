"""Failed deliveries, kept until they are raised."""

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
    """Counts the failed deliveries, and keeps the first 100.

    It is separate from the producer, so that librdkafka, which refers to its callback, does not
    refer to the producer too: a producer without references has to be finalized.
    """

    __slots__ = ("_failed", "_last", "_lock", "_numbers", "_told")

    def __init__(self) -> None:
        # By number. Those in `_told` were raised, which is set at the very end of a call: if a
        # signal's handler raises before, the next call raises them.
        self._failed: dict[int, Delivery | None] = {}
        self._numbers = itertools.count()
        self._told: dict[int, Delivery | None] = {}
        self._last: Delivery | None = None
        # If threads share the producer, one of them raises.
        self._lock = threading.Lock()

    def report(
        self, error: confluent_kafka.KafkaError | None, raw: confluent_kafka.Message
    ) -> None:
        """The delivery callback of messages without their own."""
        if error is not None:
            self.add(Delivery.of(error, raw))

    def add(self, delivery: Delivery) -> None:
        """Add a failed delivery."""
        self._last = delivery
        self._failed[next(self._numbers)] = delivery if len(self._failed) < _MAX_KEPT else None

    def take(self) -> DeliveryError | None:
        """The error of all of them, once; None if there are none."""
        if not self._failed:
            return None
        with self._lock:
            error, untold = self._untold()
            self._told = untold
            return error

    def raise_all(self, instead: Exception | None = None) -> None:
        """Raise the error of all of them, once, or as the cause of another one.

        Raises:
            DeliveryError: There are failures.
            Exception: ``instead``, if given, with or without failures.
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
        """The error of those that were not raised yet, and their numbers."""
        for number in self._told:
            self._failed.pop(number, None)
        untold = dict(self._failed)
        if not untold:
            return None, untold
        kept = tuple(each for each in untold.values() if each is not None)
        first = kept or ((self._last,) if self._last is not None else ())
        return DeliveryError(len(untold), first[:_MAX_KEPT]), untold
