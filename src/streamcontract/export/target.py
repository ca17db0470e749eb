"""Targets of an export, and what they take: batches of one partition, in the order of offsets."""

from __future__ import annotations

import base64
import json
import shlex
from typing import TYPE_CHECKING, Any, Final, Protocol

import attrs

from streamcontract.errors import ConfigurationError
from streamcontract.schema.model import RecordType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from typing_extensions import Self

    from streamcontract.schema.schema import Schema

__all__ = ["Content", "Fault", "PartitionBatch", "Target", "import_pyarrow", "way_without"]


@attrs.frozen(kw_only=True)
class Fault:
    """A message that is no row, since it cannot be decoded.

    Attributes:
        topic: The topic.
        partition: The partition.
        offset: The offset.
        path: Where in the value, such as ``"Order.lines[3].price"``.
        error: What is wrong there.
        key: Its key, as it was sent.
        value: Its value, likewise.
    """

    topic: str
    partition: int
    offset: int
    path: str
    error: str
    key: bytes | None = attrs.field(default=None, repr=False)
    value: bytes | None = attrs.field(default=None, repr=False)

    def line(self) -> bytes:
        r"""It as a line of JSON, key and value in Base64.

        Example:
            >>> fault = Fault(topic="a", partition=0, offset=7, path="", error="", value=b"\0")
            >>> fault.line()[-30:]
            b'"key": null, "value": "AA=="}\n'
        """
        # What json.dumps() of a dict gives; for texts alone it takes a quarter of the time.
        topic, path, error = map(json.dumps, (self.topic, self.path, self.error))
        key, value = map(_in_base64, (self.key, self.value))
        return (
            f'{{"topic": {topic}, "partition": {self.partition}, "offset": {self.offset}, '
            f'"path": {path}, "error": {error}, "key": {key}, "value": {value}}}\n'
        ).encode()


def _in_base64(data: bytes | None) -> str:
    return "null" if data is None else f'"{base64.b64encode(data).decode()}"'


@attrs.frozen(kw_only=True, eq=False)
class PartitionBatch:
    """Some messages of a partition.

    Attributes:
        partition: The partition.
        rows: Those that were decoded, as a ``pyarrow.Table``.
        offsets: Their offsets, as an Arrow array.
        faults: Those that were not.
        tombstones: How many had no value.
        end: The offset after the last of them.
    """

    partition: int
    rows: Any
    offsets: Any
    faults: Sequence[Fault] = ()
    tombstones: int = 0
    end: int

    @property
    def size(self) -> int:
        """Bytes that it takes in memory, about."""
        size: int = self.rows.nbytes + sum(map(_size, self.faults))
        return size

    def cut(self, rows: int) -> tuple[PartitionBatch, PartitionBatch]:
        """It as two: one that ends with the last of its first rows, and what comes after that.

        Args:
            rows: How many rows the first has, above 0; there are more.
        """
        end = self.offsets[rows - 1].as_py() + 1
        before = [each for each in self.faults if each.offset < end]
        return (
            attrs.evolve(
                self,
                rows=self.rows.slice(0, rows),
                offsets=self.offsets.slice(0, rows),
                faults=before,
                end=end,
            ),
            attrs.evolve(
                self,
                rows=self.rows.slice(rows),
                offsets=self.offsets.slice(rows),
                faults=self.faults[len(before) :],
                tombstones=0,
            ),
        )


_SIZE_OF_FAULT: Final = 1_000
"""Bytes of a fault without its key and value, about."""


def _size(fault: Fault) -> int:
    return _SIZE_OF_FAULT + len(fault.key or b"") + len(fault.value or b"")


