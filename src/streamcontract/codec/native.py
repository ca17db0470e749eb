"""Builders of the native engine's nodes from a schema and from a plan.

The native engine reports no faults itself. If it refuses a value, the portable engine runs on the
same value and raises the error with its path: so both raise the same errors, and each rule's
message exists once. If the portable engine accepts the value, its result is returned and a warning
is logged, because only a bug can cause that.
"""

from __future__ import annotations

import decimal
import functools
import logging
import uuid
from collections.abc import Callable
from typing import Any

import attrs

from streamcontract.codec import _native, decode, encode, split
from streamcontract.codec.bindings import Bindings
from streamcontract.codec.branches import Branches
from streamcontract.codec.decode import default_of
from streamcontract.codec.encode import Fail
from streamcontract.codec.limits import DEFAULT_LIMITS, Limits
from streamcontract.codec.plain_classes import is_plain
from streamcontract.codec.rescale import rescaler
from streamcontract.codec.split import Split
from streamcontract.resolution import (
    Action,
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
from streamcontract.resolution import Fail as Unreadable
from streamcontract.schema.default_bytes import default_bytes
from streamcontract.schema.logical import Duration, LogicalRow, conversion, decimals, row_of
from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    EnumType,
    Field,
    FixedType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
    branch_name,
)
from streamcontract.schema.schema import Schema
from streamcontract.schema.sizes import min_size, native_size
from streamcontract.schema.skips import Skips

__all__ = ["compile_decoder", "compile_encoder", "compile_splitter"]

_log = logging.getLogger("streamcontract.codec")

_PROMOTIONS = {"float": 4, "double": 8}
_UUID_SLOTS = ("int", "is_safe")  # all slots of a UUID, from Python 3.8 on
_DURATION_PARTS = ("months", "days", "milliseconds")
_ABSTRACT = 1 << 20  # Py_TPFLAGS_IS_ABSTRACT: object.__new__ makes no instance


def compile_encoder(
    schema: Schema, bindings: Bindings, fail: Fail, limits: Limits = DEFAULT_LIMITS
) -> Callable[[bytes], Callable[[Any], bytes]]:
    """Like the portable engine's function of this name."""
    root = _Writers(bindings).writer(schema.root)
    portable = functools.cache(lambda: encode.compile_encoder(schema, bindings, fail, limits))

    def encoder(prefix: bytes) -> Callable[[Any], bytes]:
        otherwise = _second_opinion(functools.cache(lambda: portable()(prefix)))
        made = _native.Encoder(root, prefix, otherwise, limits.depth, limits.empty_items)
        encode_one: Callable[[Any], bytes] = made.encode
        return encode_one

    return encoder


