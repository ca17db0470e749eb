"""What a generated module holds, and how its records behave."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import typing
import uuid
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from tests.codec.equality import same
from tests.codegen.cases import CASES, DEFAULTS, EVERY_TYPE, field, logical, record

from streamcontract.codec import Codec, Duration
from streamcontract.codegen import GENERATED_MARK
from streamcontract.errors import CodegenError
from streamcontract.project import load_project
from streamcontract.schema import parse_schema
from streamcontract.schema.inline import inlined

if TYPE_CHECKING:
    from pathlib import Path

    from tests.codegen.conftest import Generator, Importer


def test_committed_stock_module_is_what_the_schema_gives(
    pytestconfig: pytest.Config, generate: Generator
) -> None:
    """The golden module: contracts/stock.py, byte for byte."""
    project = load_project(pytestconfig.rootpath)
    contract = project.contract("stock")
    text = generate(
        parse_schema(contract.schema),
        name="stock",
        origin="schemas/stock.avsc",
        topic=contract.topic,
        key=contract.key,
        partitions=contract.partitions,
        compatibility=contract.compatibility,
    )
    assert (project.output / "stock.py").read_bytes() == text.encode()


def test_module_says_where_it_comes_from(generate: Generator) -> None:
    """The first line names the schema's file, and the docstring its fingerprint."""
    schema = parse_schema(record("Ping"))
    text = generate(schema, origin="schemas/ping.avsc", topic="pings")
    assert text.splitlines()[0].startswith(f"{GENERATED_MARK}schemas/ping.avsc")
    assert schema.fingerprint().hex() in text
    assert "topic ``pings``" in text


def test_contract_carries_all_that_was_configured(generate: Generator, load: Importer) -> None:
    """The module's CONTRACT has the schema as given, topic, key, partitions and level."""
    document = record("Ping", field("id", "string"), doc="é \\ \u2028", note={"a": [1]})
    module = load(
        generate(
            parse_schema(json.dumps(document, indent=2)),
            topic="pings",
            key="id",
            partitions=3,
            compatibility="FULL",
        )
    )
    contract = module.CONTRACT
    assert json.loads(contract.schema.json) == document
    assert (contract.topic, contract.key, contract.partitions) == ("pings", "id", 3)
    assert (contract.compatibility, contract.key_schema) == ("FULL", None)
    assert module.PingProducer.contract is contract
    assert module.PingConsumer.contract is contract
    assert contract.types == {"Ping": module.Ping}


def test_key_schema_is_embedded(generate: Generator, load: Importer) -> None:
    """A contract with a key schema carries its text too."""
    key_schema = parse_schema('{"type": "int"}')
    module = load(generate(record("Ping"), key_schema=key_schema))
    assert module.CONTRACT.key_schema == key_schema


def test_key_classes_are_part_of_the_module(generate: Generator, load: Importer) -> None:
    """Those that the records have too are one class; the keys' own stand before the records."""
    money = record("Money", field("cents", "long"))
    key = record("Key", field("limit", money), doc="What tells it from others.")
    text = generate(record("Ping", field("cost", money)), key_schema=parse_schema(key))
    module = load(text)
    assert module.CONTRACT.types == {"Money": module.Money, "Ping": module.Ping}
    assert module.CONTRACT.keys.types == {"Money": module.Money, "Key": module.Key}
    assert module.Money.__contract__ is module.CONTRACT
    assert module.Key.__contract__ is module.CONTRACT.keys
    value = module.Key(limit=module.Money(cents=1))
    assert Codec(module.Key).decode(Codec(module.Key).encode(value)) == value
    assert "class PingProducer(ContractProducer[Ping, Key]):" in text
    assert "class PingConsumer(ContractConsumer[Ping, Key | None]):" in text


@pytest.mark.parametrize(
    ("options", "sent", "read"),
    [
        ({}, "str | bytes | None", "bytes | None"),
        ({"key": "side"}, "Side | None", "Side | None"),
        ({"key": "id"}, "uuid.UUID | None", "uuid.UUID | None"),
        ({"key_schema": parse_schema('"long"')}, "int", "int | None"),
        ({"key_schema": parse_schema('["null", "string"]')}, "str | None", "str | None"),
    ],
)
def test_clients_name_the_type_of_keys(
    generate: Generator, options: dict[str, Any], sent: str, read: str
) -> None:
    """A producer's may be left out where None is in it; a consumer's may be missing anyway."""
    text = generate(EVERY_TYPE, **options)
    assert f"class EveryProducer(ContractProducer[Every, {sent}]):" in text
    assert f"class EveryConsumer(ContractConsumer[Every, {read}]):" in text
    assert f'__contract__: "ClassVar[Contract[Every, {sent}, {read}]]"' in text


