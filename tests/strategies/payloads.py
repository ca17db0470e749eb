"""Payloads with legal encodings of other writers, and corrupt payloads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import attrs
from hypothesis import strategies as st
from tests.strategies.writing import Kind, Token, Writer, plain

from streamcontract.codec.varint import long_bytes
from streamcontract.compatibility.rewrite import schema_of
from streamcontract.schema import (
    MISSING,
    ArrayType,
    AvroType,
    EnumType,
    MapType,
    RecordType,
    Schema,
    UnionType,
    branch_name,
)
from streamcontract.testing.strategies.changes import Pen
from streamcontract.testing.strategies.names import below
from streamcontract.testing.strategies.sites import Sites, edited
from streamcontract.testing.strategies.values import from_schema

__all__ = ["CORRUPTIONS", "CorruptPayload", "Payload", "corrupt_payloads", "payloads"]


@attrs.frozen(kw_only=True)
class Payload:
    """A value with one of its legal encodings.

    Attributes:
        value: The value that the reader's codec decodes.
        data: Its bytes, without a frame.
        writer: The schema that they were written with.
    """

    value: Any
    data: bytes
    writer: Schema


@attrs.frozen(kw_only=True)
class CorruptPayload:
    """Bytes that do not encode a value of the schema.

    Attributes:
        data: The bytes, without a frame.
        corruption: What is wrong with them, such as ``"cut off"``.
    """

    data: bytes
    corruption: str


def payloads(schema: Schema, *, tag_unions: bool = False) -> st.SearchStrategy[Payload]:
    """Values of a schema with legal encodings of other writers.

    Arrays and maps have any number of blocks, with and without their sizes; maps have any order;
    decimals in bytes with more sign bytes than they need. The writer's schema is the reader's own,
    or an older one: its fields, symbols and branches in another order, and with fields that the
    reader no longer has.

    Args:
        schema: The reader's schema.
        tag_unions: Draw values of unions as ``(branch name, value)``, which
        ``Codec(schema, tag_unions=True)`` decodes.

    Returns:
        A strategy for payloads that ``Codec(schema).decode(data, writer=writer)`` decodes to their
        value.

    Raises:
        InvalidArgument: No value of this schema is finite.

    Example:
        >>> from hypothesis import find
        >>> from streamcontract import Codec, parse_schema
        >>> schema = parse_schema({"type": "array", "items": "int"})
        >>> sized = find(payloads(schema), lambda payload: payload.data[0] == 1)
        >>> sized.value, sized.data.hex(" ")      # -1 items, of 1 byte: 0; then no more
        ([0], '01 02 00 00')
        >>> Codec(schema).decode(sized.data, writer=sized.writer)
        [0]
    """
    from_schema(schema, tag_unions=True)  # raises for a schema without values
    return _payloads(schema, tag_unions=tag_unions)


def corrupt_payloads(schema: Schema) -> st.SearchStrategy[CorruptPayload]:
    """Bytes that decoding has to refuse, each with one named corruption.

    Args:
        schema: The schema that they are decoded with.

    Returns:
        A strategy for payloads that ``Codec(schema).decode`` refuses with ``DecodeError``.

    Raises:
        InvalidArgument: No value of this schema is finite.

    Example:
        >>> from hypothesis import find
        >>> from streamcontract import parse_schema
        >>> schema = parse_schema(["null", "boolean"])
        >>> cut = find(corrupt_payloads(schema), lambda payload: not payload.data)
        >>> cut.corruption
        'cut off'
    """
    from_schema(schema, tag_unions=True)  # raises for a schema without values
    return _corrupt_payloads(schema)


@st.composite
def _payloads(draw: st.DrawFn, schema: Schema, *, tag_unions: bool) -> Payload:
    writer = draw(st.just(schema) | _older(schema))
    value, written = _write(draw, writer)
    kept = _kept(schema.root, value)
    return Payload(
        value=kept if tag_unions else plain(schema.root, kept), data=written.data, writer=writer
    )


def _write(draw: st.DrawFn, schema: Schema) -> tuple[Any, Writer]:
    """A value with tagged unions, and its encoding."""
    value = draw(from_schema(schema, tag_unions=True))
    writer = Writer(lambda choices: draw(below(choices)) if choices > 1 else 0)
    writer.write(schema.root, value)
    return value, writer


@st.composite
def _older(draw: st.DrawFn, schema: Schema) -> Schema:
    """A schema whose data the given one reads without loss, except fields that it lacks."""
    sites = Sites(schema.root)
    pen = Pen(draw, set(sites.words))
    changes: dict[AvroType, dict[str, Any]] = {}
    for node in sites.nodes:
        match node:
            case RecordType():
                # A default in a writer's schema is not used, and need not fit the moved parts.
                fields = [attrs.evolve(field, default=MISSING) for field in node.fields]
                more = range(draw(below(3)))
                fields += [pen.field(node.namespace, optional=False) for _ in more]
                changes[node] = {"fields": tuple(draw(st.permutations(fields)))}
            case EnumType():
                changes[node] = {"symbols": tuple(draw(st.permutations(node.symbols)))}
            case UnionType():
                changes[node] = {"branches": tuple(draw(st.permutations(node.branches)))}
            case _:
                pass
    return schema_of(edited(schema.root, changes))


def _kept(reader: AvroType, value: Any) -> Any:
    """The fields of an older writer's tagged value that the reader has."""
    match reader:
        case RecordType():
            return {field.name: _kept(field.type, value[field.name]) for field in reader.fields}
        case UnionType():
            name, inner = value
            branch = next(each for each in reader.branches if branch_name(each) == name)
            return name, _kept(branch, inner)
        case ArrayType():
            return [_kept(reader.items, item) for item in value]
        case MapType():
            return {key: _kept(reader.values, item) for key, item in value.items()}
        case _:
            return value


