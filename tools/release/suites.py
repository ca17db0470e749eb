"""The test suite on each interpreter, in an environment of its own below ``.venvs``."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

from release.environments import clean_variables, make_environment
from release.interpreters import ROOT, VENVS, find

if TYPE_CHECKING:
    from collections.abc import Sequence

    from release.interpreters import Interpreter


def run_suite(interpreter: Interpreter) -> str | None:
    """Run the suite on one interpreter.

    Returns:
        None if it passed, else what failed.
    """
    environment = VENVS / interpreter.minor
    try:
        make_environment(interpreter, environment)
    except subprocess.CalledProcessError as error:
        return f"no environment ({error})"
    variables = [f"PYTHON={interpreter.path}", f"VENV={environment.relative_to(ROOT)}"]
    done = subprocess.run(  # noqa: S603 - the Makefile of this project
        ["make", "test", *variables],  # noqa: S607 - the make that runs this
        cwd=ROOT,
        env=clean_variables(),
        check=False,
    )
    return f"exit code {done.returncode}" if done.returncode else None


def main(arguments: Sequence[str]) -> int:
    """Run the suite on each, and print a line for each at the end."""
    found = find(arguments)
    lines: list[str] = []
    failed = 0
    for interpreter in found.chosen:
        print(f"\n=== {interpreter}", flush=True)
        begin = time.monotonic()
        failure = run_suite(interpreter)
        outcome = "passed" if failure is None else f"FAILED: {failure}"
        failed += failure is not None
        lines.append(f"{interpreter}: {outcome} ({time.monotonic() - begin:.0f} s)")
    print("\n".join(["", *lines, *found.closing_lines()]))
    return 1 if failed or not found.chosen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
