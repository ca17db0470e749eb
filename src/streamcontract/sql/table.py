"""Topics as tables: the columns of a topic, and reads of some of them from some of its offsets."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

import attrs
import pyarrow as pa

from streamcontract.kafka import OffsetRange, TopicScan
from streamcontract.schema.model import RecordType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from streamcontract.kafka.batches.batch import MessageFault
    from streamcontract.registry import SchemaRegistry
    from streamcontract.schema import Schema

__all__ = ["METADATA", "TopicRead", "TopicTable"]

METADATA: Final = ("partition", "offset", "timestamp", "key", "headers", "schema_id")
"""The metadata columns of a table, after those of the value; each begins with a prefix."""

_MOST_FAULTS: Final = 20


@attrs.define
class TopicRead:
    """What one statement has read of a topic so far.

    Attributes:
        topic: The topic.
        offsets: How many offsets the topic had.
        end_ignored: Whether an upper bound of time did not end the read, because nothing is known
            of the order of timestamps.
        fetched: How many messages were fetched, by all scans of the topic together.
        unreadable: How many of them cannot be read with the contract: they are no rows.
        faults: The first of these.
        tombstones: How many of them have no value: they are no rows.
    """

    topic: str
    offsets: int
    end_ignored: bool
    fetched: int = 0
    unreadable: int = 0
    faults: list[MessageFault] = attrs.field(factory=list)
    tombstones: int = 0
    error: Exception | None = None


class TopicTable:
    """A topic as a table.

    Args:
        topic: The topic.
        schema: The reader schema of its values.
        config: Client properties.
        registry: The registry; the caller closes it.
        prefix: What the names of metadata columns begin with.

    Attributes:
        columns: Its columns, as Arrow has them: those of the value, then the metadata.

    Raises:
        ConfigurationError: A field has the name of a metadata column.
    """

    columns: pa.Schema
