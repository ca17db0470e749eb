"""What each module that deals with logical types does with one of them, as a check.

A check takes a case (a logical type on one of its bases) and fails where the module cannot deal
with it. The modules it is about are what the failure names.
"""

from __future__ import annotations

import builtins
import itertools
import json
import os
import typing
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Final, get_args
from unittest import mock

import attrs
import duckdb
import pyarrow as pa
import pytest
from hypothesis import Phase, find, given, settings
from jsonschema import Draft202012Validator, FormatChecker
from tests.columns.conversion import check as check_columns
from tests.searching import examples
from tests.strategies.breaking import breaking_evolutions
from tests.strategies.payloads import Payload, payloads

from fuzz.pool import POOL
from streamcontract import Codec, Duration, JsonCodec, find_incompatibilities, parse_schema
from streamcontract.codec.engine import (
    ENGINE_VARIABLE,
    Unusable,
    choose_engine,
    find_extension,
)
from streamcontract.codec.number_lists import FEWEST
from streamcontract.codegen import ModuleSource, generate_module
from streamcontract.compatibility.leaf_samples import leaf_samples
from streamcontract.compatibility.witness import Witness, minimal_value
from streamcontract.diff import find_changes
from streamcontract.errors import (
    ConfigurationError,
    DecodeError,
    EncodeError,
    SchemaParseError,
)
from streamcontract.json_codec.direct import direct_text, is_direct
from streamcontract.json_codec.json_schema import json_schema
from streamcontract.json_codec.leaves import Encoding
from streamcontract.lint import Settings, lint_schema
from streamcontract.messages.where import WhereError, compile_where
from streamcontract.messages.where.literals import family_of
from streamcontract.resolution import ReadPrimitive, resolve
from streamcontract.schema import FixedType, PrimitiveType, Schema
from streamcontract.schema.inline import inlined
from streamcontract.schema.logical import (
    LOGICAL_TYPES,
    Base,
    LogicalRow,
    conversion,
    row_of,
)
from streamcontract.schema.model import INTEGER_LIMITS, children
from streamcontract.testing.assertions import assert_messages, differences
from streamcontract.testing.strategies import from_schema
from streamcontract.testing.strategies.forms import fixed_forms, logical_forms
from streamcontract.testing.suite.pasting import source_of
from streamcontract.times import now

REPOSITORY: Final = Path(__file__).parents[2]
SOURCES: Final = REPOSITORY / "src" / "streamcontract"
FEW: Final = settings(
    deadline=None, max_examples=max(6, examples(25)), database=None, derandomize=True
)
SEEK: Final = settings(
    deadline=None, max_examples=2_000, database=None, derandomize=True, phases=[Phase.generate]
)


@attrs.frozen
class Case:
    """A logical type on one of the types that it annotates."""

    row: LogicalRow
    base: Base

    @property
    def document(self) -> dict[str, Any]:
        """A schema of it."""
        return dict(self.row.example(self.base))

    @property
    def plain(self) -> dict[str, Any]:
        """What it annotates, without it."""
        kept = ("type", "name", "size")
        return {key: value for key, value in self.document.items() if key in kept}

    @property
    def node(self) -> Any:
        """The same as the model has it."""
        return parse_schema(self.document).root

    def record(self, **field: Any) -> dict[str, Any]:
        """A record with a field of it."""
        fields = [{"name": "held", "type": self.document, "doc": "It.", **field}]
        return {"type": "record", "name": "Holder", "doc": "Holds it.", "fields": fields}

    def __str__(self) -> str:
        return f"{self.row.name} on {self.base}"


def cases() -> list[Case]:
    """Every logical type on each of its bases."""
    return [Case(row, base) for row in LOGICAL_TYPES.values() for base in row.bases]


Check = Callable[[Case], None]


@attrs.frozen
class Consumer:
    """A check, and the files that are at fault where it fails, below ``src/streamcontract``."""

    homes: tuple[str, ...]
    check: Check


CONSUMERS: Final[list[Consumer]] = []


