"""Defaults of a reader's fields that the writer does not have."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from streamcontract import Codec, parse_schema
from streamcontract.errors import DecodeError

EMPTY = parse_schema({"type": "record", "name": "R", "fields": []})


def _reader(kind: Any, default: Any) -> Codec[Any]:
    field = {"name": "f", "type": kind, "default": default}
    return Codec({"type": "record", "name": "R", "fields": [field]})


def test_default_takes_the_logical_type() -> None:
    """A default of a logical type arrives as its Python value."""
    text = "6f1c5f0e-8f5a-4a59-9b1d-0d6a0f3e2c11"
    codec = _reader({"type": "string", "logicalType": "uuid"}, text)
    assert codec.decode(b"", writer=EMPTY) == {"f": uuid.UUID(text)}


def test_every_record_gets_its_own_list() -> None:
    """Changing one record's default does not change the next one's."""
    codec = _reader({"type": "array", "items": "int"}, [1])
    first = codec.decode(b"", writer=EMPTY)
    first["f"].append(2)
    assert codec.decode(b"", writer=EMPTY) == {"f": [1]}


@pytest.mark.parametrize(
    "kind",
    [
        {"type": "string", "logicalType": "uuid"},
        ["null", {"type": "string", "logicalType": "uuid"}],
        {"type": "array", "items": {"type": "string", "logicalType": "uuid"}},
    ],
    ids=["leaf", "union", "array"],
)
def test_default_that_is_no_value_of_its_logical_type_is_refused_when_needed(kind: Any) -> None:
    """The specification lets it pass in the schema; a record that needs it cannot be read."""
    codec = _reader(kind, ["x"] if isinstance(kind, dict) and "items" in kind else "x")
    with pytest.raises(DecodeError, match=r"R\.f.*UUID as RFC 4122"):
        codec.decode(b"", writer=EMPTY)
