"""The parts of counterexamples: smallest values, the ways to them, what counts as changed."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from tests.compatibility.test_evolution_properties import many

from streamcontract import Codec, find_incompatibilities, parse_schema
from streamcontract.compatibility import minimal_value
from streamcontract.compatibility.counterexample import _most_telling, _same
from streamcontract.compatibility.leaf_samples import leaf_samples
from streamcontract.compatibility.rewrite import schema_of
from streamcontract.compatibility.samples import samples
from streamcontract.compatibility.walk import walk
from streamcontract.compatibility.witness import ActionPath, Witness
from streamcontract.resolution import resolve
from streamcontract.schema import Schema
from streamcontract.testing.strategies import schemas

LOOP = {"type": "record", "name": "Loop", "fields": [{"name": "self", "type": "Loop"}]}
"""No value of it is finite."""


def _length(node: Any, value: Any) -> int:
    return len(Codec[Any](schema_of(node)).encode(value))


@given(schemas() | schemas(only_records=True))
@many
def test_sizes_and_costs_are_those_of_the_codecs_bytes(schema: Schema) -> None:
    """Of every type's smallest value, and of each step from an action to one inside it."""
    witness = Witness(schema.root)
    for place in walk(resolve(schema, schema)):
        node = place.action.writer
        if math.isinf(witness.size(node)):
            continue
        assert witness.size(node) == _length(node, witness.minimal(node))
        for index, inner, extra in witness._inside(place.action):
            if math.isinf(witness.size(inner.writer)):
                continue
            part = witness.minimal(inner.writer)
            value = witness.build(ActionPath(inner, ((place.action, index),)), part)
            assert _length(node, value) == extra + _length(inner.writer, part)


@given(schemas() | schemas(only_records=True))
@many
def test_every_action_of_a_finite_schema_can_be_got_to(schema: Schema) -> None:
    """And the value that gets there is one of the schema, of no fewer bytes than the smallest."""
    witness = Witness(schema.root)
    plan = resolve(schema, schema)
    places = list(walk(plan))
    if any(math.isinf(witness.size(place.action.writer)) for place in places):
        return
    for place in places:
        route = witness.route(plan.root, lambda each, at=place: each is at.action)  # type: ignore[misc]
        value = witness.build(route, witness.minimal(route.end.writer))
        assert _length(schema.root, value) >= witness.size(schema.root)


def test_a_type_that_is_used_before_its_holder_is_measured() -> None:
    """``Y`` is measured after ``X``, which holds it, so that one pass is not enough."""
    y = {"type": "record", "name": "Y", "fields": []}
    x = {"type": "record", "name": "X", "fields": [{"name": "y", "type": y}]}
    fields = [{"name": "a", "type": x}, {"name": "b", "type": "Y"}]
    root = parse_schema({"type": "record", "name": "R", "fields": fields}).root
    assert minimal_value(root) == {"a": {"y": {}}, "b": {}}


@pytest.mark.parametrize("schema", [LOOP, [], {"type": "enum", "name": "E", "symbols": []}])
def test_types_without_a_finite_value_are_told(schema: Any) -> None:
    """A record that holds itself, a union without branches, an enum without symbols."""
    root = parse_schema(schema).root
    assert math.isinf(Witness(root).size(root))
    with pytest.raises(ValueError, match=r"^no value of this type is finite$"):
        minimal_value(root)


def test_a_way_that_is_not_there_is_told() -> None:
    """However often the actions lead back to each other."""
    field = {"name": "next", "type": ["null", "Node"]}
    schema = parse_schema({"type": "record", "name": "Node", "fields": [field]})
    with pytest.raises(ValueError, match=r"^no finite value gets there$"):
        Witness(schema.root).route(resolve(schema, schema).root, lambda _: False)


def test_a_whole_decimal_has_no_digits_behind_the_point() -> None:
    """Zero of scale 0 is not 0.0."""
    decimal = {"type": "bytes", "logicalType": "decimal", "precision": 4}
    assert repr(minimal_value(parse_schema(decimal).root)) == "Decimal('0')"


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (
            {"type": "bytes", "logicalType": "decimal", "precision": 3, "scale": 1},
            [Decimal("0.0"), Decimal("0.1"), Decimal("99.9")],
        ),
        (
            {"type": "fixed", "name": "F", "size": 2, "logicalType": "decimal", "precision": 2},
            [Decimal(0), Decimal(1), Decimal(99)],
        ),
        ({"type": "bytes", "logicalType": "big-decimal"}, [Decimal(0), Decimal("0.1")]),
        ({"type": "fixed", "name": "F", "size": 2}, [b"\0\0", b"\1\1"]),
        (
            {"type": "int", "logicalType": "date"},
            [dt.date(1970, 1, d) for d in (1, 2)] + [dt.date(1969, 12, 31)],
        ),
        ("boolean", [False, True]),
    ],
)
def test_samples_of_types_without_parts(schema: Any, expected: list[Any]) -> None:
    """The smallest first, then what shows a change of unit, scale or sign."""
    root: Any = parse_schema(schema).root
    assert list(map(repr, leaf_samples(root))) == list(map(repr, expected))


def test_samples_of_a_union_are_those_of_its_branches() -> None:
    """Of simple branches all, of the others the smallest if there is one."""
    enum = {"type": "enum", "name": "E", "symbols": ["A", "B"]}
    record = {"type": "record", "name": "R", "fields": [{"name": "x", "type": "int"}]}
    array, table = {"type": "array", "items": "int"}, {"type": "map", "values": "int"}
    root = parse_schema(["null", enum, LOOP, record, array, table]).root
    assert list(samples(root, Witness(root))) == [
        *(("null", None), ("E", "A"), ("E", "B")),
        *(("R", {"x": 0}), ("array", []), ("map", {})),
    ]


NAN = float("nan")


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (1, 1, True),
        (1, 1.0, False),
        (1, True, False),
        (NAN, NAN, True),
        (NAN, 0.0, False),
        (0.0, NAN, False),
        ([NAN, 1], [NAN, 1], True),
        ([1], [1.0], False),
        ([1], [1, 2], False),
        (("int", 1), ("int", 1), True),
        (("int", 1), ("long", 1), False),
        (("int", 1), ["int", 1], False),
        ({"a": NAN}, {"a": NAN}, True),
        ({"a": 1}, {"a": 1.0}, False),
        ({"a": 1}, {"b": 1}, False),
        (Decimal("1.0"), Decimal("1.000"), True),
    ],
)
def test_what_counts_as_the_same(left: Any, right: Any, same: bool) -> None:
    """Equal and of one type, all the way down; a NaN is itself, and scale is no difference."""
    assert _same(left, right) is same


def test_without_runs_there_is_no_example() -> None:
    """As of a type whose samples are all refused."""
    assert _most_telling([]) is None


def test_a_default_that_fits_only_the_branch_that_is_read() -> None:
    """Showing what others read leaves a branch alone there, which the default does not fit."""
    writer = _with_field({"name": "f", "type": "string"})
    reader = _with_field({"name": "f", "type": ["bytes", "string"], "default": "\u0100"})
    [found] = find_incompatibilities(reader=reader, writer=writer, drift=True)
    assert found.counterexample is not None
    assert found.counterexample.differs_elsewhere


def _with_field(field: dict[str, Any]) -> Schema:
    return parse_schema({"type": "record", "name": "R", "fields": [field]})
