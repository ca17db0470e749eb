"""Keys of each kind of contract: typed, refused when they are wrong, and read back."""

from __future__ import annotations

import asyncio
import re
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.searching import examples
from tests.typed import former, misuses
from tests.typed.contracts.order import (
    CONTRACT,
    Order,
    OrderConsumer,
    OrderKey,
    OrderProducer,
    Region,
)
from tests.typed.contracts.payment import Payment, PaymentConsumer, PaymentProducer
from tests.typed.contracts.ping import Ping, PingConsumer, PingProducer
from tests.typed.contracts.visit import Visit, VisitConsumer, VisitProducer
from tests.typed.misuses import KEY, ORDER, PAYMENT, PING, VISIT

from streamcontract import (
    AsyncContractConsumer,
    AsyncContractProducer,
    Codec,
    ContractConsumer,
    ContractProducer,
    ContractShareConsumer,
    JsonCodec,
)
from streamcontract.kafka import DERIVED, Message, MessageEncodeError, ShareMessage, UntilEnd
from streamcontract.testing import assert_messages
from streamcontract.testing.strategies import keys, records

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import assert_type

    from streamcontract.testing.fixtures.clients import ConsumerMaker, ProducerMaker
    from streamcontract.testing.fixtures.stacks import Stack

CLIENTS: list[tuple[type[Any], type[Any], type[Any]]] = [
    (Order, OrderProducer, OrderConsumer),
    (Visit, VisitProducer, VisitConsumer),
]


@pytest.fixture
def config(stack: Stack) -> dict[str, Any]:
    """Client properties that lead to the stack."""
    return {
        "bootstrap.servers": stack.bootstrap_servers,
        "schema.registry.url": stack.registry_url,
        "fetch.wait.max.ms": 10,
    }


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(("record", "producer", "consumer"), CLIENTS)
def test_keys_come_back_as_they_were_sent(
    record: type[Any],
    producer: type[Any],
    consumer: type[Any],
    streamcontract_producer: ProducerMaker,
    streamcontract_consumer: ConsumerMaker,
) -> None:
    """As those classes of the module that their schema has, or as what Python has; None too."""
    source = streamcontract_producer(producer)
    target = streamcontract_consumer(consumer)

    @settings(
        max_examples=examples(4),
        suppress_health_check=[HealthCheck.function_scoped_fixture],
        deadline=None,
    )
    @given(st.lists(st.tuples(keys(record), st.none() | records(record)), min_size=1, max_size=9))
    def arrive(batch: list[tuple[Any, Any]]) -> None:
        batch = [(key, value) for key, value in batch if key is not None or value is not None]
        for key, value in batch:
            source.produce(value, key=key)
        source.flush()
        messages = [Message(value, key, source.topic, 0, 0) for key, value in batch]
        received = list(target.until_end())
        assert_messages(received, messages, order="total")
        assert [each.key for each in received] == [key for key, _ in batch]

    arrive()


@pytest.mark.usefixtures("engine")
@settings(max_examples=examples(20), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys(Order))
def test_classes_of_keys_are_those_of_records(key: OrderKey) -> None:
    """The codec, the JSON codec and Hypothesis know them; a type of both sides is one class."""
    codec = Codec(OrderKey)
    assert codec.decode(codec.encode(key)) == key
    as_json = JsonCodec(OrderKey)
    assert as_json.loads(as_json.dumps(key)) == key
    assert Codec[Any](CONTRACT.keys).decode(codec.encode(key)) == key
    assert key.limit is None or type(key.limit) is type(ORDER.total)


@given(st.from_type(OrderKey))
def test_hypothesis_draws_keys(key: OrderKey) -> None:
    """As it draws records."""
    assert isinstance(key.region, Region)


def refused(calls: dict[str, Callable[[], Any]]) -> None:
    """Each call raises at once, or reports, what it is called."""
    for words, call in calls.items():
        try:
            report = call()
            error: Exception | None = None if report is None else report.failures[0].error
        except MessageEncodeError as raised:
            error = raised
        assert re.search(words, str(error))


def test_misuses_are_refused_by_the_call(
    streamcontract_producer: ProducerMaker, config: dict[str, Any]
) -> None:
    """What mypy refuses in ``misuses.py``, for those who do not run it."""
    order = streamcontract_producer(OrderProducer)
    payment = streamcontract_producer(PaymentProducer)
    refused(misuses.of_orders(order))
    refused(misuses.of_payments(payment))
    refused(misuses.of_visits(streamcontract_producer(VisitProducer)))
    refused(misuses.of_pings(streamcontract_producer(PingProducer)))
    refused(misuses.all_of_orders(order))
    refused(misuses.all_of_payments(payment))
    refused(misuses.without_a_generated_client(config))
    for words, call in misuses.ASYNC_MISUSES.items():
        with pytest.raises(Exception, match=words):
            asyncio.run(call(config))


