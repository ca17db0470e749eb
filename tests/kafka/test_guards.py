"""Arguments that C code would misunderstand: taken as they are, or refused by name."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import pathlib
import pickle
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import pytest
from confluent_kafka import schema_registry
from confluent_kafka.serialization import MessageField, SerializationContext
from hypothesis import given
from hypothesis import strategies as st
from tests.kafka.applications import ScriptedRegistry, bar

from streamcontract import (
    AsyncContractProducer,
    SchemaRegistry,
    Stock,
    StockConsumer,
    StockProducer,
)
from streamcontract.errors import ArgumentError, ConfigurationError, shown
from streamcontract.guards import MAX_PARTITION, seconds, text, whole_number
from streamcontract.kafka import Delivery, PropertyError
from streamcontract.kafka.connection.config import split_config
from streamcontract.kafka.connection.properties import check_properties
from streamcontract.kafka.message import headers_of, timestamp_of
from streamcontract.registry.subjects import (
    checked_strategy,
    record_name_strategy,
    topic_name_strategy,
    topic_record_name_strategy,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REGISTRY = cast("SchemaRegistry", ScriptedRegistry())
NOON = dt.datetime(2026, 5, 4, 12, tzinfo=dt.timezone.utc)


class _Unspeakable:
    """An object of which nobody can make text."""

    def __repr__(self) -> str:
        raise RuntimeError("no text")

    __str__ = __repr__


class _Name(str):
    """A text that str() does not make text of."""

    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


@pytest.fixture
def producer() -> Iterator[StockProducer]:
    """One that reaches no broker."""
    client = StockProducer({"bootstrap.servers": "127.0.0.1:9"}, registry=REGISTRY)
    yield client
    client.close(0)


@given(st.text(st.characters()))
def test_text_is_taken_if_c_code_reads_all_of_it(given: str) -> None:
    """That is, if it has UTF-8, and no NUL in it."""
    try:
        readable = b"\0" not in given.encode()
    except UnicodeEncodeError:
        readable = False
    if readable:
        assert text(given, "topic") == given
        assert text(_Name(given), "topic").__class__ is str
    else:
        with pytest.raises(ArgumentError, match="topic has to be"):
            text(given, "topic")


@given(st.one_of(st.integers(), st.booleans(), st.floats(), st.just(_Unspeakable())))
def test_whole_numbers_are_ints_within_limits(given: Any) -> None:
    """True is no 1, and 1.0 is none either."""
    if isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= MAX_PARTITION:
        assert whole_number(given, "partition", 0, MAX_PARTITION, "a partition") == given
    else:
        with pytest.raises(ArgumentError, match="partition has to be a partition, not"):
            whole_number(given, "partition", 0, MAX_PARTITION, "a partition")


@given(st.one_of(st.integers(), st.floats(), st.fractions()))
def test_seconds_are_any_number_that_can_be_waited_for(given: float | Fraction) -> None:
    """Without end, as it may be, but not NaN."""
    if isinstance(given, float) and math.isnan(given):
        with pytest.raises(ArgumentError):
            seconds(given)
    else:
        assert math.copysign(1, seconds(given)) == math.copysign(1, given)


@pytest.mark.parametrize("value", [True, "1", None, 1j, _Unspeakable()])
def test_what_is_no_number_of_seconds(value: Any) -> None:
    """It is refused, and not waited for."""
    with pytest.raises(ArgumentError, match="timeout has to be a number of seconds"):
        seconds(value)


def test_the_error_keeps_its_facts_and_no_secret() -> None:
    """Fields for programs; a secret is in neither text nor fields."""
    error = ArgumentError("partition", 1.5, "a number")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (again.argument, again.value, str(again)) == ("partition", 1.5, str(error))
    with pytest.raises(ArgumentError) as caught:
        text("pass\0word", "sasl.password", secret=True)
    assert "word" not in str(caught.value).replace("sasl.password", "")
    assert caught.value.value is None
    assert "repr raises RuntimeError" in shown(_Unspeakable())


@pytest.mark.parametrize(
    ("timestamp", "said"),
    [
        (True, "an aware datetime"),
        (1.7e9, "an aware datetime"),
        (dt.date(2026, 5, 4), "an aware datetime"),
        (2**63, "below 2\\*\\*63"),
        ("2026", "an aware datetime"),
        (_Unspeakable(), "an aware datetime"),
        (0, "not after 1970"),
        (-1, "not after 1970"),
        (NOON.replace(tzinfo=None), "no time zone"),
        (NOON.replace(year=1969), "not after 1970"),
    ],
)
def test_timestamps_that_name_no_moment(timestamp: Any, said: str) -> None:
    """Nothing is rounded, and nothing taken for the present."""
    with pytest.raises(ConfigurationError, match=said):
        timestamp_of(timestamp)


def test_timestamps_that_are_taken() -> None:
    """Up to the last one that Kafka has room for."""
    assert timestamp_of(NOON) == int(NOON.timestamp() * 1000)
    assert timestamp_of(2**63 - 1) == 2**63 - 1


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ([(b"a", b"")], "the name of headers.0. has to be a str"),
        ([("a", b""), (None, b"")], "the name of headers.1."),
        ([(1, b"")], "the name of headers.0."),
        ([("\ud800", b"")], "surrogate"),
        ([("a\0b", b"")], "without NUL"),
        ([("a", "\ud800")], "the value of header 'a' has to be text that UTF-8"),
        ([("a", 1)], "the value of header 'a' has to be a str, bytes or None"),
        ([("a", bytearray(b"1"))], "the value of header 'a'"),
        ([("a", b"", 1)], r"headers.0. has to be a pair"),
        (["ab"], r"headers.0. has to be a pair"),
        ("ab", "headers has to be a mapping"),
        (5, "headers has to be a mapping"),
        (iter([("a", b"")]), "headers has to be a mapping"),
        ({_Unspeakable(): b""}, "the name of headers.0."),
    ],
)
def test_headers_that_would_not_arrive_as_they_are(headers: Any, said: str) -> None:
    """confluent_kafka crashes, cuts a name off, or makes text of it."""
    with pytest.raises(ArgumentError, match=said):
        headers_of(headers)


def test_headers_arrive_as_they_are(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """Empty names, NUL in a text and characters beyond the BMP among them."""
    name = topic()
    sent: list[tuple[str, Any]] = [
        ("", b""),
        ("größe", "a\0b"),
        ("😀", "😀"),
        ("none", None),
        (_Name("sub"), b"\xff"),
    ]
    with StockProducer(config, topic=name) as producer:
        producer.produce(bar(0), headers=sent)
        producer.produce(bar(1), headers=dict(sent))
    expected = [(str.__str__(k), v.encode() if isinstance(v, str) else v) for k, v in sent]
    with StockConsumer(config, topic=name) as consumer:
        assert [list(message.headers) for message in consumer.until_end()] == [expected] * 2


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"topic": "a\ud800"}, "topic"),
        ({"topic": "a\0b"}, "topic"),
        ({"topic": ["a"]}, "topic"),
        ({"partition": True}, "partition"),
        ({"partition": 1.0}, "partition"),
        ({"partition": -2}, "partition"),
        ({"partition": 2**31}, "partition"),
        ({"on_delivery": "print"}, "on_delivery"),
        ({"callback": print}, "callback"),
    ],
)
def test_options_of_produce_that_are_of_no_use(
    producer: StockProducer, options: Any, argument: str
) -> None:
    """The error names the option, and nothing was queued, of which closing would raise."""
    with pytest.raises(ArgumentError) as caught:
        producer.produce(bar(0), **options)
    assert caught.value.argument == argument
    producer.close(0)


def test_asyncio_has_the_same_guards() -> None:
    """Before anything is queued, and not in the event loop's exception handler."""

    async def produce(**options: Any) -> None:
        producer = AsyncContractProducer(
            {"bootstrap.servers": "127.0.0.1:9"}, record=Stock, registry=REGISTRY
        )
        try:
            await producer.produce(bar(0), **options)
        finally:
            await producer.close(0)

    for options in ({"on_delivery": 5}, {"callback": print}, {"partition": True}):
        with pytest.raises(ArgumentError) as caught:
            asyncio.run(produce(**options))
        assert caught.value.argument in options


