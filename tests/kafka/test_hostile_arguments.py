"""Hostile arguments: no crash, no hang, and no error but the library's own."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "examples", [2, pytest.param(60, marks=pytest.mark.searching)], ids=["some", "many"]
)
def test_no_argument_crashes_hangs_or_raises_a_bare_error(examples: int) -> None:
    """In a process of its own, which C code may end; the last lines name the call it died in."""
    command = [sys.executable, "-m", "tests.kafka.hostile_arguments", str(examples), "0"]
    tried = subprocess.run(  # noqa: S603 - it is the module beside this one
        command, capture_output=True, text=True, timeout=600, check=False
    )
    assert tried.returncode == 0, tried.stdout + tried.stderr[-2000:]
    assert not tried.stdout
