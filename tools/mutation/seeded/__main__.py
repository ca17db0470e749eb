"""Apply each seeded fault to a copy of the tree and see that the tests named for it fail.

``python -m mutation.seeded [WORD ...]`` applies those whose names hold one of the words, or all.
The exit code is 1 if a fault survives, no longer applies, or breaks more than the tests can tell.
"""

from __future__ import annotations

import queue
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

from mutation.scratch import ROOT, pytest, scratch_tree

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

WORKERS: Final = 2
TIMEOUT: Final = 300.0
_FAILED: Final = 1  # pytest's exit code where tests ran and failed (pytest.ExitCode)


class SeededFault(NamedTuple):
    """One wrong change.

    Attributes:
        name: What is wrong, in words.
        file: The file it is in.
        old: The text to replace, which occurs once there.
        new: What replaces it.
        tests: Files or node ids of the tests that have to catch it.
        engine: The codec's engine to run them on; empty for the default.
    """

    name: str
    file: str
    old: str
    new: str
    tests: list[str]
    engine: str = ""


def load() -> list[SeededFault]:
    """The table of faults."""
    text = Path(__file__).with_name("faults.toml").read_text("utf-8")
    return [SeededFault(**row) for row in tomllib.loads(text)["fault"]]


def stale(faults: list[SeededFault]) -> list[str]:
    """What can no longer be applied, and why."""
    found = []
    for fault in faults:
        count = (ROOT / fault.file).read_text("utf-8").count(fault.old)
        if count != 1:
            found.append(f"{fault.name}: its text stands {count} times in {fault.file}, not once")
        missing = [test for test in fault.tests if not (ROOT / test.partition("::")[0]).exists()]
        if missing:
            found.append(f"{fault.name}: there is no {', '.join(missing)}")
    return found


def try_fault(fault: SeededFault, tree: Path) -> str:
    """Apply a fault to a copy, run its tests, and take it back; gives what became of it."""
    path = tree / fault.file
    text = path.read_text("utf-8")
    path.write_text(text.replace(fault.old, fault.new), "utf-8")
    try:
        code, output = pytest(tree, ["-n", "0", "-x", *fault.tests], fault.engine, timeout=TIMEOUT)
    finally:
        path.write_text(text, "utf-8")
    match code:
        case 0:
            return "SURVIVED" if " passed" in output else "SURVIVED: its tests were skipped"
        case None:
            return "caught (the tests did not end)"
        case code if code == _FAILED:
            return f"caught by {_first_failure(output)}"
        case _:
            return f"BROKEN: pytest ended with {code}\n{output[-2000:]}"


def _first_failure(output: str) -> str:
    for line in output.splitlines():
        if line.startswith(("FAILED ", "ERROR ")):
            return line.split()[1].rpartition("::")[2].partition("[")[0]
    return "a test"


def main(words: list[str]) -> int:
    """Try the faults and print a line for each."""
    faults = [fault for fault in load() if not words or any(word in fault.name for word in words)]
    problems = stale(faults)
    if problems or not faults:
        print(*problems or ["no fault has such a name"], sep="\n")
        return 1
    with ExitStack() as stack:
        trees: queue.Queue[Path] = queue.Queue()
        for _ in range(WORKERS):
            trees.put(stack.enter_context(scratch_tree()))
        tests = sorted({test.partition("::")[0] for fault in faults for test in fault.tests})
        tree = trees.get()
        code, output = pytest(tree, ["-n", str(WORKERS), *tests], timeout=TIMEOUT * 4)
        trees.put(tree)
        if code != 0:
            print("The tests fail without any fault:", output[-4000:], sep="\n")
            return 1

        def attempt(fault: SeededFault) -> str:
            own = trees.get()
            try:
                return try_fault(fault, own)
            finally:
                trees.put(own)

        width = max(len(fault.name) for fault in faults)
        survivors = 0
        with ThreadPoolExecutor(WORKERS) as pool:
            for fault, verdict in zip(faults, pool.map(attempt, faults), strict=True):
                survivors += not verdict.startswith("caught")
                print(f"{fault.name:{width}}  {verdict}", flush=True)
    print(f"\n{len(faults) - survivors} of {len(faults)} seeded faults were caught")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
