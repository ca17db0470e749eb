"""The stack: broker, fixed port and registry as one, started and stopped as one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import confluent_kafka
import pytest
import requests
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from tests.devstack.kafka_io import PATIENCE_S, publish, read_all
from tests.devstack.threads import own_threads

from streamcontract.devstack import DevStack, EmbeddedBroker, librdkafka
from streamcontract.devstack.broker import UncontrolledBroker, start_broker
from streamcontract.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable


def free_port() -> int:
    """A port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def test_a_fixed_port_to_bootstrap_from() -> None:
    """Clients that know only that port reach every broker."""
    port = free_port()
    with DevStack(brokers=3, broker_port=port) as stack:
        assert stack.bootstrap_servers == f"localhost:{port}"
        stack.create_topic("fixed", partitions=3)
        values = [b"%d" % number for number in range(300)]
        publish(stack.bootstrap_servers, "fixed", values)
        found = read_all(stack.bootstrap_servers, "fixed", 3)
    assert sorted(value for part in found.values() for value in part) == sorted(values)


def test_environment_leads_to_both_servers() -> None:
    """The two variables hold the addresses, and both answer."""
    with DevStack() as stack:
        assert stack.environment == {
            "STREAMCONTRACT_BOOTSTRAP_SERVERS": stack.bootstrap_servers,
            "STREAMCONTRACT_REGISTRY_URL": stack.registry_url,
        }
        assert requests.get(f"{stack.registry_url}/subjects", timeout=PATIENCE_S).json() == []
        assert stack.broker.topics() == {}


def test_topics_can_be_created_over_http() -> None:
    """The control endpoint creates a topic once, and lists what the broker has."""
    with DevStack(brokers=2) as stack, requests.Session() as session:
        url = f"{stack.registry_url}/streamcontract/topics"
        body = {"name": "orders", "partitions": 3, "replication": 2}
        answers = [session.post(url, json=body, timeout=PATIENCE_S).json() for _ in range(2)]
        assert answers == [
            {"created": True, "partitions": 3},
            {"created": False, "partitions": 3},
        ]
        assert session.get(url, timeout=PATIENCE_S).json() == {
            "topics": [{"name": "orders", "partitions": 3}]
        }
        assert stack.broker.topics() == {"orders": 3}
        refused = session.post(url, json={"name": "too many", "partitions": 1}, timeout=PATIENCE_S)
        assert refused.status_code == 400
        assert "'too many' is no topic name" in refused.text


def test_administration_works_or_is_refused_at_once(stack: DevStack) -> None:
    """The cluster has a controller, so that no request waits for one until it times out."""
    library = librdkafka.find_library()
    if not hasattr(library, "rd_kafka_mock_set_controller_id"):
        pytest.skip("this librdkafka cannot be told of a controller")
    admin = AdminClient({"bootstrap.servers": stack.bootstrap_servers, "log_level": 0})
    cluster = admin.describe_cluster(request_timeout=PATIENCE_S).result()
    assert cluster.cluster_id.startswith("mockCluster")
    assert len(cluster.nodes) == 3
    creation = admin.create_topics([NewTopic("new", 1, 1)], request_timeout=PATIENCE_S)["new"]
    with pytest.raises(KafkaException) as caught:
        creation.result()
    assert caught.value.args[0].code() == KafkaError._UNSUPPORTED_FEATURE


def test_nothing_is_left_behind() -> None:
    """After the block there are no threads of Python's more than before, and no open ports."""
    before = own_threads()
    with DevStack(broker_port=free_port()) as stack:
        addresses = [stack.bootstrap_servers, stack.registry_url.removeprefix("http://")]
    stack.close()
    assert own_threads() <= before
    for address in addresses:
        host, _, port = address.partition(":")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, int(port)))


