"""The thread that writes: errors and interrupts of either side end both, and nothing is lost."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.export import fakes
from tests.export.fakes import CONTENT, export, rows_in

from streamcontract.export import writer_thread
from streamcontract.export.files import FilesTarget
from streamcontract.export.formats import format_of
from streamcontract.export.rotation import Rotation

if TYPE_CHECKING:
    from pathlib import Path

LINES = {writer_thread.__file__, fakes.__file__}


def target(folder: Path) -> FilesTarget:
    """Files of two rows each."""
    return FilesTarget(folder, CONTENT, file_format=format_of("csv"), rotation=Rotation(messages=2))


def threads() -> list[threading.Thread]:
    """Those that write."""
    return [each for each in threading.enumerate() if each.name == "streamcontract-export"]


class Interrupts:
    """Interrupts this thread at a line of what writes."""

    def __init__(self, at: int) -> None:
        self.left = at

    def trace(self, frame: Any, event: str, _argument: object) -> Any:
        """Count lines."""
        if frame.f_code.co_filename not in LINES:
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self.trace

    def __enter__(self) -> None:
        self._before = sys.gettrace()
        sys.settrace(self.trace)

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)


def test_an_interrupt_at_any_line_ends_both_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are whole, and the next run goes on after them."""
    monkeypatch.setattr(os, "fsync", lambda _: None)  # nothing here ends the machine
    was_interrupted = True
    at = 0
    while was_interrupted:
        at += 1
        folder = tmp_path / str(at)
        with target(folder) as files:
            try:
                with Interrupts(at):
                    export(files, {0: "mm", 1: "pm"}, 1)
                was_interrupted = False
            except KeyboardInterrupt:
                pass
            for each in threads():  # one whose start was interrupted has nothing to do
                each.join(10)
            assert not threads()
        with target(folder) as files:
            export(files, {0: "mm", 1: "pm"}, 1)
        assert rows_in(folder) == {0: [0, 1], 1: [1]}
    assert at > 50  # lines


class Broken(FilesTarget):
    """Files whose disk is full from a row on."""

    def write(self, batch: Any, start: int) -> None:
        """Write a batch."""
        if start >= 3:
            raise OSError(28, "No space left on device")
        super().write(batch, start)


def test_an_error_of_the_thread_is_raised(tmp_path: Path) -> None:
    """With what was written before it finished, and the rest exported by the next run."""
    options: Any = {"file_format": format_of("csv"), "rotation": Rotation(messages=2)}
    with (
        Broken(tmp_path, CONTENT, **options) as files,
        pytest.raises(OSError, match="No space left on device"),
    ):
        export(files, {0: "m" * 9}, 1)
    assert not threads()
    assert rows_in(tmp_path) == {0: [0, 1]}
    with target(tmp_path) as files:
        export(files, {0: "m" * 9}, 1)
    assert rows_in(tmp_path) == {0: list(range(9))}


@pytest.mark.parametrize("most", [0, 2**30])
def test_an_error_is_raised_by_each_step_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """A caller that goes on after it does not wait for a thread that has ended."""
    monkeypatch.setattr(writer_thread, "_MOST_WAITING", most)
    options: Any = {"file_format": format_of("csv"), "rotation": Rotation()}
    batch = next(fakes.batches("mmmm", 0, 3, 1))
    with Broken(tmp_path, CONTENT, **options) as files:
        writer = writer_thread.WriterThread(files)
        writer.__enter__()
        with contextlib.suppress(OSError):
            writer.write(batch, 3)
        while threads():
            threads()[0].join()
        for _ in range(3):
            with pytest.raises(OSError, match="No space left on device"):
                writer.write(batch, 3)
            with pytest.raises(OSError, match="No space left on device"):
                writer.finish(0, 4)
        with pytest.raises(OSError, match="No space left on device"):
            writer.__exit__(None)


def test_what_waits_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow disk holds the next batches up."""
    monkeypatch.setattr(writer_thread, "_MOST_WAITING", 1)
    waiting: list[int] = []

    class Slow(FilesTarget):
        """Notes how many steps wait."""

        def write(self, batch: Any, start: int) -> None:
            """Write a batch."""
            waiting.append(writer._steps.qsize())
            super().write(batch, start)

    options: Any = {"file_format": format_of("csv"), "rotation": Rotation()}
    with Slow(tmp_path, CONTENT, **options) as files, writer_thread.WriterThread(files) as writer:
        fakes.write(writer, {0: "m" * 20}, 1, {})
    assert len(waiting) == 20
    assert max(waiting) == 0
