"""Serializer and deserializer of one contract, also for confluent_kafka's own clients.

The wire formats are those of :mod:`streamcontract.wire`: by default magic byte, schema id, Avro
binary encoding; confluent_kafka's ``AvroSerializer`` and ``AvroDeserializer`` write and read the
same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from confluent_kafka.serialization import (
    Deserializer,
    MessageField,
    SerializationContext,
    Serializer,
)

from streamcontract.codec import Codec, Contract
from streamcontract.codec.bindings import contracts_of
from streamcontract.errors import ConfigurationError
from streamcontract.kafka.contract.framed import FramedDeserializer, checked_registry
from streamcontract.kafka.contract.keys import KeyCodec
from streamcontract.kafka.contract.payloads import payload_decoder, payload_encoder
from streamcontract.registry import SchemaRegistry
from streamcontract.registry.cache import OnceCache
from streamcontract.registry.rules import require_no_rules
from streamcontract.registry.subjects import (
    SubjectNameStrategy,
    checked_strategy,
    topic_name_strategy,
)
from streamcontract.schema import Schema
from streamcontract.schema.model import AvroType
from streamcontract.wire import (
    CONFLUENT,
    Location,
    OwnFraming,
    WireFormat,
    Written,
    schema_id_headers,
    wire_format,
)

if TYPE_CHECKING:
    from streamcontract.registry.results import Identified
    from streamcontract.wire import Frame

__all__ = [
    "ContractDeserializer",
    "ContractSerializer",
    "KeyDeserializer",
    "KeySerializer",
]

T = TypeVar("T")


class ContractSerializer(Serializer, Generic[T]):
    """Serializes values of one contract, framed with the id of their schema.

    The schema is registered, or looked up, at the first value for a subject; later values only need
    encoding. Threads may share a serializer.

    Args:
        contract: The type of the values: a generated class, a contract, a schema, or a codec.
        registry: The registry client, which the caller closes.
        auto_register: Register the schema (and those it references); if False it must exist.
        normalize: Let the registry normalize the schema before it compares or stores it.
        subject_name_strategy: Names the subject; Confluent's three are in
            :mod:`streamcontract.registry.subjects`.
        framing: The framing of the schema id, as for ``schema.id.framing``
            (:func:`streamcontract.wire.wire_format`).
        location: ``"prefix"`` writes the schema id before the payload, ``"header"`` into a header;
            None, at the place of the first framing.
        rules_ignored: The types of rules that are executed elsewhere, as for
            ``rules.ignored``.

    Raises:
        ConfigurationError: The class is the record of several contracts whose schemas have
            different texts: give the ``CONTRACT`` of one.

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
        framing: str | list[str] | OwnFraming | WireFormat = CONFLUENT,
        location: Location | None = None,
        rules_ignored: Collection[str] = (),
    ) -> None:
        self._rules_ignored = frozenset(each.upper() for each in rules_ignored)
        self._format = wire_format(framing)
        self._location = location
        self._codec: Codec[T] = contract if isinstance(contract, Codec) else Codec(contract)
        if isinstance(contract, type):
            _require_one_schema(contract)
        self._registry = checked_registry(registry)
        self._auto_register = auto_register
        self._normalize = normalize
        self._subject_of = checked_strategy(subject_name_strategy)
        self._ids: OnceCache[str, Identified] = OnceCache()
        self._encoders: dict[tuple[str, str], tuple[Callable[[T], bytes], Written]] = {}

    def __call__(self, obj: T | None, ctx: SerializationContext | None = None) -> bytes | None:
        """Serialize a value to framed bytes; None, a tombstone, stays None.

        Args:
            obj: The value.
            ctx: Topic and field, as passed by confluent_kafka's clients.

        Raises:
            EncodeError: The value does not fit the schema.
            RegistryError: The registry did not register or find the schema, or the lock has another
                one.
            ConfigurationError: There is no ``ctx``, so no topic for the subject's name.
        """
        if obj is None:
            return None
        if ctx is None:
            raise ConfigurationError(
                "the subject is named after the topic: call the serializer with a "
                "SerializationContext(topic, field)"
            )
        known = self._encoders.get((ctx.topic, ctx.field))
        if known is None:
            is_key = ctx.field == MessageField.KEY
            written = self.written(ctx.topic, is_key=is_key)
            known = self.encoder(ctx.topic, is_key=is_key), written
            self._encoders[ctx.topic, ctx.field] = known
        encode, written = known
        data = encode(obj)
        if written.headers or ctx.headers:
            _set_headers(ctx, written)
        return data

    def encoder(self, topic: str, *, is_key: bool = False) -> Callable[[T], bytes]:
        """The function that serializes values for one topic, for hot loops.

        Raises:
            RegistryError: The registry did not register or find the schema.
        """
        return payload_encoder(self._codec, self.written(topic, is_key=is_key).prefix)

    def written(self, topic: str, *, is_key: bool = False) -> Written:
        """The prefix that encoding writes for values of one topic, and the headers.

        Raises:
            RulesNotRunError: Rules apply to such messages that are not executed here.
            RegistryError: The registry did not register or find the schema.
            ConfigurationError: The framing cannot be written.
        """
        subject = self._subject_of(topic, self._codec.schema.name, is_key=is_key)
        found = self._ids.get(subject, lambda: self._identify(subject))
        return self._format.write(found.id, found.guid, self._location, is_key=is_key)

    def _identify(self, subject: str) -> Identified:
        found = self._registry.identify(
            subject,
            self._codec.schema,
            auto_register=self._auto_register,
            normalize=self._normalize,
        )
        require_no_rules(subject, found.rule_set, "WRITE", self._rules_ignored)
        return found


