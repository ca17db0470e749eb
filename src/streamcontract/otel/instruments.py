"""The instruments that measurements go to, and the guard that keeps them from doing harm."""

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

# The bounds that "Semantic conventions for messaging client metrics" asks for, in seconds.
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)


class Instruments:
    """The instruments of one meter."""

    def __init__(self, meter: Meter) -> None:
        self.queued = meter.create_counter(
            names.QUEUED_MESSAGES, "{message}", "Messages that a producer took for delivery."
        )
        self.sent = meter.create_counter(
            names.SENT_MESSAGES,
            "{message}",
            "Messages that were delivered, or with error.type, were not.",
        )
        self.consumed = meter.create_counter(
            names.CONSUMED_MESSAGES, "{message}", "Messages that were handed to the application."
        )
        self.dead_lettered = meter.create_counter(
            names.DEAD_LETTERED_MESSAGES, "{message}", "Dead letters that were delivered."
        )
        self.schema_versions = meter.create_counter(
            names.SCHEMA_VERSIONS, "{version}", "Schemas that a consumer met for the first time."
        )
        self.decoded = meter.create_counter(
            names.DECODED_MESSAGES, "{message}", "Messages whose values were decoded."
        )
        self.decode_time = meter.create_counter(
            names.DECODE_TIME, "s", "Time it took to make records of the bytes of messages."
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
            "Time the application worked on a message.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )


class Guard:
    """Runs telemetry's own work, of which nothing must keep a message from going its way.

    The API promises not to raise, but propagators, processors and providers are anybody's. What
    they raise is logged once for each kind of work: more would be a line for each message.
    """

    def __init__(self) -> None:
        self._told: set[str] = set()

    def __call__(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | None:
        """What the work returns; None if it raised."""
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
                "telemetry failed in %s and does without; messages are not affected, and "
                "this is not said again",
                name,
                exc_info=True,
            )


TOGETHER: Final = 5_000_000
"""Nanoseconds within which messages count as one batch: the first bound of the durations."""


class StopWatch:
    """Measures from when it is made: when that was, and how long ago, in nanoseconds.

    A span's end is its start and what has passed, so that no step of the clock makes it end
    before, and the duration in the metrics is that of the span.
    """

    __slots__ = ("begun", "started")

    def __init__(self) -> None:
        self.started = time.time_ns()
        self.begun = time.perf_counter_ns()

    def elapsed(self) -> int:
        """Nanoseconds since it was made."""
        return time.perf_counter_ns() - self.begun
