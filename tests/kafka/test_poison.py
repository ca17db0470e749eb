"""The poison policy: raise, skip, or dead letter, and what is committed when."""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import KafkaError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.kafka.bars import volumes
from tests.kafka.dlq_io import WAIT, Raw, letters, produce_raw, read_all
from tests.searching import examples

from streamcontract import Stock, StockConsumer, StockProducer
from streamcontract.devstack.registry.application import Answer
from streamcontract.errors import ConfigurationError, RegistryError
from streamcontract.kafka import (
    DeadLetterError,
    DeadLetters,
    MessageDecodeError,
    PropertyError,
    Skip,
)
from streamcontract.kafka.consumer.queue import moves_of
from streamcontract.kafka.dead_letters.dead_letter import (
    FIRST_HEADER,
    NotADeadLetterError,
    read_dead_letter,
)
from streamcontract.wire import frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.devstack import DevStack
    from streamcontract.testing.fixtures.faults import Faults

Config = dict[str, Any]
REFUSED = KafkaError.TOPIC_AUTHORIZATION_FAILED


def bad(value: bytes = b"poison", key: bytes | None = b"AAPL") -> Raw:
    """A message that is not framed."""
    return value, key, [], 0


@pytest.fixture
def mixed(
    config: Config, bar: Callable[..., Stock], topic: Callable[..., str]
) -> Callable[[str], str]:
    """A maker of topics of one partition with good messages (``g``) and bad ones (``b``)."""

    def fill(kinds: str) -> str:
        name = topic(partitions=1)
        with StockProducer(config, topic=name) as producer:
            for offset, kind in enumerate(kinds):
                if kind == "g":
                    producer.produce(bar(volume=offset), partition=0)
                else:
                    assert producer.flush(WAIT) == 0
                    produce_raw(config, name, bad(b"poison %d" % offset))
        return name

    return fill


def is_read(consumer: Any) -> bool:
    """Whether a consumer has met the ends of its partitions, and given all before them."""
    contact, table = consumer._contact, consumer._assignment.table
    in_hand = {run: index for run, index, _ in moves_of(consumer._delivery.in_hand)}
    return (
        bool(table)
        and all(each.end >= each.fetched >= 0 for each in table.values())
        and not any(contact.queue.sizes(in_hand).values())
    )


def in_steps(step: Callable[[Any], list[Any]]) -> Callable[[Any], list[int]]:
    """Reading with calls that know no end, until every partition was read to the end it had."""

    def read(consumer: Any) -> list[int]:
        found: list[Any] = []
        while not is_read(consumer):
            found += step(consumer)
        return volumes(found)

    return read


READS: list[Any] = [
    pytest.param(lambda consumer: volumes(consumer.until_end()), id="until_end"),
    pytest.param(in_steps(lambda consumer: consumer.consume(100, 0.1)), id="consume"),
    pytest.param(
        in_steps(lambda consumer: [m for m in [consumer.poll(0.05)] if m is not None]), id="poll"
    ),
]


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("kinds", ["bbgbggbb", "gggb", "b", "bbbb"])
def test_skipping_tells_of_each(
    config: Config, mixed: Callable[[str], str], read: Callable[[Any], list[int]], kinds: str
) -> None:
    """Good messages come through, and the callback gets the error of every other, in order."""
    told: list[MessageDecodeError] = []
    with StockConsumer(config, topic=mixed(kinds), poison=Skip(told.append)) as consumer:
        assert read(consumer) == [at for at, kind in enumerate(kinds) if kind == "g"]
    assert [error.offset for error in told] == [at for at, kind in enumerate(kinds) if kind == "b"]


@pytest.mark.parametrize("read", READS)
def test_dead_letters_are_committed_with_what_is_around_them(
    config: Config,
    quick_group: Config,
    mixed: Callable[[str], str],
    read: Callable[[Any], list[int]],
) -> None:
    """Each bad message is put aside once, and the group goes on behind all of them."""
    name, properties = mixed("bggbbgb"), {**config, **quick_group}
    with StockConsumer(properties, topic=name, group=name, poison=DeadLetters()) as consumer:
        assert read(consumer) == [1, 2, 5]
    with StockConsumer(properties, topic=name, group=name, poison=DeadLetters()) as consumer:
        assert read(consumer) == []
    found = letters(config, f"{name}.dlq")
    assert sorted(letter.source.offset for letter in found) == [0, 3, 4, 6]
    assert {letter.value for letter in found} == {b"poison %d" % at for at in (0, 3, 4, 6)}


