"""Lag of consumers, for the one observable gauge that reports all of them."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING

from opentelemetry.metrics import Observation

from streamcontract.otel import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opentelemetry.metrics import CallbackOptions
    from opentelemetry.util.types import AttributeValue

    from streamcontract.kafka.telemetry import Lag
    from streamcontract.otel.instruments import Guard

__all__ = ["Lags"]


class Lags:
    """Reads the lag of consumers, without keeping them alive.

    Args:
        guard: Keeps a consumer that cannot be read from hiding the others.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        # The exporting thread reads what the consumers' threads write.
        self._lock = threading.Lock()
        self._known: weakref.WeakKeyDictionary[Lag, Mapping[str, AttributeValue]] = (
            weakref.WeakKeyDictionary()
        )

    def add(self, lag: Lag, source: Mapping[str, AttributeValue]) -> None:
        """Add a consumer, which is read until it has no other references."""
        with self._lock:
            self._known[lag] = source

    def observe(self, options: CallbackOptions) -> Iterable[Observation]:
        """The gauge's callback: one observation for each partition."""
        del options
        with self._lock:
            known = list(self._known.items())
        return [
            Observation(behind, {**source, names.TOPIC: topic, names.PARTITION: str(partition)})
            for lag, source in known
            for (topic, partition), behind in (self._guard(lag.read) or {}).items()
        ]
