"""What this library relies on of confluent_kafka's clients, and that the scripted ones do the same.

Each test runs on both; on Apache Kafka too with ``--streamcontract-stack=kafka``.
"""

from __future__ import annotations

import functools
import uuid
from typing import TYPE_CHECKING, Any

import confluent_kafka
import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from tests.kafka.client_sides import WAIT, RealSide, ScriptedSide, Side, is_end
from tests.kafka.installed import needs
from tests.kafka.scripted_broker import ScriptedBroker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamcontract.testing.fixtures.stacks import Stack

INVALID = confluent_kafka.OFFSET_INVALID


@pytest.fixture(params=["scripted", "real"])
def side(request: pytest.FixtureRequest, stack: Stack, topic: Callable[..., str]) -> Iterator[Side]:
    """Scripted clients, then the stack's."""
    made = ScriptedSide(ScriptedBroker()) if request.param == "scripted" else RealSide(stack, topic)
    yield made
    made.close()


def fill(side: Side, count: int = 6, partitions: int = 1) -> str:
    """A topic with so many messages in each partition, numbered from 0."""
    topic = side.topic(partitions)
    write(side, topic, range(count), partitions)
    return topic


def write(side: Side, topic: str, numbers: range, partitions: int = 1) -> None:
    """Produce numbers to each partition."""
    producer = side.producer()
    for number in numbers:
        for partition in range(partitions):
            producer.produce(topic, str(number).encode(), None, partition)
    assert producer.flush(WAIT) == 0


def take(side: Side, consumer: Any, count: int, *, ends: bool = False) -> list[tuple[int, int]]:
    """Partition and offset of the next messages, or of the next events with ends among them."""
    found: list[tuple[int, int]] = []
    deadline = side.now() + WAIT
    while len(found) < count:
        assert side.now() < deadline, found
        raw = consumer.poll(0.1)
        if raw is None:
            continue
        if is_end(raw):
            if ends:
                found.append((raw.partition(), raw.offset()))
            continue
        assert raw.error() is None, raw.error()
        assert raw.value() == str(raw.offset()).encode()
        found.append((raw.partition(), raw.offset()))
    return found


def offsets(found: list[tuple[int, int]], partition: int = 0) -> list[int]:
    """Those of one partition."""
    return [offset for each, offset in found if each == partition]


def settle(side: Side, members: list[Any], partitions: int) -> None:
    """Poll until the partitions are all assigned, and each member has some."""
    deadline = side.now() + WAIT
    while True:
        shares = [{each.partition for each in member.assignment()} for member in members]
        if all(shares) and sorted(n for share in shares for n in share) == [*range(partitions)]:
            return
        assert side.now() < deadline, shares
        for member in members:
            member.poll(0.05)


def eventually(side: Side, what: Callable[[], object], expected: object) -> None:
    """Wait until something is so."""
    deadline = side.now() + WAIT
    while (found := what()) != expected:
        assert side.now() < deadline, found
        side.sleep(0.05)


def position(consumer: Any, topic: str, partition: int = 0) -> int:
    """The client's position in a partition."""
    return int(consumer.position([TopicPartition(topic, partition)])[0].offset)


def committed(consumer: Any, topic: str, partition: int = 0) -> int:
    """What the consumer's group has committed."""
    return int(consumer.committed([TopicPartition(topic, partition)], WAIT)[0].offset)


def code_of(raised: pytest.ExceptionInfo[KafkaException]) -> int:
    """The code of the KafkaError in an exception."""
    error = raised.value.args[0]
    assert isinstance(error, KafkaError)
    return error.code()


# Messages and positions


def test_the_position_is_behind_what_left_the_queue(side: Side) -> None:
    """Whether the application ever saw it or not; a seek makes it unknown."""
    topic = fill(side)
    consumer = side.consumer()
    consumer.assign([TopicPartition(topic, 0, 0)])
    assert position(consumer, topic) == INVALID
    assert offsets(take(side, consumer, 2)) == [0, 1]
    assert position(consumer, topic) == 2
    assert [raw.offset() for raw in consumer.consume(3, WAIT)] == [2, 3, 4]
    assert position(consumer, topic) == 5
    consumer.seek(TopicPartition(topic, 0, 1))
    assert position(consumer, topic) == INVALID
    assert offsets(take(side, consumer, 1)) == [1]


