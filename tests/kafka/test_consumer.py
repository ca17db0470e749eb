"""The typed consumer: where it begins and ends, what it commits, and how it meets poison."""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import attrs
import confluent_kafka
import pytest
from tests.kafka.bars import volumes
from tests.kafka.installed import needs

from streamcontract import ContractConsumer, ContractProducer, Stock, StockConsumer, StockProducer
from streamcontract.devstack.registry.application import Answer
from streamcontract.errors import (
    ClientError,
    ConfigurationError,
    DecodeError,
    FrameError,
    RegistryError,
)
from streamcontract.kafka import (
    ConsumeError,
    MessageDecodeError,
    NotSupportedError,
    StalledError,
)
from streamcontract.kafka.connection.cluster import Cluster, advice_on, consume_error
from streamcontract.registry.errors import SchemaNotFoundError
from streamcontract.wire import frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.devstack import DevStack
    from streamcontract.kafka import Message

Config = dict[str, Any]
WAIT = 30.0


def add(config: Config, topic: str, *bars: Stock) -> None:
    """Publish more bars."""
    with StockProducer(config, topic=topic) as producer:
        for each in bars:
            producer.produce(each)


def produce_raw(config: Config, topic: str, *values: bytes | None, key: bytes = b"AAPL") -> None:
    """Publish bytes as they are."""
    producer = confluent_kafka.Producer({"bootstrap.servers": config["bootstrap.servers"]})
    for value in values:
        producer.produce(topic, value, key)
    assert producer.flush(WAIT) == 0


def test_iteration_poll_and_consume_share_one_place(
    config: Config, filled: Callable[..., str]
) -> None:
    """Whichever is called, the next message is the next message."""
    with StockConsumer(config, topic=filled(6)) as consumer:
        first = next(consumer)
        second = consumer.poll(WAIT)
        assert second is not None
        batch = consumer.consume(2, WAIT)
        rest = list(consumer.until_end())
        assert volumes([first, second, *batch, *rest]) == [0, 1, 2, 3, 4, 5]
        assert consumer.poll(0) is None
        assert consumer.consume(3, 0) == []


def test_until_end_stops_at_the_ends_that_held(
    config: Config, filled: Callable[..., str], bar: Callable[..., Stock]
) -> None:
    """What comes later stays for the next read, and none of it is lost or doubled."""
    name = filled(3, partitions=3)
    with StockConsumer(config, topic=name) as consumer:
        bounded = consumer.until_end()
        add(config, name, *(bar(f"S{number}", 100 + number) for number in range(20)))
        assert sorted(volumes(bounded)) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
        assert sorted(volumes(consumer.until_end())) == list(range(100, 120))
        assert list(consumer.until_end()) == []


def test_until_end_can_be_left_and_gone_on_with(
    config: Config, filled: Callable[..., str], bar: Callable[..., Stock]
) -> None:
    """A broken-off bounded read holds nothing back from the reads after it."""
    name = filled(4, partitions=2)
    with StockConsumer(config, topic=name) as consumer:
        seen = []
        for message in consumer.until_end():
            seen.append(message)
            if len(seen) == 3:
                break
        add(config, name, bar(volume=50))
        seen += consumer.until_end()
    assert sorted(volumes(seen)) == [0, 0, 1, 1, 2, 2, 3, 3, 50]


@pytest.mark.parametrize("reader", ["consume", "until_end", "seek"])
def test_what_stood_behind_the_ends_is_given_by_whoever_reads_next(
    config: Config, filled: Callable[..., str], reader: str
) -> None:
    """A bounded read that is left after it met messages behind its ends holds none of them back."""
    with StockConsumer(config, topic=filled(5, partitions=2)) as consumer:
        bounded = consumer.until_end()
        bounded.ends.update({0: 2, 1: 2})
        seen = [next(bounded) for _ in range(3)]  # the third is behind those that are held
        left = 10 - len(seen)
        if reader == "seek":
            consumer.seek(0, 0)
            consumer.seek(1, 0)
            seen, left = [], 10
        seen += consumer.until_end() if reader == "until_end" else consumer.consume(left, WAIT)
    for partition in (0, 1):
        assert [each.offset for each in seen if each.partition == partition] == [0, 1, 2, 3, 4]


