"""Typed consumer for asyncio: the synchronous one, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from streamcontract._lazy import Later
from streamcontract._typing import Self
from streamcontract.errors import ClientError, RegistryError
from streamcontract.guards import seconds
from streamcontract.kafka.aio.worker import Closing, Interrupted, Worker
from streamcontract.kafka.connection.forks import ForkGuard
from streamcontract.kafka.consumer import ContractConsumer
from streamcontract.kafka.consumer.queue import Run
from streamcontract.kafka.contract.unions import K, P, ReadsTopics, T
from streamcontract.kafka.errors import DeadLetterError, MessageDecodeError, StalledError
from streamcontract.kafka.message import Keyed, Message
from streamcontract.kafka.telemetry import NO_TELEMETRY
from streamcontract.kafka.timeouts import BROKER_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Unpack

    from streamcontract.codec.contract import RecordClass
    from streamcontract.kafka.consumer import types
    from streamcontract.kafka.consumer.options import ConsumerOptions
    from streamcontract.kafka.consumer.options import TopicConsumerOptions as OfTopic
    from streamcontract.kafka.contract.unions import Classes
    from streamcontract.kafka.telemetry import Receiving
else:
    types = Later("streamcontract.kafka.consumer.types")

__all__ = ["AsyncContractConsumer", "AsyncUntilEnd"]

R = TypeVar("R")

_log = logging.getLogger("streamcontract.kafka")

# The number of messages, which take about a millisecond, after which other tasks run.
_MESSAGES_A_TURN: Final = 256

_NO_ENDS: Final[Mapping[Any, int]] = MappingProxyType({})

# The next call raises these again by itself, if they still apply.
_MET_AGAIN = (Interrupted, RegistryError, StalledError, DeadLetterError, MessageDecodeError)


class _StoppableConsumer(ContractConsumer[T, K, P]):
    """The synchronous consumer with waits that can be ended."""

    def end_waits_by(self, check: Callable[[], None]) -> None:
        """Set the function that is called before each slice of a wait, and raises to end it."""
        self._delivery.check = check

    def settle(self) -> None:
        """Mark the last returned messages as processed."""
        self._delivery.settle()

    def at_once(self, ends: Mapping[Any, int]) -> Message[T, K] | None:
        """The next message if it needs no waiting, else None."""
        return self._delivery.at_once(ends)

    def hand_over_telemetry(self) -> Receiving:
        """Take over the telemetry of its calls, which the asynchronous consumer then records."""
        receiving, self._receiving = self._receiving, NO_TELEMETRY
        self._hot, self._one, self._many = Run, self._delivery.one, self._delivery.many
        return receiving


def observed(receiving: Receiving) -> Callable[[Awaitable[R]], Awaitable[R]]:
    """The calls with their telemetry, or the calls themselves if there is none."""

    async def awaited(found: Awaitable[R]) -> R:
        with receiving.call() as call:
            return call.gives(await found)

    return _unobserved if receiving is NO_TELEMETRY else awaited


def _unobserved(found: Awaitable[R]) -> Awaitable[R]:
    return found


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
        self._consumer: _StoppableConsumer[T, K, P] = _StoppableConsumer(config, **options)
        # A message counts as consumed when a task gets it, not when the thread reads it.
        self._observed = observed(self._consumer.hand_over_telemetry())
        self._worker = Worker("streamcontract-consumer")
        self._consumer.end_waits_by(self._worker.check)
        self._left_of_turn = _MESSAGES_A_TURN
        self._untold: Exception | None = None
        self._closing = Closing()
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
        return await self.take_one(functools.partial(next, self._consumer), _NO_ENDS)

    async def poll(self, timeout: float = -1) -> Message[T, K] | None:
        """The next message, or None after ``timeout``: :meth:`.ContractConsumer.poll`."""
        if timeout.__class__ is not int:  # as of the synchronous consumer
            timeout = seconds(timeout)
        return await self.take_one(functools.partial(self._consumer.poll, timeout), _NO_ENDS)

    async def consume(self, num_messages: int = 1, timeout: float = -1) -> list[Message[T, K]]:
        """A list of messages, fewer after ``timeout``: :meth:`.ContractConsumer.consume`."""
        return await self.take(functools.partial(self._consumer.consume, num_messages, timeout))

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
            timeout,
            columns=columns,
            metadata=metadata,
            tombstones=tombstones,
            threads=threads,
        )
        return await self.take(take)

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
        return AsyncUntilEnd(self, functools.partial(self._consumer.until_end, seconds(timeout)))

    async def assignment(self, timeout: float = 0) -> tuple[P, ...]:
        """The partitions this consumer reads, in order: :meth:`.ContractConsumer.assignment`."""
        return await self.run(functools.partial(self._consumer.assignment, timeout))

    async def pause(self, partitions: Iterable[P]) -> None:
        """Pause partitions: :meth:`.ContractConsumer.pause`."""
        await self.run(functools.partial(self._consumer.pause, partitions))

    async def resume(self, partitions: Iterable[P]) -> None:
        """Resume partitions: :meth:`.ContractConsumer.resume`."""
        await self.run(functools.partial(self._consumer.resume, partitions))

    async def paused(self) -> tuple[P, ...]:
        """The assigned partitions that :meth:`pause` has paused, in order."""
        return await self.run(self._consumer.paused)

    async def committed(
        self, partitions: Iterable[P] | None = None, *, timeout: float = BROKER_TIMEOUT
    ) -> dict[P, int | None]:
        """The offsets that the group has committed: :meth:`.ContractConsumer.committed`."""
        return await self.run(
            functools.partial(self._consumer.committed, partitions, timeout=timeout)
        )

    async def commit(
        self,
        message: Message[T] | None = None,
        *,
        offsets: Mapping[P, int] | None = None,
        asynchronous: bool = False,
    ) -> dict[P, int]:
        """Commit the positions for the group: :meth:`.ContractConsumer.commit`."""
        return await self.run(
            functools.partial(
                self._consumer.commit, message, offsets=offsets, asynchronous=asynchronous
            )
        )

    async def positions(self) -> dict[P, int]:
        """The position in each partition: :meth:`.ContractConsumer.positions`."""
        return await self.run(self._consumer.positions)

    async def seek(self, partition: P, start: types.Start) -> None:
        """Continue from another offset of a partition: :meth:`.ContractConsumer.seek`."""
        await self.run(functools.partial(self._consumer.seek, partition, start))

    async def close(self) -> None:
        """Commit the positions (unless ``enable.auto.commit`` is False) and leave the group.

        A call that waits in another task raises ``ClientError``. Closing twice is harmless. A
        cancelled ``close`` continues in the background.

        Raises:
            DeadLetterError: Dead letters were not delivered: the last returned messages were not
                committed.
        """
        await self._close(self._consumer.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, error_type: object, error: BaseException | None, traceback: object
    ) -> None:
        await self._close(functools.partial(self._consumer.__exit__, error_type, error, traceback))

    async def take_one(
        self, call: Callable[[], R], ends: Mapping[Any, int] | None
    ) -> Message[T, K] | R:
        """The next message; without the thread if it is fetched already, which saves 0.1 ms.

        Args:
            call: The call for the thread otherwise, as for :meth:`take`.
            ends: The end offset of each partition, after which messages are skipped; None if it is
                not known yet.
        """
        self._left_of_turn -= 1
        if self._left_of_turn <= 0:
            self._left_of_turn = _MESSAGES_A_TURN
            await asyncio.sleep(0)  # before a message is returned, so that cancellation loses none
        if (
            ends is not None
            and self._observed is _unobserved
            and self._untold is None
            and not self._closing.has_begun
            and self._worker.is_idle
        ):
            message = self._consumer.at_once(ends)
            if message is not None:
                return message
        return await self.take(call)

    def take(self, call: Callable[[], R]) -> Awaitable[R]:
        """Run a call that returns messages; if it is cancelled, the next call returns them."""

        def tell_first() -> R:
            error, self._untold = self._untold, None
            if error is not None:
                self._consumer.settle()
                raise error
            return call()

        return self._observed(self.run(tell_first, settle=self._take_back))

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
        with self._closed_if_interrupted():
            return await self._worker.run(call, settle=settle)

    async def run_with(
        self,
        others: Iterable[AsyncContractConsumer[Any, Any, Any]],
        call: Callable[[], R],
        *,
        settle: Callable[[Future[R]], None] | None = None,
    ) -> R:
        """Run a call that uses other consumers too, whose threads are blocked meanwhile.

        Raises:
            ClientError: One of them is closed.
            Exception: The error of the call.
        """
        # Always in one order, so that no two of these wait for each other.
        *held, last = sorted({self, *others}, key=id)
        released = threading.Event()
        try:
            for each in held:
                with each._closed_if_interrupted():  # noqa: SLF001 - of this class
                    await each._worker.hold(released)  # noqa: SLF001 - likewise
        except BaseException:
            released.set()
            raise
        try:
            return await last.run(call, settle=settle)
        finally:
            # After the thread has ended a cancelled call.
            last._worker.afterwards(released.set)  # noqa: SLF001 - of this class

    @contextlib.contextmanager
    def _closed_if_interrupted(self) -> Iterator[None]:
        try:
            yield
        except Interrupted:
            raise ClientError(f"this consumer of topic {self.topic!r} is closed") from None

    def _take_back(self, future: Future[Any]) -> None:
        """Keep the messages of a cancelled call for the next one; runs in the worker's thread."""
        self._consumer.take_back()
        error = future.exception()
        if isinstance(error, Exception) and not isinstance(error, _MET_AGAIN):
            self._untold = error

    async def _close(self, close: Callable[[], None]) -> None:
        if not self._closing.has_begun:
            self._worker.stop_waiting()
        await self._closing.run(functools.partial(self._finish, close))

    async def _finish(self, close: Callable[[], None]) -> None:
        await self._worker.finish(close)
        if self._untold is not None:
            _log.error(
                "not raised by a call before the consumer was closed: %s",
                self._untold,
                extra={"topic": self.topic},
            )


