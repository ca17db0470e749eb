"""Telemetry object of an application, for metrics and traces of its producers and consumers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from opentelemetry import context, metrics, trace
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import (
    INVALID_SPAN,
    Span,
    SpanKind,
    StatusCode,
    TracerProvider,
    set_span_in_context,
)

from streamcontract._lazy import Later
from streamcontract._version import __version__
from streamcontract.kafka import Message
from streamcontract.otel import names
from streamcontract.otel.counts import Counts, flush_all
from streamcontract.otel.instruments import Guard, Instruments, StopWatch
from streamcontract.otel.lags import Lags
from streamcontract.otel.propagation import extracted, links_to
from streamcontract.otel.receiving import Receiving, message_attributes, source_attributes
from streamcontract.otel.sending import Sending
from streamcontract.otel.tools import Tools

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.context import Context
    from opentelemetry.metrics import CallbackOptions, Observation

    from streamcontract import wire
else:
    wire = Later("streamcontract.wire")

__all__ = ["Telemetry"]

_SCOPE = "streamcontract"


class Telemetry:
    """Counts and traces the messages of the producers and consumers that use it.

    One is enough for all clients of a process. Names, kinds and attributes follow OpenTelemetry's
    semantic conventions for messaging (see :mod:`streamcontract.otel.names`). Telemetry adds only
    the trace context to a message's headers; its errors are logged.

    Args:
        tracer_provider: The provider of the tracer; the process's own
            (``trace.set_tracer_provider``) if left out.
        meter_provider: The provider of the meter; likewise.

    Example:
        >>> from streamcontract import StockConsumer, StockProducer
        >>> from streamcontract.otel import Telemetry
        >>> telemetry = Telemetry()
        >>> with StockConsumer(group="double", telemetry=telemetry) as consumer:
        ...     with StockProducer(topic="doubled", telemetry=telemetry) as producer:
        ...         for message in consumer.until_end():
        ...             with telemetry.process(message, group="double"):
        ...                 producer.produce(message.value)
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        meter = metrics.get_meter(
            _SCOPE, __version__, meter_provider=meter_provider, schema_url=names.SCHEMA_URL
        )
        tracer = trace.get_tracer(
            _SCOPE, __version__, tracer_provider=tracer_provider, schema_url=names.SCHEMA_URL
        )
        guard = Guard()
        self._tools = Tools(tracer, Instruments(meter), guard, Counts(guard))
        self._lags = Lags(self._tools.guard)
        meter.create_observable_gauge(
            names.LAG,
            [self._observe],
            "{message}",
            "Messages between the consumer's position and the end of the partition.",
        )

    def _observe(self, options: CallbackOptions) -> Iterable[Observation]:
        """The callback of the SDK before it collects the counters."""
        flush_all()
        return self._lags.observe(options)

    def sending(
        self, produce: Callable[..., None], client_id: str | None, frames: wire.FrameReader
    ) -> Callable[..., None]:
        """The object that queues a producer's messages; producers call this themselves."""
        return Sending(self._tools, produce, client_id, frames).send

    def receiving(self, topic: str | None, group: str | None, client_id: str | None) -> Receiving:
        """The object that records one consumer's messages; consumers call this themselves."""
        return Receiving(self._tools, self._lags, topic, group, client_id)

    @contextlib.contextmanager
    def process(self, message: Message[Any], *, group: str | None = None) -> Iterator[Span]:
        """A ``with`` block in which the application processes a message.

        It is a span that continues the trace of the message's producer; calls in the block, such as
        to a producer or an instrumented database, belong to it. An exception that leaves the block
        marks it as failed.

        Args:
            message: The message.
            group: The consumer's group, for the span's attributes.

        Yields:
            The span, for attributes of the application's own.
        """
        watch = StopWatch()
        guard = self._tools.guard
        attributes = {
            **source_attributes(message.topic, group),
            names.OPERATION: names.PROCESS,
            names.PARTITION: str(message.partition),
        }
        span, inside = guard(self._begin, message, attributes, watch) or (
            INVALID_SPAN,
            context.get_current(),
        )
        token = context.attach(inside)
        try:
            yield span
        except Exception as error:
            attributes[names.ERROR_TYPE] = names.error_type(error)
            raise
        finally:
            context.detach(token)
            guard(self._end, span, attributes, watch)

    def _begin(
        self, message: Message[Any], attributes: dict[str, Any], watch: StopWatch
    ) -> tuple[Span, Context]:
        parent = extracted(message.headers, context.get_current())
        span = self._tools.tracer.start_span(
            f"{names.PROCESS} {message.topic}",
            parent,
            SpanKind.CONSUMER,
            {
                **attributes,
                names.OPERATION_TYPE: names.PROCESS,
                **message_attributes(message),
            },
            links_to(message.headers),
            watch.started,
        )
        return span, set_span_in_context(span, parent)

    def _end(self, span: Span, attributes: dict[str, Any], watch: StopWatch) -> None:
        elapsed = watch.elapsed()
        if names.ERROR_TYPE in attributes:
            span.set_attribute(names.ERROR_TYPE, attributes[names.ERROR_TYPE])
            span.set_status(StatusCode.ERROR)
        span.end(watch.started + elapsed)
        self._tools.instruments.process_duration.record(elapsed * 1e-9, attributes)
