"""Generated classes go through the codec: nested, recursive, enums, same-shaped records."""

from __future__ import annotations

import decimal
import enum
import json
import keyword
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.codec.equality import same
from tests.codec.test_engines import is_built

from streamcontract import Codec, Contract
from streamcontract.codec.engine import ENGINE_VARIABLE
from streamcontract.errors import ConfigurationError, DecodeError, EncodeError, ResolutionError
from streamcontract.schema import parse_schema
from streamcontract.testing.strategies import records

SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Order",
    "namespace": "shop",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "class", "type": {"type": "enum", "name": "Kind", "symbols": ["sale", "None"]}},
        {
            "name": "total",
            "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
        },
        {"name": "low", "type": "float"},
        {"name": "high", "type": "double"},
        {
            "name": "payment",
            "type": [
                "null",
                {
                    "type": "record",
                    "name": "Card",
                    "fields": [{"name": "number", "type": "string"}],
                },
                {
                    "type": "record",
                    "name": "Voucher",
                    "fields": [{"name": "number", "type": "string"}],
                },
            ],
            "default": None,
        },
        {"name": "parts", "type": {"type": "array", "items": "Order"}, "default": []},
        {"name": "by_name", "type": {"type": "map", "values": ["Kind", "string"]}, "default": {}},
    ],
}
CONTRACT = Contract(json.dumps(SCHEMA), topic="orders", key="id", partitions=3)


@CONTRACT.enum("shop.Kind")
class Kind(enum.Enum):
    """Kinds of orders."""

    SALE = "sale"
    NONE = "None"


@CONTRACT.record("shop.Card")
@attrs.frozen
class Card:
    """A payment."""

    number: str


@CONTRACT.record("shop.Voucher")
@attrs.frozen
class Voucher:
    """Another payment of the same shape."""

    number: str


@CONTRACT.record("shop.Order")
@attrs.frozen
class Order:
    """An order as generated code has it; ``class`` is a word of Python, so it has another name."""

    id: int
    class_: Kind
    total: decimal.Decimal
    low: float
    high: float
    payment: Card | Voucher | None = None
    parts: list[Order] = attrs.field(factory=list)
    by_name: dict[str, Kind | str] = attrs.field(factory=dict)


CODEC = Codec(Order)
ORDER = Order(1, Kind.SALE, decimal.Decimal("9.99"), 0.5, 1.5)


def plain(value: Any) -> Any:
    """A record of classes as tagged plain values, written down anew for this schema."""
    if isinstance(value, Order):
        payment = value.payment
        name = f"shop.{type(payment).__name__}" if payment else "null"
        return {
            "id": value.id,
            "class": value.class_.value,
            "total": value.total,
            "low": value.low,
            "high": value.high,
            "payment": (name, {"number": payment.number} if payment else None),
            "parts": [plain(part) for part in value.parts],
            "by_name": {
                key: ("shop.Kind", each.value) if isinstance(each, Kind) else ("string", each)
                for key, each in value.by_name.items()
            },
        }
    return value


@settings(deadline=None)
@given(records(Order))
def test_round_trip(order: Order) -> None:
    """Records come back as records of the same classes, equal in every field."""
    decoded = CODEC.decode(CODEC.encode(order))
    assert isinstance(decoded, Order)
    assert same(plain(decoded), plain(order))


@settings(deadline=None)
@given(records(Order))
def test_same_bytes_as_plain_values(order: Order) -> None:
    """Classes and plain values of the same schema are the same bytes."""
    codec = Codec(CONTRACT.schema, tag_unions=True)
    assert CODEC.encode(order) == codec.encode(plain(order))
    assert same(codec.decode(CODEC.encode(order)), plain(order))


@pytest.mark.parametrize("payment", [None, Card("1"), Voucher("1")])
def test_class_chooses_the_branch(payment: Card | Voucher | None) -> None:
    """Records of the same shape are told apart by their class."""
    decoded = CODEC.decode(CODEC.encode(attrs.evolve(ORDER, payment=payment)))
    assert decoded.payment == payment
    assert type(decoded.payment) is type(payment)


@attrs.frozen
class Stranger:
    """A class of no contract."""

    number: str


