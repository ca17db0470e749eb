"""Share groups: each message goes to one consumer, is answered, and is gone."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import KafkaError, Producer
from tests.kafka.installed import SHARE_GROUPS

from streamcontract import ContractConsumer, ContractShareConsumer, Stock, StockProducer
from streamcontract.devstack import DevStack, EmbeddedBroker
from streamcontract.errors import ClientError, ConfigurationError
from streamcontract.kafka import ConsumeError, DeadLetters, MessageDecodeError, ShareMessage

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.testing.fixtures.stacks import Stack


pytestmark = SHARE_GROUPS


def receive(consumer: ContractShareConsumer[Stock]) -> ShareMessage[Stock]:
    """The next message that is no probe."""
    for message in consumer:
        assert message.value is not None
        if message.value.volume >= 0:
            return message
    raise AssertionError("iteration does not end")


@pytest.fixture
def joined(
    config: dict[str, Any], topic: Callable[..., str], bar: Callable[..., Stock]
) -> Callable[..., ContractShareConsumer[Stock]]:
    """A maker of share consumers that are known to read; with the topic ``consumer.topic``."""

    def make(**options: Any) -> ContractShareConsumer[Stock]:
        consumer = ContractShareConsumer(
            config, record=Stock, **{"topic": topic(), "group": uuid.uuid4().hex, **options}
        )
        with StockProducer({**config, "linger.ms": 0}, topic=consumer.topic) as producer:
            probe = None
            while probe is None:
                # A new group begins at the end, so only what comes later is read.
                producer.produce(bar(volume=-1))
                probe = consumer.poll(0.5)
        return consumer

    return make


def fill(config: dict[str, Any], topic: str, bar: Callable[..., Stock], *volumes: int) -> None:
    """Produce bars with these volumes."""
    with StockProducer(config, topic=topic) as producer:
        for volume in volumes:
            producer.produce(bar(volume=volume))


def test_answers(
    config: dict[str, Any],
    bar: Callable[..., Stock],
    joined: Callable[..., ContractShareConsumer[Stock]],
) -> None:
    """A released message comes again and says so; accepted and rejected ones do not."""
    with joined() as consumer:
        fill(config, consumer.topic, bar, 0, 1, 2, 3)
        first = receive(consumer)
        assert first.delivery_count == 1
        assert first.value == bar(volume=0)
        first.release()
        receive(consumer).accept()
        receive(consumer).reject()
        seen = list[tuple[int, int]]()
        while len(seen) < 2:
            message = receive(consumer)
            assert message.value is not None
            seen.append((message.value.volume, message.delivery_count))
        assert sorted(seen) == [(0, 2), (3, 1)]
        consumer.commit()


def test_a_message_is_answered_once(
    config: dict[str, Any],
    bar: Callable[..., Stock],
    joined: Callable[..., ContractShareConsumer[Stock]],
) -> None:
    """Nor can it be when the next one was asked for."""
    with joined() as consumer:
        fill(config, consumer.topic, bar, 0, 1)
        first = receive(consumer)
        first.accept()
        with pytest.raises(ClientError, match="acknowledged already"):
            first.release()
        second = receive(consumer)
        consumer.poll(0)
        with pytest.raises(ClientError, match="acknowledged already"):
            second.release()


def test_what_an_exception_leaves_comes_again(
    config: dict[str, Any],
    bar: Callable[..., Stock],
    joined: Callable[..., ContractShareConsumer[Stock]],
) -> None:
    """The message in hand and those behind it go to the next consumer; accepted ones do not."""
    group = uuid.uuid4().hex
    consumer = joined(group=group)
    fill(config, consumer.topic, bar, 0, 1, 2)
    with pytest.raises(ZeroDivisionError), consumer:  # noqa: PT012 - the block raises as a whole
        receive(consumer)
        receive(consumer)
        raise ZeroDivisionError
    left = set[int]()
    with ContractShareConsumer(config, record=Stock, topic=consumer.topic, group=group) as other:
        while len(left) < 2:
            message = receive(other)
            assert message.value is not None
            left.add(message.value.volume)
    assert left == {1, 2}


@pytest.mark.parametrize("poison", ["raise", DeadLetters()])
def test_poison_is_rejected(
    stack: Stack,
    topic: Callable[..., str],
    config: dict[str, Any],
    bar: Callable[..., Stock],
    joined: Callable[..., ContractShareConsumer[Stock]],
    poison: Any,
) -> None:
    """It is raised or put aside, as are rejected messages, and what is behind it is read."""
    name = topic()
    stack.create_topic(f"{name}.dlq")
    with joined(topic=name, poison=poison) as consumer:
        raw = Producer({"bootstrap.servers": config["bootstrap.servers"]})
        raw.produce(consumer.topic, b"poison")
        raw.flush()
        raw.close()
        fill(config, consumer.topic, bar, 1)
        if poison == "raise":
            with pytest.raises(MessageDecodeError):
                receive(consumer)
        message = receive(consumer)
        assert message.value == bar(volume=1)
        message.reject("not for us")
        # The embedded broker forgets share sessions at times. What was put aside is safe before the
        # answer is sent, and the message may come again.
        with contextlib.suppress(ConsumeError):
            consumer.commit()
    if poison != "raise":
        # Neither is a message of this contract: one is no message, the other no number.
        with ContractConsumer(config, topic=f"{name}.dlq", schema='"int"') as letters:
            values = list[bytes | None]()
            for _ in range(2):
                with pytest.raises(MessageDecodeError) as caught:
                    letters.poll(30)
                values.append(caught.value.raw.value())
        assert b"poison" in values


def test_a_cluster_without_share_groups(
    embedded_stack: DevStack, config: dict[str, Any], topic: Callable[..., str]
) -> None:
    """The error names the way that is there."""
    assert isinstance(embedded_stack.broker, EmbeddedBroker)
    share_group_heartbeat = 76
    embedded_stack.broker.push_request_errors(
        share_group_heartbeat, [KafkaError.UNSUPPORTED_VERSION]
    )
    with (
        ContractShareConsumer(config, record=Stock, topic=topic(), group="g") as consumer,
        pytest.raises(ConsumeError, match=r"no share groups.*ContractConsumer\(group="),
    ):
        consumer.poll(30)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "needs a share group"),
        ({"group": "a", "config": {"group.id": "b"}}, "give one of them"),
        ({"group": "a", "config": {"share.acknowledgement.mode": "implicit"}}, "'explicit'"),
    ],
)
def test_what_cannot_be_configured(options: dict[str, Any], complaint: str) -> None:
    """Each error says what to give instead."""
    with pytest.raises(ConfigurationError, match=complaint):
        ContractShareConsumer(record=Stock, **options)


def test_a_message_of_nobody() -> None:
    """A message that was made by hand has nobody to answer to."""
    message = ShareMessage("value", "key", "stocks", 0, 42)
    with pytest.raises(ClientError, match="not from a share consumer"):
        message.accept()
