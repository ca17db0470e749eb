"""Telemetry of producers: a span from ``produce()`` to the delivery report, with its outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
from opentelemetry.trace import SpanKind, StatusCode, set_span_in_context

from streamcontract.otel import names
from streamcontract.otel.instruments import TOGETHER, StopWatch
from streamcontract.otel.propagation import inject, links_to, pairs_of
from streamcontract.otel.receiving import schema_attribute

if TYPE_CHECKING:
    from collections.abc import Callable

    import confluent_kafka
    from opentelemetry.trace import Span

    from streamcontract.otel.counts import Count
    from streamcontract.otel.propagation import Header
    from streamcontract.otel.tools import Tools
    from streamcontract.wire import FrameReader

__all__ = ["Sending"]

_Attributes = dict[str, "str | int | bool"]


class Sending:
    """Queues the messages of one producer; threads may share it.

    Args:
        tools: The tracer and the instruments.
        produce: The method of ``confluent_kafka.Producer``, bound.
        client_id: The producer's ``client.id``, if it has one.
        frames: Finds the frame of a message's value.
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
        self._topics: dict[str, _Topic] = {}

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
        bound = self._topics.get(topic)
        if bound is None:
            bound = self._topics.setdefault(topic, _Topic(self._tools, topic, self._client))
        try:  # as Guard does, without its call for each message
            report, headers = self._begin(bound, value, partition, headers, report)
        except Exception:  # noqa: BLE001 - see Guard
            self._tools.guard.note(self._begin)
        # If the queue is full, or the message is refused, this raises and nothing was sent: the
        # caller retries or raises the error. A span that does not end is not exported.
        self._produce(topic, value, key, partition, report, None, timestamp, headers)
        bound.queued.one()

    def _begin(
        self,
        topic: _Topic,
        value: bytes | None,
        partition: int,
        headers: Any,
        report: Callable[..., None],
    ) -> tuple[Callable[..., None], list[Header] | None]:
        own = pairs_of(headers) if headers else []
        attributes = topic.attributes(self._frames, value, headers)
        if partition >= 0:
            attributes = {**attributes, names.PARTITION: str(partition)}
        watch = StopWatch()
        span = self._tools.tracer.start_span(
            topic.span_name,
            kind=SpanKind.PRODUCER,
            attributes=attributes,
            links=links_to(own),
            start_time=watch.started,
        )
        inject(own, set_span_in_context(span))
        return _OnItsWay(self._tools, span, watch, topic, report).report, own or None


class _Topic:
    """Attributes that are the same for all messages to one topic, and the outcomes of messages."""

    def __init__(self, tools: Tools, topic: str, client: dict[str, str]) -> None:
        self._tools = tools
        self._source = {names.SYSTEM: names.KAFKA, names.TOPIC: topic}
        self._outcomes: dict[tuple[int | None, str | None], _Outcome] = {}
        self.span_name = f"{names.SEND} {topic}"
        self._operation = {
            **self._source,
            names.OPERATION: names.SEND,
            names.OPERATION_TYPE: names.SEND,
            **client,
        }
        self._by_frame: dict[bytes, _Attributes] = {}
        self.queued = tools.counts.of(tools.instruments.queued, self._source)

    def attributes(self, frames: FrameReader, value: bytes | None, headers: Any) -> _Attributes:
        """The attributes of a span, but for the partition; made once for each frame."""
        if value is None:
            return {**self._operation, names.TOMBSTONE: True}
        # Headers may say the schema too, and a framing of one's own may look at all of a value.
        size = (
            0 if headers or frames.locate is not None else frames.sizes.get(next(iter(value), -1))
        )
        found = self._by_frame.get(value[:size]) if size else None
        if found is None:
            schema_id = schema_attribute(frames.frame(value, headers).schema_id)
            found = {**self._operation, names.SCHEMA_ID: schema_id}
            if size:
                self._by_frame[value[:size]] = found
        return found

    def outcome(self, partition: int | None, error: str | None) -> _Outcome:
        """The outcome of messages for a partition, if one was chosen, with or without an error."""
        found = self._outcomes.get((partition, error))
        if found is None:
            attributes = {**self._source, names.OPERATION: names.SEND}
            if partition is not None and partition >= 0:
                attributes[names.PARTITION] = str(partition)
            if error is not None:
                attributes[names.ERROR_TYPE] = error
            sent = self._tools.counts.of(self._tools.instruments.sent, attributes)
            operation = {**attributes, names.OPERATION_TYPE: names.SEND}
            found = self._outcomes.setdefault(
                (partition, error), _Outcome(attributes, operation, sent)
            )
        return found


@attrs.define(eq=False)
class _Outcome:
    """An outcome of messages: attributes of the span and of the duration, and their count.

    Attributes:
        measured_at: The time of the last measured duration, by ``time.perf_counter_ns``.
    """

    attributes: dict[str, str]
    operation: dict[str, str]
    sent: Count
    measured_at: int = 0

    def begins_batch(self, watch: StopWatch, elapsed: int) -> bool:
        """Whether a message is the first of a batch, sent and reported after the last measured one.

        The first of a batch took the longest.
        """
        now = watch.begun + elapsed
        if watch.begun <= self.measured_at and now - self.measured_at < TOGETHER:
            return False
        self.measured_at = now
        return True


class _OnItsWay:
    """A message that waits for its delivery report."""

    __slots__ = ("_inner", "_span", "_tools", "_topic", "_watch")

    def __init__(
        self,
        tools: Tools,
        span: Span,
        watch: StopWatch,
        topic: _Topic,
        inner: Callable[..., None],
    ) -> None:
        self._tools = tools
        self._span = span
        self._watch = watch
        self._topic = topic
        self._inner = inner

    def report(
        self, error: confluent_kafka.KafkaError | None, raw: confluent_kafka.Message
    ) -> None:
        """The delivery callback, which calls the one that the message has without telemetry."""
        try:
            self._end(error, raw)
        except Exception:  # noqa: BLE001 - see Guard
            self._tools.guard.note(self._end)
        self._inner(error, raw)

    def _end(self, error: confluent_kafka.KafkaError | None, raw: confluent_kafka.Message) -> None:
        elapsed = self._watch.elapsed()
        failure = None if error is None else error.name()
        outcome = self._topic.outcome(raw.partition(), failure)
        outcome.sent.one()
        span = self._span
        if span.is_recording():
            offset = raw.offset()
            if error is not None:
                span.set_status(StatusCode.ERROR, error.str())
            elif offset is not None:
                span.set_attribute(names.OFFSET, offset)
            span.set_attributes(outcome.attributes)
        span.end(self._watch.started + elapsed)
        if outcome.begins_batch(self._watch, elapsed):
            self._tools.instruments.operation_duration.record(elapsed * 1e-9, outcome.operation)