REFUSED = [
    ({"id": "1"}, "Order.id"),
    ({"class_": "sale"}, "Order.class"),
    ({"total": 9.99}, "Order.total"),
    ({"low": 1e300}, "Order.low"),
    ({"high": None}, "Order.high"),
    ({"payment": Stranger("1")}, "Order.payment"),
    ({"payment": {"number": "1"}}, "Order.payment"),
    ({"payment": Card(1)}, "Order.payment.number"),  # type: ignore[arg-type]  # the point
    ({"parts": (ORDER,)}, "Order.parts"),
    ({"parts": [ORDER, None]}, "Order.parts[1]"),
    ({"parts": [attrs.evolve(ORDER, id=2**63)]}, "Order.parts[0].id"),
    ({"by_name": {"a": 1}}, "Order.by_name['a']"),
    ({"by_name": {1: "a"}}, "Order.by_name[1]"),
]


@pytest.mark.parametrize(("change", "path"), REFUSED, ids=[path for _, path in REFUSED])
def test_refused(change: dict[str, Any], path: str) -> None:
    """What type checkers would have found, the codec finds too; paths use the schema's names."""
    with pytest.raises(EncodeError) as caught:
        CODEC.encode(attrs.evolve(ORDER, **change))
    assert [fault.path for fault in caught.value.faults] == [path]


def test_all_faults_together() -> None:
    """One error reports every fault of a record."""
    wrong: dict[str, Any] = {"id": None, "high": "x"}
    inner: dict[str, Any] = {"low": "y"}
    order = attrs.evolve(ORDER, **wrong, parts=[attrs.evolve(ORDER, **inner)])
    with pytest.raises(EncodeError) as caught:
        CODEC.encode(order)
    found = [fault.path for fault in caught.value.faults]
    assert found == ["Order.id", "Order.high", "Order.parts[0].low"]


@pytest.mark.parametrize("value", [None, {"id": 1}, Card("1"), Order])
def test_no_record(value: Any) -> None:
    """What is no instance of the class is refused at the root."""
    with pytest.raises(EncodeError, match=r"Order: expected .*Order"):
        CODEC.encode(value)


def test_subclass() -> None:
    """An instance of a subclass is a record too."""

    @attrs.frozen
    class Special(Order):
        pass

    special = Special(**{field.name: getattr(ORDER, field.name) for field in attrs.fields(Order)})
    assert CODEC.encode(special) == CODEC.encode(ORDER)


def test_nested_class() -> None:
    """A nested class has a codec of its own."""
    codec = Codec(Card)
    assert codec.schema.name == "shop.Card"
    assert codec.decode(codec.encode(Card("1"))) == Card("1")


def test_contract_keeps_what_it_was_told() -> None:
    """A contract gives its facts back, and parses on first use."""
    assert (CONTRACT.topic, CONTRACT.key, CONTRACT.partitions) == ("orders", "id", 3)
    assert CONTRACT.key_schema is None
    assert CONTRACT.schema == parse_schema(SCHEMA)
    assert CONTRACT.types["shop.Kind"] is Kind
    assert Contract("no JSON").topic is None


def test_references() -> None:
    """A contract's schema may use named types of other schemas, given in order."""
    inner = json.dumps({"type": "enum", "name": "a.E", "symbols": ["x"]})
    middle = json.dumps({"type": "record", "name": "b.M", "fields": [{"name": "e", "type": "a.E"}]})
    outer = json.dumps({"type": "array", "items": "b.M"})
    contract = Contract(
        outer, references=(inner, middle), key_schema='"b.M"', key_references=(inner, middle)
    )
    assert Codec(contract).encode([{"e": "x"}]).hex() == "020000"
    assert contract.key_schema is not None


@pytest.mark.parametrize("cls", [int, Stranger, dict])
def test_unbound_class(cls: type) -> None:
    """A class that no contract binds has no codec."""
    with pytest.raises(ConfigurationError, match=cls.__name__):
        Codec(cls)


