"""Which plan two schemas give, and what each fault of it says, read against Avro 1.12."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import attrs
import pytest
from tests.in_one_test import in_one_test

from streamcontract import Codec, find_incompatibilities, parse_schema
from streamcontract.errors import ArgumentError, DecodeError
from streamcontract.resolution import (
    Fail,
    IntoUnion,
    Plan,
    ReadEnum,
    ReadFixed,
    ReadPrimitive,
    ReadRecord,
    ReadUnion,
    Rescale,
    resolve,
    resolve_types,
    type_label,
)
from streamcontract.resolution.matching import PROMOTIONS, match_fields
from streamcontract.resolution.plan import faults_of

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
PROMOTED = {
    *(("int", to) for to in ("long", "float", "double")),
    *(("long", to) for to in ("float", "double")),
    ("float", "double"),
    ("string", "bytes"),
    ("bytes", "string"),
}
"""The table of "Schema Resolution", written down a second time."""


def plan(writer: object, reader: object) -> Plan:
    """The plan of two schemas."""
    return resolve(parse_schema(writer), parse_schema(reader))  # type: ignore[arg-type] # JSON values


def record(*fields: Any, name: str = "R", **more: Any) -> dict[str, Any]:
    """A record; a field is its name, or the whole of it."""
    whole = [{"name": each, "type": "int"} if isinstance(each, str) else each for each in fields]
    return {"type": "record", "name": name, "fields": whole, **more}


def union_of(action: object) -> IntoUnion:
    """The action, which is one into a union."""
    assert isinstance(action, IntoUnion)
    return action


EVERYTHING = {
    "type": "record",
    "name": "R",
    "fields": [
        {"name": "text", "type": "string"},
        {"name": "fixed", "type": {"type": "fixed", "name": "F", "size": 1}},
        {"name": "enum", "type": {"type": "enum", "name": "E", "symbols": ["A"]}},
        {"name": "list", "type": {"type": "array", "items": "int"}},
        {"name": "map", "type": {"type": "map", "values": "int"}},
        {"name": "union", "type": ["null", "int"]},
        {"name": "into", "type": "int"},
        {"name": "bad", "type": "int"},
    ],
}


def test_actions_hold_the_types_they_are_for() -> None:
    """Those of the schemas themselves, on either side; the codec reads sizes and names there."""
    other = copy.deepcopy(EVERYTHING)
    other["fields"][6]["type"] = ["null", "int"]  # type: ignore[index] # JSON
    other["fields"][7]["type"] = "boolean"  # type: ignore[index] # JSON
    writer, reader = parse_schema(EVERYTHING), parse_schema(other)
    result = resolve(writer, reader)
    root = result.root
    assert isinstance(root, ReadRecord)
    assert root.writer is writer.root
    assert root.reader is reader.root
    for step, written, read in zip(root.steps, root.writer.fields, root.reader.fields, strict=True):
        assert step.action is not None
        assert step.field is written
        assert step.action.writer is written.type
        assert step.action.reader is read.type
    union = root.steps[5].action
    assert isinstance(union, ReadUnion)
    for branch, node in zip(union.branches, union.writer.branches, strict=True):
        assert branch.writer is node
        assert branch.reader is union.reader


def test_faults_hold_the_types_they_are_about() -> None:
    """And so do the actions that fail for them."""

    def types(written: Any, read: Any, at: int = 0) -> None:
        writer, reader = parse_schema(written), parse_schema(read)
        result = resolve(writer, reader)
        fault = result.faults[at]
        assert fault.writer is writer.root
        assert fault.reader is reader.root
        if isinstance(result.root, Fail):
            assert result.root.writer is writer.root
            assert result.root.reader is reader.root

    fixed = {"type": "fixed", "name": "F", "size": 1}
    enum = {"type": "enum", "name": "E", "symbols": ["A"]}
    types("int", "string")
    types("int", ["null", "string"])
    types(enum, ["null", {**enum, "symbols": ["B"]}])
    types(fixed, {**fixed, "size": 2})
    types(fixed, {**fixed, "name": "G"})
    types(enum, {**enum, "symbols": ["B"]})
    types(enum, {**enum, "name": "G"})
    types(enum, {**enum, "name": "G", "symbols": ["B"]}, at=1)
    types(record("a"), record("a", "b"))
    types(record("a"), record("a", name="S"))


@pytest.mark.parametrize(("kind", "inside"), [("array", "items"), ("map", "values")])
def test_a_missing_default_is_told_where_the_record_is(kind: str, inside: str) -> None:
    """In the writer that is the record's place, as the field has none there."""
    result = plan({"type": kind, inside: record()}, {"type": kind, inside: record("a")})
    (fault,) = result.faults
    assert (fault.reader_path, fault.writer_path) == (f"/{inside}/fields/0", f"/{inside}")


