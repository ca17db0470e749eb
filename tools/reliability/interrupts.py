"""Ctrl-C at random moments in a consumer's calls, a thousand times; the application goes on."""

from __future__ import annotations

import contextlib
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka

import streamcontract
from reliability.load import Load, client_config
from reliability.report import Report
from reliability.verdict import Verdict
from streamcontract import SchemaRegistry, StockConsumer
from streamcontract.devstack.kafka import KafkaStack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from streamcontract import Stock
    from streamcontract.kafka import Message

__all__ = ["interrupts", "judge_interrupts"]

PARTITIONS: Final = 6
MESSAGES_EACH: Final = 1_000
"""Messages for each interrupt."""

_TOPIC: Final = "reliability"
_LIMIT: Final = 300.0
_LIBRARY: Final = str(Path(streamcontract.__file__).parent)
_LONGEST_PAUSE: Final = 0.01
_SOON: Final = 0.000_1
_BATCH: Final = 100
_WAIT: Final = 1.0
_QUICK: Final = {
    "auto.commit.interval.ms": 10,
    # A member whose first call is broken off subscribes again, which the embedded broker takes
    # for another one that joins: it waits for the session of the first.
    "session.timeout.ms": 6_000,
}


def interrupts(messages: int, minutes: float, seed: int) -> Report:
    """Iteration, ``poll`` and ``consume``, in a group and alone, each over all messages.

    An interrupt is a signal of a timer whose handler raises KeyboardInterrupt, as Ctrl-C's does. It
    is raised within the library alone, since what the application's own code loses is its own.
    """
    del minutes  # it reads as fast as it can
    began = time.monotonic()
    verdict = Verdict()
    with KafkaStack() as stack:
        stack.create_topic(_TOPIC, PARTITIONS)
        config = client_config(stack)
        Load(config, _TOPIC, messages).produce(verdict, _LIMIT)
        notes = judge_interrupts(config, _TOPIC, messages, seed, verdict)
    return Report(
        "interrupts",
        verdict,
        [f"1 broker, {PARTITIONS} partitions, {messages:,} messages; seed {seed}", *notes],
        time.monotonic() - began,
    )


def judge_interrupts(
    config: dict[str, Any], topic: str, messages: int, seed: int, verdict: Verdict
) -> list[str]:
    """Read a topic in each way, interrupted once in ``MESSAGES_EACH`` messages on average.

    Args:
        config: Client properties.
        topic: The topic.
        messages: How many it has.
        seed: When interrupts come.
        verdict: Gets what must not be.

    Returns:
        What was done.
    """
    verdict.expect("missing", "out of order", "committed early", "other errors")
    notes = []
    ways: dict[str, Callable[[StockConsumer], list[Message[Stock]]]] = {
        "iteration": lambda consumer: [next(consumer)],
        "poll": lambda consumer: [found] if (found := consumer.poll(_WAIT)) else [],
        "consume": lambda consumer: consumer.consume(_BATCH, _WAIT),
    }
    with SchemaRegistry(config["schema.registry.url"]) as registry:
        with StockConsumer(config, topic=topic, registry=registry) as consumer:
            next(consumer)  # asks for the schema: a broken off request leaves its socket open
        for way, take in ways.items():
            for group in (f"{topic}-{way}", None):
                reading = _Reading(config, topic, group, messages, verdict, registry)
                count = reading.run(take, random.Random(f"{seed} {way} {group is None}"))
                notes.append(
                    f"{way}, {'alone' if group is None else 'in a group'}: {count:,} interrupts,"
                    f" {reading.again:,} messages came again"
                )
    return notes


