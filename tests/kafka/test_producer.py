"""The typed producer: what it sends, and that nothing is lost in silence."""

from __future__ import annotations

import datetime as dt
import logging
import os
import socket
import threading
from typing import TYPE_CHECKING, Any
from unittest import mock

import confluent_kafka
import pytest

from streamcontract import ContractConsumer, ContractProducer, Stock, StockConsumer, StockProducer
from streamcontract.codec import Contract
from streamcontract.errors import (
    ClientError,
    ConfigurationError,
    EncodeError,
    RegistryError,
)
from streamcontract.kafka import (
    Delivery,
    DeliveryError,
    Message,
    MessageEncodeError,
    ProduceError,
    PropertyError,
)
from streamcontract.kafka.connection.config import split_config

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract import SchemaRegistry

NOON = dt.datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=dt.timezone.utc)


@pytest.fixture
def nowhere(config: dict[str, Any]) -> dict[str, Any]:
    """Properties of a broker that is not there, and little patience with it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    return {**config, "bootstrap.servers": f"127.0.0.1:{port}", "message.timeout.ms": 200}


def read(config: dict[str, Any], topic: str) -> list[Message[Stock]]:
    """All messages of a topic of bars."""
    with StockConsumer(config, topic=topic) as consumer:
        return list(consumer.until_end())


def test_a_record_arrives_with_all_that_was_said(
    config: dict[str, Any], bar: Callable[..., Stock], topic: Callable[..., str]
) -> None:
    """Key from the contract, headers, timestamp and partition come back as they were given."""
    name = topic(partitions=3)
    with StockProducer(config, topic=name) as producer:
        producer.produce(
            bar("MSFT"),
            headers=[("trace", "1"), ("trace", b"\xff"), ("none", None)],
            timestamp=NOON,
            partition=2,
        )
    [message] = read(config, name)
    assert (message.value, message.key, message.partition) == (bar("MSFT"), "MSFT", 2)
    assert message.headers == [("trace", b"1"), ("trace", b"\xff"), ("none", None)]
    # Kafka keeps milliseconds.
    assert message.timestamp == NOON.replace(microsecond=123000)
    assert message.schema_id is not None
    assert (message.topic, message.offset, message.is_tombstone) == (name, 0, False)


@pytest.mark.parametrize(
    ("key", "murmur2"),
    # Known values of org.apache.kafka.common.utils.Utils.murmur2, from Kafka's own UtilsTest.
    [
        ("21", -973932308),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("abc", 479470107),
    ],
)
def test_keys_go_where_the_java_client_sends_them(
    config: dict[str, Any],
    bar: Callable[..., Stock],
    topic: Callable[..., str],
    key: str,
    murmur2: int,
) -> None:
    """One key is one partition, whichever client writes it."""
    reports = list[Delivery]()
    with StockProducer(config, topic=topic(partitions=7)) as producer:
        producer.produce(bar(key), on_delivery=reports.append)
    assert [report.partition for report in reports] == [(murmur2 & 0x7FFFFFFF) % 7]


def test_a_tombstone_needs_a_key(
    config: dict[str, Any], bar: Callable[..., Stock], topic: Callable[..., str]
) -> None:
    """A null value deletes a key, which there is no record to take from."""
    name = topic()
    with StockProducer(config, topic=name) as producer:
        producer.produce(bar("MSFT"))
        producer.produce(None, key="MSFT", headers={"why": "delisted"})
        with pytest.raises(MessageEncodeError, match="tombstone"):
            producer.produce(None)  # type: ignore[call-overload]
        with pytest.raises(MessageEncodeError, match="tombstone"):
            producer.produce(None, key=None)
    tombstone = read(config, name)[1]
    assert tombstone.is_tombstone
    assert (tombstone.value, tombstone.key, tombstone.schema_id) == (None, "MSFT", None)


def test_keys_can_be_given_and_left_out(
    config: dict[str, Any], bar: Callable[..., Stock], topic: Callable[..., str]
) -> None:
    """A given key goes before the record's field, and None is no key."""
    name = topic()
    with StockProducer(config, topic=name) as producer:
        producer.produce(bar("A"), key="B")
        producer.produce(bar("A"), key=None)
        with pytest.raises(MessageEncodeError, match="expected a str, found 5"):
            producer.produce(bar("A"), key=5)  # type: ignore[call-overload]
    assert [message.key for message in read(config, name)] == ["B", None]


