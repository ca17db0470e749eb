"""Evolutions keep their level, breaking ones break it by exactly the rule and path they name."""

from __future__ import annotations

import warnings
from typing import Any

import avro.errors
import avro.schema
import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from hypothesis import assume, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from tests.searching import examples
from tests.strategies.breaking import BreakingEvolution, breaking_evolutions
from tests.testing.appearing import missing_in

from streamcontract import Codec, check_level, parse_schema
from streamcontract.compatibility import LEVELS, Level
from streamcontract.resolution import Rule
from streamcontract.schema import RecordType, Schema
from streamcontract.testing.strategies import evolutions, from_schema, histories, schemas

KEPT = [level for level in LEVELS if level != "NONE"]
BREAKABLE: list[Level] = ["BACKWARD", "FORWARD", "FULL"]
RULES: list[Rule] = [
    "NAME_MISMATCH",
    "FIXED_SIZE_MISMATCH",
    "MISSING_ENUM_SYMBOLS",
    "READER_FIELD_MISSING_DEFAULT_VALUE",
    "TYPE_MISMATCH",
    "MISSING_UNION_BRANCH",
]
SHAPES = parse_schema(
    {
        "type": "record",
        "name": "shop.Order",
        "fields": [
            {"name": "id", "type": {"type": "fixed", "name": "Id", "size": 4}},
            {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["NEW", "OLD"]}},
            {"name": "note", "type": ["null", "string"], "default": None},
            {"name": "count", "type": "long", "default": 1},
            {"name": "tags", "type": {"type": "map", "values": "int"}},
        ],
    }
)


@pytest.mark.parametrize("level", KEPT)
@settings(max_examples=examples(40))
@given(st.data())
def test_histories_keep_their_level(level: Level, data: st.DataObject) -> None:
    """Each version against those before it, all of them where the level is transitive."""
    history = data.draw(histories(level=level, min_size=2, max_size=4))
    for i, candidate in enumerate(history[1:], start=1):
        assert check_level(level, candidate=candidate, history=history[:i]) == []


@settings(max_examples=examples(60))
@given(histories(level="FULL_TRANSITIVE", min_size=2, max_size=4), st.data())
def test_every_value_decodes_both_ways(history: list[Schema], data: st.DataObject) -> None:
    """What the checker lets pass, the codec reads: each version's values by each other one."""
    writer, reader = data.draw(st.permutations(history))[:2]
    value = data.draw(from_schema(writer, tag_unions=True))
    Codec[Any](reader).decode(Codec[Any](writer).encode(value), writer=writer)


@settings(max_examples=examples(60))
@given(schemas(), st.data())
def test_every_value_decodes_forward_and_backward(schema: Schema, data: st.DataObject) -> None:
    """The successor reads what its predecessor wrote, or the predecessor what it writes."""
    newer = data.draw(evolutions(schema, level="BACKWARD"))
    value = data.draw(from_schema(schema, tag_unions=True))
    Codec[Any](newer).decode(Codec[Any](schema).encode(value), writer=schema)
    newer = data.draw(evolutions(schema, level="FORWARD"))
    value = data.draw(from_schema(newer, tag_unions=True))
    Codec[Any](schema).decode(Codec[Any](newer).encode(value), writer=newer)


def apache_says(reader: Schema, writer: Schema) -> bool:
    """The verdict of Avro's own checker for Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", avro.errors.IgnoredLogicalType)
        try:
            their_reader, their_writer = map(avro.schema.parse, (reader.json, writer.json))
        except avro.errors.SchemaParseException:
            assume(False)  # the namespace "", which it takes for none given ("Names")
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call] # untyped there
    verdict = checker.get_compatibility(their_reader, their_writer).compatibility
    return bool(verdict is SchemaCompatibilityType.compatible)


@settings(max_examples=examples(60))
@given(schemas(), st.data())
def test_apache_avro_finds_them_compatible(schema: Schema, data: st.DataObject) -> None:
    """An independent checker agrees that the level is kept."""
    newer = data.draw(evolutions(schema, level="FULL"))
    assert apache_says(newer, schema)
    assert apache_says(schema, newer)


@pytest.mark.parametrize("level", BREAKABLE)
@settings(max_examples=examples(60))
@given(schemas(), st.data())
def test_breaking_evolutions_break_what_they_name(
    level: Level, schema: Schema, data: st.DataObject
) -> None:
    """The findings of that direction are the one foretold: rule and path."""
    broken = data.draw(breaking_evolutions(schema, level=level))
    found = [
        (finding.rule, finding.path)
        for finding in check_level(level, candidate=broken.schema, history=[schema])
        if finding.direction == broken.direction
    ]
    if "another one" in broken.change:  # a whole union replaced: once for each of its branches
        assert {rule for rule, _ in found} == {broken.rule}
        assert broken.path in [path for _, path in found]
    else:
        assert found == [(broken.rule, broken.path)]


@settings(max_examples=examples(60))
@given(schemas(), st.data())
def test_apache_avro_finds_them_incompatible(schema: Schema, data: st.DataObject) -> None:
    """An independent checker agrees that the level is broken."""
    broken = data.draw(breaking_evolutions(schema, level="FULL"))
    if broken.direction == "backward":
        assert not apache_says(broken.schema, schema)
    else:
        assert not apache_says(schema, broken.schema)


def test_every_rule_is_broken() -> None:
    """A schema of all shapes can be broken by each rule of Avro's."""
    broken = breaking_evolutions(SHAPES)
    assert missing_in(broken, RULES, lambda evolution: [evolution.rule]) == set()


