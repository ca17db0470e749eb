"""Each misuse of keys and messages, which ``mypy --strict`` refuses: ``make check`` says so.

Every comment ``type: ignore`` here is needed, since mypy calls one that is not an error
(``warn_unused_ignores``). What is run besides is refused when it runs, too: see ``test_keys.py``.
Misuses of types that contracts share belong into a module of their own beside this one.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any, Final

from tests.typed.contracts.order import Money, Order, OrderConsumer, OrderKey, OrderProducer, Region
from tests.typed.contracts.payment import Payment, PaymentConsumer, PaymentProducer
from tests.typed.contracts.ping import Ping, PingConsumer, PingProducer
from tests.typed.contracts.visit import Visit, VisitProducer

from streamcontract import (
    AsyncContractConsumer,
    AsyncContractProducer,
    ContractConsumer,
    ContractProducer,
    ContractShareConsumer,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.kafka import Message

ORDER: Final = Order(lines=2, total=Money(cents=250))
KEY: Final = OrderKey(region=Region.EU, number=7)
PAYMENT: Final = Payment(id=uuid.UUID(int=7), cents=250)
VISIT: Final = Visit(page="/")
PING: Final = Ping(at=dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc))


def of_orders(producer: OrderProducer) -> dict[str, Callable[[], object]]:
    """A key that has a schema of its own: it goes with each message."""
    return {
        "key: the contract's key has a schema of its own": lambda: producer.produce(ORDER),  # type: ignore[call-arg]
        "OrderKey: expected .*OrderKey.*found 'EU-7'": lambda: producer.produce(ORDER, key="EU-7"),  # type: ignore[arg-type]
        "OrderKey: expected .*OrderKey.*found None": lambda: producer.produce(ORDER, key=None),  # type: ignore[arg-type]
        "OrderKey: expected .*found Money": lambda: producer.produce(ORDER, key=ORDER.total),  # type: ignore[arg-type]
        "a tombstone": lambda: producer.produce(None),  # type: ignore[call-arg]
        "Order: expected .*found OrderKey": lambda: producer.produce(KEY, key=KEY),  # type: ignore[arg-type]
    }


def of_payments(producer: PaymentProducer) -> dict[str, Callable[[], object]]:
    """A key that is a field of the record: it may be left out where there is a record."""
    return {
        "key: expected a uuid.UUID, found '7'": lambda: producer.produce(PAYMENT, key="7"),  # type: ignore[call-overload]
        "a tombstone": lambda: producer.produce(None),  # type: ignore[call-overload]
    }


def of_visits(producer: VisitProducer) -> dict[str, Callable[[], object]]:
    """A key schema with null in it: no key is one of them."""
    return {
        "key: expected .*found 'x'": lambda: producer.produce(VISIT, key="x"),  # type: ignore[call-overload]
        "a tombstone": lambda: producer.produce(None),  # type: ignore[call-overload]
    }


def of_pings(producer: PingProducer) -> dict[str, Callable[[], object]]:
    """No key in the contract: text or bytes, if any."""
    return {
        "key: expected a str or bytes, found 42": lambda: producer.produce(PING, key=42),  # type: ignore[call-overload]
        "a tombstone": lambda: producer.produce(None),  # type: ignore[call-overload]
    }


def all_of_orders(producer: OrderProducer) -> dict[str, Callable[[], object]]:
    """The same of many."""
    return {
        "schema of its own": lambda: producer.produce_all([ORDER]),  # type: ignore[call-arg]
        "found 7": lambda: producer.produce_all([ORDER], options=lambda _: {"key": 7}),  # type: ignore[typeddict-item]
        "a tombstone": lambda: producer.produce_all([None], options=lambda _: {"partition": 0}),  # type: ignore[typeddict-item]
    }


def all_of_payments(producer: PaymentProducer) -> dict[str, Callable[[], object]]:
    """Likewise."""
    return {
        "found '7'": lambda: producer.produce_all([PAYMENT], options=lambda _: {"key": "7"}),  # type: ignore[typeddict-item]
        "a tombstone": lambda: producer.produce_all([PAYMENT, None]),  # type: ignore[list-item]
    }


def without_a_generated_client(config: dict[str, Any]) -> dict[str, Callable[[], object]]:
    """Clients that are given the record's class know its keys by it."""

    def order() -> None:
        with ContractProducer(config, record=Order) as producer:
            producer.produce(ORDER)  # type: ignore[call-arg]

    def payment() -> None:
        with ContractProducer(config, record=Payment) as producer:
            producer.produce(PAYMENT, key=7)  # type: ignore[call-overload]

    return {"schema of its own": order, "found 7": payment}


async def in_asyncio(config: dict[str, Any]) -> None:
    """The same, to be awaited."""
    async with AsyncContractProducer(config, record=Order) as producer:
        await producer.produce(ORDER)  # type: ignore[call-arg]


async def in_asyncio_of_another_type(config: dict[str, Any]) -> None:
    """Likewise."""
    async with AsyncContractProducer(config, record=Payment) as producer:
        await producer.produce(PAYMENT, key="7")  # type: ignore[call-overload]


async def in_asyncio_for_all(config: dict[str, Any]) -> None:
    """Likewise."""
    async with AsyncContractProducer(config, record=Order) as producer:
        (await producer.produce_all([ORDER])).raise_for_failures()  # type: ignore[call-arg]


ASYNC_MISUSES: Final = {
    "schema of its own": in_asyncio,
    "found '7'": in_asyncio_of_another_type,
    "1 of 1": in_asyncio_for_all,
}


def take(*values: object) -> None:
    """Whatever there is."""


def region_of(message: Message[Order, OrderKey]) -> Region:
    """Any message of an order that has a key."""
    return message.key.region


def of_messages() -> None:
    """A message may have come without a key, and with a value or not; for type checkers alone."""
    order = next(OrderConsumer())
    take(order.key.number)  # type: ignore[union-attr]
    take(order.value.lines)  # type: ignore[union-attr]
    region_of(order)  # type: ignore[arg-type]
    if order.key is not None:
        take(order.key.numbers)  # type: ignore[attr-defined]
        take(order.key.number, order.key.region is Region.EU)
    payment = next(PaymentConsumer())
    take(payment.key.hex)  # type: ignore[union-attr]
    if payment.key is not None:
        take(payment.key.lower())  # type: ignore[attr-defined]
    ping = next(PingConsumer())
    if ping.key is not None:
        take(ping.key.encode())  # type: ignore[attr-defined]
    shared = next(ContractShareConsumer(record=Order, group="work"))
    take(shared.key.number)  # type: ignore[union-attr]
    several = next(ContractConsumer(topics={"^orders-.*": Order}))
    take(several.key.number)  # type: ignore[union-attr]
    either = next(ContractConsumer[Order | Payment, OrderKey | None](topic="market"))
    take(either.key.number)  # type: ignore[union-attr]


async def of_messages_in_asyncio() -> None:
    """Likewise."""
    async for message in AsyncContractConsumer(record=Order).until_end():
        take(message.key.number)  # type: ignore[union-attr]
