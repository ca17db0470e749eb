"""The pytest plugin: its fixtures used here, and its option in projects of their own."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from typing import TYPE_CHECKING, Any, get_args

import pytest
import requests
from confluent_kafka import KafkaError

from streamcontract import ContractProducer, Stock, StockConsumer, StockProducer, parse_schema
from streamcontract.errors import ConfigurationError, RegistryError, StackError
from streamcontract.kafka import DeliveryError
from streamcontract.registry import SchemaRegistry
from streamcontract.testing.fixtures import STACKS
from streamcontract.testing.fixtures.faults import _API_KEYS, Api

if TYPE_CHECKING:
    from streamcontract.testing.fixtures.clients import ConsumerMaker, ProducerMaker
    from streamcontract.testing.fixtures.faults import Faults
    from streamcontract.testing.fixtures.stacks import Stack
    from streamcontract.testing.fixtures.topics import TopicMaker

pytest_plugins = ["pytester"]


def bar(volume: int = 1) -> Stock:
    """A record."""
    return Stock(
        symbol="AAPL", date=dt.date(2026, 5, 4), open=1, high=1, low=1, close=1, volume=volume
    )


def volumes(consumer: StockConsumer) -> list[int]:
    """What a consumer reads up to the end."""
    return [message.value.volume for message in consumer.until_end() if message.value]


def test_clients_share_the_tests_own_topic(
    streamcontract_producer: ProducerMaker,
    streamcontract_consumer: ConsumerMaker,
    streamcontract_topic: TopicMaker,
) -> None:
    """What is produced is consumed, from a topic of the contract's partitions and a new name."""
    producer = streamcontract_producer(StockProducer)
    producer.produce(bar(7))
    producer.flush()
    consumer = streamcontract_consumer(StockConsumer, group="own")
    assert volumes(consumer) == [7]
    assert producer.topic == consumer.topic == streamcontract_topic.of(StockProducer)
    contract = StockProducer.contract
    assert contract is not None
    assert contract.topic is not None
    assert producer.topic.startswith(f"{contract.topic}-")
    assert len(
        producer.client.list_topics(producer.topic, 5).topics[producer.topic].partitions
    ) == (contract.partitions)


def test_a_group_goes_on_at_once(
    streamcontract_producer: ProducerMaker, streamcontract_consumer: ConsumerMaker
) -> None:
    """A second member goes on where the first one committed, with either group protocol."""
    producer = streamcontract_producer(StockProducer)
    for volume in range(4):
        producer.produce(bar(volume))
    producer.flush()
    with streamcontract_consumer(StockConsumer, group="g") as first:
        assert [message.value and message.value.volume for message in first.consume(2, 20)] == [
            0,
            1,
        ]
    assert volumes(streamcontract_consumer(StockConsumer, group="g")) == [2, 3]
    newer = {"group.protocol": "consumer"}
    assert volumes(streamcontract_consumer(StockConsumer, newer, group="n")) == [0, 1, 2, 3]


def test_a_client_without_a_contract_needs_a_topic(
    streamcontract_producer: ProducerMaker, streamcontract_topic: TopicMaker
) -> None:
    """The error says how to give one; with one it works."""
    schema = {"type": "record", "name": "Ping", "fields": []}
    with pytest.raises(ConfigurationError, match="topic=streamcontract_topic"):
        streamcontract_producer(ContractProducer, schema=schema)
    topic = streamcontract_topic("pings")
    assert streamcontract_producer(ContractProducer, topic=topic, schema=schema).topic == topic


def test_topics_are_unique(streamcontract_topic: TopicMaker) -> None:
    """Two of one name are two topics, and a long name is still one that Kafka takes."""
    assert streamcontract_topic("t") != streamcontract_topic("t")
    assert len(streamcontract_topic("t" * 249)) == 249


@pytest.mark.parametrize("time", [1, 2])
def test_the_registry_is_empty(
    streamcontract_registry: SchemaRegistry, embedded_stack: Stack, time: int
) -> None:
    """What another test registered is not there."""
    assert streamcontract_registry.subjects() == []
    streamcontract_registry.register("left-behind", parse_schema("int" if time == 1 else "long"))


