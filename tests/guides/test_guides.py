"""Guides into other engines and frameworks: their files and commands, run as the pages show them.

A guide is a shell session: each titled block is a file, each line after ``$`` is run, and the lines
after it are what is printed, in order; ``...`` is any text.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest
from tests.docs.markdown import GUIDES, REPOSITORY, blocks

from benchmarks.spark_session import spark_jars
from streamcontract.devstack.kafka.java import find_java
from streamcontract.errors import StackError
from streamcontract.testing.fixtures.stacks import Stack
from streamcontract.testing.plugin import stack_kind

PATIENCE_S: Final = 900.0
_PACKAGES: Final = re.compile(r"--packages \S+")


@pytest.mark.parametrize("name", GUIDES)
def test_a_guide(
    name: str, pytestconfig: pytest.Config, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Every file and command of the page works, and prints what the page shows."""
    if stack_kind(pytestconfig) != "kafka":
        pytest.skip("needs --streamcontract-stack=kafka (make test-guides)")
    if find_spec(GUIDES[name]) is None:
        pytest.skip(f"docs/{name}.md: {GUIDES[name]} has no package for this Python")
    script, promised = _session(REPOSITORY / "docs" / f"{name}.md", tmp_path)
    if name == "spark":
        script = _PACKAGES.sub(f"--jars {_connector()}", script)
    printed = _run(script, tmp_path, request.getfixturevalue("streamcontract_stack"))
    at = 0
    for line in promised:
        pattern = ".*".join(map(re.escape, line.split("...")))
        found = re.compile(pattern).search(printed, at)
        assert found is not None, f"{line!r} is not in:\n{printed[at:]}"
        at = found.end()


def _session(page: Path, folder: Path) -> tuple[str, list[str]]:
    """The commands of a page as one script, and what they print; its files are written."""
    commands, promised = ["set -e -m"], []
    for block in blocks(page):
        if block.title is not None:
            path = folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, "utf-8")
        elif block.language == "console":
            commands += block.commands
            lines = block.text.splitlines()
            promised += [line for line in lines if line and not line.startswith("$ ")]
    return "\n".join(commands), promised


def _connector() -> str:
    """The files that the page lets Spark download, from the cache."""
    try:
        return spark_jars()
    except StackError as error:
        pytest.skip(f"docs/spark.md: {error}")


def _run(script: str, folder: Path, stack: Stack) -> str:
    """What a script prints; all that it started has ended."""
    scripts = [str(Path(sys.executable).parent), str(REPOSITORY / ".venv" / "bin")]
    environment = {
        **os.environ,
        **stack.environment,
        "PATH": os.pathsep.join([*scripts, os.environ["PATH"]]),
        "JAVA_HOME": str(find_java().path.resolve().parents[1]),
        "PYTHONPATH": str(folder),
        "PYTHONUNBUFFERED": "1",
        "RAY_USAGE_STATS_ENABLED": "0",  # else it reports to its makers
    }
    with subprocess.Popen(  # noqa: S603 - the project's own documentation
        ["/bin/bash", "-c", script],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            printed, errors = process.communicate(timeout=PATIENCE_S)
        finally:
            _end_session(process.pid)
    assert process.returncode == 0, f"{printed}\n{errors[-5_000:]}"
    return printed


def _end_session(number: int) -> None:
    """End a shell and its jobs, which have process groups of their own."""
    listed = subprocess.check_output(["ps", "-eo", "pid=,sess="], text=True)  # noqa: S607 - the PATH's
    for line in listed.splitlines():
        process, session = map(int, line.split())
        if session == number:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
