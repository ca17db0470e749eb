"""Choice of the metadata columns of a batch: names of what a message has besides its value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from streamcontract.errors import ArgumentError, ConfigurationError
from streamcontract.guards import text

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "MetadataChoice",
    "MetadataName",
    "Tombstones",
    "checked_metadata",
    "require_apart",
]

MetadataName = Literal["key", "topic", "partition", "offset", "timestamp", "headers", "schema_id"]
"""A metadata column: a part of a message besides its value."""

MetadataChoice: TypeAlias = Sequence[MetadataName] | Mapping[MetadataName, str]
"""Metadata columns in their order; as a mapping, with the names of the columns."""

Tombstones = Literal["drop", "null"]
"""The treatment of messages without a value: left out, or rows of nulls."""

_NAMES: Final[tuple[str, ...]] = get_args(MetadataName)


def checked_metadata(given: object) -> dict[str, str]:
    """The names of the columns of the chosen metadata, in their order.

    Raises:
        ArgumentError: One is no metadata, or named twice.
    """
    if isinstance(given, Mapping):
        chosen, columns = list(given), list(given.values())
    elif isinstance(given, Sequence) and not isinstance(given, str):
        chosen = columns = list(given)  # under their own names
    else:
        raise ArgumentError("metadata", given, f"some of {', '.join(_NAMES)}")
    for each in chosen:
        if each not in _NAMES:
            raise ArgumentError("metadata", each, f"one of {', '.join(_NAMES)}")
    columns = [
        text(column, f"metadata[{name!r}]") for name, column in zip(chosen, columns, strict=True)
    ]
    if len(set(chosen)) < len(chosen) or len(set(columns)) < len(chosen):
        raise ArgumentError("metadata", given, "names, each once")
    return dict(zip(chosen, columns, strict=True))


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
