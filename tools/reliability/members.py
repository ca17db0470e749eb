"""Processes of one consumer group, one of which at a time is killed and replaced."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from streamcontract.kafka import describe_groups, describe_topics

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator
    from multiprocessing.context import SpawnProcess

    from reliability.verdict import Verdict

__all__ = ["CONSUMER", "MEMBERS", "Members", "told_to_end", "wait_committed"]

MEMBERS: Final = 3

CONSUMER: Final = {
    "session.timeout.ms": 3000,
    "heartbeat.interval.ms": 500,
    "enable.auto.commit": False,
}
"""A member's properties: the group notices soon that one is gone."""

_SPAWN: Final = multiprocessing.get_context("spawn")
_LIMIT: Final = 300.0
_PAUSES: Final = (0.5, 6.0)
"""Seconds between two kills, at least and at most."""


class Members:
    """The processes of a group.

    Args:
        target: What each runs until :func:`told_to_end`.
        arguments: Gives its arguments: of the place that it takes, 0 to :data:`MEMBERS` - 1, and
            of how many were started before it.
    """

    def __init__(
        self, target: Callable[..., None], arguments: Callable[[int, int], tuple[Any, ...]]
    ) -> None:
        self._target = target
        self._arguments = arguments
        self._started = 0
        self._processes = [self._start(place) for place in range(MEMBERS)]

    def harass(self, chance: random.Random, producing: threading.Thread, verdict: Verdict) -> int:
        """Kill and replace members, one at a time, as long as records are produced."""
        kills = 0
        while producing.is_alive():
            producing.join(chance.uniform(*_PAUSES))
            place = chance.randrange(MEMBERS)
            self._processes[place].kill()
            self._judge_end(place, -signal.SIGKILL, verdict)
            self._processes[place] = self._start(place)
            kills += 1
        return kills

    @contextlib.contextmanager
    def stopped(self, place: int) -> Iterator[None]:
        """One member is stopped meanwhile, as by SIGSTOP, and goes on after that."""
        pid = self._processes[place].pid
        os.kill(pid, signal.SIGSTOP)  # type: ignore[arg-type] # it was started
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)  # type: ignore[arg-type] # as above

    def stop(self, verdict: Verdict) -> None:
        """Let the members end in order."""
        for process in self._processes:
            process.terminate()
        for place in range(MEMBERS):
            self._judge_end(place, 0, verdict)

    def _judge_end(self, place: int, expected: int, verdict: Verdict) -> None:
        """Wait for its end: one that went by itself would be less of a trial than it seems."""
        verdict.expect("members that failed")
        process = self._processes[place]
        process.join(_LIMIT)
        if process.exitcode != expected:
            verdict.found("members that failed", f"exit code {process.exitcode} at place {place}")

    def _start(self, place: int) -> SpawnProcess:
        arguments = self._arguments(place, self._started)
        self._started += 1
        process = _SPAWN.Process(target=self._target, args=arguments, daemon=True)
        process.start()
        return process


def told_to_end() -> threading.Event:
    """An event that SIGTERM sets; for the main thread of a member.

    To be looked at, not waited for: the signal would be handled inside ``wait``, with its lock.
    """
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    return ended


def wait_committed(config: dict[str, Any], topic: str, group: str, verdict: Verdict) -> None:
    """Wait until a group has committed the end of each partition."""
    verdict.expect("not committed in the end")
    deadline = time.monotonic() + _LIMIT
    while True:
        [read] = describe_topics([topic], config).topics
        [found] = describe_groups(read, [group], config)
        if found.total_lag == 0:
            return
        if time.monotonic() > deadline:
            verdict.found("not committed in the end", f"lag {found.total_lag}")
            return
        time.sleep(0.2)  # between two questions