def _consumer(*homes: str) -> Callable[[Check], Check]:
    def register(check: Check) -> Check:
        CONSUMERS.append(Consumer(homes, check))
        return check

    return register


# ---- schema


@_consumer("schema/logical/row.py", "schema/builder.py")
def parse(case: Case) -> None:
    """Its schema has the logical type, and nothing of it is left as an unknown attribute."""
    node = case.node
    assert node.logical.name == case.row.name
    assert row_of(node) is case.row
    assert dict(node.attributes) == {}
    again = parse_schema(json.dumps(inlined(node))).root
    assert isinstance(again, PrimitiveType | FixedType)
    assert again.logical == node.logical


@_consumer("schema/unknown.py")
def hint(case: Case) -> None:
    """Its name in the place of a type is answered with how it is written."""
    with pytest.raises(SchemaParseError) as caught:
        parse_schema(["null", case.row.name])
    assert case.row.written() in str(caught.value)


# ---- codec


def _engines() -> Iterator[str]:
    for name in ("portable", "native"):
        with mock.patch.dict(os.environ, {ENGINE_VARIABLE: name}):
            try:
                choose_engine()
            except ConfigurationError:
                continue  # not built here
            yield name


def _codecs(schema: Any) -> list[Codec[Any]]:
    return [Codec(schema) for _ in _engines()]


def _values(case: Case) -> list[Any]:
    return list(leaf_samples(case.node))


@_consumer("codec/encode.py", "codec/decode.py", "codec/native.py")
def round_trip(case: Case) -> None:
    """Values are of the row's class, and have the same bytes on either engine."""
    for value in _values(case):
        assert type(value) is case.row.python.cls
        written = {codec.encode(value) for codec in _codecs(case.document)}
        (data,) = written
        for codec in _codecs(case.document):
            decoded = codec.decode(data)
            assert decoded == value
            assert type(decoded) is case.row.python.cls


@_consumer("codec/encode.py", "codec/native.py", "schema/logical/rows.py")
def refusal(case: Case) -> None:
    """A value of any other class is refused on either engine."""
    for codec in _codecs(case.document):
        for value in (object(), None, [], 1.5):
            with pytest.raises(EncodeError):
                codec.encode(value)


@_consumer("codec/decode.py", "codec/native.py", "schema/logical/rows.py")
def limits(case: Case) -> None:
    """The numbers at its limits are read and written, those beside them are not."""
    if case.row.limits is None:
        return
    low, high = INTEGER_LIMITS[case.base.type]
    number: Codec[int] = Codec(case.base.type)
    for codec in _codecs(case.document):
        for limit, step in zip(case.row.limits, (-1, 1), strict=True):
            data = number.encode(limit)
            assert codec.encode(codec.decode(data)) == data
            if low <= limit + step <= high:
                with pytest.raises(DecodeError):
                    codec.decode(number.encode(limit + step))


@_consumer("codec/branches.py")
def union(case: Case) -> None:
    """A bare value finds its branch, and a value of another branch does not come here."""
    for codec in _codecs(["null", {"type": "array", "items": "null"}, case.document]):
        for value in _values(case):
            assert codec.decode(codec.encode(value)) == value
        assert codec.decode(codec.encode([None])) == [None]


def _default(case: Case) -> Any:
    """The JSON of a default: its smallest value as the base type holds it."""
    converted = conversion(case.node)
    value = minimal_value(case.node)
    raw = value if converted is None else converted.to_raw(value)
    return raw.decode("iso-8859-1") if isinstance(raw, bytes) else raw


@_consumer("codec/decode.py", "codec/native.py", "schema/defaults.py")
def default(case: Case) -> None:
    """A reader fills in a default as a value of the row's class."""
    writer = parse_schema({"type": "record", "name": "Holder", "fields": []})
    for codec in _codecs(case.record(default=_default(case))):
        (value,) = codec.decode(b"", writer=writer).values()
        assert value == minimal_value(case.node)
        assert type(value) is case.row.python.cls


