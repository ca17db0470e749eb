"""Serializer and deserializer of one contract, which plug into confluent_kafka's own clients too.

The bytes are those of :mod:`streamcontract.wire`: magic byte, schema id, Avro binary encoding;
confluent_kafka's ``AvroSerializer`` and ``AvroDeserializer`` write and read the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from confluent_kafka.serialization import (
    Deserializer,
    MessageField,
    SerializationContext,
    Serializer,
)

from streamcontract.codec import Codec
from streamcontract.errors import ArgumentError, ConfigurationError
from streamcontract.kafka.payloads import payload_decoder, payload_encoder
from streamcontract.registry.cache import OnceCache
from streamcontract.registry.subjects import checked_strategy, topic_name_strategy
from streamcontract.wire import HEADER_SIZE, schema_id_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streamcontract.codec import Contract
    from streamcontract.kafka.keys import KeyCodec
    from streamcontract.registry import SchemaRegistry
    from streamcontract.registry.subjects import SubjectNameStrategy
    from streamcontract.schema import Schema

__all__ = [
    "ContractDeserializer",
    "ContractSerializer",
    "KeyDeserializer",
    "KeySerializer",
    "checked_registry",
]

T = TypeVar("T")


class ContractSerializer(Serializer, Generic[T]):
    """Writes values of one contract, framed with the id of their schema.

    The schema is registered, or looked up, when the first value for a subject is written; from
    then on a value costs nothing but its encoding. Threads may share a serializer.

    Args:
        contract: What the values are: a generated class, a contract, a schema, or a codec.
        registry: The registry to ask; the caller closes it.
        auto_register: Register the schema (and those it references); if False it must be there.
        normalize: Let the registry normalize the schema before it compares or stores it.
        subject_name_strategy: Names the subject; Confluent's three are in
            :mod:`streamcontract.registry.subjects`.

    Example:
        >>> import confluent_kafka
        >>> from streamcontract import SchemaRegistry, Stock
        >>> registry = SchemaRegistry()
        >>> producer = confluent_kafka.SerializingProducer(
        ...     {
        ...         "bootstrap.servers": "localhost:19092",
        ...         "value.serializer": ContractSerializer(Stock, registry),
        ...     }
        ... )
        >>> registry.close()
    """

    def __init__(
        self,
        contract: type[T] | Codec[T] | Contract | Schema | str | dict[str, Any] | list[Any],
        registry: SchemaRegistry,
        *,
        auto_register: bool = True,
        normalize: bool = False,
        subject_name_strategy: SubjectNameStrategy = topic_name_strategy,
    ) -> None:
        self._codec: Codec[T] = contract if isinstance(contract, Codec) else Codec(contract)
        self._registry = checked_registry(registry)
        self._auto_register = auto_register
        self._normalize = normalize
        self._subject_of = checked_strategy(subject_name_strategy)
        self._ids: OnceCache[str, int] = OnceCache()
        self._encoders: dict[tuple[str, str], Callable[[T], bytes]] = {}

    def __call__(self, obj: T | None, ctx: SerializationContext | None = None) -> bytes | None:
        """The framed bytes of a value; None stays None, which is a tombstone.

        Args:
            obj: The value.
            ctx: Topic and field, as confluent_kafka's clients pass them.

        Raises:
            EncodeError: The value does not fit the schema.
            RegistryError: The registry did not register or find the schema, or the lock is of
                another one.
            ConfigurationError: There is no ``ctx``, so no topic to name the subject after.
        """
        if obj is None:
            return None
        if ctx is None:
            raise ConfigurationError(
                "the subject is named after the topic: call the serializer with a "
                "SerializationContext(topic, field)"
            )
        encode = self._encoders.get((ctx.topic, ctx.field))
        if encode is None:
            encode = self.encoder(ctx.topic, is_key=ctx.field == MessageField.KEY)
            self._encoders[ctx.topic, ctx.field] = encode
        return encode(obj)

    def encoder(self, topic: str, *, is_key: bool = False) -> Callable[[T], bytes]:
        """The function that writes values for one topic, for hot loops.

        Raises:
            RegistryError: The registry did not register or find the schema.
        """
        subject = self._subject_of(topic, self._codec.schema.name, is_key=is_key)
        schema_id = self._ids.get(subject, lambda: self._ask_for_id(subject))
        return payload_encoder(self._codec, schema_id)

    def _ask_for_id(self, subject: str) -> int:
        return self._registry.id_of(
            subject,
            self._codec.schema,
            auto_register=self._auto_register,
            normalize=self._normalize,
        )


class ContractDeserializer(Deserializer, Generic[T]):
    """Reads framed values as one contract, whatever version of its schema they were written with.

    A schema is fetched when its id is met for the first time, compared with the reader's schema
    and compiled; from then on a value costs nothing but its decoding. Threads may share one.

    Args:
        contract: What to read them as: a generated class, a contract, a schema, or a codec.
        registry: The registry to ask; the caller closes it.
        subject: A subject of the context whose schema ids the values carry, such as
            ``":.staging:stocks-value"``: each context has ids of its own. None for the context of
            the registry's URL.

    Example:
        >>> import confluent_kafka
        >>> from streamcontract import SchemaRegistry, Stock
        >>> registry = SchemaRegistry()
        >>> consumer = confluent_kafka.DeserializingConsumer(
        ...     {
        ...         "bootstrap.servers": "localhost:19092",
        ...         "group.id": "report",
        ...         "value.deserializer": ContractDeserializer(Stock, registry),
        ...         "auto.offset.reset": "earliest",
        ...     }
        ... )
        >>> consumer.subscribe(["stocks"])
        >>> consumer.poll(10).value().symbol
        'AAPL'
        >>> consumer.close()
        >>> registry.close()
    """

    def __init__(
        self,
        contract: type[T] | Codec[T] | Contract | Schema | str | dict[str, Any] | list[Any],
        registry: SchemaRegistry,
        *,
        subject: str | None = None,
    ) -> None:
        self._codec: Codec[T] = contract if isinstance(contract, Codec) else Codec(contract)
        self._registry = checked_registry(registry)
        self._subject = subject
        self._decoders: dict[bytes, tuple[int, Callable[[bytes], T]]] = {}

    @property
    def decoders(self) -> Mapping[bytes, tuple[int, Callable[[bytes], T]]]:
        """Schema id and decoding function by the five bytes of a frame, for those met so far.

        For hot loops: look up ``data[:5]`` here, and call :meth:`decoder` for what is missing.
        """
        return self._decoders

    def __call__(self, value: bytes | None, ctx: SerializationContext | None = None) -> T | None:
        """The value in framed bytes; None, a tombstone, stays None.

        Args:
            value: Magic byte, schema id and payload.
            ctx: Not needed; confluent_kafka's clients pass it.

        Raises:
            FrameError: There is no magic byte and schema id in front.
            DecodeError: The payload is not what its schema says, or cannot be read as this one.
            RegistryError: The registry does not know the id, or did not answer.
        """
        del ctx
        if value is None:
            return None
        known = self._decoders.get(value[:HEADER_SIZE]) or self.decoder(value)
        return known[1](value)

    def decoder(self, data: bytes) -> tuple[int, Callable[[bytes], T]]:
        """Schema id, and the function that reads framed bytes with it, for a message's bytes.

        Raises:
            FrameError: There is no magic byte and schema id in front.
            RegistryError: The registry does not know the id, or did not answer.
            SchemaParseError: The registry's schema for that id breaks the Avro specification.
        """
        schema_id = schema_id_of(data)
        writer = self._registry.schema_by_id(schema_id, subject=self._subject)
        known = schema_id, payload_decoder(self._codec, writer)
        self._decoders[data[:HEADER_SIZE]] = known
        return known


def checked_registry(given: SchemaRegistry) -> SchemaRegistry:
    """A registry client, and not its URL or configuration.

    Raises:
        ArgumentError: It is something else.
    """
    if not (hasattr(given, "id_of") and hasattr(given, "schema_by_id")):
        raise ArgumentError("registry", given, "a streamcontract.SchemaRegistry")
    return given


class KeySerializer(Serializer):
    """Writes keys as the plain bytes that the contract's key field calls for.

    Args:
        codec: How keys of the contract travel; see :mod:`streamcontract.kafka.keys`.
    """

    def __init__(self, codec: KeyCodec) -> None:
        self.codec = codec

    def __call__(self, obj: Any, ctx: SerializationContext | None = None) -> bytes | None:
        """The bytes of a key; None stays None.

        Raises:
            EncodeError: The key is not of the type that the contract gives it.
        """
        del ctx
        if obj is None:
            return None
        sent = self.codec.check(obj)
        return sent.encode() if isinstance(sent, str) else sent


class KeyDeserializer(Deserializer):
    """Reads keys back from plain bytes as what the contract's key field is.

    Args:
        codec: How keys of the contract travel; see :mod:`streamcontract.kafka.keys`.
    """

    def __init__(self, codec: KeyCodec) -> None:
        self.codec = codec

    def __call__(self, value: bytes | None, ctx: SerializationContext | None = None) -> Any:
        """The key in some bytes; None stays None.

        Raises:
            DecodeError: The bytes are no such key.
        """
        del ctx
        return None if value is None else self.codec.read(value)
