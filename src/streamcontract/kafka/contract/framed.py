"""Deserializers of framed values: what a message's frame stands for, found once and kept."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from confluent_kafka.serialization import Deserializer, MessageField, SerializationContext

from streamcontract.errors import ArgumentError
from streamcontract.kafka.telemetry import NO_TELEMETRY
from streamcontract.registry.rules import require_no_rules
from streamcontract.wire import CONFLUENT, IdKind, wire_format

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Mapping

    from streamcontract.kafka.message import SchemaId
    from streamcontract.kafka.telemetry import TopicReceiving
    from streamcontract.registry import SchemaRegistry
    from streamcontract.schema import Schema
    from streamcontract.wire import Frame, OwnFraming, RawHeaders, WireFormat

__all__ = ["Decoders", "FramedDeserializer", "checked_registry"]

T = TypeVar("T")


class Decoders(Generic[T]):
    """Schema id and decoding function by frame; where there are too many, the oldest go first.

    Args:
        capacity: How many are kept.

    Attributes:
        known: Those that are kept.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self.known: dict[Hashable, tuple[SchemaId, Callable[[bytes], T]]] = {}

    def keep(
        self, key: Hashable, known: tuple[SchemaId, Callable[[bytes], T]]
    ) -> tuple[SchemaId, Callable[[bytes], T]]:
        """Keep what a frame stands for, and give it back."""
        with self._lock:
            self.known[key] = known
            while len(self.known) > self._capacity:
                del self.known[next(iter(self.known))]
        return known


class FramedDeserializer(Deserializer, Generic[T]):
    """Reads framed values; subclasses say what as.

    A schema is fetched when its id is met for the first time; from then on a value costs nothing
    but its decoding. As many are kept as the registry client keeps schemas. Threads may share one.

    Args:
        registry: The registry to ask; the caller closes it.
        subject: A subject of the context whose schema ids the values carry, such as
            ``":.staging:stocks-value"``: each context has ids of its own. None for the context of
            the registry's URL.
        framing: Where the schema ids are, as for ``schema.id.framing``
            (:func:`streamcontract.wire.wire_format`).
        rules_ignored: The types of rules that are not this reader's business, as for
            ``rules.ignored``.
    """

    def __init__(
        self,
        registry: SchemaRegistry,
        *,
        subject: str | None = None,
        framing: str | list[str] | OwnFraming | WireFormat = CONFLUENT,
        rules_ignored: Collection[str] = (),
    ) -> None:
        self._rules_ignored = frozenset(each.upper() for each in rules_ignored)
        self._registry = checked_registry(registry)
        self._subject = subject
        self._format = wire_format(framing)
        self._decoders: Decoders[T] = Decoders(registry.cache_capacity)
        self._receiving: TopicReceiving = NO_TELEMETRY

    def report_to(self, receiving: TopicReceiving) -> None:
        """Report each schema that is met from now on, and how long decoding takes."""
        self._receiving = receiving

    @property
    def decoders(self) -> Mapping[Hashable, tuple[SchemaId, Callable[[bytes], T]]]:
        """Schema id and decoding function by frame, for those met so far.

        For hot loops: look up what ``FrameReader.key`` gives here, which is ``data[:5]`` for a
        value behind Confluent's prefix, and call :meth:`decoder` for what is missing.
        """
        return self._decoders.known

    def __call__(self, value: bytes | None, ctx: SerializationContext | None = None) -> T | None:
        """The value in framed bytes; None, a tombstone, stays None.

        Args:
            value: The payload, as the message has it.
            ctx: The message's headers and whether this is its key, as confluent_kafka's clients
                pass them; without it a header cannot say the schema.

        Raises:
            FrameError: Nothing says which schema it was written with.
            DecodeError: The payload is not what its schema says, or cannot be read as asked for.
            RegistryError: The registry does not know the id, or did not answer.
        """
        if value is None:
            return None
        headers = None if ctx is None else ctx.headers
        return self._read(value, headers, is_key=ctx is not None and ctx.field == MessageField.KEY)

    def read_key(self, data: bytes, headers: RawHeaders) -> T:
        """The key in framed bytes.

        Raises:
            Exception: As calling it does.
        """
        return self._read(data, headers, is_key=True)

    def _read(self, data: bytes, headers: RawHeaders, *, is_key: bool) -> T:
        key = self._format.side(is_key=is_key).key(data, headers)
        known = self._decoders.known.get(key) or self.decoder(data, headers, is_key=is_key)
        return known[1](data)

    def decoder(
        self, data: bytes, headers: RawHeaders = None, *, is_key: bool = False
    ) -> tuple[SchemaId, Callable[[bytes], T]]:
        """Schema id, and the function that reads framed bytes with it, for a message's bytes.

        Args:
            data: The value, or the key.
            headers: The message's headers.
            is_key: Whether it is the key.

        Raises:
            FrameError: Nothing says which schema it was written with.
            RulesNotRunError: Rules apply to such messages that are not run here.
            RegistryError: The registry does not know the id, or did not answer.
            SchemaParseError: The registry's schema for that id breaks the Avro specification.
        """
        frames = self._format.side(is_key=is_key)
        key = frames.key(data, headers)
        known = self._decoders.known.get(key)
        if known is not None:
            return known
        frame = frames.frame(data, headers)
        stored = self._registry.stored(
            frame.schema_id, subject=self._subject, is_global=frame.kind is IdKind.GLOBAL_ID
        )
        require_no_rules(
            f"{frame.kind.value} {frame.schema_id}",
            stored.rule_set,
            "READ",
            self._rules_ignored,
            migrates=not self._is_own(stored.schema),
        )
        decode = self._receiving.decoding(frame.schema_id, self._compile(frame, stored.schema))
        return self._decoders.keep(key, (frame.schema_id, decode))

    def _is_own(self, writer: Schema) -> bool:
        """Whether that is the reader's schema, too."""
        raise NotImplementedError

    def _compile(self, frame: Frame, writer: Schema) -> Callable[[bytes], T]:
        """The function that reads values which have such a frame and such a schema."""
        raise NotImplementedError


def checked_registry(given: SchemaRegistry) -> SchemaRegistry:
    """A registry client, and not its URL or configuration.

    Raises:
        ArgumentError: It is something else.
    """
    if not (hasattr(given, "identify") and hasattr(given, "stored")):
        raise ArgumentError("registry", given, "a streamcontract.SchemaRegistry")
    return given