@pytest.mark.parametrize("schema", ["int", {"type": "int"}, None])
def test_no_schemas(schema: Any) -> None:
    """JSON is no schema before it is parsed; the error names the argument."""
    parsed = parse_schema("int")
    with pytest.raises(ArgumentError, match="reader has to be a Schema, as parse_schema returns"):
        find_incompatibilities(reader=schema, writer=parsed)
    with pytest.raises(ArgumentError, match="writer has to be a Schema, as parse_schema returns"):
        resolve(schema, parsed)


def test_decimals_in_fixed_are_rescaled() -> None:
    """As those in bytes are."""

    def decimal(scale: int) -> dict[str, Any]:
        parts = {"logicalType": "decimal", "precision": 9, "scale": scale}
        return {"type": "fixed", "name": "D", "size": 4, **parts}

    root = plan(decimal(1), decimal(3)).root
    assert isinstance(root, ReadFixed)
    assert root.rescale == Rescale(multiply=100)


def test_two_writer_records_read_as_one_have_actions_of_their_own() -> None:
    """The pair counts, not the reader alone."""
    apart = record(
        {"name": "a", "type": record("x", name="In")},
        {"name": "b", "type": record("y", name="m.In")},
        name="Out",
    )
    optional = {"name": "x", "type": "int", "default": 0}
    both = record(
        {"name": "a", "type": record(optional, name="In")}, {"name": "b", "type": "In"}, name="Out"
    )
    root = plan(apart, both).root
    assert isinstance(root, ReadRecord)
    first, second = (step.action for step in root.steps)
    assert isinstance(first, ReadRecord)
    assert isinstance(second, ReadRecord)
    assert (first.defaults, second.defaults) == ((), (0,))


def test_aliases_that_compete() -> None:
    """The first field with the alias takes it, whoever stands between; a taken name is skipped."""
    writer = parse_schema(record("a", "b")).root
    reader = parse_schema(record("a", {"name": "z", "type": "int", "default": 0})).root
    # A schema's aliases are unique within a record, so the model is changed behind its parser.
    first, second = reader.fields  # type: ignore[union-attr] # it is a record
    one = attrs.evolve(first, name="p", aliases=("b",))
    two = attrs.evolve(second, name="q", aliases=("b",))
    named = attrs.evolve(first, name="b")
    assert match_fields(writer, attrs.evolve(reader, fields=(one, two))) == [1, None]  # type: ignore[arg-type] # likewise
    assert match_fields(writer, attrs.evolve(reader, fields=(first, one))) == [0, 1]  # type: ignore[arg-type] # likewise
    assert match_fields(writer, attrs.evolve(reader, fields=(one, named))) == [None, 1]  # type: ignore[arg-type] # likewise


@in_one_test([*itertools.product(PRIMITIVES, PRIMITIVES)])
def test_primitives_are_promoted_as_the_table_says(pair: tuple[str, str]) -> None:
    """Each of the 64 pairs, which can be read or is a TYPE_MISMATCH at the root."""
    writer, reader = pair
    result = plan(writer, reader)
    if writer == reader or (writer, reader) in PROMOTED:
        assert result.faults == ()
        assert isinstance(result.root, ReadPrimitive)
        assert result.root.rescale is None
    else:
        (fault,) = result.faults
        assert (fault.rule, fault.reader_path, fault.writer_path) == ("TYPE_MISMATCH", "/", "/")
        kinds = (reader.upper(), writer.upper())
        assert fault.detail == "reader type: {} not compatible with writer type: {}".format(*kinds)
    assert {(a, b) for a, to in PROMOTIONS.items() for b in to} == PROMOTED


@pytest.mark.parametrize(
    ("schema", "label"),
    [
        ("int", "INT"),
        ({"type": "array", "items": "int"}, "ARRAY"),
        ({"type": "map", "values": "int"}, "MAP"),
        (["int"], "UNION"),
        (record(), "RECORD"),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, "ENUM"),
        ({"type": "fixed", "name": "F", "size": 1}, "FIXED"),
    ],
)
def test_labels_are_avros(schema: Any, label: str) -> None:
    """Messages name kinds as Avro's do."""
    assert type_label(parse_schema(schema).root) == label


