"""Compiler of a writer schema into Python functions that encode its values ("Binary Encoding").

The same generator makes two forms. The fast one stops at the first fault. The explaining one runs
only after that, on the same value: it catches each refusal, notes it with its path, and continues
to find them all.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final

from streamcontract.codec import leaves
from streamcontract.codec.bindings import Bindings
from streamcontract.codec.branches import Branches
from streamcontract.codec.emitter import Emitter
from streamcontract.codec.limits import DEFAULT_LIMITS, Limits
from streamcontract.codec.refusal import Refused, data_fault
from streamcontract.codec.source import GeneratedCode
from streamcontract.codec.together import encoded_together
from streamcontract.codec.varint import PAIRS, SIGNED, SIGNED_LIMIT, TABLE, long_bytes
from streamcontract.codec.wide_records import MOST_WRITTEN_OUT, NO_DEFAULT, write_wide
from streamcontract.errors import DataFault
from streamcontract.schema.default_bytes import default_bytes
from streamcontract.schema.logical import conversion
from streamcontract.schema.model import (
    INTEGER_LIMITS,
    ArrayType,
    AvroType,
    EnumType,
    Field,
    FixedType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
)
from streamcontract.schema.schema import Schema
from streamcontract.schema.sizes import FLOAT_LAYOUTS, min_size

__all__ = ["compile_encoder", "compile_explainer"]

Fail = Callable[[Any, BaseException], None]


def compile_encoder(
    schema: Schema, bindings: Bindings, fail: Fail, limits: Limits = DEFAULT_LIMITS
) -> Callable[[bytes], Callable[[Any], bytes]]:
    """Make the function that, for a prefix, returns the function that encodes a value after it.

    ``fail`` is called with the value and the refusal; it raises the error for the user.
    """
    writer = _EncoderGenerator(schema, bindings, limits, explain=False)
    writer.source.namespace["fail"] = fail
    return writer.compile("encoder")  # type: ignore[no-any-return]


def compile_explainer(
    schema: Schema, bindings: Bindings, limits: Limits
) -> Callable[[Any, str], list[DataFault]]:
    """Make the function that returns every fault of a value, with paths below a root path."""
    writer = _EncoderGenerator(schema, bindings, limits, explain=True)
    return writer.compile("explain")  # type: ignore[no-any-return]


def as_list(value: object) -> list[Any]:
    """A ``list``; a tuple would be decoded as another type, and may be a tagged branch."""
    if isinstance(value, list):
        return value
    raise Refused("a list", value)


def as_dict(value: object) -> dict[Any, Any]:
    """A ``dict``, without the behaviour a subclass may add."""
    if isinstance(value, dict):
        return dict(value)
    raise Refused("a dict", value)


def unknown_fields(value: dict[Any, Any], names: frozenset[str], record: str) -> list[Refused]:
    """One refusal for each key that is no field."""
    return [
        Refused(f"only the fields of {record}: {', '.join(sorted(names))}", key)
        for key in value
        if key not in names
    ]


_PIECE: Final = 1_024
"""Items whose encodings become one, so that no list holds all the small ones of a long value."""


def in_pieces(items: Iterable[Any], write: Any) -> Iterator[list[Any]]:
    """Pieces of items; what was written of one is joined when the next is asked for."""
    parts, rest = write.__self__, iter(items)
    while piece := list(islice(rest, _PIECE)):
        begun = len(parts)
        yield piece
        parts[begun:] = [b"".join(parts[begun:])]


_GLOBALS: dict[str, Any] = {
    "MISSING": object(),
    "PAIRS": PAIRS,
    "Refused": Refused,
    "SIGNED": SIGNED,
    "TABLE": TABLE,
    "as_dict": as_dict,
    "as_list": as_list,
    "data_fault": data_fault,
    "in_pieces": in_pieces,
    "long_bytes": long_bytes,
    "unknown_fields": unknown_fields,
    **{name: getattr(leaves, name) for name in leaves.__all__},
}


class _EncoderGenerator:
    """Generates the functions for one schema; ``x`` names the variable that holds the value."""

    def __init__(
        self, schema: Schema, bindings: Bindings, limits: Limits, *, explain: bool
    ) -> None:
        self.source = GeneratedCode()
        self.source.namespace.update(_GLOBALS)
        self._emitter = Emitter(
            self.source,
            head="x, w",
            caught="faults.append(data_fault({path}, error))",
            carried=", faults",
            explain=explain,
        )
        self._schema = schema
        self._bindings = bindings
        self._limits = limits
        self._explain = explain
        self._branches = Branches(bindings)

    def compile(self, name: str) -> Any:
        self._emitter.define("write_root", self._root)
        self._emitter.finish()
        self._entry_points()
        return self.source.compile()[name]

    def _root(self) -> None:
        with self._emitter.at():
            self._node(self._schema.root, "x")

    def _entry_points(self) -> None:
        line, block = self.source.line, self.source.block
        most = self._limits.empty_items
        if self._explain:
            with block("def explain(x, path):"):
                line("faults = []")
                line(f"write_root(x, [].append, 0, [{most}], path, faults)")
                line("return faults")
            return
        root = self._schema.root
        write = self._function(root) if isinstance(root, RecordType) else "write_root"
        with block("def encoder(prefix):"):
            with block("def encode(x):"):
                line("parts = [prefix]")
                with block("try:"):
                    line(f"{write}(x, parts.append, 0, [{most}])")
                with block("except REFUSALS as error:"):
                    line("fail(x, error)")
                line("return b''.join(parts)")
            line("return encode")

    # ---- records

    def _function(self, node: RecordType) -> str:
        return self._emitter.function(node, "write_record_", lambda: self._record(node))

    def _record(self, node: RecordType) -> None:
        bound = self._bindings.record(node)
        most = self._limits.depth
        self.source.line(f"if depth > {most}: refuse('nested at most {most} deep', x)")
        if bound is None:
            self._dict_prologue(node)
            values = [f"x[{field.name!r}]" for field in node.fields]
        else:
            cls, attributes = bound
            kind = self.source.bind(cls, "cls")
            expected = f"{cls.__module__}.{cls.__qualname__}"
            self.source.line(
                f"if x.__class__ is not {kind} and not isinstance(x, {kind}): "
                f"refuse({expected!r}, x)"
            )
            values = [f"x.{attribute}" for attribute in attributes]
        if len(node.fields) > MOST_WRITTEN_OUT:
            write_wide(self._emitter, node, None if bound is None else attributes, self._node)
        else:
            self._fields(node, values, plain=bound is None)

    def _dict_prologue(self, node: RecordType) -> None:
        line = self.source.line
        names = self.source.bind(frozenset(field.name for field in node.fields), "names")
        # A copy, here too, so that all fields are from the same moment.
        line("x = dict(x) if x.__class__ is dict else as_dict(x)")
        # With as many keys as fields and no defaults, an unknown key implies a missing one.
        known = (
            f"x.keys() <= {names}"
            if self._explain or any(field.has_default for field in node.fields)
            else f"len(x) == {len(node.fields)}"
        )
        loop = f"for error in unknown_fields(x, {names}, {node.full_name!r}):"
        with self.source.block(f"if not ({known}):"), self.source.block(loop):
            if self._explain:
                line("faults.append(data_fault(path + f'.{error.value}', error))")
            else:
                line("raise error")

    def _fields(self, node: RecordType, values: list[str], *, plain: bool) -> None:
        fields = list(zip(node.fields, values, strict=True))
        while fields:
            run = [] if self._explain or plain else _float_run(field for field, _ in fields)
            if len(run) > 1:
                self._floats(run, [value for _, value in fields[: len(run)]])
                del fields[: len(run)]
                continue
            field, value = fields.pop(0)
            with self._emitter.at(repr(f".{field.name}")):
                self._field(field, value, plain=plain)

    def _field(self, field: Field, value: str, *, plain: bool) -> None:
        x = self.source.fresh("x")
        if not plain:
            self.source.line(f"{x} = {value}")
            self._node(field.type, x)
            return
        self.source.line(f"{x} = x.get({field.name!r}, MISSING)")
        with self.source.block(f"if {x} is MISSING:"):
            if field.has_default:
                encoded = self.source.bind(default_bytes(field), "default")
                self.source.line(f"w({encoded})")
            else:
                self.source.line(f"raise Refused({NO_DEFAULT!r})")
        with self.source.block("else:"):
            self._node(field.type, x)

    def _floats(self, run: list[str], values: list[str]) -> None:
        """Pack consecutive floating-point fields in one call."""
        xs = [self.source.fresh("x") for _ in run]
        for x, value in zip(xs, values, strict=True):
            self.source.line(f"{x} = {value}")
        pack = self.source.bind(_packer("<" + "".join(FLOAT_LAYOUTS[name] for name in run)), "pack")
        exact = " and ".join(f"{x}.__class__ is float" for x in xs)
        self.source.line(f"if {exact}: w({pack}({', '.join(xs)}))")
        checked = ", ".join(f"as_{name}({x})" for name, x in zip(run, xs, strict=True))
        self.source.line(f"else: w({pack}({checked}))")

    # ---- every other type

    def _node(self, node: AvroType, x: str) -> None:
        match node:
            case RecordType():
                self.source.line(self._emitter.call(self._function(node), f"{x}, w"))
            case PrimitiveType() | FixedType():
                self._leaf(node, x)
            case EnumType():
                self._enum(node, x)
            case ArrayType() | MapType() if self._emitter.is_deep:
                name = self._emitter.function(node, "write_value_", lambda: self._node(node, "x"))
                self.source.line(self._emitter.call(name, f"{x}, w", deeper=False))
            case ArrayType():
                self._array(node, x)
            case MapType():
                self._map(node, x)
            case UnionType():
                self._union(node, x)

    def _leaf(self, node: PrimitiveType | FixedType, x: str) -> None:
        line = self.source.line
        converted = conversion(node)
        if converted is not None:
            line(f"{x} = {self.source.bind(converted.to_raw, 'to_raw')}({x})")
        checked = converted is not None
        if isinstance(node, FixedType):
            if not checked:
                self._check(x, f"bytes or len({x}) != {node.size}", f"as_fixed({x}, {node.size})")
            line(f"w({x})")
            return
        match node.name:
            case "null":
                line(f"if {x} is not None: refuse_null({x})")
            case "boolean":
                line(
                    f"w(b'\\1' if {x} is True else b'\\0' if {x} is False else refuse_boolean({x}))"
                )
            case "int" | "long":
                self._integer(node.name, x, checked=checked)
            case "float" | "double":
                self._check(x, "float", f"as_{node.name}({x})")
                line(f"w({self.source.bind(_packer('<' + FLOAT_LAYOUTS[node.name]), 'pack')}({x}))")
            case "string":
                if not checked:
                    self._check(x, "str", f"as_text({x})")
                self._sized(f"{x}.encode()")
            case "bytes":
                if not checked:
                    self._check(x, "bytes", f"as_bytes({x})")
                self._sized(x)

    def _check(self, x: str, exact: str, otherwise: str) -> None:
        if self._explain:
            self.source.line(f"{x} = {otherwise}")
        else:
            self.source.line(f"if {x}.__class__ is not {exact}: {x} = {otherwise}")

    def _integer(self, name: str, x: str, *, checked: bool) -> None:
        line, n = self.source.line, self.source.fresh("n")
        is_short = f"-{SIGNED_LIMIT} <= {x} < {SIGNED_LIMIT}"
        is_exact = "" if checked else f"{x}.__class__ is int and "
        line(f"if {is_exact}{is_short}: w(SIGNED[{x}])")
        with self.source.block("else:"):
            if not checked:
                low, high = INTEGER_LIMITS[name]
                self._check(x, f"int or not {low} <= {x} <= {high}", f"as_{name}({x})")
            line(f"{n} = ({x} << 1) ^ ({x} >> 63)")
            pair = f"PAIRS[{n} & 16383] + TABLE[{n} >> 14] if 16383 < {n} < 268435456"
            line(f"w({pair} else long_bytes({x}))")

    def _sized(self, data: str) -> None:
        b, n = self.source.fresh("b"), self.source.fresh("n")
        self.source.line(f"{b} = {data}")
        self.source.line(f"{n} = len({b})")
        self.source.line(f"w(SIGNED[{n}] if {n} < {SIGNED_LIMIT} else long_bytes({n}))")
        self.source.line(f"w({b})")

    def _enum(self, node: EnumType, x: str) -> None:
        members = self._bindings.enum(node)
        codes = {symbol: long_bytes(i) for i, symbol in enumerate(node.symbols)}
        table = self.source.bind(codes, "symbols")
        if members is None:
            expected = f"a symbol of {node.full_name}: {', '.join(node.symbols)}"
            kind, symbol = "str", f"str.__str__({x})"
            self.source.line(
                f"if not isinstance({x}, str) or {x} not in {table}: refuse({expected!r}, {x})"
            )
        else:
            cls = type(next(iter(members.values())))
            kind, symbol = self.source.bind(cls, "cls"), f"{x}._value_"
            expected = f"a member of {cls.__module__}.{cls.__qualname__}"
            self.source.line(f"if {x}.__class__ is not {kind}: refuse({expected!r}, {x})")
        self.source.line(f"w({table}[{symbol}])")

    def _array(self, node: ArrayType, x: str) -> None:
        item, i = self.source.fresh("x"), self.source.fresh("i")
        self._check(x, "list", f"as_list({x})")
        with self.source.block(f"if {x}:"):
            self._own(x, "list")
            if min_size(node.items) == 0:
                self.source.line(f"budget[0] -= len({x})")
                most = self._limits.empty_items
                expected = f"at most {most} items of no bytes in one message"
                self.source.line(f"if budget[0] < 0: refuse({expected!r}, len({x}))")
            self.source.line(f"w(long_bytes(len({x})))")
            with encoded_together(self._emitter, node.items, x), self._pieces(x, x) as piece:
                head = f"for {item} in {piece}:"
                if self._explain:
                    head = f"for {i}, {item} in enumerate({x}):"
                with self._emitter.loop(head), self._emitter.at(f"f'[{{{i}}}]'"):
                    self._node(node.items, item)
        self.source.line("w(b'\\0')")

    def _map(self, node: MapType, x: str) -> None:
        key, item = self.source.fresh("k"), self.source.fresh("x")
        self._check(x, "dict", f"as_dict({x})")
        with self.source.block(f"if {x}:"):
            self._own(x, "dict")
            self.source.line(f"w(long_bytes(len({x})))")
            with (
                self._pieces(f"{x}.items()", x) as piece,
                self._emitter.loop(f"for {key}, {item} in {piece}:"),
                self._emitter.at(f"f'[{{{key}!r}}]'"),
            ):
                self._check(key, "str", f"as_text({key})")
                self._sized(f"{key}.encode()")
                self._node(node.values, item)
        self.source.line("w(b'\\0')")

    @contextmanager
    def _pieces(self, items: str, x: str) -> Iterator[str]:
        """A loop over pieces of what is long; what is written inside goes over one of them."""
        if self._explain:
            yield items
            return
        piece = self.source.fresh("p")
        whole = f"({items},) if len({x}) <= {_PIECE} else in_pieces({items}, w)"
        with self.source.block(f"for {piece} in {whole}:"):
            yield piece

    def _own(self, x: str, kind: str) -> None:
        """Continue with a copy: another thread may change the container and so its count."""
        self.source.line(f"{x} = {kind}({x})")

    # ---- unions

    def _union(self, node: UnionType, x: str) -> None:
        i = self.source.fresh("i")
        sole = self.source.bind(self._branches.by_class(node), "branches")
        pick = self.source.bind(self._branches.picker(node), "pick")
        self.source.line(f"{i} = {sole}.get({x}.__class__)")
        self.source.line(f"if {i} is None: {i}, {x} = {pick}({x})")
        for index, branch in enumerate(node.branches):
            with self.source.block(f"{'el' if index else ''}if {i} == {index}:"):
                self.source.line(f"w({long_bytes(index)!r})")
                self._node(branch, x)


def _float_run(fields: Iterator[Field]) -> list[str]:
    """The names of the float and double types of the next consecutive fields."""
    run: list[str] = []
    for field in fields:
        node = field.type
        if not isinstance(node, PrimitiveType) or node.name not in FLOAT_LAYOUTS:
            break
        run.append(node.name)
    return run


def _packer(layout: str) -> Callable[..., bytes]:
    return struct.Struct(layout).pack
