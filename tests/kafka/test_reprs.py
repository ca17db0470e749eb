"""Representations of clients, as in logs and tracebacks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from streamcontract import (
    AsyncContractConsumer,
    AsyncContractProducer,
    ContractConsumer,
    ContractProducer,
    Stock,
    StockConsumer,
    StockProducer,
)
from streamcontract.errors import ConfigurationError

# Nothing listens there, and no client sends its first request.
CONFIG: dict[str, Any] = {
    "bootstrap.servers": "127.0.0.1:9",
    "schema.registry.url": "http://127.0.0.1:9",
    "sasl.password": "secret",
    "log_level": 0,
}


def test_topics_are_named() -> None:
    """With the class, and without a word of the configuration."""
    with StockConsumer(CONFIG) as consumer, StockProducer(CONFIG, topic="bars") as producer:
        assert repr(consumer) == "<StockConsumer of topic 'stocks'>"
        assert repr(producer) == "<StockProducer of topic 'bars'>"
    assert repr(consumer) == "<StockConsumer of topic 'stocks'>"


def test_several_topics() -> None:
    """Patterns stand for their topics."""
    with ContractConsumer(CONFIG, topics={"stocks": Stock, "^bars-.*": Stock}) as consumer:
        assert repr(consumer) == "<ContractConsumer of topic 'stocks, ^bars-.*'>"


def test_asynchronous_clients() -> None:
    """They are named as the synchronous ones."""

    async def main() -> None:
        async with (
            AsyncContractConsumer(CONFIG, record=Stock) as consumer,
            AsyncContractProducer(CONFIG, record=Stock) as producer,
        ):
            assert repr(consumer) == "<AsyncContractConsumer of topic 'stocks'>"
            assert repr(producer) == "<AsyncContractProducer of topic 'stocks'>"

    asyncio.run(main())


@pytest.mark.parametrize("client", [ContractConsumer, ContractProducer])
def test_a_client_without_a_contract(client: Any) -> None:
    """Its representation does not raise, as a debugger that shows it would not expect."""
    made = client.__new__(client)
    with pytest.raises(ConfigurationError):
        made.__init__(CONFIG)
    assert repr(made) == f"<{client.__name__}>"
