"""An export: which offsets it reads, and where they go."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

import attrs

from streamcontract.errors import ConfigurationError
from streamcontract.export.database import DatabaseTarget
from streamcontract.export.files import FilesTarget
from streamcontract.export.formats import FILE_FORMATS, format_of
from streamcontract.export.rotation import Rotation
from streamcontract.export.target import Content, Fault, PartitionBatch, import_pyarrow
from streamcontract.export.writer_thread import WriterThread
from streamcontract.kafka import OffsetRange, TopicScan
from streamcontract.kafka.batches.metadata import MetadataName, checked_metadata
from streamcontract.kafka.connection.cluster import Cluster
from streamcontract.kafka.connection.config import split_config
from streamcontract.messages.positions import (
    Last,
    Position,
    check_range,
    offsets_of_position,
    text_of,
)
from streamcontract.schema.model import RecordType
from streamcontract.schema.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.export.target import Target
    from streamcontract.kafka.batches.batch import MessageFault

__all__ = ["DATABASE", "FORMATS", "METADATA", "Export", "ExportReport", "PartitionReport"]

DATABASE: Final = "duckdb"
FORMATS: Final = (*FILE_FORMATS, DATABASE)
"""The names of the formats."""

METADATA: Final[tuple[str, ...]] = get_args(MetadataName)
"""The metadata that may be columns."""

_BATCH_SIZE: Final = 16_384
"""Messages that are decoded together: few enough for the caches of a core."""


@attrs.frozen(kw_only=True)
class PartitionReport:
    """What an export did with a partition.

    Attributes:
        partition: The partition.
        start: The offset where it began.
        end: The offset where it ended, which the next export begins at.
        missing: Offsets between the last export and the beginning of the partition, which the
            broker has deleted.
        messages: How many rows were written.
        faults: How many messages cannot be decoded.
        tombstones: How many have no value; they are no rows.
        files: The names of the files that were written.
    """

    partition: int
    start: int
    end: int
    missing: int = 0
    messages: int = 0
    faults: int = 0
    tombstones: int = 0
    files: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class ExportReport:
    """What an export did.

    Attributes:
        partitions: Each partition, by number.
    """

    partitions: tuple[PartitionReport, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every message became a row, or is a tombstone."""
        return not any(each.faults or each.missing for each in self.partitions)


@attrs.define(kw_only=True)
class _Progress:
    """How far a partition is, and what came of it."""

    start: int
    end: int
    at: int
    missing: int = 0
    messages: int = 0
    faults: int = 0
    tombstones: int = 0