def test_the_environment_leads_to_the_same(
    streamcontract_environment: dict[str, str],
    streamcontract_registry: SchemaRegistry,
    streamcontract_topic: TopicMaker,
) -> None:
    """Code that is given no configuration finds stack and registry."""
    with StockProducer(topic=streamcontract_topic.of(StockProducer)) as producer:
        producer.produce(bar())
    with SchemaRegistry() as registry:
        assert (
            registry.subjects() == streamcontract_registry.subjects() == [f"{producer.topic}-value"]
        )


class TestFaults:
    """Each shows in a client, and ends when it is taken back."""

    def test_brokers_down(
        self, streamcontract_producer: ProducerMaker, streamcontract_faults: Faults
    ) -> None:
        """Nothing is delivered while they are down; all of it when they are up again."""
        producer = streamcontract_producer(StockProducer)
        producer.produce(bar())
        producer.flush()
        streamcontract_faults.broker_down()
        producer.produce(bar())
        assert producer.flush(0.3) == 1
        streamcontract_faults.broker_up()
        assert producer.flush(20) == 0

    def test_one_broker_down(
        self, streamcontract_topic: TopicMaker, streamcontract_faults: Faults
    ) -> None:
        """Another broker still answers; there is no fourth."""
        topic = streamcontract_topic()
        leader = streamcontract_faults.leader(topic)
        streamcontract_faults.broker_down(leader)
        assert streamcontract_faults.leader(topic) == leader
        with pytest.raises(StackError, match="no broker 4"):
            streamcontract_faults.broker_down(4)

    def test_request_errors(
        self, streamcontract_producer: ProducerMaker, streamcontract_faults: Faults
    ) -> None:
        """One that cannot be retried fails the delivery; the next message arrives."""
        producer = streamcontract_producer(StockProducer, {"enable.idempotence": False})
        producer.produce(bar())
        producer.flush()
        streamcontract_faults.request_errors("Produce", KafkaError.MSG_SIZE_TOO_LARGE)
        producer.produce(bar())
        with pytest.raises(DeliveryError, match="MSG_SIZE_TOO_LARGE"):
            producer.flush()
        producer.produce(bar())
        producer.flush()
        with pytest.raises(ConfigurationError, match="Produce, Fetch"):
            streamcontract_faults.request_errors("Prodcue")  # type: ignore[arg-type]

    def test_round_trip_time(
        self, streamcontract_producer: ProducerMaker, streamcontract_faults: Faults
    ) -> None:
        """Each answer takes at least so long."""
        producer = streamcontract_producer(StockProducer)
        producer.produce(bar())
        producer.flush()
        latencies: list[float] = []
        streamcontract_faults.round_trip_time(150)
        producer.produce(
            bar(), on_delivery=lambda delivery: latencies.append(delivery.latency or 0)
        )
        producer.flush()
        assert latencies[0] >= 0.15

    def test_a_leader_moves(
        self,
        streamcontract_producer: ProducerMaker,
        streamcontract_consumer: ConsumerMaker,
        streamcontract_faults: Faults,
    ) -> None:
        """Clients follow; nothing is lost."""
        producer = streamcontract_producer(StockProducer)
        producer.produce(bar(1), partition=0)
        producer.flush()
        before = streamcontract_faults.leader(producer.topic)
        after = streamcontract_faults.move_leader(producer.topic)
        assert streamcontract_faults.leader(producer.topic) == after != before
        with pytest.raises(StackError, match="already"):
            streamcontract_faults.move_leader(producer.topic, to=after)
        producer.produce(bar(2), partition=0)
        producer.flush()
        assert volumes(streamcontract_consumer(StockConsumer)) == [1, 2]

    def test_no_leader(
        self, streamcontract_topic: TopicMaker, streamcontract_faults: Faults
    ) -> None:
        """A partition can be left without one, and undoing gives it its own again."""
        topic = streamcontract_topic(partitions=2)
        before = streamcontract_faults.leader(topic, 1)
        streamcontract_faults.no_leader(topic, 1)
        assert streamcontract_faults.leader(topic, 1) == -1
        streamcontract_faults.move_leader(topic, 1)
        streamcontract_faults.undo()
        assert streamcontract_faults.leader(topic, 1) == before
        with pytest.raises(StackError, match=r"no partition .*\[2\]"):
            streamcontract_faults.leader(topic, 2)

    def test_the_registry_fails(
        self, streamcontract_registry: SchemaRegistry, streamcontract_faults: Faults
    ) -> None:
        """So many times, or until it is well again; the client retries what may pass."""
        streamcontract_faults.registry_fails(503, times=2)
        assert streamcontract_registry.subjects() == []
        streamcontract_faults.registry_fails(500)
        with pytest.raises(RegistryError, match="500"):
            streamcontract_registry.subjects()
        streamcontract_faults.registry_well()
        assert streamcontract_registry.subjects() == []

    def test_the_registry_answers_garbage(
        self, streamcontract_registry: SchemaRegistry, streamcontract_faults: Faults
    ) -> None:
        """The client says that this is no registry's answer."""
        streamcontract_faults.registry_garbage(times=1)
        with pytest.raises(RegistryError):
            streamcontract_registry.subjects()
        assert streamcontract_registry.subjects() == []

    def test_the_registry_is_gone(
        self, streamcontract_registry: SchemaRegistry, streamcontract_faults: Faults
    ) -> None:
        """Connections are refused; when it is back it knows what it knew."""
        streamcontract_registry.register("kept", parse_schema("int"))
        streamcontract_faults.registry_gone()
        [url] = streamcontract_registry.urls
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=5)
        streamcontract_faults.registry_well()
        assert streamcontract_registry.subjects() == ["kept"]

    def test_the_registry_is_slow(
        self, streamcontract_config: dict[str, Any], streamcontract_faults: Faults
    ) -> None:
        """A client that does not wait so long gives up; whoever waits is let go when it ends."""
        streamcontract_faults.registry_slow(3600)
        url = streamcontract_config["schema.registry.url"]
        with (
            SchemaRegistry(url, read_timeout=0.1, max_retries=0) as registry,
            pytest.raises(RegistryError),
        ):
            registry.subjects()
        streamcontract_faults.undo()
        with SchemaRegistry(url) as registry:
            assert registry.subjects() == []


