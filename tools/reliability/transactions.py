"""Processes that consume, transform and produce in transactions, killed at random points."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from typing import Any, Final

import attrs

from reliability.load import Load, client_config
from reliability.members import CONSUMER, MEMBERS, Members, told_to_end, wait_committed
from reliability.records import record
from reliability.report import Report
from reliability.topic import judge_topic, wait_until_decided
from reliability.verdict import Verdict
from streamcontract import Stock, StockConsumer, StockProducer
from streamcontract.devstack.kafka import KafkaStack
from streamcontract.kafka import TransactionAbortedError

__all__ = ["transactions_killed", "transformed"]

PARTITIONS: Final = 6
_INPUT: Final = "reliability"
_OUTPUT: Final = "reliability-doubled"
_GROUP: Final = "reliability"
_LIMIT: Final = 300.0
_BATCHES: Final = 4
"""Of one transaction: what was made of the first is with the brokers when the last one is read."""

_BATCH: Final = 200


def transactions_killed(messages: int, minutes: float, seed: int) -> Report:
    """Three processes work in transactions; at random one of them is killed and replaced.

    Whoever replaces one takes over its transactional id. The output alone is judged, as a reader
    with ``read_committed`` has it.
    """
    began = time.monotonic()
    verdict = Verdict()
    with KafkaStack() as stack:
        config = client_config(stack)
        for topic in (_INPUT, _OUTPUT):
            stack.create_topic(topic, PARTITIONS)
        members = Members(_process, lambda place, _: (config, place))
        load = Load(config, _INPUT, messages, minutes * 60)
        producing = threading.Thread(target=load.produce, args=(verdict, _LIMIT), name="load")
        producing.start()
        kills = members.harass(random.Random(seed), producing, verdict)
        producing.join()
        wait_committed(config, _INPUT, _GROUP, verdict)
        members.stop(verdict)
        wait_until_decided(config, _OUTPUT)
        count = judge_topic(config, _OUTPUT, messages, verdict, expected=_expected)
        void = _count_uncommitted(config) - count
    if not void:
        verdict.found("nothing was aborted, so nothing was tried", _OUTPUT)
    return Report(
        "transactions-killed",
        verdict,
        [
            f"1 broker, {PARTITIONS} partitions, {MEMBERS} members; seed {seed}",
            f"{messages:,} records over {minutes:g} minutes",
            f"{kills} members killed; {count:,} records in the output",
            f"{void:,} more in transactions that were aborted",
        ],
        time.monotonic() - began,
    )


def transformed(bar: Stock) -> Stock:
    """What a member makes of a record: the same bar in half dollars."""
    prices = ("open", "high", "low", "close")
    return attrs.evolve(bar, **{name: 2 * getattr(bar, name) for name in prices})


def _expected(number: int) -> Stock:
    return transformed(record(number))


def _process(config: dict[str, Any], place: int) -> None:
    """Be a member: one transaction after the other."""
    ended = told_to_end()
    transactional = {**config, "transactional.id": f"{_GROUP}-{place}"}
    with (
        StockProducer(transactional, topic=_OUTPUT) as target,
        StockConsumer({**config, **CONSUMER}, topic=_INPUT, group=_GROUP) as source,
    ):
        while not ended.is_set():
            # The group moved, and what was read in the transaction comes again.
            with contextlib.suppress(TransactionAbortedError):
                _work(source, target)


def _work(source: StockConsumer, target: StockProducer) -> None:
    with target.transaction(source):
        for _ in range(_BATCHES):
            for message in source.consume(_BATCH, 0.1):
                assert message.value is not None  # noqa: S101 - there are no tombstones
                target.produce(transformed(message.value))


def _count_uncommitted(config: dict[str, Any]) -> int:
    """How many records there are in the output, those of aborted transactions among them."""
    reader = {**config, "isolation.level": "read_uncommitted"}
    with StockConsumer(reader, topic=_OUTPUT) as consumer:
        return sum(1 for _ in consumer.until_end())
