"""``python -m fuzz.leaks``: nothing grows, however many messages go through.

Records that are taken, and values and bytes that are refused, go through each engine in rounds.
After a round everything must be as it was before it: the references to the singletons, classes,
keys and values that each record has in common, the objects that the garbage collector knows, the
blocks that Python's allocator has handed out. What lies outside of that allocator shows in the
memory of the process, whose growth over all rounds must stay far below a byte for each message.
"""

from __future__ import annotations

import argparse
import decimal
import gc
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import attrs

from fuzz.oracle import engines, outcome
from fuzz.pool import POOL
from streamcontract import Codec, Limits, Stock
from streamcontract.codec.engine import ENGINE_VARIABLE

__all__ = ["growth", "main"]

_ROUNDS = 5
_SLACK_REFERENCES = 3
"""What the interpreter itself may hold more after a round: a frame, a line of a cache."""
_SLACK_KIB = 2_048
"""Pages that the allocator keeps, by chance, however many messages there were."""

_Counts = dict[str, int]


@attrs.frozen
class _Work:
    """One thing that is done over and over again, and what it shares with every other time."""

    name: str
    run: Callable[[], None]
    shared: tuple[tuple[str, Any], ...]


def main() -> None:
    """Look for growth on each engine; exit 1 if there is any."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.leaks", description=__doc__)
    parser.add_argument(
        "--records", type=int, default=1_000_000, help="messages in all (1,000,000)"
    )
    options = parser.parse_args()
    found = []
    for engine in engines():
        works = _works(engine)
        times = max(1, options.records // (len(works) * _ROUNDS))
        for work in works:
            grown = growth(work.run, dict(work.shared), times)
            print(f"{engine}: {work.name}: {times * _ROUNDS} times, {grown or 'nothing grew'}")
            found += [f"{engine}: {work.name}: {each}" for each in grown]
    if found:
        sys.exit("\n".join(["LEAKS:", *found]))


def growth(run: Callable[[], None], shared: dict[str, Any], times: int) -> list[str]:
    """What has grown when something was done over and over again, in words; empty if nothing."""
    for _ in range(times):  # the first round fills caches and pools
        run()
    # As many lists of counts are alive when it is counted anew below, and take the same memory.
    spare: _Counts | None = _counts(shared)
    before, memory = _counts(shared), _memory_kib()
    # Growth by chance is seen in one round or two; a leak in each, and more than a few of it.
    slack = _SLACK_REFERENCES * _ROUNDS
    for _ in range(_ROUNDS):
        for _ in range(times):
            run()
    spare = None  # noqa: F841 - see above
    after = _counts(shared)
    grown = []
    for name, count in before.items():
        more = after[name] - count
        # Fewer references are as bad: the object would be gone while others still hold it.
        if more > slack or (name.startswith("references") and more < -slack):
            grown.append(f"{name} by {more}")
    pages = _memory_kib() - memory
    return [*grown, f"memory by {pages} KiB"] if pages > _SLACK_KIB else grown


def _counts(shared: dict[str, Any]) -> _Counts:
    gc.collect()
    counts = {f"references to {name}": sys.getrefcount(each) for name, each in shared.items()}
    counts["objects of the collector"] = len(gc.get_objects())
    counts["blocks of memory"] = sys.getallocatedblocks()
    return counts


def _memory_kib() -> int:
    """What the process takes now, or, where the system does not tell, took at most."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() // 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak  # bytes there, KiB elsewhere


# ---- what is done


def _works(engine: str) -> list[_Work]:
    """Encoding and decoding, taken and refused, of every shape that the fuzzer has."""
    works = []
    with mock.patch.dict(os.environ, {ENGINE_VARIABLE: engine}):
        for name, source, value in _records():
            works += _of_record(name, Codec(source), value)
        works += _of_evolved()
        works.append(_of_prefixes())
    return works


def _records() -> list[tuple[str, Any, Any]]:
    readers = {pair.name: pair.reader for pair in POOL}
    stock = Codec(Stock).decode(_stock_bytes())
    node: Any = None
    for number in range(20):
        node = {"value": number, "next": node}
    tree = {"name": "é" * 300, "inner": [], "named": {"none": None}}
    return [
        ("stock", Stock, stock),
        ("list", readers["list"], node),
        ("tree", readers["tree"], {**tree, "inner": [tree, tree], "named": {"a": tree}}),
        ("union", readers["union"], {"x": 1, "y": 2, "color": "red"}),
        ("deep types", readers["deep types"], [{"k": [[{"k": [1, 2]}], None]}]),
        (
            "money",
            {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
            decimal.Decimal("1.25"),
        ),
    ]


def _stock_bytes() -> bytes:
    from fuzz.inputs import seeds_of  # noqa: PLC0415 - needs Hypothesis, for this only

    return seeds_of([pair.name for pair in POOL].index("stock"))[0]


def _of_record(name: str, codec: Codec[Any], value: Any) -> list[_Work]:
    data = codec.encode(value)
    cut, wrong, unending = data[:-1], object(), data + b"\0"
    plain = codec.decode(data)
    shared = (
        ("None", None),
        ("True", True),
        ("the value", value),
        ("its bytes", data),
        ("its class", type(value)),
        ("what was decoded", plain),
        ("cut bytes", cut),
        ("a value refused", wrong),
    )
    keys = tuple((f"key {key!r}", key) for key in value) if isinstance(value, dict) else ()

    def refused() -> None:
        outcome(codec.decode, cut)
        outcome(codec.decode, unending)
        outcome(codec.encode, wrong)

    return [
        _Work(f"{name} encoded", lambda: _drop(codec.encode(value)), (*shared, *keys)),
        _Work(f"{name} decoded", lambda: _drop(codec.decode(data)), (*shared, *keys)),
        _Work(f"{name} refused", refused, (*shared, *keys)),
    ]


def _of_evolved() -> list[_Work]:
    from fuzz.inputs import seeds_of  # noqa: PLC0415 - as above

    works = []
    for index, pair in enumerate(POOL):
        if pair.written is None:
            continue
        decode = Codec[Any](pair.reader, limits=Limits()).decoder(pair.writer, pair.start)
        seeds = seeds_of(index)
        counter = iter(range(sys.maxsize))

        def run(
            decode: Callable[[bytes], Any] = decode,
            seeds: list[bytes] = seeds,
            counter: Any = counter,
        ) -> None:
            outcome(decode, seeds[next(counter) % len(seeds)])

        shared = tuple((f"seed {i}", seed) for i, seed in enumerate(seeds))
        works.append(_Work(f"{pair.name} decoded or refused", run, (("None", None), *shared)))
    return works


def _of_prefixes() -> _Work:
    """A codec's encoders are made anew for each prefix: none may stay behind."""
    codec: Codec[str] = Codec("string")
    text = "a" * 40

    def run() -> None:
        _drop(codec.encoder(b"\0\0\0\0\1")(text))

    return _Work("encoder made anew", run, (("None", None), ("a text", text)))


def _drop(_: object) -> None:
    """What is done only for its effects."""


if __name__ == "__main__":
    main()
