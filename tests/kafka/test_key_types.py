"""Types of keys: left out, a key may be anything; named, it is known to type checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from streamcontract import AsyncContractConsumer, ContractConsumer, Stock, StockConsumer
from streamcontract.kafka import Message, ShareMessage, UntilEnd

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import assert_type

    Config = dict[str, Any]


def test_a_consumer_s_brackets_may_name_the_type_of_keys(
    config: Config, filled: Callable[..., str]
) -> None:
    """Before that of partitions; a generated consumer has them of its contract."""
    with (
        ContractConsumer[Stock, str](config, topic=filled(2), record=Stock) as named,
        StockConsumer(config, topic=named.topic) as plain,
    ):
        message, first = next(named), next(plain)
        if TYPE_CHECKING:
            assert_type(message, Message[Stock, str])
            assert_type(named.poll(), Message[Stock, str] | None)
            assert_type(named.consume(), list[Message[Stock, str]])
            assert_type(named.until_end(), UntilEnd[Stock, str])
            assert_type(next(named.until_end()), Message[Stock, str])
            assert_type(named.positions(), dict[int, int])
            assert_type(first, Message[Stock, str | None])
            assert_type(next(plain.until_end()), Message[Stock, str | None])
            several = ContractConsumer[Stock, str, tuple[str, int]](topics={"stocks": Stock})
            assert_type(next(several), Message[Stock, str])
            inferred = ContractConsumer(config, topics={"stocks": Stock})
            assert_type(next(inferred), Message[Stock, str | None])
            anything = ContractConsumer(config, records=[Stock])
            assert_type(next(anything), Message[Stock])
            assert_type(next(anything), Message[Stock, Any])
        assert (message.key.lower(), first.key) == ("aapl", "AAPL")
    assert (message.value, message.offset) == (first.value, first.offset)


def test_a_message_of_any_key_is_one_of_each(config: Config, filled: Callable[..., str]) -> None:
    """So that a function can ask for the keys it knows of, whatever the consumer says."""

    def key_of(message: Message[Stock, str]) -> str:
        return message.key

    with ContractConsumer(config, topic=filled(1), records=[Stock]) as consumer:
        assert key_of(next(consumer)) == "AAPL"


async def in_asyncio(consumer: AsyncContractConsumer[Stock, str]) -> None:
    """The same; for the type checker alone."""
    if TYPE_CHECKING:
        assert_type(await consumer.poll(), Message[Stock, str] | None)
        async for message in consumer.until_end():
            assert_type(message, Message[Stock, str])
        assert_type(
            await AsyncContractConsumer(record=Stock).poll(), Message[Stock, str | None] | None
        )


@pytest.mark.parametrize("kind", [Message, ShareMessage])
def test_messages_are_as_small_as_they_were(kind: Any) -> None:
    """Naming two types costs no message a dict of attributes."""
    message = kind[Stock, str](None, "k", "stocks", 0, 1)
    assert (message.key, kind[Stock, str], hasattr(message, "__dict__")) == (
        "k",
        kind[Stock],
        False,
    )