MONEY = record("Money", field("cents", "long"))


@pytest.mark.parametrize(
    "other",
    [
        {**MONEY, "doc": "M.", "aliases": ["Cash"], "since": "1.2"},
        record("Money", field("cents", "long", doc="The amount.", aliases=["c"], order="ignore")),
        record("Money", field("cents", {"type": "long", "java.type": "Long"}, since="1.2")),
    ],
)
def test_one_type_in_other_words_is_one_class(
    generate: Generator, load: Importer, other: dict[str, Any]
) -> None:
    """For records and keys, as for contracts; and names for readers make no difference."""
    for value, key in ((MONEY, other), (other, MONEY)):
        module = load(generate(record("Ping", field("cost", value)), key_schema=parse_schema(key)))
        assert module.CONTRACT.keys.types == {"Money": module.Money}
        money = module.Money(cents=1)
        for codec in (Codec(module.CONTRACT.keys), Codec(module.Money)):
            assert codec.decode(codec.encode(money)) == money
        ping = module.Ping(cost=money)
        assert Codec(module.Ping).decode(Codec(module.Ping).encode(ping)) == ping


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (field("f", "long"), field("f", "int")),
        (field("f", "long"), field("g", "long")),
        (field("f", "long"), field("f", "long", default=1)),
        (field("f", "long"), field("f", {"type": "long", "logicalType": "time-micros"})),
        *(
            (
                field("f", {"type": "map", "values": "int"}, default={word: 1}),
                field("f", {"type": "map", "values": "int"}, default={word: 2}),
            )
            for word in ("doc", "aliases", "order", "type")
        ),
    ],
)
def test_two_definitions_of_one_type_are_refused(
    generate: Generator, one: dict[str, Any], other: dict[str, Any]
) -> None:
    """A module has one class for a name; the error shows both as they would be written."""
    value, key = record("Money", one), record("Money", other)
    with pytest.raises(CodegenError, match="both define Money, differently: ") as caught:
        generate(record("Ping", field("cost", value)), key_schema=parse_schema(key))
    shown = str(caught.value)
    for each in (value, key):
        assert json.dumps(inlined(parse_schema(each).root)) in shown


def test_types_of_other_files_are_embedded(
    generate: Generator, load: Importer, tmp_path: Path
) -> None:
    """Schemas that this one uses come along, each after those it uses itself."""
    documents = {
        "Order": record("Order", field("to", "Address"), field("from", ["null", "Country"])),
        "Address": record("Address", field("country", "Country")),
        "Country": {"type": "enum", "name": "Country", "symbols": ["AT", "CH"]},
    }
    for name, document in documents.items():
        (tmp_path / f"{name}.avsc").write_text(json.dumps(document))
    schema = parse_schema(tmp_path / "Order.avsc")
    text = generate(schema)
    module = load(text)
    order = module.Order(to=module.Address(country=module.Country.AT), from_=module.Country.CH)
    codec: Codec[Any] = Codec(module.Order)
    assert codec.decode(codec.encode(order)) == order
    assert codec.schema.canonical_form == schema.canonical_form
    assert str(tmp_path) not in text


@pytest.mark.parametrize("doc", ["", "words " * 20], ids=["on one line", "on several"])
@pytest.mark.parametrize("count", [1, 2])
def test_references_of_any_number_and_length_are_read_back(
    generate: Generator, load: Importer, count: int, doc: str
) -> None:
    """A single short one is a tuple of one text too, not a text in brackets."""
    names = [f"R{number}" for number in range(count)]
    references = tuple(parse_schema(json.dumps(record(name, doc=doc))) for name in names)
    users = {
        side: parse_schema(
            json.dumps(record(side, *(field(name.lower(), name) for name in names))),
            references=references,
        )
        for side in ("Value", "Key")
    }
    contract = load(generate(users["Value"], key_schema=users["Key"])).CONTRACT
    assert contract.schema.canonical_form == users["Value"].canonical_form
    assert contract.key_schema.canonical_form == users["Key"].canonical_form