def test_a_failed_delivery_is_heard_of_whatever_name_the_callback_has(
    producer: StockProducer,
) -> None:
    """confluent_kafka's ``callback`` silenced on_delivery, and the error of the next call too."""
    told: list[Delivery] = []
    options: Any = {"callback": lambda *_: None, "on_delivery": told.append}
    with pytest.raises(ArgumentError, match="on_delivery= is called with a Delivery"):
        producer.produce(bar(0), **options)
    producer.produce(bar(0), on_delivery=told.append)
    producer.close(0)
    assert [report.ok for report in told] == [False]


@pytest.mark.parametrize("make", [StockProducer, StockConsumer])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("client.id", "\ud800"),
        ("client.id", "a\0b"),
        ("client.id", b"a"),
        ("client.id", ["a"]),
        ("group.id", " \t"),
        ("transactional.id", "\n"),
        ("client.id", _Unspeakable()),
        pytest.param("linger.ms", 10**5000, id="an int of 5001 digits"),
        ("linger.ms", Fraction(1, 2)),
        ("error_cb", "print"),
        ("stats_cb", 1),
        ("oauth_cb", "token"),
        ("logger", print),
        ("default.topic.config", {"\ud800": "x"}),
        ("default.topic.config", "acks=all"),
        ("key.serializer", str.encode),
        ("value.serializer", str.encode),
        ("key.deserializer", bytes.decode),
        ("value.deserializer", bytes.decode),
        ("on_delivery", print),
    ],
)
def test_properties_that_are_of_no_use(make: Any, name: str, value: Any) -> None:
    """At construction, with the property's name."""
    with pytest.raises(
        PropertyError, match=r"it (has to be|would not be)|would not be used"
    ) as caught:
        make({"bootstrap.servers": "127.0.0.1:9", name: value}, registry=REGISTRY)
    assert caught.value.property == name


