"""Telemetry of consumers: a span for each call that returns messages, linked to their senders."""

from __future__ import annotations

import functools
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import attrs
from opentelemetry.trace import SpanKind, StatusCode

from streamcontract.kafka import ConsumedBatch, Message, MessageDecodeError
from streamcontract.otel import names
from streamcontract.otel.instruments import TOGETHER, StopWatch
from streamcontract.otel.propagation import links_to

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from opentelemetry.trace import Link
    from typing_extensions import Self

    from streamcontract.kafka.message import SchemaId
    from streamcontract.kafka.telemetry import Lag
    from streamcontract.otel.counts import Count
    from streamcontract.otel.instruments import Guard
    from streamcontract.otel.lags import Lags
    from streamcontract.otel.tools import Tools

__all__ = ["Receiving"]

T = TypeVar("T")
R = TypeVar("R")

Attributes = dict[str, "str | int | bool"]

_WAITED: Final = 1_000_000
"""Nanoseconds of a call from which on it counts as the start of a new batch."""


class Receiving:
    """Telemetry of one consumer; see :class:`streamcontract.kafka.telemetry.Receiving`.

    Args:
        tools: The tracer and the instruments.
        lags: The lags of consumers.
        topic: The topic that it reads; None if there are several, or may be.
        group: Its group, if it has one.
        client_id: Its ``client.id``, if it has one.
    """

    def __init__(
        self,
        tools: Tools,
        lags: Lags,
        topic: str | None,
        group: str | None,
        client_id: str | None,
    ) -> None:
        self._tools = tools
        self._lags = lags
        self._topic = topic
        self._group = group
        self._client = {} if client_id is None else {names.CLIENT_ID: client_id}
        self._partitions: dict[tuple[str, int], _Partition] = {}
        self._operations: dict[str | None, Attributes] = {}
        self._measured_at = 0

    def call(self) -> ObservedCall:
        """A ``with`` block around one call that returns messages."""
        return ObservedCall(self, self._tools.guard)

    def of_topic(self, topic: str) -> TopicReceiving:
        """The telemetry of the messages of one topic."""
        return TopicReceiving(self._tools, source_attributes(topic, self._group))

    def watch(self, lag: Lag) -> None:
        """Report the lag of a consumer, until it is garbage-collected."""
        self._tools.guard(self._lags.add, lag, source_attributes(None, self._group))

    def handed_out(
        self, watch: StopWatch, messages: Sequence[Message[Any]], *, batch: bool
    ) -> None:
        """Record a call that returned messages to the application."""
        if not batch:
            self._handed_one(watch, messages[0])
            return
        counts = Counter([(message.topic, message.partition) for message in messages])
        topics = {topic for topic, _ in counts}
        topic = topics.pop() if len(topics) == 1 else None
        for key, count in counts.items():
            self._of_partition(*key).consumed.add(count)
        links = functools.partial(_links, messages, topic)
        self._end(watch, topic, {names.BATCH_COUNT: len(messages)}, links)

    def _handed_one(self, watch: StopWatch, message: Message[Any]) -> None:
        """Record a call that returned one message: the common case, with everything prepared."""
        elapsed = watch.elapsed()
        partition = self._of_partition(message.topic, message.partition)
        partition.consumed.one()
        attributes = {**partition.attributes, **message_attributes(message)}
        links = functools.partial(_links, (message,), message.topic)
        self._span(partition.span_name, attributes, links, watch.started, elapsed)
        # Single messages that were fetched together are one batch, and the first is measured.
        now = watch.begun + elapsed
        if elapsed >= _WAITED or now - self._measured_at >= TOGETHER:
            self._measured_at = now
            self._tools.instruments.operation_duration.record(
                elapsed * 1e-9, self._received(message.topic)
            )

    def _of_partition(self, topic: str, number: int) -> _Partition:
        found = self._partitions.get((topic, number))
        if found is None:
            attributes = {**self._operation(topic), names.PARTITION: str(number)}
            found = self._partitions[topic, number] = _Partition(
                f"{names.POLL} {topic}",
                {**self._received(topic), **self._client},
                self._tools.counts.of(self._tools.instruments.consumed, attributes),
            )
        return found

    def failed(self, watch: StopWatch, error: Exception) -> None:
        """Record a call that raised an error."""
        topic = self._topic
        attributes: Attributes = {}
        links: Callable[[], list[Link]] = list
        if isinstance(error, MessageDecodeError):
            topic = error.topic
            attributes |= _place(error.partition, error.offset)
            headers = cast("Any", error.raw.headers()) or ()
            links = functools.partial(links_to, headers)
        self._end(watch, topic, attributes, links, error)

    def _end(
        self,
        watch: StopWatch,
        topic: str | None,
        attributes: Attributes,
        links: Callable[[], list[Link]],
        error: Exception | None = None,
    ) -> None:
        """Record a call that has ended. An empty one has no span, because most loops make many."""
        elapsed = watch.elapsed()
        operation = self._received(topic)
        if error is not None:
            operation = {**operation, names.ERROR_TYPE: names.error_type(error)}
        self._span(
            names.POLL if topic is None else f"{names.POLL} {topic}",
            {**operation, **self._client, **attributes},
            links,
            watch.started,
            elapsed,
            failed=error is not None,
        )
        self._tools.instruments.operation_duration.record(elapsed * 1e-9, operation)

    def _span(
        self,
        name: str,
        attributes: Attributes,
        links: Callable[[], list[Link]],
        started: int,
        elapsed: int,
        *,
        failed: bool = False,
    ) -> None:
        """The span of a call that has ended."""
        span = self._tools.tracer.start_span(
            name, kind=SpanKind.CLIENT, attributes=attributes, start_time=started
        )
        if span.is_recording():
            # Only now, because reading the headers of a list is the slowest part.
            for link in links():
                span.add_link(link.context, link.attributes)
            if failed:
                # Without a description, because the error's message may contain data.
                span.set_status(StatusCode.ERROR)
        span.end(started + elapsed)

    def _received(self, topic: str | None) -> Attributes:
        """The attributes of calls that returned messages of a topic."""
        found = self._operations.get(topic)
        if found is None:
            found = {**self._operation(topic), names.OPERATION_TYPE: names.RECEIVE}
            self._operations[topic] = found
        return found

    def _operation(self, topic: str | None) -> Attributes:
        return {**source_attributes(topic, self._group), names.OPERATION: names.POLL}


