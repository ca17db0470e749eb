"""One producer, and one transaction, for records of several contracts."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.kafka.test_dispatch import Order, Quote, Trade
from tests.searching import examples

from streamcontract import (
    AsyncContractProducer,
    ContractConsumer,
    ContractProducer,
    Stock,
    StockConsumer,
    StockProducer,
)
from streamcontract.codec import Contract
from streamcontract.devstack import DevStack
from streamcontract.errors import ArgumentError, ClientError, ConfigurationError
from streamcontract.kafka import Delivery, MessageEncodeError, PropertyError
from streamcontract.kafka.producer.topic_serializer import TopicSerializers
from streamcontract.schema import parse_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import assert_type

    from streamcontract.testing.fixtures.stacks import Stack

Config = dict[str, Any]
BY_TYPE = {"subject.name.strategy": "topic-record"}


def read(config: Config, topic: str, *records: type[Any]) -> list[Any]:
    """Key and value of all messages of a topic."""
    with ContractConsumer[Any](config, topic=topic, records=records) as consumer:
        return [(message.key, message.value) for message in consumer.until_end()]


def test_each_record_goes_to_the_topic_it_is_produced_to_with_its_own_key(
    config: Config, topic: Callable[..., str]
) -> None:
    """By class and topic, with and without other options; a tombstone's key is its topic's."""
    orders, trades = topic(), topic()
    with ContractProducer[Any](config, records=(Order, Trade), topic=orders) as producer:
        producer.produce(Order(id=7))
        producer.produce(Trade(symbol="A", price=1.5), topic=trades, headers={"a": "b"})
        producer.produce(Trade(symbol="B", price=2.5), topic=trades)
        with pytest.raises(MessageEncodeError, match="a tombstone with topic=, which determines"):
            producer.produce(None, key="A", topic=trades)
    assert read(config, orders, Order) == [(7, Order(id=7))]
    assert read(config, trades, Trade) == [
        ("A", Trade(symbol="A", price=1.5)),
        ("B", Trade(symbol="B", price=2.5)),
    ]


@attrs.frozen
class OrderKey:
    """A key of orders."""

    id: int


@attrs.frozen
class RefundKey:
    """One of refunds: of the same schema, in the module of another contract."""

    id: int


def with_keys_of_their_own() -> list[Any]:
    """Two record classes, each of a contract with its own class for keys of one schema."""
    bound: list[Any] = []
    for record, key in ("Order", OrderKey), ("Refund", RefundKey):
        schema = parse_schema(
            {"type": "record", "name": record, "fields": [{"name": "n", "type": "long"}]}
        )
        contract = Contract(
            schema.json,
            key_schema='{"type": "record", "name": "K", "fields": [{"name": "id", "type": "int"}]}',
        )
        value = attrs.make_class(record, ["n"], frozen=True)
        bound.append(contract.record(record)(value))
        contract.keys.record("K")(key)
    return bound


def bond() -> type[Any]:
    """A record class whose contract has a topic of its own."""
    text = '{"type": "record", "name": "Bond", "fields": [{"name": "n", "type": "long"}]}'
    value = attrs.make_class("Bond", ["n"], frozen=True)
    bound: type[Any] = Contract(text, topic="bonds").record("Bond")(value)
    return bound


def test_nothing_is_opened_in_the_event_loop(
    config: Config, topic: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """To open a topic asks the registry, whatever says which contract a record is of."""
    threads: list[threading.Thread] = []
    open_topic = TopicSerializers.open

    def watched(*arguments: Any) -> Any:
        threads.append(threading.current_thread())
        return open_topic(*arguments)

    monkeypatch.setattr(TopicSerializers, "open", watched)
    bound = with_keys_of_their_own()

    async def run() -> None:
        async with AsyncContractProducer[Any](
            {**config, **BY_TYPE}, records=bound, topic=topic()
        ) as producer:
            await producer.produce(bound[0](1), key=OrderKey(1))
            await producer.produce(None, key=OrderKey(1), headers={"a": "b"})
            await producer.produce(None, key=RefundKey(1))
            await producer.produce(bound[1](1), key=RefundKey(1))

    asyncio.run(run())
    assert len(threads) == 2
    assert threading.main_thread() not in threads


def test_keys_of_one_schema_may_have_a_class_in_each_module(
    config: Config, topic: Callable[..., str]
) -> None:
    """Those of tombstones say by it whose they are; they are read as that of the first type."""
    name = topic()
    bound = with_keys_of_their_own()
    first, second = bound
    with ContractProducer[Any]({**config, **BY_TYPE}, records=bound, topic=name) as producer:
        producer.produce(first(1), key=OrderKey(1))
        producer.produce(second(2), key=RefundKey(1))
        producer.produce(None, key=OrderKey(1))
        producer.produce(None, key=RefundKey(1))
        with pytest.raises(MessageEncodeError, match=r"K: expected .*, found RefundKey"):
            producer.produce(first(1), key=RefundKey(1))
    keys, values = zip(*read(config, name, first, second), strict=True)
    assert (keys, values) == ((OrderKey(1),) * 4, (first(1), second(2), None, None))


@settings(max_examples=examples(20), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    records=st.lists(
        st.one_of(
            st.builds(Trade, symbol=st.text(max_size=3), price=st.floats(allow_nan=False)),
            st.builds(Quote, symbol=st.text(max_size=3), bid=st.integers(0, 9)),
        ),
        max_size=8,
    ),
    in_bulk=st.booleans(),
)
def test_types_of_one_topic_keep_their_order(
    config: Config, topic: Callable[..., str], records: list[Trade | Quote], in_bulk: bool
) -> None:
    """Each is written with its own schema, by produce and by produce_all."""
    name = topic()
    with ContractProducer[Trade | Quote]({**config, **BY_TYPE}, topic=name) as producer:
        if in_bulk:
            assert producer.produce_all(records).ok
        else:
            for record in records:
                producer.produce(record)
    assert [value for _, value in read({**config, **BY_TYPE}, name, Trade, Quote)] == records


def test_a_tombstone_of_types_with_one_kind_of_key(
    config: Config, topic: Callable[..., str]
) -> None:
    """Whichever type it deletes, its key is the same bytes."""
    name = topic()
    with ContractProducer[Trade | Quote]({**config, **BY_TYPE}, topic=name) as producer:
        producer.produce(None, key="A")
    assert read({**config, **BY_TYPE}, name, Trade, Quote) == [("A", None)]


def test_a_record_of_another_class_is_refused(config: Config, topic: Callable[..., str]) -> None:
    """The error names the classes there are; in produce_all it is that record's."""
    stranger: Any = Order(id=1)
    with ContractProducer[Trade | Quote]({**config, **BY_TYPE}, topic=topic()) as producer:
        with pytest.raises(MessageEncodeError, match="a record of one of Quote, Trade"):
            producer.produce(stranger)
        report = producer.produce_all([Quote(symbol="A", bid=1), stranger])
        assert [failure.index for failure in report.failures] == [1]