@pytest.mark.parametrize("name", ["client\ud800", "client\0id", b"client.id", None, _Unspeakable()])
def test_names_of_properties_are_text(name: Any) -> None:
    """A half of a surrogate pair in one ended the process."""
    with pytest.raises(ArgumentError, match="the name of a client property"):
        StockProducer({name: "x"}, registry=REGISTRY)


def test_properties_that_are_taken() -> None:
    """Numbers, texts, True and False, None, paths and callables."""
    path = pathlib.Path("ca.pem")
    given = {"a": 1, "b": 1.5, "c": "x", "d": True, "e": None, "ssl.ca.location": path}
    assert check_properties({**given, "stats_cb": print}) == {
        **given,
        "ssl.ca.location": "ca.pem",
        "stats_cb": print,
    }


def test_an_error_about_a_secret_does_not_show_it() -> None:
    """Neither its value nor a part of it."""
    with pytest.raises(PropertyError) as caught:
        split_config({"sasl.password": "hunter\ud800"})
    assert "hunter" not in str(caught.value)
    assert "hunter" not in repr(caught.value)


@pytest.mark.parametrize(
    ("group", "topic"), [("a\ud800", "t"), ("a\0b", "t"), (" ", "t"), ("g", "a\ud800")]
)
def test_groups_and_topics_are_text(group: str, topic: str) -> None:
    """A half of a surrogate pair in a group was a SystemError; a NUL joined another group."""
    config = {"bootstrap.servers": "127.0.0.1:9"}
    with pytest.raises(ConfigurationError, match=r"(topic|group|'group.id': it) has to be"):
        StockConsumer(config, group=group, topic=topic, registry=REGISTRY)


def test_a_registry_is_no_url() -> None:
    """It is said at construction, and not by the first record."""
    url: Any = "http://localhost:18081"
    with pytest.raises(ArgumentError, match="registry has to be a streamcontract"):
        StockProducer({"bootstrap.servers": "127.0.0.1:9"}, registry=url)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (schema_registry.topic_subject_name_strategy, topic_name_strategy),
        (schema_registry.record_subject_name_strategy, record_name_strategy),
        (schema_registry.topic_record_subject_name_strategy, topic_record_name_strategy),
    ],
)
def test_confluents_strategies_stand_for_ours(theirs: Any, ours: Any) -> None:
    """Given as a property, or to a serializer."""
    assert checked_strategy(theirs) is ours
    assert split_config({"subject.name.strategy": theirs}).subject_name_strategy is ours
    context = SerializationContext("topic", MessageField.VALUE)
    assert theirs(context, "io.Name") == ours("topic", "io.Name", is_key=False)


@pytest.mark.parametrize("strategy", [print, len, str.join, "nothing", 5])
def test_strategies_that_could_not_be_called(strategy: Any) -> None:
    """At construction, naming the ones there are."""
    with pytest.raises(ConfigurationError, match=r"\(topic, record_name, \*, is_key\)"):
        split_config({"subject.name.strategy": strategy})


def test_a_subject_is_text() -> None:
    """A strategy that gives something else is found out before the registry is asked."""
    strategy = checked_strategy(lambda *_, **__: None)
    with pytest.raises(ArgumentError, match="the subject that"):
        strategy("topic", "io.Name", is_key=False)
