"""Instruments for measurements, and the guard that keeps failures of telemetry from messages."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final, TypeVar

from streamcontract.otel import names

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.metrics import Meter
    from typing_extensions import ParamSpec

    P = ParamSpec("P")

__all__ = ["TOGETHER", "Guard", "Instruments", "StopWatch"]

R = TypeVar("R")

_log = logging.getLogger("streamcontract.otel")

# The bounds in "Semantic conventions for messaging client metrics", in seconds.
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)


class Instruments:
    """The instruments of one meter."""

    def __init__(self, meter: Meter) -> None:
        self.queued = meter.create_counter(
            names.QUEUED_MESSAGES, "{message}", "Messages that a producer queued for delivery."
        )
        self.sent = meter.create_counter(
            names.SENT_MESSAGES,
            "{message}",
            "Messages that were delivered, or with error.type, were not.",
        )
        self.consumed = meter.create_counter(
            names.CONSUMED_MESSAGES, "{message}", "Messages that were returned to the application."
        )
        self.dead_lettered = meter.create_counter(
            names.DEAD_LETTERED_MESSAGES, "{message}", "Dead letters that were delivered."
        )
        self.schema_versions = meter.create_counter(
            names.SCHEMA_VERSIONS, "{version}", "Schemas that a consumer read for the first time."
        )
        self.decoded = meter.create_counter(
            names.DECODED_MESSAGES, "{message}", "Messages whose values were decoded."
        )
        self.decode_time = meter.create_counter(
            names.DECODE_TIME, "s", "Time to decode the bytes of messages into records."
        )
        self.operation_duration = meter.create_histogram(
            names.OPERATION_DURATION,
            "s",
            "Time from produce() to the delivery report, or of a call for messages, of a batch.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self.process_duration = meter.create_histogram(
            names.PROCESS_DURATION,
            "s",
            "Time the application took to process a message.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )


class Guard:
    """Runs the work of telemetry, whose failures must not affect messages.

    The API does not raise, but propagators, processors and providers of other authors may. Their
    errors are logged once for each kind of work, not once for each message.
    """

    def __init__(self) -> None:
        self._told: set[str] = set()

    def __call__(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | None:
        """Run the work and return its result; None if it raised."""
        try:
            return work(*args, **kwargs)
        except Exception:  # noqa: BLE001 - see above
            self.note(work)
            return None

    def note(self, work: Callable[..., object]) -> None:
        """Log the exception that some work raised and that is being handled."""
        name = work.__qualname__
        if name not in self._told:
            self._told.add(name)
            _log.warning(
                "telemetry failed in %s and continues without it; messages are not affected, "
                "and this is not logged again",
                name,
                exc_info=True,
            )


TOGETHER: Final = 5_000_000
"""The nanoseconds within which messages count as one batch: the first bound of the durations."""


class StopWatch:
    """Start time and elapsed time since its creation, in nanoseconds.

    A span's end is its start plus the elapsed time, so that it never ends before its start if the
    clock is adjusted, and the duration in the metrics is that of the span.
    """

    __slots__ = ("begun", "started")

    def __init__(self) -> None:
        self.started = time.time_ns()
        self.begun = time.perf_counter_ns()

    def elapsed(self) -> int:
        """Nanoseconds since its creation."""
        return time.perf_counter_ns() - self.begun