def test_right_uses(
    streamcontract_producer: ProducerMaker,
    streamcontract_consumer: ConsumerMaker,
    config: dict[str, Any],
) -> None:
    """What type checkers take, and what they make of messages."""
    orders = streamcontract_producer(OrderProducer)
    orders.produce(ORDER, key=KEY)
    orders.produce(None, key=KEY, headers={"why": "cancelled"})
    assert orders.produce_all([ORDER, None], options=lambda _: {"key": KEY}).ok
    payments = streamcontract_producer(PaymentProducer)
    payments.produce(PAYMENT)
    payments.produce(PAYMENT, key=DERIVED, partition=0)
    payments.produce(PAYMENT, key=uuid.UUID(int=8))
    payments.produce(PAYMENT, key=None)
    payments.produce(None, key=PAYMENT.id)
    assert payments.produce_all([PAYMENT]).ok
    assert payments.produce_all(
        [PAYMENT, None], options=lambda value: {} if value else {"key": PAYMENT.id}
    ).ok
    visits = streamcontract_producer(VisitProducer)
    visits.produce(VISIT)
    visits.produce(VISIT, key=7)
    visits.produce(None, key=7)
    pings = streamcontract_producer(PingProducer)
    pings.produce(PING)
    pings.produce(PING, key="a")
    pings.produce(PING, key=b"a")
    for producer in (orders, payments, visits, pings):
        producer.flush()
    found = list(streamcontract_consumer(PaymentConsumer).until_end())
    assert [message.key for message in found[:4]] == [
        PAYMENT.id,
        PAYMENT.id,
        uuid.UUID(int=8),
        None,
    ]
    assert [each.key for each in streamcontract_consumer(VisitConsumer).until_end()] == [None, 7, 7]
    message = next(streamcontract_consumer(OrderConsumer))
    assert message.key == KEY
    if TYPE_CHECKING:
        assert_type(message, Message[Order, OrderKey | None])
        consumer = OrderConsumer()
        assert_type(consumer.poll(), Message[Order, OrderKey | None] | None)
        assert_type(consumer.consume(), list[Message[Order, OrderKey | None]])
        assert_type(consumer.until_end(), UntilEnd[Order, OrderKey | None])
        assert_type(next(PaymentConsumer()), Message[Payment, uuid.UUID | None])
        assert_type(next(VisitConsumer()), Message[Visit, int | None])
        assert_type(next(PingConsumer()), Message[Ping, bytes | None])
        assert_type(consumer.positions(), dict[int, int])


async def type_checked() -> None:
    """What the record's class says of keys to the clients that are given it."""
    if TYPE_CHECKING:
        assert_type(keys(Order), st.SearchStrategy[OrderKey])
        assert_type(ContractProducer(record=Order), ContractProducer[Order, OrderKey])
        assert_type(AsyncContractProducer(record=Order), AsyncContractProducer[Order, OrderKey])
        assert_type(ContractProducer(record=Ping), ContractProducer[Ping, str | bytes | None])
        assert_type(ContractProducer(records=[Order]), ContractProducer[Order, Any])
        assert_type(ContractConsumer(record=Order), ContractConsumer[Order, OrderKey | None])
        assert_type(
            await AsyncContractConsumer(record=Order).poll(), Message[Order, OrderKey | None] | None
        )
        shared = ContractShareConsumer(record=Order, group="work")
        assert_type(shared, ContractShareConsumer[Order, OrderKey | None])
        assert_type(next(shared), ShareMessage[Order, OrderKey | None])
        several = ContractConsumer(topics={"^orders-.*": Order})
        assert_type(next(several), Message[Order, OrderKey | None])
        assert_type(several.positions(), dict[tuple[str, int], int])
        either = ContractConsumer[Order | Payment, OrderKey | uuid.UUID | None, tuple[str, int]](
            topics={"orders": Order, "payments": Payment}
        )
        assert_type(next(either), Message[Order | Payment, OrderKey | uuid.UUID | None])
        assert_type(either.positions(), dict[tuple[str, int], int])
        OrderProducer().transaction([OrderConsumer(), either])
        AsyncContractProducer(record=Order).transaction(AsyncContractConsumer(record=Payment))
        assert_type(next(ContractConsumer(topic="t", schema="int")), Message[Any, bytes | None])


def test_modules_of_the_former_version(
    streamcontract_producer: ProducerMaker, streamcontract_consumer: ConsumerMaker
) -> None:
    """They name no type of keys, which is anything then, and keep their plain values."""
    producer = streamcontract_producer(former.OrderProducer)
    order = former.Order(lines=1)
    producer.produce(order, key={"number": 7})
    maybe: former.Order | None = order
    with pytest.raises(MessageEncodeError, match="schema of its own"):
        producer.produce(maybe)
    assert not producer.produce_all([order, None]).ok
    producer.flush()
    message = next(streamcontract_consumer(former.OrderConsumer))
    assert message.key == {"number": 7}
    assert message.key["number"] + 1 == 8
    if TYPE_CHECKING:
        assert_type(message, Message[former.Order])
        assert_type(ContractProducer(record=former.Order), ContractProducer[former.Order])
        assert_type(next(ContractConsumer(record=former.Order)), Message[former.Order, Any])
