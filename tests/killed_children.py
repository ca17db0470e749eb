"""Children that are killed at a line of what writes, in scripts.

A script is a process of its own, since it forks: pytest's process may have threads. It prints how
many children it killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

__all__ = ["is_killed", "kills_of"]


def kills_of(script: Path, *arguments: object) -> int:
    """How many children a script killed."""
    done = subprocess.run(  # noqa: S603 - this interpreter and a script of the tests
        [sys.executable, str(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def is_killed(action: Callable[[], object], step: int, files: Collection[str]) -> bool:
    """Whether a child was killed before its work ended.

    Args:
        action: Its work.
        step: The line of its work where it is killed, from 1; 0 for none.
        files: The files whose lines count, on all threads.
    """
    child = os.fork()
    if child == 0:
        if step:
            _kill_at(step, files)
        try:
            action()
        except BaseException:  # noqa: BLE001 - shown by the test that runs the script
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in {0, -signal.SIGKILL}, (step, code)
    return code != 0


def _kill_at(step: int, files: Collection[str]) -> None:
    """Kill this process at that line."""
    lines = 0

    def trace(frame: Any, event: str, _argument: object) -> Any:
        nonlocal lines
        if frame.f_code.co_filename not in files:
            return None
        if event == "line":
            lines += 1
            if lines == step:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    threading.settrace(trace)
    sys.settrace(trace)
