"""Verdicts say what reading with another schema changes, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract import Codec, parse_schema
from streamcontract.console.verdicts import verdict_of_pair

_NAMES = st.sets(st.sampled_from("abcdefgh"), max_size=6)


def _record(fields: list[Any]) -> Any:
    return {"type": "record", "name": "R", "fields": fields}


def _field(name: str, kind: Any = "int") -> Any:
    return {"name": name, "type": kind, "default": 7}


@given(_NAMES, _NAMES)
def test_fields_of_one_side_are_defaulted_or_dropped(written: set[str], read: set[str]) -> None:
    """By the names alone, and as the codec decodes."""
    writer = parse_schema(_record([_field(each) for each in sorted(written)]))
    reader = parse_schema(_record([_field(each) for each in sorted(read)]))
    verdict = verdict_of_pair(writer, reader)
    assert {*verdict.defaulted} == {f"R.{each}" for each in read - written}
    assert {*verdict.dropped} == {f"R.{each}" for each in written - read}
    # A field that goes while another comes may have been renamed, and its values are lost.
    may_be_renamed = written - read and read - written
    assert (verdict.kind == "fits") == (written == read)
    assert verdict.kind != "drift" or may_be_renamed
    # What the codec makes of a record agrees: 7 stands where nothing was written.
    data = Codec(writer).encode(dict.fromkeys(written, 1))
    decoded = Codec[Any](reader).decode(data, writer=writer)
    assert {name for name, value in decoded.items() if value == 7} == read - written


@pytest.mark.parametrize(
    ("written", "read", "kind", "facts"),
    [
        ("int", "int", "fits", {}),
        ("int", "long", "older", {"converted": ("value: int as long",)}),
        ({"type": "array", "items": "int"}, {"type": "array", "items": "float"}, "drift", {}),
        (["null", "int"], ["null", "long"], "older", {"converted": ("value: int as long",)}),
        (
            {"type": "map", "values": _record([_field("a"), _field("b")])},
            {"type": "map", "values": _record([_field("b")])},
            "older",
            {"dropped": ("value{}.a",)},
        ),
        (
            {"type": "enum", "name": "E", "symbols": ["A", "B"]},
            {"type": "enum", "name": "E", "symbols": ["A"], "default": "A"},
            "drift",
            {},
        ),
        (
            {"type": "long", "logicalType": "timestamp-millis"},
            {"type": "long", "logicalType": "timestamp-micros"},
            "drift",
            {"converted": ("value: rescaled by 1000",)},
        ),
    ],
)
def test_changes_within_a_value(written: Any, read: Any, kind: str, facts: Any) -> None:
    """In arrays, maps, unions, enums and numbers."""
    verdict = verdict_of_pair(parse_schema(written), parse_schema(read))
    assert verdict.kind == kind
    for name, expected in facts.items():
        assert getattr(verdict, name) == expected


def test_a_recursive_record_has_an_end() -> None:
    """Each record is looked at once."""
    tree = _record([{"name": "below", "type": ["null", "R"], "default": None}])
    grown = _record([*tree["fields"], _field("a")])
    verdict = verdict_of_pair(parse_schema(tree), parse_schema(grown))
    assert verdict.defaulted == ("R.a",)


def test_documentation_is_no_change() -> None:
    """It changes no data."""
    written = _record([_field("a")])
    assert (
        verdict_of_pair(parse_schema(written), parse_schema({**written, "doc": "R."})).kind
        == "fits"
    )
