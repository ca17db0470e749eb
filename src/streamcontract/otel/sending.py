"""A producer's messages: a span from ``produce()`` to the delivery report, and its outcome."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import attrs
from opentelemetry.trace import SpanKind, StatusCode, set_span_in_context

from streamcontract.otel import names
from streamcontract.otel.instruments import StopWatch
from streamcontract.otel.propagation import inject, links_to, pairs_of
from streamcontract.otel.receiving import schema_attribute

if TYPE_CHECKING:
    from collections.abc import Callable

    import confluent_kafka
    from opentelemetry.trace import Span

    from streamcontract.otel.propagation import Header
    from streamcontract.otel.tools import Tools
    from streamcontract.wire import FrameReader

__all__ = ["Sending"]


class Sending:
    """Queues the messages of one producer; threads may share it.

    Args:
        tools: Where spans and measurements go.
        produce: The method of ``confluent_kafka.Producer``, bound.
        client_id: The producer's ``client.id``, if it has one.
        frames: Finds what says the schema of a message's value.
    """

    def __init__(
        self,
        tools: Tools,
        produce: Callable[..., None],
        client_id: str | None,
        frames: FrameReader,
    ) -> None:
        self._tools = tools
        self._frames = frames
        self._produce = produce
        self._client = {} if client_id is None else {names.CLIENT_ID: client_id}

    def send(
        self,
        topic: str,
        value: bytes | None,
        key: Any,
        partition: int,
        report: Callable[..., None],
        _: None = None,
        timestamp: int = 0,
        headers: Any = None,
    ) -> None:
        """Queue a message; see :class:`streamcontract.kafka.telemetry.Telemetry`."""
        guard = self._tools.guard
        begun = guard(self._begin, topic, value, partition, headers)
        if begun is not None:
            on_its_way, headers = begun
            report = functools.partial(on_its_way.report, report)
        # If the queue is full, or the message refused, this raises and nothing was sent: whoever
        # called tries again or tells the application. A span that does not end is not exported.
        self._produce(topic, value, key, partition, report, None, timestamp, headers)
        guard(
            self._tools.instruments.queued.add, 1, {names.SYSTEM: names.KAFKA, names.TOPIC: topic}
        )

    def _begin(
        self, topic: str, value: bytes | None, partition: int, headers: Any
    ) -> tuple[_OnItsWay, list[Header] | None]:
        own = pairs_of(headers)
        attributes: dict[str, str | int | bool] = {
            names.SYSTEM: names.KAFKA,
            names.OPERATION: names.SEND,
            names.OPERATION_TYPE: names.SEND,
            names.TOPIC: topic,
            **self._client,
        }
        if partition >= 0:
            attributes[names.PARTITION] = str(partition)
        if value is None:
            attributes[names.TOMBSTONE] = True
        else:
            attributes[names.SCHEMA_ID] = schema_attribute(
                self._frames.frame(value, headers).schema_id
            )
        watch = StopWatch()
        span = self._tools.tracer.start_span(
            f"{names.SEND} {topic}",
            kind=SpanKind.PRODUCER,
            attributes=attributes,
            links=links_to(own),
            start_time=watch.started,
        )
        inject(own, set_span_in_context(span))
        return _OnItsWay(self._tools, span, watch, topic), own or None


@attrs.frozen
class _OnItsWay:
    """A message that waits for its delivery report."""

    tools: Tools
    span: Span
    watch: StopWatch
    topic: str

    def report(
        self,
        report: Callable[..., None],
        error: confluent_kafka.KafkaError | None,
        raw: confluent_kafka.Message,
    ) -> None:
        """The delivery callback, in front of the one that the message has without telemetry."""
        self.tools.guard(self._end, error, raw)
        report(error, raw)

    def _end(self, error: confluent_kafka.KafkaError | None, raw: confluent_kafka.Message) -> None:
        elapsed = self.watch.elapsed()
        attributes = {
            names.SYSTEM: names.KAFKA,
            names.OPERATION: names.SEND,
            names.TOPIC: self.topic,
        }
        partition, offset = raw.partition(), raw.offset()
        if partition is not None and partition >= 0:
            attributes[names.PARTITION] = str(partition)
        if error is not None:
            attributes[names.ERROR_TYPE] = error.name()
            self.span.set_status(StatusCode.ERROR, error.str())
        elif offset is not None:
            self.span.set_attribute(names.OFFSET, offset)
        self.span.set_attributes(attributes)
        self.span.end(self.watch.started + elapsed)
        self.tools.instruments.sent.add(1, attributes)
        self.tools.instruments.operation_duration.record(
            elapsed * 1e-9, {**attributes, names.OPERATION_TYPE: names.SEND}
        )
