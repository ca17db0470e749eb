"""What clients tell of their messages to whoever counts and traces them.

These are the places where a client asks; ``streamcontract.otel`` answers them with OpenTelemetry.
A client without telemetry asks nothing, and nothing of that is imported.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar, runtime_checkable

import confluent_kafka

from streamcontract.errors import ConfigurationError, shown
from streamcontract.kafka.consumer.partition import UNKNOWN
from streamcontract.kafka.contract.framed import Decoders

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from types import TracebackType

    from typing_extensions import ParamSpec

    from streamcontract.kafka.consumer.contact import Contact
    from streamcontract.kafka.consumer.delivery import Found
    from streamcontract.kafka.consumer.partition import Partition
    from streamcontract.kafka.contract.framed import SchemaId
    from streamcontract.kafka.contract.message_deserializer import MessageReader
    from streamcontract.kafka.contract.topic_deserializer import ValueDeserializer
    from streamcontract.kafka.message import Message
    from streamcontract.wire import FrameReader, RawHeaders

    P = ParamSpec("P")

__all__ = [
    "Call",
    "Lag",
    "ObservedDeserializer",
    "ObservedReader",
    "Receiving",
    "Telemetry",
    "check_telemetry",
    "observed",
]

T = TypeVar("T")
R = TypeVar("R")

# Seconds between two looks at the ends of partitions: each takes microseconds.
_LOOK_INTERVAL: Final = 1.0


@runtime_checkable
class Telemetry(Protocol):
    """Counts and traces what clients do; several clients may share one.

    Nothing here raises for a reason of its own: it logs what goes wrong with it, and the message
    goes its way.
    """

    def sending(
        self, produce: Callable[..., None], client_id: str | None, frames: FrameReader
    ) -> Callable[..., None]:
        """What a producer queues its messages with.

        Args:
            produce: The method of ``confluent_kafka.Producer``, bound.
            client_id: The producer's ``client.id``, if it has one.
            frames: Finds what says the schema of a message's value.

        Returns:
            A function that takes and raises what ``produce`` does. Called with positional
            arguments only: topic, value, key, partition, delivery callback and, if there are
            more, None, timestamp and headers.
        """

    def receiving(self, topic: str, group: str | None, client_id: str | None) -> Receiving:
        """What one consumer tells of its messages to."""


class Receiving(Protocol):
    """Counts and traces what one consumer does; one thread at a time uses it."""

    def call(self) -> Call:
        """A ``with`` block around one call that returns messages."""

    def decoding(self, schema_id: SchemaId, decode: Callable[[bytes], T]) -> Callable[[bytes], T]:
        """A schema is met for the first time; what is to decode values written with it."""

    def dead_lettered(self, reason: Exception) -> None:
        """A dead letter was delivered."""

    def watch(self, lag: Lag) -> None:
        """The consumer's lag can be read here, until it goes."""


class Call(Protocol):
    """One call of the application for messages, begun with ``with``; what leaves it is told of."""

    def __enter__(self) -> Call:
        """The call begins."""

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """The call ends, by an error maybe."""

    def gives(self, result: R) -> R:
        """What the application gets: a message, a list of them, or None; given back as it is."""


def check_telemetry(telemetry: object) -> None:
    """Raise a ConfigurationError for what is neither None nor telemetry."""
    if not (telemetry is None or isinstance(telemetry, Telemetry)):
        raise ConfigurationError(
            f"telemetry= is a streamcontract.otel.Telemetry, or None, not {shown(telemetry)}"
        )


class ObservedDeserializer(Generic[T]):
    """A consumer's deserializer, whose decoding functions telemetry has had in its hands.

    Args:
        inner: What finds them.
        receiving: What is told of each schema.
        frames: Finds the frames of values.
        capacity: How many decoding functions are kept.
    """

    def __init__(
        self,
        inner: ValueDeserializer[T],
        receiving: Receiving,
        frames: FrameReader,
        capacity: int,
    ) -> None:
        self._inner = inner
        self._receiving = receiving
        self._frames = frames
        self._decoders: Decoders[T] = Decoders(capacity)

    @property
    def decoders(self) -> Mapping[Hashable, tuple[SchemaId, Callable[[bytes], T]]]:
        """Schema id and decoding function by frame, for those met so far."""
        return self._decoders.known

    def decoder(
        self, data: bytes, headers: RawHeaders = None
    ) -> tuple[SchemaId, Callable[[bytes], T]]:
        """Schema id and decoding function for a message's bytes, which are met from now on."""
        key = self._frames.key(data, headers)
        known = self._decoders.known.get(key)
        if known is None:
            schema_id, decode = self._inner.decoder(data, headers)
            known = schema_id, self._receiving.decoding(schema_id, decode)
            self._decoders.keep(key, known)
        return known

    def __call__(self, value: bytes | None, ctx: Any = None) -> T | None:
        """The value in framed bytes; None, a tombstone, stays None."""
        headers = None if ctx is None else ctx.headers
        return None if value is None else self.decoder(value, headers)[1](value)