@pytest.mark.parametrize(
    ("writer", "reader", "branch", "candidates"),
    [
        ("long", ["double", "long"], 1, (1, 0)),
        ("int", ["double", "float", "long"], 0, (0, 1, 2)),
        ("string", ["bytes", "string"], 1, (1, 0)),
        ({"type": "array", "items": "int"}, ["null", {"type": "array", "items": "int"}], 1, (1,)),
        ({"type": "map", "values": "int"}, [{"type": "map", "values": "int"}], 0, (0,)),
        (
            record("a", name="b.X"),
            [record("a", name="a.X"), record("a", name="c.Y", aliases=["b.X"])],
            1,
            (1, 0),
        ),
        (
            record("a", name="b.X"),
            [
                record("a", name="a.X"),
                record("a", name="c.Y", aliases=["d.X"]),
                record("a", name="b.X"),
            ],
            2,
            (2, 0),
        ),
        # An alias beats the simple name, and the full name beats both.
        (
            {"type": "fixed", "name": "n.F", "size": 2},
            [
                {"type": "fixed", "name": "m.F", "size": 2},
                {"type": "fixed", "name": "G", "size": 2, "aliases": ["n.F"]},
            ],
            1,
            (1, 0),
        ),
        (
            {"type": "enum", "name": "n.E", "symbols": ["A"]},
            [
                {"type": "enum", "name": "m.E", "symbols": ["A"]},
                {"type": "enum", "name": "n.E", "symbols": ["A"]},
            ],
            1,
            (1, 0),
        ),
    ],
)
def test_the_nearest_branch_takes_a_bare_value(
    writer: Any, reader: Any, branch: int, candidates: tuple[int, ...]
) -> None:
    """The same type before a promotion, the full name before an alias before the simple name."""
    result = plan(writer, reader)
    assert result.faults == ()
    root = union_of(result.root)
    assert (root.branch, root.candidates, root.fault) == (branch, candidates, None)


def test_a_branch_that_can_be_read_is_taken_before_a_nearer_one_that_cannot() -> None:
    """The full name matches, but its field is missing there: the other record takes the value."""
    result = plan(record("a", name="n.X"), [record("z", name="n.X"), record("a", name="m.X")])
    assert result.faults == ()
    assert union_of(result.root).branch == 1


def test_no_branch_can_take_every_value() -> None:
    """The nearest is kept for what it can take, and the fault says why it cannot take all."""
    enums = [{"type": "enum", "name": "n.E", "symbols": symbols} for symbols in (["A", "B"], ["A"])]
    result = plan(enums[0], ["null", enums[1]])
    (fault,) = result.faults
    assert fault.rule == "MISSING_UNION_BRANCH"
    assert (fault.reader_path, fault.writer_path) == ("/", "/")
    assert fault.detail == "reader union lacking writer type: ENUM"
    assert [cause.rule for cause in fault.causes] == ["MISSING_ENUM_SYMBOLS"]
    assert (fault.causes[0].reader_path, fault.causes[0].writer_path) == ("/1/symbols", "/symbols")
    root = union_of(result.root)
    assert (root.branch, root.fault, root.candidates) == (1, fault, (1,))
    assert (root.writer, root.reader) == (result.writer.root, result.reader.root)
    reader = Codec[Any](["null", enums[1]])
    assert reader.decode(b"\0", writer=parse_schema(enums[0])) == "A"
    with pytest.raises(DecodeError, match="B"):
        reader.decode(b"\2", writer=parse_schema(enums[0]))


def test_no_branch_matches_at_all() -> None:
    """The fault is at the union, below the field that has it."""
    result = plan(
        record({"name": "a", "type": "boolean"}), record({"name": "a", "type": ["int", "null"]})
    )
    (fault,) = result.faults
    assert (fault.rule, fault.causes) == ("MISSING_UNION_BRANCH", ())
    assert fault.reader_path == fault.writer_path == "/fields/0/type"
    assert isinstance(result.root, ReadRecord)
    assert isinstance(result.root.steps[0].action, Fail)


def test_every_branch_of_a_writers_union_is_resolved() -> None:
    """Paths count the writer's branches on both sides, as Avro's own check does."""
    result = plan(["null", "string", "long"], "int")
    assert isinstance(result.root, ReadUnion)
    places = [(fault.reader_path, fault.writer_path, fault.rule) for fault in result.faults]
    assert places == [(f"/{i}", f"/{i}", "TYPE_MISMATCH") for i in range(3)]