def test_a_record_that_does_not_fit(
    config: dict[str, Any], bar: Callable[..., Stock], topic: Callable[..., str]
) -> None:
    """The error names topic and field, is an EncodeError too, and nothing was sent."""
    name = topic()
    with (
        ContractProducer(config, topic=name, record=Stock) as producer,
        pytest.raises(MessageEncodeError, match=r"Stock\.volume") as caught,
    ):
        producer.produce(bar(volume=2**63))
    assert isinstance(caught.value, EncodeError)
    assert caught.value.topic == name
    assert caught.value.path == "Stock.volume"
    assert read(config, name) == []


def test_delivery_reports(
    config: dict[str, Any], bar: Callable[..., Stock], topic: Callable[..., str]
) -> None:
    """A callback is told partition and offset of each message, once."""
    name, reports = topic(), list[Delivery]()
    with StockProducer(config, topic=name) as producer:
        for volume in range(3):
            producer.produce(bar(volume=volume), on_delivery=reports.append)
    assert [report.offset for report in reports] == [0, 1, 2]
    assert {(report.topic, report.partition, report.ok) for report in reports} == {(name, 0, True)}
    assert {report.key for report in reports} == {b"AAPL"}


def test_a_full_queue_is_waited_for(
    config: dict[str, Any], bar: Callable[..., Stock], topic: Callable[..., str]
) -> None:
    """Far more messages than the queue holds go through, all callbacks served, none raising."""
    name, reports = topic(), list[Delivery]()
    small = {**config, "queue.buffering.max.messages": 5}
    with StockProducer(small, topic=name) as producer:
        for volume in range(200):
            producer.produce(bar(volume=volume), on_delivery=reports.append)
    assert len(reports) == 200
    volumes = [message.value.volume for message in read(config, name) if message.value]
    assert volumes == list(range(200))


def test_undelivered_messages_raise_when_the_block_ends(
    nowhere: dict[str, Any], bar: Callable[..., Stock]
) -> None:
    """The error says how many, where to, and why."""
    producer = StockProducer(nowhere)
    for _ in range(3):
        producer.produce(bar())
    with pytest.raises(DeliveryError, match="3 messages were not delivered") as caught:
        producer.close()
    assert caught.value.count == 3
    assert caught.value.first.topic == "stocks"
    error = caught.value.first.error
    assert error is not None
    assert error.code() == confluent_kafka.KafkaError._MSG_TIMED_OUT
    assert str(caught.value).endswith("Message timed out (_MSG_TIMED_OUT)")
    producer.close()  # told once


def test_flush_and_produce_tell_of_failures_too(
    nowhere: dict[str, Any], bar: Callable[..., Stock]
) -> None:
    """A producer that never ends hears of failed deliveries: a full queue does not hide them."""
    producer = StockProducer({**nowhere, "queue.buffering.max.messages": 1})
    producer.produce(bar())
    with pytest.raises(DeliveryError):
        producer.produce(bar())
    producer.produce(bar())
    with pytest.raises(DeliveryError):
        producer.flush()
    producer.close()


def test_a_callback_that_was_told_is_enough(
    nowhere: dict[str, Any], bar: Callable[..., Stock]
) -> None:
    """What on_delivery heard is not raised as well."""
    reports = list[Delivery]()
    with StockProducer(nowhere) as producer:
        producer.produce(bar(), on_delivery=reports.append)
    assert [report.ok for report in reports] == [False]
    assert reports[0].offset is None