def test_an_unassigned_partition_has_no_position_and_no_seek(side: Side) -> None:
    """The one is invalid, the other raises."""
    topic = fill(side)
    consumer = side.consumer()
    assert position(consumer, topic) == INVALID
    with pytest.raises(KafkaException) as raised:
        consumer.seek(TopicPartition(topic, 0, 3))
    assert code_of(raised) == KafkaError._STATE


def test_a_seek_right_after_the_assignment_counts(side: Side) -> None:
    """No message needs to have come before."""
    topic = fill(side)
    consumer = side.consumer()
    consumer.assign([TopicPartition(topic, 0, 0)])
    consumer.seek(TopicPartition(topic, 0, 4))
    assert offsets(take(side, consumer, 2)) == [4, 5]


def test_what_was_queued_before_a_seek_does_not_come(side: Side) -> None:
    """Forwards, backwards, and to the beginning."""
    topic = fill(side)
    consumer = side.consumer()
    consumer.assign([TopicPartition(topic, 0, 0)])
    take(side, consumer, 1)
    for offset in (4, 2, confluent_kafka.OFFSET_BEGINNING):
        consumer.seek(TopicPartition(topic, 0, offset))
        assert offsets(take(side, consumer, 2)) == [max(offset, 0), max(offset, 0) + 1]


def test_the_end_comes_once_for_each_time_it_is_reached(side: Side) -> None:
    """Again after new messages, and after a seek."""
    topic = fill(side, 2)
    consumer = side.consumer()
    consumer.assign([TopicPartition(topic, 0, 0)])
    assert offsets(take(side, consumer, 3, ends=True)) == [0, 1, 2]
    assert consumer.poll(0.3) is None
    write(side, topic, range(2, 3))
    assert offsets(take(side, consumer, 2, ends=True)) == [2, 3]
    consumer.seek(TopicPartition(topic, 0, 3))
    assert offsets(take(side, consumer, 1, ends=True)) == [3]


def test_consume_waits_for_a_full_batch_or_its_time(side: Side) -> None:
    """It returns as soon as the batch is full."""
    topic = fill(side, 3)
    consumer = side.consumer()
    consumer.assign([TopicPartition(topic, 0, 0)])
    assert consumer.consume(0, 0) == []
    with pytest.raises(ValueError, match="num_messages"):
        consumer.consume(-1, 0)
    assert [raw.offset() for raw in consumer.consume(2, WAIT)] == [0, 1]
    rest = take(side, consumer, 2, ends=True)
    assert offsets(rest) == [2, 3]
    begin = side.now()
    assert consumer.consume(10, 0.2) == []
    assert side.now() - begin >= 0.2


def test_a_paused_partition_gives_nothing_and_goes_on_where_it_was(side: Side) -> None:
    """Other partitions go on meanwhile."""
    topic = fill(side, partitions=2)
    consumer = side.consumer()
    consumer.assign([TopicPartition(topic, number, 0) for number in range(2)])
    seen = take(side, consumer, 3)
    consumer.pause([TopicPartition(topic, 0)])
    rest = 6 - len(offsets(seen, 1))
    others = take(side, consumer, rest) if rest else []
    assert {partition for partition, _ in others} <= {1}
    assert take_nothing(consumer)
    consumer.resume([TopicPartition(topic, 0)])
    met = len(offsets(seen, 0))
    assert offsets(seen + take(side, consumer, 6 - met)) == [0, 1, 2, 3, 4, 5]


def take_nothing(consumer: Any) -> bool:
    """Whether nothing but ends comes."""
    return all(is_end(raw) for raw in consumer.consume(10, 0.3))


