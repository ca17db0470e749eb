"""Files of an export as its target: one open file for each partition, until rotation ends it."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

import attrs

from streamcontract.atomic_file import draft_beside
from streamcontract.export.evolution import with_nullable
from streamcontract.export.folder import Folder
from streamcontract.export.names import FileName, draft_names, topic_in_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from typing_extensions import Self

    from streamcontract.atomic_file import Draft
    from streamcontract.export.formats import Format, TableWriter
    from streamcontract.export.rotation import Rotation
    from streamcontract.export.target import Content, PartitionBatch

__all__ = ["FilesTarget"]


class FilesTarget:
    """Writes the messages of a topic into the files of a folder.

    Args:
        path: The folder.
        content: What the files have.
        file_format: Their format.
        rotation: Where they end.
        clock: The present in seconds, for the age of files.

    Raises:
        ConfigurationError: The folder is in use, or has something else.
        OSError: It cannot be used.
    """

    def __init__(
        self,
        path: Path,
        content: Content,
        *,
        file_format: Format,
        rotation: Rotation,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._format = file_format
        self._rotation = rotation
        self._clock = clock
        self._open: dict[int, _OpenFile] = {}
        self._finished: dict[int, list[str]] = {}
        with contextlib.ExitStack() as resources:
            self._folder = Folder(path, content, resources)
            self._content = self._folder.content
            self._resources = resources.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._resources:
            for each in self._open.values():
                self._resources.callback(each.discard)

    def next_offsets(self) -> Mapping[int, int]:
        """For each partition with a file, the offset after its last one."""
        return self._folder.next_offsets

    def starts(self) -> Mapping[int, int]:
        """Where partitions begin of which there is no file yet."""
        return self._folder.starts

    def keep_starts(self, starts: Mapping[int, int]) -> None:
        """Keep where partitions begin."""
        self._folder.keep_starts(starts)

    def files(self, partition: int) -> Sequence[str]:
        """The names of the files that were finished."""
        return tuple(self._finished.get(partition, ()))

    def write(self, batch: PartitionBatch, start: int) -> None:
        """Write a batch into the partition's files, and end each where rotation is due."""
        with self._names_folder():
            self._write(batch, start)

    def _write(self, batch: PartitionBatch, start: int) -> None:
        if self._content.nullable:
            rows = with_nullable(batch.rows, self._content.nullable)
            batch = attrs.evolve(batch, rows=rows)
        while True:
            file = self._open.get(batch.partition)
            if file is None:
                file = self._open[batch.partition] = self._begin(batch, start)
            room = self._rotation.room(file.rows)
            if room is None or len(batch.rows) <= room:
                self._add(file, batch)
                return
            head, batch = batch.cut(room)
            self._add(file, head)
            start = head.end

    def _add(self, file: _OpenFile, batch: PartitionBatch) -> None:
        """Write a batch, and end the file if rotation is due."""
        file.add(batch)
        # Tombstones alone do not say where they are.
        if batch.end > file.first and self._is_due(file):
            self._end(batch.partition, batch.end)

    def _is_due(self, file: _OpenFile) -> bool:
        age = self._clock() - file.opened_at
        if not self._rotation.is_due(rows=file.rows, size=file.size(), age=age):
            return False
        file.flush()  # the size was an estimate
        return self._rotation.is_due(rows=file.rows, size=file.size(), age=age)

    def finish(self, partition: int, end: int) -> None:
        """End the partition's file, if one is open."""
        if partition in self._open:
            with self._names_folder():
                self._end(partition, end)

    @contextlib.contextmanager
    def _names_folder(self) -> Iterator[None]:
        """Raise errors of writing with the folder: pyarrow's and those of streams name no file."""
        try:
            yield
        except OSError as error:
            if error.errno is None or error.filename is not None:
                raise
            reason = os.strerror(error.errno)
            raise OSError(error.errno, reason, str(self._folder.path)) from error

    def _begin(self, batch: PartitionBatch, start: int) -> _OpenFile:
        names = draft_names(self._content.topic, batch.partition, self._format.name)
        paths = [self._folder.path / each for each in names]
        return _OpenFile(
            *paths,
            begin=lambda draft: self._format.open(draft, self._content, batch.rows.schema),
            first=start,
            opened_at=self._clock(),
        )

    def _end(self, partition: int, end: int) -> None:
        file = self._open.pop(partition)
        name = FileName(
            topic=topic_in_names(self._content.topic),
            partition=partition,
            first=file.first,
            last=end - 1,
            extension=self._format.name,
        )
        file.commit(self._folder.path, name)
        self._finished.setdefault(partition, []).append(str(name))


class _OpenFile:
    """A file that is being written, and the faults beside it.

    Attributes:
        first: The first offset that it covers.
        rows: How many rows it has.
        opened_at: When it was opened, in seconds of the clock.
    """

    def __init__(
        self,
        path: Path,
        faults_path: Path,
        *,
        begin: Callable[[Draft], TableWriter],
        first: int,
        opened_at: float,
    ) -> None:
        self.first = first
        self.rows = 0
        self.opened_at = opened_at
        self._faults_path = faults_path
        self._faults: Draft | None = None
        with contextlib.ExitStack() as resources:
            self._draft = resources.enter_context(draft_beside(path))
            self._writer = begin(self._draft)
            self._resources = resources.pop_all()

    def add(self, batch: PartitionBatch) -> None:
        """Write the rows and the faults of a batch."""
        if len(batch.rows):
            self._writer.write(batch.rows)
        self.rows += len(batch.rows)
        for fault in batch.faults:
            if self._faults is None:
                self._faults = self._resources.enter_context(draft_beside(self._faults_path))
            self._faults.file.write(fault.line())

    def size(self) -> int:
        """How many bytes it will have, about: exactly after :meth:`flush`."""
        return self._draft.path.stat().st_size + self._writer.waiting

    def flush(self) -> None:
        """Write what waits."""
        self._writer.flush()

    def commit(self, folder: Path, name: FileName) -> None:
        """Bring it to disk and give it its name, after its faults have theirs."""
        with self._resources:
            self._writer.close()
            if self._faults is not None:
                self._faults.commit(folder / name.of_faults)
            self._draft.commit(folder / str(name))

    def discard(self) -> None:
        """Remove it; what cannot be written of it any more, such as on a full disk, is no error."""
        with contextlib.suppress(OSError), self._resources:
            self._writer.close()
