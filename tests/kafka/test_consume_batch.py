"""Batches of a consumer: the messages, positions, commits and errors that records have."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from tests.kafka.dlq_io import letters, produce_raw
from tests.kafka.installed import skip_without_columns
from tests.kafka.observed import Observed
from tests.kafka.test_dispatch import Quote, Trade

from streamcontract import (
    AsyncContractConsumer,
    Codec,
    ContractConsumer,
    ContractProducer,
    SchemaRegistry,
    Stock,
    StockConsumer,
    StockProducer,
    parse_schema,
)
from streamcontract.codec.engine import ENGINE_VARIABLE
from streamcontract.errors import ArgumentError, ConfigurationError
from streamcontract.kafka import DeadLetters, MessageDecodeError, Skip
from streamcontract.otel import names
from streamcontract.wire import frame

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streamcontract.kafka import ConsumedBatch, Poison
    from streamcontract.kafka.batches.metadata import MetadataName

skip_without_columns()

Config = dict[str, Any]
PLACE: Sequence[MetadataName] = ("partition", "offset")
BAD = b"no frame"


def fill(config: Config, topic: str, bar: Callable[..., Stock], count: int) -> None:
    """Put bars with the volumes from 0 on into a topic."""
    with StockProducer(config, topic=topic) as producer:
        for volume in range(count):
            producer.produce(bar(volume=volume))


def volumes(batch: ConsumedBatch) -> list[int]:
    """The volumes of a batch's rows."""
    return list(pa.table(batch)["volume"].to_pylist())


def fill_with_two_types(config: Config, topic: str) -> None:
    """Put three trades, each before a quote, into a topic."""
    properties = {**config, "subject.name.strategy": "record"}
    with ContractProducer[Trade | Quote](properties, topic=topic) as producer:
        for n in range(3):
            producer.produce(Trade(symbol="A", price=n))
            producer.produce(Quote(symbol="A", bid=n))


def spoil(config: Config, topic: str) -> None:
    """Put poison into partition 0."""
    produce_raw(config, topic, (BAD, b"bad", [], 0))


def _version(number: int) -> dict[str, Any]:
    """One of ten versions of a record: each has another field of its own."""
    types = ["int", "long", "string", "double", "bytes"]
    fields = [{"name": "n", "type": "int" if number % 2 else "long"}]
    fields.append({"name": f"own{number}", "type": types[number % 5]})
    return {"type": "record", "name": "Reading", "fields": fields}


def _values(number: int, n: int) -> dict[str, Any]:
    return {"n": n, f"own{number}": [1, 2, "three", 4.0, b"5"][number % 5]}


def test_ten_versions_shuffled_in_one_topic_are_one_batch(
    config: Config, topic: Callable[..., str], registry: SchemaRegistry
) -> None:
    """Equal to the records, with their keys, places, times, headers and schema ids."""
    name = topic(partitions=1)
    order = list(range(10)) * 4
    random.Random(0).shuffle(order)
    schemas = [parse_schema(_version(number)) for number in range(10)]
    ids = [registry.register(f"{name}-{number}", each) for number, each in enumerate(schemas)]
    messages: list[Any] = []
    for n, number in enumerate(order):
        payload = Codec[Any](schemas[number]).encode(_values(number, n))
        header = ("__value_schema_id", b"\0" + ids[number].to_bytes(4, "big"))
        headers = [("n", str(n))] if n % 3 else [header, ("n", None)]
        value = frame(ids[number], payload) if n % 3 else payload
        messages.append((value, b"k%d" % n if n % 4 else None, headers, 1_700_000_000_000 + n))
    produce_raw(config, name, *messages)
    reader = {
        "type": "record",
        "name": "Reading",
        "fields": [
            {"name": "n", "type": "long"},
            {"name": "own2", "type": "string", "default": "none"},
        ],
    }
    with ContractConsumer(config, schema=reader, topic=name) as consumer:
        records = list(consumer.until_end())
    chosen: list[MetadataName] = ["offset", "key", "timestamp", "headers", "schema_id", "topic"]
    with ContractConsumer(config, schema=reader, topic=name) as consumer:
        [batch] = consumer.until_end().batches(metadata=chosen)
    assert pa.record_batch(batch).to_pylist() == [
        {
            **(each.value or {}),
            "offset": each.offset,
            "key": each.key,
            "timestamp": each.timestamp,
            "headers": [{"key": name, "value": value} for name, value in each.headers],
            "schema_id": each.schema_id,
            "topic": name,
        }
        for each in records
    ]
    assert [each["n"] for each in pa.table(batch).to_pylist()] == list(range(len(order)))


