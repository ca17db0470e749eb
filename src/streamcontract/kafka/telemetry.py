"""Telemetry of clients: protocols of what counts and traces their messages.

``streamcontract.otel`` implements them with OpenTelemetry. A client that is given none has one that
does nothing, and imports nothing of that.
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

    def receiving(self, topic: str | None, group: str | None, client_id: str | None) -> Receiving:
        """What one consumer tells of its messages to.

        Args:
            topic: The topic that it reads; None where there are several, or may be.
            group: Its group, if it has one.
            client_id: Its ``client.id``, if it has one.
        """


class Receiving(Protocol):
    """Counts and traces what one consumer does; one thread at a time uses it."""

    def call(self) -> Call:
        """A ``with`` block around one call that returns messages."""

    def of_topic(self, topic: str) -> TopicReceiving:
        """What is told of the messages of one topic."""

    def watch(self, lag: Lag) -> None:
        """The consumer's lag can be read here, until it goes."""


class TopicReceiving(Protocol):
    """Counts what becomes of the messages of one topic of a consumer."""

    def decoding(self, schema_id: SchemaId, decode: Callable[[bytes], T]) -> Callable[[bytes], T]:
        """A schema is met for the first time; what is to decode values written with it."""

    def dead_lettered(self, reason: Exception) -> None:
        """A dead letter was delivered."""


class Lag(Protocol):
    """The lag of one consumer in its partitions, as far as it knows by itself."""

    def read(self) -> dict[tuple[str, int], int]:
        """Messages between what was delivered last and the end, by topic and partition.

        Any thread may ask.

        A partition of which nothing was delivered is missing, unless its end was met: where its
        reading began is not known here.
        """


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


class _NoTelemetry:
    """All four, doing nothing: of a client that is given no telemetry."""

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

    def dead_lettered(self, reason: Exception) -> None: ...

    def watch(self, lag: Lag) -> None: ...

    def __enter__(self) -> _NoTelemetry:
        return self

    def __exit__(self, *error: object) -> None: ...

    def gives(self, result: R) -> R:
        return result


NO_TELEMETRY: Final = _NoTelemetry()


def telemetry_of(given: object) -> Telemetry:
    """The telemetry that a client was given, or none that does anything for None.

    Raises:
        ConfigurationError: It is something else.
    """
    if given is None:
        return NO_TELEMETRY
    if isinstance(given, Telemetry):
        return given
    raise ConfigurationError(
        f"telemetry= is a streamcontract.otel.Telemetry, or None, not {shown(given)}"
    )
