"""Clients at a steady rate for a long time, watched from outside: nothing may grow."""

from __future__ import annotations

import multiprocessing
import queue
import time
from typing import TYPE_CHECKING, Any, Final

from reliability.growth import Sample, judge_growth, sample_of
from reliability.load import client_config
from reliability.poison import open_letters
from reliability.poisonous import kind_of
from reliability.report import Report
from reliability.soaked import GROUP, TERMS, VERSIONS, soaked
from reliability.verdict import Verdict
from streamcontract.devstack.kafka import KafkaStack
from streamcontract.kafka import describe_groups, describe_topics

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

__all__ = ["judge_soak", "soak"]

PARTITIONS: Final = 6
_TOPIC: Final = "reliability"
_SPAWN: Final = multiprocessing.get_context("spawn")
_LIMIT: Final = 400.0
_SAMPLES: Final = 360
"""How many looks are taken, spread over the run."""


def soak(messages: int, minutes: float, seed: int) -> Report:
    """Typed clients in a process of their own, whose memory, threads and sockets are watched."""
    del seed  # nothing is left to chance
    began = time.monotonic()
    verdict = Verdict()
    with KafkaStack() as stack:
        stack.create_topic(_TOPIC, PARTITIONS)
        notes = judge_soak(client_config(stack), _TOPIC, messages, minutes * 60, verdict)
    return Report(
        "soak",
        verdict,
        [
            f"1 broker, {PARTITIONS} partitions; {TERMS} producers, {VERSIONS} schemas, 1 consumer",
            *notes,
        ],
        time.monotonic() - began,
    )


def judge_soak(
    config: dict[str, Any], topic: str, messages: int, seconds: float, verdict: Verdict
) -> list[str]:
    """Let the clients run, and judge what came of the messages and of the process.

    Args:
        config: Client properties.
        topic: The topic, which is empty.
        messages: How many, good and bad.
        seconds: How long they are to take.
        verdict: Gets what must not be.

    Returns:
        What was seen.
    """
    answers: Queue[Verdict | str] = _SPAWN.Queue()
    process = _SPAWN.Process(
        target=soaked, args=(config, topic, messages, seconds, answers), daemon=True
    )
    process.start()
    try:
        samples, answer = _watch(process.pid, seconds, answers)
    finally:
        process.kill()
        process.join()
    if answer is None or isinstance(answer, str):
        verdict.found("failures of the clients", answer or f"not done {_LIMIT:g} s after the time")
    else:
        verdict.add(answer)
    notes = judge_growth(samples, messages / seconds, verdict)
    bad = sum(1 for number in range(messages) if kind_of(number) is not None)
    letters = sum(1 for _ in open_letters(config, topic))
    if letters != bad:
        verdict.found("bad not in the dead letter topic", f"{letters:,} of {bad:,} are")
    [read] = describe_topics([topic], config).topics
    [group] = describe_groups(read, [GROUP], config)
    if group.total_lag != 0:
        verdict.found("not committed in the end", f"lag {group.total_lag}")
    return [
        f"{messages:,} messages over {seconds / 60:g} minutes, {bad:,} of them poison",
        *notes,
    ]


def _watch(
    pid: int | None, seconds: float, answers: Queue[Verdict | str]
) -> tuple[list[Sample], Verdict | str | None]:
    """Look at the process until it answers, or is long overdue."""
    assert pid is not None  # noqa: S101 - it was started
    samples: list[Sample] = []
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds + _LIMIT:
        samples.append(sample_of(pid, passed))
        try:
            return samples, answers.get(timeout=seconds / _SAMPLES)
        except queue.Empty:
            continue
    return samples, None
