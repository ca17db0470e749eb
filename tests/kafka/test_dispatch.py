"""Several record types in one topic, each read as what it was written as."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Union

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.searching import examples

from streamcontract import (
    AsyncContractConsumer,
    Codec,
    Contract,
    ContractConsumer,
    ContractProducer,
    SchemaRegistry,
)
from streamcontract.errors import ConfigurationError, DecodeError
from streamcontract.kafka import (
    DispatchingDeserializer,
    MessageDecodeError,
    Skip,
    UnexpectedTypeError,
)
from streamcontract.kafka.contract.binding import bind
from streamcontract.kafka.contract.dispatch import merge_bindings
from streamcontract.schema import parse_schema
from streamcontract.wire import frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import assert_type

    from streamcontract.kafka import Message

Config = dict[str, Any]


def record(name: str, *fields: tuple[str, str], **more: Any) -> str:
    """The text of a record's schema."""
    return json.dumps(
        {
            "type": "record",
            "name": name,
            "fields": [{"name": field, "type": kind} for field, kind in fields],
            **more,
        }
    )


TRADE = Contract(
    record("shop.Trade", ("symbol", "string"), ("price", "double"), aliases=["shop.old.Deal"]),
    key="symbol",
)
QUOTE = Contract(record("shop.Quote", ("symbol", "string"), ("bid", "long")), key="symbol")
ORDER = Contract(record("shop.Order", ("id", "long")), key="id")


@TRADE.record("shop.Trade")
@attrs.frozen(kw_only=True)
class Trade:
    """A trade."""

    symbol: str
    price: float


@QUOTE.record("shop.Quote")
@attrs.frozen(kw_only=True)
class Quote:
    """A quote."""

    symbol: str
    bid: int


@ORDER.record("shop.Order")
@attrs.frozen(kw_only=True)
class Order:
    """Something else, with another key."""

    id: int


STRATEGIES = ["record", "topic-record"]
RECORDS = st.one_of(
    st.builds(Trade, symbol=st.text(max_size=5), price=st.floats(allow_nan=False)),
    st.builds(Quote, symbol=st.text(max_size=5), bid=st.integers(-(2**63), 2**63 - 1)),
)


@pytest.mark.parametrize("strategy", STRATEGIES)
@settings(max_examples=examples(10), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(RECORDS, max_size=20))
def test_each_message_is_read_as_its_own_type(
    config: Config,
    topic: Callable[..., str],
    strategy: str,
    records: list[Trade | Quote],
) -> None:
    """A producer for each type, one consumer for both: everything comes back, in order."""
    name, properties = topic(partitions=1), {**config, "subject.name.strategy": strategy}
    with (
        ContractProducer(properties, record=Trade, topic=name) as trades,
        ContractProducer(properties, record=Quote, topic=name) as quotes,
    ):
        for each in records:
            if isinstance(each, Trade):
                trades.produce(each)
                trades.flush()
            else:
                quotes.produce(each)
                quotes.flush()
    with ContractConsumer[Trade | Quote](config, topic=name) as consumer:
        found = list(consumer.until_end())
    if TYPE_CHECKING:
        assert_type(found, list[Message[Trade | Quote]])
    assert [message.value for message in found] == records
    assert [message.key for message in found] == [each.symbol for each in records]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_subjects_of_the_strategies(
    config: Config, topic: Callable[..., str], registry: SchemaRegistry, strategy: str
) -> None:
    """Each type has a subject of its own, where its versions are compared with each other only."""
    name = topic(partitions=1)
    properties = {**config, "subject.name.strategy": strategy}
    with ContractProducer(properties, record=Trade, topic=name) as producer:
        producer.produce(Trade(symbol="A", price=1.0))
    subject = "shop.Trade" if strategy == "record" else f"{name}-shop.Trade"
    assert subject in registry.subjects()
    assert f"{name}-value" not in registry.subjects()


@pytest.fixture
def sent(
    config: Config, topic: Callable[..., str], registry: SchemaRegistry
) -> Callable[..., tuple[bytes, DispatchingDeserializer[Trade | Quote]]]:
    """A maker of framed values of any schema, and the deserializer that reads trades and quotes."""

    def make(schema: str, payload: bytes) -> tuple[bytes, DispatchingDeserializer[Trade | Quote]]:
        schema_id = registry.register(topic(), parse_schema(schema))
        kinds: tuple[type[Trade | Quote], ...] = (Trade, Quote)
        return frame(schema_id, payload), DispatchingDeserializer(kinds, registry)

    return make


def test_an_alias_is_a_name(sent: Callable[..., Any]) -> None:
    """A type that was renamed is read under its old name."""
    old = record("shop.old.Deal", ("symbol", "string"), ("price", "double"))
    data, deserializer = sent(old, Codec(old).encode({"symbol": "A", "price": 2.5}))
    assert deserializer(data) == Trade(symbol="A", price=2.5)


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        (record("shop.Order", ("id", "long")), "shop.Order"),
        # The same name in another namespace: Avro would match it, a dispatch must not.
        (record("other.Trade", ("symbol", "string"), ("price", "double")), "other.Trade"),
        ('"string"', None),
    ],
)
def test_an_unexpected_type_is_a_typed_case(
    sent: Callable[..., Any], schema: str, name: str | None
) -> None:
    """The error names the type, and those that are read."""
    data, deserializer = sent(schema, b"\x02A")
    with pytest.raises(UnexpectedTypeError) as caught:
        deserializer(data)
    assert isinstance(caught.value, DecodeError)
    assert caught.value.name == name
    assert set(caught.value.names) == {"shop.Trade", "shop.Quote", "shop.old.Deal"}


UNION = json.dumps(
    [
        "null",
        json.loads(record("shop.Order", ("id", "long"))),
        json.loads(record("shop.Trade", ("symbol", "string"), ("price", "double"))),
    ]
)


