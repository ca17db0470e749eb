"""Scans: exactly the messages of the ranges, whatever stands between them in the log."""

from __future__ import annotations

import contextlib
import gc
import itertools
from concurrent import futures
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kafka.dlq_io import produce_raw
from tests.kafka.installed import skip_without_columns
from tests.kafka.silent_client import SilentClient
from tests.kafka.test_assembly import Raw

from streamcontract import Stock, StockProducer
from streamcontract.errors import ArgumentError, ClientError, ConfigurationError
from streamcontract.kafka import OffsetRange, TopicScan
from streamcontract.kafka.connection.bounded_read import bounded_reader, read_between
from streamcontract.kafka.connection.cluster import Cluster
from streamcontract.kafka.connection.config import split_config
from streamcontract.kafka.connection.error_codes import LocalErrorCode
from streamcontract.kafka.errors import StalledError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streamcontract.testing.fixtures.stacks import Stack

skip_without_columns()

from tests.kafka.test_consume_batch import BAD, fill, volumes  # noqa: E402 - native code

from streamcontract.kafka.batches.rows import FoundRows  # noqa: E402 - likewise

Config = dict[str, Any]


class Log:
    """Partitions with messages at some of their offsets: the others are gone, or control records.

    Their messages come in turns, a few at a time.
    """

    def __init__(self, *partitions: tuple[Sequence[int], int]) -> None:
        self._partitions = partitions
        self._left: dict[int, list[Any]] = {}
        self.taken = 0

    def assign(self, places: Sequence[Any]) -> None:
        """Begin at an offset; after the last message the end is reported, whatever is before it."""
        for place in places:
            offsets, end = self._partitions[place.partition]
            found = [each for each in offsets if each >= place.offset]
            error: Any = SimpleNamespace(code=lambda: LocalErrorCode.PARTITION_EOF)
            raws = [Raw(place=(place.partition, each)) for each in found]
            self._left[place.partition] = [*raws, Raw(place=(place.partition, end), error=error)]

    def unassign(self) -> None:
        """No more messages."""
        self._left = {}

    def incremental_unassign(self, places: Sequence[Any]) -> None:
        """No more messages of some partitions."""
        for place in places:
            del self._left[place.partition]

    def poll(self, _: float) -> Any:
        """The next one."""
        return next(iter(self.consume(1, 0)), None)

    def list_topics(self, topic: str, timeout: float) -> None:
        """Nothing is waited for."""
        assert (topic, timeout) == ("t", 0)

    def consume(self, count: int, _: float) -> list[Any]:
        """Some more; not many, so that ends are anywhere in a batch."""
        assert count > 0
        taken: list[Any] = []
        for each in self._left.values():
            most = min(count - len(taken), 2)
            taken += each[:most]
            del each[:most]
        self.taken += len(taken)
        return taken


def test_the_time_of_the_caller_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that takes long to process is no reason to take the brokers for stalled."""
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    log: Any = Log(([0, 1], 2))
    batches = read_between(log, "t", {0: 0}, {0: 2}, timeout=60)
    polls = iter([Raw(place=(0, 0)), None, Raw(place=(0, 1))])
    log.poll, log.consume = lambda _: next(polls), lambda *_: []
    assert len(next(batches)) == 1
    now = 3600.0
    assert len(next(batches)) == 1


def test_a_partition_that_is_read_does_not_hide_a_silent_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Messages behind the end of its range are no progress."""
    now = itertools.count(0.0, 40.0)
    monkeypatch.setattr("time.monotonic", lambda: next(now))
    log: Any = Log(([], 0), ([], 0))
    log.consume = lambda *_: [Raw(place=(0, 5))]
    with pytest.raises(StalledError):
        list(read_between(log, "t", {0: 0, 1: 0}, {0: 5, 1: 5}, timeout=60))