def test_an_exception_in_the_block_goes_first(
    config: dict[str, Any],
    nowhere: dict[str, Any],
    bar: Callable[..., Stock],
    topic: Callable[..., str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What was produced before is delivered; failures are logged and do not hide it."""
    name = topic()
    with pytest.raises(KeyError), StockProducer(config, topic=name) as producer:  # noqa: PT012 - the block is what is tested
        producer.produce(bar())
        raise KeyError
    assert len(read(config, name)) == 1
    with (  # noqa: PT012 - likewise
        caplog.at_level(logging.ERROR, "streamcontract.kafka"),
        pytest.raises(KeyError),
        StockProducer(nowhere) as producer,
    ):
        producer.produce(bar())
        raise KeyError
    assert "1 message was not delivered" in caplog.text


def test_closing_in_time_discards_and_says_so(
    nowhere: dict[str, Any], bar: Callable[..., Stock]
) -> None:
    """What is not delivered in the time given counts as failed."""
    producer = StockProducer({**nowhere, "message.timeout.ms": 300_000})
    producer.produce(bar())
    assert producer.flush(0) == 1
    with pytest.raises(DeliveryError, match="1 message was not delivered"):
        producer.close(0)


@pytest.mark.parametrize("end", ["flush", "close"])
def test_below_zero_is_without_end(
    config: dict[str, Any], topic: Callable[..., str], bar: Callable[..., Stock], end: str
) -> None:
    """As everywhere in Kafka's clients; it is no time that was over before it began."""
    told: list[Delivery] = []
    with StockProducer(config, topic=topic()) as producer:
        producer.produce(bar(), on_delivery=told.append)
        getattr(producer, end)(-1)
        assert [each.error for each in told] == [None]


def test_what_a_callback_raises_comes_out_and_stops_no_other(
    config: dict[str, Any], bar: Callable[..., Stock], topic: Callable[..., str]
) -> None:
    """The first exception is raised after all callbacks were served."""
    reports = list[Delivery]()

    def refuse(report: Delivery) -> None:
        reports.append(report)
        raise ValueError(report.offset)

    producer = StockProducer(config, topic=topic())
    for _ in range(3):
        producer.produce(bar(), on_delivery=refuse)
    with pytest.raises(ValueError, match="0"):
        producer.close()
    assert [report.offset for report in reports] == [0, 1, 2]


def test_what_the_client_refuses(
    config: dict[str, Any], bar: Callable[..., Stock], topic: Callable[..., str]
) -> None:
    """A message that is too large raises at once, with librdkafka's code."""
    name = topic()
    with (
        StockProducer({**config, "message.max.bytes": 1000}, topic=name) as producer,
        pytest.raises(ProduceError, match="MSG_SIZE_TOO_LARGE") as caught,
    ):
        producer.produce(bar("A" * 1000))
    assert (caught.value.topic, caught.value.retriable) == (name, False)


@pytest.mark.parametrize("timestamp", [dt.datetime(2026, 5, 4), 0, -5])  # noqa: DTZ001 - refused
def test_timestamps_that_mean_nothing(
    config: dict[str, Any], bar: Callable[..., Stock], timestamp: Any
) -> None:
    """A naive datetime names no moment, and 0 would silently become the present."""
    with StockProducer(config) as producer, pytest.raises(ConfigurationError):
        producer.produce(bar(), timestamp=timestamp)


def test_other_topics(
    config: dict[str, Any], bar: Callable[..., Stock], topic: Callable[..., str]
) -> None:
    """One producer serves several topics, each with a subject of its own."""
    first, second = topic(), topic()
    with StockProducer(config, topic=first) as producer:
        producer.produce(bar("A"))
        producer.produce(bar("B"), topic=second)
    assert [message.key for message in read(config, first)] == ["A"]
    assert [message.key for message in read(config, second)] == ["B"]


def test_plain_values(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """A schema alone is enough; keys are then str or bytes, and come back as bytes."""
    name = topic()
    schema = {"type": "map", "values": "long"}
    with ContractProducer(config, topic=name, schema=schema) as producer:
        producer.produce({"a": 1}, key="text")
        producer.produce({"b": 2})
    with ContractConsumer(config, topic=name, schema=schema) as consumer:
        messages = list(consumer.until_end())
    assert [(each.key, each.value) for each in messages] == [(b"text", {"a": 1}), (None, {"b": 2})]


ORDER = '{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "long"}]}'
ORDER_KEY = '{"type": "record", "name": "OrderKey", "fields": [{"name": "n", "type": "int"}]}'


class KeyedProducer(ContractProducer[Any]):
    """Orders with a key of their own schema, which is given with each."""

    contract = Contract(ORDER, key_schema=ORDER_KEY)


class KeyedConsumer(ContractConsumer[Any]):
    """Their consumer."""

    contract = KeyedProducer.contract


class DictProducer(ContractProducer[Any]):
    """Records as dicts, whose key field has a default."""

    contract = Contract(
        '{"type": "record", "name": "R", "fields": ['
        '{"name": "k", "type": "string", "default": "none"}]}',
        key="k",
    )


def test_a_key_field_left_out_of_a_dict(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """The default fills the value, but is not guessed to be the key."""
    with DictProducer(config, topic=topic()) as producer:
        producer.produce({"k": "a"})
        producer.produce({}, key="b")
        with pytest.raises(MessageEncodeError, match="key field is left out"):
            producer.produce({})


class SmallKeyProducer(ContractProducer[Any]):
    """Orders whose id is sent as an Avro key."""

    contract = Contract(ORDER, key="id", key_schema='"long"')


class SmallKeyConsumer(ContractConsumer[Any]):
    """Their consumer."""

    contract = SmallKeyProducer.contract


def test_avro_keys(
    config: dict[str, Any], registry: SchemaRegistry, topic: Callable[..., str]
) -> None:
    """A key schema gives framed Avro keys under the subject <topic>-key."""
    name = topic()
    with KeyedProducer(config, topic=name) as producer:
        producer.produce({"id": 1}, key={"n": 7})
        with pytest.raises(MessageEncodeError, match="schema of its own"):
            producer.produce({"id": 1})
        with pytest.raises(MessageEncodeError, match=r"OrderKey\.n"):
            producer.produce({"id": 1}, key={"n": "seven"})
    assert f"{name}-key" in registry.subjects()
    with KeyedConsumer(config, topic=name) as consumer:
        assert [message.key for message in consumer.until_end()] == [{"n": 7}]


def test_an_avro_key_from_a_field(config: dict[str, Any], topic: Callable[..., str]) -> None:
    """A key field and a key schema together: the field's value, as Avro."""
    name = topic()
    with SmallKeyProducer(config, topic=name) as producer:
        producer.produce({"id": 2**40})
    with SmallKeyConsumer(config, topic=name) as consumer:
        assert [message.key for message in consumer.until_end()] == [2**40]


def test_only_looking_up(
    config: dict[str, Any],
    registry: SchemaRegistry,
    bar: Callable[..., Stock],
    topic: Callable[..., str],
) -> None:
    """With auto.register.schemas off, a schema that is not registered raises."""
    name = topic()
    with (
        StockProducer({**config, "auto.register.schemas": False}, topic=name) as producer,
        pytest.raises(RegistryError, match="40401"),
    ):
        producer.produce(bar())
    assert f"{name}-value" not in registry.subjects()


def test_a_closed_producer(config: dict[str, Any], bar: Callable[..., Stock]) -> None:
    """It refuses everything but being closed again."""
    with StockProducer(config) as producer:
        pass
    producer.close()
    for call in (lambda: producer.produce(bar()), producer.flush, producer.poll):
        with pytest.raises(ClientError, match="closed"):
            call()


def test_a_forgotten_producer_warns(config: dict[str, Any]) -> None:
    """Dropping one that was not closed may drop messages: Python says so."""
    with pytest.warns(ResourceWarning):  # noqa: PT031 - the registry's session warns as well
        producer = StockProducer(config)
        producer._resources.close()
        del producer


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"foo.bar": 1}, "'foo.bar'"),
        ({"acks": "some"}, "'acks'"),
        ({"acks": 0}, "acks"),
        ({"subject.name.strategy": "best"}, "'subject.name.strategy'"),
        ({"auto.register.schemas": "perhaps"}, "'auto.register.schemas'"),
        ({"schema.registry.nonsense": 1}, "nonsense"),
    ],
)
def test_wrong_configuration(config: dict[str, Any], wrong: dict[str, Any], words: str) -> None:
    """The error names the property."""
    with pytest.raises(ConfigurationError, match=words):
        StockProducer({**config, **wrong})