def test_a_union_is_dispatched_by_its_branch(sent: Callable[..., Any]) -> None:
    """Schemas that list a topic's types, as the topic name strategy needs, work too."""
    trade = Codec(Trade).encode(Trade(symbol="A", price=2.5))
    data, deserializer = sent(UNION, b"\x04" + trade)
    assert deserializer(data) == Trade(symbol="A", price=2.5)
    # The same branch number in two bytes, as a writer may write it.
    assert deserializer(data[:5] + b"\x84\x00" + trade) == Trade(symbol="A", price=2.5)


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        (b"", DecodeError),
        (b"\x80", DecodeError),
        (b"\x06", DecodeError),
        (b"\x01", DecodeError),
        (b"\x04\x02", DecodeError),
        (b"\x02\x02", UnexpectedTypeError),
        (b"\x00", UnexpectedTypeError),
    ],
)
def test_a_broken_union(sent: Callable[..., Any], payload: bytes, error: type[Exception]) -> None:
    """No branch, half a branch number, a branch that is not there, or one that nobody reads."""
    data, deserializer = sent(UNION, payload)
    with pytest.raises(error):
        deserializer(data)


def test_an_unexpected_type_is_poison(config: Config, topic: Callable[..., str]) -> None:
    """The policy deals with it, and the others come through."""
    name, properties = topic(partitions=1), {**config, "subject.name.strategy": "record"}
    with ContractProducer(properties, record=Quote, topic=name) as producer:
        producer.produce(Quote(symbol="A", bid=1))
    with ContractProducer(properties, record=Order, topic=name) as other:
        other.produce(Order(id=7))
    told: list[MessageDecodeError] = []
    with ContractConsumer[Trade | Quote](
        config, records=(Trade, Quote), topic=name, poison=Skip(told.append)
    ) as consumer:
        assert [message.value for message in consumer.until_end()] == [Quote(symbol="A", bid=1)]
    [error] = told
    assert isinstance(error.reason, UnexpectedTypeError)
    assert error.reason.name == "shop.Order"


@pytest.mark.parametrize(
    ("records", "topic", "message"),
    [
        ((), "t", "empty"),
        ((Trade, Quote), None, "topic="),
        ((Trade, Trade), "t", "two of the types"),
        ((Trade, Order), "t", "keys of shop.Trade and shop.Order differ"),
    ],
)
def test_types_that_cannot_share_a_topic(
    records: tuple[type[Any], ...], topic: str | None, message: str
) -> None:
    """The error says why, before anything is asked of anybody."""
    with pytest.raises(ConfigurationError, match=message):
        ContractConsumer[Any](records=records, topic=topic)


@pytest.mark.parametrize(
    ("key", "differs"),
    [
        ('"long"', True),
        ('{"type": "long", "logicalType": "timestamp-micros"}', True),
        ('{"type": "long", "logicalType": "timestamp-millis", "doc": "when"}', False),
    ],
)
def test_keys_with_schemas_share_a_topic_if_they_mean_the_same(key: str, differs: bool) -> None:
    """A number is no moment, and a moment in milliseconds is another one in microseconds."""
    bindings: list[Any] = []
    for name, schema in ("A", '{"type": "long", "logicalType": "timestamp-millis"}'), ("B", key):
        contract = Contract(record(name, ("id", "long")), key_schema=schema, topic="t")
        contract.record(name)(attrs.make_class(name, ["id"], frozen=True, slots=True))
        bindings.append(bind(contract, topic=None, record=None, schema=None))
    if differs:
        with pytest.raises(ConfigurationError, match="keys of A and B differ: "):
            merge_bindings(bindings)
    else:
        assert merge_bindings(bindings).topic == "t"


def test_records_beside_a_record() -> None:
    """Either one type or several."""
    with pytest.raises(ConfigurationError, match="records="):
        ContractConsumer[Any](records=(Trade,), record=Quote, topic="t")  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "kind",
    [
        lambda: ContractConsumer[Trade | Quote],
        lambda: ContractConsumer[Union[Quote, Trade]],  # noqa: UP007 - the older spelling
        lambda: AsyncContractConsumer[Trade | Quote],
    ],
)
def test_a_union_in_brackets(config: Config, topic: Callable[..., str], kind: Any) -> None:
    """It names the types as records= does, and is one class however often it is written."""
    assert kind() is kind()
    name = topic(partitions=1)
    with ContractProducer(config, record=Quote, topic=name) as quotes:
        quotes.produce(Quote(symbol="A", bid=1))

    async def read() -> Any:
        async with kind()(config, topic=name) as consumer:
            return await consumer.poll(30)

    if kind().__mro__.count(AsyncContractConsumer):
        message = asyncio.run(read())
    else:
        with kind()(config, topic=name) as consumer:
            message = consumer.poll(30)
    assert message.value == Quote(symbol="A", bid=1)


def test_what_else_is_in_brackets() -> None:
    """No class of a contract is refused; what is given by name goes before the brackets."""
    with pytest.raises(ConfigurationError, match="NoneType is no record class"):
        ContractConsumer[Trade | None](topic="t")
    with pytest.raises(ConfigurationError, match="record="):
        ContractConsumer[Trade](topic="t")
    with ContractConsumer[Trade | Quote](record=Trade, topic="t") as consumer:
        assert consumer.topic == "t"


def test_a_generic_consumer_of_ones_own() -> None:
    """A union with a type variable is left to Generic."""
    T = TypeVar("T")

    class Mine(ContractConsumer[Trade | T], Generic[T]):
        """Reads one type more."""

    with Mine[Quote](records=(Trade, Quote), topic="t") as consumer:
        assert isinstance(consumer, ContractConsumer)
