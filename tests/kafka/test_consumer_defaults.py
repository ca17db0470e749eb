"""Defaults of consumers: librdkafka gets them, and a configuration replaces them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.kafka.installed import skip_without_columns

from streamcontract import ContractConsumer, Stock
from streamcontract.kafka import TopicScan
from streamcontract.kafka.connection.bounded_read import bounded_reader
from streamcontract.kafka.connection.cluster import Cluster
from streamcontract.kafka.connection.config import CONSUMER_DEFAULTS, build_client, split_config
from streamcontract.kafka.connection.following import Following

skip_without_columns()

Config = dict[str, Any]

_NOWHERE: Config = {
    "bootstrap.servers": "localhost:1",
    "schema.registry.url": "http://localhost:1",
    "log_level": 0,
}


def _cluster(config: Config) -> Cluster:
    return Cluster(split_config(config).client)


def _follow(config: Config) -> Following:
    return Following(_cluster(config), "t", [])


def _scan(config: Config) -> TopicScan:
    return TopicScan(config, record=Stock, ranges=[])


def _consumer(config: Config) -> ContractConsumer[Any, Any]:
    return ContractConsumer(config, record=Stock)


_MADE: dict[str, Callable[[Config], Any]] = {
    "bounded read": lambda config: bounded_reader(_cluster(config)),
    "following": _follow,
    "scan": _scan,
    "consumer": _consumer,
}


@pytest.mark.parametrize("kind", _MADE)
@pytest.mark.parametrize("given", [{}, {"fetch.queue.backoff.ms": 70}])
def test_a_given_value_wins(monkeypatch: pytest.MonkeyPatch, kind: str, given: Config) -> None:
    """Every kind of consumer has the defaults."""
    asked: list[dict[str, Any]] = []

    def note(cls: Any, properties: dict[str, Any]) -> Any:
        asked.append(properties)
        return build_client(cls, properties)

    monkeypatch.setattr(Cluster, "end_offsets", lambda *_: {})
    for module in ("connection.config", "consumer.wiring"):
        monkeypatch.setattr(f"streamcontract.kafka.{module}.build_client", note)
    _MADE[kind]({**_NOWHERE, **given}).close()
    [properties] = asked
    assert {name: properties[name] for name in CONSUMER_DEFAULTS} == {**CONSUMER_DEFAULTS, **given}