@pytest.mark.parametrize("records", [(), (Trade, Trade), [1], Trade, "Trade"])
def test_records_that_are_no_list_of_classes(config: Config, records: Any) -> None:
    """At construction."""
    with pytest.raises(ArgumentError, match="records has to be"):
        ContractProducer[Any](config, topic="t", records=records)


def test_records_beside_a_contract(config: Config) -> None:
    """One or the other."""
    with pytest.raises(ConfigurationError, match="records= replaces"):
        ContractProducer[Any](config, record=Trade, records=[Quote])  # type: ignore[call-overload]
    with pytest.raises(ConfigurationError, match="records= replaces"):
        StockProducer(config, records=[Stock])


def test_a_topic_is_needed_where_a_contract_names_none(config: Config) -> None:
    """Each class has one, or all have that of the producer."""
    with pytest.raises(ConfigurationError, match="no topic"):
        ContractProducer[Any](config, records=[Trade, Stock])


def test_a_failed_delivery_is_told_for_any_contract(
    config: Config, topic: Callable[..., str]
) -> None:
    """on_delivery is that of its record."""
    told: list[Delivery] = []
    name = topic()
    with ContractProducer[Trade | Quote]({**config, **BY_TYPE}, topic=name) as producer:
        producer.produce(Quote(symbol="A", bid=1), on_delivery=told.append)
    assert [(report.topic, report.ok) for report in told] == [(name, True)]


