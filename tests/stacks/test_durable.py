"""Apache Kafka as ``streamcontract dev`` runs it: what is kept, and that nothing runs on."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import os
import signal
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING, Final

import pytest
import requests
from confluent_kafka import Consumer, Producer

from streamcontract import SchemaRegistry, parse_schema
from streamcontract.devstack.kafka import DurableStack
from streamcontract.errors import PortError, StackError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("real_servers", "signals_end")

PATIENCE_S: Final = 60.0
DEV: Final = [sys.executable, "-m", "streamcontract", "dev", "--broker=kafka"]


def produce(stack: DurableStack, topic: str, values: list[bytes]) -> None:
    """Write values, and wait until the broker has them."""
    producer = Producer({"bootstrap.servers": stack.bootstrap_servers})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(PATIENCE_S) == 0


def consume(stack: DurableStack, topic: str, group: str, count: int) -> list[bytes | None]:
    """Read values as a member of a group, and commit."""
    consumer = Consumer(
        {
            "bootstrap.servers": stack.bootstrap_servers,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    with contextlib.closing(consumer):
        consumer.subscribe([topic])
        messages = [
            message for _ in range(count) if (message := consumer.poll(PATIENCE_S)) is not None
        ]
        assert [message.error() for message in messages] == [None] * count
        consumer.commit(asynchronous=False)
    return [message.value() for message in messages]


def test_a_restart_keeps_topics_groups_and_schemas(tmp_path: Path) -> None:
    """A group goes on where it was, ids stay, and ``fresh`` ends it all."""
    topic = f"kept-{uuid.uuid4().hex}"
    with DurableStack(tmp_path) as stack:
        assert stack.create_topic(topic, partitions=1)
        produce(stack, topic, [b"a", b"b", b"c"])
        assert consume(stack, topic, "readers", 2) == [b"a", b"b"]
        with SchemaRegistry(stack.registry_url) as registry:
            registered = registry.register(f"{topic}-value", parse_schema("int"))
    with DurableStack(tmp_path) as stack:
        assert not stack.create_topic(topic, partitions=1)
        assert consume(stack, topic, "readers", 1) == [b"c"]
        with SchemaRegistry(stack.registry_url) as registry:
            assert registry.subjects() == [f"{topic}-value"]
            assert registry.version(f"{topic}-value").id == registered
    with DurableStack(tmp_path, fresh=True) as stack:
        assert stack.create_topic(topic, partitions=1)
        with SchemaRegistry(stack.registry_url) as registry:
            assert registry.subjects() == []


def test_the_first_producer_is_not_refused(tmp_path: Path) -> None:
    """It gets its id at once: nobody's first message comes with a warning."""
    with DurableStack(tmp_path) as stack:
        log = logging.getLogger(f"test.{uuid.uuid4().hex}")
        kept = logging.handlers.BufferingHandler(1000)
        log.addHandler(kept)
        config = {"bootstrap.servers": stack.bootstrap_servers, "enable.idempotence": True}
        producer = Producer(config, logger=log)
        producer.produce("first", b"value")
        assert producer.flush(PATIENCE_S) == 0
        lines = [record.getMessage() for record in kept.buffer]
        assert [line for line in lines if "GETPID" in line] == []


@contextlib.contextmanager
def running(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``streamcontract dev`` in a session of its own, and what it printed when it was ready."""
    command = [*DEV, "--broker-port=0", "--registry-port=0", *options]
    with subprocess.Popen(  # noqa: S603 - the project's own command
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            printed = ""
            for line in process.stdout:
                printed += line
                if "Ctrl-C" in line:
                    break
            yield process, printed
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_broker_in_order(tmp_path: Path, number: signal.Signals) -> None:
    """Its data are closed: the file that says so is there."""
    with running(f"--state={tmp_path}") as (process, printed):
        assert "Apache Kafka" in printed
        process.send_signal(number)
        rest, _ = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, rest) == (0, "\nstopped\n")
    assert (tmp_path / "kafka" / ".kafka_cleanshutdown").exists()


def test_a_kill_ends_the_broker_too(tmp_path: Path) -> None:
    """The next stack gets its folder and its port as soon as it has ended, and finds its topics."""
    with running(f"--state={tmp_path}", "--topic=kept:3") as (process, printed):
        port = int(printed.split()[1].rpartition(":")[2])
        process.kill()
        process.wait(PATIENCE_S)
    with DurableStack(tmp_path, broker_port=port) as stack:
        assert not stack.create_topic("kept", partitions=3)


def test_a_broker_that_ends_by_itself(tmp_path: Path) -> None:
    """Who serves without one says so and ends, with the end of its log."""
    with running(f"--state={tmp_path}") as (process, _):
        os.kill(broker_of(process), signal.SIGKILL)
        printed, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 2
        assert "broker ended by itself" in printed


def broker_of(process: subprocess.Popen[str]) -> int:
    """The id of the broker's process, a child of ``streamcontract dev``."""
    listed = subprocess.run(
        ["/bin/ps", "-A", "-ww", "-o", "ppid=,pid=,args="],
        check=True,
        capture_output=True,
        text=True,
    )
    (found,) = (
        int(fields[1])
        for fields in map(str.split, listed.stdout.splitlines())
        if int(fields[0]) == process.pid and "kafka.Kafka" in fields
    )
    return found


def test_both_families_of_loopback(tmp_path: Path) -> None:
    """``localhost`` may be either; the answer leads to the one that every client reads."""
    with DurableStack(tmp_path) as stack:
        port = int(stack.bootstrap_servers.rpartition(":")[2])
        for address in (f"127.0.0.1:{port}", f"[::1]:{port}"):
            producer = Producer({"bootstrap.servers": address})
            brokers = producer.list_topics(timeout=PATIENCE_S).brokers.values()
            assert [(each.host, each.port) for each in brokers] == [("127.0.0.1", port)]


def test_ports_in_use(tmp_path: Path) -> None:
    """They are named, nothing is started, and the folder is free."""
    with DurableStack(tmp_path / "a") as stack:
        port = int(stack.bootstrap_servers.rpartition(":")[2])
        with pytest.raises(PortError, match=str(port)):
            DurableStack(tmp_path / "b", broker_port=port)
        registry_port = int(stack.registry_url.rpartition(":")[2])
        with pytest.raises(PortError, match=str(registry_port)):
            DurableStack(tmp_path / "b", registry_port=registry_port)
        with pytest.raises(StackError, match="in use by another stack"):
            DurableStack(tmp_path / "a")
        assert requests.get(f"{stack.registry_url}/subjects", timeout=PATIENCE_S).ok


def test_damaged_data(tmp_path: Path) -> None:
    """The error has what the broker says of them, and the way out."""
    DurableStack(tmp_path).close()
    (tmp_path / "kafka" / "meta.properties").write_text("version=1\n")
    with pytest.raises(StackError, match=r"(?s)meta\.properties.*--fresh deletes them"):
        DurableStack(tmp_path)
    DurableStack(tmp_path, fresh=True).close()
