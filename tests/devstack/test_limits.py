"""What docs/devstack.md says that the embedded broker cannot do: true as long as these pass.

A test that is skipped here as out of date, after an upgrade of confluent-kafka, is good news: the
documentation, and ``LIMITS``, promise too little.
"""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import OFFSET_END, ConsumerGroupTopicPartitions, KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec
from tests.devstack.kafka_io import PATIENCE_S, consumer, producer, publish, read_all, watermarks
from tests.peers import said_of_others

from streamcontract.devstack import EmbeddedBroker

if TYPE_CHECKING:
    from collections.abc import Iterator


LIMIT = "docs/devstack.md, the embedded broker: "


@pytest.fixture(scope="module")
def broker() -> Iterator[EmbeddedBroker]:
    """One broker for this module; tests use topics of their own."""
    with EmbeddedBroker() as broker:
        yield broker


@pytest.fixture(scope="module")
def admin(broker: EmbeddedBroker) -> AdminClient:
    """An administrator of that broker."""
    return AdminClient({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0})


def test_a_full_partition_drops_its_oldest_batches(broker: EmbeddedBroker) -> None:
    """They go whole; the newest 5 MiB stay and the offsets go on."""
    broker.create_topic("full")
    values = [b"%06d" % number + bytes(60_000) for number in range(120)]
    publish(broker.bootstrap_servers, "full", values)
    low, high = watermarks(broker.bootstrap_servers, "full")
    assert high == len(values)
    kept = read_all(broker.bootstrap_servers, "full", 1)[0]
    assert kept == values[low:]
    with said_of_others(f"{LIMIT}a partition keeps 5 MiB"):
        assert 0 < low < high
        assert sum(map(len, kept)) <= 5 * 2**20


def test_a_full_partition_is_measured_compressed(broker: EmbeddedBroker) -> None:
    """The same messages fit where the producer compresses them."""
    broker.create_topic("compressed")
    values = [b"%06d" % number + bytes(60_000) for number in range(120)]
    publish(broker.bootstrap_servers, "compressed", values, compression_type="lz4")
    assert read_all(broker.bootstrap_servers, "compressed", 1)[0] == values


def test_a_message_above_5_mib_cannot_be_read(broker: EmbeddedBroker) -> None:
    """It is acknowledged, and the log starts behind it."""
    broker.create_topic("huge")
    publish(broker.bootstrap_servers, "huge", [b"first"])
    sender = producer(broker.bootstrap_servers, message_max_bytes=8_000_000)
    errors: list[object] = []
    sender.produce("huge", bytes(6_000_000), on_delivery=lambda error, _: errors.append(error))
    assert sender.flush(PATIENCE_S) == 0
    assert errors == [None]
    with said_of_others(f"{LIMIT}a message above 5 MiB cannot be read"):
        assert watermarks(broker.bootstrap_servers, "huge") == (2, 2)


def test_all_the_demos_bars_fit(broker: EmbeddedBroker) -> None:
    """12,154 messages of 100 bytes stay: one partition, uncompressed, a batch for each."""
    broker.create_topic("bars")
    values = [b"%0100d" % number for number in range(12_154)]
    publish(broker.bootstrap_servers, "bars", values, batch_num_messages=1)
    assert watermarks(broker.bootstrap_servers, "bars") == (0, len(values))


def test_offsets_are_not_found_by_time(broker: EmbeddedBroker, admin: AdminClient) -> None:
    """Every time asked for gives the end, as if no message were that new."""
    broker.create_topic("timed")
    publish(broker.bootstrap_servers, "timed", [b"1", b"2"])
    reader = consumer(broker.bootstrap_servers)
    [found] = reader.offsets_for_times([TopicPartition("timed", 0, 1)], timeout=PATIENCE_S)
    reader.close()
    partition = TopicPartition("timed", 0)
    asked = {partition: OffsetSpec.for_timestamp(1)}
    answer = admin.list_offsets(asked, request_timeout=PATIENCE_S)[partition].result()
    with said_of_others(f"{LIMIT}offsets are not found by time"):
        assert (found.offset, answer.offset) == (OFFSET_END, -1)


def test_groups_are_not_listed(broker: EmbeddedBroker, admin: AdminClient) -> None:
    """Listing gives errors, not groups; the offsets of named partitions of a group are there."""
    broker.create_topic("grouped")
    reader = consumer(broker.bootstrap_servers, "known-group")
    reader.commit(offsets=[TopicPartition("grouped", 0, 7)], asynchronous=False)
    reader.close()
    groups = admin.list_consumer_groups(request_timeout=PATIENCE_S).result()
    asked = [ConsumerGroupTopicPartitions("known-group", [TopicPartition("grouped", 0)])]
    answer = admin.list_consumer_group_offsets(asked, request_timeout=PATIENCE_S)
    assert [p.offset for p in answer["known-group"].result().topic_partitions] == [7]
    with said_of_others(f"{LIMIT}groups are not listed"):
        assert groups.valid == []
        assert {error.code() for error in groups.errors} == {KafkaError._UNSUPPORTED_FEATURE}


def test_aborted_messages_stay_readable(broker: EmbeddedBroker) -> None:
    """A reader of committed messages gets those of an aborted transaction too."""
    broker.create_topic("aborted")
    sender = producer(broker.bootstrap_servers, transactional_id="sender")
    sender.init_transactions(PATIENCE_S)
    sender.begin_transaction()
    sender.produce("aborted", b"never committed")
    assert sender.flush(PATIENCE_S) == 0
    sender.abort_transaction(PATIENCE_S)
    reader = consumer(broker.bootstrap_servers, isolation_level="read_committed")
    reader.assign([TopicPartition("aborted", 0, 0)])
    message = reader.poll(PATIENCE_S)
    reader.close()
    with said_of_others(f"{LIMIT}aborted messages stay readable"):
        assert message is not None
        assert message.value() == b"never committed"


def test_a_lost_answer_is_a_message_twice() -> None:
    """The idempotent producer's retry is not recognised."""
    deadline = time.monotonic() + PATIENCE_S
    with EmbeddedBroker() as broker:
        broker.create_topic("twice")
        sender = producer(
            broker.bootstrap_servers, enable_idempotence=True, reconnect_backoff_max_ms=100
        )
        sender.produce("twice", b"first")
        assert sender.flush(PATIENCE_S) == 0
        for sent in itertools.count(2):
            broker.set_round_trip_time(1, 60_000)
            sender.produce("twice", b"again")
            sender.flush(0.1)  # mostly enough to be written, while the answer is held back
            broker.set_broker_down(1)
            broker.set_round_trip_time(1, 0)
            broker.set_broker_up(1)
            assert sender.flush(PATIENCE_S) == 0
            if watermarks(broker.bootstrap_servers, "twice")[1] > sent:
                break
            with said_of_others(f"{LIMIT}a lost answer is a message twice"):
                assert time.monotonic() < deadline
