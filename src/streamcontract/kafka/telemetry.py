"""Telemetry of clients: protocols for metrics and traces of their messages.

``streamcontract.otel`` implements them with OpenTelemetry. A client without telemetry has an
implementation that does nothing and imports nothing of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, TypeVar, runtime_checkable

from streamcontract.errors import ConfigurationError, shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from streamcontract.kafka.message import SchemaId
    from streamcontract.wire import FrameReader

__all__ = [
    "NO_TELEMETRY",
    "Call",
    "Lag",
    "Receiving",
    "Telemetry",
    "TopicReceiving",
    "telemetry_of",
]

T = TypeVar("T")
R = TypeVar("R")


@runtime_checkable
class Telemetry(Protocol):
    """Counts and traces the messages of clients; several clients may share one.

    Its methods do not raise errors of their own, but log them, without an effect on messages.
    """

    def sending(
        self, produce: Callable[..., None], client_id: str | None, frames: FrameReader
    ) -> Callable[..., None]:
        """The function that queues a producer's messages.

        Args:
            produce: The method of ``confluent_kafka.Producer``, bound.
            client_id: The producer's ``client.id``, if it has one.
            frames: Finds the frame of a message's value.

        Returns:
            A function with the arguments and errors of ``produce``. It is called with positional
            arguments only: topic, value, key, partition, delivery callback and, if there are
            more, None, timestamp and headers.
        """

    def receiving(self, topic: str | None, group: str | None, client_id: str | None) -> Receiving:
        """The telemetry of one consumer.

        Args:
            topic: The topic that it reads; None if there are several, or may be.
            group: Its group, if it has one.
            client_id: Its ``client.id``, if it has one.
        """


class Receiving(Protocol):
    """Counts and traces the messages of one consumer; one thread at a time uses it."""

    def call(self) -> Call:
        """A ``with`` block around one call that returns messages."""

    def of_topic(self, topic: str) -> TopicReceiving:
        """The telemetry of the messages of one topic."""

    def watch(self, lag: Lag) -> None:
        """Report the lag of a consumer, until it is garbage-collected."""


class TopicReceiving(Protocol):
    """Counts the messages of one topic of a consumer."""

    def decoding(self, schema_id: SchemaId, decode: Callable[[bytes], T]) -> Callable[[bytes], T]:
        """Record the first use of a schema; return the function that decodes its values."""

    def decoded(self, schema_id: SchemaId, count: int, seconds: float) -> None:
        """Record values of a schema that were decoded together, and the time of it."""

    def dead_lettered(self, reason: Exception) -> None:
        """Record a delivered dead letter."""


class Lag(Protocol):
    """The lag of one consumer in its partitions, without requests to the brokers."""

    def read(self) -> dict[tuple[str, int], int]:
        """Messages between the position and the end, by topic and partition.

        Any thread may call it.

        A partition without a delivered message is missing, unless its end was reached, because its
        start offset is not known here.
        """


class Call(Protocol):
    """One call of the application for messages, as a ``with`` block that records its result."""

    def __enter__(self) -> Call:
        """The call begins."""

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """The call ends, possibly with an error."""

    def gives(self, result: R) -> R:
        """Record the result: a message, a list or batch of them, or None; return it unchanged."""


class _NoTelemetry:
    """All four without an effect, for a client without telemetry."""

    def sending(
        self, produce: Callable[..., None], client_id: str | None, frames: FrameReader
    ) -> Callable[..., None]:
        del client_id, frames
        return produce

    def receiving(
        self, topic: str | None, group: str | None, client_id: str | None
    ) -> _NoTelemetry:
        del topic, group, client_id
        return self

    def of_topic(self, topic: str) -> _NoTelemetry:
        del topic
        return self

    def call(self) -> _NoTelemetry:
        return self

    def decoding(self, schema_id: SchemaId, decode: Callable[[bytes], T]) -> Callable[[bytes], T]:
        del schema_id
        return decode

    def decoded(self, schema_id: SchemaId, count: int, seconds: float) -> None: ...

    def dead_lettered(self, reason: Exception) -> None: ...

    def watch(self, lag: Lag) -> None: ...

    def __enter__(self) -> _NoTelemetry:
        return self

    def __exit__(self, *error: object) -> None: ...

    def gives(self, result: R) -> R:
        return result


NO_TELEMETRY: Final = _NoTelemetry()


def telemetry_of(given: object) -> Telemetry:
    """The telemetry of a client, or one without an effect for None.

    Raises:
        ConfigurationError: It is not a telemetry.
    """
    if given is None:
        return NO_TELEMETRY
    if isinstance(given, Telemetry):
        return given
    raise ConfigurationError(
        f"telemetry= is a streamcontract.otel.Telemetry, or None, not {shown(given)}"
    )
