"""Partitions without a broker, whose messages are written to targets; and what targets have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet

from streamcontract import parse_schema
from streamcontract.export.names import FileName
from streamcontract.export.target import Content, Fault, PartitionBatch
from streamcontract.export.writer_thread import WriterThread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from streamcontract.export.target import Target

__all__ = [
    "CONTENT",
    "Partitions",
    "batches",
    "content",
    "export",
    "faults_in",
    "names_in",
    "rows_in",
]

SCHEMA: Final = parse_schema(
    {"type": "record", "name": "Ping", "fields": [{"name": "n", "type": "long"}]}
)

Partitions = dict[int, str]
"""For each partition a letter for each offset: ``m`` a message, ``p`` poison, ``t`` a tombstone,
``.`` nothing."""


def content(file_format: str = "csv", **more: Any) -> Content:
    """The content of an export of the topic ``pings``."""
    return Content(**{"topic": "pings", "format": file_format, "schema": SCHEMA, **more})


CONTENT: Final = content()


def batches(letters: str, partition: int, start: int, size: int) -> Iterator[PartitionBatch]:
    """The messages from an offset on, in batches, as a scan gives them."""
    offsets = [offset for offset in range(start, len(letters)) if letters[offset] != "."]
    end = start
    for at in range(0, len(offsets), size):
        part = offsets[at : at + size]
        rows = [offset for offset in part if letters[offset] == "m"]
        poison = [offset for offset in part if letters[offset] == "p"]
        end = max([end, *(offset + 1 for offset in (*rows, *poison))])
        yield PartitionBatch(
            partition=partition,
            rows=pa.table({"n": pa.array(rows, pa.int64())}),
            offsets=pa.array(rows, pa.int64()),
            faults=[
                Fault(topic="pings", partition=partition, offset=each, path="n", error="not a long")
                for each in poison
            ],
            tombstones=sum(letters[offset] == "t" for offset in part),
            end=end,
        )


def export(target: Target, partitions: Partitions, size: int) -> None:
    """Write what a target does not have yet, as an export does."""
    known = target.next_offsets()
    writer = WriterThread(target)
    try:
        with writer:
            write(writer, partitions, size, known)
    finally:
        writer.end()


def write(
    writer: WriterThread, partitions: Partitions, size: int, known: Mapping[int, int]
) -> None:
    """Write what comes after known offsets."""
    for partition, letters in partitions.items():
        at = known.get(partition, 0)
        for batch in batches(letters, partition, at, size):
            writer.write(batch, at)
            at = batch.end
        writer.finish(partition, len(letters))


def names_in(folder: Path) -> list[FileName]:
    """The names of the data files of a folder, in their order."""
    found = (FileName.parse(each.name) for each in sorted(folder.iterdir()))
    return [each for each in found if each is not None]


def read(file: Path) -> Any:
    """The table in a file."""
    match file.suffix:
        case ".parquet":
            return pyarrow.parquet.read_table(file)
        case ".arrow":
            return pyarrow.ipc.open_file(file).read_all()
        case _:
            return pyarrow.csv.read_csv(file)


def rows_in(folder: Path) -> Mapping[int, Sequence[int]]:
    """The numbers of the rows of each partition, in the order of its files."""
    found: dict[int, list[int]] = {}
    for name in names_in(folder):
        rows = read(folder / str(name)).column("n").to_pylist()
        assert all(name.first <= each <= name.last for each in rows)
        found.setdefault(name.partition, []).extend(rows)
    return found


def faults_in(folder: Path) -> Mapping[int, Sequence[int]]:
    """The offsets of the faults of each partition, in the order of its files."""
    found: dict[int, list[int]] = {}
    for name in names_in(folder):
        file = folder / name.of_faults
        if file.exists():
            lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
            found.setdefault(name.partition, []).extend(line["offset"] for line in lines)
    return found