def test_places_of_faults_inside_of_arrays_and_maps() -> None:
    """Items and values are steps of a path."""
    result = plan(
        {"type": "array", "items": {"type": "map", "values": "string"}},
        {"type": "array", "items": {"type": "map", "values": "int"}},
    )
    (fault,) = result.faults
    assert fault.reader_path == fault.writer_path == "/items/values"


def test_fields_are_matched_by_name_then_by_alias_and_each_once() -> None:
    """A name goes before an alias; what one field takes, no other does."""
    writer = parse_schema(record("a", "b", "c")).root
    reader = parse_schema(
        record(
            {"name": "x", "type": "int", "aliases": ["missing", "b"], "default": 0},
            {"name": "c", "type": "int"},
            {"name": "a", "type": "int", "aliases": ["z"]},
            {"name": "y", "type": "int", "default": 0},
        )
    ).root
    assert match_fields(writer, reader) == [1, 2, 0, None]  # type: ignore[arg-type] # both are records


def test_a_field_feeds_one_field_only() -> None:
    """Two aliases for one field, which only a renamed copy could have: the first gets it."""
    writer = parse_schema(record("old"))
    fields: list[Any] = [
        {"name": "first", "type": "int", "aliases": ["old"]},
        {"name": "second", "type": "int", "default": 7},
    ]
    reader = parse_schema(record(*fields))
    assert Codec[Any](reader).decode(b"\2", writer=writer) == {"first": 1, "second": 7}
    # Where the reader keeps the name too, the alias gives way to it.
    kept = parse_schema(
        record(
            {"name": "new", "type": "int", "aliases": ["ancient", "old2"], "default": 5},
            {"name": "old", "type": "int"},
        )
    )
    assert match_fields(writer.root, kept.root) == [None, 0]  # type: ignore[arg-type] # both are records


def test_plan_of_a_record() -> None:
    """Steps in the order written, what nobody asks for skipped, the rest from defaults."""
    writer = record("a", "gone", "b")
    reader = record("b", {"name": "new", "type": "int", "default": 1}, "a")
    result = plan(writer, reader)
    root = result.root
    assert isinstance(root, ReadRecord)
    assert [(step.field.name, step.target) for step in root.steps] == [
        ("a", 2),
        ("gone", None),
        ("b", 0),
    ]
    assert [step.action is None for step in root.steps] == [False, True, False]
    assert (root.defaults, root.faults, result.faults) == ((1,), (), ())
    assert (result.writer, result.reader) == (parse_schema(writer), parse_schema(reader))


def test_a_record_that_cannot_be_read() -> None:
    """Its name and each field without a default are faults, of the record and of the plan."""
    result = plan(record("a", name="Old"), record("a", "b", "c", name="n.New"))
    facts = [(f.rule, f.reader_path, f.writer_path, f.detail) for f in result.faults]
    assert facts == [
        ("NAME_MISMATCH", "/name", "/name", "expected: Old"),
        ("READER_FIELD_MISSING_DEFAULT_VALUE", "/fields/1", "/", "b"),
        ("READER_FIELD_MISSING_DEFAULT_VALUE", "/fields/2", "/", "c"),
    ]
    assert [f.field.name if f.field else None for f in result.faults] == [None, "b", "c"]
    assert isinstance(result.root, ReadRecord)
    assert result.root.faults == result.faults


def test_a_recursive_record_is_one_action() -> None:
    """Its plan leads back to itself, and its faults are told once."""
    node = record({"name": "next", "type": ["null", "R"]}, {"name": "v", "type": "int"})
    other = record({"name": "next", "type": ["null", "R"]}, {"name": "v", "type": "string"})
    result = plan(node, other)
    assert [f.reader_path for f in result.faults] == ["/fields/1/type"]
    result = plan(node, node)
    assert isinstance(result.root, ReadRecord)
    union = result.root.steps[0].action
    assert isinstance(union, ReadUnion)
    assert union_of(union.branches[1]).action is result.root