HEADER_NAMES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
    st.sampled_from(["a", FIRST_HEADER, "streamcontract.dlq.topic", "streamcontract.dlq.offset"]),
)
HEADERS = st.lists(st.tuples(HEADER_NAMES, st.none() | st.binary(max_size=20)), max_size=5)
# No magic byte in front, so that every one of them is poison.
VALUES = st.binary(max_size=200).filter(lambda value: value[:1] != b"\0")
MESSAGES = st.tuples(
    VALUES,
    st.none() | st.binary(max_size=20),
    HEADERS,
    st.integers(1, 1_700_000_000_000),
)


@settings(max_examples=examples(10), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(MESSAGES, min_size=1, max_size=20))
def test_key_value_headers_and_timestamp_are_unchanged(
    config: Config, topic: Callable[..., str], messages: list[Raw]
) -> None:
    """Whatever a message is made of, its dead letter gives it back; names may come twice."""
    name = topic(partitions=1)
    produce_raw(config, name, *messages)
    with StockConsumer(config, topic=name, poison=DeadLetters()) as consumer:
        assert list(consumer.until_end()) == []
    raws = read_all(config, f"{name}.dlq")
    found = {letter.source.offset: letter for letter in map(read_dead_letter, raws)}
    stored = {read_dead_letter(raw).source.offset: raw.timestamp()[1] for raw in raws}
    assert sorted(found) == list(range(len(messages)))
    for offset, (value, key, headers, timestamp) in enumerate(messages):
        letter = found[offset]
        assert (letter.value, letter.key) == (value, key)
        assert list(letter.headers) == headers
        assert stored[offset] == letter.source.timestamp_ms == timestamp


