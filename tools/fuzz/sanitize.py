"""``python -m fuzz.sanitize``: the native engines under AddressSanitizer and UBSan.

The extensions are built with both into ``build/sanitize``, never into the source tree; then
the tests of codec, columns and clients, and the fuzzer's seeds, whole and damaged, run on them. A
report of either sanitizer ends the process, and so the run.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_SCRATCH = Path("build/sanitize")
_FLAGS = "-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g1 -O1"
_BOUNDED = [
    "tests/codec/test_broken_bytes.py::test_broken",
    "tests/codec/test_broken_bytes.py::test_deep_nesting",
    "tests/codec/test_engines.py::test_changed_while_encoded",
    "tests/codec/test_garbage_collection.py",
    "tests/codec/test_limits.py",
    "tests/columns/test_encode_refused.py",
    "tests/columns/test_handover.py",
]
_CLIENTS = [
    "tests/kafka/test_assembly.py",
    "tests/kafka/test_batches.py",
    "tests/kafka/test_sending.py",
]
# The sanitizer keeps what was freed for a while, so that the process grows whether or not it leaks.
_WITHOUT = ["--deselect", "tests/columns/test_handover.py::test_memory_comes_back"]
_LIBRARIES = ("libasan.so", "libubsan.so")


def main() -> None:
    """Build, run the tests, then judge damaged seeds for a while."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.sanitize", description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000, help="how many to judge (20,000)")
    parser.add_argument("--bounded", action="store_true", help="leave the property tests out")
    parser.add_argument("--judge", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.judge:
        _judge(options.inputs)
        return
    compiler = os.environ.get("CC", "gcc")
    if shutil.which(compiler) is None:
        print(f"SKIPPED: no sanitizers without a compiler ({compiler} is not here)")
        return
    _build(compiler)
    environment = _environment(compiler)
    tests = _BOUNDED if options.bounded else ["tests/codec", "tests/columns"]
    python = [sys.executable, "-X", "faulthandler"]
    pytest = [*python, "-m", "pytest", "-q", "--capture=sys", "-p", "no:cacheprovider"]
    _run([*pytest, "--hypothesis-profile=searching", *tests, *_CLIENTS, *_WITHOUT], environment)
    _run([*python, "-m", "fuzz.sanitize", "--judge", f"--inputs={options.inputs}"], environment)


def _run(command: list[str], environment: dict[str, str]) -> None:
    print("+", " ".join(command[1:]), flush=True)
    status = subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - our own commands
    if status:
        sys.exit(f"FAILED under the sanitizers, see above (exit status {status})")


def _build(compiler: str) -> None:
    shutil.rmtree(_SCRATCH, ignore_errors=True)
    shutil.copytree(
        "src", _SCRATCH / "src", ignore=shutil.ignore_patterns("*.so", "*.c", "__pycache__")
    )
    for name in ("setup.py", "setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(name, _SCRATCH)
    environment = {**os.environ, "CC": compiler, "CFLAGS": _FLAGS, "LDFLAGS": _FLAGS}
    # A compiler without sanitizers must not pass for a clean run: so not optional here.
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
        command += ["--no-deps", "--wheel-dir", folder, str(_SCRATCH)]
        subprocess.run(command, env=environment, check=True)  # noqa: S603 - our own command
        (wheel,) = Path(folder).glob("*.whl")
        shutil.rmtree(_SCRATCH / "src")
        shutil.unpack_archive(wheel, _SCRATCH / "src", "zip")


def _environment(compiler: str) -> dict[str, str]:
    libraries = [
        subprocess.run(  # noqa: S603 - our own command
            [compiler, f"-print-file-name={name}"], check=True, capture_output=True, text=True
        ).stdout.strip()
        for name in _LIBRARIES
    ]
    return {
        **os.environ,
        "STREAMCONTRACT_ENGINE": "native",
        "PYTHONPATH": str((_SCRATCH / "src").resolve()),
        "LD_PRELOAD": " ".join(libraries),
        # Python's small blocks are then each a block of malloc's, with red zones around it.
        "PYTHONMALLOC": "malloc",
        # What the interpreter never frees is no leak of ours; `make leaks` looks for those.
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0:detect_stack_use_after_return=0",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    }


def _judge(count: int) -> None:
    """Judge seeds, each damaged in one way or another; always the same ones."""
    from fuzz.inputs import judge_input, write_seeds  # noqa: PLC0415 - the other process needs none
    from fuzz.oracle import engines  # noqa: PLC0415
    from streamcontract.codec import _native  # noqa: PLC0415

    assert "native" in engines()
    assert str(_SCRATCH) in _native.__file__, f"{_native.__file__} is not what was built here"
    folder = _SCRATCH / "seeds"
    write_seeds(folder)
    seeds = [path.read_bytes() for path in sorted(folder.iterdir())]
    # Those that grew in the fuzzer know more ways.
    seeds += [path.read_bytes() for path in sorted(Path("build/fuzz/corpus").glob("*"))]
    chance = random.Random(count)  # noqa: S311 - to be repeatable
    for number in range(count):
        judge_input(_damaged(seeds[number % len(seeds)], chance))
    print(f"{count} inputs judged under the sanitizers, no report")


def _damaged(data: bytes, chance: random.Random) -> bytes:
    broken = bytearray(data)
    for _ in range(chance.randrange(4)):
        if len(broken) > 2:
            broken[chance.randrange(2, len(broken))] = chance.choice((0, 1, 2, 0x7F, 0x80, 0xFF))
    broken[1:2] = b"\0"  # memory is not counted here: every block is larger
    return bytes(broken[: chance.randrange(len(broken) + 1)] if chance.random() < 0.3 else broken)


if __name__ == "__main__":
    main()
