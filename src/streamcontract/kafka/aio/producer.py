"""Typed producer for asyncio: the synchronous one, without blocking the event loop."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from streamcontract._lazy import Later
from streamcontract._typing import Self, Unpack
from streamcontract.errors import ArgumentError
from streamcontract.guards import seconds
from streamcontract.kafka.aio.consumer import AsyncContractConsumer
from streamcontract.kafka.aio.reports import Reports
from streamcontract.kafka.aio.transaction import AsyncTransaction
from streamcontract.kafka.aio.worker import Closing, Interrupted, Worker
from streamcontract.kafka.connection.forks import ForkGuard
from streamcontract.kafka.connection.waits import Waiting, deadline_of, interruptible
from streamcontract.kafka.contract.unions import K_contra, Produces, T
from streamcontract.kafka.errors import BrokerError, DeliveryError, ProduceError
from streamcontract.kafka.producer import ContractProducer
from streamcontract.kafka.timeouts import TRANSACTION_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future

    from streamcontract.codec.contract import RecordClass
    from streamcontract.kafka.contract.derived_key import Derived
    from streamcontract.kafka.contract.unions import Classes
    from streamcontract.kafka.producer import types
    from streamcontract.kafka.producer.deliveries import Deliveries
    from streamcontract.kafka.producer.options import (
        BulkOptions,
        ClientOptions,
        KeyedProduceOptions,
        MessageOptions,
        ProduceOptions,
    )
    from streamcontract.kafka.producer.options import ProducerOptions as Options
    from streamcontract.kafka.producer.queue import ProducerQueue
else:
    types = Later("streamcontract.kafka.producer.types")

AnyConsumer = AsyncContractConsumer[Any, Any, Any]

__all__ = ["AsyncContractProducer"]

R = TypeVar("R")

# The longest time, in seconds, until a cancelled wait for delivery reports ends.
_SLICE: Final = 0.2
# The number of records, which take less than a millisecond, after which other tasks run.
_RECORDS_A_TURN: Final = 256


class _InnerProducer(ContractProducer[T, K_contra]):
    """The synchronous producer, with the parts that the asynchronous one uses itself."""

    _shown_as = "AsyncContractProducer"

    @property
    def queue(self) -> ProducerQueue:
        """The queue of records, for those that can be queued without waiting."""
        return self._queue

    @property
    def deliveries(self) -> Deliveries:
        """The deliveries, for waits and failures."""
        return self._deliveries

    @property
    def has_transactions(self) -> bool:
        """Whether it is transactional."""
        return self._transactions.are_on


class AsyncContractProducer(Produces[T, K_contra]):
    """Produces records of one contract in asyncio, or of several.

    It has the methods, arguments, results, errors and guarantees of
    :class:`~streamcontract.kafka.producer.ContractProducer`, with awaitable methods. A record that
    can be queued without waiting is queued at once; waits (for the registry, for room in the queue,
    for deliveries) run in threads of the producer. It is not built over confluent-kafka's
    ``AIOProducer``, which refuses headers and timestamps and groups messages by partition before it
    sends them (confluent-kafka 2.16).

    Records of one task are queued in the order of its calls. A cancelled ``produce`` may have
    queued its record, which is then delivered. A ``DeliveryError`` of a cancelled call is raised by
    the next one.

    An ``on_delivery`` is called in the event loop; its errors go to the loop's exception handler.
    As with the synchronous producer, delivery reports are served while a call of the producer runs.
    Tasks of one event loop may share a producer.

    Args:
        config: Client properties, as for ``ContractProducer``.
        record: The generated class to produce; of several contracts, that of ``topic``.
        records: Several generated classes, as for ``ContractProducer``; left out in
            ``AsyncContractProducer[Order | Event]()``.
        schema: A schema whose plain values to produce, instead of ``record``.
        **options: ``topic``, ``registry`` and ``telemetry``, as for ``ContractProducer``.

    Raises:
        ConfigurationError: The configuration is wrong.

    Example:
        >>> import asyncio
        >>> from streamcontract import AsyncContractProducer, Stock
        >>> async def publish(bars: list[Stock]) -> None:
        ...     async with AsyncContractProducer(record=Stock) as producer:
        ...         for bar in bars:
        ...             await producer.produce(bar)
        >>> asyncio.run(publish([]))
    """

    @overload
    def __init__(
        self,
        config: types.Config = None,
        *,
        record: RecordClass[T, K_contra],
        **options: Unpack[Options],
    ) -> None: ...
    @overload
    def __init__(
        self, config: types.Config = None, *, record: type[T], **options: Unpack[Options]
    ) -> None: ...
    @overload
    def __init__(
        self, config: types.Config = None, *, records: Classes[T] = None, **options: Unpack[Options]
    ) -> None: ...
    @overload
    def __init__(
        self: AsyncContractProducer[Any, str | bytes | None],
        config: types.Config = None,
        *,
        topic: str,
        schema: types.SchemaSource,
        **options: Unpack[ClientOptions],
    ) -> None: ...

    def __init__(self, config: types.Config = None, **options: Any) -> None:
        if not {"record", "records", "schema"} & options.keys():
            options["records"] = self.union
        self._producer: _InnerProducer[T, Any] = _InnerProducer(config, **options)
        self._queue = self._producer.queue
        self._deliveries = self._producer.deliveries
        # Two threads, which the synchronous producer allows, so that a wait for deliveries does not
        # block produce().
        self._sending = Worker("streamcontract-produce")
        self._serving = Worker("streamcontract-deliveries")
        self._deliveries.check = self._sending.check
        self._left_of_turn = _RECORDS_A_TURN
        self._last_reports: Reports | None = None
        self._untold: list[DeliveryError | BrokerError] = []
        self._closing = Closing()
        self._guard = ForkGuard("AsyncContractProducer", owner=self)

    @property
    def topic(self) -> str:
        """The topic of records, unless ``produce`` has another."""
        return self._producer.topic

    @overload
    async def produce(
        self: AsyncContractProducer[T, None], value: T, **options: Unpack[ProduceOptions[Derived]]
    ) -> None: ...
    @overload
    async def produce(
        self, value: T | None, *, key: K_contra, **options: Unpack[MessageOptions]
    ) -> None: ...
    @overload
    async def produce(
        self: AsyncContractProducer[T, object], value: T | None, **options: Unpack[ProduceOptions]
    ) -> None: ...

    async def produce(self, value: T | None, **options: Any) -> None:
        """Encode a record and queue it for delivery: :meth:`.ContractProducer.produce`.

        It waits while the queue is full. If it is cancelled, the record may have been queued.
        """
        self._left_of_turn -= 1
        if self._left_of_turn <= 0:
            self._left_of_turn = _RECORDS_A_TURN
            await asyncio.sleep(0)  # before the record is queued, so that cancellation queues none
        await self._tell()
        if options:
            options = _told_by(self._reports(), options)
        if self._sending.is_idle:  # not before records that wait for the thread
            if not options:
                if self._queue.send_plain(value):
                    return
            elif self._queue.send_at_once(value, options):
                return
        await self._run(self._sending, functools.partial(self._producer.produce, value, **options))

    @overload
    async def produce_all(
        self: AsyncContractProducer[T, None], values: Iterable[T], **limits: Unpack[BulkOptions]
    ) -> types.ProduceReport[T]: ...
    @overload
    async def produce_all(
        self: AsyncContractProducer[T, None],
        values: Iterable[T | None],
        *,
        options: Callable[[T | None], ProduceOptions[K_contra]],
        **limits: Unpack[BulkOptions],
    ) -> types.ProduceReport[T]: ...
    @overload
    async def produce_all(
        self,
        values: Iterable[T | None],
        *,
        options: Callable[[T | None], KeyedProduceOptions[K_contra]],
        **limits: Unpack[BulkOptions],
    ) -> types.ProduceReport[T]: ...
    @overload
    async def produce_all(
        self: AsyncContractProducer[T, object],
        values: Iterable[T | None],
        *,
        options: Callable[[T | None], ProduceOptions] | None = None,
        **limits: Unpack[BulkOptions],
    ) -> types.ProduceReport[T]: ...

    async def produce_all(
        self,
        values: Iterable[T | None],
        *,
        options: Callable[[Any], Any] | None = None,
        progress: Callable[[types.ProduceProgress], object] | None = None,
        max_in_flight: int = 50_000,
        max_failures: int = 1_000,
    ) -> types.ProduceReport[T]:
        """Produce every record, and wait until each is delivered or has failed.

        As :meth:`.ContractProducer.produce_all`. The iterable, ``options`` and ``progress`` are
        called in the producer's thread, and records of other tasks wait until it has ended. If it
        is cancelled, records from the iterable up to then are still delivered.
        """
        reports = self._reports()

        def told_in_loop(value: T | None) -> Any:
            return _told_by(reports, {} if options is None else options(value))

        await self._tell()
        return await self._run(
            self._sending,
            functools.partial(
                self._producer.produce_all,
                values,
                options=None if options is None else told_in_loop,
                progress=progress,
                max_in_flight=max_in_flight,
                max_failures=max_failures,
            ),
        )

    async def produce_batch(
        self, data: object, **options: Unpack[types.BatchOptions]
    ) -> types.ProduceReport[None]:
        """Produce every row of Arrow columns, and wait until each is delivered or has failed.

        As :meth:`.ContractProducer.produce_batch`, in the producer's thread: records of other tasks
        wait until it has ended, and if it is cancelled, its rows are still delivered.
        """
        await self._tell()
        told = _told_by(self._reports(), options)
        call = functools.partial(self._producer.produce_batch, data, **told)
        return await self._run(self._sending, call)

    async def poll(self, timeout: float = 0) -> int:
        """Serve delivery reports: :meth:`.ContractProducer.poll`."""
        serve = self._producer.client.poll
        served = await self._in_slices(
            lambda left: interruptible(serve, left), seconds(timeout), lambda served: served > 0
        )
        await self._tell()
        return served

    async def flush(self, timeout: float | None = None) -> int:
        """Wait until every message is delivered or has failed: :meth:`.ContractProducer.flush`."""
        left = await self._in_slices(
            self._deliveries.drain,
            timeout,
            lambda left: left == 0,
            self._deliveries.waiting("what was produced to be delivered"),
        )
        await self._tell()
        return left

    def transaction(
        self,
        consumer: AnyConsumer | Sequence[AnyConsumer] | None = None,
        *,
        timeout: float = TRANSACTION_TIMEOUT,
    ) -> AsyncTransaction:
        """An ``async with`` block whose records are committed together, or aborted.

        With a consumer its positions are committed in the same transaction. Cancellation inside the
        block aborts it; cancellation during the commit leaves the outcome unknown.

        Args:
            consumer: The consumer of the processed messages, with a group and with
                ``enable.auto.commit`` set to False; or several of them, of any groups.
            timeout: Seconds for each of beginning, committing and aborting.

        Raises:
            Exception: An error of :meth:`ContractProducer.transaction`.

        Example:
            >>> import asyncio
            >>> from streamcontract import AsyncContractConsumer, AsyncContractProducer, Stock
            >>> async def copy() -> None:
            ...     by_hand = {"enable.auto.commit": False}
            ...     source = AsyncContractConsumer(by_hand, record=Stock, group="copy")
            ...     target = AsyncContractProducer(
            ...         {"transactional.id": "copy-1"}, record=Stock, topic="copied"
            ...     )
            ...     async with target, source:
            ...         async for message in source.until_end():
            ...             async with target.transaction(source):
            ...                 await target.produce(message.value, key=message.key)
            >>> asyncio.run(copy())
        """
        given: Any = () if consumer is None else consumer
        consumers = given if isinstance(given, list | tuple) else [given]
        if not all(isinstance(each, AsyncContractConsumer) for each in consumers):
            raise ArgumentError(
                "consumer", consumer, "an AsyncContractConsumer, a list of them, or None"
            )
        threads = [each._thread for each in consumers]  # noqa: SLF001 - of the other client here
        transaction = self._producer.transaction(
            [each.consumer for each in threads], timeout=timeout
        )
        if not threads:
            run = functools.partial(self._run, self._sending)
            return AsyncTransaction(transaction, run, run)
        first, *others = threads
        return AsyncTransaction(transaction, first.run, functools.partial(first.run_with, others))

    async def init_transactions(self, timeout: float = TRANSACTION_TIMEOUT) -> None:
        """Fence other producers with this ``transactional.id``.

        As :meth:`.ContractProducer.init_transactions`. The ``async with`` block of the producer
        calls it, else the first transaction does.
        """
        await self._run(self._sending, functools.partial(self._producer.init_transactions, timeout))

    async def close(self, timeout: float | None = None) -> None:
        """Flush the queue and close: :meth:`.ContractProducer.close`.

        A call that waits in another task raises ``ClientError``. A cancelled ``close`` continues in
        the background.
        """
        left = None if timeout is None else seconds(timeout)  # before anything is closed
        await self._close(functools.partial(self._producer.close, left))
        if self._untold:
            raise self._untold.pop(0)

    async def __aenter__(self) -> Self:
        if self._producer.has_transactions:
            try:
                await self.init_transactions()
            except BaseException:
                await self._close(functools.partial(self._producer.close, 0))
                raise
        return self

    async def __aexit__(
        self, error_type: object, error: BaseException | None, traceback: object
    ) -> None:
        if error is None:
            await self.close()
        else:
            await self._close(
                functools.partial(self._producer.__exit__, error_type, error, traceback)
            )

    def _reports(self) -> Reports:
        """The reports of deliveries in the event loop of this call."""
        loop = asyncio.get_running_loop()
        reports = self._last_reports
        if reports is None or reports.loop is not loop:
            reports = self._last_reports = Reports(loop)
        return reports

    async def _in_slices(
        self,
        call: Callable[[float], int],
        timeout: float | None,
        is_enough: Callable[[int], bool],
        waiting: Waiting | None = None,
    ) -> int:
        """Wait in short calls, so that a cancelled wait does not occupy the thread."""
        deadline = deadline_of(-1 if timeout is None else seconds(timeout))
        while True:
            left = deadline - time.monotonic()
            count = await self._run(
                self._serving, functools.partial(call, max(0.0, min(_SLICE, left)))
            )
            if is_enough(count) or left <= 0 or self._deliveries.is_refused:
                return count
            if waiting is not None:
                waiting.note(count)

    async def _run(
        self,
        worker: Worker,
        call: Callable[[], R],
        *,
        settle: Callable[[Future[R]], None] | None = None,
    ) -> R:
        try:
            return await worker.run(call, settle=settle or self._keep)
        except Interrupted:
            raise self._deliveries.closed() from None

    def _keep(self, future: Future[Any]) -> None:
        """Keep a failure of a cancelled call for the next one; runs in a worker's thread.

        Other errors mean that the record was not queued, which a cancellation may mean too.
        """
        error = future.exception()
        if isinstance(error, (DeliveryError, BrokerError)) and not isinstance(error, ProduceError):
            self._untold.append(error)

    async def _tell(self) -> None:
        """Raise failures, without a wait after it, so that cancellation cannot lose them."""
        for worker in (self._sending, self._serving):
            if not worker.is_settled:  # a cancelled call may have failures
                await worker.settled()
        if self._closing.has_begun:
            raise self._deliveries.closed()
        if self._untold:
            raise self._untold.pop(0)
        self._deliveries.raise_failures()

    async def _close(self, close: Callable[[], None]) -> None:
        if not self._closing.has_begun:
            self._sending.stop_waiting()
            self._serving.stop_waiting()
        await self._closing.run(functools.partial(self._finish, close))

    async def _finish(self, close: Callable[[], None]) -> None:
        await self._serving.finish(_nothing)
        await self._sending.finish(close)


def _nothing() -> None:
    """The last call of a thread without anything to close."""


def _told_by(reports: Reports, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options, with an ``on_delivery`` that is called in the event loop."""
    told = dict(options)
    if told.get("on_delivery") is not None:
        told["on_delivery"] = reports.to(told["on_delivery"])
    return told