CHANGES: dict[str, Any] = {
    "a field is added": lambda new: len(new.fields) > 5,
    "a field is removed": lambda new: len(new.fields) < 5,
    "a field is renamed": lambda new: any("count" in field.aliases for field in new.fields),
    "fields are moved": lambda new: new.fields[0].name == "count",
    "a default is dropped": lambda new: any(
        field.name == "count" and not field.has_default for field in new.fields
    ),
    "a symbol is added": lambda new: _symbols(new) > 2,
    "the type is renamed": lambda new: new.full_name != "shop.Order",
    "the type is moved": lambda new: new.name == "Order" and new.namespace != "shop",
    "a branch is added": lambda new: any(
        field.name == "note" and len(getattr(field.type, "branches", ())) > 2
        for field in new.fields
    ),
    "a type is documented": lambda new: new.doc is not None,
}


def _symbols(record: Any) -> int:
    """How many symbols an enum among its fields has."""
    return max((len(getattr(f.type, "symbols", ())) for f in record.fields), default=0)


@pytest.mark.searching
def test_every_change_appears() -> None:
    """What people change is changed."""

    def shown_by(schema: Schema) -> list[str]:
        if not isinstance(schema.root, RecordType):
            return []
        return [name for name, is_shown in CHANGES.items() if is_shown(schema.root)]

    assert missing_in(evolutions(SHAPES), CHANGES, shown_by) == set()


@pytest.mark.hypothesis
def test_a_level_excludes_what_breaks_it() -> None:
    """FULL never drops a field that older readers need."""
    names = {"id", "state", "tags"}

    @settings(max_examples=examples(60))
    @given(evolutions(SHAPES, level="FULL"))
    def check(schema: Schema) -> None:
        assert names <= {field.name for field in schema.root.fields}  # type: ignore[union-attr]

    check()


@given(breaking_evolutions(parse_schema({"type": "array", "items": "long"})))
def test_breaking_evolutions_say_what_changed(broken: BreakingEvolution) -> None:
    """In words, with the place."""
    assert broken.path in ("/", "/items")
    assert broken.change.startswith(("the schema", "/items"))


def test_shrinks_to_readable_evolutions() -> None:
    """The smallest evolution is one that a person would write to show it."""
    v1 = parse_schema({"type": "record", "name": "R", "fields": []})
    v2 = find(evolutions(v1), lambda schema: '"default"' in schema.json)
    assert v2.json == (
        '{"name": "R", "type": "record", '
        '"fields": [{"name": "a", "type": "string", "default": ""}]}'
    )


def test_wrong_arguments() -> None:
    """A level that there is not, or that nothing breaks, is refused; so are impossible sizes."""
    wrong: Any = "BACKWARDS"
    for strategy in (evolutions, breaking_evolutions):
        with pytest.raises(InvalidArgument, match="'BACKWARDS' is no compatibility level"):
            strategy(SHAPES, level=wrong)
    with pytest.raises(InvalidArgument, match="is no compatibility level"):
        histories(level=wrong)
    with pytest.raises(InvalidArgument, match="2 to 1 versions"):
        histories(min_size=2, max_size=1)
    with pytest.raises(InvalidArgument, match="no change breaks the level NONE"):
        breaking_evolutions(SHAPES, level="NONE")
    with pytest.raises(InvalidArgument, match="no data can be written"):
        breaking_evolutions(parse_schema([]))
