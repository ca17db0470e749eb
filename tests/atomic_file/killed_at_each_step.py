"""A script: kills a child at each line of ``atomic_file`` while a command of the library writes.

``python killed_at_each_step.py FOLDER WRITER`` prints at how many lines it did. After each kill the
file holds the old text or the new one whole, and at most one file lies beside it; when the writer
runs once more, the file has the new text and nothing lies beside it.

A process of its own, since it forks: pytest's process may have threads.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamcontract import atomic_file
from streamcontract.codegen import FileChange, remove_drafts, write
from streamcontract.devstack.registry.changes import set_level
from streamcontract.devstack.registry.store import Store
from streamcontract.devstack.registry.values import whole
from streamcontract.registry.lock import Lock
from streamcontract.registry.lockfile import write_locks
from streamcontract.registry.protocol import parse_level

if TYPE_CHECKING:
    from collections.abc import Callable


def _generate(path: Path, content: str) -> None:
    write([FileChange(path, None, content)])
    remove_drafts(path.parent)


def _lock(path: Path, content: str) -> None:
    write_locks(path, [Lock(environment=content, contracts={}, schemas={})])


def _registry(path: Path, content: str) -> None:
    store = Store(path)
    store.apply(lambda state: set_level(state, whole("."), parse_level(content)))
    store.close()


WRITERS: dict[str, tuple[Callable[[Path, str], None], str, str]] = {
    "generate": (_generate, "old\n", "new\n"),
    "lock": (_lock, "old", "new"),
    "registry": (_registry, "FULL", "NONE"),
}


def main(folder: Path, name: str) -> None:
    """Kill at the first line, at the second, and so on, until the writer comes to its end."""
    write_it, old, new = WRITERS[name]
    path = folder / "a.py"
    write_it(path, new)
    after = path.read_bytes()
    write_it(path, old)
    before = path.read_bytes()
    expected = {entry.name for entry in folder.iterdir()}
    step = 1
    while _is_killed(lambda: write_it(path, new), step):
        assert path.read_bytes() in {before, after}, step
        left = {entry.name for entry in folder.iterdir()} - expected
        assert len(left) <= 1, (step, left)
        for content in (new, old):  # where the kill came after the rename, this is no change
            write_it(path, content)
            assert {entry.name for entry in folder.iterdir()} == expected, step
        assert path.read_bytes() == before, step
        step += 1
    assert path.read_bytes() == after
    sys.stdout.write(str(step - 1))


def _is_killed(action: Callable[[], None], step: int) -> bool:
    """Whether a child was killed at that line of its work, before it ended."""
    child = os.fork()
    if child == 0:
        _kill_at(step)
        action()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in {0, -signal.SIGKILL}, code
    return code != 0


def _kill_at(step: int) -> None:
    lines = 0

    def trace(frame: Any, event: str, _argument: object) -> Any:
        nonlocal lines
        if frame.f_code.co_filename != atomic_file.__file__:
            return None
        if event == "line":
            lines += 1
            if lines == step:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