@given(st.sets(st.integers(0, 12)), st.integers(0, 3), st.integers(0, 16), st.integers(0, 16))
def test_a_range_is_read_exactly_to_its_end(
    offsets: set[int], after: int, start: int, end: int
) -> None:
    """In compacted logs, with control records before the end, and with messages behind it."""
    log_end = max(offsets, default=0) + 1 + after
    start, end = min(start, end, log_end), min(max(start, end), log_end)
    client: Any = Log((sorted(offsets), log_end))
    batches = read_between(client, "t", {0: start}, {0: end}, timeout=0.0)
    found = [raw.offset() for batch in batches for raw in batch]
    assert found == [each for each in sorted(offsets) if start <= each < end]


@given(st.lists(st.tuples(st.sets(st.integers(0, 9)), st.integers(0, 9), st.integers(0, 9))))
def test_partitions_that_come_in_turns(partitions: list[tuple[set[int], int, int]]) -> None:
    """Each is read from its start to its end, also if others go on."""
    client: Any = Log(*((sorted(offsets), 10) for offsets, _, _ in partitions))
    begins = {number: begin for number, (_, begin, _) in enumerate(partitions)}
    ends = {number: end for number, (_, _, end) in enumerate(partitions)}
    found: list[list[int]] = [[] for _ in partitions]
    for batch in read_between(client, "t", begins, ends, timeout=60):
        for raw in batch:
            number: Any = raw.partition()
            offset: Any = raw.offset()
            found[number].append(offset)
    assert found == [
        [each for each in sorted(offsets) if begin <= each < end]
        for offsets, begin, end in partitions
    ]


def test_a_partition_that_is_read_does_not_hold_up_the_others() -> None:
    """Its later messages are not fetched in place of theirs."""
    client: Any = Log((range(1_000), 1_000), (range(5), 5))
    batches = read_between(client, "t", {0: 0, 1: 0}, {0: 1, 1: 5}, timeout=60)
    found = [(raw.partition(), raw.offset()) for batch in batches for raw in batch]
    assert sorted(found) == [(0, 0), *((1, offset) for offset in range(5))]
    assert client.taken < 20


def test_ranges_that_end_before_their_partitions(config: Config, topic: Callable[..., str]) -> None:
    """Each is read to its end by librdkafka too."""
    name = topic(partitions=3)
    for partition in range(3):
        produce_raw(config, name, *[(b"", None, [], 0)] * 5, partition=partition)
    client = bounded_reader(Cluster(split_config(config).client))
    try:
        batches = read_between(client, name, {0: 0, 1: 3, 2: 0}, {0: 1, 1: 5, 2: 4}, timeout=60)
        found: list[Any] = [(raw.partition(), raw.offset()) for each in batches for raw in each]
    finally:
        client.close()
    assert sorted(found) == [(0, 0), (1, 3), (1, 4), (2, 0), (2, 1), (2, 2), (2, 3)]