def test_until_end_of_an_empty_topic(config: Config, topic: Callable[..., str]) -> None:
    """There is nothing to wait for."""
    with StockConsumer(config, topic=topic(partitions=2)) as consumer:
        assert list(consumer.until_end()) == []


def test_until_end_gives_up_when_nothing_comes(config: Config, filled: Callable[..., str]) -> None:
    """The error says how far reading has come."""
    name = filled(3)
    with StockConsumer(config, topic=name) as consumer:
        for _ in range(3):
            next(consumer)
        bounded = consumer.until_end(timeout=0.3)
        bounded.ends[0] = 10
        with pytest.raises(StalledError, match="partition 0 is at 3 of 10") as caught:
            list(bounded)
    assert caught.value.remaining == {0: (3, 10)}


@pytest.mark.searching
@pytest.mark.parametrize("with_group", [False, True])
def test_where_reading_begins(config: Config, filled: Callable[..., str], with_group: bool) -> None:
    """Earliest, latest, or an offset, with a group and without."""
    name = filled()
    starts: dict[Any, list[int]] = {
        "earliest": [0, 1, 2, 3, 4],
        "latest": [],
        0: [0, 1, 2, 3, 4],
        3: [3, 4],
        99: [],
    }
    for start, expected in starts.items():
        group = f"group-{name}-{start}" if with_group else None
        with StockConsumer(config, topic=name, group=group, start=start) as consumer:
            assert volumes(consumer.until_end()) == expected, start


@pytest.mark.parametrize("with_group", [False, True])
def test_latest_means_the_moment_of_assignment(
    config: Config, filled: Callable[..., str], bar: Callable[..., Stock], with_group: bool
) -> None:
    """What comes after the assignment is read, however late the first poll is."""
    name = filled()
    group = f"group-{name}" if with_group else None
    with StockConsumer(config, topic=name, group=group, start="latest") as consumer:
        assert consumer.assignment(WAIT) == (0,)
        add(config, name, bar(volume=100))
        assert volumes(consumer.until_end()) == [100]