@_consumer("codec/number_lists.py")
def number_lists(case: Case) -> None:
    """Many values in an array are what each of them is alone."""
    for codec in _codecs({"type": "array", "items": case.document}):
        values = [value for value in _values(case) for _ in range(2 * FEWEST)]
        decoded = codec.decode(codec.encode(values))
        assert decoded == values
        assert {*map(type, decoded)} == {case.row.python.cls}


@_consumer("json_codec/direct.py")
def direct_json(case: Case) -> None:
    """JSON that is written directly is that of the JSON codec."""
    codec: JsonCodec[Any] = JsonCodec(case.document)
    if is_direct(codec.schema):
        for value in _values(case):
            assert json.loads(direct_text([value])) == [codec.dump(value)]


@_consumer("messages/where/literals.py")
def conditions(case: Case) -> None:
    """A value equals itself as a literal; durations are compared with null alone."""
    schema, codec = parse_schema(case.document), JsonCodec[Any](case.document)
    is_number = family_of(case.node) == "number"
    for value in _values(case):
        literal = str(value) if is_number else f"'{codec.dump(value)}'"
        try:
            assert compile_where(f"value = {literal}", schema)(value)
        except WhereError:
            assert family_of(case.node) is None


@_consumer(
    "columns/layout.py",
    "columns/program.py",
    "columns/writing.py",
    "columns/leaf_forms.py",
    "columns/arrow_values.py",
)
def columns(case: Case) -> None:
    """Its values are in a column as in records, and go back; others are in neither."""
    if isinstance(find_extension("columns"), Unusable):
        return  # not built here
    codec: Codec[Any] = Codec(case.document)
    data = [codec.encode(value) for value in _values(case)]
    if case.row.limits is not None:
        number: Codec[int] = Codec(case.base.type)
        low, high = INTEGER_LIMITS[case.base.type]
        least, most = case.row.limits
        near = (least - 1, least, most, most + 1)
        data += [number.encode(each) for each in near if low <= each <= high]
    decoded = check_columns(codec.schema, data)
    faults = {fault.index for fault in decoded.faults}
    wanted = [codec.encode(codec.decode(each)) for i, each in enumerate(data) if i not in faults]
    assert list(codec.encode_columns(decoded).payloads) == wanted


@_consumer("integrations/duckdb_types.py")
def duckdbs_type(case: Case) -> None:
    """DuckDB's type of its column is the one that it reads, but that a UUID is shown as one."""
    from streamcontract.integrations.duckdb_types import shown_type  # needs duckdb

    codec: Codec[Any] = Codec(case.document)
    if case.row.kind != "uuid":
        read = object()
        assert shown_type(codec.schema.root, read) is read
    elif not isinstance(find_extension("columns"), Unusable):
        values = _values(case)
        columns = duckdb.from_arrow(pa.table(codec.decode_columns(map(codec.encode, values))))
        (read,) = columns.types
        shown = columns.project(f"value::{shown_type(codec.schema.root, read)}")
        assert shown.fetchall() == [(value,) for value in values]


@_consumer("spark/types.py")
def spark(case: Case) -> None:
    """Its column goes into one of Spark's, and back."""
    if isinstance(find_extension("columns"), Unusable) or find_spec("pyspark") is None:
        return  # not built, or not installed, here
    from streamcontract.spark.types import record_column  # needs pyspark

    codec: Codec[Any] = Codec(case.document)
    data = [codec.encode(value) for value in _values(case)]
    array = pa.table(codec.decode_columns(data))["value"].combine_chunks()
    place = record_column(codec.schema.root, pa.schema([("value", array.type)]), "value")
    for convert in (place.to_spark, place.from_spark):
        array = array if convert is None else convert(array)
    back = codec.encode_columns(pa.record_batch({"value": array}))
    assert (list(back.payloads), back.faults) == (data, ())


# ---- resolution and compatibility