def test_a_scan_that_waits_ends_when_it_is_closed(
    config: Config,
    topic: Callable[..., str],
    bar: Callable[..., Stock],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its client is closed by the thread that waits, for whose calls closing would wait."""
    name = topic()
    fill(config, name, bar, 2)
    client = SilentClient()
    monkeypatch.setattr("streamcontract.kafka.batches.scan.build_reader", lambda *_: client)
    scan = TopicScan(config, record=Stock, topic=name, ranges=[OffsetRange(name, 0, 0, 2)])
    with futures.ThreadPoolExecutor(1) as threads:
        reading = threads.submit(next, scan)
        assert client.waits.wait(60)
        scan.close()
        scan.close()
        with pytest.raises(ClientError, match="is closed"):
            reading.result()
    assert client.closed == 1
    with pytest.raises(ClientError, match="is closed"):
        next(scan)


def test_ranges_of_several_partitions(
    config: Config, topic: Callable[..., str], bar: Callable[..., Stock]
) -> None:
    """Each batch is of one partition, in offset order; poison and tombstones are beside it."""
    name = topic(partitions=2)
    for partition in range(2):
        with StockProducer(config, topic=name) as producer:
            for volume in range(5):
                producer.produce(bar(volume=volume), partition=partition)
        produce_raw(config, name, (BAD, None, [], 0), (None, b"k", [], 0), partition=partition)
    ranges = [OffsetRange(name, 1, 1, 7), OffsetRange(name, 0, 2, 2), OffsetRange(name, 0, 0, 3)]
    options: dict[str, Any] = {"metadata": {"offset": "at", "partition": "of"}, "batch_size": 4}
    with TopicScan(
        config, record=Stock, topic=name, ranges=ranges, columns=["volume"], **options
    ) as scan:
        schema = pa.schema(scan)
        batches = list(scan)
        assert scan.fetched == 9
        assert list(scan) == []
    rows = [pa.table(batch).to_pylist() for batch in batches]
    assert all(pa.table(batch).schema == schema for batch in batches)
    assert [[(row["of"], row["at"], row["volume"]) for row in each] for each in rows] == [
        [(1, 1, 1), (1, 2, 2), (1, 3, 3), (1, 4, 4)],
        [],
        [(0, 0, 0), (0, 1, 1), (0, 2, 2)],
    ]
    assert [[fault.offset for fault in batch.faults] for batch in batches] == [[], [5], []]
    assert [batch.tombstones for batch in batches] == [0, 1, 0]
    with pytest.raises(ClientError, match="closed"):
        next(scan)


def test_the_garbage_collector_does_not_walk_over_raw_messages(
    config: Config, topic: Callable[..., str], bar: Callable[..., Stock]
) -> None:
    """There may be 65,536 of them in a batch, and none can be part of a cycle."""
    name = topic(partitions=1)
    fill(config, name, bar, 2)
    client = bounded_reader(Cluster(split_config(config).client))
    try:
        batches = list(read_between(client, name, {0: 0}, {0: 2}, timeout=60))
    finally:
        client.close()
    assert [gc.is_tracked(raw) for batch in batches for raw in batch] == [False, False]


def test_ranges_that_are_not_there(
    config: Config, topic: Callable[..., str], bar: Callable[..., Stock]
) -> None:
    """Messages that would be missing are an error, not less rows."""
    name = topic(partitions=1)
    fill(config, name, bar, 2)
    scan = TopicScan(config, record=Stock, topic=name, ranges=[OffsetRange(name, 0, 1, 3)])
    with scan:
        with pytest.raises(ConfigurationError, match="range 1 to 3 is not within"):
            next(scan)
        with pytest.raises(ClientError, match="has failed"):  # and not at its end
            next(scan)
    with pytest.raises(ArgumentError, match="of topic"):
        TopicScan(config, record=Stock, topic=name, ranges=[OffsetRange("other", 0, 0, 1)])
    with pytest.raises(ArgumentError, match="end"):
        OffsetRange(name, 0, 2, 1)


def test_aborted_messages_and_control_records(
    real: Stack,
    transactional: Config,
    config: Config,
    topic: Callable[..., str],
    bar: Callable[..., Stock],
) -> None:
    """A range that ends with them ends."""
    del real
    name = topic(partitions=1)
    with StockProducer(transactional, topic=name) as producer:
        with producer.transaction():
            producer.produce(bar(volume=1))
        with contextlib.suppress(ZeroDivisionError), producer.transaction():
            producer.produce(bar(volume=2))
            producer.flush()
            _ = 1 // 0
    with TopicScan(config, record=Stock, topic=name, ranges=[OffsetRange(name, 0, 0, 4)]) as scan:
        assert [volumes(batch) for batch in scan] == [[1]]


@pytest.mark.parametrize(("value", "key"), [(BAD, b"AAPL"), (None, b"\xff")])
def test_a_fault_keeps_no_other_messages(
    config: Config,
    topic: Callable[..., str],
    bar: Callable[..., Stock],
    value: bytes | None,
    key: bytes,
) -> None:
    """The frames of a traceback would keep all of its batch."""
    name = topic()
    fill(config, name, bar, 3)
    produce_raw(config, name, (value, key, [], 0))
    with TopicScan(config, record=Stock, topic=name, ranges=[OffsetRange(name, 0, 0, 4)]) as scan:
        faults = [fault for batch in scan for fault in batch.faults]
    del scan
    gc.collect()
    assert [fault.offset for fault in faults] == [3]
    assert not [each for each in gc.get_objects() if isinstance(each, FoundRows)]
