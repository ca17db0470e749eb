"""Members of a group with slow handlers, stopped for longer than the group waits for them.

This library's consumers and plain ones of confluent_kafka read the same topic at the same time, are
stopped at the same times, and take as long for each message.
"""

from __future__ import annotations

import contextlib
import math
import os
import random
import tempfile
import time
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import confluent_kafka

from reliability.load import Load, client_config
from reliability.members import MEMBERS, Members, told_to_end, wait_committed
from reliability.report import Report
from reliability.verdict import Verdict
from streamcontract import StockConsumer
from streamcontract.devstack.kafka import KafkaStack
from streamcontract.kafka import ConsumeError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["judge_processed", "slow_handlers"]

PARTITIONS: Final = 6
_TOPIC: Final = "reliability"
_LIMIT: Final = 300.0
_LONGEST: Final = 0.5
"""Seconds that a handler takes for a message, at most."""

_RATE: Final = MEMBERS / (_LONGEST / 2)
"""Messages per second that a group can work on at best."""

_SPREAD: Final = _RATE / MEMBERS / math.sqrt(12)
"""The standard deviation of the messages that one stop repeats: it comes at any time between two
commits, which are a second apart."""

_LIVELY: Final = {"max.poll.interval.ms": 6_000, "auto.commit.interval.ms": 1_000}
_PROTOCOLS: Final[dict[str, dict[str, Any]]] = {
    "classic": {"session.timeout.ms": 6_000, "heartbeat.interval.ms": 500},
    "consumer": {"group.protocol": "consumer"},
}
_STOPS: Final = (7.0, 10.0)
"""Seconds for which a member is stopped; longer than ``max.poll.interval.ms``."""

_PAUSES: Final = (3.0, 8.0)
"""Seconds between two stops."""


def slow_handlers(messages: int, minutes: float, seed: int) -> Report:
    """Handlers of 0 to 500 ms, with both group protocols; one member after another is stopped.

    Every message has to be processed by each group, and by one of this library's consumers not
    more often than by one of plain consumers, but for what chance makes.
    """
    began = time.monotonic()
    verdict = Verdict()
    messages = min(messages, int(minutes * 60 * _RATE / 2))
    with contextlib.ExitStack() as parts:
        properties = {"group.consumer.session.timeout.ms": "6000"}
        properties |= {"group.consumer.heartbeat.interval.ms": "500"}
        properties |= {"group.consumer.min.session.timeout.ms": "6000"}
        properties |= {"group.consumer.min.heartbeat.interval.ms": "500"}
        stack = parts.enter_context(KafkaStack(properties=properties))
        stack.create_topic(_TOPIC, PARTITIONS)
        config = {**client_config(stack), **_LIVELY}
        Load(client_config(stack), _TOPIC, messages).produce(verdict, _LIMIT)
        groups = [
            _Group(name, protocol, Path(parts.enter_context(tempfile.TemporaryDirectory())))
            for protocol in _PROTOCOLS
            for name in (_OURS, _PLAIN)
        ]
        for group in groups:
            group.start(config)
        stops = _stop_members(groups, random.Random(seed), began + minutes * 60)
        for group in groups:
            wait_committed(config, _TOPIC, group.id, verdict)
            group.members.stop(verdict)
        repeats = {group.id: judge_processed(group.folder, messages, verdict) for group in groups}
    for protocol in _PROTOCOLS:
        ours, plain = (repeats[f"{name}-{protocol}"] for name in (_OURS, _PLAIN))
        verdict.expect("more repeats than a plain consumer's, and than chance makes")
        if ours > plain + 3 * _SPREAD * math.sqrt(2 * stops):
            verdict.found(
                "more repeats than a plain consumer's, and than chance makes",
                f"{protocol}: {ours} and {plain}",
            )
    return Report(
        "slow-handlers",
        verdict,
        [
            f"1 broker, {PARTITIONS} partitions, {MEMBERS} members in each group; seed {seed}",
            f"{messages:,} messages, handlers of 0 to {_LONGEST * 1000:.0f} ms",
            f"{stops} stops of {_STOPS[0]:g} to {_STOPS[1]:g} s",
            *(f"{group}: {count:,} messages processed again" for group, count in repeats.items()),
        ],
        time.monotonic() - began,
    )


