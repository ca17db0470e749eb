"""docs/testing.md is walked through from its first line to its last, in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs.markdown import REPOSITORY, blocks

_FAILS = "exits with 1"


def _environment() -> dict[str, str]:
    return os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "CI": "true",  # Hypothesis has no deadline there, which a busy machine would miss
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": "Reader",
        "GIT_AUTHOR_EMAIL": "reader@example.com",
        "GIT_COMMITTER_NAME": "Reader",
        "GIT_COMMITTER_EMAIL": "reader@example.com",
    }


@pytest.mark.searching  # many processes; tests/testing/test_suite.py has the same in this one
def test_every_step_of_the_page(tmp_path: Path) -> None:
    """Its files are written, its commands run in order, and what they print is what it shows."""
    printed = ""
    ran = 0
    for block in blocks(REPOSITORY / "docs" / "testing.md"):
        if block.title is not None:
            path = tmp_path / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, "utf-8")
        for line in block.text.splitlines() if block.language == "console" else ():
            command, _, comment = line.removeprefix("$ ").partition("  # ")
            done = subprocess.run(  # noqa: S602 - the commands of the project's own page
                command,
                shell=True,
                cwd=tmp_path,
                env=_environment(),
                capture_output=True,
                text=True,
                check=False,
            )
            printed = done.stdout
            assert done.returncode == (_FAILS in comment), f"{command}\n{printed}\n{done.stderr}"
            ran += 1
        if block.language == "text" and ran and printed:
            pattern = ".*".join(
                re.escape(part) for part in re.split(r"\s*\.\.\.\s*", block.text.strip())
            )
            assert re.search(pattern, printed, re.DOTALL), f"{block.text}\nis not in:\n{printed}"
        if block.language != "console":
            printed = ""  # only the block behind a command shows what it prints
    assert ran