def _require_one_schema(record: type[Any]) -> None:
    """Check that the contracts of a class have one schema to register."""
    contracts = contracts_of(record)
    if len({each.schema for each in contracts.values()}) > 1:
        raise ConfigurationError(
            f"{record.__name__} is the record of several contracts, {', '.join(contracts)}, whose "
            f"schemas differ in their text, such as docs: give the CONTRACT of one"
        )


def _set_headers(ctx: SerializationContext, written: Written) -> None:
    """Add the schema id to the headers that confluent_kafka's producer will send.

    Headers of a forwarded message may have another schema id, which is replaced.
    """
    headers: Any = ctx.headers
    stale = schema_id_headers(is_key=ctx.field == MessageField.KEY)
    if isinstance(headers, dict):
        for name in stale & headers.keys():
            del headers[name]
        headers.update(written.headers)
    elif isinstance(headers, list):
        if any(name in stale for name, _ in headers):
            headers[:] = [each for each in headers if each[0] not in stale]
        headers.extend(written.headers)
    elif written.headers:
        raise ConfigurationError(
            "the schema id goes into a header ('schema.id.location'): give produce() headers=, a "
            "list or a dict, which may be empty"
        )


class ContractDeserializer(FramedDeserializer[T]):
    """Deserializes framed values as one contract, from any version of its schema.

    A schema is fetched at the first use of its id, resolved with the reader schema and compiled;
    later values only need decoding. Threads may share one.

    Args:
        contract: The type of the values: a generated class, a contract, a schema, or a codec.
        registry: The registry client, which the caller closes.
        subject: A subject in the context of the values' schema ids, such as
            ``":.staging:stocks-value"``: each context has ids of its own. None for the context of
            the registry's URL.
        framing: Where the schema ids are, as for ``schema.id.framing``
            (:func:`streamcontract.wire.wire_format`).
        rules_ignored: The types of rules that are executed elsewhere, as for
            ``rules.ignored``.

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
        framing: str | list[str] | OwnFraming | WireFormat = CONFLUENT,
        rules_ignored: Collection[str] = (),
    ) -> None:
        super().__init__(registry, subject=subject, framing=framing, rules_ignored=rules_ignored)
        self._codec: Codec[T] = contract if isinstance(contract, Codec) else Codec(contract)

    def _is_own(self, writer: Schema) -> bool:
        return writer.canonical_form == self._codec.schema.canonical_form

    def codec_for(self, writer: AvroType) -> Codec[T]:
        """The contract's codec, which reads all types."""
        del writer
        return self._codec

    def _compile(self, frame: Frame, writer: Schema) -> Callable[[bytes], T]:
        return payload_decoder(self._codec, writer, frame.size)


class KeySerializer(Serializer):
    """Serializes keys as the plain bytes of the contract's key field.

    Args:
        codec: The codec of the contract's keys; see :mod:`streamcontract.kafka.contract.keys`.
    """

    def __init__(self, codec: KeyCodec) -> None:
        self.codec = codec

    def __call__(self, obj: Any, ctx: SerializationContext | None = None) -> bytes | None:
        """Serialize a key; None stays None.

        Raises:
            EncodeError: The key does not have the contract's type.
        """
        del ctx
        if obj is None:
            return None
        sent = self.codec.check(obj)
        return sent.encode() if isinstance(sent, str) else sent


class KeyDeserializer(Deserializer):
    """Deserializes keys from plain bytes to the type of the contract's key field.

    Args:
        codec: The codec of the contract's keys; see :mod:`streamcontract.kafka.contract.keys`.
    """

    def __init__(self, codec: KeyCodec) -> None:
        self.codec = codec

    def __call__(self, value: bytes | None, ctx: SerializationContext | None = None) -> Any:
        """Deserialize a key; None stays None.

        Raises:
            DecodeError: The bytes are not such a key.
        """
        del ctx
        return None if value is None else self.codec.read(value)
