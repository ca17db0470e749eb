"""Brokers that die and stand still while records are produced and read."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka

from reliability.live import LiveReader
from reliability.load import Faults, Load, client_config
from reliability.report import Report
from reliability.topic import judge_topic
from reliability.verdict import Verdict
from streamcontract.devstack.kafka import KafkaStack

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["broker_killed", "cluster_faults"]

PARTITIONS: Final = 6
_TOPIC: Final = "reliability"
_LIMIT: Final = 300.0
_POLL_SECONDS: Final = 0.1
_STANDSTILL_SECONDS: Final = 5.0


def broker_killed(messages: int, minutes: float, seed: int) -> Report:
    """One broker, killed with SIGKILL three times and restarted on what it had on disk."""
    del seed  # nothing is left to chance

    def plan(stack: KafkaStack, _load: Load, faults: Faults) -> None:
        for part in (0.2, 0.4, 0.6):
            faults.at(part, "broker 1 killed and restarted", lambda: stack.restart(1))

    return _run("broker-killed", 1, messages, minutes, plan)


def cluster_faults(messages: int, minutes: float, seed: int) -> Report:
    """Three brokers: one is killed, one stands still, and both at once."""
    del seed  # as above

    def plan(stack: KafkaStack, load: Load, faults: Faults) -> None:
        faults.at(0.1, "broker 1 killed", lambda: stack.kill(1))
        faults.at(0.25, "broker 1 restarted", lambda: stack.restart(1))
        faults.at(0.25, "every replica in sync again", lambda: _wait_in_sync(stack))
        faults.at(0.3, "broker 2 paused until others lead", lambda: _pause(stack, 2))
        faults.at(0.45, "broker 2 goes on", lambda: stack.resume(2))
        faults.at(0.45, "every replica in sync again", lambda: _wait_in_sync(stack))
        faults.at(
            0.5,
            "broker 3 paused and broker 1 killed until nothing was acknowledged",
            lambda: _both(stack, load),
        )
        faults.at(0.5, "broker 3 goes on, broker 1 restarted", lambda: _mend(stack))
        faults.at(0.5, "every replica in sync again", lambda: _wait_in_sync(stack))

    return _run("cluster-faults", 3, messages, minutes, plan)


def _run(
    name: str,
    brokers: int,
    messages: int,
    minutes: float,
    plan: Callable[[KafkaStack, Load, Faults], None],
) -> Report:
    began = time.monotonic()
    verdict = Verdict()
    with KafkaStack(brokers) as stack:
        config = client_config(stack)
        stack.create_topic(_TOPIC, PARTITIONS, brokers)
        load = Load(config, _TOPIC, messages, minutes * 60)
        faults = Faults(load, _LIMIT)
        plan(stack, load, faults)
        reader = LiveReader(config, _TOPIC, messages, minutes * 60 + 2 * _LIMIT)
        faults.start()
        load.produce(verdict, _LIMIT)
        faults.finish()
        reader.judge(messages, verdict)
        count = judge_topic(config, _TOPIC, messages, verdict)
    return Report(
        name,
        verdict,
        [
            f"{brokers} broker(s), {PARTITIONS} partitions",
            f"{messages:,} records over {minutes:g} minutes or more",
            f"{load.acknowledged:,} acknowledged, {count:,} in the topic",
            *faults.notes,
        ],
        time.monotonic() - began,
    )


def _both(stack: KafkaStack, load: Load) -> None:
    """Leave one broker of three: it has no majority, and soon nothing is acknowledged any more."""
    stack.pause(3)
    stack.kill(1)
    before = -1
    while load.acknowledged != before:
        before = load.acknowledged
        time.sleep(_STANDSTILL_SECONDS)  # so long it has to stand still


def _mend(stack: KafkaStack) -> None:
    stack.resume(3)
    stack.restart(1)


def _pause(stack: KafkaStack, broker: int) -> None:
    """Pause a broker, and wait until the others have taken its partitions over."""
    stack.pause(broker)
    _wait(
        stack,
        f"broker {broker} leads partitions though it stands still",
        lambda partitions: all(each.leader not in {broker, -1} for each in partitions),
    )


def _wait_in_sync(stack: KafkaStack) -> None:
    _wait(
        stack,
        "replicas are not in sync",
        lambda partitions: all(len(each.isrs) == stack.brokers for each in partitions),
    )


def _wait(stack: KafkaStack, otherwise: str, ready: Callable[[list[Any]], bool]) -> None:
    """Ask for the topic's partitions until they are as wanted."""
    client = confluent_kafka.Producer(
        {"bootstrap.servers": stack.bootstrap_servers, "socket.timeout.ms": 5000, "log_level": 0}
    )
    deadline = time.monotonic() + _LIMIT
    while time.monotonic() < deadline:
        try:
            topics = client.list_topics(_TOPIC, timeout=5.0).topics
        except confluent_kafka.KafkaException:  # the broker asked was the one that is gone
            continue
        if ready(list(topics[_TOPIC].partitions.values())):
            return
        time.sleep(_POLL_SECONDS)  # between two questions
    raise TimeoutError(f"{otherwise} after {_LIMIT:g} s")
