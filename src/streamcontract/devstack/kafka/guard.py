"""Run as a script: ends servers that would outlive the Python process that started them.

``watch FOLDER`` leads a process group and waits. When the pipe on its standard input breaks, the
process at its other end has died without closing: the whole group is killed and the folder
deleted. ``join GROUP COMMAND ...`` becomes the command, as a member of that group.

A file of its own that imports nothing of the package, so that it starts in milliseconds. It sets
groups itself because ``subprocess`` can do so only from Python 3.11 on, or between fork and exec in
a process with threads.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys


def watch(folder: str) -> None:
    """Wait for a word, which means that all is well, or for the end of the pipe."""
    os.setpgid(0, 0)
    os.write(1, b"!")  # only now there is a group to join
    if os.read(0, 1):
        return
    group = os.getpgrp()
    if os.fork() == 0:
        os.setsid()  # out of the group, to outlive it
        os.killpg(group, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)  # nobody is left to tell


def join(group: str, *command: str) -> None:
    """Become the command."""
    os.setpgid(0, int(group))
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    if sys.argv[1] == "watch":
        watch(sys.argv[2])
    else:
        join(*sys.argv[2:])