@pytest.mark.parametrize("policy", ["raise", "skip", "letters"])
def test_poison_in_its_turn(
    config: Config, topic: Callable[..., str], bar: Callable[..., Stock], policy: str
) -> None:
    """Raised between the batches before and after it; or skipped, and among the faults."""
    name, observed = topic(partitions=1), Observed()
    for _ in range(2):
        fill(config, name, bar, 2)
        spoil(config, name)
    skipped: list[MessageDecodeError] = []
    policies: dict[str, Poison] = {
        "raise": "raise",
        "skip": Skip(skipped.append),
        "letters": DeadLetters(),
    }
    found: list[object] = []
    options: Any = {"poison": policies[policy], "telemetry": observed.telemetry}
    with StockConsumer(config, topic=name, **options) as consumer:
        batches = consumer.until_end().batches(metadata=["offset"])
        while True:
            try:
                batch = next(batches, None)
            except MessageDecodeError as error:
                found.append(error.offset)
                continue
            if batch is None:
                break
            found.append((pa.table(batch)["offset"].to_pylist(), [f.offset for f in batch.faults]))
    if policy == "raise":
        assert found == [([0, 1], []), 2, ([3, 4], []), 5]
    else:
        assert found == [([0, 1, 3, 4], [2, 5])]
    assert observed.total(names.DECODED_MESSAGES) == 4  # also of those that were decoded again
    assert [error.offset for error in skipped] == ([2, 5] if policy == "skip" else [])
    if policy == "letters":
        assert [each.source.offset for each in letters(config, f"{name}.dlq")] == [2, 5]


def test_what_an_exception_leaves_is_returned_again(
    config: Config,
    topic: Callable[..., str],
    bar: Callable[..., Stock],
    quick_group: dict[str, Any],
) -> None:
    """A batch is committed when the next one is asked for, and not before."""
    name = topic(partitions=1)
    fill(config, name, bar, 6)
    properties = {**config, **quick_group}
    with (
        contextlib.suppress(ZeroDivisionError),
        StockConsumer(properties, topic=name, group=name) as consumer,
    ):
        assert volumes(consumer.consume_batch(2, 30)) == [0, 1]
        assert consumer.positions() == {0: 2}
        assert volumes(consumer.consume_batch(2, 30)) == [2, 3]
        _ = 1 // 0
    with StockConsumer(properties, topic=name, group=name) as consumer:
        assert volumes(consumer.consume_batch(3, 30)) == [2, 3, 4]
        assert consumer.commit() == {0: 5}
        consumer.take_back()
        assert volumes(consumer.consume_batch(1, 30)) == [2]


def test_a_batch_has_one_type(config: Config, topic: Callable[..., str]) -> None:
    """Each call returns one; positions stay before the first message that was not returned."""
    name = topic(partitions=1)
    fill_with_two_types(config, name)
    produce_raw(config, name, (None, b"A", [], 0))
    with ContractConsumer[Trade | Quote](config, topic=name) as consumer:
        trades = consumer.consume_batch(7, 30, metadata=PLACE)
        assert consumer.positions() == {0: 1}
        quotes = consumer.consume_batch(7, 30, metadata=PLACE)
        assert consumer.positions() == {0: 7}
        assert (trades.record, quotes.record) == (Trade, Quote)
        assert pa.table(trades)["offset"].to_pylist() == [0, 2, 4]
        assert pa.table(quotes)["offset"].to_pylist() == [1, 3, 5]
        assert (trades.tombstones, quotes.tombstones) == (1, 0)
        assert len(consumer.consume_batch(7, 0)) == 0
        # What was not returned when something else is asked for is read again.
        consumer.seek(0, "earliest")
        assert consumer.consume_batch(7, 30).record is Trade
        again = next(consumer)
        assert (again.offset, again.value) == (1, Quote(symbol="A", bid=0))


def test_topics_paused_partitions_and_limits(
    config: Config, topic: Callable[..., str], bar: Callable[..., Stock]
) -> None:
    """A batch has one topic, none of a paused partition, and no more than its limit."""
    one, other = topic(partitions=1), topic(partitions=1)
    fill(config, one, bar, 5)
    fill(config, other, bar, 5)
    with ContractConsumer(config, topics={one: Stock, other: Stock}) as consumer:
        consumer.pause([(other, 0)])
        batches = list(consumer.until_end().batches(2, metadata=["topic"]))
        assert [len(batch) for batch in batches] == [2, 2, 1]
        consumer.resume([(other, 0)])
        batches += list(consumer.until_end().batches())
        assert [batch.topic for batch in batches] == [one, one, one, other]
        assert [volumes(batch) for batch in batches] == [[0, 1], [2, 3], [4], [0, 1, 2, 3, 4]]
        assert consumer.positions() == {(one, 0): 5, (other, 0): 5}


