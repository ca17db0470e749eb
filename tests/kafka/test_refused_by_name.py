"""What a consumer would take and not do, or do wrong: refused, with the name and what to do."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import time
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka
import pytest
from tests.kafka.bars import volumes
from tests.kafka.installed import SHARE_GROUPS

from streamcontract import AsyncContractConsumer, ContractConsumer, Stock, StockConsumer
from streamcontract.errors import ClientError, ConfigurationError
from streamcontract.kafka import ConsumeError, ContractShareConsumer, PropertyError
from streamcontract.kafka.connection.guarded_client import CONSUMER_CALLS, SHARE_CONSUMER_CALLS

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.testing.fixtures.stacks import Stack

Config = dict[str, Any]
WAIT = 30.0

CONSUMERS: Final = [
    ContractConsumer,
    AsyncContractConsumer,
    pytest.param(ContractShareConsumer, marks=SHARE_GROUPS),
]
HARMLESS: Final = {
    "assignment",
    "cluster_id",
    "committed",
    "consumer_group_metadata",
    "get_watermark_offsets",
    "list_topics",
    "memberid",
    "offsets_for_times",
    "position",
    "set_sasl_credentials",
    "subscription",
}
"""What asks a client for something and changes nothing of what it consumes."""


@pytest.mark.parametrize("consumer", CONSUMERS)
@pytest.mark.parametrize("topic", ["^users-.*", "^a", ["a", "b"], ("a",), 1, b"users", {}])
def test_a_topic_is_one_name(consumer: Any, config: Config, topic: Any) -> None:
    """A pattern would read all that matches as one, and commit nothing; a list is no name."""
    with pytest.raises(ConfigurationError, match="topic= is the name of one topic"):
        consumer(config, record=Stock, topic=topic, group="g")


@pytest.mark.parametrize("consumer", CONSUMERS)
@pytest.mark.parametrize(
    "name",
    [
        "key.deserializer",
        "value.deserializer",
        "key.deserializer.builder",
        "value.deserializer.builder",
    ],
)
def test_deserializers_are_the_contract_s(consumer: Any, config: Config, name: str) -> None:
    """One in the configuration would be ignored."""
    with pytest.raises(PropertyError, match=name) as caught:
        consumer({**config, name: str}, record=Stock, group="g")
    assert caught.value.property == name


@pytest.mark.parametrize(
    ("kind", "calls"),
    [
        (confluent_kafka.DeserializingConsumer, CONSUMER_CALLS),
        pytest.param(
            getattr(confluent_kafka, "ShareConsumer", None),
            SHARE_CONSUMER_CALLS,
            marks=SHARE_GROUPS,
        ),
    ],
)
def test_every_call_of_a_client_is_refused_or_harmless(kind: type[Any], calls: Any) -> None:
    """One that confluent_kafka adds has to be put on one of the two sides."""
    methods = {
        name
        for name in dir(kind)
        if not name.startswith("_") and callable(inspect.getattr_static(kind, name))
    }
    assert not methods - HARMLESS - set(calls)


def test_calls_that_would_go_past_the_consumer(config: Config, filled: Callable[..., str]) -> None:
    """Each says what to call instead, and the consumer goes on as if nothing had been."""
    name = filled(3)
    with StockConsumer(config, topic=name, group=name) as consumer:
        assert volumes([next(consumer)]) == [0]
        assert isinstance(consumer.client, confluent_kafka.DeserializingConsumer)
        for call in CONSUMER_CALLS:
            with pytest.raises(ClientError, match=rf"client\.{call}\(\) bypasses .* consumer"):
                getattr(consumer.client, call)([])
        assert [each.partition for each in consumer.client.assignment()] == [0]
        assert volumes(consumer.until_end()) == [1, 2]
    with StockConsumer(config, topic=name, group=name) as consumer:
        assert consumer.committed([0]) == {0: 3}


@SHARE_GROUPS
def test_calls_that_would_go_past_a_share_consumer(config: Config) -> None:
    """The same."""
    with ContractShareConsumer(config, record=Stock, group="g") as consumer:
        assert isinstance(consumer.client, confluent_kafka.ShareConsumer)
        for call in SHARE_CONSUMER_CALLS:
            with pytest.raises(ClientError, match=rf"client\.{call}\(\) bypasses"):
                getattr(consumer.client, call)([])


@SHARE_GROUPS
@pytest.mark.parametrize("name", ["start", "partitions", "on_assign", "on_revoke", "on_lost"])
def test_what_a_share_consumer_does_not_have(config: Config, name: str) -> None:
    """The error says why."""
    options: Any = {name: None}
    with pytest.raises(ConfigurationError, match=f"{name}= is not for share consumers"):
        ContractShareConsumer(config, record=Stock, group="g", **options)


@pytest.mark.parametrize("consumer", CONSUMERS)
def test_an_argument_that_is_none(config: Config, consumer: Any) -> None:
    """As Python has it."""
    with pytest.raises(TypeError, match="unexpected keyword argument 'grop'"):
        consumer(config, record=Stock, grop="g")


READ: Final = {
    "next": next,
    "poll": lambda consumer: consumer.poll(WAIT),
    "consume": lambda consumer: consumer.consume(1, WAIT),
    "until_end": lambda consumer: next(consumer.until_end(WAIT)),
    "assignment": lambda consumer: consumer.assignment(WAIT),
}


@pytest.mark.parametrize("how", READ)
@pytest.mark.parametrize("protocol", ["classic", "consumer", None])
def test_a_wrong_topic_is_named_whatever_is_called(
    config: Config, topic: Callable[..., str], how: str, protocol: str | None
) -> None:
    """With the newer protocol a group takes it for one without partitions, and says nothing."""
    name = f"wrong-{how}-{protocol}-{topic()}"
    options: Config = {} if protocol is None else {"group": name}
    properties = config if protocol is None else {**config, "group.protocol": protocol}
    with (
        StockConsumer(properties, topic=name, **options) as consumer,
        pytest.raises(ConsumeError, match=f"streamcontract topics create {name}") as caught,
    ):
        READ[how](consumer)
    assert caught.value.topic == name


@pytest.mark.parametrize("with_group", [False, True])
def test_a_topic_that_is_created_later_is_read(
    config: Config, stack: Stack, filled: Callable[..., str], with_group: bool
) -> None:
    """The error does not end the consumer, which asks on."""
    name = f"late-{filled(1)}"
    options: Config = {"group": name} if with_group else {}
    properties = {**config, "topic.metadata.refresh.interval.ms": 100}
    with StockConsumer(properties, topic=name, **options) as consumer:
        with pytest.raises(ConsumeError, match=name):
            consumer.poll(WAIT)
        stack.create_topic(name, 1)
        deadline = time.monotonic() + 4 * WAIT  # on a machine that is busy with much else
        while not consumer.assignment():
            assert time.monotonic() < deadline
            with contextlib.suppress(ConsumeError):
                assert consumer.poll(0.1) is None
        assert consumer.assignment() == (0,)


def test_a_wrong_topic_in_asyncio(config: Config, topic: Callable[..., str]) -> None:
    """The same error."""
    name = f"wrong-{topic()}"

    async def main() -> None:
        async with AsyncContractConsumer(config, record=Stock, topic=name, group=name) as consumer:
            with pytest.raises(ConsumeError, match=f"streamcontract topics create {name}"):
                async for _ in consumer.until_end(WAIT):
                    pass

    asyncio.run(main())
