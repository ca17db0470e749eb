"""Timing as ratios: rivals run in turn within one process, so that the machine's drift cancels."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import attrs

__all__ = ["Ratio", "Timing", "bystanders_frozen", "in_turn"]

_ROUND_SECONDS = 0.02


@attrs.frozen
class Ratio:
    """How many times as long a rival takes: the median over the rounds, and the extremes."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.1f}x ({self.low:.1f}-{self.high:.1f})"


@attrs.frozen
class Timing:
    """Seconds a call takes, round by round."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median over the rounds, in seconds."""
        return statistics.median(self.rounds)

    def over(self, other: Timing) -> Ratio:
        """This timing in multiples of another one's, each round against its own."""
        ratios = [mine / theirs for mine, theirs in zip(self.rounds, other.rounds, strict=True)]
        return Ratio(statistics.median(ratios), min(ratios), max(ratios))


def in_turn(rivals: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Timing]:
    """Time each rival once a round, in the same order, after a round that does not count."""
    loops = {name: _loops(call) for name, call in rivals.items()}
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, call in rivals.items():
                seconds[name].append(_time(call, loops[name]))
    finally:
        gc.enable()
    return {name: Timing(tuple(times)) for name, times in seconds.items()}


@contextmanager
def bystanders_frozen() -> Iterator[None]:
    """Keep the garbage collector on, but only for what is made from here on.

    Otherwise whoever fills its last generation pays for walking over all that the process holds,
    the embedded broker's messages and the peers' modules included: tens of milliseconds.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _loops(call: Callable[[], object]) -> int:
    """How many calls fill a round; finding out also warms the call up."""
    loops = 10
    while (seconds := _time(call, loops)) * loops < _ROUND_SECONDS / 4:
        loops *= 4
    return max(10, int(_ROUND_SECONDS / seconds))


def _time(call: Callable[[], object], loops: int) -> float:
    turns: Sequence[None] = [None] * loops
    start = time.perf_counter()
    for _ in turns:
        call()
    return (time.perf_counter() - start) / loops
