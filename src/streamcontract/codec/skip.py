"""Skipper of writer fields that the reader does not have.

Skipped data are checked against the remaining bytes like data that are read, but build nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from streamcontract.codec.blocks import skip_block
from streamcontract.codec.emitter import DataEmitter
from streamcontract.codec.varint import skip_long
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

__all__ = ["Skipper"]

_KEY = PrimitiveType(name="string")


class Skipper:
    """Writes skipping code through an emitter."""

    def __init__(self, emitter: DataEmitter) -> None:
        self._emitter = emitter
        self._source = emitter.source
        self._source.namespace.update(skip_block=skip_block, skip_long=skip_long)

    def skip(self, node: AvroType) -> None:
        """Write code that skips one value of a type."""
        line = self._source.line
        match node:
            case PrimitiveType(name="null"):
                pass
            case PrimitiveType(name="int" | "long") | EnumType():
                line("pos = skip_long(data, pos)")
            case PrimitiveType(name="bytes" | "string"):
                line(f"pos += {self._emitter.size()}")
                line("if pos > end: cut_off()")
            case PrimitiveType():
                line(f"pos += {FIXED_SIZES[node.name]}")
            case FixedType():
                line(f"pos += {node.size}")
            case ArrayType() | MapType() if self._emitter.is_deep:
                name = self._emitter.function(node, "skip_value_", lambda: self._value(node))
                line(f"pos = {self._emitter.call(name, deeper=False)}")
            case ArrayType():
                with self._blocks(min_size(node.items)):
                    self.skip(node.items)
            case MapType():
                with self._blocks(1 + min_size(node.values)):
                    self.skip(_KEY)
                    self.skip(node.values)
            case UnionType():
                self._emitter.branch(node, lambda i: self.skip(node.branches[i]))
            case RecordType() if is_empty(node):
                pass
            case RecordType():
                name = self._emitter.function(node, "skip_record_", lambda: self._record(node))
                line(f"pos = {self._emitter.call(name)}")

    def _record(self, node: RecordType) -> None:
        self._emitter.check_depth()
        for field in node.fields:
            with self._emitter.at(repr(f".{field.name}")):
                self.skip(field.type)
        self._source.line("return pos")

    def _value(self, node: AvroType) -> None:
        self.skip(node)
        self._source.line("return pos")

    @contextmanager
    def _blocks(self, item_size: int) -> Iterator[None]:
        """A loop over the items of the blocks that do not give their size in bytes."""
        count = self._source.fresh("n")
        head = f"{count}, pos = skip_block(data, pos, end, {item_size})"
        self._source.line(head)
        with self._emitter.loop(f"while {count}:"):
            with self._source.block(f"for _ in range({count}):"):
                self._source.line("pass")
                yield
            self._source.line(head)