A_BAD_DAY = """
    from confluent_kafka import KafkaError
    from streamcontract import StockProducer

    topics = []

    def test_a_bad_day(streamcontract_topic, streamcontract_producer, streamcontract_faults):
        topics.append(streamcontract_topic())
        producer = streamcontract_producer(StockProducer, topic=topics[0])
        {day}

    def test_the_day_after(streamcontract_topic, streamcontract_producer, streamcontract_faults):
        assert streamcontract_faults.leader(topics[0]) > 0
        producer = streamcontract_producer(StockProducer, topic=topics[0])
        latencies = []
        from datetime import date
        from streamcontract import Stock
        bar = Stock(symbol="A", date=date(2026, 5, 4), open=1, high=1, low=1, close=1, volume=1)
        producer.produce(bar, on_delivery=lambda delivery: latencies.append(delivery.latency))
        producer.flush(20)
        producer.produce(bar, on_delivery=lambda delivery: latencies.append(delivery.latency))
        producer.flush(20)
        assert len(latencies) == 2 and latencies[1] < 60
"""


@pytest.mark.parametrize(
    "day",
    [
        "streamcontract_faults.broker_down()",
        "streamcontract_faults.no_leader(topics[0])",
        "streamcontract_faults.round_trip_time(100_000)",
        "streamcontract_faults.request_errors('Produce', *[KafkaError.UNKNOWN] * 100_000)",
        "streamcontract_faults.registry_gone()",
    ],
)
def test_faults_end_with_their_test(pytester: pytest.Pytester, day: str) -> None:
    """The next test on the same stack finds nothing of them."""
    pytester.makepyfile(A_BAD_DAY.format(day=day))
    pytester.runpytest_inprocess("-p", "no:xdist").assert_outcomes(passed=2)


A_TEST_OF_A_TOPIC = """
    def test_topic(streamcontract_topic):
        assert streamcontract_topic("t").startswith("t-")
"""


