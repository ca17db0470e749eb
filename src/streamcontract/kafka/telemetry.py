"""What clients tell of their messages to whoever counts and traces them.

These are the places where a client asks; ``streamcontract.otel`` answers them with OpenTelemetry.
A client without telemetry asks nothing, and nothing of that is imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from streamcontract.errors import ConfigurationError, shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from streamcontract.kafka.message import SchemaId
    from streamcontract.wire import FrameReader

__all__ = ["Call", "Lag", "Receiving", "Telemetry", "check_telemetry"]

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


class Lag(Protocol):
    """The lag of one consumer in its partitions, as far as it knows by itself."""

    def read(self) -> dict[int, int]:
        """Messages between what was delivered last and the end, by partition; any thread may ask.

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


def check_telemetry(telemetry: object) -> None:
    """Raise a ConfigurationError for what is neither None nor telemetry."""
    if not (telemetry is None or isinstance(telemetry, Telemetry)):
        raise ConfigurationError(
            f"telemetry= is a streamcontract.otel.Telemetry, or None, not {shown(telemetry)}"
        )
