"""Guard script, which ends servers that would outlive the Python process that started them.

``watch FOLDER`` leads a process group and waits. If the pipe on its standard input breaks, the
process at the other end has died without closing: the whole group is killed and the folder
deleted. ``join GROUP COMMAND ...`` becomes the command, as a member of that group.

It imports nothing of the package, so that it starts in milliseconds. It sets groups itself because
``subprocess`` can do so only from Python 3.11 on, or between fork and exec in a process with
threads.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys


def watch(folder: str) -> None:
    """Wait for a word, which means a clean end, or for the end of the pipe."""
    os.setpgid(0, 0)
    os.write(1, b"!")  # from now on there is a group to join
    if os.read(0, 1):
        return
    group = os.getpgrp()
    if os.fork() == 0:
        os.setsid()  # leaves the group, to outlive it
        os.killpg(group, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)  # no process is left to report an error to


def join(group: str, *command: str) -> None:
    """Become the command."""
    os.setpgid(0, int(group))
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    if sys.argv[1] == "watch":
        watch(sys.argv[2])
    else:
        join(*sys.argv[2:])
