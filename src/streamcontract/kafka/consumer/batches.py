"""Batches of a consumer: its calls that return record batches of Arrow."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from streamcontract._lazy import Later
from streamcontract._typing import Self
from streamcontract.guards import seconds, whole_number
from streamcontract.kafka.consumer.observed import observed

if TYPE_CHECKING:
    from streamcontract.kafka.batches import types
    from streamcontract.kafka.consumer.batch_delivery import BatchDelivery, BatchOptions
    from streamcontract.kafka.consumer.delivery import Delivery, Found
    from streamcontract.kafka.telemetry import Receiving
else:
    types = Later("streamcontract.kafka.batches.types")

__all__ = ["Batches", "ConsumesBatches", "batch_options", "message_limit"]


class Batches:
    """Iterates over batches.

    An error does not end it: the next call continues after the message that raised.

    Args:
        delivery: The delivery, with the messages in hand.
        take: The call for the next batch; it returns None at the end.
    """

    def __init__(
        self, delivery: Delivery[Any], take: Callable[[], Found[types.ConsumedBatch | None]]
    ) -> None:
        self._delivery = delivery
        self._take = take

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> types.ConsumedBatch:
        """The next batch, or StopIteration at the end."""
        batch, in_hand, error = self._take()
        if error is not None:
            self._delivery.in_hand = in_hand
            raise error
        if batch is None:
            raise StopIteration
        self._delivery.in_hand = in_hand
        return batch


class ConsumesBatches:
    """The calls of a consumer that return batches."""

    if TYPE_CHECKING:
        _delivery: Delivery[Any]
        _receiving: Receiving
        _batch_delivery: Callable[[], BatchDelivery]

    def consume_batch(
        self,
        num_messages: int = 10_000,
        timeout: float = 1.0,
        *,
        columns: Sequence[str] | None = None,
        metadata: types.MetadataChoice = (),
        tombstones: types.Tombstones = "drop",
        threads: int = 1,
    ) -> types.ConsumedBatch:
        """Up to ``num_messages`` messages as columns, fewer after ``timeout`` seconds.

        pyarrow, polars, DuckDB and pandas read the batch without a copy. It may have no rows. Its
        messages are committed, returned again after an exception, and lost with a partition as
        those of :meth:`consume`. Poison is raised in its turn; if ``poison`` skips it, or makes it
        a dead letter, it is among the batch's ``faults``.

        A batch has one type and one topic. If the messages have several, each call returns the
        batch of one of them, and the next call that of another; positions stay before the first
        message that was not returned. A call with other arguments returns the rest anew.

        Args:
            num_messages: The maximum number, with tombstones and poison.
            timeout: Seconds to wait; without end if negative.
            columns: The fields that become columns, in their order; all if left out. The others
                are skipped, and not checked.
            metadata: The metadata columns, in their order: ``"key"``, ``"topic"``,
                ``"partition"``, ``"offset"``, ``"timestamp"``, ``"headers"``, ``"schema_id"``. A
                mapping names the columns, as in ``{"timestamp": "sent"}``.
            tombstones: ``"drop"`` leaves messages without a value out and counts them, ``"null"``
                makes each a row of nulls; then all columns of the value are nullable.
            threads: How many threads decode; then the batch has a record batch for each.

        Raises:
            ConfigurationError: The native code was not built, or a field and a metadata column
                have the same name.
            ColumnsError: A type has no columns, such as a recursive one; of the key only if it is
                among ``metadata``.
            ArgumentError: The record has no such field, or another argument is invalid.
            Exception: An error of iteration.

        Example:
            >>> from streamcontract import StockConsumer
            >>> with StockConsumer(group="columns") as consumer:
            ...     batch = consumer.consume_batch(2, 10, columns=["close"], metadata=["offset"])
            ...     print(len(batch), batch.faults)
            2 ()
        """
        timeout = seconds(timeout)
        options = batch_options(num_messages, columns, metadata, tombstones, threads)
        take = observed(self._receiving, self._batch_delivery().take)
        batch, in_hand, error = take(options, timeout)
        if error is not None:
            self._delivery.in_hand = in_hand
            raise error
        self._delivery.in_hand = in_hand
        return batch

    def batches(
        self,
        num_messages: int = 10_000,
        timeout: float = 1.0,
        *,
        columns: Sequence[str] | None = None,
        metadata: types.MetadataChoice = (),
        tombstones: types.Tombstones = "drop",
        threads: int = 1,
    ) -> Batches:
        """Iterate over batches of messages, without end.

        Args:
            num_messages: The maximum number of messages in a batch.
            timeout: Seconds to wait for them, after which a batch with fewer is returned.
            columns: As for :meth:`consume_batch`.
            metadata: Likewise.
            tombstones: Likewise.
            threads: Likewise.

        Raises:
            Exception: An error of :meth:`consume_batch`.
        """
        timeout = seconds(timeout)
        options = batch_options(num_messages, columns, metadata, tombstones, threads)
        take = observed(self._receiving, self._batch_delivery().take)

        def some() -> Found[types.ConsumedBatch | None]:
            while True:
                found = take(options, timeout)
                batch, _, error = found
                if error is not None or batch:
                    return found

        return Batches(self._delivery, some)


def message_limit(num_messages: object) -> int:
    """The maximum number of messages of ``consume``, checked.

    Raises:
        ArgumentError: It is no such number.
    """
    return whole_number(num_messages, "num_messages", 0, sys.maxsize, "a number from 0")


def batch_options(
    num_messages: int,
    columns: Sequence[str] | None,
    metadata: types.MetadataChoice,
    tombstones: types.Tombstones,
    threads: int,
) -> BatchOptions:
    """The options of a call for batches, checked.

    Raises:
        ConfigurationError: The native code was not built.
        ArgumentError: One is invalid.
    """
    from streamcontract.codec.engine import ENGINE_VARIABLE  # noqa: PLC0415 - as below

    kind = _options_class(os.environ.get(ENGINE_VARIABLE))
    return kind.checked(num_messages, columns, metadata, tombstones, threads)


@functools.cache
def _options_class(_engine: str | None) -> type[BatchOptions]:
    """The class of options; checked once an engine, since that reads the native code's sources."""
    # Few consumers load what decodes batches, and some cannot.
    from streamcontract.codec.engine import require_columns  # noqa: PLC0415

    require_columns()
    from streamcontract.kafka.consumer.batch_delivery import BatchOptions  # noqa: PLC0415

    return BatchOptions