class _Reading:
    """One consumer that reads a topic, and what came of it."""

    def __init__(
        self,
        config: dict[str, Any],
        topic: str,
        group: str | None,
        messages: int,
        verdict: Verdict,
        registry: SchemaRegistry,
    ) -> None:
        self._config = config
        self._registry = registry
        self._topic = topic
        self._group = group
        self._messages = messages
        self._verdict = verdict
        self._next: Counter[int] = Counter()
        self._handled: Counter[int] = Counter()
        self.again = 0

    def run(
        self, take: Callable[[StockConsumer], list[Message[Stock]]], draw: random.Random
    ) -> int:
        """Read all; how many interrupts there were."""
        wanted = max(1, self._messages // MESSAGES_EACH)
        deadline = time.monotonic() + _LIMIT
        consumer = StockConsumer(
            {**self._config, **_QUICK},
            topic=self._topic,
            group=self._group,
            registry=self._registry,
        )
        with _watcher(self._config, self._group) as committed, _Timer(draw) as timer:
            while sum(self._next.values()) < self._messages or timer.count < wanted:
                if time.monotonic() > deadline:
                    self._verdict.found("missing", f"{self._group}: not all in {_LIMIT:g} s")
                    break
                self._handled = Counter(self._next)
                if timer.count < wanted:
                    timer.set()
                try:
                    found = take(consumer)
                except KeyboardInterrupt:
                    self._judge_committed(committed)
                except Exception as error:  # noqa: BLE001 - whatever it is, it must not be
                    self._verdict.found("other errors", repr(error))
                else:
                    self._judge(found)
        consumer.close()
        return timer.count

    def _judge(self, found: list[Message[Stock]]) -> None:
        for message in found:
            place = f"{self._group}: partition {message.partition}, offset {message.offset}"
            expected = self._next[message.partition]
            if message.offset > expected:
                self._verdict.found("missing", place, message.offset - expected)
            if message.offset < expected:
                self.again += 1
            self._next[message.partition] = max(expected, message.offset + 1)

    def _judge_committed(self, committed: Callable[[], dict[int, int]]) -> None:
        for partition, offset in committed().items():
            if offset > self._handled[partition]:
                place = f"{self._group}: partition {partition}, offset {offset}"
                self._verdict.found("committed early", place)


class _Timer:
    """Raises KeyboardInterrupt in the library, a short and random time after it is set.

    Attributes:
        count: How often it did.
    """

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        self._is_set = False
        self._before: Any = None
        self.count = 0

    def __enter__(self) -> _Timer:
        self._before = signal.signal(signal.SIGALRM, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before)

    def set(self) -> None:
        """Set it, if it is not set already."""
        if not self._is_set:
            self._is_set = True
            signal.setitimer(signal.ITIMER_REAL, self._draw.uniform(_SOON, _LONGEST_PAUSE))

    def _on_signal(self, _: int, frame: FrameType | None) -> None:
        if frame is not None and _is_in_library(frame):
            self._is_set = False
            self.count += 1
            raise KeyboardInterrupt
        signal.setitimer(signal.ITIMER_REAL, self._draw.uniform(_SOON, 10 * _SOON))


def _is_in_library(frame: FrameType) -> bool:
    """Whether the library runs, or what it has called."""
    each: FrameType | None = frame
    while each is not None and each.f_code.co_filename != __file__:
        if each.f_code.co_filename.startswith(_LIBRARY):
            return True
        each = each.f_back
    return False


@contextlib.contextmanager
def _watcher(config: dict[str, Any], group: str | None) -> Iterator[Callable[[], dict[int, int]]]:
    """What a group has committed, by partition; asked for by a client that is no member."""
    if group is None:
        yield dict
        return
    topic = group.rpartition("-")[0]
    client = confluent_kafka.Consumer(
        {"bootstrap.servers": config["bootstrap.servers"], "group.id": group, "log_level": 0}
    )
    partitions = client.list_topics(topic, _LIMIT).topics[topic].partitions
    places = [confluent_kafka.TopicPartition(topic, number) for number in partitions]
    yield lambda: {
        each.partition: each.offset for each in client.committed(places, _LIMIT) if each.offset >= 0
    }
    client.close()