def test_one_transaction_has_records_of_two_contracts(
    stack: Stack, transactional: Config, config: Config, topic: Callable[..., str]
) -> None:
    """The outbox: an order and the trade that follows are both read, or neither is."""
    orders, trades = topic(), topic()
    with ContractProducer[Any](transactional, records=[Order, Trade], topic=orders) as producer:
        for number in range(3):
            with contextlib.suppress(ZeroDivisionError), producer.transaction():
                producer.produce(Order(id=number))
                producer.produce(Trade(symbol=str(number), price=1.0), topic=trades)
                if number == 1:
                    raise ZeroDivisionError
    if not isinstance(stack, DevStack):  # which shows what was aborted
        assert [value.id for _, value in read(config, orders, Order)] == [0, 2]
        assert [key for key, _ in read(config, trades, Trade)] == ["0", "2"]
    else:
        assert [value.id for _, value in read(config, orders, Order)][-1] == 2
        assert [key for key, _ in read(config, trades, Trade)][-1] == "2"


def test_positions_of_several_consumers_go_with_one_transaction(
    stack: Stack,
    transactional: Config,
    manual: Config,
    filled: Callable[..., str],
    topic: Callable[..., str],
) -> None:
    """Of two groups; after an abort the messages of both come again."""
    left, right, target = filled(2), filled(2), topic()
    seen: list[tuple[int, int]] = []
    with (
        StockProducer(transactional, topic=target) as producer,
        StockConsumer(manual, topic=left, group=left) as one,
        StockConsumer(manual, topic=right, group=right) as other,
    ):
        for attempt in range(3):
            with contextlib.suppress(ZeroDivisionError), producer.transaction([one, other]):
                first, second = one.poll(30), other.poll(30)
                assert first is not None
                assert second is not None
                seen.append((first.offset, second.offset))
                producer.produce(first.value, key=first.key)
                if attempt == 0:
                    raise ZeroDivisionError
        assert seen == [(0, 0), (0, 0), (1, 1)]
    if not isinstance(stack, DevStack):  # it takes positions in transactions, and forgets them
        for name in (left, right):
            with StockConsumer(manual, topic=name, group=name) as probe:
                assert probe.poll(3) is None


def test_what_is_no_consumer_takes_no_part(
    transactional: Config, topic: Callable[..., str]
) -> None:
    """Nor does a consumer of asyncio in the synchronous producer's transaction."""
    nobody: Any = ["consumer"]
    with (
        StockProducer(transactional, topic=topic()) as producer,
        pytest.raises(ArgumentError, match="consumer has to be a ContractConsumer"),
    ):
        producer.transaction(nobody)


def test_asyncio_has_it_too(config: Config, topic: Callable[..., str]) -> None:
    """By brackets, as the consumers have it."""
    name = topic()

    async def produce() -> None:
        producer = AsyncContractProducer[Trade | Quote]({**config, **BY_TYPE}, topic=name)
        async with producer:
            await producer.produce(Trade(symbol="A", price=1.0))
            await producer.produce(Quote(symbol="A", bid=1))

    asyncio.run(produce())
    assert read({**config, **BY_TYPE}, name, Trade, Quote) == [
        ("A", Trade(symbol="A", price=1.0)),
        ("A", Quote(symbol="A", bid=1)),
    ]


@pytest.mark.parametrize("count", [1, 2])
def test_closed_producers_have_the_same_error(config: Config, count: int) -> None:
    """Those for asyncio too, and those of several topics."""
    classes: tuple[type[Any], ...] = (Stock, bond())
    records = classes[:count]
    errors: list[str] = []

    async def call_closed() -> None:
        producer = AsyncContractProducer[Any](config, records=records)
        await producer.close()
        for call in (lambda: producer.produce(None), producer.flush, producer.poll):
            with pytest.raises(ClientError) as caught:
                await call()
            errors.append(str(caught.value))

    asyncio.run(call_closed())
    producer = ContractProducer[Any](config, records=records)
    producer.close()
    with pytest.raises(ClientError, match="closed") as caught:
        producer.flush()
    assert errors == 3 * [str(caught.value)]


@pytest.mark.parametrize("name", ["use.latest.version", "use.schema.id"])
def test_another_schema_than_the_contracts_is_refused(config: Config, name: str) -> None:
    """With the reason, and what to do; False asks for nothing."""
    with pytest.raises(PropertyError, match="with the schema of their contract") as caught:
        StockProducer({**config, name: 1})
    assert caught.value.property == name
    StockProducer({**config, name: False}).close()


if TYPE_CHECKING:
    assert_type(ContractProducer[Trade | Quote](topic="market"), ContractProducer[Trade | Quote])