@attrs.frozen(kw_only=True)
class Content:
    """What all parts of one target have in common, and another run has to have too.

    Attributes:
        topic: The topic.
        format: The name of the format.
        schema: The reader schema.
        columns: The fields that are columns; None for all.
        metadata: The columns of metadata.
        topic_id: The id of the topic (KIP-516), which one created anew has not; None if the
            brokers have no ids.
        nullable: Columns that are nullable though the field is not: rows of an earlier schema have
            no value.
        left_out: Fields that were no columns of earlier rows, also of schemas before the last one.
    """

    topic: str
    format: str
    schema: Schema
    columns: tuple[str, ...] | None = None
    metadata: tuple[str, ...] = ()
    topic_id: str | None = None
    nullable: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """It as JSON values."""
        return {
            "topic": self.topic,
            "format": self.format,
            "columns": None if self.columns is None else list(self.columns),
            "metadata": list(self.metadata),
            "schema": _without_docs(json.loads(self.schema.inlined_json)),
            "topic_id": self.topic_id,
            "nullable": list(self.nullable),
            "left_out": list(self.left_out),
        }

    def check_same(self, found: Mapping[str, Any], place: str) -> None:
        """Check that a target has the same content, but for the schema and its columns.

        Args:
            found: Its document.
            place: What the error calls it.

        Raises:
            ConfigurationError: It has another.
        """
        mine = self.document()
        for key in ("topic", "format", "metadata"):
            if found.get(key) != mine[key]:
                raise ConfigurationError(
                    f"{place} has an export with {key} {json.dumps(found.get(key))}, not "
                    f"{json.dumps(mine[key])}: export into another place"
                )
        known = found.get("topic_id")
        if None not in {known, self.topic_id} and known != self.topic_id:
            raise ConfigurationError(
                f"{place} has messages of another topic {self.topic!r}, which was deleted since or "
                f"is of another cluster: its id is {known}, and that of the topic here is "
                f"{self.topic_id}. Export into another place"
            )

    def joined(self, found: Mapping[str, Any]) -> Content:
        """It, with what only the document of a target has."""
        return attrs.evolve(
            self,
            topic_id=self.topic_id or found.get("topic_id"),
            nullable=tuple(found.get("nullable", ())),
            left_out=tuple(found.get("left_out", ())),
        )

    def with_nullable(self, names: Iterable[str]) -> Content:
        """It, with other columns that are nullable though the field is not."""
        return attrs.evolve(self, nullable=tuple(sorted(names)))

    def with_left_out(self, names: Iterable[str]) -> Content:
        """It, with other fields that were no columns of earlier rows."""
        return attrs.evolve(self, left_out=tuple(sorted(names)))


def _without_docs(schema: Any) -> Any:
    """A schema as JSON, without the documentation that changes nothing in what is exported."""
    if isinstance(schema, list):
        return [_without_docs(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    is_type = "type" in schema  # and no default value
    return {
        key: _without_docs(value) for key, value in schema.items() if not (is_type and key == "doc")
    }


class Target(Protocol):
    """Where an export writes; a context manager, which releases it."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...

    def next_offsets(self) -> Mapping[int, int]:
        """For each partition that it has something of, the offset after it."""

    def starts(self) -> Mapping[int, int]:
        """Where partitions begin, as :meth:`keep_starts` kept it."""

    def keep_starts(self, starts: Mapping[int, int]) -> None:
        """Keep where partitions begin, for runs that find nothing else of them."""

    def write(self, batch: PartitionBatch, start: int) -> None:
        """Take a batch.

        Args:
            batch: The batch.
            start: The offset after the batch before, or where the partition's range begins.
        """

    def finish(self, partition: int, end: int) -> None:
        """Keep all of a partition's batches: nothing more of it comes.

        Args:
            partition: The partition.
            end: Where its range ends; between its last batch and that there is no message.
        """

    def files(self, partition: int) -> Sequence[str]:
        """The names of a partition's files that were finished."""


def way_without(content: Content, columns: Sequence[str]) -> str:
    """What to do about a column that a format cannot have.

    Args:
        content: What is exported.
        columns: The fields that the format can have.
    """
    if not columns or not isinstance(content.schema.root, RecordType):
        return "export to parquet"
    return f"leave it out with --columns {shlex.quote(','.join(columns))}, or export to parquet"


def import_pyarrow(what: str) -> Any:
    """The package ``pyarrow``.

    Args:
        what: What needs it.

    Raises:
        ConfigurationError: It is not installed.
    """
    try:
        import pyarrow  # noqa: PLC0415, ICN001 - of an extra
    except ImportError:
        raise ConfigurationError(
            f"{what} needs pyarrow: pip install 'streamcontract[arrow]'"
        ) from None
    return pyarrow