def test_a_fault_behind_a_branch_that_was_judged_too_early_is_told() -> None:
    """While ``X`` is being resolved, the branch of ``Y`` that leads back to it has no fault yet.

    It gets one, ``a`` turns to another record for it, and only through ``b`` data still get there.
    """

    def pair(kind: str, a: Any) -> dict[str, Any]:
        y = record({"name": "x", "type": ["null", "X"]}, name="Y")
        x = record({"name": "y", "type": ["null", y]}, {"name": "v", "type": kind}, name="n.X")
        return record({"name": "a", "type": a(x)}, {"name": "b", "type": "n.Y"}, name="Root")

    writer = parse_schema(pair("int", lambda x: x))
    reader = parse_schema(pair("string", lambda x: [x, record(name="m.X")]))
    assert [fault.rule for fault in resolve(writer, reader).faults] == ["TYPE_MISMATCH"]
    x = {"y": None, "v": 1}
    encode, decode = Codec[Any](writer).encode, Codec[Any](reader).decode
    assert decode(encode({"a": x, "b": {"x": None}}), writer=writer) == {"a": {}, "b": {"x": None}}
    with pytest.raises(DecodeError, match="TYPE_MISMATCH"):
        decode(encode({"a": x, "b": {"x": x}}), writer=writer)


def test_a_pair_of_records_is_resolved_once_whatever_else_it_meets() -> None:
    """One record read as two others has two actions."""
    both = record(
        {"name": "a", "type": record("x", name="In")}, {"name": "b", "type": "In"}, name="Out"
    )
    apart = record(
        {"name": "a", "type": record("x", name="In")},
        {"name": "b", "type": record("x", name="m.In")},
        name="Out",
    )
    same, other = plan(both, both).root, plan(both, apart).root
    assert isinstance(same, ReadRecord)
    assert isinstance(other, ReadRecord)
    assert same.steps[0].action is same.steps[1].action
    assert other.steps[0].action is not other.steps[1].action


@pytest.mark.parametrize(
    ("written", "read", "faults"),
    [
        (("F", 2), ("F", 2), []),
        (("n.F", 2), ("m.F", 2), []),
        (("F", 2), ("F", 3), [("FIXED_SIZE_MISMATCH", "/size", "expected: 2, found: 3")]),
        (("F", 3), ("F", 2), [("FIXED_SIZE_MISMATCH", "/size", "expected: 3, found: 2")]),
        (
            ("F", 2),
            ("G", 3),
            [
                ("NAME_MISMATCH", "/name", "expected: F"),
                ("FIXED_SIZE_MISMATCH", "/size", "expected: 2, found: 3"),
            ],
        ),
    ],
)
def test_fixed(written: tuple[str, int], read: tuple[str, int], faults: list[Any]) -> None:
    """Names and sizes, each told where it differs, on both sides."""
    writer, reader = ({"type": "fixed", "name": n, "size": s} for n, s in (written, read))
    result = plan(writer, reader)
    assert [(f.rule, f.reader_path, f.detail) for f in result.faults] == faults
    assert [f.writer_path for f in result.faults] == [path for _, path, _ in faults]
    assert isinstance(result.root, Fail) is bool(faults)


def test_enums() -> None:
    """A symbol is itself, the reader's default, or missing."""
    abc = {"type": "enum", "name": "E", "symbols": ["C", "A", "B"]}
    some = {"type": "enum", "name": "E", "symbols": ["A", "Z"]}
    result = plan(abc, some)
    (fault,) = result.faults
    assert (fault.rule, fault.detail) == ("MISSING_ENUM_SYMBOLS", "[B, C]")
    assert (fault.reader_path, fault.writer_path) == ("/symbols", "/symbols")
    assert fault.symbols == ("C", "B")
    assert isinstance(result.root, ReadEnum)
    assert result.root.symbols == (None, "A", None)
    assert result.root.fault is fault

    result = plan(abc, {**some, "default": "Z"})
    assert result.faults == ()
    assert isinstance(result.root, ReadEnum)
    assert result.root.symbols == ("Z", "A", "Z")
    assert result.root.fault is None

    renamed = plan(abc, {**some, "name": "F"})
    assert [(f.rule, f.reader_path, f.writer_path) for f in renamed.faults] == [
        ("NAME_MISMATCH", "/name", "/name"),
        ("MISSING_ENUM_SYMBOLS", "/symbols", "/symbols"),
    ]
    assert plan({**abc, "symbols": ["A"]}, {**some, "name": "F"}).faults[0].rule == "NAME_MISMATCH"
    assert len(plan({**abc, "symbols": ["A"]}, {**some, "name": "F"}).faults) == 1


