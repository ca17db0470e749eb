"""Encoder of values in the binary encoding, with the choices that it leaves to writers.

The choices are those of "Binary Encoding" in the Avro 1.12 specification: arrays and maps have any
number of blocks, each of which may have its size in bytes; the items of a map have no order; and
"the two's-complement representation" of a decimal in bytes may start with any number of sign bytes.
Numbers have no choice: each example of a long there has the fewest bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import attrs

from streamcontract.codec.varint import long_bytes
from streamcontract.schema import (
    ArrayType,
    AvroType,
    EnumType,
    FixedType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
    branch_name,
)
from streamcontract.schema.logical import conversion

__all__ = ["Kind", "Token", "Writer", "plain"]

Kind = Literal["boolean", "int", "long", "text", "bytes", "symbol", "branch", "count", "other"]
Chooser = Callable[[int], int]


@attrs.frozen
class Token:
    """A part of the encoding with one meaning.

    Attributes:
        kind: The kind: ``"text"`` and ``"bytes"`` start with their length, ``"symbol"`` and
            ``"branch"`` are the indexes of an enum's symbol and of a union's branch, ``"count"``
            starts a block.
        start: The offset of its start.
        end: The offset of the next token.
        node: Its type.
    """

    kind: Kind
    start: int
    end: int
    node: AvroType


class Writer:
    """Writes one value.

    Args:
        choose: Picks one of a number of choices, counted from 0, which is the common choice of
        writers.

    Attributes:
        tokens: The written tokens, in order.
    """

    def __init__(self, choose: Chooser) -> None:
        self._choose = choose
        self._data = bytearray()
        self.tokens: list[Token] = []

    @property
    def data(self) -> bytes:
        """The bytes written so far."""
        return bytes(self._data)

    def write(self, node: AvroType, value: Any) -> None:
        """Write a value whose unions are tagged with the names of their branches."""
        match node:
            case RecordType():
                for field in node.fields:
                    self.write(field.type, value[field.name])
            case UnionType():
                name, inner = value
                index = [branch_name(branch) for branch in node.branches].index(name)
                self._put("branch", node, long_bytes(index))
                self.write(node.branches[index], inner)
            case EnumType():
                self._put("symbol", node, long_bytes(node.symbols.index(value)))
            case ArrayType():
                self._blocks(node, [(None, item) for item in value])
            case MapType():
                self._blocks(node, self._shuffled(list(value.items())))
            case _:
                self._leaf(node, value)

    def _put(self, kind: Kind, node: AvroType, data: bytes) -> None:
        start = len(self._data)
        self._data += data
        self.tokens.append(Token(kind, start, len(self._data), node))

    def _shuffled(self, items: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
        return [items.pop(self._choose(len(items))) for _ in range(len(items))]

    def _blocks(self, node: ArrayType | MapType, items: list[tuple[Any, Any]]) -> None:
        while items:
            count = len(items) - self._choose(len(items))
            block, items = items[:count], items[count:]
            if self._choose(2):
                self._sized_block(node, block)
            else:
                self._put("count", node, long_bytes(count))
                self._items(node, block)
        self._put("count", node, long_bytes(0))

    def _sized_block(self, node: ArrayType | MapType, block: list[tuple[Any, Any]]) -> None:
        inner = Writer(self._choose)
        inner._items(node, block)
        self._put("count", node, long_bytes(-len(block)) + long_bytes(len(inner._data)))
        start = len(self._data)
        self._data += inner._data
        for token in inner.tokens:
            self.tokens.append(
                attrs.evolve(token, start=start + token.start, end=start + token.end)
            )

    def _items(self, node: ArrayType | MapType, block: list[tuple[Any, Any]]) -> None:
        for key, item in block:
            if isinstance(node, MapType):
                self._leaf(_KEY, key)
                self.write(node.values, item)
            else:
                self.write(node.items, item)

    def _leaf(self, node: PrimitiveType | FixedType, value: Any) -> None:
        converted = conversion(node)
        raw = value if converted is None else converted.to_raw(value)
        if isinstance(node, FixedType):
            self._put("other", node, raw)
            return
        match node.name:
            case "null":
                pass
            case "boolean":
                self._put("boolean", node, bytes([raw]))
            case "int" | "long":
                self._put(node.name, node, long_bytes(raw))
            case "float" | "double":
                self._put("other", node, struct.pack(_LAYOUTS[node.name], raw))
            case "bytes":
                if node.logical is not None and node.logical.name == "decimal":
                    raw = (b"\xff" if raw[0] > 127 else b"\0") * self._choose(3) + raw
                self._put("bytes", node, long_bytes(len(raw)) + raw)
            case "string":
                text = raw.encode()
                self._put("text", node, long_bytes(len(text)) + text)


_KEY: Final = PrimitiveType(name="string")
_LAYOUTS: Final[Mapping[str, str]] = {"float": "<f", "double": "<d"}


def plain(node: AvroType, value: Any) -> Any:
    """A value without the tags of its unions.

    Example:
        >>> from streamcontract import parse_schema
        >>> plain(parse_schema(["null", {"type": "array", "items": ["int"]}]).root,
        ...       ("array", [("int", 1)]))
        [1]
    """
    match node:
        case RecordType():
            return {field.name: plain(field.type, value[field.name]) for field in node.fields}
        case UnionType():
            name, inner = value
            return plain(next(b for b in node.branches if branch_name(b) == name), inner)
        case ArrayType():
            return [plain(node.items, item) for item in value]
        case MapType():
            return {key: plain(node.values, item) for key, item in value.items()}
        case _:
            return value
