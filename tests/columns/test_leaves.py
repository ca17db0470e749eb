"""Numbers, texts, times and decimals at the edges of what they can hold, in both forms."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.columns.conversion import check
from tests.searching import examples

from streamcontract import Codec, parse_schema
from streamcontract.codec.varint import long_bytes
from streamcontract.columns.layout import LOGICAL_KINDS
from streamcontract.columns.leaf_forms import LEAF_FORMS
from streamcontract.schema.logical import LOGICAL_TYPES

deep = settings(deadline=None, max_examples=examples(50))

NUMBERS = [row for row in LOGICAL_TYPES.values() if row.bases[0].type in ("int", "long")]


def sized(data: bytes) -> bytes:
    """Bytes with their length, as bytes and strings are written."""
    return long_bytes(len(data)) + data


def test_every_kind_of_logical_type_has_a_column() -> None:
    """No row is without one."""
    kinds = {row.kind for row in LOGICAL_TYPES.values()}
    assert LOGICAL_KINDS.keys() == kinds
    assert LEAF_FORMS.keys() >= kinds


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row.name)
@deep
@given(numbers=st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-1, 1), max_size=5))
def test_counted_times(row: Any, numbers: list[int]) -> None:
    """Dates, times and moments within their limits and beyond, from ints and from longs."""
    least, most = row.limits
    edges = [least - 1, least, most, most + 1, *numbers]
    for base in ("int", "long"):
        size = 31 if base == "int" else 63
        data = [long_bytes(n) for n in edges if -(2**size) <= n < 2**size]
        if base == "int" or row.bases[0].type == "long":
            check(parse_schema(row.example()), data, parse_schema(base))


@pytest.mark.parametrize("read", [row for row in NUMBERS if row.unit], ids=lambda row: row.name)
@deep
@given(numbers=st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 10**12), max_size=4))
def test_other_units(read: Any, numbers: list[int]) -> None:
    """Each unit read as each other of its kind: exactly, or refused."""
    for written in NUMBERS:
        if written.kind == read.kind and written.bases == read.bases:
            edges = [*(written.limits or ()), 0, 1000, 10**9]
            data = [long_bytes(n) for n in [*numbers, *edges]]
            check(parse_schema(read.example()), data, parse_schema(written.example()))


@deep
@given(st.integers(1, 76), st.integers(0, 76), st.integers(1, 80), st.integers(0, 80), st.data())
def test_decimals(precision: int, scale: int, written: int, wide: int, data: st.DataObject) -> None:
    """Decimals of every size, in another scale, with more bytes than they need."""
    reader = _decimal(precision, min(scale, precision))
    writer = _decimal(written, min(wide, written))
    digits = data.draw(st.integers(0, max(precision, written) + 1))
    near = st.sampled_from([10**digits, 10**digits - 1, 7 * 10**digits, 0, 1])
    numbers = data.draw(st.lists(near | st.integers(-(2**270), 2**270), min_size=1, max_size=4))
    payloads = [b"\0"]
    for number in numbers:
        signed = data.draw(st.sampled_from((number, -number)))
        least = signed.bit_length() // 8 + 1
        size = least + data.draw(st.sampled_from((0, 0, 1, 40)))
        payloads.append(sized(signed.to_bytes(size, "big", signed=True)))
    check(reader, payloads, writer)
    check(reader, payloads)


@pytest.mark.parametrize("precision", [18, 19, 38, 39, 76])
def test_longest_decimals(precision: int) -> None:
    """The numbers of the most digits fit into the width of the column, and no longer one."""
    numbers = [sign * (10**precision - less) for sign in (1, -1) for less in (1, 0)]
    data = [sized(number.to_bytes(33, "big", signed=True)) for number in numbers]
    assert [fault.index for fault in check(_decimal(precision, 0), data).faults] == [1, 3]


def _decimal(precision: int, scale: int) -> Any:
    logical = {"logicalType": "decimal", "precision": precision, "scale": scale}
    return parse_schema({"type": "bytes", **logical})


@deep
@given(st.integers(1, 40), st.integers(0, 30), st.data())
def test_fixed_decimals(size: int, shift: int, data: st.DataObject) -> None:
    """Decimals in a fixed of any size, and what is beyond their precision."""
    document = {"type": "fixed", "name": "D", "size": size, "logicalType": "decimal"}
    most = len(str(2 ** (8 * size - 1) - 1)) - 1
    precision = data.draw(st.integers(1, min(max(most, 1), 76)))
    schema = parse_schema({**document, "precision": precision, "scale": min(precision, shift)})
    other = parse_schema({**document, "precision": precision, "scale": 0})
    raw = data.draw(st.lists(st.binary(min_size=size, max_size=size), max_size=4))
    edge = 10**precision
    fits = [n for n in (edge, edge - 1, -edge, 1 - edge) if n.bit_length() < 8 * size]
    raw += [n.to_bytes(size, "big", signed=True) for n in fits]
    check(schema, raw)
    check(schema, raw, other)


@deep
@given(st.lists(st.text() | st.binary(max_size=8), max_size=6))
def test_texts(texts: list[str | bytes]) -> None:
    """What is UTF-8 is text, and nothing else is; whatever the writer called it."""
    edges: list[bytes] = [b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xed\xa0\x80", b"\xf0\x8f\xbf\xbf"]
    edges += [b"\xf4\x90\x80\x80", b"\xef\xbf\xbf", b"\xf4\x8f\xbf\xbf", b"a" * 17 + b"\x80"]
    found = [
        each.encode("utf-8", "surrogatepass") if isinstance(each, str) else each for each in texts
    ]
    data = [sized(each) for each in [*found, *edges, *(b"12345678" + each for each in edges)]]
    for reader, writer in (("string", "string"), ("string", "bytes"), ("bytes", "string")):
        check(parse_schema(reader), data, parse_schema(writer))


@deep
@given(st.lists(st.uuids().map(str) | st.text(max_size=40), max_size=5))
def test_uuids_in_text(texts: list[str]) -> None:
    """Those in the one form that RFC 4122 writes, in either case."""
    text = "6f1c5f0e-8f5a-4a59-9b1d-0d6a0f3e2c11"
    odd = [text.upper(), f"{{{text}}}", text.replace("-", ""), text[:-1] + "g", text[1:] + "-"]
    data = [sized(each.encode("utf-8", "surrogatepass")) for each in [*texts, *odd]]
    check(parse_schema({"type": "string", "logicalType": "uuid"}), data)


@deep
@given(st.lists(st.binary(min_size=8, max_size=8), max_size=5))
def test_floats(raw: list[bytes]) -> None:
    """Every float and double, NaN and infinities included, and floats as doubles."""
    check(parse_schema("double"), [*raw, struct.pack("<d", float("nan")), b"\0" * 7])
    halves = [each[:4] for each in raw]
    check(parse_schema("float"), halves)
    check(parse_schema("double"), halves, parse_schema("float"))


@deep
@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5))
def test_promoted_numbers(numbers: list[int]) -> None:
    """Longs as floats and doubles are rounded alike."""
    edges = [2**24 + 1, 2**53 + 1, 2**63 - 1, 9007199791611905, *numbers]
    for reader in ("float", "double"):
        check(parse_schema(reader), [long_bytes(n) for n in edges], parse_schema("long"))


@deep
@given(st.binary(max_size=12), st.integers(-3, 3000), st.integers(-(2**33), 2**33))
def test_big_decimals(noise: bytes, size: int, scale: int) -> None:
    """Those of their own scale: any bytes, sizes beyond the limit, scales beyond 32 bits."""
    schema = parse_schema({"type": "bytes", "logicalType": "big-decimal"})
    inner = long_bytes(size) + b"\x01" * max(size, 0) + long_bytes(scale)
    numbers = [long_bytes(len(noise)) + noise + long_bytes(n) for n in (0, -2, 2**31 - 1)]
    check(schema, [sized(each) for each in [noise, inner, inner + b"\0", *numbers, b""]])


def test_enums_have_every_symbol() -> None:
    """Whatever was decoded, the dictionary has all of the reader's symbols in their order."""
    import pyarrow as pa

    symbols = ["B", "A", "C"]
    reader = {"type": "enum", "name": "E", "symbols": symbols, "default": "A"}
    writer = parse_schema({"type": "enum", "name": "E", "symbols": ["X", "C"]})
    codec: Codec[Any] = Codec(reader)
    for data in ([], [b"\0", b"\2"]):
        column = pa.table(codec.decode_columns(data, writer=writer)).column("value")
        assert column.to_pylist() == ["A", "C"][: len(data)]
        assert all(chunk.dictionary.to_pylist() == symbols for chunk in column.chunks)
