"""A script: kills a child at each line of what writes files while a command of the library does.

``python killed_at_each_step.py FOLDER WRITER`` prints at how many lines it did. After each kill the
file holds the old content or the new one whole, and at most one file lies beside it; when the
writer runs once more, the file has the new content and nothing lies beside it.

A process of its own, since it forks: pytest's process may have threads.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.killed_children import is_killed

from streamcontract import atomic_file
from streamcontract.codegen import FileChange, remove_drafts, write
from streamcontract.devstack.registry import journal, snapshot
from streamcontract.devstack.registry.changes import set_level
from streamcontract.devstack.registry.state import State
from streamcontract.devstack.registry.store import Store
from streamcontract.devstack.registry.values import whole
from streamcontract.registry.lock import Lock
from streamcontract.registry.lock_file import write_locks
from streamcontract.registry.protocol import parse_level

if TYPE_CHECKING:
    from collections.abc import Callable


def _generate(path: Path, content: str) -> None:
    write([FileChange(path, None, content)])
    remove_drafts(path.parent)


def _lock(path: Path, content: str) -> None:
    write_locks(path, [Lock(environment=content, contracts={}, schemas={})])


def _registry(path: Path, content: str) -> None:
    """A start, which brings the changes of the run before into the state, and a change."""
    store = Store(path)
    store.apply(lambda state: set_level(state, whole("."), parse_level(content)))
    store.close()


def _state(path: Path) -> object:
    """What a registry reads, which is not to touch the file itself."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "copy")
        copy.write_bytes(path.read_bytes())
        return snapshot.dump(journal.Journal(copy).read(State()))


WRITERS: dict[str, tuple[Callable[[Path, str], None], str, str, Callable[[Path], object]]] = {
    "generate": (_generate, "old\n", "new\n", Path.read_bytes),
    "lock": (_lock, "old", "new", Path.read_bytes),
    "registry": (_registry, "FULL", "NONE", _state),
}

WRITING = {atomic_file.__file__, journal.__file__}


def main(folder: Path, name: str) -> None:
    """Kill at the first line, at the second, and so on, until the writer comes to its end."""
    write_it, old, new, read = WRITERS[name]
    path = folder / "a.py"
    write_it(path, new)
    after = read(path)
    write_it(path, old)
    before = read(path)
    expected = {entry.name for entry in folder.iterdir()}
    step = 1
    while is_killed(lambda: write_it(path, new), step, WRITING):
        assert read(path) in [before, after], step
        left = {entry.name for entry in folder.iterdir()} - expected
        assert len(left) <= 1, (step, left)
        for content in (new, old):  # where the kill came after the rename, this is no change
            write_it(path, content)
            assert {entry.name for entry in folder.iterdir()} == expected, step
        assert read(path) == before, step
        step += 1
    assert read(path) == after
    sys.stdout.write(str(step - 1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