def test_tombstones_are_counted_or_rows(
    config: Config, topic: Callable[..., str], bar: Callable[..., Stock]
) -> None:
    """A row of nulls still has its metadata."""
    name = topic(partitions=1)
    fill(config, name, bar, 1)
    produce_raw(config, name, (None, b"AAPL", [], 0))
    with StockConsumer(config, topic=name) as consumer:
        counted = consumer.consume_batch(2, 30, columns=["volume"], metadata=["key"])
        assert pa.table(counted).to_pylist() == [{"volume": 0, "key": "AAPL"}]
        assert counted.tombstones == 1
        consumer.seek(0, "earliest")
        batches = consumer.batches(2, 30, columns=["volume"], metadata=["key"], tombstones="null")
        rows = next(batches)
        assert pa.table(rows).to_pylist() == [
            {"volume": 0, "key": "AAPL"},
            {"volume": None, "key": "AAPL"},
        ]


def test_a_transaction_commits_a_batch_or_returns_it_again(
    transactional: Config,
    manual: Config,
    topic: Callable[..., str],
    bar: Callable[..., Stock],
) -> None:
    """Positions of a transaction are those after the batch in hand."""
    name, target = topic(partitions=1), topic(partitions=1)
    fill(manual, name, bar, 4)
    with (
        StockConsumer(manual, topic=name, group=name) as consumer,
        StockProducer(transactional, topic=target) as producer,
    ):
        with contextlib.suppress(ZeroDivisionError), producer.transaction(consumer):
            assert volumes(consumer.consume_batch(2, 30)) == [0, 1]
            _ = 1 // 0
        with producer.transaction(consumer):
            batch = consumer.consume_batch(2, 30)
            producer.produce(bar(volume=sum(volumes(batch))))
            assert [each.offset for each in consumer.transaction_input().offsets()] == [2]
        assert volumes(consumer.consume_batch(2, 30)) == [2, 3]


def test_asyncio_and_telemetry(
    config: Config, topic: Callable[..., str], bar: Callable[..., Stock]
) -> None:
    """The same batches, whose messages are counted and linked as in lists."""
    name, observed = topic(partitions=1), Observed()
    with StockProducer(config, topic=name, telemetry=observed.telemetry) as producer:
        for volume in range(3):
            producer.produce(bar(volume=volume))

    async def read() -> list[list[int]]:
        async with AsyncContractConsumer(
            config, record=Stock, topic=name, telemetry=observed.telemetry
        ) as consumer:
            found = [volumes(await consumer.consume_batch(2, 30))]
            return found + [volumes(batch) async for batch in consumer.until_end().batches()]

    assert asyncio.run(read()) == [[0, 1], [2]]
    assert observed.total("messaging.client.consumed.messages") == 3
    assert observed.total(names.DECODED_MESSAGES) == 3
    spans = observed.spans(f"poll {name}")
    assert [len(span.links) for span in spans] == [2, 1]


def test_telemetry_counts_rows_that_are_returned(config: Config, topic: Callable[..., str]) -> None:
    """Not those that were decoded for a call that was never made, and are decoded again."""
    name, observed = topic(partitions=1), Observed()
    fill_with_two_types(config, name)
    with ContractConsumer[Trade | Quote](
        config, topic=name, telemetry=observed.telemetry
    ) as consumer:
        assert len(consumer.consume_batch(6, 30)) == 3
        assert observed.total(names.DECODED_MESSAGES) == 3
        rest = [consumer.consume_batch(5, 30, metadata=PLACE) for _ in range(2)]
    assert sum(map(len, rest)) == 5
    assert observed.total(names.DECODED_MESSAGES) == 3 + 5


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"columns": ["nope"]}, ArgumentError, "nope"),
        ({"metadata": ["nope"]}, ArgumentError, "nope"),
        ({"metadata": ["key", "key"]}, ArgumentError, "each once"),
        ({"metadata": {"offset": "volume"}}, ConfigurationError, "message_volume"),
        ({"num_messages": 0}, ArgumentError, "num_messages"),
        ({"threads": 0}, ArgumentError, "threads"),
        ({"tombstones": "keep"}, ArgumentError, "tombstones"),
    ],
)
def test_options_that_are_of_no_use(
    config: Config, options: dict[str, Any], error: type[Exception], said: str
) -> None:
    """They are refused before the broker is asked for anything."""
    with StockConsumer(config) as consumer, pytest.raises(error, match=said):
        consumer.consume_batch(**options)


def test_the_portable_engine_has_no_batches(
    config: Config,
    topic: Callable[..., str],
    bar: Callable[..., Stock],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One error, which says so; also after batches of the native one."""
    name = topic(partitions=1)
    fill(config, name, bar, 1)
    with StockConsumer(config, topic=name) as consumer:
        assert len(consumer.consume_batch(1, 10)) == 1
        monkeypatch.setenv(ENGINE_VARIABLE, "portable")
        with pytest.raises(ConfigurationError, match="native code"):
            consumer.consume_batch()