def compile_decoder(
    root: Action,
    bindings: Bindings,
    fail: Callable[[bytes, BaseException], None],
    *,
    start: int = 0,
    tag_unions: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> Callable[[bytes], Any]:
    """Like the portable engine's function of this name."""
    reader = _Readers(bindings, tag_unions=tag_unions).reader(root)
    portable = functools.cache(
        lambda: decode.compile_decoder(
            root, bindings, fail, start=start, tag_unions=tag_unions, limits=limits
        )
    )
    otherwise = _second_opinion(portable)
    made = _native.Decoder(reader, start, otherwise, limits.depth, limits.empty_items)
    decode_one: Callable[[bytes], Any] = made.decode
    return decode_one


def compile_splitter(root: AvroType, limits: Limits = DEFAULT_LIMITS) -> Split:
    """Like the portable engine's function of this name."""
    skipper = Skips(_native.Skipper).fields((root,))
    portable = functools.cache(lambda: split.compile_splitter(root, limits))
    made = _native.Splitter(skipper, _second_opinion(portable), limits.depth)
    divide: Split = made.split
    return divide


def _second_opinion(portable: Callable[[], Callable[..., Any]]) -> Callable[..., Any]:
    def otherwise(given: Any, *more: Any) -> Any:
        result = portable()(given, *more)
        _log.warning(
            "the native engine refused a value that the portable one takes, whose result is "
            "used; please report this with the schema (%s)",
            type(given).__qualname__,
        )
        return result

    return otherwise


class _Writers:
    """Makes the writers of one schema, each type's once."""

    def __init__(self, bindings: Bindings) -> None:
        self._bindings = bindings
        self._branches = Branches(bindings)
        self._made: dict[int, _native.Writer] = {}

    def writer(self, node: AvroType) -> _native.Writer:
        made = self._made.get(id(node))
        if made is None:
            made = self._made[id(node)] = self._make(node)
        return made

    def _make(self, node: AvroType) -> _native.Writer:
        match node:
            case PrimitiveType() | FixedType():
                return _leaf_writer(node)
            case EnumType():
                return self._enum(node)
            case RecordType():
                return self._record(node)
            case ArrayType():
                array = _native.ArrayWriter(min_size(node.items) == 0)
                array.fill(self.writer(node.items))
                return array
            case MapType():
                mapping = _native.MapWriter()
                mapping.fill(self.writer(node.values))
                return mapping
            case UnionType():
                union = _native.UnionWriter(
                    self._branches.by_class(node), self._branches.picker(node)
                )
                union.fill(tuple(self.writer(branch) for branch in node.branches))
                return union

    def _enum(self, node: EnumType) -> _native.Writer:
        members = self._bindings.enum(node)
        indexes = {symbol: i for i, symbol in enumerate(node.symbols)}
        if members is None:
            return _native.SymbolWriter(indexes)
        in_order = tuple(members[symbol] for symbol in node.symbols)
        return _native.MemberWriter(type(in_order[0]), in_order, indexes)

    def _record(self, node: RecordType) -> _native.Writer:
        bound = self._bindings.record(node)
        record = (
            _native.RecordWriter(*bound)
            if bound is not None
            else _native.DictWriter(
                tuple(field.name for field in node.fields),
                tuple(default_bytes(field) if field.has_default else None for field in node.fields),
            )
        )
        self._made[id(node)] = record  # before its fields, which may lead back to it
        record.fill(tuple(self.writer(field.type) for field in node.fields))
        return record


def _leaf_writer(node: PrimitiveType | FixedType) -> _native.Writer:
    base, row, converted = _base_writer(node), row_of(node), conversion(node)
    if row is None or converted is None:
        return base
    to_raw, size = converted.to_raw, native_size(node) if isinstance(node, FixedType) else 0
    match row.kind:
        case "date":
            return _native.DateWriter(to_raw, base)
        case "time":
            return _native.TimeWriter(to_raw, base, _micros(row))
        case "timestamp" | "local-timestamp":
            is_local = row.kind == "local-timestamp"
            return _native.TimestampWriter(to_raw, base, _micros(row), is_local)
        case "duration":
            return _native.DurationWriter(to_raw, base, Duration, _DURATION_PARTS)
        case "uuid" if _native.has_slots(uuid.UUID, ("int",)):
            return _native.UuidWriter(to_raw, base, uuid.UUID, is_text=size == 0)
        case "decimal":
            precision, scale = _digits(node)
            return _native.DecimalWriter(to_raw, base, decimal.Decimal, precision, scale, size)
    return _native.ConvertedWriter(to_raw, base)


def _micros(row: LogicalRow) -> int:
    """The microseconds in one of the units that a time is counted in."""
    return row.unit.micros if row.unit else 1


def _digits(node: PrimitiveType | FixedType) -> tuple[int, int]:
    """The precision and the scale of a decimal."""
    return (node.logical.precision or 0, node.logical.scale or 0) if node.logical else (0, 0)


def _base_writer(node: PrimitiveType | FixedType) -> _native.Writer:
    if isinstance(node, FixedType):
        return _native.FixedWriter(native_size(node))
    match node.name:
        case "null":
            return _native.NullWriter()
        case "boolean":
            return _native.BooleanWriter()
        case "int" | "long":
            return _native.IntegerWriter(node.name == "int")
        case "float":
            return _native.FloatWriter()
        case "double":
            return _native.DoubleWriter()
        case "string":
            return _native.TextWriter()
        case "bytes":
            return _native.BytesWriter()


class _Readers:
    """Makes the readers of one plan, each action's once."""

    def __init__(self, bindings: Bindings, *, tag_unions: bool) -> None:
        self._bindings = bindings
        self._tag_unions = tag_unions
        # By identity; the object is kept with the node made of it, so that its id is not reused.
        self._made: dict[int, tuple[object, _native.Reader]] = {}
        self._skips = Skips(_native.Skipper)

    def reader(self, action: Action) -> _native.Reader:
        known = self._made.get(id(action))
        if known is not None:
            return known[1]
        made = self._make(action)
        self._made[id(action)] = (action, made)
        return made

    def _make(self, action: Action) -> _native.Reader:
        match action:
            case ReadPrimitive() | ReadFixed():
                return _leaf_reader(action)
            case ReadEnum():
                return self._enum(action)
            case ReadArray():
                array = _native.ArrayReader(min_size(action.writer.items))
                array.fill(self.reader(action.items))
                return array
            case ReadMap():
                mapping = _native.MapReader(1 + min_size(action.writer.values))
                mapping.fill(self.reader(action.values))
                return mapping
            case ReadRecord():
                return self._record(action)
            case ReadUnion():
                union = _native.BranchReader()
                union.fill(tuple(self.reader(branch) for branch in action.branches))
                return union
            case IntoUnion():
                return self._into_union(action)
            case Unreadable():
                return _native.FailReader()

    def _into_union(self, action: IntoUnion) -> _native.Reader:
        value = self.reader(action.action)
        if not self._tag_unions:
            return value
        tagged = _native.TagReader(branch_name(action.reader.branches[action.branch]))
        tagged.fill(value)
        return tagged

    def _enum(self, action: ReadEnum) -> _native.Reader:
        members = self._bindings.enum(action.reader)
        return _native.EnumReader(
            tuple(
                symbol if members is None or symbol is None else members[symbol]
                for symbol in action.symbols
            )
        )

    # ---- records

    def _record(self, action: ReadRecord) -> _native.Reader:
        if action.faults:
            return _native.FailReader()
        record = self._empty_record(action.reader)
        self._made[id(action)] = (action, record)  # before its fields, which may lead back to it
        steps: list[tuple[int, _native.Reader | _native.Skipper]] = []
        for run in action.runs():
            target, read = run[0].target, run[0].action
            if target is None or read is None:
                steps.append((-1, self._skips.fields(step.field.type for step in run)))
            else:
                steps.append((target, self.reader(read)))
        steps += [(index, self._default(action.reader.fields[index])) for index in action.defaults]
        record.fill(
            tuple(node for _, node in steps),
            tuple(target for target, _ in steps),
            len(action.reader.fields),
        )
        return record

    def _empty_record(self, node: RecordType) -> _native.RecordReader:
        bound = self._bindings.record(node)
        if bound is None:
            return _native.DictReader(tuple(field.name for field in node.fields))
        cls, names = bound
        if is_plain(cls) and _is_made_in_place(cls) and _native.has_slots(cls, names):
            return _native.SlotsReader(cls, names, _is_frozen(cls))
        return _native.ObjectReader(cls, tuple(field.alias for field in attrs.fields(cls)))

    def _default(self, field: Field) -> _native.Reader:
        known = default_of(field, self._bindings, tag_unions=self._tag_unions)
        if known is None:
            # Lists, maps and records are decoded again for each record, so that no two share one.
            made = self._made.get(id(field))
            if made is not None:
                return made[1]
            default = _native.DefaultReader(default_bytes(field))
            self._made[id(field)] = (field, default)
            default.fill(self.reader(resolve_types(field.type, field.type)))
            return default
        value, broken = known
        return _native.ConstantReader(value) if broken is None else _native.FailReader()


def _is_made_in_place(cls: type) -> bool:
    """Whether ``object.__new__`` only allocates an instance, which may be partly filled."""
    return (
        getattr(cls, "__new__", None) is object.__new__
        and not cls.__flags__ & _ABSTRACT
        and cls.__dictoffset__ == 0
        and not hasattr(cls, "__del__")
    )


def _is_frozen(cls: type) -> bool:
    """Whether attrs keeps the attributes of instances from being assigned."""
    refusing: object = Duration.__setattr__  # one function for all frozen classes
    return cls.__setattr__ is refusing


def _leaf_reader(action: ReadPrimitive | ReadFixed) -> _native.Reader:
    converted, raw = conversion(action.reader), _raw_reader(action)
    if action.rescale is not None:
        rescale = rescaler(action.reader, action.rescale)
        return _native.ConvertedReader(raw, rescale, converted.from_raw if converted else None)
    row = row_of(action.reader)
    if row is None or converted is None:
        return raw
    return _logical_reader(action, row, converted.from_raw, raw)


def _logical_reader(
    action: ReadPrimitive | ReadFixed,
    row: LogicalRow,
    from_raw: Callable[[Any], Any],
    raw: _native.Reader,
) -> _native.Reader:
    is_int = isinstance(action, ReadPrimitive) and action.writer.name == "int"
    size = native_size(action.writer) if isinstance(action, ReadFixed) else 0
    match row.kind:
        case "date":
            return _native.DateReader()
        case "time":
            return _native.TimeReader(is_int, _micros(row))
        case "timestamp" | "local-timestamp":
            return _native.TimestampReader(is_int, _micros(row), row.kind == "local-timestamp")
        case "duration":
            return _native.DurationReader(Duration, _DURATION_PARTS)
        case "uuid" if _is_made_in_place(uuid.UUID) and _native.has_slots(uuid.UUID, _UUID_SLOTS):
            return _native.UuidReader(uuid.UUID, uuid.SafeUUID.unknown, is_text=size == 0)
        case "decimal":
            precision, scale = _digits(action.reader)
            return _native.DecimalReader(
                raw, from_raw, decimals.EXACT.create_decimal, precision, scale, size
            )
    return _native.ConvertedReader(raw, from_raw)


def _raw_reader(action: ReadPrimitive | ReadFixed) -> _native.Reader:
    if isinstance(action, ReadFixed):
        return _native.FixedReader(native_size(action.writer))
    match action.writer.name:
        case "null":
            return _native.NullReader()
        case "boolean":
            return _native.BooleanReader()
        case "int" | "long":
            promotion = _PROMOTIONS.get(action.reader.name, 0)
            return _native.IntegerReader(action.writer.name == "int", promotion)
        case "float":
            return _native.FloatReader()
        case "double":
            return _native.DoubleReader()
        case "bytes" | "string":
            is_text = action.reader.name == "string"
            return _native.TextReader() if is_text else _native.BytesReader()
