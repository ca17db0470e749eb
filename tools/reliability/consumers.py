"""Consumer processes of one group, killed at random points while records keep coming."""

from __future__ import annotations

import os
import random
import tempfile
import threading
import time
from array import array
from pathlib import Path
from typing import Any, Final

from reliability.load import Load, client_config
from reliability.members import CONSUMER, MEMBERS, Members, told_to_end, wait_committed
from reliability.records import number_of, record
from reliability.report import Report
from reliability.verdict import Verdict
from streamcontract import StockConsumer
from streamcontract.devstack.kafka import KafkaStack

__all__ = ["consumers_killed"]

PARTITIONS: Final = 6
_TOPIC: Final = "reliability"
_GROUP: Final = "reliability"
_LIMIT: Final = 300.0
_BATCH: Final = 200
_DAMAGED: Final = -1


def consumers_killed(messages: int, minutes: float, seed: int) -> Report:
    """Three processes read, process and commit; at random one of them is killed and replaced.

    A record counts as processed once it is in a member's file. It is committed after that.
    """
    began = time.monotonic()
    verdict = Verdict()
    with KafkaStack() as stack, tempfile.TemporaryDirectory() as folder:
        config = client_config(stack)
        stack.create_topic(_TOPIC, PARTITIONS)
        members = Members(_process, lambda _, started: (config, f"{folder}/member-{started}"))
        load = Load(config, _TOPIC, messages, minutes * 60)
        producing = threading.Thread(target=load.produce, args=(verdict, _LIMIT), name="load")
        producing.start()
        kills = members.harass(random.Random(seed), producing, verdict)
        producing.join()
        wait_committed(config, _TOPIC, _GROUP, verdict)
        members.stop(verdict)
        counts = _count(Path(folder), messages, verdict)
    again = sum(count - 1 for count in counts if count > 1)
    return Report(
        "consumers-killed",
        verdict,
        [
            f"1 broker, {PARTITIONS} partitions, {MEMBERS} members; seed {seed}",
            f"{messages:,} records over {minutes:g} minutes",
            f"{kills} members killed; {again:,} records processed more than once",
        ],
        time.monotonic() - began,
    )


def _process(config: dict[str, Any], file: str) -> None:
    """Be a member: read, write the records' numbers down, and only then commit."""
    ended = told_to_end()
    # What os.write has taken outlives the process, however it ends.
    output = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with StockConsumer({**config, **CONSUMER}, topic=_TOPIC, group=_GROUP) as consumer:
        while not ended.is_set():
            batch = consumer.consume(_BATCH, 0.2)
            if not batch:
                continue
            numbers = (
                number if message.value == record(number) else _DAMAGED
                for message in batch
                for number in (-1 if message.value is None else number_of(message.value),)
            )
            os.write(output, array("q", numbers).tobytes())
            consumer.commit()


def _count(folder: Path, messages: int, verdict: Verdict) -> array[int]:
    """How often each record was processed, by the members' files."""
    verdict.expect("never processed", "altered")
    counts = array("q", bytes(8 * messages))
    for file in folder.iterdir():
        # A member that was killed may have written a part of its last batch, and committed none.
        data = file.read_bytes()
        numbers = array("q", data[: len(data) // 8 * 8])
        for number in numbers:
            if 0 <= number < messages:
                counts[number] += 1
            else:
                verdict.found("altered", file.name)
    for number, count in enumerate(counts):
        if count == 0:
            verdict.found("never processed", f"record {number}")
    return counts