def test_the_headers_say_what_is_wrong(
    config: Config,
    topic: Callable[..., str],
    bar: Callable[..., Stock],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Error, path, schema id, source, time, attempt and group: enough to find the cause."""
    caplog.set_level(logging.INFO, "streamcontract.kafka")
    name = topic(partitions=1)
    with StockProducer(config, topic=name) as producer:
        producer.produce(bar())
    with StockConsumer(config, topic=name) as consumer:
        schema_id = next(consumer).schema_id
    assert isinstance(schema_id, int)
    produce_raw(config, name, (frame(schema_id, b"\x08AA"), None, [("trace", None)], 0))
    with StockConsumer(
        config, topic=name, group=f"group-{name}", start=1, poison=DeadLetters()
    ) as consumer:
        assert list(consumer.until_end()) == []
    [letter] = letters(config, f"{name}.dlq")
    assert (letter.source.topic, letter.source.partition, letter.source.offset) == (name, 0, 1)
    assert (letter.error, letter.path) == ("DecodeError", "Stock.symbol")
    assert "Stock.symbol" in letter.text
    assert (letter.schema_id, letter.attempt, letter.group) == (schema_id, 1, f"group-{name}")
    assert letter.time.tzinfo is not None
    assert list(letter.headers) == [("trace", None)]
    [fields] = [vars(record) for record in caplog.records if "dead letter sent" in record.message]
    assert (fields["topic"], fields["partition"], fields["offset"]) == (name, 0, 1)
    assert (fields["schema_id"], fields["group"]) == (schema_id, f"group-{name}")
    assert fields["dead_letter_topic"] == f"{name}.dlq"


def test_a_broken_key_is_a_dead_letter_too(config: Config, topic: Callable[..., str]) -> None:
    """A tombstone whose key cannot be read keeps both: the null value and the bytes of the key."""
    name = topic(partitions=1)
    produce_raw(config, name, (None, b"\xff", [], 0))
    with StockConsumer(config, topic=name, poison=DeadLetters()) as consumer:
        assert list(consumer.until_end()) == []
    [letter] = letters(config, f"{name}.dlq")
    assert (letter.value, letter.key, letter.path, letter.schema_id) == (None, b"\xff", "key", None)


def test_what_others_put_there_is_told_apart(config: Config, topic: Callable[..., str]) -> None:
    """A message without the library's headers, or with wrong ones, is no dead letter."""
    name = topic(partitions=1)
    produce_raw(config, name, bad(), (b"", None, [(FIRST_HEADER, b"1")], 0))
    produce_raw(config, name, (b"", None, [(FIRST_HEADER, b"2")], 0))
    for raw, reason in zip(
        read_all(config, name), ["no header", "missing", "version 2"], strict=True
    ):
        with pytest.raises(NotADeadLetterError, match=reason):
            read_dead_letter(raw)


def test_dead_letters_of_dead_letters(config: Config, mixed: Callable[[str], str]) -> None:
    """Reading the dead letter topic itself adds a second set of headers behind the first."""
    name = mixed("b")
    for topic in (name, f"{name}.dlq"):
        with StockConsumer(config, topic=topic, poison=DeadLetters()) as consumer:
            assert list(consumer.until_end()) == []
    [first] = read_all(config, f"{name}.dlq")
    [second] = letters(config, f"{name}.dlq.dlq")
    assert list(second.headers) == first.headers()
    assert second.source.topic == f"{name}.dlq"


def test_a_registry_that_does_not_answer_is_no_poison(
    config: Config, embedded_stack: DevStack, mixed: Callable[[str], str]
) -> None:
    """The message stays where it is, and comes when the registry is back."""
    told: list[MessageDecodeError] = []
    properties = {**config, "schema.registry.max.retries": 0}
    with StockConsumer(properties, topic=mixed("g"), poison=Skip(told.append)) as consumer:
        embedded_stack.registry.before = lambda _: Answer(503, b"{}")
        try:
            with pytest.raises(RegistryError):
                consumer.poll(WAIT)
        finally:
            embedded_stack.registry.before = None
        assert volumes(consumer.until_end()) == [0]
    assert told == []


def test_what_a_callback_raises_comes_out(
    config: Config, quick_group: Config, mixed: Callable[[str], str]
) -> None:
    """In its turn, behind the messages before it; and the message comes again if nobody goes on."""

    def refuse(error: MessageDecodeError) -> None:
        raise KeyError(error.offset)

    name, properties = mixed("ggbg"), {**config, **quick_group}
    with (  # noqa: PT012 - the block is what is tested
        pytest.raises(KeyError, match="2"),
        StockConsumer(properties, topic=name, group=name, poison=Skip(refuse)) as consumer,
    ):
        assert volumes(consumer.consume(10, WAIT)) == [0, 1]
        consumer.consume(10, WAIT)
    with StockConsumer(properties, topic=name, group=name, poison=Skip(refuse)) as consumer:
        with pytest.raises(KeyError, match="2"):
            consumer.poll(WAIT)
        assert volumes(consumer.until_end()) == [3]


@pytest.mark.parametrize(
    "poison", ["skip", None, Skip, DeadLetters(topic="stocks"), DeadLetters(topic="")]
)
def test_no_policy(config: Config, poison: Any) -> None:
    """A policy that is none, or that sends dead letters back to where they come from."""
    with pytest.raises(ConfigurationError, match=r"poison=|itself|is empty"):
        StockConsumer(config, topic="stocks", poison=poison)


def read_until_refused(consumer: StockConsumer) -> list[int]:
    """What is read before dead letters are refused, which is when the consumer fetches again."""
    read: list[int] = []
    with contextlib.suppress(DeadLetterError):
        while True:
            read += volumes(consumer.consume(1, WAIT))
    return read


def test_a_refused_dead_letter_is_an_error_and_nothing_is_committed(
    config: Config,
    quick_group: Config,
    streamcontract_faults: Faults,
    mixed: Callable[[str], str],
    topic: Callable[..., str],
) -> None:
    """The message stays uncommitted, whether the application goes on, commits or gives up."""
    name, target = mixed("gbg"), topic(partitions=1)
    properties = {**config, **quick_group}
    policy = DeadLetters(topic=target)
    streamcontract_faults.request_errors("Produce", *[REFUSED] * 20)  # more than are tried
    with (  # noqa: PT012 - the block is what is tested
        pytest.raises(DeadLetterError, match=f"not delivered to topic '{target}'") as caught,
        StockConsumer(properties, topic=name, group=name, poison=policy) as consumer,
    ):
        assert read_until_refused(consumer) in ([0], [0, 2])
        with pytest.raises(DeadLetterError):
            consumer.commit()
        consumer.poll(0)
    streamcontract_faults.undo()
    error = caught.value
    assert (error.topic, error.count, error.source) == (target, 1, (name, 0, 1))
    assert letters(config, target) == []
    with StockConsumer(properties, topic=name, group=name, poison=policy) as consumer:
        # What was worked on before the poison came may be committed, and nothing behind that.
        assert volumes(consumer.until_end()) in ([2], [0, 2])
    assert [letter.source.offset for letter in letters(config, target)] == [1]


def test_a_refused_dead_letter_is_sent_again(
    config: Config,
    quick_group: Config,
    streamcontract_faults: Faults,
    mixed: Callable[[str], str],
    topic: Callable[..., str],
) -> None:
    """The next call tries again; when it succeeds, everything goes on as if nothing had been."""
    name, target = mixed("gbg"), topic(partitions=1)
    properties = {**config, **quick_group}
    policy = DeadLetters(topic=target)
    streamcontract_faults.request_errors("Produce", REFUSED)
    with StockConsumer(properties, topic=name, group=name, poison=policy) as consumer:
        read = read_until_refused(consumer)
        assert read + volumes(consumer.until_end()) == [0, 2]
        assert consumer.positions() == {0: 3}
    assert [letter.source.offset for letter in letters(config, target)] == [1]
    with StockConsumer(properties, topic=name, group=name, poison=policy) as consumer:
        assert volumes(consumer.until_end()) == []


class Crash(BaseException):
    """The process ends here."""


def test_dead_letters_that_do_not_all_fit_into_the_queue_are_waited_for(
    config: Config, mixed: Callable[[str], str]
) -> None:
    """Those for which there was no room are sent after the others."""
    name = mixed("gbbbg")
    policy = DeadLetters(config={"queue.buffering.max.messages": 1})
    with StockConsumer(config, topic=name, group=name, poison=policy) as consumer:
        assert [message.offset for message in consumer.until_end(WAIT)] == [0, 4]
        consumer.commit()
    assert sorted(each.source.offset for each in letters(config, f"{name}.dlq")) == [1, 2, 3]


def test_poison_within_a_list_ends_it(
    config: Config, bar: Callable[..., Stock], topic: Callable[..., str]
) -> None:
    """Only the next call puts it aside, so that it makes no sense to wait for room within this."""
    name = topic(partitions=1)
    for volume, count in enumerate((150, 0)):
        with StockProducer(config, topic=name) as producer:
            producer.produce(bar(volume=volume), partition=0)
        produce_raw(config, name, *[bad()] * count)
    with StockConsumer(config, topic=name, group="g", poison=DeadLetters()) as consumer:

        def check() -> None:
            # The first message and 100 of poison are all that one list has room for.
            for each in consumer._assignment.table.values():
                assert each.fetched <= 101 or each.letters

        consumer._delivery.check = check
        assert volumes(consumer.consume(1000, -1)) == [0]
        assert volumes(consumer.consume(1, -1)) == [1]
        consumer.commit()
        assert len(letters(config, f"{name}.dlq")) == 150


def test_a_dead_letter_larger_than_the_queue_is_told(
    config: Config, topic: Callable[..., str]
) -> None:
    """There is never room for it, however long one waits."""
    name = topic(partitions=1)
    produce_raw(config, name, bad(bytes(2_000)))
    policy = DeadLetters(config={"queue.buffering.max.kbytes": 1})
    consumer = StockConsumer(config, topic=name, group=name, poison=policy)
    with pytest.raises(DeadLetterError) as caught:
        consumer.consume(1, WAIT)
    with pytest.raises(DeadLetterError):  # the message is not committed
        consumer.close()
    assert isinstance(caught.value.reason, KafkaError)
    assert caught.value.reason.code() == KafkaError._QUEUE_FULL
    assert "queue.buffering.max.kbytes" in str(caught.value)


def test_a_crash_between_dead_letter_and_commit(
    config: Config,
    quick_group: Config,
    mixed: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The dead letter is there when the offset is committed, and a copy of it is no new one."""
    name, properties = mixed("gb"), {**config, **quick_group}
    consumer = StockConsumer(properties, topic=name, group=name, poison=DeadLetters())
    assert volumes(consumer.consume(1, WAIT)) == [0]
    while consumer.positions() != {0: 2}:
        assert consumer.poll(0.1) is None

    def crash(_: object) -> None:
        raise Crash

    monkeypatch.setattr(consumer._commits, "store", crash)
    with pytest.raises(Crash):
        consumer.close()
    with StockConsumer(properties, topic=name, group=name, poison=DeadLetters()) as again:
        assert volumes(again.until_end()) in ([], [0])
    found = letters(config, f"{name}.dlq")
    assert {letter.identity for letter in found} == {found[0].identity}
    assert found[0].source.offset == 1


def test_a_topic_that_nobody_may_create(config: Config, mixed: Callable[[str], str]) -> None:
    """The error names the command that creates it."""
    name = mixed("b")
    consumer = StockConsumer(config, topic=name, poison=DeadLetters(create=False))
    with pytest.raises(DeadLetterError, match=f"streamcontract topics create {name}.dlq"):
        consumer.poll(WAIT)
    with pytest.raises(DeadLetterError):
        consumer.close()


def test_wrong_properties_are_told_at_once(config: Config) -> None:
    """Not when the first dead letter comes."""
    with pytest.raises(PropertyError, match=r"linger\.millis"):
        StockConsumer(config, poison=DeadLetters(config={"linger.millis": 5}))


def test_a_dead_letter_topic_has_as_many_partitions(
    config: Config, topic: Callable[..., str]
) -> None:
    """The topic is made like its source, so that keys share their partitions there too."""
    name = topic(partitions=3)
    produce_raw(config, name, bad())
    with StockConsumer(config, topic=name, poison=DeadLetters()) as consumer:
        assert list(consumer.until_end()) == []
        consumer.positions()  # confirms what was put aside
        found = consumer.client.list_topics(f"{name}.dlq", WAIT).topics[f"{name}.dlq"]
    assert len(found.partitions) == 3


def test_no_secret_gets_into_a_dead_letter(
    config: Config, embedded_stack: DevStack, mixed: Callable[[str], str]
) -> None:
    """Credentials of the registry, in its URL or beside it, are in no byte of it."""
    name = mixed("b")
    produce_raw(config, name, bad(frame(2**31 - 1, b"")))
    secrets = ("s3cr3t-in-url", "s3cr3t-token")
    scheme, _, rest = config["schema.registry.url"].partition("://")
    properties = {**config, "schema.registry.url": f"{scheme}://user:{secrets[0]}@{rest}"}
    with StockConsumer(properties, topic=name, poison=DeadLetters()) as consumer:
        assert list(consumer.until_end()) == []
    raws = read_all(config, f"{name}.dlq")
    assert len(raws) == 2
    for raw in raws:
        shown = repr((raw.key(), raw.value(), raw.headers()))
        assert not any(secret in shown for secret in secrets)


@pytest.mark.parametrize("engine", ["portable", "native"])
def test_both_engines_put_the_same_aside(
    config: Config,
    mixed: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
    engine: str,
) -> None:
    """The policy does not depend on who decodes."""
    if engine == "native":
        pytest.importorskip("streamcontract.codec._native")
    monkeypatch.setenv("STREAMCONTRACT_ENGINE", engine)
    name = mixed("gbggbbg")
    with StockConsumer(config, topic=name, poison=DeadLetters()) as consumer:
        assert volumes(consumer.until_end()) == [0, 2, 3, 6]
    assert sorted(letter.source.offset for letter in letters(config, f"{name}.dlq")) == [1, 4, 5]


@pytest.mark.searching
def test_members_that_take_over_put_nothing_aside_twice(
    config: Config, topic: Callable[..., str], bar: Callable[..., Stock]
) -> None:
    """What was put aside is committed before the group gives the partition to somebody else."""
    name = topic(partitions=4)
    for partition in range(4):
        for volume in range(10):
            produce_raw(config, name, bad(), partition=partition)
            with StockProducer(config, topic=name) as producer:
                producer.produce(bar(volume=volume), partition=partition)
    properties = {**config, "group.protocol": "consumer", "group.id": name}
    with StockConsumer(properties, topic=name, poison=DeadLetters()) as first:
        seen = [*first.consume(15, WAIT)]
        joined = threading.Event()

        def other() -> None:
            with StockConsumer(properties, topic=name, poison=DeadLetters()) as second:
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
    places = sorted((message.partition, message.offset) for message in seen)
    assert places == [(partition, at) for partition in range(4) for at in range(1, 20, 2)]
    found = letters(config, f"{name}.dlq")
    sources = sorted((letter.source.partition, letter.source.offset) for letter in found)
    assert sources == [(partition, at) for partition in range(4) for at in range(0, 20, 2)]