def _siblings(case: Case) -> list[Case]:
    return [
        other
        for other in cases()
        if other.row.kind == case.row.kind
        and other.row is not case.row
        and (case.base.type, other.base.type) != ("long", "int")
    ]


@_consumer("resolution/resolver.py", "codec/rescale.py", "compatibility/drift.py")
def other_units(case: Case) -> None:
    """Types of one kind are rescaled into each other, and the change is reported."""
    for other in _siblings(case):
        writer, reader = parse_schema(case.document), parse_schema(other.document)
        action = resolve(writer, reader).root
        assert isinstance(action, ReadPrimitive)
        assert action.rescale is not None
        assert _rules(reader, writer) == {"LOGICAL_UNIT_CHANGED"}
        for codec in _codecs(reader):
            data = codec.encode(minimal_value(other.node))
            read = codec.decode(Codec[Any](writer).encode(minimal_value(case.node)), writer=writer)
            assert codec.encode(read) == data


def _rules(reader: Schema, writer: Schema) -> set[str]:
    findings = find_incompatibilities(reader=reader, writer=writer, drift=True)
    assert all(finding.counterexample is not None for finding in findings)
    return {finding.rule for finding in findings}


@_consumer("compatibility/drift.py", "compatibility/leaf_samples.py")
def drift(case: Case) -> None:
    """To take it away, or to add it, is reported with a counterexample."""
    annotated, plain = parse_schema(case.document), parse_schema(case.plain)
    assert _rules(annotated, annotated) == set()
    assert _rules(annotated, plain) == {"LOGICAL_TYPE_CHANGED"}
    assert _rules(plain, annotated) == {"LOGICAL_TYPE_CHANGED"}


@_consumer("compatibility/leaf_samples.py", "compatibility/witness.py")
def witness(case: Case) -> None:
    """Its smallest value has as many bytes as it is said to have, and no sample has fewer."""
    codec: Codec[Any] = Codec(case.document)
    node, values = codec.schema.root, _values(case)
    sizes = [len(codec.encode(value)) for value in values]
    assert len(sizes) >= 2
    assert minimal_value(node) == values[0]
    assert sizes[0] == min(sizes) == Witness(node).size(node)


# ---- lint and diff


@_consumer("lint/rules/ignored.py")
def lint(case: Case) -> None:
    """It is known where it fits, and missed where it does not or is misspelt."""
    assert not {rule for rule in _findings(case.document) if "logical-type" in rule}
    wrong = {**case.document, "type": "boolean"}
    assert "it annotates" in _findings(wrong)["ill-fitting-logical-type"]
    misspelt = {**case.document, "logicalType": f"{case.row.name}s"}
    assert f'did you mean "{case.row.name}"?' in _findings(misspelt)["misspelt-logical-type"]


def _findings(document: Any, name: str = "held") -> dict[str, str]:
    fields = [{"name": name, "type": document}]
    record = {"type": "record", "name": "Holder", "fields": fields}
    findings = lint_schema(parse_schema(record), Settings(tier="standard"))
    return {finding.rule: finding.message for finding in findings}


@_consumer("lint/rules/meaning.py")
def unit_in_a_name(case: Case) -> None:
    """A field's name that ends in another unit than its type's is a finding."""
    for word, unit in (("ms", "millis"), ("us", "micros"), ("ns", "nanos")):
        found = "unit-contradicts-name" in _findings(case.document, f"at_{word}")
        assert found is (case.row.unit is not None and case.row.unit.name != unit)


@_consumer("lint/units.py")
def unit_of_a_moment(case: Case) -> None:
    """A plain number whose name ends in the unit of a timestamp is advised to be that one."""
    if case.row.kind != "timestamp" or case.row.unit is None:
        return
    message = _findings(case.plain, f"read_at_{case.row.unit.plural}").get(
        "timestamp-without-logical-type", ""
    )
    assert case.row.written() in message


@_consumer("diff/labels.py", "diff/compare.py")
def diff(case: Case) -> None:
    """That it was added is told by its name."""
    (change,) = find_changes(parse_schema(case.plain), parse_schema(case.document))
    assert change.kind == "logical-type-added"
    assert case.row.name in str(change)