def test_a_paused_partition_can_be_sought(side: Side) -> None:
    """It gives nothing before it is resumed."""
    topic = fill(side)
    consumer = side.consumer()
    consumer.assign([TopicPartition(topic, 0, 0)])
    take(side, consumer, 1)
    consumer.pause([TopicPartition(topic, 0)])
    consumer.seek(TopicPartition(topic, 0, 4))
    assert take_nothing(consumer)
    consumer.resume([TopicPartition(topic, 0)])
    assert offsets(take(side, consumer, 2)) == [4, 5]


@pytest.mark.parametrize(
    ("given", "first"),
    [(confluent_kafka.OFFSET_BEGINNING, 0), (3, 3), (confluent_kafka.OFFSET_STORED, 0)],
)
def test_where_an_assignment_begins(side: Side, given: int, first: int) -> None:
    """At the offset that was given, or what stands for one."""
    topic = fill(side)
    consumer = side.consumer()
    consumer.assign([TopicPartition(topic, 0, given)])
    assert offsets(take(side, consumer, 1)) == [first]
    assert [(each.topic, each.partition) for each in consumer.assignment()] == [(topic, 0)]


@pytest.mark.parametrize("begin", ["assign", "seek"])
def test_an_offset_that_is_not_there_is_reset(side: Side, begin: str) -> None:
    """To what ``auto.offset.reset`` says."""
    topic = fill(side)
    consumer = side.consumer()
    consumer.assign([TopicPartition(topic, 0, 100 if begin == "assign" else 3)])
    if begin == "seek":
        take(side, consumer, 1)
        consumer.seek(TopicPartition(topic, 0, 100))
    assert offsets(take(side, consumer, 1)) == [0]


def test_an_offset_that_is_not_there_is_an_error_where_that_was_asked_for(side: Side) -> None:
    """Then the partition is stopped: only a new assignment starts it again."""
    topic = fill(side)
    consumer = side.consumer(auto_offset_reset="error")
    consumer.assign([TopicPartition(topic, 0, 100)])
    raw = consumer.poll(WAIT)
    assert raw.error().code() == KafkaError._AUTO_OFFSET_RESET
    assert (raw.topic(), raw.partition()) == (topic, 0)
    with pytest.raises(KafkaException) as raised:
        consumer.seek(TopicPartition(topic, 0, 2))  # the partition is not fetched any more
    assert code_of(raised) == KafkaError._STATE
    consumer.incremental_unassign([TopicPartition(topic, 0)])
    consumer.incremental_assign([TopicPartition(topic, 0, 2)])
    assert offsets(take(side, consumer, 1)) == [2]


# Offsets that are stored and committed


def test_stored_offsets_are_committed_and_survive_a_seek(side: Side) -> None:
    """A commit without anything new to commit raises."""
    topic = fill(side)
    consumer = side.consumer(enable_auto_commit=False)
    consumer.assign([TopicPartition(topic, 0, 0)])
    assert committed(consumer, topic) == INVALID
    take(side, consumer, 4)
    consumer.store_offsets(offsets=[TopicPartition(topic, 0, 3)])
    consumer.seek(TopicPartition(topic, 0, 1))
    places = consumer.commit(asynchronous=False)
    assert [(each.partition, each.offset) for each in places] == [(0, 3)]
    assert committed(consumer, topic) == 3
    with pytest.raises(KafkaException) as raised:
        consumer.commit(asynchronous=False)
    assert code_of(raised) == KafkaError._NO_OFFSET


def test_only_what_is_assigned_can_be_stored(side: Side) -> None:
    """One that can be is enough for the call to succeed, and it says nothing of the others."""
    topic = fill(side, partitions=2)
    consumer = side.consumer(enable_auto_commit=False)
    consumer.assign([TopicPartition(topic, 0, 0)])
    take(side, consumer, 2)
    consumer.store_offsets(offsets=[TopicPartition(topic, 0, 2), TopicPartition(topic, 1, 1)])
    with pytest.raises(KafkaException) as raised:
        consumer.store_offsets(offsets=[TopicPartition(topic, 1, 1)])
    assert code_of(raised) == KafkaError._STATE
    places = consumer.commit(asynchronous=False)
    assert [(each.partition, each.offset) for each in places] == [(0, 2)]