class AsyncUntilEnd(Keyed[T, K]):
    """Iterates over the messages before the end offsets at the time of the first one.

    An error or a cancelled wait does not end it: the next call continues.
    """

    def __init__(
        self, consumer: AsyncContractConsumer[T, K, Any], begin: Callable[[], types.UntilEnd[T, K]]
    ) -> None:
        self._consumer = consumer
        self._begin = begin
        self._messages: types.UntilEnd[T, K] | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message[T, K]:
        """The next message, or StopAsyncIteration at the ends."""
        ends = None if self._messages is None else self._messages.ends
        message = await self._consumer.take_one(self._next, ends)
        if message is None:
            raise StopAsyncIteration
        return message

    async def batches(
        self,
        num_messages: int = 10_000,
        *,
        columns: Sequence[str] | None = None,
        metadata: types.MetadataChoice = (),
        tombstones: types.Tombstones = "drop",
        threads: int = 1,
    ) -> AsyncIterator[types.ConsumedBatch]:
        """Iterate over the same messages as batches: :meth:`.UntilEnd.batches`."""
        found: Iterator[types.ConsumedBatch] | None = None

        def take() -> types.ConsumedBatch | None:
            nonlocal found
            if found is None:
                found = self._opened().batches(
                    num_messages,
                    columns=columns,
                    metadata=metadata,
                    tombstones=tombstones,
                    threads=threads,
                )
            return next(found, None)

        while (batch := await self._consumer.take(take)) is not None:
            yield batch

    async def remaining(self) -> dict[Any, tuple[int | None, int]]:
        """Position and end of each partition before its end: :meth:`.UntilEnd.remaining`."""
        return await self._consumer.run(lambda: self._opened().remaining())

    def _next(self) -> Message[T, K] | None:
        return next(self._opened(), None)

    def _opened(self) -> types.UntilEnd[T, K]:
        if self._messages is None:
            self._messages = self._begin()
        return self._messages
