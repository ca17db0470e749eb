"""Skippers of the values of a type, as the native engines of records and of columns run them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, Generic, Protocol, TypeVar

from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    EnumType,
    FixedType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
)
from streamcontract.schema.sizes import FIXED_SIZES, is_empty, min_size

__all__ = ["Skips"]


class _Skipper(Protocol):
    """A class of an extension module; see ``codec/_native_skips.pxi``."""

    def fill(self, parts: tuple[Any, ...], /) -> None: ...


S = TypeVar("S", bound=_Skipper)

_MOST: Final = 2**63 - 1
"""More than any payload has: larger sizes need not be distinguished; an extension takes it."""
_NUMBER: Final = -1
_SIZED: Final = -2

_Plain = int | tuple[int, ...]
"""A value that holds no others: its size, or those of a union's branches."""


class Skips(Generic[S]):
    """Makes the skippers of types, each type's once.

    Args:
        make: What makes a skipper of a kind: ``"plain"`` with the sizes of values in a row, each a
            number of bytes, -1 for a number or -2 for a size and as many bytes, or a tuple of
            these, which are the branches of a union; ``"array"`` and ``"map"`` with the fewest
            bytes of an item; ``"union"``, ``"record"``, ``"fields"``.
    """

    def __init__(self, make: Callable[..., S]) -> None:
        self._make = make
        self._made: dict[int, S] = {}

    def fields(self, nodes: Iterable[AvroType]) -> S:
        """The skipper of fields in a row."""
        parts = self._parts(nodes)
        return parts[0] if len(parts) == 1 else self._filled(self._make("fields"), parts)

    def _parts(self, nodes: Iterable[AvroType]) -> tuple[S, ...]:
        """The skippers of fields, one for all plain ones in a row."""
        parts: list[S] = []
        row: list[_Plain] = []
        for node in nodes:
            plain = _plain_value(node)
            if plain is None:
                parts += [*self._plain(row), self._skipper(node)]
                row = []
                continue
            before = row[-1] if row else _NUMBER
            if isinstance(plain, tuple) or plain < 0:
                row.append(plain)
            elif isinstance(before, tuple) or before < 0:
                row += [plain] if plain else []
            else:
                row[-1] = min(before + plain, _MOST)
        return (*parts, *self._plain(row))

    def _plain(self, row: list[_Plain]) -> list[S]:
        return [self._make("plain", tuple(row))] if row else []

    def _skipper(self, node: AvroType) -> S:
        made = self._made.get(id(node))
        if made is None:
            made = self._made[id(node)] = self._make_skipper(node)
        return made

    def _make_skipper(self, node: AvroType) -> S:
        match node:
            case ArrayType():
                array = self._make("array", item_size=min_size(node.items))
                return self._filled(array, (self._skipper(node.items),))
            case MapType():
                mapping = self._make("map", item_size=1 + min_size(node.values))
                return self._filled(mapping, (self._skipper(node.values),))
            case UnionType() if _plain_value(node) is None:
                branches = tuple([self._skipper(branch) for branch in node.branches])
                return self._filled(self._make("union"), branches)
            case RecordType() if not is_empty(node):
                # Before its fields, which may lead back to it.
                record = self._made[id(node)] = self._make("record")
                return self._filled(record, self._parts(field.type for field in node.fields))
            case _:
                plain = _plain_value(node)
                return self._make("plain", () if plain == 0 else (plain,))

    def _filled(self, skipper: S, parts: tuple[S, ...]) -> S:
        skipper.fill(parts)
        return skipper


def _plain_value(node: AvroType) -> _Plain | None:
    """A value that holds no others, or a union of such, as skippers take it; else None."""
    if not isinstance(node, UnionType):
        return _plain_size(node)
    sizes = [_plain_size(branch) for branch in node.branches]
    branches = tuple([size for size in sizes if size is not None])
    return branches if len(branches) == len(sizes) else None


def _plain_size(node: AvroType) -> int | None:
    """The size of a value that is no union and holds no others; None for all others."""
    match node:
        case PrimitiveType(name="int" | "long") | EnumType():
            return _NUMBER
        case PrimitiveType(name="bytes" | "string"):
            return _SIZED
        case PrimitiveType():
            return FIXED_SIZES[node.name]
        case FixedType():
            return min(node.size, _MOST)
        case RecordType() if is_empty(node):
            return 0
        case _:
            return None
