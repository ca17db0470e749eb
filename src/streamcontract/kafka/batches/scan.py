"""Scans of a topic: ranges of offsets as record batches, without a group."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
import confluent_kafka

from streamcontract._typing import Self
from streamcontract.codec.engine import require_columns
from streamcontract.errors import ArgumentError, ClientError, ConfigurationError
from streamcontract.guards import seconds, whole_number
from streamcontract.kafka.batches.batch import ConsumedBatch, consumed
from streamcontract.kafka.batches.metadata import MetadataChoice, Tombstones, checked_metadata
from streamcontract.kafka.connection.bounded_read import read_between
from streamcontract.kafka.connection.cluster import Cluster
from streamcontract.kafka.connection.config import Config, build_reader, split_config
from streamcontract.kafka.contract.arguments import ContractArguments
from streamcontract.kafka.contract.binding import SchemaSource
from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
from streamcontract.registry import SchemaRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["OffsetRange", "TopicScan"]

_PATIENCE: Final = 60.0
"""Seconds without a message, before the end of a range, after which a scan raises."""

_MOST_THREADS: Final = 1024
_MOST_MESSAGES: Final = 10_000_000
_OFFSETS: Final = 2**63
_PARTITIONS: Final = 2**31


def _whole(most: int, expected: str) -> Any:
    def check(_: object, attribute: Any, value: object) -> None:
        whole_number(value, attribute.name, 0, most, expected)

    return check


@attrs.frozen
class OffsetRange:
    """Consecutive offsets of a partition.

    Attributes:
        topic: The topic.
        partition: The partition.
        start: The first offset.
        end: The offset after the last one.

    Raises:
        ArgumentError: A number is invalid, or the end is before the start.

    Example:
        >>> len(OffsetRange("stocks", 0, 100, 250))
        150
    """

    topic: str
    partition: int = attrs.field(validator=_whole(_PARTITIONS - 1, "a partition, from 0"))
    start: int = attrs.field(validator=_whole(_OFFSETS - 1, "an offset, from 0"))
    end: int = attrs.field(validator=_whole(_OFFSETS - 1, "an offset, from 0"))

    @end.validator
    def _(self, _: object, end: int) -> None:
        if end < self.start:
            raise ArgumentError("end", end, f"an offset from start={self.start} on")

    def __len__(self) -> int:
        """The number of offsets; there may be fewer messages."""
        return self.end - self.start


class TopicScan:
    """Reads ranges of offsets as record batches, each of one partition and in offset order.

    It has no group, and commits nothing. Each range is read exactly to its end, also if there is no
    message before it: in compacted topics, after control records of transactions, or after aborted
    messages. It yields a batch for each ``batch_size`` messages and each type of them. A message
    that is not of the contract is among the batch's ``faults``; a batch may have no rows.

    Args:
        config: Client properties; see :func:`streamcontract.kafka.connection.config.split_config`.
            By default aborted messages are not read (``isolation.level``).
        record: The generated class of the values.
        records: Several of them, as for a ``ContractConsumer``.
        schema: A schema, instead of a class.
        topic: The topic, instead of the contract's.
        ranges: The ranges to read, in this order.
        columns: The fields that become columns, in their order; all if left out.
        metadata: The metadata columns, in their order: ``"key"``, ``"topic"``, ``"partition"``,
            ``"offset"``, ``"timestamp"``, ``"headers"``, ``"schema_id"``. A mapping names the
            columns, as in ``{"timestamp": "sent"}``.
        tombstones: ``"drop"`` leaves messages without a value out and counts them, ``"null"`` makes
            each a row of nulls; then all columns of the value are nullable.
        registry: A registry client to share; without it the scan creates, and closes, its own.
        batch_size: The number of messages to decode together.
        threads: How many threads decode a batch; then it has a record batch for each.
        timeout: Seconds without a message after which it raises.

    Attributes:
        fetched: The number of messages fetched so far, with tombstones and poison.
        range: The range of the last batch; there is none before the first.

    Raises:
        ConfigurationError: The configuration is wrong, the native code was not built, or a field
            and a metadata column have the same name.
        ColumnsError: A type has no columns, such as a recursive one.
        ArgumentError: A record has no such field, or a range is of another topic.

    Example:
        >>> from streamcontract import Stock
        >>> from streamcontract.kafka import OffsetRange, TopicScan
        >>> ranges = [OffsetRange("stocks", 0, 0, 1)]
        >>> with TopicScan(record=Stock, ranges=ranges, metadata=["offset"]) as scan:
        ...     print(sum(len(batch) for batch in scan))
        1
    """

    range: OffsetRange

    def __init__(  # noqa: PLR0913 - each is one choice of the application, given by name
        self,
        config: Config = None,
        *,
        record: type[Any] | None = None,
        records: Sequence[type[Any]] | None = None,
        schema: SchemaSource | None = None,
        topic: str | None = None,
        ranges: Sequence[OffsetRange],
        columns: Sequence[str] | None = None,
        metadata: MetadataChoice = (),
        tombstones: Tombstones = "drop",
        registry: SchemaRegistry | None = None,
        batch_size: int = 10_000,
        threads: int = 1,
        timeout: float = _PATIENCE,
    ) -> None:
        require_columns()
        from streamcontract.kafka.batches.decoder import BatchDecoder  # noqa: PLC0415 - an installation may lack what it needs

        arguments = ContractArguments(
            contract=None, union=None, topic=topic, record=record, records=records, schema=schema
        )
        binding = arguments.for_consumer()
        self.topic = binding.topic
        self.fetched = 0
        self._ranges = _checked(ranges, binding.topic)
        self._size = whole_number(
            batch_size, "batch_size", 1, _MOST_MESSAGES, f"1 to {_MOST_MESSAGES:,}"
        )
        self._threads = whole_number(threads, "threads", 1, _MOST_THREADS, f"1 to {_MOST_THREADS}")
        self._timeout = seconds(timeout)
        settings = split_config(config)
        self._cluster = Cluster(settings.client)
        with contextlib.ExitStack() as resources:
            if registry is None:
                registry = resources.enter_context(SchemaRegistry.from_config(settings.registry))
            deserializer = TopicDeserializer.configured(binding, registry, settings)
            self._decoder = BatchDecoder(
                deserializer, columns, checked_metadata(metadata), tombstones
            )
            self._client = build_reader(settings.client, _PROPERTIES)
            resources.callback(self._client.close)
            self._resources = resources.pop_all()
        self._batches: Iterator[ConsumedBatch] | None = None
        self._is_closed = self._has_failed = False
        self._in_use = threading.Lock()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> ConsumedBatch:
        """The next batch.

        Raises:
            ConfigurationError: A range is not in its partition any more, or yet.
            ConsumeError: The brokers refuse.
            RegistryError: The registry did not answer.
            StalledError: There was no message for ``timeout`` seconds.
            ClientError: The scan is closed, also while this waits, or has failed before.
        """
        self._check_open()
        try:
            with self._in_use:
                self._check_open()
                return self._next()
        finally:
            if self._is_closed:
                self._close_client()

    def _next(self) -> ConsumedBatch:
        if self._has_failed:
            raise ClientError(f"this scan of topic {self.topic!r} has failed: begin another one")
        if self._batches is None:
            self._batches = self._read()
        try:
            return next(self._batches)
        except StopIteration:
            raise
        except BaseException:
            # Of a generator that raised, the next call would be the end of the ranges.
            self._has_failed = True
            raise

    def __arrow_c_schema__(self) -> object:
        """The schema of the batches, in a capsule; with several types that of the first."""
        return self._decoder.view(self._decoder.codecs[0]).schema()

    def close(self) -> None:
        """Close the client; closing twice is harmless.

        If another thread is reading the scan, it ends with a ``ClientError`` within 0.2 seconds of
        waiting for messages, and closes the client.
        """
        self._is_closed = True
        self._close_client()

    def _close_client(self) -> None:
        # Closing the client waits for the calls of another thread, which follow each other
        # (measured, 2.16). That thread sees after its call that the scan is closed.
        if self._in_use.acquire(blocking=False):
            try:
                self._resources.close()
            finally:
                self._in_use.release()

    def _check_open(self) -> None:
        if self._is_closed:
            raise ClientError(f"this scan of topic {self.topic!r} is closed")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _read(self) -> Iterator[ConsumedBatch]:
        self._check_ends()
        for each in self._ranges:
            begins, ends = {each.partition: each.start}, {each.partition: each.end}
            raws: list[confluent_kafka.Message] = []
            self.range = each
            for found in read_between(
                self._client,
                self.topic,
                begins,
                ends,
                timeout=self._timeout,
                check=self._check_open,
            ):
                self.fetched += len(found)
                raws += found
                while len(raws) >= self._size:
                    yield from self._decoded(raws[: self._size])
                    del raws[: self._size]
            yield from self._decoded(raws)

    def _decoded(self, raws: list[confluent_kafka.Message]) -> Iterator[ConsumedBatch]:
        while raws:
            decoded = self._decoder.decode(raws, self._threads)
            if decoded.error is not None and not decoded.size:
                raise decoded.error
            yield from (batch for batch, *_ in consumed(self.topic, self._decoder, decoded))
            raws = raws[decoded.size :]

    def _check_ends(self) -> None:
        """Check that the brokers have the offsets, which would be waited for, or be skipped.

        Raises:
            ConfigurationError: A partition has not all of a range.
        """
        ranges = [each for each in self._ranges if each]
        if not ranges:
            return
        numbers = sorted({each.partition for each in ranges})
        firsts, ends = self._cluster.bounds(self.topic, numbers)
        for each in ranges:
            first, end = firsts[each.partition], ends[each.partition]
            if each.start < first or each.end > end:
                raise ConfigurationError(
                    f"topic {self.topic!r}, partition {each.partition}: the range {each.start} to "
                    f"{each.end} is not within its offsets, which are {first} to {end}: earlier "
                    f"messages are deleted, later ones not written or of an open transaction"
                )


_PROPERTIES: Final[dict[str, Any]] = {
    "enable.partition.eof": True,
    "auto.offset.reset": "error",
    # As of a bounded read: a fetch at the end would delay the next one, of another offset.
    "fetch.wait.max.ms": 10,
}


def _checked(ranges: object, topic: str) -> tuple[OffsetRange, ...]:
    if not isinstance(ranges, Sequence) or not all(
        isinstance(each, OffsetRange) for each in ranges
    ):
        raise ArgumentError("ranges", ranges, "a list of OffsetRange")
    for each in ranges:
        if each.topic != topic:
            raise ArgumentError("ranges", each, f"of topic {topic!r}")
    return tuple(ranges)
