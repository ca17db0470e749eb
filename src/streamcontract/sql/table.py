"""Topics as tables: their columns, and what DuckDB reads of them as a stream of Arrow."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any, Final

import attrs
import pyarrow as pa

from streamcontract.errors import ConfigurationError
from streamcontract.kafka import OffsetRange, TopicScan
from streamcontract.schema.model import RecordType

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from streamcontract.kafka.batches.batch import ConsumedBatch, MessageFault
    from streamcontract.kafka.batches.metadata import MetadataChoice, MetadataName
    from streamcontract.registry import SchemaRegistry
    from streamcontract.schema import AvroType, Schema
    from streamcontract.sql.intervals import Intervals

__all__ = ["TopicRead", "TopicStream", "TopicTable"]

_METADATA: Final[tuple[MetadataName, ...]] = (
    "partition",
    "offset",
    "timestamp",
    "key",
    "headers",
    "schema_id",
)
_MOST_FAULTS: Final = 20


@attrs.define
class TopicRead:
    """What a statement has read of a topic so far.

    Attributes:
        topic: The topic.
        messages: How many offsets the topic had when the statement began.
        end_ignored: Whether messages after an upper bound of time are fetched, because nothing is
            known of the order of the topic's timestamps.
        fetched: How many messages were fetched, by all scans of the topic together.
        tombstones: How many of them have no value, and are no rows.
        unreadable: How many of them cannot be read with the contract, and are no rows.
        faults: The first of these.
    """

    topic: str
    messages: int
    end_ignored: bool
    fetched: int = 0
    tombstones: int = 0
    unreadable: int = 0
    faults: list[MessageFault] = attrs.field(factory=list)
    error: Exception | None = None
    _lock: threading.Lock = attrs.field(factory=threading.Lock, repr=False, eq=False)

    def add(self, batch: ConsumedBatch, fetched: int) -> None:
        """Count a batch, for which some more messages were fetched; in any thread."""
        with self._lock:
            self.fetched += fetched
            self.tombstones += batch.tombstones
            self.unreadable += len(batch.faults)
            self.faults += batch.faults[: _MOST_FAULTS - len(self.faults)]


@attrs.frozen
class TopicTable:
    """A topic as a table.

    Attributes:
        topic: The topic.
        schema: The reader schema of its values.
        config: Client properties.
        registry: The registry; the caller closes it.
        prefix: What the names of metadata columns begin with.
    """

    topic: str
    schema: Schema
    config: Mapping[str, Any] = attrs.field(repr=False)
    registry: SchemaRegistry
    prefix: str

    @property
    def metadata(self) -> dict[MetadataName, str]:
        """The names of its metadata columns, which come after those of the value."""
        return {each: f"{self.prefix}{each}" for each in _METADATA}

    @property
    def is_record(self) -> bool:
        """Whether its columns are fields, of which a scan may leave out some."""
        return isinstance(self.schema.root, RecordType)

    @property
    def types(self) -> list[AvroType]:
        """The types of its columns, without those of metadata."""
        root = self.schema.root
        return [each.type for each in root.fields] if isinstance(root, RecordType) else [root]

    def scan(
        self,
        ranges: Sequence[OffsetRange] = (),
        columns: Sequence[str] | None = None,
        metadata: MetadataChoice | None = None,
    ) -> TopicScan:
        """A scan of some columns, without ranges for their types alone."""
        return TopicScan(
            self.config,
            schema=self.schema,
            topic=self.topic,
            ranges=ranges,
            columns=columns,
            metadata=self.metadata if metadata is None else metadata,
            registry=self.registry,
        )

    def read_columns(self, used: Collection[int]) -> list[int]:
        """The indexes of the columns to read, with those that no scan can leave out.

        Args:
            used: The indexes of the columns that a statement uses.
        """
        if not self.is_record:
            used = {0, *used}  # the value itself
        return sorted(used) or [0]

    def columns(self) -> pa.Schema:
        """Its columns, as Arrow has them.

        Raises:
            ConfigurationError: A field has the name of a metadata column.
            ColumnsError: The schema has no columns.
        """
        self._require_apart()
        with self.scan() as scan:
            return pa.schema(scan)

    def _require_apart(self) -> None:
        """DuckDB would give one of two columns another name, also where they differ in case."""
        root = self.schema.root
        fields = [each.name for each in root.fields] if isinstance(root, RecordType) else ["value"]
        taken = {each.lower(): each for each in self.metadata.values()}
        for each in fields:
            if each.lower() in taken:
                raise ConfigurationError(
                    f"topic {self.topic!r} has a field {each!r}, and the metadata have a column "
                    f"{taken[each.lower()]!r}: name the metadata with another prefix (prefix=, or "
                    f"--prefix), such as 'kafka_'"
                )


class TopicStream:
    """Some columns of a topic, which DuckDB reads each time that a statement names the topic.

    Args:
        table: The topic.
        columns: Its columns, as Arrow has them.
        used: The indexes of those to read, ascending; the column of index ``i`` is named ``c<i>``,
            which DuckDB cannot take for another one that differs in case.
        needed: The offsets to read, by partition.
        read: Counts what is read, and keeps an error, which DuckDB makes a text of.
    """

    def __init__(
        self,
        table: TopicTable,
        columns: pa.Schema,
        used: Sequence[int],
        needed: Mapping[int, Intervals],
        read: TopicRead,
    ) -> None:
        names = [columns.field(each).name for each in used]
        metadata = {column: name for name, column in table.metadata.items()}
        self._metadata = {metadata[each]: each for each in names if each in metadata}
        self._fields = None  # of a value that is no record
        if table.is_record:
            self._fields = [each for each in names if each not in metadata]
        self._columns = pa.schema(columns.field(each).with_name(f"c{each}") for each in used)
        self._ranges = [
            OffsetRange(table.topic, partition, start, end)
            for partition, intervals in needed.items()
            for start, end in intervals
        ]
        self._table = table
        self._read = read
        self._scans: set[TopicScan] = set()

    def __arrow_c_schema__(self) -> object:
        """The columns, in a capsule."""
        return self._columns.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """A new scan of the topic, in a capsule.

        Args:
            requested_schema: Another schema that the reader would like; it gets this one, as the
                interface allows.
        """
        del requested_schema
        reader = pa.RecordBatchReader.from_batches(self._columns, self._batches())
        return reader.__arrow_c_stream__()

    def stop(self) -> None:
        """End the scans that run, with an error; in any thread."""
        for scan in tuple(self._scans):
            scan.close()

    def _batches(self) -> Iterator[Any]:
        counted = 0
        try:
            with self._scan() as scan:
                for consumed in scan:
                    self._read.add(consumed, scan.fetched - counted)
                    counted = scan.fetched
                    for batch in consumed.batches:
                        yield pa.record_batch(batch).rename_columns(self._columns.names)
        except Exception as error:
            self._read.error = error
            raise

    @contextlib.contextmanager
    def _scan(self) -> Iterator[TopicScan]:
        with self._table.scan(self._ranges, self._fields, self._metadata) as scan:
            self._scans.add(scan)
            try:
                yield scan
            finally:
                self._scans.discard(scan)
