"""Each example runs as a user runs it: a process of its own, told of the stack by two variables."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from streamcontract.testing.fixtures.stacks import RunningStack, Stack, start_stack
from streamcontract.testing.plugin import stack_kind

EXAMPLES = Path(__file__).parents[2] / "examples"
Run = Callable[..., str]


@pytest.fixture(scope="module")
def stack(pytestconfig: pytest.Config) -> Iterator[Stack]:
    """A stack for one test module: examples name their topics themselves, and share them."""
    with start_stack(stack_kind(pytestconfig)) as stack:
        if not isinstance(stack, RunningStack):
            yield stack
            return
        # It is no module's own: what one module's examples made is not there for the next.
        admin = AdminClient({"bootstrap.servers": stack.bootstrap_servers})
        before = set(admin.list_topics(timeout=30).topics)
        yield stack
        made = sorted(set(admin.list_topics(timeout=30).topics) - before)
        for deleted in admin.delete_topics(made, operation_timeout=30).values() if made else ():
            deleted.result()


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