def test_an_unknown_stack_is_refused(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By option or environment, with the known ones named, before any test runs."""
    pytester.makepyfile(A_TEST_OF_A_TOPIC)
    result = pytester.runpytest_inprocess("--streamcontract-stack=mainframe")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    monkeypatch.setenv("STREAMCONTRACT_STACK", "mainframe")
    result = pytester.runpytest_inprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*STREAMCONTRACT_STACK is one of {', '.join(STACKS)}*mainframe*"])


def test_a_url_is_needed(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stack "url" says which variable is missing."""
    monkeypatch.delenv("STREAMCONTRACT_BOOTSTRAP_SERVERS", raising=False)
    monkeypatch.setenv("STREAMCONTRACT_REGISTRY_URL", "http://127.0.0.1:1")
    pytester.makepyfile(A_TEST_OF_A_TOPIC)
    result = pytester.runpytest_inprocess("--streamcontract-stack=url")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*'url' needs STREAMCONTRACT_BOOTSTRAP_SERVERS"])


def test_a_stack_that_runs_already(
    pytester: pytest.Pytester, embedded_stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests run against the one that the variables name; those that need faults are skipped."""
    for variable, value in embedded_stack.environment.items():
        monkeypatch.setenv(variable, value)
    pytester.makepyfile(
        A_TEST_OF_A_TOPIC
        + """
    def test_registry(streamcontract_registry):
        assert streamcontract_registry.compatibility("none", default_to_global=True)

    def test_broker_fault(streamcontract_faults):
        streamcontract_faults.broker_down()

    def test_registry_fault(streamcontract_faults):
        streamcontract_faults.registry_gone()
    """
    )
    # The embedded broker cannot delete topics, which is said when the stack is closed.
    result = pytester.runpytest_inprocess("-p", "no:xdist", "--streamcontract-stack=url", "-rsE")
    result.assert_outcomes(passed=2, skipped=2, errors=1)
    result.stdout.fnmatch_lines(
        [
            "streamcontract stack: url",
            "*left behind by the tests:*",
            "*topic t-*",
            "*only the embedded broker has faults*",
            "*only an embedded registry has faults*",
        ]
    )


@pytest.mark.parametrize("missing", ["Kafka broker", "schema registry"])
def test_a_stack_that_does_not_run(
    pytester: pytest.Pytester, embedded_stack: Stack, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """Each test that needs it fails with one line that names the address; the others pass."""
    addresses = {
        "STREAMCONTRACT_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "STREAMCONTRACT_REGISTRY_URL": "http://127.0.0.1:1",
    }
    if missing == "schema registry":
        del addresses["STREAMCONTRACT_BOOTSTRAP_SERVERS"]
    for variable, value in {**embedded_stack.environment, **addresses}.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr("streamcontract.testing.fixtures.stacks._TIMEOUT_S", 0.2)
    pytester.makepyfile(A_TEST_OF_A_TOPIC + "\n    def test_nothing(): pass")
    result = pytester.runpytest_inprocess("-p", "no:xdist", "--streamcontract-stack=redpanda")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([f"*the stack could not be started: no {missing} answers at *"])


@pytest.mark.searching
def test_workers_have_stacks_of_their_own(pytester: pytest.Pytester) -> None:
    """With pytest-xdist each process starts its own brokers, and tests in all of them pass."""
    pytester.makepyfile(
        """
        import os, pathlib, pytest

        @pytest.mark.parametrize("number", range(6))
        def test_own(number, streamcontract_stack, streamcontract_topic, streamcontract_registry):
            streamcontract_topic("same")
            assert streamcontract_registry.subjects() == []
            servers = pathlib.Path(os.environ["PYTEST_XDIST_WORKER"])
            servers.write_text(streamcontract_stack.bootstrap_servers)
        """
    )
    result = pytester.runpytest_subprocess("-n", "2", "-W", "error")
    result.assert_outcomes(passed=6)
    workers = [pytester.path / name for name in ("gw0", "gw1")]
    used = [worker.read_text() for worker in workers if worker.exists()]
    assert len(set(used)) == len(used) > 0


def test_an_unused_plugin_imports_nothing() -> None:
    """Loading it imports pytest and this package's two empty ones; no client, no Hypothesis."""
    program = (
        "import pytest, sys; before = set(sys.modules);"
        "import streamcontract.testing.plugin; print(*set(sys.modules) - before)"
    )
    result = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert set(result.stdout.split()) == {
        "streamcontract",
        "streamcontract._lazy",
        "streamcontract._version",
        "streamcontract.testing",
        "streamcontract.testing.fixtures",  # the names of the stacks, and nothing else
        "streamcontract.testing.plugin",
    }


def test_each_kind_of_request_has_its_key() -> None:
    """Whatever a test may name has a number in Kafka's protocol."""
    assert set(_API_KEYS) == set(get_args(Api))
