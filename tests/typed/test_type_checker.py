"""What ``mypy --strict`` refuses of ``misuses.py``: each line that says so, and no other."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

MISUSES = Path(__file__).with_name("misuses.py")
COMMENT = re.compile(r"  # type: ignore\[([a-z-]+)\]$")


@pytest.mark.searching
def test_each_misuse_is_refused_where_its_comment_stands(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """The comments are taken away for it; that none is too many, ``make check`` finds."""
    lines = MISUSES.read_text(encoding="utf-8").splitlines()
    expected = {
        (number, found[1])
        for number, line in enumerate(lines, 1)
        if (found := COMMENT.search(line))
    }
    bare = tmp_path / "bare.py"
    bare.write_text("\n".join(COMMENT.sub("", line) for line in lines) + "\n", encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", str(bare)],
        cwd=pytestconfig.rootpath,
        capture_output=True,
        text=True,
        check=False,
    )
    errors = re.findall(r"bare\.py:(\d+): error: .*  \[([a-z-]+)\]$", done.stdout, re.MULTILINE)
    assert {(int(line), code) for line, code in errors} == expected, done.stdout + done.stderr
    assert len(expected) > 20