# ---- generated code


def _generated(case: Case, **field: Any) -> tuple[str, ModuleType]:
    schema = parse_schema(case.record(**field))
    text = generate_module(ModuleSource(schema=schema, name="case", origin="case.avsc"))
    module = ModuleType("generated_case")
    exec(compile(text, "generated_case", "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - under test
    return text, module


@_consumer("codegen/annotations.py", "codegen/vocabulary.py")
def annotation(case: Case) -> None:
    """The attribute has the row's class as its type, and the remark in its documentation."""
    text, module = _generated(case)
    assert typing.get_type_hints(module.Holder)["held"] is case.row.python.cls
    logical = case.node.logical
    remark = case.row.remark.format(precision=logical.precision, scale=logical.scale)
    assert remark in " ".join(text.split())


@_consumer("codegen/defaults.py", "codegen/vocabulary.py")
def default_in_generated_code(case: Case) -> None:
    """The default of an attribute is the value that a reader fills in."""
    _, module = _generated(case, default=_default(case))
    held = module.Holder().held
    assert held == minimal_value(case.node)
    assert type(held) is case.row.python.cls


@_consumer("schema/logical/rows.py")
def maker(case: Case) -> None:
    """Generated code makes a value of the arguments that it is given."""
    _, module = _generated(case)  # which imports what the maker needs
    python = case.row.python
    make = eval(python.maker, {**vars(builtins), **vars(module)})  # noqa: S307 - under test
    for value in _values(case):
        given = python.arguments(value)
        assert (make(**given) if isinstance(given, dict) else make(given)) == value


@_consumer("schema/logical/rows.py", "schema/logical/json_forms.py")
def plain_json(case: Case) -> None:
    """A value's plain JSON is of the kind it says, and the value is read from its text again."""
    form = case.row.python.json
    for value in _values(case):
        seen = json.loads(json.dumps(form.write(value)))
        assert type(seen).__name__ == {"string": "str", "object": "dict"}[form.kind]
        assert form.read(seen) == value


@_consumer("json_codec/json_schema.py")
def described_to_validators(case: Case) -> None:
    """The JSON Schema of it takes its plain JSON, as a validator with formats sees it."""
    schema = parse_schema(case.document)
    validator = Draft202012Validator(json_schema(schema), format_checker=FormatChecker())
    codec: JsonCodec[Any] = JsonCodec(schema)
    for value in _values(case):
        assert validator.is_valid(codec.dump(value))
        assert not validator.is_valid(1)


@_consumer("json_codec/leaves.py")
def both_encodings(case: Case) -> None:
    """A record with a value of it comes back from either encoding, and from a union of it."""
    documents = [case.record(), case.record(type=["null", case.document])]
    for document, encoding in itertools.product(documents, get_args(Encoding)):
        codec: JsonCodec[Any] = JsonCodec(document, encoding=encoding)
        for value in _values(case):
            assert codec.loads(codec.dumps({"held": value})) == {"held": value}


@_consumer("json_codec/faults.py")
def in_the_words_of_json(case: Case) -> None:
    """What is refused is shown as JSON, with what the row says of its JSON."""
    codec: JsonCodec[Any] = JsonCodec(case.document)
    with pytest.raises(DecodeError) as caught:
        codec.loads("[1]")
    assert str(caught.value).endswith(f": expected {case.row.python.json.expected}, found [1]")


# ---- times


@_consumer("times.py")
def present(case: Case) -> None:
    """The present in the unit of a timestamp fits it."""
    if case.row.kind == "timestamp" and case.row.unit is not None:
        codec: Codec[Any] = Codec(case.document)
        moment: Any = now(case.row.unit.name)  # type: ignore[call-overload]
        assert codec.decode(codec.encode(moment)) == moment


# ---- testing


@_consumer("testing/strategies/leaves.py")
def strategy(case: Case) -> None:
    """Values are drawn that are of the row's class and come back equal."""
    codec: Codec[Any] = Codec(case.document)

    @FEW
    @given(from_schema(case.document))
    def drawn(value: Any) -> None:
        assert type(value) is case.row.python.cls
        assert codec.decode(codec.encode(value)) == value

    drawn()


@_consumer("testing/strategies/forms.py")
def forms(case: Case) -> None:
    """Schemas of it are drawn, with defaults that are values of it."""
    is_fixed = case.base.type == "fixed"
    strategy = fixed_forms(ill_fitting=False) if is_fixed else logical_forms(ill_fitting=False)
    form = find(
        strategy,
        lambda form: (
            form.document.get("logicalType") == case.row.name and form.type == case.base.type
        ),
        settings=SEEK,
    )
    document = {**form.document, **({"name": "Example"} if is_fixed else {})}

    @FEW
    @given(form.defaults)
    def drawn(default: Any) -> None:
        field = {"name": "held", "type": document, "default": default}
        record = {"type": "record", "name": "Holder", "fields": [field]}
        empty = parse_schema({"type": "record", "name": "Holder", "fields": []})
        value = Codec[Any](record).decode(b"", writer=empty)["held"]
        assert type(value) is case.row.python.cls

    drawn()


@_consumer("../../tests/strategies/writing.py")
def payload(case: Case) -> None:
    """Bytes of it are drawn, in all spellings, that decode to the value they are of."""
    codec: Codec[Any] = Codec(case.document)

    @FEW
    @given(payloads(codec.schema))
    def drawn(payload: Payload) -> None:
        assert codec.decode(payload.data, writer=payload.writer) == payload.value

    drawn()


@_consumer("../../tests/strategies/breaking.py")
def broken(case: Case) -> None:
    """Breaking changes of a schema with it are drawn, and are breaking."""

    @FEW
    @given(breaking_evolutions(parse_schema(case.record())))
    def drawn(evolution: Any) -> None:
        assert evolution is not None

    drawn()


@_consumer("testing/suite/pasting.py")
def pasted(case: Case) -> None:
    """The Python that a failing test is given makes the value."""
    for value in _values(case):
        source = source_of(value, {})
        names: dict[str, Any] = {}
        exec("\n".join(source.imports), names)  # noqa: S102 - under test
        assert eval(source.text, names) == value  # noqa: S307 - likewise


@_consumer("testing/assertions.py")
def compared(case: Case) -> None:
    """Values are compared by what they are."""
    first, second, *_ = _values(case)
    assert list(differences(first, first, "held")) == []
    assert list(differences(first, second, "held")) != []
    assert_messages([{"held": first}], [{"held": first}], order="any")


# ---- fuzzing and documentation


@_consumer("../../tools/fuzz/pool.py")
def fuzzed(case: Case) -> None:
    """Some schema that is fuzzed has it."""
    found: set[tuple[str, str]] = set()
    for pair in POOL:
        for node in _reachable(pair.writer.root):
            if isinstance(node, PrimitiveType | FixedType) and node.logical is not None:
                base = "fixed" if isinstance(node, FixedType) else node.name
                found.add((node.logical.name, base))
    assert (case.row.name, case.base.type) in found


def _reachable(root: Any) -> set[Any]:
    found: set[Any] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(children(node))
    return found


def documented(case: Case) -> None:
    """The table of types in the documentation has it, with its bases and its class."""
    cls = case.row.python.cls
    name = "streamcontract.Duration" if cls is Duration else f"{cls.__module__}.{cls.__qualname__}"
    bases = ", ".join(
        f"`{base.type}`{str(base).removeprefix(base.type)}" for base in case.row.bases
    )
    line = f"| `{case.row.name}` | {bases} | `{name.removeprefix('builtins.')}` |"
    assert line in (REPOSITORY / "docs" / "generated-code.md").read_text("utf-8"), line


DOCUMENTATION: Final = Consumer(("../../docs/generated-code.md",), documented)