def test_offsets_can_be_committed_by_hand_and_backwards(side: Side) -> None:
    """The last commit counts."""
    topic = fill(side)
    consumer = side.consumer(enable_auto_commit=False)
    consumer.assign([TopicPartition(topic, 0, 0)])
    for offset in (4, 1):
        consumer.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=False)
        assert committed(consumer, topic) == offset


def test_stored_offsets_are_committed_in_the_background(side: Side) -> None:
    """Without any call meanwhile."""
    topic, group = fill(side), uuid.uuid4().hex
    consumer = side.consumer(group, auto_commit_interval_ms=50)
    consumer.subscribe([topic])
    take(side, consumer, 4)
    consumer.store_offsets(offsets=[TopicPartition(topic, 0, 3)])
    eventually(side, lambda: committed(consumer, topic), 3)


# Groups


def test_a_rebalance_is_served_within_a_call(side: Side) -> None:
    """Assignments by polling, the last revocation by closing."""
    topic = fill(side, partitions=2)
    heard: list[tuple[str, list[int]]] = []
    consumer = side.consumer()
    consumer.subscribe(
        [topic],
        on_assign=lambda _, places: heard.append(("assign", [each.partition for each in places])),
        on_revoke=lambda _, places: heard.append(("revoke", [each.partition for each in places])),
    )
    assert heard == []
    settle(side, [consumer], 2)
    assert heard == [("assign", [0, 1])]
    consumer.close()
    assert heard == [("assign", [0, 1]), ("revoke", [0, 1])]


def test_what_is_stored_when_a_partition_is_revoked_is_committed(side: Side) -> None:
    """Also if it is stored in the callback."""
    topic, group = fill(side), uuid.uuid4().hex
    first = side.consumer(group)

    def on_revoke(client: Any, places: list[TopicPartition]) -> None:
        assert position(client, topic) == 4
        client.store_offsets(offsets=[TopicPartition(topic, 0, 2)])

    first.subscribe([topic], on_revoke=on_revoke)
    take(side, first, 4)
    first.close()
    second = side.consumer(group)
    second.subscribe([topic])
    assert offsets(take(side, second, 1)) == [2]


def test_what_was_queued_before_a_revocation_does_not_come_after_it(side: Side) -> None:
    """A member that gets a partition again reads on where the group stands."""
    topic = fill(side)
    consumer = side.consumer()
    consumer.subscribe([topic])
    take(side, consumer, 3)
    consumer.store_offsets(offsets=[TopicPartition(topic, 0, 1)])
    consumer.unsubscribe()
    consumer.subscribe([topic])
    assert offsets(take(side, consumer, 3)) == [1, 2, 3]


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_second_member_gets_its_share_from_where_the_first_one_stored(
    side: Side, protocol: str
) -> None:
    """Classic members give all back first, others what they lose."""
    if protocol == "classic" and isinstance(side, RealSide) and side.is_embedded:
        pytest.skip("the mock cluster's classic groups rebalance over and over with short sessions")
    topic, group = fill(side, partitions=2), uuid.uuid4().hex
    revoked: list[int] = []
    first = side.consumer(group, group_protocol=protocol)
    first.subscribe(
        [topic], on_revoke=lambda _, places: revoked.extend(each.partition for each in places)
    )
    take(side, first, 4)
    first.store_offsets(offsets=[TopicPartition(topic, number, 1) for number in range(2)])
    second = side.consumer(group, group_protocol=protocol)
    second.subscribe([topic])
    settle_quietly(side, first, second)
    if protocol == "classic":
        assert revoked == [0, 1]
    else:
        assert len(revoked) == 1
    [mine] = {each.partition for each in second.assignment()}
    assert committed(second, topic, mine) == 1


def settle_quietly(side: Side, *members: Any) -> None:
    """Until each of two members has one of two partitions."""
    deadline = side.now() + WAIT
    while sorted(len(member.assignment()) for member in members) != [1, 1]:
        assert side.now() < deadline
        for member in members:
            member.poll(0.05)