def test_an_alias_of_a_type_is_a_full_name() -> None:
    """An alias without namespace means the reader's own namespace ("Aliases")."""
    writer = {"type": "fixed", "name": "n.F", "size": 1}
    reader = {"type": "fixed", "name": "n.G", "size": 1, "aliases": ["F"]}
    assert plan(writer, reader).faults == ()
    assert plan({**writer, "name": "F"}, reader).faults[0].rule == "NAME_MISMATCH"


TICKS = {
    **{f"{kind}-millis": (kind, 10**3) for kind in ("timestamp", "local-timestamp")},
    **{f"{kind}-micros": (kind, 10**6) for kind in ("timestamp", "local-timestamp")},
    **{f"{kind}-nanos": (kind, 10**9) for kind in ("timestamp", "local-timestamp")},
    "time-millis": ("time", 10**3),
    "time-micros": ("time", 10**6),
}


def logical(name: str, base: str = "long") -> dict[str, str]:
    """A type with a logical type; milliseconds of a day are an int."""
    return {"type": "int" if name == "time-millis" else base, "logicalType": name}


@in_one_test([*itertools.product(TICKS, TICKS)])
def test_units_of_one_kind_are_rescaled(pair: tuple[str, str]) -> None:
    """By the number of the finer unit in the coarser; other kinds are left as they are."""
    writer, reader = pair
    result = plan(logical(writer), logical(reader))
    if reader == "time-millis" != writer:  # an int, which no long is read as
        assert [fault.rule for fault in result.faults] == ["TYPE_MISMATCH"]
        return
    assert isinstance(result.root, ReadPrimitive)
    (kind, ticks), (other, wanted) = TICKS[writer], TICKS[reader]
    expected = None
    if kind == other and wanted > ticks:
        expected = Rescale(multiply=wanted // ticks)
    elif kind == other and wanted < ticks:
        expected = Rescale(divide=ticks // wanted)
    assert result.root.rescale == expected
    # A float, though equal to the int, would round what it rescales.
    if result.root.rescale is not None:
        assert type(result.root.rescale.multiply) is type(result.root.rescale.divide) is int


@pytest.mark.parametrize(
    ("written", "read", "expected"),
    [
        (2, 2, None),
        (2, 5, Rescale(multiply=1000)),
        (5, 2, Rescale(divide=1000)),
        (0, 1, Rescale(multiply=10)),
        (1, 0, Rescale(divide=10)),
    ],
)
def test_scales_of_decimals(written: int, read: int, expected: Rescale | None) -> None:
    """By powers of ten, exactly; another precision alone changes nothing."""

    def decimal(scale: int, precision: int) -> dict[str, Any]:
        parts = {"logicalType": "decimal", "precision": precision}
        return {"type": "bytes", **parts, **({"scale": scale} if scale else {})}

    for precision in (9, 10):
        root = plan(decimal(written, 9), decimal(read, precision)).root
        assert isinstance(root, ReadPrimitive)
        assert root.rescale == expected


def test_other_logical_types_are_not_rescaled() -> None:
    """Neither what one side alone has, nor what has no unit."""
    for writer, reader in [
        ("long", logical("timestamp-millis")),
        (logical("timestamp-millis"), "long"),
        (logical("date", "int"), logical("date", "int")),
        (logical("date", "int"), logical("time-millis")),
        (logical("timestamp-millis"), logical("time-micros")),
    ]:
        root = plan(writer, reader).root
        assert isinstance(root, ReadPrimitive)
        assert root.rescale is None


def test_an_integer_read_as_float_has_the_digits_of_32_bits() -> None:
    """2**24 + 1 has one digit too many for "single precision (32-bit)"."""
    data = Codec[Any]("long").encode(2**24 + 1)
    assert Codec[Any]("float").decode(data, writer=parse_schema("long")) == 2.0**24
    assert Codec[Any]("double").decode(data, writer=parse_schema("long")) == 2.0**24 + 1


def test_types_alone_resolve_like_schemas() -> None:
    """As for a default, whose field's type is read with itself."""
    root = parse_schema(["null", "long"]).root
    action = resolve_types(root, root)
    assert isinstance(action, ReadUnion)
    assert [union_of(branch).branch for branch in action.branches] == [0, 1]
    lists = [parse_schema({"type": "array", "items": each}).root for each in ("long", "int")]
    (fault,) = faults_of(resolve_types(*lists))
    assert (fault.reader_path, fault.writer_path) == ("/items", "/items")
