"""Deserializers of framed values, with a cache of schemas by frame."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Hashable, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

from confluent_kafka.serialization import Deserializer, MessageField, SerializationContext

from streamcontract._lazy import Later
from streamcontract.codec import Codec
from streamcontract.errors import ArgumentError
from streamcontract.kafka.telemetry import NO_TELEMETRY
from streamcontract.registry import SchemaRegistry
from streamcontract.registry.rules import require_no_rules
from streamcontract.schema import Schema
from streamcontract.schema.model import AvroType
from streamcontract.wire import (
    CONFLUENT,
    Frame,
    IdKind,
    OwnFraming,
    RawHeaders,
    WireFormat,
    wire_format,
)

if TYPE_CHECKING:
    from streamcontract.kafka import message as messages
    from streamcontract.kafka.telemetry import TopicReceiving
else:
    messages = Later("streamcontract.kafka.message")

__all__ = ["Decoders", "FramedDeserializer", "checked_registry"]

T = TypeVar("T")


class Decoders(Generic[T]):
    """Schema id and decoding function by frame; if there are too many, the oldest are removed.

    Args:
        capacity: The maximum number.

    Attributes:
        known: The cached ones.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self.known: dict[Hashable, tuple[messages.SchemaId, Callable[[bytes], T]]] = {}

    def keep(
        self, key: Hashable, known: tuple[messages.SchemaId, Callable[[bytes], T]]
    ) -> tuple[messages.SchemaId, Callable[[bytes], T]]:
        """Cache the schema id and the function of a frame, and return them."""
        with self._lock:
            self.known[key] = known
            while len(self.known) > self._capacity:
                del self.known[next(iter(self.known))]
        return known


class FramedDeserializer(Deserializer, Generic[T]):
    """Deserializes framed values; subclasses define the type.

    A schema is fetched at the first use of its id; later values only need decoding. As many schemas
    are cached as in the registry client. Threads may share one.

    Args:
        registry: The registry client, which the caller closes.
        subject: A subject in the context of the values' schema ids, such as
        ``":.staging:stocks-value"``: each context has ids of its own. None for the context of
        the registry's URL.
        framing: Where the schema ids are, as for ``schema.id.framing``
            (:func:`streamcontract.wire.wire_format`).
        rules_ignored: The types of rules that are executed elsewhere, as for
            ``rules.ignored``.

    Attributes:
        receiving: Records each new schema, and the time of decoding.
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
        self.receiving: TopicReceiving = NO_TELEMETRY

    @property
    def decoders(self) -> Mapping[Hashable, tuple[messages.SchemaId, Callable[[bytes], T]]]:
        """Schema id and decoding function by frame, for the frames so far.

        For hot loops: look up the ``FrameReader.key`` here, which is ``data[:5]`` for a value after
        Confluent's prefix, and call :meth:`decoder` for a missing one.
        """
        return self._decoders.known

    def __call__(self, value: bytes | None, ctx: SerializationContext | None = None) -> T | None:
        """Deserialize framed bytes; None, a tombstone, stays None.

        Args:
            value: The framed bytes of the message.
            ctx: The message's headers and whether this is its key, as passed by confluent_kafka's
            clients; without it a schema id in a header cannot be found.

        Raises:
            FrameError: There is no schema id.
            DecodeError: The payload does not match its schema, or cannot be read as the contract.
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
    ) -> tuple[messages.SchemaId, Callable[[bytes], T]]:
        """The schema id of a message's bytes, and the function that decodes them.

        Args:
            data: The value, or the key.
            headers: The message's headers.
            is_key: Whether it is the key.

        Raises:
            FrameError: There is no schema id.
            RulesNotRunError: Rules apply to such messages that are not executed here.
            RegistryError: The registry does not know the id, or did not answer.
            SchemaParseError: The registry's schema for that id breaks the Avro specification.
        """
        frames = self._format.side(is_key=is_key)
        key = frames.key(data, headers)
        known = self._decoders.known.get(key)
        if known is not None:
            return known
        frame, writer = self.written(data, headers, is_key=is_key)
        decode = self.receiving.decoding(frame.schema_id, self._compile(frame, writer))
        return self._decoders.keep(key, (frame.schema_id, decode))

    def check(self, data: bytes, headers: RawHeaders = None) -> None:
        """Raise the error of a message's value, if it has one, and record nothing.

        Args:
            data: The value.
            headers: The message's headers.

        Raises:
            Exception: As calling it does.
        """
        self._compile(*self.written(data, headers))(data)

    def written(
        self, data: bytes, headers: RawHeaders = None, *, is_key: bool = False
    ) -> tuple[Frame, Schema]:
        """The frame of a message's bytes, and their writer schema.

        Args:
            data: The value, or the key.
            headers: The message's headers.
            is_key: Whether it is the key.

        Raises:
            Exception: As for :meth:`decoder`.
        """
        frame = self._format.side(is_key=is_key).frame(data, headers)
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
        return frame, stored.schema

    def key_of(self, data: bytes, headers: RawHeaders = None, *, is_key: bool = False) -> Hashable:
        """A key that is equal for equal frames, for caches.

        Raises:
            FrameError: A header means that the payload cannot be read.
        """
        return self._format.side(is_key=is_key).key(data, headers)

    def codec_for(self, writer: AvroType) -> Codec[T]:
        """The codec that reads what was written as a type.

        Raises:
            UnexpectedTypeError: There is none.
        """
        raise NotImplementedError

    def _is_own(self, writer: Schema) -> bool:
        """Whether that is the reader's schema too."""
        raise NotImplementedError

    def _compile(self, frame: Frame, writer: Schema) -> Callable[[bytes], T]:
        """The function that decodes values with such a frame and schema."""
        raise NotImplementedError


def checked_registry(given: SchemaRegistry) -> SchemaRegistry:
    """Check that an argument is a registry client, and not a URL or a configuration.

    Raises:
        ArgumentError: It is anything else.
    """
    if not (hasattr(given, "identify") and hasattr(given, "stored")):
        raise ArgumentError("registry", given, "a streamcontract.SchemaRegistry")
    return given
