"""Counts and traces messages with OpenTelemetry, for clients that are given a :class:`Telemetry`.

Needs the extra ``streamcontract[otel]``, which is OpenTelemetry's API; the application brings its
SDK and exporters. Nothing else in the library imports it. What is told stands in
docs/observability.md.
"""

from __future__ import annotations

from streamcontract.errors import ConfigurationError

__all__ = ["OpenTelemetryMissingError", "Telemetry"]


class OpenTelemetryMissingError(ConfigurationError, ImportError):
    """OpenTelemetry was asked for and is not installed."""


try:
    from streamcontract.otel.telemetry import Telemetry
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "opentelemetry":
        raise
    raise OpenTelemetryMissingError(
        "streamcontract.otel needs OpenTelemetry's API, which is not installed: "
        "pip install 'streamcontract[otel]'"
    ) from error