@attrs.frozen(kw_only=True)
class Export:
    """An export of a topic, up to the ends that its partitions have when it begins.

    Attributes:
        topic: The topic.
        schema: The reader schema.
        into: The folder of the files, or the database.
        format: One of :data:`FORMATS`.
        config: Client properties.
        start: Where to begin, in partitions of which the target has nothing yet; ``"latest"`` and
            ``Last`` are those of the first run.
        until: Where to end: the first message that is not exported.
        partitions: The partitions; none for all.
        columns: The fields that become columns; None for all.
        metadata: Which of :data:`METADATA` become columns too.
        rotation: Where files end.
        table: The table of the database; None for the topic's name.
        threads: How many threads decode.
    """

    topic: str
    schema: Schema
    into: Path
    format: str
    config: Mapping[str, Any] = attrs.field(factory=dict)
    start: Position = "earliest"
    until: Position = "latest"
    partitions: Sequence[int] = ()
    columns: Sequence[str] | None = None
    metadata: Sequence[str] = ()
    rotation: Rotation = attrs.field(factory=Rotation)
    table: str | None = None
    threads: int = 1

    def run(self, progress: Callable[[int, int], object] | None = None) -> ExportReport:
        """Export what is not exported yet.

        Args:
            progress: Is called again and again, with the number of offsets that were read, and
                that of all to read.

        Raises:
            ConfigurationError: The target is in use or has something else, an extra is missing,
                the end is not after the start, or the topic was created anew since the last export.
            ColumnsError: The format cannot hold a column.
            ConsumeError: The brokers failed, or there is no such topic.
            OSError: A file cannot be written.
        """
        check_range(self.start, self.until)
        cluster = Cluster(split_config(self.config).client)
        with contextlib.ExitStack() as resources:
            with cluster.connected():
                partitions = self._partitions(cluster)
                target = resources.enter_context(self._target(cluster))
                found = self._progress(target, cluster, partitions)
            writer = WriterThread(target)
            try:
                with writer:
                    left = {each: of for each, of in found.items() if of.at < of.end}
                    self._export(left, writer, progress or _silent)
            finally:  # for an interrupt before the first line of __exit__
                writer.end()
            return ExportReport(
                partitions=tuple(
                    PartitionReport(
                        partition=partition,
                        start=each.start,
                        end=max(each.start, each.end),
                        missing=each.missing,
                        messages=each.messages,
                        faults=each.faults,
                        tombstones=each.tombstones,
                        files=tuple(target.files(partition)),
                    )
                    for partition, each in found.items()
                )
            )

    def _export(
        self,
        progress: Mapping[int, _Progress],
        writer: WriterThread,
        report: Callable[[int, int], object],
    ) -> None:
        """Export what is left of some partitions, one after the other."""
        left = dict(progress)
        offsets = sum(of.end - of.at for of in progress.values())
        report(0, offsets)
        for partition, batches in itertools.groupby(self._batches(progress), _partition):
            of = left.pop(partition)
            for batch in batches:
                writer.write(batch, of.at)
                of.at = batch.end
                of.messages += len(batch.rows)
                of.faults += len(batch.faults)
                of.tombstones += batch.tombstones
                report(offsets - sum(each.end - each.at for each in progress.values()), offsets)
            writer.finish(partition, of.end)
        for partition, of in left.items():  # without any message
            writer.finish(partition, of.end)

    def _target(self, cluster: Cluster) -> Target:
        content = Content(
            topic=self.topic,
            format=self.format,
            schema=self.schema,
            columns=None if self.columns is None else tuple(self.columns),
            metadata=tuple(checked_metadata(self.metadata)),
        )
        with self._scan(()) as scan:  # which checks columns, metadata and the configuration
            columns = import_pyarrow("export").schema(scan)
        has_offset = "offset" in self.metadata
        exported = [each for each in columns if has_offset or each.name != self._offset]
        schema = import_pyarrow("export").schema(exported)
        if not schema.names:
            raise ConfigurationError(
                f"there are no columns to export of {self.schema.name}: add some of its metadata, "
                "such as --metadata offset"
            )
        if self.format != DATABASE:
            file_format = format_of(self.format)
            file_format.check(content, schema)
        content = attrs.evolve(content, topic_id=cluster.topic_id(self.topic))
        if self.format == DATABASE:
            table = self.topic if self.table is None else self.table
            return DatabaseTarget(self.into, content, table)
        return FilesTarget(self.into, content, file_format=file_format, rotation=self.rotation)

    # ---- offsets

    def _progress(
        self, target: Target, cluster: Cluster, partitions: Sequence[int]
    ) -> dict[int, _Progress]:
        """Where each partition begins and ends."""
        first, last = cluster.bounds(self.topic, partitions)
        # The next run would find another offset, and messages between the two would be in neither.
        is_relative = self.start == "latest" or isinstance(self.start, Last)
        known = {**(target.starts() if is_relative else {}), **target.next_offsets()}
        new = [each for each in partitions if each not in known]
        starts = offsets_of_position(cluster, self.topic, new, self.start) if new else {}
        ends = offsets_of_position(cluster, self.topic, partitions, self.until)
        if not is_relative and all(starts.get(each, -1) > ends[each] for each in partitions):
            raise ConfigurationError(
                f"topic {self.topic!r}: in each partition {text_of(self.start)} is after "
                f"{text_of(self.until)}, so no message is between them"
            )
        if is_relative and starts:
            target.keep_starts({**target.starts(), **starts})
        found: dict[int, _Progress] = {}
        for each in partitions:
            start = known.get(each, starts.get(each, 0))
            if start > last[each] and each in known:
                raise ConfigurationError(
                    f"{self.into} has partition {each} of topic {self.topic!r} up to offset "
                    f"{start}, and the partition ends at {last[each]}: if the topic was created "
                    "anew, export into another place"
                )
            at = max(start, first[each])
            found[each] = _Progress(
                start=start if each in known else at,
                at=at,
                end=min(ends[each], last[each]),
                missing=at - start if each in known else 0,
            )
        return found

    def _partitions(self, cluster: Cluster) -> list[int]:
        found = cluster.partitions(self.topic)
        for each in self.partitions:
            if each not in found:
                raise ConfigurationError(
                    f"topic {self.topic!r} has no partition {each}; it has 0 to {len(found) - 1}"
                )
        return sorted(set(self.partitions)) or sorted(found)

    # ---- messages

    @property
    def _offset(self) -> str:
        """The column of offsets; where it is not exported, with a name that no field has."""
        if "offset" in self.metadata:
            return "offset"
        root = self.schema.root
        fields = {each.name for each in root.fields} if isinstance(root, RecordType) else ()
        name = "streamcontract_offset"
        while name in fields:
            name += "_"
        return name

    def _scan(self, ranges: Sequence[OffsetRange]) -> TopicScan:
        names: dict[Any, str] = {name: name for name in self.metadata}
        return TopicScan(
            dict(self.config),
            schema=self.schema,
            topic=self.topic,
            ranges=ranges,
            columns=self.columns,
            metadata={**names, "offset": self._offset},
            batch_size=_BATCH_SIZE,
            threads=self.threads,
        )

    def _batches(self, progress: Mapping[int, _Progress]) -> Iterator[PartitionBatch]:
        """The messages that are left of some partitions."""
        pa = import_pyarrow("export")
        ranges = [OffsetRange(self.topic, each, of.at, of.end) for each, of in progress.items()]
        ends = {each: of.at for each, of in progress.items()}
        with self._scan(ranges) as scan:
            for batch in scan:
                partition = scan.range.partition
                # pa.table() would import pandas, to see whether it is given a DataFrame.
                rows = pa.RecordBatchReader.from_stream(batch).read_all()
                offsets = rows.column(self._offset)
                last = [fault.offset for fault in batch.faults[-1:]]
                if len(rows):
                    last.append(offsets[len(rows) - 1].as_py())
                ends[partition] = max([ends[partition], *(each + 1 for each in last)])
                yield PartitionBatch(
                    partition=partition,
                    rows=rows if "offset" in self.metadata else rows.drop_columns([self._offset]),
                    offsets=offsets,
                    faults=[_fault(fault) for fault in batch.faults],
                    tombstones=batch.tombstones,
                    end=ends[partition],
                )


def _silent(_done: int, _all: int) -> None:
    """No progress."""


def _partition(batch: PartitionBatch) -> int:
    return batch.partition


def _fault(fault: MessageFault) -> Fault:
    raw = fault.error.raw
    return Fault(
        topic=fault.topic,
        partition=fault.partition,
        offset=fault.offset,
        path=fault.path,
        error=str(fault.error),
        key=raw.key(),
        value=raw.value(),
    )
