"""Clients that others wrote read what a typed producer wrote, and a typed consumer reads theirs."""

from __future__ import annotations

import json
import subprocess
import uuid
from typing import Final

import pytest
from tests.clients.clients import CLIENTS, PROGRAMS, Client, MissingError, environment

from streamcontract import ContractConsumer, ContractProducer
from streamcontract.kafka import ensure_topic

PATIENCE_S: Final = 90.0
SCHEMA: Final = PROGRAMS / "tick.avsc"


@pytest.mark.parametrize("client", CLIENTS, ids=[client.name for client in CLIENTS])
def test_both_ways(client: Client, addresses: dict[str, str]) -> None:
    """Each value of each field arrives, from here to there and from there to here."""
    try:
        command = client.prepare()
    except MissingError as error:
        pytest.skip(f"{client.name} {error}")
    servers = addresses["STREAMCONTRACT_BOOTSTRAP_SERVERS"]
    url = addresses["STREAMCONTRACT_REGISTRY_URL"]
    config = {"bootstrap.servers": servers, "schema.registry.url": url}
    topic = f"ticks-{client.name}-{uuid.uuid4().hex[:8]}"
    ensure_topic(topic, config)
    first = {"symbol": "MSFT", "price": 431.3125, "volume": 2**40, "note": "καλημέρα"}
    with ContractProducer(config, topic=topic, schema=SCHEMA) as producer:
        producer.produce(first)
    ended = subprocess.run(  # noqa: S603 - a program of these tests
        [*command, servers, url, topic, client.name],
        env=environment(),
        cwd=PROGRAMS,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout.splitlines()[0]) == first
    with ContractConsumer(config, topic=topic, schema=SCHEMA) as consumer:
        messages = consumer.consume(2, PATIENCE_S)
    assert [message.value for message in messages] == [
        first,
        {**first, "symbol": client.name},
    ]
