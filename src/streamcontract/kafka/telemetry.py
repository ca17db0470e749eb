"""What clients tell of their messages to whoever counts and traces them.

These are the places where a client asks; ``streamcontract.otel`` answers them with OpenTelemetry.
A client without telemetry asks nothing, and nothing of that is imported.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar, runtime_checkable

import confluent_kafka

from streamcontract.errors import ConfigurationError
from streamcontract.wire import HEADER_SIZE

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from streamcontract.kafka.assembly import MessageReader
    from streamcontract.kafka.fetcher import Fetcher
    from streamcontract.kafka.message import Message
    from streamcontract.kafka.reading import ValueDeserializer

__all__ = [
    "Call",
    "Lag",
    "ObservedDeserializer",
    "ObservedReader",
    "Receiving",
    "Telemetry",
    "check_telemetry",
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

    def sending(self, produce: Callable[..., None], client_id: str | None) -> Callable[..., None]:
        """What a producer queues its messages with.

        Args:
            produce: The method of ``confluent_kafka.Producer``, bound.
            client_id: The producer's ``client.id``, if it has one.

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
        """A ``with`` block around one call that hands out messages."""

    def decoding(self, schema_id: int, decode: Callable[[bytes], T]) -> Callable[[bytes], T]:
        """A schema is met for the first time; what is to decode values written with it."""

    def dead_lettered(self, reason: Exception) -> None:
        """A dead letter was delivered."""

    def watch(self, lag: Lag) -> None:
        """How far the consumer is behind can be read here, until it goes."""


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
            f"telemetry= is a streamcontract.otel.Telemetry, or None, not {telemetry!r}"
        )


class ObservedDeserializer(Generic[T]):
    """A consumer's deserializer, whose decoding functions telemetry has had in its hands.

    Args:
        inner: What finds them.
        receiving: What is told of each schema.
    """

    def __init__(self, inner: ValueDeserializer[T], receiving: Receiving) -> None:
        self._inner = inner
        self._receiving = receiving
        self._decoders: dict[bytes, tuple[int, Callable[[bytes], T]]] = {}

    @property
    def decoders(self) -> Mapping[bytes, tuple[int, Callable[[bytes], T]]]:
        """Schema id and decoding function by frame, for those met so far."""
        return self._decoders

    def decoder(self, data: bytes) -> tuple[int, Callable[[bytes], T]]:
        """Schema id and decoding function for a message's bytes, which are met from now on."""
        known = self._decoders.get(data[:HEADER_SIZE])
        if known is None:
            schema_id, decode = self._inner.decoder(data)
            known = schema_id, self._receiving.decoding(schema_id, decode)
            self._decoders[data[:HEADER_SIZE]] = known
        return known

    def __call__(self, value: bytes | None, ctx: Any = None) -> T | None:
        """The value in framed bytes; None, a tombstone, stays None."""
        del ctx
        return None if value is None else self.decoder(value)[1](value)


class Lag:
    """How far one consumer is behind the ends of its partitions, as far as it knows by itself.

    No broker is asked: librdkafka keeps, for each partition it fetches from, the end that came
    with the last answer. The consumer's thread looks there, now and then while it reads messages.
    Any thread may read what it saw; but not look, which would wait for a ``poll`` of the
    consumer's, and the next, and the next (confluent-kafka 2.16).

    Args:
        topic: The topic.
        client: The consumer.
        fetcher: Knows what was handed out.
    """

    def __init__(self, topic: str, client: confluent_kafka.Consumer, fetcher: Fetcher) -> None:
        self._topic = topic
        self._client = client
        self._fetcher = fetcher
        self._ends: dict[int, int] = {}
        self._due_at = 0.0
        self._is_closed = False

    def look(self) -> None:
        """Look where the partitions end, unless that was done just now."""
        now = time.monotonic()
        if now < self._due_at and self._fetcher.assigned <= self._ends.keys():
            return
        self._due_at = now + _LOOK_INTERVAL
        for partition in self._fetcher.assigned:
            place = confluent_kafka.TopicPartition(self._topic, partition)
            # librdkafka does not know a partition (yet), or its end: then it is looked for again.
            with contextlib.suppress(confluent_kafka.KafkaException):
                _, end = self._client.get_watermark_offsets(place, cached=True)
                if end >= 0:
                    self._ends[partition] = end

    def read(self) -> dict[int, int]:
        """Messages between what was handed out last and the end, by partition.

        A partition from which nothing was handed out is missing, unless its end was met: where
        its reading began is not known here.
        """
        if self._is_closed:
            return {}
        found: dict[int, int] = {}
        for partition in tuple(self._fetcher.assigned):
            at, end = self._position(partition), self._ends.get(partition)
            if at is not None and end is not None:
                found[partition] = max(0, end - at)
        return found

    def close(self) -> None:
        """From here on nothing is known."""
        self._is_closed = True

    def _position(self, partition: int) -> int | None:
        at = self._fetcher.handed_out.get(partition)
        if not self._fetcher.buffer:
            # Behind the last message there may be control records, which nobody is handed.
            met = self._fetcher.ends.get(partition)
            if met is not None:
                return max(met, at or 0)
        return at


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
        """See :class:`~streamcontract.kafka.assembly.MessageReader`."""
        self._lag.look()
        return self._inner.read(raw)

    def read_many(
        self,
        buffer: deque[confluent_kafka.Message],
        limit: int,
        messages: list[Message[Any]],
        raws: list[confluent_kafka.Message],
        first: dict[int, int],
        last: dict[int, int],
    ) -> None:
        """See :class:`~streamcontract.kafka.assembly.MessageReader`."""
        self._lag.look()
        self._inner.read_many(buffer, limit, messages, raws, first, last)