_OURS: Final = "streamcontract"
_PLAIN: Final = "confluent-kafka"


@attrs.define
class _Group:
    """The members of one group."""

    name: str
    protocol: str
    folder: Path
    members: Members = attrs.field(init=False)

    @property
    def id(self) -> str:
        return f"{self.name}-{self.protocol}"

    def start(self, config: dict[str, Any]) -> None:
        target = _ours if self.name == _OURS else _plain
        properties = {**config, **_PROTOCOLS[self.protocol], "group.id": self.id}
        self.members = Members(
            target, lambda _, started: (properties, str(self.folder / f"member-{started}"))
        )


def _stop_members(groups: list[_Group], chance: random.Random, end: float) -> int:
    """Stop one member of each group after another, all of them at the same times."""
    stops = 0
    while time.monotonic() < end:
        time.sleep(chance.uniform(*_PAUSES))  # the load goes on meanwhile
        place = chance.randrange(MEMBERS)
        with contextlib.ExitStack() as stopped:
            for group in groups:
                stopped.enter_context(group.members.stopped(place))
            time.sleep(chance.uniform(*_STOPS))  # for longer than the group waits
        stops += 1
    return stops


def _handle(output: int, partition: int, offset: int) -> None:
    """Work on a message, and write down that this is done."""
    time.sleep(_LONGEST * random.Random(f"{partition} {offset}").random())
    os.write(output, array("q", (partition, offset)).tobytes())


def _open(file: str) -> int:
    return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def _ours(config: dict[str, Any], file: str) -> None:
    """Be a member, with this library."""
    ended, output = told_to_end(), _open(file)
    properties = dict(config)
    with StockConsumer(properties, topic=_TOPIC, group=properties.pop("group.id")) as consumer:
        while not ended.is_set():
            try:
                message = consumer.poll(0.2)
            except ConsumeError as error:
                # As below; what ends a group has ended it for both.
                print(error, flush=True)
                continue
            if message is not None:
                _handle(output, message.partition, message.offset)


def _plain(config: dict[str, Any], file: str) -> None:
    """Be a member, with confluent_kafka alone, and lose nothing either."""
    ended, output = told_to_end(), _open(file)
    properties = {name: value for name, value in config.items() if not name.startswith("schema.")}
    # By default it commits a message that is still worked on, which a kill would lose.
    properties |= {"auto.offset.reset": "earliest", "enable.auto.offset.store": False}
    client = confluent_kafka.Consumer(properties)
    client.subscribe([_TOPIC])
    while not ended.is_set():
        message = client.poll(0.2)
        # An error is that of a member that was stopped; the next poll joins again.
        if message is not None and message.error() is None:
            _handle(output, message.partition(), message.offset())  # type: ignore[arg-type] # a message has both
            with contextlib.suppress(confluent_kafka.KafkaException):  # it was revoked meanwhile
                client.store_offsets(message)
    client.close()


def judge_processed(folder: Path, messages: int, verdict: Verdict) -> int:
    """How many messages were processed again, by the members' files.

    Args:
        folder: Where the files are.
        messages: How many messages there are.
        verdict: Gets what was not processed at all.
    """
    verdict.expect("never processed")
    times: dict[tuple[int, int], int] = {}
    for place in _places(folder):
        times[place] = times.get(place, 0) + 1
    if len(times) < messages:
        verdict.found("never processed", folder.name, messages - len(times))
    return sum(times.values()) - len(times)


def _places(folder: Path) -> Iterator[tuple[int, int]]:
    for file in sorted(folder.iterdir()):
        numbers = array("q", file.read_bytes())
        yield from zip(numbers[::2], numbers[1::2], strict=True)
