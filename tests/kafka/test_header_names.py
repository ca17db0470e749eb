"""Messages with a header whose name is not UTF-8, for which confluent_kafka ends the process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from tests.kafka.installed import skip_without_columns
from tests.raw_headers import produce_with_header

from streamcontract import Codec, ContractConsumer, Stock, StockConsumer
from streamcontract.kafka import OffsetRange, TopicScan
from streamcontract.kafka.connection.header_names import UNREADABLE
from streamcontract.wire import header


@pytest.fixture
def unreadable(config: dict[str, Any], filled: Callable[..., str]) -> str:
    """A topic with a message, and another one of the same value with such a header."""
    topic = filled(1)
    with StockConsumer(config, topic=topic, start="earliest") as consumer:
        (message,) = consumer.consume(1, 30)
    assert isinstance(message.schema_id, int)
    assert message.value is not None
    value = Codec(Stock).encoder(header(message.schema_id))(message.value)
    client = AdminClient({"bootstrap.servers": config["bootstrap.servers"]})
    metadata = client.list_topics(topic, 30)
    leader = metadata.brokers[metadata.topics[topic].partitions[0].leader]
    produce_with_header(f"{leader.host}:{leader.port}", topic, b"\xff\xfe", value)
    return topic


def test_they_have_one_header_that_says_so(
    config: dict[str, Any], unreadable: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Also if the message is not read one by one; and it is logged."""
    with StockConsumer(config, topic=unreadable, start="earliest") as consumer:
        first, second = consumer.until_end()
    assert first.value == second.value
    assert (tuple(first.headers), tuple(second.headers)) == ((), ((UNREADABLE, None),))
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        f"topic {unreadable!r}, partition 0, offset 1"
    ]


def test_columns_have_the_rows(config: dict[str, Any], unreadable: str) -> None:
    """Of consumers and of scans."""
    skip_without_columns()
    with ContractConsumer(config, record=Stock, topic=unreadable, start="earliest") as consumer:
        batch = consumer.consume_batch(2, 30, metadata=["headers"])
    ranges = [OffsetRange(unreadable, 0, 0, 2)]
    with TopicScan(config, record=Stock, ranges=ranges, topic=unreadable) as scan:
        assert sum(map(len, scan)) == 2
    assert len(batch) == 2
