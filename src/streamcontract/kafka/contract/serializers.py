"""Serializer and deserializer of one contract, which plug into confluent_kafka's own clients too.

The wire formats are those of :mod:`streamcontract.wire`: by default magic byte, schema id, Avro
binary encoding; confluent_kafka's ``AvroSerializer`` and ``AvroDeserializer`` write and read the
same.
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
from streamcontract.codec.bindings import contracts_of
from streamcontract.errors import ConfigurationError
from streamcontract.kafka.contract.framed import FramedDeserializer, checked_registry
from streamcontract.kafka.contract.payloads import payload_decoder, payload_encoder
from streamcontract.registry.cache import OnceCache
from streamcontract.registry.rules import require_no_rules
from streamcontract.registry.subjects import checked_strategy, topic_name_strategy
from streamcontract.wire import CONFLUENT, schema_id_headers, wire_format

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from streamcontract.codec import Contract
    from streamcontract.kafka.contract.keys import KeyCodec
    from streamcontract.registry import SchemaRegistry
    from streamcontract.registry.results import Identified
    from streamcontract.registry.subjects import SubjectNameStrategy
    from streamcontract.schema import Schema
    from streamcontract.wire import Frame, Location, OwnFraming, WireFormat, Written

__all__ = [
    "ContractDeserializer",
    "ContractSerializer",
    "KeyDeserializer",
    "KeySerializer",
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
        framing: What says the schema, as for ``schema.id.framing``
            (:func:`streamcontract.wire.wire_format`).
        location: ``"prefix"`` puts the schema id in front of the payload, ``"header"`` into a
            header; None, where the first framing has it.
        rules_ignored: The types of rules that are not this writer's business, as for
            ``rules.ignored``.

    Raises:
        ConfigurationError: The class is the record of several contracts whose schemas are not the
            same text: give the ``CONTRACT`` of one.

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
        """The function that writes values for one topic, for hot loops.

        Raises:
            RegistryError: The registry did not register or find the schema.
        """
        return payload_encoder(self._codec, self.written(topic, is_key=is_key).prefix)

    def written(self, topic: str, *, is_key: bool = False) -> Written:
        """What goes with values for one topic: the prefix that encoding puts there, and headers.

        Raises:
            RulesNotRunError: Rules apply to such messages that are not run here.
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
    """Check that it is no choice which contract's schema is registered for a class."""
    contracts = contracts_of(record)
    if len({each.schema for each in contracts.values()}) > 1:
        raise ConfigurationError(
            f"{record.__name__} is the record of several contracts, {', '.join(contracts)}, whose "
            f"schemas are not the same text, as in their docs: give the CONTRACT of one"
        )


def _set_headers(ctx: SerializationContext, written: Written) -> None:
    """Say the schema in the headers that confluent_kafka's producer is about to send.

    Those that came with another message, which is forwarded with it, would say another schema.
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
    """Reads framed values as one contract, whatever version of its schema they were written with.

    A schema is fetched when its id is met for the first time, compared with the reader's schema
    and compiled; from then on a value costs nothing but its decoding. Threads may share one.

    Args:
        contract: What to read them as: a generated class, a contract, a schema, or a codec.
        registry: The registry to ask; the caller closes it.
        subject: A subject of the context whose schema ids the values carry, such as
            ``":.staging:stocks-value"``: each context has ids of its own. None for the context of
            the registry's URL.
        framing: Where the schema ids are, as for ``schema.id.framing``
            (:func:`streamcontract.wire.wire_format`).
        rules_ignored: The types of rules that are not this reader's business, as for
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

    def _compile(self, frame: Frame, writer: Schema) -> Callable[[bytes], T]:
        return payload_decoder(self._codec, writer, frame.size)


class KeySerializer(Serializer):
    """Writes keys as the plain bytes that the contract's key field calls for.

    Args:
        codec: How keys of the contract travel; see :mod:`streamcontract.kafka.contract.keys`.
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
        codec: How keys of the contract travel; see :mod:`streamcontract.kafka.contract.keys`.
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
