"""Metrics and traces of messages with OpenTelemetry, for clients with a :class:`Telemetry`.

It needs the extra ``streamcontract[otel]``, which is OpenTelemetry's API; the application installs
the SDK and exporters. No other module of the library imports it. docs/observability.md lists the
metrics and spans.
"""

from __future__ import annotations

from streamcontract.errors import ConfigurationError

__all__ = ["OpenTelemetryMissingError", "Telemetry"]


class OpenTelemetryMissingError(ConfigurationError, ImportError):
    """OpenTelemetry is needed and not installed."""


try:
    from streamcontract.otel.telemetry import Telemetry
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "opentelemetry":
        raise
    raise OpenTelemetryMissingError(
        "streamcontract.otel needs OpenTelemetry's API, which is not installed: "
        "pip install 'streamcontract[otel]'"
    ) from error