def test_every_type_has_its_python_type(generate: Generator, load: Importer) -> None:
    """Annotations are real types, as tools that look at a class want them."""
    module = load(generate(EVERY_TYPE))
    assert typing.get_type_hints(module.Every) == {
        "nothing": type(None),
        "flag": bool,
        "small": int,
        "big": int,
        "single": float,
        "double": float,
        "data": bytes,
        "text": str,
        "hash": bytes,
        "items": list[int],
        "counts": dict[str, int],
        "maybe": str | None,
        "either": int | str | None,
        "amount": decimal.Decimal,
        "exact": decimal.Decimal,
        "id": uuid.UUID,
        "day": dt.date,
        "clock": dt.time,
        "fine_clock": dt.time,
        "at": dt.datetime,
        "fine_at": dt.datetime,
        "nano_at": int,
        "local_at": dt.datetime,
        "span": Duration,
        "side": module.Side,
    }
    assert all(not isinstance(a.type, str) for a in attrs.fields(module.Every))


def test_records_are_frozen_slotted_and_take_keywords(generate: Generator, load: Importer) -> None:
    """Records cannot change, hold nothing else, and cannot mix up their arguments."""
    point = load(generate(record("Point", field("x", "int"), field("y", "int")))).Point
    value = point(x=1, y=2)
    assert value == point(y=2, x=1)
    assert hash(value) == hash(point(x=1, y=2))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        value.x = 3
    assert not hasattr(value, "__dict__")
    with pytest.raises(TypeError):
        point(1, 2)


def test_defaults_keep_their_meaning(generate: Generator, load: Importer) -> None:
    """Each default is the value that it says: "" and 0 and false are no null."""
    module = load(generate(DEFAULTS))
    value = module.Defaults()
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
    expected = {
        "nothing": None,
        "no": False,
        "zero": 0,
        "whole": 1.0,
        "huge": 1e300,
        "blank": "",
        "quoted": "\"'\\\n\u2028",
        "raw": b"\x00\xff",
        "hash": b"\xfe\x01",
        "side": module.Side.SELL,
        "maybe": None,
        "zero_or_null": 0,
        "tags": [],
        "names": ["a", "b"],
        "counts": {},
        "limits": {"a": 1, "b": "x"},
        "nested": [[]],
        "point": module.Point(x=7, y=2),
        "unit": module.Unit(),
        "amount": decimal.Decimal("5.00"),
        "id": uuid.UUID("12345678-1234-5678-1234-567812345678"),
        "day": dt.date(2020, 1, 1),
        "clock": dt.time(0, 0, 0, 1000),
        "at": epoch + dt.timedelta(microseconds=1),
        "local_at": dt.datetime(1969, 12, 31, 23, 59, 59, 999000),  # noqa: DTZ001 - local
        "nano_at": 1,
        "span": Duration(months=1),
    }
    actual = {
        attribute.name: getattr(value, attribute.name)
        for attribute in attrs.fields(module.Defaults)
    }
    assert list(actual) == list(expected)
    assert {name: v for name, v in actual.items() if not same(v, expected[name])} == {}


def test_each_record_gets_containers_of_its_own(generate: Generator, load: Importer) -> None:
    """What one record's list gets, no other record sees."""
    defaults = load(generate(DEFAULTS)).Defaults
    first, second = defaults(), defaults()
    first.tags.append("x")
    first.names.append("x")
    first.counts["x"] = 1
    first.nested[0].append(1)
    assert second == defaults()


def test_defaults_equal_what_a_reader_fills_in(generate: Generator, load: Importer) -> None:
    """A field left out in Python is a field left out by an older writer."""
    module = load(generate(DEFAULTS))
    codec: Codec[Any] = Codec(module.Defaults)
    older = parse_schema(record("Defaults"))
    assert codec.decode(b"", writer=older) == module.Defaults()
    assert codec.decode(codec.encode(module.Defaults())) == module.Defaults()