def test_the_property_error_has_the_name(config: dict[str, Any]) -> None:
    """As a field too."""
    with pytest.raises(PropertyError) as caught:
        StockProducer({**config, "foo.bar": 1})
    assert caught.value.property == "foo.bar"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("bootstrap_servers", "bootstrap.servers"),
        ("bootstrap.server", "bootstrap.servers"),
        ("auto.register.schema", "auto.register.schemas"),
        ("compresion.type", "compression.type"),
    ],
)
def test_a_misspelt_property_is_answered_with_the_one_meant(
    config: dict[str, Any], given: str, meant: str
) -> None:
    """Names with underscores are those of other clients."""
    with pytest.raises(PropertyError, match=f"did you mean {meant!r}?"):
        StockProducer({**config, given: "1"})


@pytest.mark.parametrize("protocol", ["http", "https", "kafka"])
def test_an_url_is_no_address_of_a_broker(protocol: str) -> None:
    """Librdkafka would look for it for ever; the environment's is looked at too."""
    servers = f"localhost:9092, {protocol}://localhost:9093"
    with (
        mock.patch.dict(os.environ, {"STREAMCONTRACT_BOOTSTRAP_SERVERS": servers}),
        pytest.raises(PropertyError, match=f"'{protocol}://localhost:9093'.*leave {protocol}://"),
    ):
        StockProducer()


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "ssl", "SASL_SSL"])
def test_a_security_protocol_may_stand_in_front_of_an_address(protocol: str) -> None:
    """As librdkafka has it."""
    servers = f"{protocol}://localhost:9092"
    assert split_config({"bootstrap.servers": servers}).client["bootstrap.servers"] == servers