def test_where_to_begin_is_asked_again(
    config: Config, filled: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A group's member whose question was not answered begins no elsewhere."""
    name, failures = filled(5), [confluent_kafka.KafkaError._TIMED_OUT] * 2
    bounds = Cluster.bounds

    def flaky(self: Cluster, *args: Any) -> tuple[dict[int, int], dict[int, int]]:
        if failures:
            raise consume_error(name, confluent_kafka.KafkaError(failures.pop()))
        return bounds(self, *args)

    monkeypatch.setattr(Cluster, "bounds", flaky)
    with StockConsumer(config, topic=name, group=name, start=3) as consumer:
        for _ in range(2):
            with pytest.raises(ConsumeError, match="_TIMED_OUT"):
                consumer.poll(WAIT)
        assert volumes(consumer.consume(2, WAIT)) == [3, 4]


def test_auto_offset_reset_is_a_start_too(config: Config, filled: Callable[..., str]) -> None:
    """The property that confluent users know is taken, unless start= says otherwise."""
    name, latest = filled(), {**config, "auto.offset.reset": "latest"}
    with StockConsumer(latest, topic=name) as consumer:
        assert list(consumer.until_end()) == []
    with StockConsumer(latest, topic=name, start=4) as consumer:
        assert volumes(consumer.until_end()) == [4]


@pytest.mark.usefixtures("embedded_stack")
def test_a_moment_cannot_be_looked_up_here(config: Config, filled: Callable[..., str]) -> None:
    """The embedded broker would answer with the end: the error says what to do."""
    start = dt.datetime(2026, 5, 4, tzinfo=dt.timezone.utc)
    with (
        StockConsumer(config, topic=filled(), start=start) as consumer,
        pytest.raises(NotSupportedError, match="offset"),
    ):
        consumer.poll(WAIT)


@pytest.mark.parametrize("start", [-1, True, "soon", 1.5, dt.datetime(2026, 5, 4)])  # noqa: DTZ001 - refused
def test_no_place_to_begin(config: Config, start: Any) -> None:
    """A naive datetime, or anything else that names no place, is refused at once."""
    with pytest.raises(ConfigurationError):
        StockConsumer(config, start=start)


@pytest.mark.parametrize("with_group", [False, True])
def test_each_partition_has_a_start_of_its_own(
    config: Config, filled: Callable[..., str], quick_group: Config, with_group: bool
) -> None:
    """Those that are not named begin by auto.offset.reset; what is committed goes first."""
    name = filled(5, partitions=4)
    options: Config = {"topic": name, "start": {0: 3, 1: "latest", 2: "earliest"}}
    if with_group:
        options["group"] = name
    properties = {**config, **quick_group, "auto.offset.reset": "latest"}
    with StockConsumer(properties, **options) as consumer:
        found = sorted((each.partition, each.offset) for each in consumer.until_end())
        assert found == [(0, 3), (0, 4), *((2, at) for at in range(5))]
    if with_group:
        with StockConsumer(properties, **options) as consumer:
            assert list(consumer.until_end()) == []


def test_starts_that_cannot_be(config: Config, filled: Callable[..., str]) -> None:
    """Each error names the partition or the start."""
    wrong: Any
    for wrong in ({0: -1}, {0: "soon"}, {0: None}, {0: dt.datetime(2026, 1, 1)}):  # noqa: DTZ001
        with pytest.raises(ConfigurationError):
            StockConsumer(config, start=wrong)
    for wrong in ({"0": 1}, {True: 1}, {None: 1}):
        with pytest.raises(ConfigurationError, match="a partition"):
            StockConsumer(config, start=wrong)
    with pytest.raises(ConfigurationError, match="partition 1, which is not among"):
        StockConsumer(config, partitions=[0], start={1: 0})
    with (
        StockConsumer(config, topic=filled(1), start={3: 0}) as consumer,
        pytest.raises(ConsumeError, match="partition 3: the topic has 1"),
    ):
        consumer.poll(WAIT)


def test_an_error_for_what_has_no_start(
    config: Config, filled: Callable[..., str], quick_group: Config
) -> None:
    """With auto.offset.reset at error: a partition that is named begins, another raises it."""
    name = filled(2, partitions=2)
    properties = {**config, **quick_group, "auto.offset.reset": "error"}
    with StockConsumer(properties, topic=name, group=name, start={0: 1}) as consumer:
        found: list[tuple[int, int]] = []
        with pytest.raises(ConsumeError) as caught:  # noqa: PT012 - which call it is, is open
            while True:
                found += [(each.partition, each.offset) for each in consumer.consume(2, 1)]
        assert caught.value.partition == 1
        consumer.seek(1, 0)
        found += [(each.partition, each.offset) for each in consumer.until_end()]
        assert sorted(found) == [(0, 1), (1, 0), (1, 1)]


def test_chosen_partitions(config: Config, filled: Callable[..., str]) -> None:
    """Without a group, some partitions can be read alone."""
    with StockConsumer(config, topic=filled(2, partitions=3), partitions=[1]) as consumer:
        messages = list(consumer.until_end())
        assert consumer.assignment() == (1,)
    assert [message.partition for message in messages] == [1, 1]


@pytest.mark.parametrize("partition", [3, -1])
def test_a_partition_that_the_topic_does_not_have(
    config: Config, filled: Callable[..., str], partition: int
) -> None:
    """It is told at once, where librdkafka would wait for it without a word."""
    name = filled(1, partitions=3)
    with (
        StockConsumer(config, topic=name, partitions=[0, partition]) as consumer,
        pytest.raises(ConsumeError, match=f"partition {partition}: the topic has 3"),
    ):
        consumer.poll(WAIT)
    with StockConsumer(config, topic=name, partitions=[1]) as consumer:
        for other in (0, partition):
            with pytest.raises(ConsumeError, match=f"partition {other}: not assigned"):
                consumer.seek(other, "earliest")


def test_seek(config: Config, filled: Callable[..., str]) -> None:
    """Backwards, forwards, to the ends; what was fetched already does not come through."""
    with StockConsumer(config, topic=filled(10)) as consumer:
        consumer.seek(0, 8)
        assert volumes(consumer.until_end()) == [8, 9]
        consumer.seek(0, "earliest")
        assert next(consumer).offset == 0
        consumer.seek(0, 5)
        assert volumes(consumer.until_end()) == [5, 6, 7, 8, 9]
        consumer.seek(0, "latest")
        assert list(consumer.until_end()) == []
        with pytest.raises(ConsumeError):
            consumer.seek(7, 0)


def test_advice_about_a_partition() -> None:
    """Librdkafka does not know one that the group has yet to assign: to create it is no advice."""
    advice = advice_on(
        confluent_kafka.KafkaError(confluent_kafka.KafkaError._UNKNOWN_PARTITION), "stocks"
    )
    assert "topics describe stocks" in advice
    assert "topics create" not in advice


def test_a_group_goes_on_where_it_was(
    config: Config, quick_group: Config, filled: Callable[..., str], bar: Callable[..., Stock]
) -> None:
    """Closing commits what was returned, and nothing of what was only fetched."""
    name, properties = filled(5), {**config, **quick_group}
    with StockConsumer(properties, topic=name, group=name) as consumer:
        assert volumes([next(consumer), next(consumer)]) == [0, 1]
    with StockConsumer(properties, topic=name, group=name, start="latest") as consumer:
        assert volumes(consumer.until_end()) == [2, 3, 4]
    add(config, name, bar(volume=5))
    with StockConsumer(properties, topic=name, group=name) as consumer:
        assert volumes(consumer.until_end()) == [5]


def test_the_message_in_hand_comes_again_after_an_exception(
    config: Config, quick_group: Config, filled: Callable[..., str]
) -> None:
    """At least once: what was being worked on is not committed."""
    name, properties = filled(5), {**config, **quick_group}
    with (  # noqa: PT012 - the block is what is tested
        pytest.raises(KeyError),
        StockConsumer(properties, topic=name, group=name) as consumer,
    ):
        for message in consumer:
            if message.offset == 2:
                raise KeyError
    with (  # noqa: PT012 - likewise
        pytest.raises(KeyError),
        StockConsumer(properties, topic=name, group=name) as consumer,
    ):
        assert volumes(consumer.consume(2, WAIT)) == [2, 3]
        raise KeyError
    with StockConsumer(properties, topic=name, group=name) as consumer:
        assert volumes(consumer.until_end()) == [2, 3, 4]


@needs(2, 13, "before, members of the newer protocol are given partitions back and read them again")
def test_members_share_a_group_and_hand_over(config: Config, filled: Callable[..., str]) -> None:
    """Two members get every message; what one worked on, the other does not see again."""
    name = filled(50, partitions=4)
    properties = {**config, "group.protocol": "consumer", "group.id": name}
    seen: list[Message[Stock]] = []
    with StockConsumer(properties, topic=name) as first:
        seen += first.consume(30, WAIT)
        joined = threading.Event()

        def other() -> None:
            with StockConsumer(properties, topic=name) as second:
                while second.assignment(0.1) == ():
                    pass
                joined.set()
                seen.extend(second.until_end())

        thread = threading.Thread(target=other)
        thread.start()
        while not joined.is_set():
            message = first.poll(0.05)
            seen += [message] if message is not None else []
        seen += first.until_end()
        thread.join(WAIT)
        assert not thread.is_alive()
    places = [(message.partition, message.offset) for message in seen]
    assert sorted(places) == [(partition, at) for partition in range(4) for at in range(50)]


def fetch_of_both(consumer: StockConsumer) -> None:
    """Have messages of two partitions in the queue."""
    deadline = time.monotonic() + WAIT
    while len({run.partition.number for run in consumer._contact.queue.runs}) < 2:
        assert time.monotonic() < deadline
        consumer._contact.make(0.1, {})


def test_messages_of_a_revoked_partition_are_not_returned(
    config: Config, filled: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even what was fetched already: its new owner returns it."""
    name = filled(50, partitions=2)
    with StockConsumer(config, topic=name, group=name) as consumer:
        consumer.consume(1, WAIT)
        contact = consumer._contact
        fetch_of_both(consumer)
        # As librdkafka calls it, from within a call that fetches; another member decides when.
        poll = contact._poll

        def revoke(timeout: float) -> Any:
            monkeypatch.setattr(contact, "_poll", poll)
            consumer._assignment._on_revoke(
                consumer.client, [confluent_kafka.TopicPartition(name, 0)]
            )
            return poll(timeout)

        monkeypatch.setattr(contact, "_poll", revoke)
        contact.make(0, {})
        kept = sum(contact.queue.sizes({}).values())
        assert kept > 0
        assert {message.partition for message in consumer.consume(kept, 0)} == {1}


@pytest.mark.parametrize("comes_back", [False, True], ids=["for good", "for a moment"])
@pytest.mark.parametrize("interrupt", [False, True], ids=["timeout", "interrupt"])
def test_messages_of_a_partition_revoked_during_consume_are_not_returned(
    config: Config,
    filled: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    comes_back: bool,
    interrupt: bool,
) -> None:
    """Nor counted: a transaction would commit what was made of it, and another member's too."""
    name = filled(50, partitions=2)
    with StockConsumer(config, topic=name, group=name) as consumer:
        contact = consumer._contact
        fetch_of_both(consumer)
        sizes = {each.number: size for each, size in contact.queue.sizes({}).items()}
        kept = sizes[1]

        def rebalance(_timeout: float) -> None:
            moved = [confluent_kafka.TopicPartition(name, 0)]
            consumer._assignment._on_revoke(consumer.client, moved)
            if comes_back:
                consumer._assignment.table[name, 0] = consumer._topics.partition((name, 0))
            if interrupt:
                raise KeyboardInterrupt

        monkeypatch.setattr(contact, "_poll", rebalance)
        monkeypatch.setattr(contact, "_consume", lambda *_: [])
        if interrupt:
            with pytest.raises(KeyboardInterrupt):
                consumer.consume(1000, 0)
            monkeypatch.setattr(contact, "_poll", lambda _timeout: None)
        messages = consumer.consume(1000, 0)
        assert [(each.partition, each.offset) for each in messages] == [
            (1, at) for at in range(kept)
        ]
        assert consumer.positions() == {1: kept}


POISON = [
    pytest.param(b"not framed", FrameError, id="no magic byte"),
    pytest.param(b"\0\0", FrameError, id="truncated frame"),
    pytest.param(frame(2**31 - 1, b""), SchemaNotFoundError, id="unknown id"),
    pytest.param(None, DecodeError, id="truncated payload"),
]


@pytest.mark.parametrize(("poison", "reason"), POISON)
def test_poison_is_named_and_passed(
    config: Config,
    filled: Callable[..., str],
    bar: Callable[..., Stock],
    poison: bytes | None,
    reason: type[Exception],
) -> None:
    """The error tells topic, partition, offset and bytes; the next call goes on behind it."""
    name = filled(2)
    if poison is None:
        with StockConsumer(config, topic=name) as consumer:
            schema_id = next(consumer).schema_id
        assert isinstance(schema_id, int)
        poison = frame(schema_id, b"\x08AA")
    produce_raw(config, name, poison)
    add(config, name, bar(volume=2))
    with StockConsumer(config, topic=name) as consumer:
        bounded = consumer.until_end()
        assert volumes([next(bounded), next(bounded)]) == [0, 1]
        with pytest.raises(MessageDecodeError, match=name) as caught:
            next(bounded)
        assert volumes(bounded) == [2]
    error = caught.value
    assert (error.topic, error.partition, error.offset) == (name, 0, 2)
    assert error.raw.value() == poison
    assert isinstance(error.reason, reason)
    assert error.__cause__ is error.reason


def test_poison_in_a_batch_costs_nothing_before_it(
    config: Config, filled: Callable[..., str], bar: Callable[..., Stock]
) -> None:
    """consume() gives what is good first, then raises, then goes on."""
    name = filled(2)
    produce_raw(config, name, b"poison")
    add(config, name, bar(volume=3))
    with StockConsumer(config, topic=name) as consumer:
        assert volumes(consumer.consume(10, WAIT)) == [0, 1]
        with pytest.raises(MessageDecodeError):
            consumer.consume(10, WAIT)
        assert volumes(consumer.consume(1, WAIT)) == [3]


def test_poison_that_ends_the_block_comes_again(
    config: Config, quick_group: Config, filled: Callable[..., str]
) -> None:
    """A group does not step over what nobody dealt with."""
    name, properties = filled(1), {**config, **quick_group}
    produce_raw(config, name, b"poison")
    with StockConsumer(properties, topic=name, group=name) as consumer:
        assert volumes(consumer.consume(10, WAIT)) == [0]
    for _ in range(2):
        with (
            pytest.raises(MessageDecodeError, match="offset 1"),
            StockConsumer(properties, topic=name, group=name) as consumer,
        ):
            next(consumer)


def test_a_commit_behind_poison_passes_it(config: Config, filled: Callable[..., str]) -> None:
    """The application was told, and says with its commit that it dealt with it."""
    name, properties = filled(1), {**config, "enable.auto.commit": False}
    produce_raw(config, name, b"poison")
    with StockConsumer(properties, topic=name, group=name) as consumer:
        assert volumes(consumer.consume(10, WAIT)) == [0]
        with pytest.raises(MessageDecodeError, match="offset 1"):
            consumer.consume(10, WAIT)
        assert consumer.commit() == {0: 2}


def test_a_broken_key_is_poison_too(
    config: Config, filled: Callable[..., str], topic: Callable[..., str]
) -> None:
    """The key is part of the contract."""
    name = filled(1)
    produce_raw(config, name, None, key=b"\xff")
    with (
        StockConsumer(config, topic=name, start=1) as consumer,
        pytest.raises(MessageDecodeError, match="UTF-8"),
    ):
        next(consumer)


def test_another_contract_in_the_topic(config: Config, filled: Callable[..., str]) -> None:
    """Bytes of a schema that cannot be resolved to this one are refused, not guessed."""
    name = filled(1)
    schema = {"type": "record", "name": "Other", "fields": []}
    with (
        ContractConsumer(config, topic=name, schema=schema) as consumer,
        pytest.raises(MessageDecodeError) as caught,
    ):
        next(consumer)
    assert isinstance(caught.value.reason, DecodeError)


def test_a_registry_that_does_not_answer_costs_no_message(
    embedded_stack: DevStack, config: Config, filled: Callable[..., str]
) -> None:
    """It is not the message's fault: the next call tries the same message again."""
    name = filled(2)
    with StockConsumer({**config, "schema.registry.max.retries": 0}, topic=name) as consumer:
        embedded_stack.registry.before = lambda _: Answer(500, b"{}")
        try:
            with pytest.raises(RegistryError):
                next(consumer)
        finally:
            embedded_stack.registry.before = None
        assert volumes(consumer.until_end()) == [0, 1]


def test_a_topic_that_is_not_there(config: Config) -> None:
    """The error names it and says how to create it."""
    with (
        StockConsumer(config, topic="never-created") as consumer,
        pytest.raises(ConsumeError, match="streamcontract topics create never-created") as caught,
    ):
        consumer.poll(WAIT)
    assert caught.value.topic == "never-created"


def test_what_contradicts_itself(config: Config) -> None:
    """Two groups, no partitions or one twice, and a store that would lose messages."""
    with pytest.raises(ConfigurationError, match=r"group\.id"):
        StockConsumer({**config, "group.id": "a"}, group="b")
    with pytest.raises(ConfigurationError, match="partitions= names one twice"):
        StockConsumer(config, group="a", partitions=[0, 1, 0])
    for none in (0, "0", ["0"], [True], [2**31]):
        with pytest.raises(ConfigurationError, match="partition"):
            StockConsumer(config, partitions=none)  # type: ignore[arg-type] # what is tested
    with pytest.raises(ConfigurationError, match="partitions= is empty"):
        StockConsumer(config, partitions=[])
    with pytest.raises(ConfigurationError, match="group= is empty"):
        StockConsumer(config, group="")
    with pytest.raises(ConfigurationError, match="topic= is empty"):
        StockConsumer(config, topic="")
    with (
        StockProducer(config) as producer,
        pytest.raises(ConfigurationError, match="topic= is empty"),
    ):
        producer.produce(None, key="AAPL", topic="")
    with pytest.raises(ConfigurationError, match=r"enable\.auto\.offset\.store"):
        StockConsumer({**config, "enable.auto.offset.store": True})


def test_a_closed_consumer(config: Config) -> None:
    """It refuses everything but being closed again."""
    with StockConsumer(config) as consumer:
        pass
    consumer.close()
    for call in (consumer.poll, consumer.until_end, consumer.commit):
        with pytest.raises(ClientError, match="closed"):
            call()


def test_broker_down(config: Config) -> None:
    """poll() gives nothing in its time: the broker may come back."""
    nowhere = {**config, "bootstrap.servers": "127.0.0.1:1"}
    with StockConsumer(nowhere, group="g") as consumer:
        assert consumer.poll(0.05) is None


def test_what_consume_waits_with_is_not_counted(
    config: Config,
    quick_group: Config,
    filled: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ctrl-C while consume() waits for more: what it had comes again, at once and in the group."""
    name, properties = filled(3), {**config, **quick_group}
    with StockConsumer(properties, topic=name, group=name) as consumer:
        assert volumes(consumer.consume(1, WAIT)) == [0]
        make = consumer._contact.make

        def interrupt(*arguments: Any) -> None:
            make(*arguments)
            raise KeyboardInterrupt

        monkeypatch.setattr(consumer._contact, "make", interrupt)
        with pytest.raises(KeyboardInterrupt):
            consumer.consume(10, WAIT)
        monkeypatch.undo()
        assert consumer.commit() == {0: 1}
        assert volumes(consumer.consume(1, WAIT)) == [1]
    with StockConsumer(properties, topic=name, group=name) as consumer:
        assert volumes(consumer.until_end()) == [2]


def test_a_batch_over_several_schemas(
    config: Config, filled: Callable[..., str], bar: Callable[..., Stock]
) -> None:
    """Schemas and tombstones may change from message to message."""
    name = filled(1)
    assert StockProducer.contract is not None
    schema: Any = json.loads(StockProducer.contract.schema.json)
    schema["fields"].append({"name": "venue", "type": "string", "default": ""})
    with ContractProducer(config, topic=name, schema=schema) as producer:
        for volume in (1, 2):
            add(config, name, bar(volume=volume))
            producer.produce({**attrs.asdict(bar(volume=10 + volume)), "venue": "X"}, key="AAPL")
            producer.produce(None, key="AAPL")
            producer.flush()
    with StockConsumer(config, topic=name) as consumer:
        messages = consumer.consume(7, WAIT)
    assert [each.value and each.value.volume for each in messages] == [0, 1, 11, None, 2, 12, None]
    assert len({each.schema_id for each in messages}) == 3
    assert [each.offset for each in messages] == list(range(7))
