"""Options of decoded columns: which there are, and forms of what Arrow has several for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs

from streamcontract.errors import ArgumentError

__all__ = ["ColumnOptions"]

_CHOICES: Final = {"tombstones": ("drop", "null"), "unions": ("struct", "dense")}


def _columns(value: Sequence[str] | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    names = () if isinstance(value, str) else tuple(value)
    is_text = all(isinstance(name, str) for name in names)
    if isinstance(value, str) or not is_text or len(set(names)) != len(names):
        raise ArgumentError("columns", value, "names of fields, each once")
    return names


def _one_of(_: ColumnOptions, attribute: attrs.Attribute[str], value: Any) -> None:
    allowed = _CHOICES[attribute.name]
    if value not in allowed:
        raise ArgumentError(attribute.name, value, " or ".join(map(repr, allowed)))


@attrs.frozen
class ColumnOptions:
    """Options that decide the Arrow schema; codecs keep a decoder for each.

    Attributes:
        columns: The fields of the record that become columns, in their order, or paths to fields
            inside them; None for all.
        tombstones: ``"drop"`` leaves tombstones out, ``"null"`` makes each a row of nulls.
        unions: Whether a union of several types is a ``"struct"`` or a ``"dense"`` union.

    Raises:
        ArgumentError: An option has none of its values.
    """

    columns: tuple[str, ...] | None = attrs.field(default=None, converter=_columns)
    tombstones: str = attrs.field(default="drop", validator=_one_of)
    unions: str = attrs.field(default="struct", validator=_one_of)