def test_a_configuration_is_a_dict() -> None:
    """The address alone is none; its text is not shown, since it may hold a secret."""
    wrong: Any = "localhost:19092"
    with pytest.raises(ConfigurationError, match="a dict of client properties") as caught:
        StockProducer(wrong)
    assert wrong not in str(caught.value)


def test_what_a_producer_carries_has_to_be_known(config: dict[str, Any]) -> None:
    """One contract, record or schema; and a topic."""
    with pytest.raises(ConfigurationError, match="exactly one"):
        ContractProducer[Any](config, topic="t")
    with pytest.raises(ConfigurationError, match="exactly one"):
        StockProducer(config, record=Stock)
    with pytest.raises(ConfigurationError, match="topic="):
        KeyedProducer(config)


def test_the_environment_is_the_default(
    stack: Any,
    monkeypatch: pytest.MonkeyPatch,
    bar: Callable[..., Stock],
    topic: Callable[..., str],
) -> None:
    """Without configuration both addresses come from the environment."""
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    name = topic()
    with StockProducer(topic=name) as producer:
        producer.produce(bar())
    with StockConsumer(topic=name) as consumer:
        assert [message.value for message in consumer.until_end()] == [bar()]


def test_threads_share_a_producer(
    config: dict[str, Any], bar: Callable[..., Stock], topic: Callable[..., str]
) -> None:
    """Every message arrives once, those of each thread in its order; every callback is called."""
    name, each, reports = topic(), 500, list[Delivery]()
    # A queue that is full most of the time, so that all threads serve delivery reports too.
    with StockProducer({**config, "queue.buffering.max.messages": 50}, topic=name) as producer:

        def work(symbol: str) -> None:
            for volume in range(each):
                told = reports.append if volume % 10 == 0 else None
                producer.produce(bar(symbol, volume), on_delivery=told)

        threads = [threading.Thread(target=work, args=(symbol,)) for symbol in "ABCD"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    values = [message.value for message in read(config, name) if message.value]
    for symbol in "ABCD":
        assert [v.volume for v in values if v.symbol == symbol] == list(range(each))
    assert len(values) == 4 * each
    assert sorted((report.key, report.ok) for report in reports) == sorted(
        (symbol.encode(), True) for symbol in "ABCD" for _ in range(each // 10)
    )