def test_an_assignment_holds_though_its_callback_raises(side: Side) -> None:
    """The exception leaves the call, and confluent_kafka assigns the partitions all the same."""
    topic = fill(side)
    consumer = side.consumer()

    def on_assign(*_: Any) -> None:
        raise KeyError("no")

    consumer.subscribe([topic], on_assign=on_assign)
    with pytest.raises(KeyError):
        poll_for(side, consumer)
    assert [each.partition for each in consumer.assignment()] == [0]
    assert offsets(take(side, consumer, 2)) == [0, 1]


def test_a_consumer_is_closed_though_a_callback_raises(side: Side) -> None:
    """The exception leaves the call, and what was stored is committed all the same."""
    topic, group = fill(side), uuid.uuid4().hex
    consumer = side.consumer(group)

    def on_revoke(*_: Any) -> None:
        raise KeyError("no")

    consumer.subscribe([topic], on_revoke=on_revoke)
    take(side, consumer, 4)
    consumer.store_offsets(offsets=[TopicPartition(topic, 0, 3)])
    with pytest.raises(KeyError):
        consumer.close()
    with pytest.raises(RuntimeError, match="closed"):
        consumer.poll(0)
    second = side.consumer(group)
    second.subscribe([topic])
    assert offsets(take(side, second, 1)) == [3]


def poll_for(side: Side, consumer: Any) -> None:
    """Poll until something comes."""
    deadline = side.now() + WAIT
    while consumer.poll(0.1) is None:
        assert side.now() < deadline


def test_the_callback_of_an_assignment_says_where_to_begin(side: Side) -> None:
    """By assigning the partitions itself."""
    topic = fill(side)
    consumer = side.consumer()

    def on_assign(client: Any, places: list[TopicPartition]) -> None:
        client.assign([TopicPartition(topic, each.partition, 4) for each in places])

    consumer.subscribe([topic], on_assign=on_assign)
    assert offsets(take(side, consumer, 1)) == [4]


@pytest.mark.searching
def test_a_member_that_does_not_poll_loses_its_partitions(side: Side) -> None:
    """It cannot commit, hears that they are lost, and joins again."""
    topic, group = fill(side), uuid.uuid4().hex
    heard: list[str] = []
    consumer = side.consumer(
        group, max_poll_interval_ms=int(side.max_poll * 1_000), auto_commit_interval_ms=50
    )
    consumer.subscribe(
        [topic],
        on_assign=lambda *_: heard.append("assign"),
        on_revoke=lambda *_: heard.append("revoke"),
        on_lost=lambda *_: heard.append("lost"),
    )
    take(side, consumer, 4)
    consumer.store_offsets(offsets=[TopicPartition(topic, 0, 2)])
    eventually(side, lambda: committed(consumer, topic), 2)
    side.sleep(side.max_poll + 1)
    with pytest.raises(KafkaException) as raised:
        consumer.commit(offsets=[TopicPartition(topic, 0, 4)], asynchronous=False)
    assert code_of(raised) in {KafkaError.UNKNOWN_MEMBER_ID, KafkaError.ILLEGAL_GENERATION}
    codes: list[int] = []
    again: list[int | None] = []
    deadline = side.now() + WAIT
    while not (codes and again):
        assert side.now() < deadline, (heard, codes)
        raw = consumer.poll(0.1)
        if raw is None or is_end(raw):
            continue
        error = raw.error()
        if error is None:
            again.append(raw.offset())
        else:
            codes.append(error.code())
    assert codes == [KafkaError._MAX_POLL_EXCEEDED]
    assert again[0] == 2
    assert heard == ["assign", "lost", "assign"]


def test_a_closed_consumer_says_so(side: Side) -> None:
    """Closing it again is harmless."""
    consumer = side.consumer()
    consumer.close()
    consumer.close()
    for call in (consumer.assignment, lambda: consumer.poll(0), lambda: consumer.consume(1, 0)):
        with pytest.raises(RuntimeError, match="closed"):
            call()


# What is asked of the brokers


