"""Each example runs as a user runs it: a process of its own, told of the stack by two variables."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streamcontract.testing.fixtures.stacks import Stack, start_stack
from streamcontract.testing.plugin import stack_kind

EXAMPLES = Path(__file__).parents[2] / "examples"
Run = Callable[..., str]


@pytest.fixture(scope="module")
def stack(pytestconfig: pytest.Config) -> Iterator[Stack]:
    """A stack for one test module: examples name their topics themselves, and share them."""
    with start_stack(stack_kind(pytestconfig)) as stack:
        yield stack


@pytest.fixture
def run_example(stack: Stack) -> Run:
    """Give a function that runs one example to its end and returns what it printed."""

    def run(script: str, *arguments: str) -> str:
        path = EXAMPLES / script
        result = subprocess.run(  # noqa: S603 - the project's own scripts
            [sys.executable, path.name, *arguments],
            cwd=path.parent,
            env=os.environ | stack.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert result.returncode == 0, f"{script}:\n{result.stdout}\n{result.stderr}"
        return result.stdout

    return run
