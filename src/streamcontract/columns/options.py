"""Options of decoded columns: which there are, and forms of what Arrow has several for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from streamcontract.errors import ArgumentError

__all__ = ["ColumnOptions"]

_TOMBSTONES: Final = ("drop", "null")


def _columns(value: Sequence[str] | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, str) or len(set(value)) != len(value):
        raise ArgumentError("columns", value, "names of fields, each once")
    return tuple(value)


@attrs.frozen
class ColumnOptions:
    """Options that decide the Arrow schema; codecs keep a decoder for each.

    Attributes:
        columns: The fields of the record that become columns, in their order; None for all.
        tombstones: ``"drop"`` leaves tombstones out, ``"null"`` makes each a row of nulls.

    Raises:
        ArgumentError: An option has none of its values.
    """

    columns: tuple[str, ...] | None = attrs.field(default=None, converter=_columns)
    tombstones: str = attrs.field(default="drop")

    @tombstones.validator
    def _check(self, attribute: attrs.Attribute[str], value: str) -> None:
        if value not in _TOMBSTONES:
            raise ArgumentError(attribute.name, value, " or ".join(map(repr, _TOMBSTONES)))