class Lag:
    """The lag of one consumer in its partitions, as far as it knows by itself.

    No broker is asked: librdkafka keeps, for each partition it fetches from, the end that came
    with the last answer. The consumer's thread looks there, now and then while it reads messages.
    Any thread may read what it saw; but not look, which would wait for a ``poll`` of the
    consumer's, and the next, and the next (confluent-kafka 2.16).

    Args:
        topic: The topic.
        client: The consumer.
        contact: Knows the partitions.
        positions: Gives where the application is in them.
    """

    def __init__(
        self,
        topic: str,
        client: confluent_kafka.Consumer,
        contact: Contact,
        positions: Callable[[], dict[Partition, int]],
    ) -> None:
        self._topic = topic
        self._client = client
        self._contact = contact
        self._positions = positions
        self._ends: dict[int, int] = {}
        self._due_at = 0.0
        self._is_closed = False

    def look(self) -> None:
        """Look where the partitions end, unless that was done just now."""
        now = time.monotonic()
        if now < self._due_at and all(
            each.number in self._ends for each in self._contact.assignment.table.values()
        ):
            return
        self._due_at = now + _LOOK_INTERVAL
        for partition in self._contact.assignment.table.values():
            # librdkafka does not know a partition (yet), or its end: then it is looked for again.
            with contextlib.suppress(confluent_kafka.KafkaException):
                place = partition.place(confluent_kafka.OFFSET_INVALID)
                _, end = self._client.get_watermark_offsets(place, cached=True)
                if end >= 0:
                    self._ends[partition.number] = end

    def read(self) -> dict[int, int]:
        """Messages between what was delivered last and the end, by partition.

        A partition of which nothing was delivered is missing, unless its end was met: where its
        reading began is not known here.
        """
        if self._is_closed:
            return {}
        positions = self._positions()
        waiting = self._contact.queue.waiting()
        found: dict[int, int] = {}
        for partition in tuple(self._contact.assignment.table.values()):
            at, end = positions.get(partition, UNKNOWN), self._ends.get(partition.number)
            if at >= partition.fetched or (at < 0 and partition not in waiting):
                # After the last message there may be control records, which are no messages.
                at = max(at, partition.end)
            if at >= 0 and end is not None:
                found[partition.number] = max(0, end - at)
        return found

    def close(self) -> None:
        """From here on nothing is known."""
        self._is_closed = True


class ObservedReader:
    """A consumer's reader, which looks for the ends of partitions on its way.

    Args:
        inner: What reads.
        lag: What is to look.
    """

    def __init__(self, inner: MessageReader, lag: Lag) -> None:
        self._inner = inner
        self._lag = lag

    def read(self, raw: confluent_kafka.Message) -> Message[Any] | None:
        """See :class:`~streamcontract.kafka.contract.message_deserializer.MessageReader`."""
        self._lag.look()
        return self._inner.read(raw)

    def read_many(
        self,
        raws: list[confluent_kafka.Message],
        start: int,
        stop: int,
        messages: list[Message[Any]],
    ) -> int:
        """See :class:`~streamcontract.kafka.contract.message_deserializer.MessageReader`."""
        self._lag.look()
        return self._inner.read_many(raws, start, stop, messages)


def observed(receiving: Receiving, take: Callable[P, Found[R]]) -> Callable[P, Found[R]]:
    """A call for messages that telemetry is told of.

    Args:
        receiving: What is told.
        take: The call.
    """

    def taken(*args: P.args, **kwargs: P.kwargs) -> Found[R]:
        found: Found[R] | None = None
        try:
            with receiving.call() as call:
                found = take(*args, **kwargs)
                given, _, error = found
                if error is not None:
                    raise error  # noqa: TRY301 - for what telemetry sees of it
                call.gives(given)
        except Exception as error:
            if found is None or error is not found[2]:
                raise
        return found

    return taken
