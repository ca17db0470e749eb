"""Work of choosing a union's branch as schemas and values grow, counted in calls of functions."""

from __future__ import annotations

import gc
import linecache
from typing import Any

import pytest
from tests.counting import LINEAR, calls

from streamcontract import Codec, parse_schema
from streamcontract.codec.engine import ENGINE_VARIABLE
from streamcontract.codec.source import GeneratedCode, _free
from streamcontract.errors import DecodeError, EncodeError


def record(name: str, *fields: dict[str, Any]) -> dict[str, Any]:
    """A record of fields."""
    return {"type": "record", "name": name, "fields": list(fields)}


def field(name: str, type_: Any, **more: Any) -> dict[str, Any]:
    """A field."""
    return {"name": name, "type": type_, **more}


def test_a_dicts_record_is_found_by_its_keys() -> None:
    """It takes no more calls among a hundred records than among ten."""

    def encoding(branches: int) -> int:
        records = [
            record(f"R{i}", field("x", "long"), field(f"y{i}", "string")) for i in range(branches)
        ]
        codec = Codec(parse_schema(records))
        value = {"x": 1, f"y{branches - 1}": "a"}
        assert codec.decode(codec.encode(value)) == value
        return calls(lambda: codec.encode(value))

    assert encoding(100) == encoding(10)


def test_records_in_records_are_looked_at_once_at_each_level() -> None:
    """Records that hold each other and differ in their keys: twice as deep, twice the calls."""
    inner = record("B", field("b", ["null", "A", "B"]))
    codec = Codec(parse_schema([record("A", field("a", ["null", "A", inner])), "B"]))

    def encoding(depth: int) -> int:
        value: Any = None
        for level in range(depth):
            value = {"ab"[level % 2]: value}
        assert codec.decode(codec.encode(value)) == value
        return calls(lambda: codec.encode(value))

    assert encoding(40) <= LINEAR * encoding(20)


def test_the_only_record_with_a_dicts_keys_says_what_is_wrong_inside() -> None:
    """The error has the path to it, and not only that no branch fits."""
    codec = Codec(parse_schema([record("R", field("x", "long")), record("S", field("y", "long"))]))
    with pytest.raises(EncodeError, match=r"x: expected .*'one'"):
        codec.encode({"x": "one"})


def test_keys_narrow_branches_down_without_changing_the_choice() -> None:
    """Defaults, maps and records with the same keys are decided as before: exact ones first."""
    with_default = record("D", field("x", "int"), field("y", "int", default=7))
    codec = Codec(
        parse_schema(
            [with_default, record("R", field("x", "int")), {"type": "map", "values": "string"}]
        ),
        tag_unions=True,
    )
    for value, branch in (
        ({"x": 1}, "R"),
        ({"x": 1, "y": 2}, "D"),
        ({"x": "1"}, "map"),
        ({}, "map"),
        ({"z": "1"}, "map"),
    ):
        assert codec.decode(codec.encode(value))[0] == branch


@pytest.mark.searching
@pytest.mark.parametrize("engine", ["native", "portable"])
def test_who_meets_ever_more_schemas_keeps_the_last_ones(
    monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """Decoders, and the sources that tracebacks show, are kept up to a number."""
    if engine == "native":
        pytest.importorskip("streamcontract.codec._native")
    monkeypatch.setenv(ENGINE_VARIABLE, engine)
    monkeypatch.setattr("streamcontract.codec.codec._MOST_DECODERS", 3)
    codec = Codec(record("R", field("a", "string", default="")))
    kept = []
    for number in range(20):
        writer = parse_schema(record("R", field(f"b{number}", "int")))
        assert codec.decode(b"\2", writer=writer) == {"a": ""}
        with pytest.raises(DecodeError):
            codec.decode(b"", writer=writer)
        if number in {5, 19}:
            gc.collect()
            lines = sum(len(entry[2]) for entry in linecache.cache.values() if len(entry) == 4)
            kept.append((len(codec._decoders), lines))
    assert kept[0] == kept[1]


def test_a_source_that_goes_away_leaves_its_name_for_the_next_one() -> None:
    """Those who walk over the names must find each, whatever the collector takes meanwhile."""

    def made() -> Any:
        source = GeneratedCode()
        source.line("def f(): return 1")
        return source.compile()["f"]

    function = made()
    name = function.__code__.co_filename
    assert linecache.getline(name, 1) == "def f(): return 1\n"
    del function
    gc.collect()
    assert linecache.cache[name][2] == []  # type: ignore[misc] # of four values, as ours are
    linecache.checkcache(name)
    # Others have gone away too: as many as are free are taken, and all kept.
    later = [made() for _ in range(len(_free))]
    assert name in {each.__code__.co_filename for each in later}
