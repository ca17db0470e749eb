"""Schemas without columns, and arguments of no use, are refused with what is wrong."""

from __future__ import annotations

import pickle
import sys
from typing import Any

import pytest

from streamcontract import Codec
from streamcontract.codec.engine import ENGINE_VARIABLE
from streamcontract.errors import ArgumentError, ColumnsError, ConfigurationError

NODE: dict[str, Any] = {
    "type": "record",
    "name": "Node",
    "fields": [
        {"name": "n", "type": "int"},
        {"name": "next", "type": {"type": "array", "items": ["null", "Node"]}},
    ],
}


def decimal(precision: int) -> dict[str, Any]:
    """A type of decimals."""
    return {"type": "bytes", "logicalType": "decimal", "precision": precision}


def nested(levels: int) -> Any:
    """Arrays inside one another."""
    return {"type": "array", "items": nested(levels - 1)} if levels else "int"


def doubling(levels: int) -> Any:
    """Records that hold the one before twice."""
    node: Any = {"type": "record", "name": "R0", "fields": []}
    for level in range(1, levels):
        inner = [{"name": "a", "type": node}, {"name": "b", "type": f"R{level - 1}"}]
        node = {"type": "record", "name": f"R{level}", "fields": inner}
    return node


@pytest.mark.parametrize(
    ("schema", "path", "reason"),
    [
        (NODE, "Node.next[]", "Node contains itself.*types: choose columns without it"),
        ({"type": "map", "values": decimal(77)}, "value{}", "77 digits.*: choose columns without"),
        ({"type": "fixed", "name": "F", "size": 2**31}, "F", "2147483648 bytes.*: choose columns"),
        ({"type": "fixed", "name": "F", "size": 2**63}, "F", "no more than 2147483647: choose"),
        (nested(70), "value" + "[]" * 59, "more than 60 types.*: choose columns without it"),
        (doubling(20), "R19", "more than 10,000 columns: choose fewer"),
    ],
)
def test_no_columns(schema: Any, path: str, reason: str) -> None:
    """The error names the place; pickled, it says the same."""
    with pytest.raises(ColumnsError, match=reason) as caught:
        Codec(schema).decode_columns([])
    assert caught.value.path.startswith(path)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - our own


def test_recursive_fields_can_be_left_out() -> None:
    """A field that is not asked for needs no column."""
    codec = Codec(NODE)
    data = codec.encode({"n": 1, "next": [{"n": 2, "next": [None]}]})
    assert len(codec.decode_columns([data], columns=["n"])) == 1


def test_too_many_branches() -> None:
    """Arrow has 128 codes for the types of a dense union."""
    fixed = [{"type": "fixed", "name": f"F{i}", "size": 1} for i in range(129)]
    codec: Codec[Any] = Codec({"type": "array", "items": fixed})
    assert len(codec.decode_columns([b"\0"])) == 1
    with pytest.raises(ColumnsError, match=r"value\[\]: a union of more than 128 .*: leave unions"):
        codec.decode_columns([b"\0"], unions="dense")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"columns": ["m"]}, "columns has to be a field of Node: n, next"),
        ({"columns": "n"}, "columns has to be names of fields"),
        ({"columns": ["n", "n"]}, "each once"),
        ({"tombstones": "keep"}, "tombstones has to be 'drop' or 'null', not 'keep'"),
        ({"unions": "sparse"}, "unions has to be 'struct' or 'dense', not 'sparse'"),
        ({"columns": [1]}, "columns has to be names of fields"),
        ({"tombstones": None}, "tombstones has to be 'drop' or 'null'"),
        ({"columns": ["n"], "start": -1}, "start has to be a number of bytes"),
        ({"columns": ["n"], "threads": 0}, "threads has to be 1 to 1024"),
        ({"columns": ["n"], "writer": []}, "writer has to be a schema for each of 1 payloads"),
        ({"columns": ["n"], "writer": "i"}, "writer has to be a Schema, .* not 'i'"),
        ({"columns": ["n"], "writer": {"type": "int"}}, "writer has to be a Schema, .* or a list"),
        ({"columns": ["n"], "writer": ["int"]}, "writer has to be a Schema, .* not 'int'"),
    ],
)
def test_arguments(arguments: dict[str, Any], message: str) -> None:
    """The error names the argument."""
    with pytest.raises(ArgumentError, match=message):
        Codec(NODE).decode_columns([b"\2\0"], **arguments)


def test_columns_of_no_record() -> None:
    """Only fields can be chosen."""
    with pytest.raises(ArgumentError, match="of no record"):
        Codec("int").decode_columns([], columns=["value"])


def test_payloads_that_are_no_bytes() -> None:
    """As ``decode`` says it; other kinds of bytes are taken."""
    codec: Codec[Any] = Codec("int")
    assert len(codec.decode_columns([bytearray(b"\2"), memoryview(b"\2")])) == 2  # type: ignore[list-item]
    with pytest.raises(TypeError, match="encoded data are bytes, not str"):
        codec.decode_columns(["\2"])  # type: ignore[list-item]


@pytest.mark.parametrize("payload", [b"\2", "\2", bytearray(b"\2"), 7, None])
def test_one_payload_is_no_list(payload: Any) -> None:
    """Bytes are a sequence of numbers, which are no payloads."""
    with pytest.raises(ArgumentError, match=r"payloads has to be a list .*\[payload\], not"):
        Codec("int").decode_columns(payload)


@pytest.mark.parametrize("kind", [list, tuple])
def test_sequences_of_other_lengths(kind: type[Any]) -> None:
    """What a subclass says of its length is nothing that the executor reads up to."""
    longer: Any = type("Longer", (kind,), {"__len__": lambda _: 100_000})
    assert len(Codec("int").decode_columns(longer([b"\2", b"\4"]))) == 2
    native = sys.modules["streamcontract.columns._native"]
    with pytest.raises(TypeError, match="Longer"):
        native.Payloads(longer(), (), ())


def test_without_the_extension(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records need none; columns say what to do."""
    monkeypatch.setitem(sys.modules, "streamcontract.columns._native", None)
    with pytest.raises(ConfigurationError, match=r"columns need native code.*install"):
        Codec("int").decode_columns([])


def test_an_old_extension(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of another version is never run."""
    monkeypatch.setattr("streamcontract.columns._native.VERSION", "0.0.1")
    with pytest.raises(ConfigurationError, match=r"is that of version 0\.0\.1"):
        Codec("int").decode_columns([])


def test_portable_engine_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that selects the portable engine runs no native code."""
    monkeypatch.setenv(ENGINE_VARIABLE, "portable")
    with pytest.raises(ConfigurationError, match=f"{ENGINE_VARIABLE} selects the portable"):
        Codec("int").decode_columns([])