def test_class_that_lags_behind_its_schema() -> None:
    """A class with other fields or symbols than the schema is refused before it does harm."""
    contract = Contract(json.dumps(SCHEMA))

    @contract.record("shop.Order")
    @attrs.frozen
    class Old:
        id: int

    with pytest.raises(ConfigurationError, match="generate"):
        Codec(Old).encode(Old(1))

    contract = Contract(json.dumps(SCHEMA["fields"][1]["type"]))

    @contract.enum("Kind")
    class OldKind(enum.Enum):
        SALE = "sale"

    with pytest.raises(ConfigurationError, match="generate"):
        Codec(contract).encode(OldKind.SALE)


def writer_without(*names: str) -> Any:
    """An older schema of orders, without some fields."""
    fields = [field for field in SCHEMA["fields"] if field["name"] not in names]
    return parse_schema({**SCHEMA, "fields": fields})


def test_older_writer() -> None:
    """Fields that an older schema did not have take their defaults, each record its own."""
    writer = writer_without("payment", "parts", "by_name")
    old = {"id": 1, "class": "sale", "total": decimal.Decimal("9.99"), "low": 0.5, "high": 1.5}
    data = Codec(writer).encode(old)
    first, second = (CODEC.decode(data, writer=writer) for _ in range(2))
    assert first == ORDER
    assert first.parts is not second.parts
    assert first.by_name is not second.by_name


def test_writer_without_a_required_field() -> None:
    """A field with neither data nor default is an error that names it."""
    writer = writer_without("high")
    with pytest.raises(ResolutionError, match="high"):
        CODEC.decode(b"\0" * 20, writer=writer)


def test_unknown_symbol_of_a_newer_writer() -> None:
    """A symbol that the class does not have is an error of that record alone."""
    newer = {**SCHEMA, "fields": [dict(field) for field in SCHEMA["fields"]]}
    newer["fields"][1]["type"] = {"type": "enum", "name": "Kind", "symbols": ["gift", "sale"]}
    writer = parse_schema(newer)
    value = {**plain(ORDER), "class": "sale"}
    assert CODEC.decode(Codec(writer).encode(value), writer=writer) == ORDER
    value["class"] = "gift"
    with pytest.raises(ResolutionError) as caught:
        CODEC.decode(Codec(writer).encode(value), writer=writer)
    assert caught.value.path == "Order.class"
    assert isinstance(caught.value, DecodeError)


@settings(deadline=None)
@given(st.sampled_from([word for word in keyword.kwlist if word.isidentifier()]))
def test_fields_named_like_words_of_python(word: str) -> None:
    """Wire names are kept, whatever Python makes of them."""
    schema = {"type": "record", "name": word, "fields": [{"name": word, "type": "int"}]}
    contract = Contract(json.dumps(schema))
    bound = contract.record(word)(attrs.make_class("Bound", ["safe_"]))
    codec: Codec[Any] = Codec(bound)
    assert codec.decode(codec.encode(bound(3))) == bound(3)
    with pytest.raises(EncodeError, match=f"{word}.{word}: "):
        codec.encode(bound("x"))


PING = '{"type": "record", "name": "Ping", "fields": [{"name": "n", "type": "int"}]}'


@attrs.frozen(cache_hash=True)
class KeepsItsHash:
    """Its constructor makes room for the hash."""

    n: int


@attrs.define
class Constructed:
    """Its constructor is its own."""

    n: int

    def __init__(self, n: int) -> None:
        if n < 0:
            raise ValueError("negative")
        self.n = n


class Derived(Constructed):
    """Its constructor is not attrs' either."""

    __slots__ = ()

    def __init__(self, n: int) -> None:
        super().__init__(-n)


@pytest.mark.parametrize("engine", ["portable", "native"])
def test_constructors_that_do_more_than_assign_are_called(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decoded record is what its class would make of the same values."""
    if engine == "native" and not is_built():
        pytest.skip("the native engine is not built here")
    monkeypatch.setenv(ENGINE_VARIABLE, engine)
    kept = Codec(Contract(PING).record("Ping")(KeepsItsHash)).decode(b"\6")
    assert hash(kept) == hash(KeepsItsHash(3))
    constructed = Codec(Contract(PING).record("Ping")(Constructed))
    assert constructed.decode(b"\6") == Constructed(3)
    with pytest.raises(DecodeError, match="negative"):
        constructed.decode(b"\5")
    assert Codec(Contract(PING).record("Ping")(Derived)).decode(b"\5") == Derived(-3)
