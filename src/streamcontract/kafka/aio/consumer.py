"""Typed consumer for asyncio: the synchronous one, in a thread of its own."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar, overload

from streamcontract._lazy import Later
from streamcontract._typing import Self
from streamcontract.guards import seconds
from streamcontract.kafka.aio.consumer_thread import ConsumerThread, InnerConsumer
from streamcontract.kafka.aio.until_end import AsyncUntilEnd
from streamcontract.kafka.connection.forks import ForkGuard
from streamcontract.kafka.consumer import ContractConsumer
from streamcontract.kafka.consumer.batches import message_limit
from streamcontract.kafka.contract.unions import K, P, ReadsTopics, T
from streamcontract.kafka.message import Message
from streamcontract.kafka.timeouts import BROKER_TIMEOUT

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from streamcontract.codec.contract import RecordClass
    from streamcontract.kafka.consumer import types
    from streamcontract.kafka.consumer.options import ConsumerOptions
    from streamcontract.kafka.consumer.options import TopicConsumerOptions as OfTopic
    from streamcontract.kafka.contract.unions import Classes
else:
    types = Later("streamcontract.kafka.consumer.types")

__all__ = ["AsyncContractConsumer"]

R = TypeVar("R")


class AsyncContractConsumer(ReadsTopics[T, K, P]):
    """Consumes the messages of one contract in asyncio: ``async for``, ``poll`` or ``consume``.

    It has the methods, arguments, results, errors and guarantees of
    :class:`~streamcontract.kafka.consumer.ContractConsumer`, with awaitable methods, and runs one
    in a thread of its own, so that neither broker nor registry blocks the event loop. It is not
    built over confluent-kafka's ``AIOConsumer``, which loses the message of a cancelled ``poll``:
    the thread still fetches it, and its offset is stored (confluent-kafka 2.16).

    A cancelled call ends at once and loses nothing: the next call returns its messages, which are
    not committed before. An error in the thread of a cancelled call is raised by the next call. A
    cancelled ``commit`` or ``seek`` may have been executed.

    Tasks of one event loop may share a consumer; their calls take turns. Processed messages are
    counted for the consumer, not by task: tasks that share one set ``enable.auto.commit`` to False
    and commit their messages. The callback of ``Skip`` is called in the consumer's thread.
    A message that was fetched already is returned without a change of threads; for many small
    messages ``consume`` is nevertheless the fastest.

    Args:
        config: Client properties, as for ``ContractConsumer``.
        record: The generated class to read; of several contracts, that of ``topic``.
        records: Several generated classes, for a topic with several types; left out in
            ``AsyncContractConsumer[Trade | Quote](topic="market")``.
        schema: A schema to read plain values with, instead of ``record``.
        topics: Several topics, by name or pattern, as for ``ContractConsumer``.
        **options: ``topic``, ``group``, ``registry``, ``start``, ``partitions``, ``on_assign``,
            ``on_revoke``, ``on_lost``, ``poison`` and ``telemetry``, as for ``ContractConsumer``.
            Rebalance callbacks run in the consumer's thread, and get the synchronous consumer,
            whose methods they call without ``await``.

    Raises:
        ConfigurationError: The configuration is wrong.

    Example:
        >>> import asyncio
        >>> from streamcontract import AsyncContractConsumer, Stock
        >>> async def report() -> None:
        ...     async with AsyncContractConsumer(record=Stock, group="report") as consumer:
        ...         async for message in consumer.until_end():
        ...             print(message.offset, message.key, message.value.close)
        >>> asyncio.run(report())
        0 AAPL 185.64
        1 MSFT 370.87
    """

    @overload
    def __init__(
        self,
        config: types.Config = None,
        *,
        record: RecordClass[T, Any, K],
        **options: Unpack[OfTopic],
    ) -> None: ...
    @overload
    def __init__(
        self, config: types.Config = None, *, record: type[T], **options: Unpack[OfTopic]
    ) -> None: ...
    @overload
    def __init__(
        self, config: types.Config = None, *, records: Classes[T] = None, **options: Unpack[OfTopic]
    ) -> None: ...
    @overload
    def __init__(
        self: AsyncContractConsumer[T, K, tuple[str, int]],
        config: types.Config = None,
        *,
        topics: Mapping[str, RecordClass[T, Any, K]],
        **options: Unpack[ConsumerOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: AsyncContractConsumer[T, K, tuple[str, int]],
        config: types.Config = None,
        *,
        topics: Mapping[str, type[T] | Sequence[type[T]]],
        **options: Unpack[ConsumerOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: AsyncContractConsumer[Any, bytes | None],
        config: types.Config = None,
        *,
        topic: str,
        schema: types.SchemaSource,
        **options: Unpack[ConsumerOptions],
    ) -> None: ...

    def __init__(self, config: types.Config = None, **options: Any) -> None:
        if not options.keys() & {"record", "records", "schema", "topics"}:
            options["records"] = self.union
        self._consumer: InnerConsumer[T, K, P] = InnerConsumer(config, **options)
        self._thread = ConsumerThread(self._consumer)
        self._guard = ForkGuard("AsyncContractConsumer", owner=self)

    @property
    def topic(self) -> str:
        """The topic of this consumer; several topics are separated by commas."""
        return self._consumer.topic

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics of this consumer, by name or pattern."""
        return self._consumer.topics

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message[T, K]:
        """Wait for the next message without a timeout; with the errors of the synchronous consumer.

        If another task closes the consumer meanwhile, it raises ``ClientError``.
        """
        return await self._thread.take_one(functools.partial(next, self._consumer))

    async def poll(self, timeout: float = -1) -> Message[T, K] | None:
        """The next message, or None after ``timeout``: :meth:`.ContractConsumer.poll`."""
        kind: Any = timeout.__class__
        if kind is not int and (kind is not float or timeout != timeout):  # noqa: PLR0124 - as there
            timeout = seconds(timeout)
        return await self._thread.take_one(functools.partial(self._consumer.poll, timeout))

    async def consume(self, num_messages: int = 1, timeout: float = -1) -> list[Message[T, K]]:
        """A list of messages, fewer after ``timeout``: :meth:`.ContractConsumer.consume`."""
        # Checked here: the next call would raise what is wrong with one that is cancelled.
        limit, timeout = message_limit(num_messages), seconds(timeout)
        return await self._thread.take(functools.partial(self._consumer.consume, limit, timeout))

    async def consume_batch(
        self,
        num_messages: int = 10_000,
        timeout: float = 1.0,
        *,
        columns: Sequence[str] | None = None,
        metadata: types.MetadataChoice = (),
        tombstones: types.Tombstones = "drop",
        threads: int = 1,
    ) -> types.ConsumedBatch:
        """Messages as columns: :meth:`.ContractConsumer.consume_batch`."""
        take = functools.partial(
            self._consumer.consume_batch,
            num_messages,
            seconds(timeout),
            columns=columns,
            metadata=metadata,
            tombstones=tombstones,
            threads=threads,
        )
        return await self._thread.take(take)

    async def batches(
        self,
        num_messages: int = 10_000,
        timeout: float = 1.0,
        *,
        columns: Sequence[str] | None = None,
        metadata: types.MetadataChoice = (),
        tombstones: types.Tombstones = "drop",
        threads: int = 1,
    ) -> AsyncIterator[types.ConsumedBatch]:
        """Iterate over batches of messages, without end: :meth:`.ContractConsumer.batches`."""
        while True:
            batch = await self.consume_batch(
                num_messages,
                timeout,
                columns=columns,
                metadata=metadata,
                tombstones=tombstones,
                threads=threads,
            )
            if batch:
                yield batch

    def until_end(self, timeout: float = 60.0) -> AsyncUntilEnd[T, K]:
        """Iterate up to the ends of the partitions: :meth:`.ContractConsumer.until_end`."""
        begin = functools.partial(self._consumer.until_end, seconds(timeout))
        return AsyncUntilEnd(self._thread, begin)

    async def assignment(self, timeout: float = 0) -> tuple[P, ...]:
        """The partitions this consumer reads, in order: :meth:`.ContractConsumer.assignment`."""
        return await self._thread.call(self._consumer.assignment, timeout)

    async def pause(self, partitions: Iterable[P]) -> None:
        """Pause partitions: :meth:`.ContractConsumer.pause`."""
        await self._thread.call(self._consumer.pause, partitions)

    async def resume(self, partitions: Iterable[P]) -> None:
        """Resume partitions: :meth:`.ContractConsumer.resume`."""
        await self._thread.call(self._consumer.resume, partitions)

    async def paused(self) -> tuple[P, ...]:
        """The assigned partitions that :meth:`pause` has paused, in order."""
        return await self._thread.call(self._consumer.paused)

    async def committed(
        self, partitions: Iterable[P] | None = None, *, timeout: float = BROKER_TIMEOUT
    ) -> dict[P, int | None]:
        """The offsets that the group has committed: :meth:`.ContractConsumer.committed`."""
        return await self._thread.call(self._consumer.committed, partitions, timeout=timeout)

    async def commit(
        self,
        message: Message[T] | None = None,
        *,
        offsets: Mapping[P, int] | None = None,
        asynchronous: bool = False,
    ) -> dict[P, int]:
        """Commit the positions for the group: :meth:`.ContractConsumer.commit`."""
        return await self._thread.call(
            self._consumer.commit, message, offsets=offsets, asynchronous=asynchronous
        )

    async def positions(self) -> dict[P, int]:
        """The position in each partition: :meth:`.ContractConsumer.positions`."""
        return await self._thread.call(self._consumer.positions)

    async def seek(self, partition: P, start: types.Start) -> None:
        """Continue from another offset of a partition: :meth:`.ContractConsumer.seek`."""
        await self._thread.call(self._consumer.seek, partition, start)

    async def close(self) -> None:
        """Commit the positions (unless ``enable.auto.commit`` is False) and leave the group.

        A call that waits in another task raises ``ClientError``. Closing twice is harmless. A
        cancelled ``close`` continues in the background.

        Raises:
            DeadLetterError: Dead letters were not delivered: the last returned messages were not
                committed.
        """
        await self._thread.close(self._consumer.close)

    @property
    def synchronous(self) -> ContractConsumer[T, K, P]:
        """The synchronous consumer, for calls of ``run`` in its thread."""
        return self._consumer

    async def run(
        self, call: Callable[[], R], *, settle: Callable[[Future[R]], None] | None = None
    ) -> R:
        """Run a call in the consumer's thread, after earlier calls.

        Args:
            call: Called in the thread.
            settle: Called in the thread with the result, if the call was cancelled.

        Raises:
            ClientError: The consumer is closed.
            Exception: The error of the call.
        """
        return await self._thread.run(call, settle=settle)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, error_type: object, error: BaseException | None, traceback: object
    ) -> None:
        await self._thread.close(
            functools.partial(self._consumer.__exit__, error_type, error, traceback)
        )
