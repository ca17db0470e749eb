"""Serializers of topics, prepared once: encoder, key, headers, and sender of plain records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import attrs

from streamcontract.errors import ConfigurationError, DataFault, EncodeError
from streamcontract.kafka.contract.derived_key import DERIVED, deriver, no_record
from streamcontract.kafka.contract.keys import KeyCodec, has_class, keys_alike, may_be_none
from streamcontract.kafka.contract.serializers import ContractSerializer, KeySerializer
from streamcontract.kafka.errors import MessageEncodeError
from streamcontract.kafka.message import headers_of
from streamcontract.kafka.producer.plain_records import Sender, sender
from streamcontract.wire import schema_id_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from confluent_kafka.serialization import SerializationContext

    from streamcontract.codec import Codec
    from streamcontract.kafka.connection.config import Settings
    from streamcontract.kafka.contract.binding import Binding
    from streamcontract.kafka.message import Headers
    from streamcontract.registry import SchemaRegistry

__all__ = ["Kind", "TopicSerializer", "TopicSerializers"]

T = TypeVar("T")

# Seconds between two times of serving delivery reports while messages are produced without a pause:
# rare enough to cost nothing, often enough to raise failures soon. Reports wait in librdkafka's
# queue until then; when that is full they are served at once.
_SERVICE_INTERVAL: Final = 0.1

_SCHEMA_ID_HEADERS: Final = schema_id_headers(is_key=False) | schema_id_headers(is_key=True)


@attrs.frozen
class TopicSerializer:
    """The serializer of records for one topic.

    Attributes:
        topic: The topic.
        sender: Queues plain records.
        binding: The contract.
        derive: Takes the key from a record that was encoded, and so checked, already.
        prefix: The bytes before each value.
        key_prefix: The bytes before each key.
    """

    topic: str
    sender: Sender
    binding: Binding[Any]
    derive: Callable[[Any], str | bytes | None]
    prefix: bytes
    key_prefix: bytes
    _encode: Callable[[Any], bytes]
    _check: Callable[[Any], str | bytes]
    _may_be_none: bool  # whether a record may be sent without a key
    # The headers with the schema ids of value and key.
    _value_headers: tuple[tuple[str, bytes], ...]
    _key_headers: tuple[tuple[str, bytes], ...]

    def headers(self, given: Headers | None, payload: object, key: object) -> Any:
        """The headers of a message, for confluent_kafka.

        Given headers with the schema id of another message, which is forwarded with its headers,
        are left out.

        Args:
            given: The application's headers.
            payload: The message's value, from :meth:`encode`.
            key: Its key, likewise.
        """
        own = (
            *(self._value_headers if payload is not None else ()),
            *(self._key_headers if key is not None else ()),
        )
        checked = headers_of(given)
        if not checked:
            return list(own) or checked
        return [*(each for each in checked if each[0] not in _SCHEMA_ID_HEADERS), *own]

    def encode(self, value: Any, key: Any) -> tuple[bytes | None, str | bytes | None]:
        """Encode a record, or None for a tombstone, and its key.

        Raises:
            MessageEncodeError: One of them does not fit the contract.
        """
        try:
            payload = None if value is None else self._encode(value)
            if value is None and (key is DERIVED or key is None):
                no_record()
            if key is DERIVED:
                return payload, self.derive(value)
            return payload, self.checked_key(key)
        except EncodeError as error:
            raise MessageEncodeError(self.topic, error.faults) from error

    def checked_key(self, key: Any) -> str | bytes | None:
        """Encode a key of the application's, or None for no key.

        Raises:
            EncodeError: It does not fit the contract.
        """
        return None if key is None and self._may_be_none else self._check(key)


Kind = type[Any] | None
"""The key of one of a producer's contracts: the class of its records, or None if there is one.

