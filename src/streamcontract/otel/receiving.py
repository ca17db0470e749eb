"""A consumer's messages: a span for each call that hands some out, linked to what sent them."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar, cast

from opentelemetry.trace import SpanKind, StatusCode

from streamcontract.kafka import Message, MessageDecodeError
from streamcontract.otel import names
from streamcontract.otel.instruments import StopWatch
from streamcontract.otel.propagation import links_to

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from opentelemetry.trace import Link
    from typing_extensions import Self

    from streamcontract.kafka.message import SchemaId
    from streamcontract.kafka.telemetry import Lag
    from streamcontract.otel.instruments import Guard
    from streamcontract.otel.lags import Lags
    from streamcontract.otel.tools import Tools

__all__ = ["Receiving"]

T = TypeVar("T")
R = TypeVar("R")

Attributes = dict[str, "str | int | bool"]


class Receiving:
    """Tells of one consumer; see :class:`streamcontract.kafka.telemetry.Receiving`.

    Args:
        tools: Where spans and measurements go.
        lags: Where to read how far consumers are behind.
        topic: The topic that it reads; None where there are several, or may be.
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

    def call(self) -> ObservedCall:
        """A ``with`` block around one call that hands out messages."""
        return ObservedCall(self, self._tools.guard)

    def of_topic(self, topic: str) -> TopicReceiving:
        """What is told of the messages of one topic."""
        return TopicReceiving(self._tools, source_attributes(topic, self._group))

    def watch(self, lag: Lag) -> None:
        """How far the consumer is behind can be read here, until it goes."""
        self._tools.guard(self._lags.add, lag, source_attributes(None, self._group))

    def handed_out(
        self, watch: StopWatch, messages: Sequence[Message[Any]], *, batch: bool
    ) -> None:
        """A call gave messages to the application."""
        topics = {message.topic for message in messages}
        topic = topics.pop() if len(topics) == 1 else None
        links: list[Link] = []
        for message in messages:
            place = _place(message.partition, message.offset)
            if topic is None:
                place[names.TOPIC] = message.topic
            links += links_to(message.headers, place)
        attributes: Attributes = {}
        if batch:
            attributes[names.BATCH_COUNT] = len(messages)
        else:
            (message,) = messages
            attributes |= message_attributes(message)
        self._end(watch, topic, attributes, links)
        counts = Counter((message.topic, message.partition) for message in messages)
        for (each, partition), count in counts.items():
            self._tools.instruments.consumed.add(
                count, {**self._operation(each), names.PARTITION: str(partition)}
            )

    def failed(self, watch: StopWatch, error: Exception) -> None:
        """A call ended by an error."""
        topic = self._topic
        attributes: Attributes = {}
        links: list[Link] = []
        if isinstance(error, MessageDecodeError):
            topic = error.topic
            attributes |= _place(error.partition, error.offset)
            links = links_to(cast("Any", error.raw.headers()) or ())
        self._end(watch, topic, attributes, links, error)

    def _end(
        self,
        watch: StopWatch,
        topic: str | None,
        attributes: Attributes,
        links: Sequence[Link],
        error: Exception | None = None,
    ) -> None:
        """Tell of a call that is over. An empty one leaves no span: most loops make many."""
        elapsed = watch.elapsed()
        operation: Attributes = {**self._operation(topic), names.OPERATION_TYPE: names.RECEIVE}
        if error is not None:
            operation[names.ERROR_TYPE] = names.error_type(error)
        span = self._tools.tracer.start_span(
            names.POLL if topic is None else f"{names.POLL} {topic}",
            kind=SpanKind.CLIENT,
            attributes={**operation, **self._client, **attributes},
            links=links,
            start_time=watch.started,
        )
        if error is not None:
            # Without a description: what an error says may quote the data it is about.
            span.set_status(StatusCode.ERROR)
        span.end(watch.started + elapsed)
        self._tools.instruments.operation_duration.record(elapsed * 1e-9, operation)

    def _operation(self, topic: str | None) -> Attributes:
        return {**source_attributes(topic, self._group), names.OPERATION: names.POLL}


class TopicReceiving:
    """Counts for one topic; see :class:`streamcontract.kafka.telemetry.TopicReceiving`.

    Args:
        tools: Where measurements go.
        source: Where the messages come from.
    """

    def __init__(self, tools: Tools, source: Attributes) -> None:
        self._tools = tools
        self._source = source

    def decoding(self, schema_id: SchemaId, decode: Callable[[bytes], T]) -> Callable[[bytes], T]:
        """A schema is met for the first time; what is to decode values written with it."""
        guard, record = self._tools.guard, self._tools.instruments.decode_duration.record
        attributes = {**self._source, names.SCHEMA_ID: schema_attribute(schema_id)}
        guard(self._tools.instruments.schema_versions.add, 1, attributes)
        clock = time.perf_counter_ns

        def measured(data: bytes) -> T:
            begun = clock()
            value = decode(data)
            guard(record, (clock() - begun) * 1e-9, attributes)
            return value

        return measured

    def dead_lettered(self, reason: Exception) -> None:
        """A dead letter was delivered."""
        attributes = {**self._source, names.ERROR_TYPE: names.error_type(reason)}
        self._tools.guard(self._tools.instruments.dead_lettered.add, 1, attributes)


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
        """What the application gets; given back as it is."""
        if isinstance(result, list):
            self._messages, self._is_batch = result, True
        elif isinstance(result, Message):
            self._messages = (result,)
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
        # Ctrl-C, a cancelled task and the end of an iterator are no failures.
        elif isinstance(error, Exception) and not isinstance(error, StopIteration):
            self._guard(self._receiving.failed, self._watch, error)


def source_attributes(topic: str | None, group: str | None) -> Attributes:
    """Where messages come from; without the topic where they come from several."""
    source: Attributes = {names.SYSTEM: names.KAFKA}
    if topic is not None:
        source[names.TOPIC] = topic
    return source if group is None else {**source, names.GROUP: group}


def message_attributes(message: Message[Any]) -> Attributes:
    """What a span of one message says of it.

    Not its key, which the conventions recommend: a key may name a person.
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
