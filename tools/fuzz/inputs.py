"""What the fuzzer's inputs mean: the first byte names a pair, the second asks for more checks."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.oracle import Judge
from fuzz.pool import POOL
from streamcontract import Codec
from streamcontract.testing.strategies import from_schema

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["judge_input", "seeds_of", "write_seeds"]

_SEEDS_OF_A_PAIR = 12
_LONGEST_SEED = 600
_WITH_MEMORY = 1


@functools.cache
def _judge(index: int) -> Judge:
    return Judge(POOL[index])


def judge_input(data: bytes) -> Any:
    """Judge what one input asks for.

    Raises:
        AssertionError: The engines do not agree, or do not keep their word.
    """
    if len(data) < 2:
        return None
    judge, payload = _judge(data[0] % len(POOL)), data[2:]
    if data[1] & _WITH_MEMORY:
        judge.judge_memory(payload)
    return judge.judge(payload)


def write_seeds(folder: Path) -> int:
    """Write what the library itself encodes for each pair into a folder; gives how many files."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for index in range(len(POOL)):
        for payload in seeds_of(index):
            header = bytes((index, count % 8 == 0))  # to count memory takes several times as long
            (folder / f"{index:02}-{count:04}").write_bytes(header + payload)
            count += 1
    return count


def seeds_of(index: int) -> list[bytes]:
    """Payloads that the library itself encodes for a pair; always the same."""
    pair = POOL[index]
    codec: Codec[Any] = Codec(
        pair.writer
    )  # with limits of its own: a seed may go beyond the pair's
    found: dict[bytes, None] = {}

    @settings(
        derandomize=True,
        database=None,
        deadline=None,
        max_examples=4 * _SEEDS_OF_A_PAIR,
        suppress_health_check=list(HealthCheck),
    )
    @given(from_schema(pair.writer, tag_unions=True), st.binary(min_size=5, max_size=5))
    def collect(value: Any, frame: bytes) -> None:
        found.setdefault(frame[: pair.start] + codec.encode(value))

    collect()
    short = sorted((each for each in found if len(each) <= _LONGEST_SEED), key=len)
    # From the shortest to the longest, evenly.
    step = max(1, len(short) // _SEEDS_OF_A_PAIR)
    return short[::-1][::step][:_SEEDS_OF_A_PAIR]
