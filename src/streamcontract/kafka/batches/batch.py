"""Consumed batches: record batches of Arrow from one topic, and the messages that are in none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from streamcontract._lazy import Later
from streamcontract.columns.decoded import ColumnTable
from streamcontract.errors import DecodeError
from streamcontract.kafka.errors import MessageDecodeError
from streamcontract.kafka.message import Message

if TYPE_CHECKING:
    from streamcontract import schema as schemas
    from streamcontract.columns import _native
    from streamcontract.kafka.batches.decoder import BatchDecoder, Decoded, TypedRows
else:
    schemas = Later("streamcontract.schema")
    _native = Later("streamcontract.columns._native")

__all__ = ["ConsumedBatch", "MessageFault", "consumed"]


@attrs.frozen
class MessageFault:
    """A message that is in no batch, since it is not of the contract.

    Attributes:
        topic: The topic.
        partition: The partition.
        offset: The offset.
        path: The part of the value or key that does not fit, such as ``"Order.lines[3].price"``;
            ``""`` if the schema of the message is not known.
        error: The error that ``ContractConsumer.consume`` raises for it.
    """

    topic: str
    partition: int
    offset: int
    path: str
    error: MessageDecodeError

    @classmethod
    def of(cls, error: MessageDecodeError) -> MessageFault:
        """The fault of an error."""
        reason = error.reason
        path = reason.faults[0].path if isinstance(reason, DecodeError) else ""
        return cls(error.topic, error.partition, error.offset, path, error)

    def __str__(self) -> str:
        return str(self.error)


class ConsumedBatch(ColumnTable):
    """Messages of one topic and one type as columns.

    ``pyarrow.table(batch)``, ``polars.DataFrame(batch)`` and every other reader of the Arrow
    PyCapsule interface take it without a copy. It has a row for each message, in the order of
    delivery, without poison and tombstones.

    Attributes:
        batches: The rows as record batches of Arrow: one, or one for each thread.
        schema: The reader schema of the values.
        record: The generated class of the values; None for a schema alone.
        topic: The topic.
        metadata: The names of the metadata columns, by what they have.
        faults: The messages that are in no batch, since they are not of the contract.
        tombstones: The number of messages without a value, which are in no batch; or rows of nulls
            with ``tombstones="null"``.
        observed: The messages, without value and key, for a consumer with telemetry; else none.
    """

    observed: Sequence[Message[Any]] = ()

    def __init__(
        self,
        view: _native.View,
        batches: tuple[tuple[_native.Batch, ...], ...],
        *,
        schema: schemas.Schema,
        record: type[Any] | None,
        topic: str,
        metadata: Mapping[str, str],
        faults: tuple[MessageFault, ...],
        tombstones: int,
    ) -> None:
        super().__init__(view, batches)
        self.schema = schema
        self.record = record
        self.topic = topic
        self.metadata = metadata
        self.faults = faults
        self.tombstones = tombstones

    def __bool__(self) -> bool:
        """Whether there is any message: a row, a fault or a tombstone."""
        return bool(len(self) or self.faults or self.tombstones)

    def __repr__(self) -> str:
        return (
            f"<ConsumedBatch of topic {self.topic!r}: {len(self)} rows, {len(self.faults)} faults, "
            f"{self.tombstones} tombstones>"
        )


def consumed(
    topic: str, decoder: BatchDecoder, decoded: Decoded
) -> list[tuple[ConsumedBatch, TypedRows, Callable[[], Sequence[int]]]]:
    """The batches of decoded messages, one for each type; the first has faults and tombstones.

    Args:
        topic: The topic.
        decoder: What decoded them; of messages without any row, the batch is of its first type.
        decoded: The messages.

    Returns:
        The batches, each with its rows, and what makes the indexes of its messages.
    """
    rows = decoded.rows or [decoder.no_rows()]

    def first() -> Sequence[int]:
        indexes = rows[0].indexes()
        return sorted({*indexes, *decoded.tombstones}) if decoded.tombstones else indexes

    faults = tuple(map(MessageFault.of, decoded.faults.values()))
    return [
        (
            ConsumedBatch(
                each.view,
                each.batches,
                schema=each.codec.schema,
                record=each.codec.record,
                topic=topic,
                metadata=decoder.metadata,
                faults=() if index else faults,
                tombstones=0 if index else len(decoded.tombstones),
            ),
            each,
            each.indexes if index else first,
        )
        for index, each in enumerate(rows)
    ]