def test_a_stack_that_cannot_start_leaves_nothing() -> None:
    """With the registry's port taken, the broker that was already up is stopped again."""
    before = own_threads()
    broker_port = free_port()
    with DevStack() as first:
        taken = int(first.registry_url.rpartition(":")[2])
        with pytest.raises(StackError, match=str(taken)):
            DevStack(broker_port=broker_port, registry_port=taken)
    assert own_threads() <= before
    with DevStack(broker_port=broker_port):
        pass


def run(program: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program in a process of its own, its warnings as errors."""
    return subprocess.run(  # noqa: S603 - programs of this file
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_program_may_end_without_closing_it() -> None:
    """The process ends by itself, without a crash, a hang or a complaint."""
    ended = run(
        "from streamcontract.devstack import DevStack\n"
        "stack = DevStack(brokers=3)\n"
        "import requests\n"
        "requests.get(stack.registry_url + '/subjects', timeout=20)\n"
        "print('done')\n"
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "done\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_leaves_the_brokers_alone() -> None:
    """A child that ends like a program neither hangs nor stops what its parent runs."""
    ended = run(
        "import os, sys, warnings\n"
        "warnings.simplefilter('ignore', DeprecationWarning)  # 3.12: fork with threads\n"
        "from streamcontract.devstack import EmbeddedBroker\n"
        "broker = EmbeddedBroker()\n"
        "broker.create_topic('kept')\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    sys.exit(3)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), broker.topics())\n"
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "3 {'kept': 1}\n", "")


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """A librdkafka without the mock cluster's functions."""
    monkeypatch.setattr(librdkafka, "find_library", lambda: None)


@pytest.mark.usefixtures("hidden")
def test_without_the_library_the_hidden_property_serves() -> None:
    """Messages go through, topics have four partitions, and the broker says what it cannot do."""
    with start_broker(2) as broker:
        assert isinstance(broker, UncontrolledBroker)
        assert any("4 partitions" in limit for limit in broker.limits)
        assert len(broker.bootstrap_servers.split(",")) == 2
        assert broker.create_topic("four", partitions=4) is True
        assert broker.create_topic("four", partitions=4) is False
        with pytest.raises(StackError, match=r"'three' cannot have 3 partition\(s\)"):
            broker.create_topic("three", partitions=3)
        publish(broker.bootstrap_servers, "four", [b"1", b"2", b"3"])
        found = read_all(broker.bootstrap_servers, "four", 4)
        assert sorted(value for part in found.values() for value in part) == [b"1", b"2", b"3"]
    broker.close()
    with pytest.raises(StackError, match="is closed"):
        broker.create_topic("late", partitions=4)


@pytest.mark.usefixtures("hidden")
def test_full_control_without_the_library_is_refused() -> None:
    """EmbeddedBroker promises control, so it does not start without."""
    with pytest.raises(StackError, match=r"hides the mock cluster's functions"):
        EmbeddedBroker()


@pytest.mark.parametrize(
    "candidates",
    [
        pytest.param(lambda: iter(()), id="none"),
        pytest.param(lambda: iter(["/no/such/library.so"]), id="missing"),
        pytest.param(lambda: iter([sys.modules["_ctypes"].__file__]), id="another library"),
    ],
)
def test_a_library_without_the_functions_is_not_taken(
    monkeypatch: pytest.MonkeyPatch, candidates: Callable[[], object]
) -> None:
    """A missing file and a library without the functions count as not there."""
    monkeypatch.setattr(librdkafka, "_candidates", candidates)
    librdkafka.find_library.cache_clear()
    try:
        assert librdkafka.find_library() is None
    finally:
        librdkafka.find_library.cache_clear()


def test_a_library_of_another_version_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two versions of librdkafka in one process would not understand each other."""
    monkeypatch.setattr(confluent_kafka, "libversion", lambda: ("9.9.9", 0x090909FF))
    librdkafka.find_library.cache_clear()
    try:
        assert librdkafka.find_library() is None
    finally:
        librdkafka.find_library.cache_clear()
