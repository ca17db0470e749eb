"""Dispatch of several record types in one topic: each message is read as its writer's type."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from streamcontract.codec import Codec
from streamcontract.codec.bindings import contracts_of
from streamcontract.codec.refusal import Refused, data_fault
from streamcontract.codec.varint import read_long
from streamcontract.errors import ArgumentError, ConfigurationError, DataFault, DecodeError, shown
from streamcontract.kafka.contract.binding import bind
from streamcontract.kafka.contract.framed import FramedDeserializer
from streamcontract.kafka.contract.keys import KeyCodec, keys_alike
from streamcontract.kafka.errors import UnexpectedTypeError
from streamcontract.registry import SchemaRegistry
from streamcontract.schema import STORED, Schema, parse_schema
from streamcontract.schema.inline import inlined
from streamcontract.schema.model import AvroType, NamedType, UnionType
from streamcontract.wire import CONFLUENT, OwnFraming, WireFormat

if TYPE_CHECKING:
    from streamcontract.kafka.contract.binding import Binding
    from streamcontract.wire import Frame

__all__ = [
    "DispatchingDeserializer",
    "RecordsBinding",
    "bind_records",
    "bind_topics",
    "merge_bindings",
]

T = TypeVar("T")


@attrs.frozen
class RecordsBinding(Generic[T]):
    """Several contracts of one topic, for a consumer.

    Attributes:
        topic: The topic.
        codecs: One for each type.
        key: The codec of the keys, which is the same for all of them.
    """

    topic: str
    codecs: tuple[Codec[T], ...]
    key: KeyCodec | Codec[Any]


def bind_records(records: Sequence[type[T]], topic: str | None) -> RecordsBinding[T]:
    """Bind a consumer to several generated classes.

    Args:
        records: The classes.
        topic: The topic; needed unless all contracts have the same.

    Raises:
        ConfigurationError: There are none, two have the same name, no topic is known, or their
        keys differ, so that a key could not be read before its value.
    """
    given: Any = records
    if not isinstance(given, Sequence) or not all(isinstance(each, type) for each in given):
        raise ArgumentError("records", records, "a list of generated classes")
    if not records:
        raise ConfigurationError("records= is empty: give the generated classes to read")
    if topic is None:
        topic = _common_topic(records)
    bindings: list[Binding[T]] = [
        bind(None, topic=topic, record=record, schema=None) for record in records
    ]
    return merge_bindings(bindings)


def _common_topic(records: Sequence[type[Any]]) -> str:
    """The one common topic of the contracts of all classes."""
    topics = [{each.topic for each in contracts_of(record).values()} for record in records]
    common = [*set.intersection(*topics)]
    if len(common) != 1 or common[0] is None:
        named = ", ".join(sorted({repr(each) for each in set.union(*topics)}))
        raise ConfigurationError(
            f"the contracts of records= name no common topic ({named}): give it with topic="
        )
    return common[0]


def bind_topics(
    topics: Mapping[str, type[T] | Sequence[type[T]]],
) -> dict[str, Callable[[str], Binding[T] | RecordsBinding[T]]]:
    """The bindings of several topics, each to the generated classes of its messages.

    Args:
        topics: The class, or the classes, by topic or pattern of topics.

    Raises:
        ConfigurationError: There are none, one has no name or no classes, or a pattern is invalid.
    """
    given: Any = topics
    if not isinstance(given, Mapping) or not given:
        raise ConfigurationError(
            f'topics= is a dict such as {{"trades": Trade, "^quotes-.*": Quote}}, '
            f"not {shown(topics)}"
        )
    found: dict[str, Callable[[str], Binding[T] | RecordsBinding[T]]] = {}
    for subscription, records in topics.items():
        name: Any = subscription
        if not isinstance(name, str) or not name:
            raise ConfigurationError(
                f"topics= names a topic by a text, not by {shown(subscription)}"
            )
        try:
            re.compile(subscription if subscription.startswith("^") else "")
        except re.error as error:
            raise ConfigurationError(
                f"topics= has an invalid pattern: {shown(subscription)}: {error}"
            ) from error
        found[subscription] = functools.partial(_bind_topic, records)
        found[subscription](_example(subscription, records))  # raises its errors now
    return found


def _example(subscription: str, records: object) -> str:
    """A topic of a subscription: for a pattern the topic of a contract."""
    for record in records if isinstance(records, Sequence) else [records]:
        if subscription.startswith("^") and isinstance(record, type):
            for contract in contracts_of(record).values():
                if contract.topic is not None and re.match(subscription, contract.topic):
                    return contract.topic
    return subscription


def _bind_topic(records: type[T] | Sequence[type[T]], topic: str) -> Binding[T] | RecordsBinding[T]:
    given: Any = records
    if isinstance(given, type):
        return bind(None, topic=topic, record=given, schema=None)
    if isinstance(given, Sequence) and not isinstance(given, str):
        return bind_records(given, topic)
    raise ConfigurationError(
        f"topics= has for {topic!r} no generated class, nor a list of them, but {shown(records)}"
    )


def merge_bindings(bindings: Sequence[Binding[T]]) -> RecordsBinding[T]:
    """Several contracts of one topic as one.

    Raises:
        ConfigurationError: Two have the same name, or their keys differ.
    """
    first = bindings[0]
    for binding in bindings:
        if not keys_alike(binding.key, first.key):
            raise ConfigurationError(
                f"the keys of {_name_of(first)} and {_name_of(binding)} differ: "
                f"{_key_in_words(first)}, and {_key_in_words(binding)}; a topic has one kind of key"
            )
    codecs = tuple(binding.codec for binding in bindings)
    _by_name(codecs)
    return RecordsBinding(first.topic, codecs, first.key)


class DispatchingDeserializer(FramedDeserializer[T]):
    """Deserializes framed values as one of several types: the one with the writer schema's name.

    Aliases of a reader's type count as its names. A union is dispatched by its branch.

    Args:
        types: The types: generated classes, schemas or codecs, each a named type.
        registry: The registry client, which the caller closes.
        subject: As for :class:`~streamcontract.kafka.contract.serializers.ContractDeserializer`.
        framing: Likewise.
        rules_ignored: Likewise.

    Raises:
        ConfigurationError: A type has no name, or two have the same.
    """

    def __init__(
        self,
        types: Sequence[type[T] | Codec[T]],
        registry: SchemaRegistry,
        *,
        subject: str | None = None,
        framing: str | list[str] | OwnFraming | WireFormat = CONFLUENT,
        rules_ignored: Collection[str] = (),
    ) -> None:
        super().__init__(registry, subject=subject, framing=framing, rules_ignored=rules_ignored)
        codecs = tuple(each if isinstance(each, Codec) else Codec(each) for each in types)
        self._codecs = _by_name(codecs)

    def _is_own(self, writer: Schema) -> bool:
        forms = {codec.schema.canonical_form for codec in self._codecs.values()}
        return writer.canonical_form in forms

    def _compile(self, frame: Frame, writer: Schema) -> Callable[[bytes], T]:
        if isinstance(writer.root, UnionType):
            return self._branch_decoder(writer.root, frame.size)
        return self.codec_for(writer.root).decoder(writer, frame.size)

    def codec_for(self, writer: AvroType) -> Codec[T]:
        """The codec of the type with the writer's name."""
        name = writer.full_name if isinstance(writer, NamedType) else None
        codec = self._codecs.get(name or "")
        if codec is None:
            raise UnexpectedTypeError(name, tuple(self._codecs))
        return codec

    def _branch_decoder(self, union: UnionType, at: int) -> Callable[[bytes], T]:
        """Read a union's branch index, then the branch as the type of its name.

        Branches are prepared at their first use, so that an unused one that is not read is no
        error.
        """
        branch_of = self.branches(union, at)

        def decode(data: bytes) -> T:
            codec, schema, start = branch_of(data)
            return codec.decoder(schema, start)(data)

        return decode

    def branches(
        self, union: UnionType, at: int
    ) -> Callable[[bytes], tuple[Codec[T], Schema, int]]:
        """The function that finds codec, writer schema and start of a union's value.

        Args:
            union: The writer's type.
            at: Where the values begin.
        """
        branches = union.branches
        schemas: dict[int, tuple[Codec[T], Schema]] = {}

        def branch_of(data: bytes) -> tuple[Codec[T], Schema, int]:
            try:
                index, start = read_long(data, at)
            except (IndexError, Refused) as error:
                raise DecodeError((data_fault("value", error),)) from error
            if index not in schemas:
                if not 0 <= index < len(branches):
                    expected = f"the number of one of the {len(branches)} branches of a union"
                    raise DecodeError((DataFault("value", expected, index, has_value=True),))
                branch = branches[index]
                codec = self.codec_for(branch)
                text = json.dumps(inlined(branch))
                schemas[index] = codec, parse_schema(text, leniency=STORED)
            codec, schema = schemas[index]
            return codec, schema, start

        return branch_of


def _by_name(codecs: Sequence[Codec[T]]) -> dict[str, Codec[T]]:
    """Codecs by the full names that they read; a type's own name has precedence over aliases."""
    names: dict[str, Codec[T]] = {}
    aliases: dict[str, Codec[T]] = {}
    for codec in codecs:
        root = codec.schema.root
        if not isinstance(root, NamedType):
            raise ConfigurationError(
                "several types in one topic are distinguished by their names: each is a record, "
                "enum or fixed"
            )
        if root.full_name in names:
            raise ConfigurationError(f"two of the types to read are named {root.full_name}")
        names[root.full_name] = codec
        for alias in root.aliases:
            if alias in aliases:
                raise ConfigurationError(f"two of the types to read have the alias {alias}")
            aliases[alias] = codec
    return {**aliases, **names}


def _name_of(binding: Binding[Any]) -> str:
    return binding.codec.schema.name or "a type without a name"


def _key_in_words(binding: Binding[Any]) -> str:
    return (
        binding.key.expected
        if isinstance(binding.key, KeyCodec)
        else f"Avro of {binding.key.schema.inlined_json}"
    )
