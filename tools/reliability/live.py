"""A consumer that reads along in a process of its own while brokers fail."""

from __future__ import annotations

import multiprocessing
import queue
import time
from typing import TYPE_CHECKING, Any, Final

import attrs

from reliability.records import number_of
from streamcontract import StockConsumer

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

    from reliability.verdict import Verdict

__all__ = ["LiveReader"]

_SPAWN: Final = multiprocessing.get_context("spawn")
_SLICE: Final = 0.5
_BATCH: Final = 1000
_START_SECONDS: Final = 60.0
"""For the process to start and to answer, on top of its own limit."""


@attrs.frozen
class _Seen:
    """What the reader saw: offsets and records, each in the order it came, by partition."""

    offsets: dict[int, list[int]]
    records: int


class LiveReader:
    """Reads a topic from its beginning until it has seen so many messages.

    Args:
        config: Client properties.
        topic: The topic.
        expected: How many messages to wait for.
        limit: Seconds after which it gives up.
    """

    def __init__(self, config: dict[str, Any], topic: str, expected: int, limit: float) -> None:
        self._answers: Queue[_Seen | str] = _SPAWN.Queue()
        self._limit = limit
        self._process = _SPAWN.Process(
            target=_read, args=(config, topic, expected, limit, self._answers), daemon=True
        )
        self._process.start()

    def judge(self, expected: int, verdict: Verdict) -> None:
        """Wait for it; each (partition, offset) has to be seen once, without a gap."""
        verdict.expect("unseen by the live consumer", "seen again by the live consumer")
        try:
            answer = self._answers.get(timeout=self._limit + _START_SECONDS)
        except queue.Empty:
            verdict.found("unseen by the live consumer", "it did not end in time", expected)
            return
        finally:
            self._process.kill()
            self._process.join()
        if isinstance(answer, str):
            verdict.found("failures of the live consumer", answer)
            return
        for partition, offsets in answer.offsets.items():
            again = len(offsets) - len(set(offsets))
            if again:
                verdict.found("seen again by the live consumer", f"partition {partition}", again)
            gaps = max(offsets) + 1 - len(set(offsets))
            if gaps:
                verdict.found("unseen by the live consumer", f"partition {partition}", gaps)
            if offsets != sorted(offsets):
                verdict.found("offsets out of order for the live consumer", partition)
        if answer.records < expected:
            missing = expected - answer.records
            verdict.found("unseen by the live consumer", "at the end", missing)


def _read(
    config: dict[str, Any], topic: str, expected: int, limit: float, answers: Queue[_Seen | str]
) -> None:
    offsets: dict[int, list[int]] = {}
    numbers: set[int] = set()
    deadline = time.monotonic() + limit
    try:
        with StockConsumer(config, topic=topic) as consumer:
            while len(numbers) < expected and time.monotonic() < deadline:
                for message in consumer.consume(_BATCH, _SLICE):
                    offsets.setdefault(message.partition, []).append(message.offset)
                    if message.value is not None:
                        numbers.add(number_of(message.value))
    except Exception as error:  # noqa: BLE001 - another process judges it
        answers.put(f"{type(error).__name__}: {error}")
    else:
        answers.put(_Seen(offsets, len(numbers)))
