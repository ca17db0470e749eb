"""Consumer processes of one group, killed at random points while records keep coming."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import tempfile
import threading
import time
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reliability.load import Load, client_config
from reliability.records import number_of, record
from reliability.report import Report
from reliability.verdict import Verdict
from streamcontract import StockConsumer
from streamcontract.devstack.kafka import KafkaStack
from streamcontract.kafka import describe_groups, describe_topics

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

__all__ = ["consumers_killed"]

PARTITIONS: Final = 6
MEMBERS: Final = 3
_TOPIC: Final = "reliability"
_GROUP: Final = "reliability"
_SPAWN: Final = multiprocessing.get_context("spawn")
_LIMIT: Final = 300.0
_PAUSES: Final = (0.5, 6.0)
"""Seconds between two kills, at least and at most."""

_CONSUMER: Final = {
    "session.timeout.ms": 3000,
    "heartbeat.interval.ms": 500,
    "enable.auto.commit": False,
}
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
        members = _Members(config, Path(folder))
        load = Load(config, _TOPIC, messages, minutes * 60)
        producing = threading.Thread(target=load.produce, args=(verdict, _LIMIT), name="load")
        producing.start()
        kills = members.harass(random.Random(seed), producing)
        producing.join()
        _wait_committed(config, verdict)
        members.stop()
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


class _Members:
    """The processes of the group."""

    def __init__(self, config: dict[str, Any], folder: Path) -> None:
        self._config = {**config, **_CONSUMER}
        self._folder = folder
        self._started = 0
        self._processes: list[SpawnProcess] = [self._start() for _ in range(MEMBERS)]

    def harass(self, chance: random.Random, producing: threading.Thread) -> int:
        """Kill and replace members, one at a time, as long as records are produced."""
        kills = 0
        while producing.is_alive():
            producing.join(chance.uniform(*_PAUSES))
            place = chance.randrange(MEMBERS)
            self._processes[place].kill()
            self._processes[place].join()
            self._processes[place] = self._start()
            kills += 1
        return kills

    def stop(self) -> None:
        """Let the members end in order."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join(_LIMIT)

    def _start(self) -> SpawnProcess:
        self._started += 1
        file = self._folder / f"member-{self._started}"
        process = _SPAWN.Process(target=_process, args=(self._config, str(file)), daemon=True)
        process.start()
        return process


def _process(config: dict[str, Any], file: str) -> None:
    """Be a member: read, write the records' numbers down, and only then commit."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    # What os.write has taken outlives the process, however it ends.
    output = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with StockConsumer(config, topic=_TOPIC, group=_GROUP) as consumer:
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


def _wait_committed(config: dict[str, Any], verdict: Verdict) -> None:
    """Wait until the group has committed the end of each partition."""
    deadline = time.monotonic() + _LIMIT
    while time.monotonic() < deadline:
        [topic] = describe_topics([_TOPIC], config).topics
        [group] = describe_groups(topic, [_GROUP], config)
        if group.total_lag == 0:
            return
        time.sleep(0.2)  # between two questions
    verdict.found("not committed in the end", f"lag {group.total_lag}")


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