@attrs.frozen
class _Partition:
    """Attributes that are the same for all messages of a partition.

    Attributes:
        span_name: The name of spans of calls that return one of them.
        attributes: The attributes of these spans.
        consumed: Counts the messages.
    """

    span_name: str
    attributes: Attributes
    consumed: Count


class TopicReceiving:
    """Counts for one topic; see :class:`streamcontract.kafka.telemetry.TopicReceiving`.

    Args:
        tools: Where measurements go.
        source: The attributes of the messages' source.
    """

    def __init__(self, tools: Tools, source: Attributes) -> None:
        self._tools = tools
        self._source = source
        self._met: set[SchemaId] = set()

    def decoding(self, schema_id: SchemaId, decode: Callable[[bytes], T]) -> Callable[[bytes], T]:
        """Record the first use of a schema; return the function that decodes its values."""
        instruments, of = self._tools.instruments, self._tools.counts.of
        attributes = {**self._source, names.SCHEMA_ID: schema_attribute(schema_id)}
        self._met.add(schema_id)
        of(instruments.schema_versions, attributes).one()
        decoded, spent = (
            of(instruments.decoded, attributes),
            of(instruments.decode_time, attributes),
        )
        clock = time.perf_counter_ns

        def measured(data: bytes) -> T:
            begun = clock()
            value = decode(data)
            spent.add((clock() - begun) * 1e-9)
            decoded.one()
            return value

        return measured

    def decoded(self, schema_id: SchemaId, count: int, seconds: float) -> None:
        """Record values of a schema that were decoded together."""
        instruments, of = self._tools.instruments, self._tools.counts.of
        attributes = {**self._source, names.SCHEMA_ID: schema_attribute(schema_id)}
        if schema_id not in self._met:
            self._met.add(schema_id)
            of(instruments.schema_versions, attributes).one()
        of(instruments.decoded, attributes).add(count)
        of(instruments.decode_time, attributes).add(seconds)

    def dead_lettered(self, reason: Exception) -> None:
        """Record a delivered dead letter."""
        attributes = {**self._source, names.ERROR_TYPE: names.error_type(reason)}
        self._tools.counts.of(self._tools.instruments.dead_lettered, attributes).one()


class ObservedCall:
    """One call of the application; see :class:`streamcontract.kafka.telemetry.Call`."""

    __slots__ = ("_guard", "_is_batch", "_messages", "_receiving", "_watch")

    def __init__(self, receiving: Receiving, guard: Guard) -> None:
        self._receiving = receiving
        self._guard = guard
        self._messages: Sequence[Message[Any]] = ()
        self._is_batch = False
        self._watch = StopWatch()

    def __enter__(self) -> Self:
        return self

    def gives(self, result: R) -> R:
        """Record the result of the call, and return it unchanged."""
        if isinstance(result, list):
            self._messages, self._is_batch = result, True
        elif isinstance(result, Message):
            self._messages = (result,)
        elif isinstance(result, ConsumedBatch):
            self._messages, self._is_batch = result.observed, True
        return result

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._messages:
            self._guard(
                self._receiving.handed_out, self._watch, self._messages, batch=self._is_batch
            )
        # Ctrl-C, a cancelled task and the end of an iterator are not failures.
        elif isinstance(error, Exception) and not isinstance(error, StopIteration):
            self._guard(self._receiving.failed, self._watch, error)


def _links(messages: Sequence[Message[Any]], topic: str | None) -> list[Link]:
    """Links to the senders of the messages; with the topic if it differs."""
    links: list[Link] = []
    for message in messages:
        place = _place(message.partition, message.offset)
        if topic is None:
            place[names.TOPIC] = message.topic
        links += links_to(message.headers, place)
    return links


def source_attributes(topic: str | None, group: str | None) -> Attributes:
    """The attributes of a source of messages; without the topic if there are several."""
    source: Attributes = {names.SYSTEM: names.KAFKA}
    if topic is not None:
        source[names.TOPIC] = topic
    return source if group is None else {**source, names.GROUP: group}


def message_attributes(message: Message[Any]) -> Attributes:
    """The attributes of a span of one message.

    The key, which the conventions recommend, is left out because it may be personal data.
    """
    attributes = _place(message.partition, message.offset)
    if message.schema_id is not None:
        attributes[names.SCHEMA_ID] = schema_attribute(message.schema_id)
    if message.is_tombstone:
        attributes[names.TOMBSTONE] = True
    return attributes


def schema_attribute(schema_id: SchemaId) -> int | str:
    """A schema id as an attribute: a number, or the text of a GUID."""
    return schema_id if isinstance(schema_id, int) else str(schema_id)


def _place(partition: int, offset: int) -> Attributes:
    return {names.PARTITION: str(partition), names.OFFSET: offset}
