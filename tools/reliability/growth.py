"""Whether a process grows: what the system says of it now and then, and a verdict over that."""

from __future__ import annotations

import resource
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reliability.verdict import Verdict

__all__ = ["BYTES_PER_MESSAGE", "Sample", "judge_growth", "sample_of"]

BYTES_PER_MESSAGE: Final = 2.0
"""More is growth. No object of Python's is smaller than 16 bytes, so one that was kept of each
message, or of each eighth, would show; what a heap gains by fragments stays below."""

_MIB: Final = 2**20
_SHOWN: Final = 6
_FEWEST: Final = 30
"""Samples in a third; fewer say nothing."""


@attrs.frozen
class Sample:
    """A process at one moment.

    Attributes:
        seconds: When, since the first sample.
        memory: Bytes that are resident.
        threads: How many threads, librdkafka's among them.
        descriptors: How many file descriptors, sockets among them.
        sockets: How many sockets.
    """

    seconds: float
    memory: int
    threads: int
    descriptors: int
    sockets: int


def sample_of(pid: int, seconds: float) -> Sample:
    """Look at a process; only Linux tells all of it, in ``/proc``.

    Raises:
        OSError: There is no such process, or no ``/proc``.
    """
    process = Path("/proc") / str(pid)
    pages = int((process / "statm").read_text(encoding="ascii").split()[1])
    opened = [_target_of(each) for each in (process / "fd").iterdir()]
    return Sample(
        seconds,
        pages * resource.getpagesize(),
        sum(1 for _ in (process / "task").iterdir()),
        len(opened),
        sum(each.startswith("socket:") for each in opened),
    )


def _target_of(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:  # closed since it was listed
        return ""


def judge_growth(samples: Sequence[Sample], rate: float, verdict: Verdict) -> list[str]:
    """Hold a steady process to what it had when it was warm.

    The first third of the samples is warming up: caches fill, pools of memory find their size.
    Behind it the slope of the memory (Theil-Sen: the median over all pairs of samples, which a few
    outliers do not move) may be :data:`BYTES_PER_MESSAGE`. Of threads, descriptors and sockets the
    median of the last third must not be above that of the second; a median, as a look may fall on
    the moment in which a client is exchanged for another.

    Args:
        samples: In order of time.
        rate: Messages a second.
        verdict: Gets what must not be.

    Returns:
        What was seen.
    """
    verdict.expect("growth of memory", "growth of threads", "growth of descriptors")
    verdict.expect("growth of sockets")
    third = len(samples) // 3
    if third < _FEWEST:
        verdict.found("too few samples", len(samples))
        return []
    warm, second, last = samples[third:], samples[third : 2 * third], samples[2 * third :]
    slope = median(
        (later.memory - earlier.memory) / (later.seconds - earlier.seconds)
        for earlier, later in combinations(warm, 2)
    )
    hourly = slope * 3600 / _MIB
    seen = (
        f"memory {median(each.memory for each in second) / _MIB:.1f} MiB in the second third, "
        f"{median(each.memory for each in last) / _MIB:.1f} MiB in the last; slope "
        f"{slope / rate:+.2f} bytes a message, {hourly:+.2f} MiB an hour"
    )
    if slope / rate > BYTES_PER_MESSAGE:
        verdict.found("growth of memory", seen)
    notes = [f"{len(samples)} samples, {len(warm)} of them warm", *_shown(samples), seen]
    for name in ("threads", "descriptors", "sockets"):
        before, after = (median(getattr(each, name) for each in part) for part in (second, last))
        notes.append(f"{name}: median {before:g} in the second third, {after:g} in the last")
        if after > before:
            verdict.found(f"growth of {name}", notes[-1])
    return notes


def _shown(samples: Sequence[Sample]) -> list[str]:
    """Some of the samples, over the whole time."""
    shown = {len(samples) * part // _SHOWN: None for part in range(_SHOWN)} | {-1: None}
    return [
        f"after {each.seconds / 60:4.1f} minutes: {each.memory / _MIB:.1f} MiB, "
        f"{each.threads} threads, {each.descriptors} descriptors, {each.sockets} of them sockets"
        for each in (samples[index] for index in shown)
    ]
