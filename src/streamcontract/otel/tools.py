"""Shared parts of one :class:`~streamcontract.otel.telemetry.Telemetry`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

    from streamcontract.otel.counts import Counts
    from streamcontract.otel.instruments import Guard, Instruments

__all__ = ["Tools"]


@attrs.frozen
class Tools:
    """The tracer, the instruments, and the guard that contains their failures."""

    tracer: Tracer
    instruments: Instruments
    guard: Guard
    counts: Counts
