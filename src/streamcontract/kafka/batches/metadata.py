"""Metadata columns of a batch: what a message has besides its value.

Metadata are decoded as values are: each message's become one payload of a record, whose columns
stand beside those of the value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import attrs

from streamcontract.columns.layout import Column, columns_of
from streamcontract.columns.reader import Reader
from streamcontract.errors import ArgumentError, ConfigurationError
from streamcontract.guards import text
from streamcontract.kafka.contract.keys import KeyCodec
from streamcontract.schema import parse_schema
from streamcontract.schema.inline import inlined

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    from streamcontract.columns.reader import Portable
    from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer

__all__ = ["MetadataChoice", "MetadataName", "checked_metadata", "metadata_reader", "require_apart"]

MetadataName = Literal["key", "topic", "partition", "offset", "timestamp", "headers", "schema_id"]
"""A metadata column: a part of a message besides its value."""

if TYPE_CHECKING:
    MetadataChoice: TypeAlias = Sequence[MetadataName] | Mapping[MetadataName, str]
    """Metadata columns in their order; as a mapping, with the names of the columns."""

_NAMES: Final[tuple[str, ...]] = get_args(MetadataName)

_TYPES: Final[Mapping[str, Any]] = {
    "topic": "int",  # the index of a symbol
    "partition": "int",
    "offset": "long",
    "timestamp": ["null", "long"],  # as messages have it, also beyond Avro's years
    "headers": {
        "type": "array",
        "items": {
            "type": "record",
            "name": "header",
            "fields": [
                {"name": "key", "type": "string"},
                {"name": "value", "type": ["null", "bytes"]},
            ],
        },
    },
    "schema_id": ["null", "int"],
}
"""The Avro type of each metadata column; that of the key is the contract's."""


def checked_metadata(given: object) -> dict[str, str]:
    """The names of the columns of the chosen metadata, in their order.

    Raises:
        ArgumentError: One is no metadata, or named twice.
    """
    names = list(given.values()) if isinstance(given, Mapping) else given
    chosen = list(given) if isinstance(given, Sequence | Mapping) else None
    if isinstance(given, str) or chosen is None or not isinstance(names, Sequence):
        raise ArgumentError("metadata", given, f"some of {', '.join(_NAMES)}")
    for each in chosen:
        if each not in _NAMES:
            raise ArgumentError("metadata", each, f"one of {', '.join(_NAMES)}")
    columns = {
        name: text(column, f"metadata[{name!r}]")
        for name, column in zip(chosen, names, strict=True)
    }
    if len(set(columns)) < len(chosen) or len(set(columns.values())) < len(chosen):
        raise ArgumentError("metadata", given, "names, each once")
    return columns


def require_apart(metadata: Mapping[str, str], fields: Iterable[str], what: str) -> None:
    """Check that no metadata column has the name of a value's column.

    Args:
        metadata: The names of the metadata columns.
        fields: Those of the value.
        what: The name of the value's type.

    Raises:
        ConfigurationError: One has.
    """
    taken = set(fields)
    for name, column in metadata.items():
        if column in taken:
            raise ConfigurationError(
                f"{what} has a column {column!r}, and so have its metadata: name that of the "
                f"metadata as in metadata={{{name!r}: 'message_{column}'}}, or leave the field out "
                f"with columns="
            )


def metadata_reader(
    metadata: Mapping[str, str], topic: TopicDeserializer[Any], portable: Portable
) -> Reader:
    """The reader of metadata's payloads, whose columns have the given names.

    Args:
        metadata: The names of the columns, in their order; the key's only if that is text or bytes.
        topic: Deserializes the messages.
        portable: The codec's part.
    """
    types = dict(_TYPES)
    if isinstance(topic.key, KeyCodec):
        types["key"] = ["null", inlined(topic.key.node)]
    fields = [{"name": name, "type": types[name]} for name in metadata]
    schema = parse_schema({"type": "record", "name": "metadata", "fields": fields})
    batch = columns_of(schema.root, portable.path)
    children = tuple(
        _shaped(column, metadata[column.name], topic.topic) for column in batch.children
    )
    return Reader(schema, attrs.evolve(batch, children=children), portable)


def _shaped(column: Column, name: str, topic: str) -> Column:
    """The column by its name, and in the type that its numbers stand for."""
    match column.name:
        case "topic":
            return attrs.evolve(column, name=name, symbols=(topic,))
        case "timestamp":
            return attrs.evolve(column, name=name, format="tsm:UTC")
    return attrs.evolve(column, name=name)
