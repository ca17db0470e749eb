"""One consumer of several topics: each message with its own topic and type."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import confluent_kafka
import pytest
from tests.kafka.dlq_io import letters, produce_raw
from tests.kafka.observed import Observed
from tests.kafka.test_dispatch import Order, Quote, Trade

from streamcontract import AsyncContractConsumer, ContractConsumer, ContractProducer, StockConsumer
from streamcontract.errors import ConfigurationError
from streamcontract.kafka import ConsumeError, DeadLetters, MessageDecodeError, Skip, StalledError
from streamcontract.otel import names as otel_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import assert_type

    from streamcontract.kafka import Message

Config = dict[str, Any]
WAIT = 30.0


@pytest.fixture
def names(config: Config, topic: Callable[..., str]) -> dict[str, str]:
    """Topics of two partitions, with three records in each: trades, quotes and more quotes."""
    base = topic(partitions=1)
    found = {}
    for kind in ("trades", "quotes-a", "quotes-b"):
        found[kind] = name = topic(f"{base}-{kind}", partitions=2)
        record: type[Any] = Trade if kind == "trades" else Quote
        with ContractProducer(config, record=record, topic=name) as producer:
            for partition in (0, 1):
                for number in range(3):
                    value = (
                        Trade(symbol=kind, price=number)
                        if record is Trade
                        else Quote(symbol=kind, bid=number)
                    )
                    producer.produce(value, partition=partition)
    found["pattern"] = f"^{base}-quotes-.*"
    return found


def everything(names: dict[str, str]) -> list[tuple[str, int, int]]:
    """Topic, partition and offset of all that is there."""
    topics = sorted(name for kind, name in names.items() if kind != "pattern")
    return [(name, partition, at) for name in topics for partition in (0, 1) for at in range(3)]


def places(messages: list[Message[Any]]) -> list[tuple[str, int, int]]:
    """Where messages were."""
    return [(each.topic, each.partition, each.offset) for each in messages]


def subscriptions(names: dict[str, str]) -> dict[str, type[Trade | Quote]]:
    """By name and by pattern."""
    return {names["trades"]: Trade, names["pattern"]: Quote}


@pytest.mark.searching
@pytest.mark.parametrize("how", ["iteration", "poll", "consume"])
@pytest.mark.parametrize("with_group", [False, True])
def test_each_message_has_its_own_topic_and_type(
    config: Config, names: dict[str, str], with_group: bool, how: str
) -> None:
    """Those of topics by name and by pattern, each partition in its order."""
    options: Config = {"group": names["trades"]} if with_group else {}
    with ContractConsumer[Trade | Quote, str | None, tuple[str, int]](
        config, topics=subscriptions(names), **options
    ) as consumer:
        if TYPE_CHECKING:
            assert_type(consumer.positions(), dict[tuple[str, int], int])
            assert_type(next(consumer), Message[Trade | Quote, str | None])
            assert_type(ContractConsumer(config, record=Trade).positions(), dict[int, int])
            assert_type(StockConsumer(config).assignment(), tuple[int, ...])
        assert consumer.topics == (names["trades"], names["pattern"])
        found: list[Message[Any]] = []
        while len(found) < 18:
            if how == "iteration":
                found += consumer.until_end()
            elif how == "poll":
                found += [each for each in [consumer.poll(1)] if each is not None]
            else:
                found += consumer.consume(5, 1)
        assert sorted(places(found)) == everything(names)
        for message in found:
            kind = next(kind for kind, name in names.items() if name == message.topic)
            assert isinstance(message.value, Trade if kind == "trades" else Quote)
            assert message.key == message.value.symbol == kind
        for place in {(each.topic, each.partition) for each in found}:
            own = [each.offset for each in found if (each.topic, each.partition) == place]
            assert own == [0, 1, 2]
        partitions = tuple(sorted({(topic, number) for topic, number, _ in everything(names)}))
        assert consumer.assignment() == partitions
        assert consumer.positions() == dict.fromkeys(partitions, 3)
        if with_group:
            assert consumer.commit() == dict.fromkeys(partitions, 3)
            assert consumer.committed() == dict.fromkeys(partitions, 3)
            assert consumer.committed([partitions[0]]) == {partitions[0]: 3}


@pytest.mark.parametrize("first", [Quote, Trade])
def test_the_first_subscription_that_matches_counts(
    config: Config, names: dict[str, str], first: type[Any]
) -> None:
    """A name after a pattern that has it is never come to."""
    others: dict[str, Any] = {names["pattern"]: first, names["quotes-a"]: Quote}
    with ContractConsumer(config, topics=others, poison=Skip(lambda _: None)) as consumer:
        found = [each.topic for each in consumer.until_end()]
    assert set(found) == ({names["quotes-a"], names["quotes-b"]} if first is Quote else set())


def test_several_types_in_one_of_several_topics(config: Config, names: dict[str, str]) -> None:
    """A list of classes."""
    both: list[type[Trade | Quote]] = [Trade, Quote]
    with ContractProducer(
        {**config, "subject.name.strategy": "topic-record"}, record=Trade, topic=names["quotes-a"]
    ) as producer:
        producer.produce(Trade(symbol="x", price=1.0), partition=0)
    topics: dict[str, Any] = {names["trades"]: both, names["quotes-a"]: both}
    with ContractConsumer(config, topics=topics) as consumer:
        found = list(consumer.until_end())
    kinds: set[Any] = {(each.topic, type(each.value)) for each in found}
    expected: list[Any] = [(names["quotes-a"], kind) for kind in both]
    assert kinds == {(names["trades"], Trade), *expected}


def test_partitions_are_named_by_topic_and_number(config: Config, names: dict[str, str]) -> None:
    """In start, partitions, seek, pause, resume and commit."""
    trades, quotes = names["trades"], names["quotes-a"]
    chosen: dict[str, type[Trade | Quote]] = {trades: Trade, quotes: Quote}
    with ContractConsumer(
        config,
        topics=chosen,
        partitions=[(trades, 0), (quotes, 1)],
        start={(trades, 0): 2, (quotes, 1): "latest"},
        group=trades,
    ) as consumer:
        assert consumer.assignment(WAIT) == ((quotes, 1), (trades, 0))
        assert places(list(consumer.until_end())) == [(trades, 0, 2)]
        consumer.seek((quotes, 1), 1)
        consumer.pause([(quotes, 1)])
        assert consumer.paused() == ((quotes, 1),)
        assert consumer.poll(0.1) is None
        consumer.resume([(quotes, 1)])
        assert places(list(consumer.until_end())) == [(quotes, 1, 1), (quotes, 1, 2)]
        assert consumer.commit(offsets={(trades, 0): 1}) == {(trades, 0): 1}
        assert consumer.committed([(trades, 0), (trades, 1)]) == {(trades, 0): 1, (trades, 1): None}
        wrong: Any
        for wrong in (0, (trades,), (0, trades), [trades, 0], (trades, "0"), (trades, 0, 1)):
            with pytest.raises(ConfigurationError, match="partition"):
                consumer.seek(wrong, 0)
            with pytest.raises(ConfigurationError, match="partition"):
                consumer.pause([wrong])
        with pytest.raises(ConfigurationError, match="none of those read"):
            consumer.seek(("other", 0), 0)
        with pytest.raises(ConsumeError, match="not assigned"):
            consumer.seek((trades, 1), 0)


def test_a_group_of_several_topics_is_followed(config: Config, names: dict[str, str]) -> None:
    """Callbacks get topics and numbers; what is committed by message is of its own topic."""
    heard: list[tuple[str, tuple[tuple[str, int], ...]]] = []
    properties = {**config, "enable.auto.commit": False}
    with ContractConsumer(
        properties,
        topics=subscriptions(names),
        group=names["trades"],
        on_assign=lambda _, partitions: heard.append(("assign", partitions)),
        on_revoke=lambda _, partitions: heard.append(("revoke", partitions)),
    ) as consumer:
        found = list(consumer.until_end())
        for topic in (names["trades"], names["quotes-b"]):
            message = next(each for each in found if each.topic == topic and each.offset == 1)
            assert consumer.commit(message) == {(topic, message.partition): 2}
        input_ = consumer.transaction_input()
        assert sorted((each.topic, each.partition, each.offset) for each in input_.offsets()) == [
            (topic, number, 3) for topic, number in consumer.assignment()
        ]
    partitions = tuple(sorted({(topic, number) for topic, number, _ in everything(names)}))
    assert heard[-1] == ("revoke", partitions)
    assert sorted(each for what, some in heard if what == "assign" for each in some) == list(
        partitions
    )


@pytest.mark.parametrize("poison", ["raise", "skip", "dead letters"])
def test_poison_of_several_topics(config: Config, names: dict[str, str], poison: str) -> None:
    """Each topic has its own dead letter topic, and an error names the topic."""
    producer = confluent_kafka.Producer({"bootstrap.servers": config["bootstrap.servers"]})
    bad = [names["trades"], names["quotes-b"]]
    for name in bad:
        producer.produce(name, b"no frame", partition=0)
    producer.flush(WAIT)
    errors: list[MessageDecodeError] = []
    # Not those of the dead letters too.
    topics: dict[str, Any] = {
        names["trades"]: Trade,
        names["pattern"].replace(".*", "[^.]*$"): Quote,
    }
    policies: dict[str, Any] = {"skip": Skip(errors.append), "dead letters": DeadLetters()}
    with ContractConsumer(
        config,
        topics=topics,
        group=names["trades"],
        poison=policies.get(poison, "raise"),
    ) as consumer:
        seen: list[Message[Any]] = []
        messages = consumer.until_end()
        while len(seen) < 18 or len(errors) < (0 if poison == "dead letters" else 2):
            try:
                seen.append(next(messages))
            except MessageDecodeError as error:  # noqa: PERF203 - it is what is tested
                errors.append(error)
            except StopIteration:
                messages = consumer.until_end()
        if poison == "dead letters":
            while not all(consumer.positions().get((name, 0), 0) >= 4 for name in bad):
                consumer.poll(0.1)
    assert sorted(places(seen)) == everything(names)
    if poison == "dead letters":
        for name in bad:
            (letter,) = letters(config, f"{name}.dlq")
            assert (letter.source.topic, letter.source.offset) == (name, 3)
    else:
        assert sorted(error.topic for error in errors) == sorted(bad)


@pytest.mark.parametrize("with_group", [False, True])
def test_a_consumer_does_not_read_its_own_dead_letters(
    config: Config, names: dict[str, str], with_group: bool
) -> None:
    """A pattern that matches their topic is refused when a topic is met whose letters go there."""
    options: Config = {"group": names["trades"]} if with_group else {}
    with ContractConsumer(
        config, topics={names["pattern"]: Quote}, poison=DeadLetters(), **options
    ) as consumer:
        for _ in range(2):
            with pytest.raises(ConfigurationError, match=r"\.dlq.* reads too"):
                next(consumer)
    for target in (names["trades"], names["quotes-a"]):
        with pytest.raises(ConfigurationError, match="dead letters"):
            ContractConsumer(
                config, topics=subscriptions(names), poison=DeadLetters(topic=target), **options
            )


def test_one_of_several_topics_is_not_there(config: Config, names: dict[str, str]) -> None:
    """The error names it; a bounded read that gets nothing names all of them."""
    topics: dict[str, Any] = {names["trades"]: Trade, "never-created": Quote}
    no_group: Config = {}
    for options in (no_group, {"group": names["trades"]}):
        with (  # noqa: PT012 - which call it is, is open
            ContractConsumer(config, topics=topics, **options) as consumer,
            pytest.raises(ConsumeError, match="topics create never-created"),
        ):
            for _ in range(60):
                consumer.poll(0.5)
    with (
        ContractConsumer({"bootstrap.servers": "127.0.0.1:9"}, topics=topics, group="g") as nobody,
        pytest.raises(StalledError, match=f"{names['trades']}, never-created"),
    ):
        nobody.until_end(0.1)


@pytest.mark.parametrize(
    "topics",
    [
        {},
        [],
        "trades",
        {"": Trade},
        {1: Trade},
        {"trades": "Trade"},
        {"trades": 1},
        {"trades": []},
        {"trades": [Trade, Order]},
        {"^trades(": Trade},
    ],
    ids=str,
)
@pytest.mark.parametrize("consumer", [ContractConsumer, AsyncContractConsumer])
def test_topics_that_cannot_be(config: Config, consumer: Any, topics: Any) -> None:
    """Refused at construction."""
    with pytest.raises(ConfigurationError):
        consumer(config, topics=topics)


def test_topics_stand_alone(config: Config) -> None:
    """Each of what they stand for is refused beside them."""
    topics: Any = {"trades": Trade}
    more: list[Config] = [{"topic": "a"}, {"record": Trade}, {"records": [Trade]}, {"schema": "{}"}]
    for options in more:
        with pytest.raises(ConfigurationError, match="topics= replaces"):
            ContractConsumer(config, topics=topics, **options)
    with pytest.raises(ConfigurationError, match="topics= replaces"):
        StockConsumer(config, topics=topics)


@pytest.mark.parametrize("how", ["iteration", "consume", "asyncio"])
def test_telemetry_counts_each_message_for_its_own_topic(
    config: Config, names: dict[str, str], topic: Callable[..., str], how: str
) -> None:
    """Messages, schemas, decoding, dead letters and lag; a list of several topics is one call."""
    observed, target = Observed(), topic(partitions=1)
    produce_raw(config, names["quotes-b"], (b"poison", None, [], 0))
    options: Any = {
        "topics": subscriptions(names),
        "group": names["trades"],
        "poison": DeadLetters(topic=target),
        "telemetry": observed.telemetry,
    }
    found: list[Message[Any]] = []

    async def read() -> None:
        async with AsyncContractConsumer(config, **options) as consumer:
            found.extend([each async for each in consumer.until_end()])

    if how == "asyncio":
        asyncio.run(asyncio.wait_for(read(), 2 * WAIT))
    else:
        with ContractConsumer(config, **options) as consumer:
            while how == "consume" and len(found) < 18:
                found += consumer.consume(18 - len(found), 1)
            found += consumer.until_end()
            consumer.commit()  # not before the dead letter is delivered
            lag = {
                (each[otel_names.TOPIC], each[otel_names.PARTITION]): behind
                for each, behind in observed.points(otel_names.LAG)
            }
            topics = {name for name, _, _ in everything(names)}
            assert lag == {(name, number): 0 for name in topics for number in "01"}
    ids = {message.topic: message.schema_id for message in found}
    assert len(set(ids.values())) == 2
    for name, schema_id in ids.items():
        of = {"messaging.destination.name": name, "messaging.consumer.group.name": names["trades"]}
        for number in "01":
            partition = {**of, "messaging.destination.partition.id": number}
            assert observed.total(otel_names.CONSUMED_MESSAGES, **partition) == 3
        schema = {**of, "streamcontract.schema.id": schema_id}
        assert observed.total(otel_names.SCHEMA_VERSIONS, **schema) == 1
        assert observed.total(otel_names.DECODED_MESSAGES, **schema) == 6
    assert observed.total(otel_names.CONSUMED_MESSAGES) == 18
    assert observed.total(otel_names.SCHEMA_VERSIONS) == 3
    assert observed.total(otel_names.DECODED_MESSAGES) == 18
    ((letter, count),) = observed.points(otel_names.DEAD_LETTERED_MESSAGES)
    assert (letter[otel_names.TOPIC], count) == (names["quotes-b"], 1)
    for span in observed.spans("poll"):
        of_span: dict[str, Any] = dict(span.attributes or {})
        told = of_span.get(otel_names.TOPIC)
        assert span.name == ("poll" if told is None else f"poll {told}")
        assert how == "consume" or told is not None
        if told is None:
            assert of_span[otel_names.BATCH_COUNT] > 1


def test_a_batch_of_several_topics_says_where_each_message_was(
    config: Config, names: dict[str, str]
) -> None:
    """Its span names no topic, and each of its links one."""
    observed = Observed()
    sent: dict[str, Any] = {}
    for kind, value in (
        ("trades", Trade(symbol="a", price=1)),
        ("quotes-a", Quote(symbol="a", bid=1)),
    ):
        with ContractProducer(
            config, record=type(value), topic=names[kind], telemetry=observed.telemetry
        ) as producer:
            producer.produce(value, partition=0)
        sent[names[kind]] = observed.spans("send")[-1].context
    starts: Any = {(name, 0): 3 for name in sent}
    with ContractConsumer(
        config,
        topics=subscriptions({**names, "pattern": names["quotes-a"]}),
        partitions=list(starts),
        start=starts,
        telemetry=observed.telemetry,
    ) as consumer:
        found = consumer.consume(2, WAIT)
    (span,) = observed.spans("poll")
    assert (span.name, otel_names.TOPIC in (span.attributes or {})) == ("poll", False)
    assert [(link.attributes or {})[otel_names.TOPIC] for link in span.links] == [
        message.topic for message in found
    ]
    assert {
        (link.attributes or {})[otel_names.TOPIC]: link.context.span_id for link in span.links
    } == {name: context.span_id for name, context in sent.items()}


def test_several_topics_in_asyncio(config: Config, names: dict[str, str]) -> None:
    """The same, to be awaited; the brackets may say how partitions are named."""

    async def main() -> None:
        consumer = AsyncContractConsumer[Trade | Quote, str | None, tuple[str, int]](
            config, topics=subscriptions(names), group=names["trades"]
        )
        async with consumer:
            found = [each async for each in consumer.until_end()]
            assert sorted(places(found)) == everything(names)
            place = (names["trades"], 0)
            await consumer.pause([place])
            await consumer.seek(place, 1)
            assert await consumer.poll(0.1) is None
            await consumer.resume([place])
            message = await consumer.poll(WAIT)
            assert message is not None
            assert (message.topic, message.offset) == (names["trades"], 1)
            assert await consumer.commit(message) == {place: 2}

    asyncio.run(main())