If several contracts have one class, the topic determines the contract.
"""


class TopicSerializers(Generic[T]):
    """The serializers of one producer, by the class of a record and its topic.

    Args:
        bindings: The contracts of each class.
        registry: The registry; the caller closes it.
        settings: The registry's settings in the producer's configuration.
        topic: The topic of all records, if given.

    Attributes:
        key: Serializes keys; it plugs into confluent_kafka's clients.
        value: Serializes records, likewise.
        topic: The topic of all contracts; ``""`` if they have several.
        are_several: Whether the class of a record determines its contract.
    """

    def __init__(
        self,
        bindings: Mapping[Kind, Sequence[Binding[Any]]],
        registry: SchemaRegistry,
        settings: Settings,
        topic: str | None = None,
    ) -> None:
        self._contracts = {
            kind: [_Contract(binding, registry, settings) for binding in each]
            for kind, each in bindings.items()
        }
        self.are_several = None not in bindings
        topics = {binding.topic for each in bindings.values() for binding in each}
        self._given = topic
        self.topic = topic or (topics.pop() if len(topics) == 1 else "")
        self._only = None if self.are_several else self._contracts[None][0]
        self.key: Any = self._write_key if self._only is None else self._only.key
        self.value: Any = self._write_value if self._only is None else self._only.value

    def kind_of(self, value: object, topic: str | None, key: object = None) -> Kind:
        """The contract of a record, or of a tombstone for a topic, with its key.

        Raises:
            MessageEncodeError: It has none, or the tombstone could be of several.
        """
        if self._only is not None:
            return None
        if value is None:
            return self._kind_of_topic(self.topic if topic is None else topic, key)
        kind = value.__class__
        if kind in self._contracts:
            return kind
        names = ", ".join(sorted(each.__name__ for each in self._contracts if each is not None))
        fault = DataFault("value", f"a record of one of {names}", value, has_value=True)
        raise MessageEncodeError(self.topic if topic is None else topic, (fault,))

    def kind_of_columns(self, topic: str | None) -> Kind:
        """The contract of columns for a topic.

        Raises:
            MessageEncodeError: There are several.
        """
        if self._only is not None:
            return None
        topic = self.topic if topic is None else topic
        found = [
            kind
            for kind, several in self._contracts.items()
            if any(each.binding.topic == topic for each in several)
        ]
        if len(found) == 1:
            return found[0]
        expected = "columns with topic=, which determines their contract"
        raise MessageEncodeError(topic, (DataFault("value", expected),))

    def _kind_of_topic(self, topic: str, key: object) -> Kind:
        kind, _ = self._by_topic(topic, key)
        return kind

    def _by_topic(self, topic: str, key: object) -> tuple[Kind, _Contract]:
        """A contract of a topic, if all its contracts have the same keys."""
        every = [(kind, each) for kind, several in self._contracts.items() for each in several]
        of_topic = [pair for pair in every if pair[1].binding.topic == topic]
        found = of_topic or (every if topic else [])
        keys = [each.binding.key for _, each in found]
        for one in keys:
            # Keys that are plain bytes and keys of one schema are alike, whatever the record is.
            if all(keys_alike(one, other) for other in keys):
                # But each contract's module may have a class of its own for them.
                classes = (pair for pair in found if has_class(pair[1].binding.key, key))
                return next(classes, found[keys.index(one)])
        expected = "a tombstone with topic=, which determines the contract of its key"
        raise MessageEncodeError(topic, (DataFault("value", expected),))

    def open(
        self,
        kind: Kind,
        topic: str | None,
        produce: Callable[..., None],
        report: Callable[..., None],
    ) -> TopicSerializer:
        """Open a topic, with a request to the registry.

        Args:
            kind: The key of the contract.
            topic: The topic; None for the contract's own.
            produce: The method of ``confluent_kafka.Producer``, bound.
            report: The delivery callback of plain records.

        Raises:
            ConfigurationError: The topic has no name.
            MessageEncodeError: The class has several contracts, and the topic does not determine
            one.
            RegistryError: The schema could not be registered or found.
        """
        contract = self._contract(kind, self._given if topic is None else topic)
        topic = contract.binding.topic if topic is None else topic
        if not topic:
            raise ConfigurationError("topic= is empty: name a topic, or leave it out")
        return contract.open(topic, produce, report)

    def _contract(self, kind: Kind, topic: str | None) -> _Contract:
        several = self._contracts[kind]
        if len(several) == 1:
            return several[0]
        for each in several:
            if each.binding.topic == topic:
                return each
        first = several[0].binding
        if topic is not None and all(first.sends_alike(each.binding) for each in several):
            return several[0]
        topics = ", ".join(repr(each.binding.topic) for each in several)
        name = "a record" if kind is None else kind.__name__
        expected = f"{name} is the record of several contracts: choose one with topic=, of {topics}"
        raise MessageEncodeError(topic or "", (DataFault("value", expected),))

    def _write_value(self, value: Any, context: SerializationContext) -> bytes | None:
        if value is None:
            return None
        kind = self.kind_of(value, context.topic)
        return self._contract(kind, context.topic).value(value, context)

    def _write_key(self, key: Any, context: SerializationContext) -> bytes | None:
        return self._by_topic(context.topic, key)[1].key(key, context)


class _Contract:
    """One contract of a producer."""

    def __init__(self, binding: Binding[Any], registry: SchemaRegistry, settings: Settings) -> None:
        self.binding = binding
        self.value = _serializer(binding.codec, registry, settings)
        self.key = (
            KeySerializer(binding.key)
            if isinstance(binding.key, KeyCodec)
            else _serializer(binding.key, registry, settings)
        )

    def open(
        self, topic: str, produce: Callable[..., None], report: Callable[..., None]
    ) -> TopicSerializer:
        check: Callable[[Any], str | bytes]
        key_headers: tuple[tuple[str, bytes], ...] = ()
        key_prefix = b""
        if isinstance(self.key, KeySerializer):
            check, send = self.key.codec.check, self.key.codec.send
        else:
            check = send = self.key.encoder(topic, is_key=True)
            written_key = self.key.written(topic, is_key=True)
            key_headers, key_prefix = written_key.headers, written_key.prefix
        derive = deriver(self.binding, send)
        encode = self.value.encoder(topic)
        written = self.value.written(topic)
        headers = list(written.headers) or None
        return TopicSerializer(
            topic=topic,
            sender=sender(topic, encode, derive, produce, report, _SERVICE_INTERVAL, headers),
            binding=self.binding,
            derive=derive,
            prefix=written.prefix,
            key_prefix=key_prefix,
            encode=encode,
            check=check,
            may_be_none=may_be_none(self.binding.key),
            value_headers=written.headers,
            key_headers=key_headers,
        )


def _serializer(
    codec: Codec[T], registry: SchemaRegistry, settings: Settings
) -> ContractSerializer[T]:
    return ContractSerializer(
        codec,
        registry,
        auto_register=settings.auto_register,
        normalize=settings.normalize,
        subject_name_strategy=settings.subject_name_strategy,
        framing=settings.wire,
        location=settings.location,
        rules_ignored=settings.rules_ignored,
    )
