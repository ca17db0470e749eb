"""OpenTelemetry's own SDK in memory, as the oracle of what telemetry tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    HistogramDataPoint,
    InMemoryMetricReader,
    NumberDataPoint,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from streamcontract.otel import Telemetry

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Observed"]


class Observed:
    """A ``Telemetry`` and what came of it."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.meters = MeterProvider([self._reader], shutdown_on_exit=False)
        self.telemetry = Telemetry(self.tracers, self.meters)

    def spans(self, name: str = "") -> list[ReadableSpan]:
        """The spans that ended, whose names begin so, in the order of their ends."""
        return [span for span in self._exporter.get_finished_spans() if span.name.startswith(name)]

    def points(self, name: str) -> list[tuple[dict[str, Any], float]]:
        """What a metric measured, with its attributes: sums and gauges; counts of histograms."""
        return [
            (
                dict(point.attributes or {}),
                point.count if isinstance(point, HistogramDataPoint) else point.value,
            )
            for metric, point in self._measured()
            if metric == name
        ]

    def total(self, name: str, **attributes: object) -> float:
        """The sum of what a metric measured with these attributes (``_`` stands for ``.``)."""
        wanted = {key.replace("_", "."): value for key, value in attributes.items()}
        return sum(
            value
            for found, value in self.points(name)
            if all(found.get(key) == value for key, value in wanted.items())
        )

    @property
    def metrics(self) -> set[str]:
        """The names of all that was measured."""
        return {metric for metric, _ in self._measured()}

    def _measured(self) -> Iterator[tuple[str, NumberDataPoint | HistogramDataPoint]]:
        data = self._reader.get_metrics_data()
        for resource in data.resource_metrics if data is not None else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.data.data_points:
                        assert isinstance(point, (NumberDataPoint, HistogramDataPoint))
                        yield metric.name, point