@attrs.frozen
class _Corruption:
    """A way to break a token.

    Attributes:
        name: Its name.
        kinds: The tokens that it breaks.
        data: The bytes in place of a token.
    """

    name: str
    kinds: frozenset[Kind]
    data: Callable[[st.DrawFn, Token], bytes]


@st.composite
def _corrupt_payloads(draw: st.DrawFn, schema: Schema) -> CorruptPayload:
    _, writer = _write(draw, schema)
    data = writer.data
    kinds = {token.kind for token in writer.tokens}
    possible: list[_Corruption | str] = [_MORE, *([_CUT] if data else [])]
    possible += [corruption for corruption in _CORRUPTIONS if kinds & corruption.kinds]
    match draw(st.sampled_from(possible)):
        case _Corruption() as chosen:
            tokens = [token for token in writer.tokens if token.kind in chosen.kinds]
            token = draw(st.sampled_from(tokens))
            broken = chosen.data(draw, token)
            corrupt = data[: token.start] + broken + data[token.end :]
            return CorruptPayload(data=corrupt, corruption=chosen.name)
        case str(name) if name == _CUT:
            return CorruptPayload(data=data[: draw(below(len(data)))], corruption=name)
        case str(name):
            more = draw(st.binary(min_size=1, max_size=3))
            return CorruptPayload(data=data + more, corruption=name)


_CUT: Final = "cut off"
_MORE: Final = "bytes left over"


def _negative(draw: st.DrawFn, _: Token) -> bytes:
    return long_bytes(draw(st.integers(-(2**63), -1)))


def _too_long(draw: st.DrawFn, _: Token) -> bytes:
    return long_bytes(draw(st.integers(2**40, 2**63 - 1)))


def _overlong(draw: st.DrawFn, _: Token) -> bytes:
    """A number that is longer than 64 bits need ("Binary Encoding")."""
    return b"\x80" * draw(st.integers(10, 20)) + b"\x01"


def _wide_int(draw: st.DrawFn, _: Token) -> bytes:
    return long_bytes(draw(st.sampled_from((1, -1))) * draw(st.integers(2**31 + 1, 2**63 - 1)))


def _no_boolean(draw: st.DrawFn, _: Token) -> bytes:
    """Booleans are one byte: "either 0 (false) or 1 (true)" ("Binary Encoding")."""
    return bytes([draw(st.integers(2, 255))])


def _no_utf_8(draw: st.DrawFn, _: Token) -> bytes:
    broken = draw(st.sampled_from((b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"a\x80")))
    return long_bytes(len(broken)) + broken


def _no_index(draw: st.DrawFn, token: Token) -> bytes:
    match token.node:
        case EnumType():
            choices = len(token.node.symbols)
        case UnionType():
            choices = len(token.node.branches)
        case _:
            raise AssertionError(f"no index: {token}")
    return long_bytes(draw(st.integers(choices, 2**31 - 1) | st.integers(-(2**31), -1)))


def _huge_count(draw: st.DrawFn, _: Token) -> bytes:
    return long_bytes(draw(st.integers(2**40, 2**63 - 1)))


def _negative_size(draw: st.DrawFn, _: Token) -> bytes:
    return long_bytes(-1) + long_bytes(draw(st.integers(-(2**63), -1)))


def _huge_size(draw: st.DrawFn, _: Token) -> bytes:
    return long_bytes(-1) + long_bytes(draw(st.integers(2**40, 2**63 - 1)))


_LENGTHS: Final[frozenset[Kind]] = frozenset({"text", "bytes"})
_COUNTS: Final[frozenset[Kind]] = frozenset({"count"})
_NUMBERS: Final[frozenset[Kind]] = frozenset({"int", "long", "symbol", "branch"})

_CORRUPTIONS: Final = (
    _Corruption("no boolean", frozenset({"boolean"}), _no_boolean),
    _Corruption("int beyond 32 bits", frozenset({"int"}), _wide_int),
    _Corruption("number without end", _NUMBERS | _LENGTHS | _COUNTS, _overlong),
    _Corruption("negative length", _LENGTHS, _negative),
    _Corruption("length beyond the data", _LENGTHS, _too_long),
    _Corruption("no UTF-8", frozenset({"text"}), _no_utf_8),
    _Corruption("no such symbol", frozenset({"symbol"}), _no_index),
    _Corruption("no such branch", frozenset({"branch"}), _no_index),
    _Corruption("more items than bytes", _COUNTS, _huge_count),
    _Corruption("negative block size", _COUNTS, _negative_size),
    _Corruption("block beyond the data", _COUNTS, _huge_size),
)

CORRUPTIONS: Final = (_CUT, _MORE, *(each.name for each in _CORRUPTIONS))
"""The names of all corruptions."""
