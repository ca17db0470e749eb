"""What the tests of the Kafka clients share."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka.admin import AdminClient

from streamcontract import SchemaRegistry, Stock, StockProducer
from streamcontract.devstack import DevStack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamcontract.testing.fixtures.stacks import Stack


@pytest.fixture
def streamcontract_stack(
    request: pytest.FixtureRequest, streamcontract_stack: Stack
) -> Iterator[Stack]:
    """The stack that all tests share; with ``own_producer_ids`` one of the test alone."""
    is_embedded = isinstance(streamcontract_stack, DevStack)
    if not is_embedded or "own_producer_ids" not in request.fixturenames:
        yield streamcontract_stack
        return
    with DevStack(brokers=3) as own:
        yield own


@pytest.fixture
def own_producer_ids() -> None:
    """For a test with transactions: no other test's producer has an id in its cluster.

    The mock cluster draws producer ids from 900,000. A transactional producer that draws the id of
    an earlier producer is refused for good (INVALID_PRODUCER_ID_MAPPING), and among the thousands
    of producers of all tests that happens.
    """


@pytest.fixture
def config(stack: Stack) -> dict[str, Any]:
    """Client properties that lead to the stack.

    A fetch that finds nothing is answered soon: until then its consumer cannot seek, be assigned
    another partition or, on the embedded broker, see what comes meanwhile.
    """
    return {
        "bootstrap.servers": stack.bootstrap_servers,
        "schema.registry.url": stack.registry_url,
        "fetch.wait.max.ms": 10,
    }


@pytest.fixture
def replicas(stack: Stack) -> int:
    """On how many brokers a topic can be: three, or all there are."""
    admin = AdminClient({"bootstrap.servers": stack.bootstrap_servers})
    return min(3, len(admin.list_topics(timeout=30).brokers))


@pytest.fixture
def quick_group(stack: Stack) -> dict[str, Any]:
    """Properties with which a group that was left can be joined at once.

    On the mock cluster that takes the newer group protocol. With the classic one, who joins a group
    that others just left waits for ``session.timeout.ms`` less a second; and with a session of
    little more than a second a busy machine loses members.
    """
    return {"group.protocol": "consumer"} if isinstance(stack, DevStack) else {}


@pytest.fixture
def real(stack: Stack) -> Stack:
    """The stack, if it keeps transactions: hides what was aborted, and fences."""
    if isinstance(stack, DevStack):
        pytest.skip("the embedded broker keeps transactions only in part")
    return stack


@pytest.fixture
def transactional(own_producer_ids: None, config: dict[str, Any]) -> dict[str, Any]:
    """Properties of a producer with transactions."""
    return {**config, "transactional.id": f"t-{uuid.uuid4().hex}", "linger.ms": 0}


@pytest.fixture
def manual(config: dict[str, Any], quick_group: dict[str, Any]) -> dict[str, Any]:
    """Properties of a consumer that leaves commits to transactions."""
    return {**config, **quick_group, "enable.auto.commit": False}


@pytest.fixture
def registry(stack: Stack) -> Iterator[SchemaRegistry]:
    """A client of the stack's registry."""
    with SchemaRegistry(stack.registry_url) as registry:
        yield registry


@pytest.fixture
def bar() -> Callable[..., Stock]:
    """A maker of stock bars that differ in symbol and volume."""

    def make(symbol: str = "AAPL", volume: int = 1) -> Stock:
        return Stock(
            symbol=symbol,
            date=dt.date(2026, 5, 4),
            open=10.5,
            high=11.0,
            low=9.25,
            close=10.75,
            volume=volume,
        )

    return make


@pytest.fixture
def filled(
    config: dict[str, Any], bar: Callable[..., Stock], topic: Callable[..., str]
) -> Callable[..., str]:
    """A maker of topics with so many bars in each partition, numbered from 0 in their volume."""

    def fill(count: int = 5, partitions: int = 1) -> str:
        name = topic(partitions=partitions)
        with StockProducer(config, topic=name) as producer:
            for partition in range(partitions):
                for volume in range(count):
                    producer.produce(bar(volume=volume), partition=partition)
        return name

    return fill