def test_watermarks_and_topics(side: Side) -> None:
    """First and last offsets, and a topic's partitions."""
    topic = fill(side, 5, partitions=2)
    consumer = side.consumer()
    assert consumer.get_watermark_offsets(TopicPartition(topic, 1), WAIT) == (0, 5)
    found = consumer.list_topics(topic, WAIT).topics[topic]
    assert sorted(found.partitions) == [0, 1]
    assert found.error is None


# Producers


def test_reports_come_with_poll_or_flush(side: Side) -> None:
    """And never before; until then they count as messages of the queue."""
    topic = side.topic()
    producer = side.producer()
    told: list[tuple[object, object]] = []
    for number, name in enumerate(("poll", "flush")):
        producer.produce(
            topic, b"0", b"key", 0, lambda error, raw: told.append((error, raw.offset()))
        )
        wait_for_reports(side, topic, number + 1)
        assert len(told) == number
        assert len(producer) >= 1
        deadline = side.now() + WAIT
        while len(told) == number:
            assert side.now() < deadline
            getattr(producer, name)(0.1)
    assert told == [(None, 0), (None, 1)]
    assert producer.flush(WAIT) == 0


@needs(2, 13, "before, the first exception counts")
def test_what_reports_raise_leaves_the_call(side: Side) -> None:
    """``poll`` ends with the first that raises; ``flush`` serves all, and the last one counts."""
    topic = side.topic()
    for name, expected in (("poll", 0), ("flush", 1)):
        producer = side.producer()
        served: list[int] = []

        def fail(number: int, error: object, raw: object, served: list[int] = served) -> None:
            served.append(number)
            if number < 2:
                raise KeyError(number)

        for number in range(3):
            producer.produce(topic, b"0", None, 0, functools.partial(fail, number))
        wait_for_reports(side, topic, 3 if name == "poll" else 6)
        with pytest.raises(KeyError) as raised:
            getattr(producer, name)(WAIT)
        assert raised.value.args == (expected,)
        assert served == ([0] if name == "poll" else [0, 1, 2])
        if name == "poll":
            with pytest.raises(KeyError):
                producer.poll(WAIT)
            assert producer.flush(WAIT) == 0
        assert len(producer) == 0


def wait_for_reports(side: Side, topic: str, count: int) -> None:
    """Until so many messages are in a topic; their reports are on their way then."""
    consumer = side.consumer()
    consumer.assign([TopicPartition(topic, 0, 0)])
    found = 0
    deadline = side.now() + WAIT
    while found < count:
        assert side.now() < deadline
        raw = consumer.poll(0.1)
        found += raw is not None and raw.error() is None
    side.sleep(0.1)


def test_a_full_queue_refuses(side: Side) -> None:
    """Until reports have been served."""
    topic = side.topic()
    producer = side.producer(queue_buffering_max_messages=1, linger_ms=1_000)
    producer.produce(topic, b"0", None, 0)
    with pytest.raises(BufferError):
        producer.produce(topic, b"1", None, 0)
    assert producer.flush(WAIT) == 0
    producer.produce(topic, b"1", None, 0)
    assert producer.flush(WAIT) == 0


def test_purged_messages_are_reported(side: Side) -> None:
    """With an error of their own."""
    topic = side.topic()
    producer = side.producer(linger_ms=30_000)
    told: list[Any] = []
    producer.produce(topic, b"0", None, 0, lambda error, _: told.append(error))
    producer.purge()
    assert producer.flush(WAIT) == 0
    assert [error.code() for error in told] == [KafkaError._PURGE_QUEUE]


def test_headers_and_timestamps_arrive(side: Side) -> None:
    """As they were sent."""
    topic = side.topic()
    producer = side.producer()
    headers = [("a", b"1"), ("a", None)]
    producer.produce(topic, b"0", b"k", 0, None, None, 1_234_567_890_123, headers)
    assert producer.flush(WAIT) == 0
    consumer = side.consumer()
    consumer.assign([TopicPartition(topic, 0, 0)])
    raw = consumer.poll(WAIT)
    assert (raw.key(), raw.value(), raw.headers()) == (b"k", b"0", headers)
    assert raw.timestamp() == (confluent_kafka.TIMESTAMP_CREATE_TIME, 1_234_567_890_123)