def test_float_default_has_32_bits(generate: Generator, load: Importer) -> None:
    """The default 0.1 of a float is the number that a reader gets, so records stay equal."""
    module = load(generate(record("F", field("x", "float", default=0.1))))
    codec: Codec[Any] = Codec(module.F)
    assert codec.decode(codec.encode(module.F())) == module.F()


@pytest.mark.parametrize("name", sorted(CASES))
def test_odd_schemas_give_working_modules(name: str, generate: Generator, load: Importer) -> None:
    """Every odd case imports and binds a class with an attribute for each field."""
    schema = parse_schema(CASES[name])
    module = load(generate(schema))
    codec: Codec[Any] = Codec(module.CONTRACT.types[schema.name])
    assert codec.schema.canonical_form == schema.canonical_form
    codec.encoder()  # compiles, which checks all bindings
    codec.decoder()


def test_wire_names_do_not_change(generate: Generator, load: Importer) -> None:
    """Records with renamed attributes and members are the bytes of the schema's own names."""
    document = record(
        "Odd",
        field("class", "int"),
        field("class_", "int"),
        field("kind", {"type": "enum", "name": "Kind", "symbols": ["None", "mro"]}),
    )
    module = load(generate(document))
    typed: Codec[Any] = Codec(module.Odd)
    plain: Codec[Any] = Codec(document)
    value = module.Odd(class__=1, class_=2, kind=module.Kind.mro_)
    assert plain.decode(typed.encode(value)) == {"class": 1, "class_": 2, "kind": "mro"}


def test_recursive_records_hold_each_other(generate: Generator, load: Importer) -> None:
    """Records may hold records of their own kind, and types that name them resolve."""
    module = load(generate(CASES["recursive"]))
    hints = typing.get_type_hints(module.Tree)
    assert hints["children"] == list.__class_getitem__(module.Tree)
    leaf = module.Tree(value=2, other=module.Other(others={}))
    tree = module.Tree(value=1, children=[leaf], parent=leaf, other=module.Other(others={}))
    codec: Codec[Any] = Codec(module.Tree)
    assert codec.decode(codec.encode(tree)) == tree


def test_docs_are_docstrings(generate: Generator, load: Importer) -> None:
    """The words of records, fields and enums stand in the docstrings of their classes."""
    side = {"type": "enum", "name": "Side", "symbols": ["A"], "doc": "Which side", "default": "A"}
    document = record(
        "Trade",
        field("class", side, doc="Side of the trade"),
        field("hash", {"type": "fixed", "name": "Hash", "size": 4}),
        doc="One trade.",
    )
    module = load(generate(document))
    doc = module.Trade.__doc__
    assert doc.startswith("One trade.\n")
    assert "class_: Side of the trade. The schema's ``class``." in doc
    assert "hash: Exactly 4 bytes." in doc
    assert module.Side.__doc__.startswith("Which side.\n")
    assert "does not know as ``A``" in module.Side.__doc__


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ("int", "primitive"),
        ({"type": "array", "items": "int"}, "array"),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, "enum"),
        (["null", record("R")], "union"),
    ],
)
def test_only_records_are_contracts(schema: Any, kind: str, generate: Generator) -> None:
    """A schema that is no record says what it is and what to do."""
    with pytest.raises(CodegenError, match=f"schemas/case.avsc: .* record, found {kind}"):
        generate(parse_schema(schema))


@pytest.mark.parametrize(
    ("kind", "default"),
    [
        (logical("int", "date"), 2**31 - 1),
        (logical("int", "time-millis"), -1),
        (logical("long", "timestamp-micros"), 2**63 - 1),
        (logical("string", "uuid"), "no uuid"),
        (logical("bytes", "decimal", precision=1), "\u0001\u0000"),
        (logical("bytes", "big-decimal"), ""),
    ],
)
def test_defaults_that_no_value_is_are_refused(
    kind: Any, default: Any, generate: Generator
) -> None:
    """A default that Python cannot hold is an error that names the field, not a guess."""
    with pytest.raises(CodegenError, match=r"case\.avsc: R\.x: the default .* no Python value"):
        generate(record("R", field("x", kind, default=default)))


@pytest.mark.parametrize("name", sorted(CASES))
def test_output_is_deterministic(name: str, generate: Generator) -> None:
    """The same schema gives the same bytes."""
    assert generate(CASES[name]) == generate(CASES[name])
