"""Compiler of a Plan into Python functions that decode the writer's data.

As with encoding, one generator makes two forms: the fast one, and an explaining one that runs on
the same bytes after a refusal and knows the path. Every count and size in the data is checked
against the remaining bytes before anything is built from it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import attrs

from streamcontract.codec.bindings import Bindings
from streamcontract.codec.blocks import block
from streamcontract.codec.emitter import DataEmitter
from streamcontract.codec.limits import DEFAULT_LIMITS, Limits
from streamcontract.codec.plain_classes import is_plain
from streamcontract.codec.refusal import Refused, Unresolvable, data_fault
from streamcontract.codec.rescale import rescaler
from streamcontract.codec.skip import Skipper
from streamcontract.codec.source import GeneratedCode
from streamcontract.codec.together import decoded_together
from streamcontract.codec.varint import LONGS, int_from_third, long_from_third
from streamcontract.codec.wide_records import (
    MOST_WRITTEN_OUT,
    WideReader,
    build_wide,
    name_of,
)
from streamcontract.errors import DataFault
from streamcontract.resolution import (
    Action,
    Fail,
    Fault,
    FieldStep,
    IntoUnion,
    ReadArray,
    ReadEnum,
    ReadFixed,
    ReadMap,
    ReadPrimitive,
    ReadRecord,
    ReadUnion,
    resolve_types,
)
from streamcontract.schema.default_bytes import default_bytes
from streamcontract.schema.logical import conversion
from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    Field,
    MapType,
    RecordType,
    UnionType,
    branch_name,
)
from streamcontract.schema.sizes import FIXED_SIZES, FLOAT_LAYOUTS, min_size

__all__ = ["compile_decoder", "compile_locator", "default_of"]


def compile_decoder(
    root: Action,
    bindings: Bindings,
    fail: Callable[[bytes, BaseException], None],
    *,
    start: int = 0,
    tag_unions: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> Callable[[bytes], Any]:
    """Make the function that decodes the bytes after ``start``.

    ``fail`` is called with the bytes and the refusal; it raises the error for the user.
    """
    reader = _DecoderGenerator(bindings, limits, explain=False, tag_unions=tag_unions)
    reader.source.namespace["fail"] = fail
    return reader.compile(root, start)  # type: ignore[no-any-return]


def compile_locator(
    root: Action, bindings: Bindings, *, start: int, tag_unions: bool, limits: Limits
) -> Callable[[bytes, str], Any]:
    """Make the function that decodes, and raises :class:`Located` on a fault, with its path."""
    reader = _DecoderGenerator(bindings, limits, explain=True, tag_unions=tag_unions)
    return reader.compile(root, start)  # type: ignore[no-any-return]


def unresolvable(faults: tuple[Fault, ...], what: str) -> None:
    """Refuse data that need a part of the plan with a fault."""
    raise Unresolvable(faults, what)


def check_end(pos: int, end: int) -> None:
    """Refuse data with bytes left over, or missing."""
    if pos > end:
        raise IndexError
    left = end - pos
    raise Refused(f"the end of the data, but {left} byte{'s are' if left > 1 else ' is'} left over")


def to_float(number: int) -> float:
    """Promote an integer to a float of 32 bits."""
    (value,) = struct.unpack("<f", struct.pack("<f", number))
    return float(value)


_GLOBALS: dict[str, Any] = {
    "LONGS": LONGS,
    "block": block,
    "check_end": check_end,
    "int_from_third": int_from_third,
    "long_from_third": long_from_third,
    "new": object.__new__,
    "to_float": to_float,
    "unresolvable": unresolvable,
}


class _DecoderGenerator:
    """Generates the functions for one plan; ``x`` names the variable that takes the value."""

    def __init__(
        self, bindings: Bindings, limits: Limits, *, explain: bool, tag_unions: bool
    ) -> None:
        self.source = GeneratedCode()
        self.source.namespace.update(_GLOBALS)
        self._emitter = DataEmitter(self.source, limits, explain=explain)
        self._skipper = Skipper(self._emitter)
        self._bindings = bindings
        self._limits = limits
        self._explain = explain
        self._tag_unions = tag_unions

    def compile(self, root: Action, start: int) -> Any:
        line, block = self.source.line, self.source.block
        with block("def decode(data, path):" if self._explain else "def decode(data):"):
            most = self._limits.empty_items
            line(f"pos, end, depth, budget = {start}, len(data), 0, [{most}, {most}]")
            with block("try:"):
                if isinstance(root, ReadRecord):
                    # In place: one call less for every message.
                    line(f"x = {self._record_body(root)}")
                else:
                    self._action(root, "x")
                line("if pos != end: check_end(pos, end)")
            with block("except REFUSALS as error:"):
                line("raise Located(path, error)" if self._explain else "fail(data, error)")
            line("return x")
        self._emitter.finish()
        return self.source.compile()["decode"]

    def _action(self, action: Action, x: str) -> None:
        match action:
            case ReadPrimitive():
                self._primitive(action, x)
            case ReadFixed():
                self._slice(x, str(action.writer.size))
                self._convert(action, x)
            case ReadEnum():
                self._enum(action, x)
            case ReadArray() | ReadMap() if self._emitter.is_deep:
                name = self._emitter.function(action, "read_value_", lambda: self._pair(action))
                self.source.line(f"{x}, pos = {self._emitter.call(name, deeper=False)}")
            case ReadArray():
                self._array(action, x)
            case ReadMap():
                self._map(action, x)
            case ReadRecord():
                name = self._emitter.function(action, "read_record_", lambda: self._record(action))
                self.source.line(f"{x}, pos = {self._emitter.call(name)}")
            case ReadUnion():
                self._emitter.branch(action.writer, lambda i: self._action(action.branches[i], x))
            case IntoUnion():
                self._action(action.action, x)
                if self._tag_unions:
                    name = branch_name(action.reader.branches[action.branch])
                    self.source.line(f"{x} = ({name!r}, {x})")
            case Fail():
                self._unresolvable(action.faults)

    def _unresolvable(self, faults: tuple[Fault, ...]) -> None:
        what = "; ".join(f"{fault.rule}, {fault.detail}" for fault in faults)
        name = self.source.bind(faults, "faults")
        self.source.line(f"unresolvable({name}, {'cannot be resolved: ' + what!r})")

    # ---- records

    def _record(self, action: ReadRecord) -> None:
        self._emitter.check_depth()
        self.source.line(f"return {self._record_body(action)}, pos")

    def _record_body(self, action: ReadRecord) -> str:
        """Read the fields; return the expression of the record."""
        if action.faults:
            self._unresolvable(action.faults)
            return "None"
        if max(len(action.steps), len(action.reader.fields)) > MOST_WRITTEN_OUT:
            wide = WideReader(self._emitter, self._step, self._default_at)
            xs = wide.values(action)
            return build_wide(self.source, action.reader, self._bindings.record(action.reader), xs)
        targets = [self.source.fresh("f") for _ in action.reader.fields]
        self._steps(action, targets)
        for index in action.defaults:
            self._default_at(action.reader.fields[index], targets[index])
        return self._build(action.reader, targets)

    def _build(self, node: RecordType, targets: list[str]) -> str:
        bound = self._bindings.record(node)
        if bound is None:
            pairs = zip(node.fields, targets, strict=True)
            return f"{{{', '.join(f'{field.name!r}: {target}' for field, target in pairs)}}}"
        cls, names = bound
        kind = self.source.bind(cls, "cls")
        if not is_plain(cls):
            arguments = ", ".join(
                f"{attribute.alias}={target}"
                for attribute, target in zip(attrs.fields(cls), targets, strict=True)
            )
            return f"{kind}({arguments})"
        # The __init__ of a frozen class does just this, but slower.
        record = self.source.fresh("r")
        self.source.line(f"{record} = new({kind})")
        for name, target in zip(names, targets, strict=True):
            # Kept in the namespace: each look-up of a slot makes a new method-wrapper.
            put = self.source.fresh("set")
            self.source.namespace[put] = getattr(cls, name).__set__
            self.source.line(f"{put}({record}, {target})")
        return record

    def _steps(self, action: ReadRecord, targets: list[str]) -> None:
        steps = list(action.steps)
        while steps:
            run = [] if self._explain else _float_run(steps)
            if len(run) > 1:
                layout = struct.Struct("<" + "".join(FLOAT_LAYOUTS[name] for name, _ in run))
                unpack = self.source.bind(layout.unpack_from, "unpack")
                names = ", ".join(targets[target] for _, target in run)
                self.source.line(f"{names} = {unpack}(data, pos)")
                self.source.line(f"pos += {layout.size}")
                del steps[: len(run)]
                continue
            step = steps.pop(0)
            with self._emitter.at(repr(f".{name_of(action, step)}")):
                self._step(step, "" if step.target is None else targets[step.target])

    def _step(self, step: FieldStep, x: str) -> None:
        if step.action is None:
            self._skipper.skip(step.field.type)
        else:
            self._action(step.action, x)

    def _default_at(self, field: Field, x: str) -> None:
        with self._emitter.at(repr(f".{field.name}")):
            self._default(field, x)

    def _default(self, field: Field, x: str) -> None:
        shared = default_of(field, self._bindings, tag_unions=self._tag_unions)
        if shared is not None:
            value, broken = shared
            if broken is not None:
                expected = f"a default that can be used, {broken.expected}"
                self.source.line(f"refuse({expected!r}, {self.source.bind(field.default, 'json')})")
            else:
                self.source.line(f"{x} = {self.source.bind(value, 'default')}")
            return
        # Lists, maps and records are decoded again for each record, so that no two share one.
        action = resolve_types(field.type, field.type)
        name = self._emitter.function(field, "read_default_", lambda: self._value(action))
        path = f", {self._emitter.path}" if self._explain else ""
        encoded = default_bytes(field)
        data = self.source.bind(encoded, "default")
        self.source.line(f"{x} = {name}({data}, 0, {len(encoded)}, depth, budget{path})")

    def _pair(self, action: Action) -> None:
        self._action(action, "x")
        self.source.line("return x, pos")

    def _value(self, action: Action) -> None:
        self._action(action, "x")
        self.source.line("return x")

    # ---- primitives and fixed

    def _integer(self, x: str, kind: str) -> None:
        line, second = self.source.line, self.source.fresh("b")
        line(f"{x} = data[pos]")
        line(f"if {x} < 128: {x} = LONGS[{x}]; pos += 1")
        with self.source.block("else:"):
            line(f"{second} = data[pos + 1]")
            line(f"if {second} < 128: {x} = LONGS[{x} + ({second} << 7)]; pos += 2")
            line(f"else: {x}, pos = {kind}_from_third(data, pos, {x} + ({second} << 7))")

    def _slice(self, x: str, size: str, suffix: str = "") -> None:
        stop = self.source.fresh("e")
        self.source.line(f"{stop} = pos + {size}")
        self.source.line(f"if {stop} > end: cut_off()")
        self.source.line(f"{x} = data[pos:{stop}]{suffix}")
        self.source.line(f"pos = {stop}")

    def _primitive(self, action: ReadPrimitive, x: str) -> None:
        line, writer, reader = self.source.line, action.writer.name, action.reader.name
        match writer:
            case "null":
                line(f"{x} = None")
            case "boolean":
                line(f"{x} = data[pos]")
                line("pos += 1")
                line(f"if {x} > 1: refuse('a boolean, byte 0 or 1', {x})")
                line(f"{x} = {x} == 1")
            case "int" | "long":
                self._integer(x, writer)
                if reader == "double":
                    line(f"{x} = float({x})")
                elif reader == "float":
                    line(f"{x} = to_float({x})")
            case "float" | "double":
                unpack = struct.Struct("<" + FLOAT_LAYOUTS[writer]).unpack_from
                line(f"{x}, = {self.source.bind(unpack, 'unpack')}(data, pos)")
                line(f"pos += {FIXED_SIZES[writer]}")
            case "bytes" | "string":
                self._slice(x, self._emitter.size(), ".decode()" if reader == "string" else "")
        self._convert(action, x)

    def _convert(self, action: ReadPrimitive | ReadFixed, x: str) -> None:
        if action.rescale is not None:
            rescale = rescaler(action.reader, action.rescale)
            self.source.line(f"{x} = {self.source.bind(rescale, 'rescale')}({x})")
        converted = conversion(action.reader)
        if converted is None:
            return
        if converted.fast_from_raw is not None and not self._explain:
            expression, builtin = converted.fast_from_raw
            self.source.line(f"{x} = {expression.format(x, self.source.bind(builtin, 'make'))}")
        else:
            self.source.line(f"{x} = {self.source.bind(converted.from_raw, 'from_raw')}({x})")

    # ---- enums, arrays, maps, unions

    def _enum(self, action: ReadEnum, x: str) -> None:
        members = self._bindings.enum(action.reader)
        values = tuple(
            symbol if members is None or symbol is None else members[symbol]
            for symbol in action.symbols
        )
        self._integer(x, "int")
        expected = f"the index of a symbol of {action.writer.full_name}, 0 to {len(values) - 1}"
        self.source.line(f"if not 0 <= {x} < {len(values)}: refuse({expected!r}, {x})")
        self.source.line(f"{x} = {self.source.bind(values, 'symbols')}[{x}]")
        if action.fault is not None:
            with self.source.block(f"if {x} is None:"):
                self._unresolvable((action.fault,))

    def _array(self, action: ReadArray, x: str) -> None:
        add, item = self.source.fresh("add"), self.source.fresh("x")

        def numbers(count: str) -> AbstractContextManager[None]:
            return decoded_together(self._emitter, action.items, count, x)

        self.source.line(f"{x} = []")
        self.source.line(f"{add} = {x}.append")
        with self._blocks(min_size(action.writer.items), numbers):
            with self._emitter.at(f"f'[{{len({x})}}]'"):
                self._action(action.items, item)
            self.source.line(f"{add}({item})")

    def _map(self, action: ReadMap, x: str) -> None:
        key, item = self.source.fresh("k"), self.source.fresh("x")
        self.source.line(f"{x} = {{}}")
        with self._blocks(1 + min_size(action.writer.values)):
            with self._emitter.at(f"f'[key {{len({x})}}]'"):
                self._slice(key, self._emitter.size(), ".decode()")
                self.source.line(f"if {key} in {x}: refuse('each key once', {key})")
            with self._emitter.at(f"f'[{{{key}!r}}]'"):
                self._action(action.values, item)
            self.source.line(f"{x}[{key}] = {item}")

    @contextmanager
    def _blocks(
        self, item_size: int, together: Callable[[str], AbstractContextManager[Any]] = nullcontext
    ) -> Iterator[None]:
        """A loop over the items of all blocks, each block checked against the remaining bytes."""
        count, stop = self.source.fresh("n"), self.source.fresh("e")
        head = f"{count}, pos, {stop} = block(data, pos, end, {item_size}, budget)"
        self.source.line(head)
        with self._emitter.loop(f"while {count}:"):
            with together(count), self.source.block(f"for _ in range({count}):"):
                yield
            expected = "a block of as many bytes as it announces"
            self.source.line(f"if {stop} and pos != {stop}: refuse({expected!r}, pos - {stop})")
            self.source.line(head)


def _float_run(steps: list[FieldStep]) -> list[tuple[str, int]]:
    """Type and target of the next consecutive floating-point fields, read as written."""
    run: list[tuple[str, int]] = []
    for step in steps:
        action = step.action
        if not isinstance(action, ReadPrimitive) or step.target is None:
            break
        if action.writer.name not in FLOAT_LAYOUTS:
            break
        run.append((action.writer.name, step.target))
    return run


def default_of(
    field: Field, bindings: Bindings, *, tag_unions: bool
) -> tuple[Any, DataFault | None] | None:
    """A default that many records may share, and the reason if it cannot be used.

    None if it can be changed: then every record needs its own.
    """
    if not _is_shareable(field.type):
        return None
    action = resolve_types(field.type, field.type)
    decode = compile_decoder(action, bindings, _keep_refusal, tag_unions=tag_unions)
    try:
        return decode(default_bytes(field)), None
    except _BrokenDefault as broken:
        # The specification checks a default against the base type only. A default that is not a
        # value of the logical type makes every record that needs it unreadable.
        return None, data_fault("", broken.refusal)


def _is_shareable(node: AvroType) -> bool:
    """Whether the values of a type are immutable, so that many records may share one."""
    match node:
        case ArrayType() | MapType() | RecordType():
            return False
        case UnionType():
            return all(_is_shareable(branch) for branch in node.branches)
        case _:
            return True


class _BrokenDefault(Exception):  # noqa: N818 - internal signal, never seen by a user
    """The default of a field is not a value of its logical type."""

    def __init__(self, refusal: BaseException) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


def _keep_refusal(_: bytes, error: BaseException) -> None:
    raise _BrokenDefault(error)
