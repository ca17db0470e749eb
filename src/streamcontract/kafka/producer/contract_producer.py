"""Typed producer of the records of a contract, which raises every failed delivery."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, overload

from streamcontract._lazy import Later
from streamcontract._typing import Self, Unpack
from streamcontract.errors import ArgumentError
from streamcontract.guards import seconds
from streamcontract.kafka.contract.unions import Classes, K_contra, Produces, T
from streamcontract.kafka.timeouts import TRANSACTION_TIMEOUT

if TYPE_CHECKING:
    from streamcontract.codec.contract import RecordClass
    from streamcontract.kafka.contract.derived_key import Derived
    from streamcontract.kafka.producer import types
    from streamcontract.kafka.producer.options import (
        BulkOptions,
        ClientOptions,
        KeyedProduceOptions,
        MessageOptions,
        ProduceOptions,
    )
    from streamcontract.kafka.producer.options import ProducerOptions as Options
else:
    types = Later("streamcontract.kafka.producer.types")

__all__ = ["ContractProducer"]

_log = logging.getLogger("streamcontract.kafka")

# The longest time of deliveries after an exception has left the with block.
_PATIENCE_AFTER_ERROR: Final = 10.0


class ContractProducer(Produces[T, K_contra]):
    """Produces records of one contract, or of several.

    It wraps a ``confluent_kafka.SerializingProducer``, which is ``client``, for methods that this
    class does not have. Unless configured otherwise, idempotence and
    ``acks=all`` are on, and a key has the partition that the Java client would choose
    (``partitioner``; librdkafka's own default, ``consistent_random``, is another hash). The
    schema is registered (only looked up, if ``auto.register.schemas`` is False) when the first
    record goes to a topic. Threads may share a producer.

    No message is lost in silence: a failed delivery is passed to the ``on_delivery`` of its
    message, and otherwise raised as :class:`DeliveryError` by the next ``produce``, ``poll``,
    ``flush`` or ``close``. Delivery is retried for librdkafka's ``message.timeout.ms``, 5 minutes
    by default.

    With a ``transactional.id`` it produces only in transactions: see
    :meth:`transaction`.

    Leaving the ``with`` block waits for all deliveries. If an exception leaves it, messages are
    still delivered for at most 10 seconds, the rest is discarded, and failures are logged, so that
    they do not hide the exception.

    Args:
        config: Client properties; see :func:`streamcontract.kafka.connection.config.split_config`.
            Missing values come from the environment, else a broker at localhost:19092 and a
            registry at http://localhost:18081.
        topic: The topic, instead of the contract's.
        registry: A registry client to share; without it the producer creates, and closes, its own.
        telemetry: Counts and traces the messages: a ``streamcontract.otel.Telemetry``.
        record: The generated class to produce; a generated producer class has it built in. If it
            is the record of several contracts, ``topic`` determines the contract.
        records: Several generated classes: each record is sent to the topic of its class's contract
            (or ``topic``), so that one transaction can have several types in it. Left out in
            ``ContractProducer[Order | Event]()``, which has them already. A tombstone needs
            ``topic=``, which determines its contract, unless all have one topic; so does a record
            of a class of several contracts.
        schema: A schema whose plain values to produce, instead of ``record``.

    Raises:
        ConfigurationError: The configuration is wrong; a ``PropertyError`` names a property that
            librdkafka refuses.

    Example:
        >>> import datetime
        >>> from streamcontract import Stock, StockProducer
        >>> bar = Stock(
        ...     symbol="AAPL",
        ...     date=datetime.date(2024, 1, 2),
        ...     open=187.15,
        ...     high=188.44,
        ...     low=183.89,
        ...     close=185.64,
        ...     volume=82488700,
        ... )
        >>> with StockProducer() as producer:
        ...     producer.produce(bar)
    """

    contract: ClassVar[types.Contract | None] = None
    client: types.Client
    _is_drained = False
    _shown_as: ClassVar[str | None] = None  # in the warning about one that was not closed

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
        self: ContractProducer[Any, str | bytes | None],
        config: types.Config = None,
        *,
        topic: str,
        schema: types.SchemaSource,
        **options: Unpack[ClientOptions],
    ) -> None: ...

    def __init__(
        self,
        config: types.Config = None,
        *,
        topic: str | None = None,
        registry: types.SchemaRegistry | None = None,
        telemetry: types.Telemetry | None = None,
        record: Any = None,
        records: Classes[T] = None,
        schema: types.SchemaSource | None = None,
    ) -> None:
        # The parts of a producer take long to import, and importing a generated module does not
        # use them yet.
        from streamcontract.kafka.contract.arguments import ContractArguments  # noqa: PLC0415
        from streamcontract.kafka.producer.wiring import Wiring, wire  # noqa: PLC0415

        arguments = ContractArguments(
            contract=self.contract,
            union=self.union,
            topic=topic,
            record=record,
            records=records,
            schema=schema,
        )
        wiring: Wiring[T] = wire(
            arguments, config, registry, telemetry, on_fork=self._leave_to_parent
        )
        self.client = wiring.client
        self._topic = wiring.topic
        self._guard = wiring.guard
        self._deliveries = wiring.deliveries
        self._transactions = wiring.transactions
        self._queue = wiring.queue
        self._unclosed = wiring.unclosed
        self._resources = wiring.resources

    @property
    def topic(self) -> str:
        """The topic of records, unless ``produce`` has another.

        ``""`` for a producer of several contracts with several topics.
        """
        return self._topic

    @overload
    def produce(
        self: ContractProducer[T, None], value: T, **options: Unpack[ProduceOptions[Derived]]
    ) -> None: ...
    @overload
    def produce(
        self, value: T | None, *, key: K_contra, **options: Unpack[MessageOptions]
    ) -> None: ...
    @overload
    def produce(
        self: ContractProducer[T, object], value: T | None, **options: Unpack[ProduceOptions]
    ) -> None: ...

    def produce(self, value: T | None, **options: Any) -> None:
        """Encode a record and queue it for delivery; wait while the queue is full.

        Args:
            value: The record, or None for a tombstone, which deletes its key.
            **options: ``key``, of the contract's type, which may be left out if the contract takes
                it from the record or has none, except for a tombstone; the others are those of
                :class:`~streamcontract.kafka.producer.options.MessageOptions`.

        Raises:
            MessageEncodeError: The record or key does not fit the contract; nothing was queued.
            DeliveryError: Earlier messages were not delivered; this one was not queued.
            ProduceError: The client refuses the message (too large, no such partition, ...).
            RegistryError: The schema could not be registered or found.
            ArgumentError: An option cannot be sent, such as a header's name of bytes or a timestamp
                that is not a point in time (a naive datetime, a date, a float).
            ClientError: The producer is closed.
        """
        if options or not self._queue.send_plain(value):
            self._queue.put(self._queue.prepare(value, **options))

    @overload
    def produce_all(
        self: ContractProducer[T, None], values: Iterable[T], **limits: Unpack[BulkOptions]
    ) -> types.ProduceReport[T]: ...
    @overload
    def produce_all(
        self: ContractProducer[T, None],
        values: Iterable[T | None],
        *,
        options: Callable[[T | None], ProduceOptions[K_contra]],
        **limits: Unpack[BulkOptions],
    ) -> types.ProduceReport[T]: ...
    @overload
    def produce_all(
        self,
        values: Iterable[T | None],
        *,
        options: Callable[[T | None], KeyedProduceOptions[K_contra]],
        **limits: Unpack[BulkOptions],
    ) -> types.ProduceReport[T]: ...
    @overload
    def produce_all(
        self: ContractProducer[T, object],
        values: Iterable[T | None],
        *,
        options: Callable[[T | None], ProduceOptions] | None = None,
        **limits: Unpack[BulkOptions],
    ) -> types.ProduceReport[T]: ...

    def produce_all(
        self,
        values: Iterable[T | None],
        *,
        options: Callable[[Any], Any] | None = None,
        progress: Callable[[types.ProduceProgress], object] | None = None,
        max_in_flight: int = 50_000,
        max_failures: int = 1_000,
    ) -> types.ProduceReport[T]:
        """Produce every record of an iterable, and wait until each is delivered or has failed.

        Records are taken from the iterable as fast as the brokers accept them, and a failed record
        does not stop the others. At any time at most ``max_in_flight`` records and ``max_failures``
        failures are in memory.

        Args:
            values: The records, or None for tombstones, for which ``options`` returns the key.
            options: Called with each record, returns the options of its message, as for
                ``produce``.
            progress: Called every half second and at the end. Its error ends the call.
            max_in_flight: The most messages in flight before more records are taken. A batch has up
                to ``batch.num.messages`` (10,000): with fewer than two batches in flight the next
                is queued only after the last is delivered.
            max_failures: The most failures in the report; the others are only counted.

        Returns:
            The number of delivered records, and the failures with their reasons.

        Raises:
            ProduceError: The producer cannot continue, such as one that was fenced.
            RegistryError: The schema could not be registered or found.
            DeliveryError: Earlier messages were not delivered.
            ArgumentError: A limit is invalid, or an option cannot be used, as for ``produce``.
            ClientError: The producer is closed.
            Exception: An error of the iterable, ``options``, ``progress`` or an ``on_delivery``.
                Records up to then are still delivered, and for failures the next call raises a
                ``DeliveryError``.

        Example:
            >>> from streamcontract import ContractProducer
            >>> sales = [{"sku": "tea", "count": 3}, {"sku": "salt", "count": 1}]
            >>> sale = {
            ...     "type": "record",
            ...     "name": "Sale",
            ...     "fields": [{"name": "sku", "type": "string"}, {"name": "count", "type": "int"}],
            ... }
            >>> with ContractProducer(topic="sales", schema=sale) as producer:
            ...     report = producer.produce_all(sales)
            >>> report.delivered
            2
            >>> for failure in report.failures:
            ...     print(failure.index, failure.value, failure.error)
        """
        self._deliveries.require_open()
        self._deliveries.refuse_callback("produce_all")
        from streamcontract.kafka.producer.produce_all import BulkProduce  # noqa: PLC0415 - as above

        run = BulkProduce[T](
            self._queue, self._deliveries, options, progress, max_in_flight, max_failures
        )
        return run.complete(lambda: run.take_all(values))

    def produce_batch(
        self, data: object, **options: Unpack[types.BatchOptions]
    ) -> types.ProduceReport[None]:
        """Produce every row of Arrow columns, and wait until each is delivered or has failed.

        Values are encoded by column, as ``Codec.encode_columns`` does it, batch by batch. A row
        that fails does not stop the others; the report names it, with its path.

        Args:
            data: The rows: a table or batch of pyarrow, a DataFrame of polars or pandas, a relation
                of DuckDB, a consumed batch, or what else has the Arrow PyCapsule interface.
            **options: Those of :class:`~streamcontract.kafka.producer.options.BatchOptions`; the
                limits and ``progress`` are those of :meth:`produce_all`.

        Returns:
            The number of delivered rows, and the failures: ``index`` is the row, ``value`` None.

        Raises:
            ColumnTypesError: Columns do not have the types of the contract; nothing was queued.
            ArgumentError: An option cannot be used, or names no column.
            Exception: An error of :meth:`produce_all`.

        Example:
            >>> import pyarrow
            >>> from streamcontract import ContractProducer
            >>> sale = {
            ...     "type": "record",
            ...     "name": "Sale",
            ...     "fields": [{"name": "sku", "type": "string"}, {"name": "count", "type": "int"}],
            ... }
            >>> sales = pyarrow.table({"sku": ["tea", "salt"], "count": [3, None]})
            >>> with ContractProducer(topic="sales", schema=sale) as producer:
            ...     report = producer.produce_batch(sales, key="sku")
            >>> report.delivered, report.failures[0].index
            (1, 1)
        """
        from streamcontract.codec.engine import require_columns  # noqa: PLC0415 - as above

        require_columns()
        from streamcontract.kafka.producer.produce_batch import BatchProduce  # noqa: PLC0415 - an installation may lack what it needs

        self._deliveries.require_open()
        self._deliveries.refuse_callback("produce_batch")
        run = BatchProduce(self._queue, self._deliveries, **options)
        return run.complete(lambda: run.take_rows(data))

    def poll(self, timeout: float = 0) -> int:
        """Serve delivery reports, waiting up to ``timeout`` seconds for the first one.

        Returns:
            The number of served events, including librdkafka's errors of the brokers
            (``error_cb``).

        Raises:
            BrokerError: The brokers do not accept this client; the messages stay in the queue.
            DeliveryError: Messages without an ``on_delivery`` were not delivered.
        """
        return self._deliveries.poll(timeout)

    def flush(self, timeout: float | None = None) -> int:
        """Wait until every message is delivered or has failed.

        Args:
            timeout: Seconds to wait; without it, or if negative, as long as librdkafka tries.

        Returns:
            The number of messages that are not delivered yet; 0 unless it timed out.

        Raises:
            BrokerError: The brokers do not accept this client; the messages stay in the queue.
            DeliveryError: Messages without an ``on_delivery`` were not delivered.
        """
        self._deliveries.require_open()
        self._deliveries.refuse_callback("flush")
        left = self._deliveries.drain(_limit(timeout))
        self._deliveries.raise_failures()
        return left

    def transaction(
        self,
        consumer: types.AnyConsumer | Sequence[types.AnyConsumer] | None = None,
        *,
        timeout: float = TRANSACTION_TIMEOUT,
    ) -> types.Transaction:
        """A ``with`` block whose records are committed together, or aborted.

        With a consumer its positions are committed in the same transaction, so that each of its
        messages is processed exactly once, if the results are in Kafka and are read with
        ``isolation.level=read_committed`` (librdkafka's default). If an exception leaves the
        block, or the commit fails, the transaction is aborted and the consumer seeks back to the
        committed offsets: later messages are returned again.

        Args:
            consumer: The consumer of the processed messages, with a group and with
                ``enable.auto.commit`` set to False; or several of them, of any groups.
            timeout: Seconds for each of beginning, committing and aborting.

        Raises:
            ConfigurationError: The producer has no ``transactional.id``, or the consumer cannot be
                in a transaction.
            TransactionAbortedError: It was aborted, and can be tried again.
            ProducerFencedError: Another producer was started with this ``transactional.id``.
            TransactionError: It failed for good.
            ClientError: There is an open transaction already, or a client is closed.

        Example:
            >>> from streamcontract import StockConsumer, StockProducer
            >>> source = StockConsumer({"enable.auto.commit": False}, group="doubled")
            >>> target = StockProducer({"transactional.id": "doubled-1"}, topic="doubled")
            >>> for message in source.until_end():
            ...     with target.transaction(source):
            ...         target.produce(message.value, key=message.key)
            >>> source.close()
            >>> target.close()
        """
        self._deliveries.require_open()
        self._deliveries.refuse_callback("transaction")
        given: Any = () if consumer is None else consumer
        consumers = given if isinstance(given, list | tuple) else [given]
        if not all(hasattr(each, "transaction_input") for each in consumers):
            raise ArgumentError("consumer", consumer, "a ContractConsumer, a list of them, or None")
        inputs = [each.transaction_input() for each in consumers]
        return self._transactions.block(inputs, seconds(timeout), self.flush)

    def init_transactions(self, timeout: float = TRANSACTION_TIMEOUT) -> None:
        """Fence other producers with this ``transactional.id``, and abort their open transactions.

        The ``with`` block of the producer calls it, else the first transaction does. A consumer of
        an earlier producer's transaction waits until then, or until that transaction times out.

        Args:
            timeout: Seconds to wait.

        Raises:
            ConfigurationError: The producer has no ``transactional.id``.
            TransactionError: The brokers refused, or did not answer in time.
        """
        self._deliveries.require_open()
        self._transactions.init(seconds(timeout))

    def close(self, timeout: float | None = None) -> None:
        """Flush the queue and close; closing twice is harmless.

        After a KeyboardInterrupt another call continues it.

        Args:
            timeout: Seconds to wait; messages that are not delivered by then are discarded, and
                count as failed. Without it, or if negative, as long as librdkafka tries.

        Raises:
            BrokerError: The brokers do not accept this client; queued messages are discarded, as
                reported in the ``__cause__``.
            DeliveryError: Messages without an ``on_delivery`` were not delivered.
            Exception: An error of an ``on_delivery``; the other reports were served nevertheless.
        """
        self._guard.check()
        self._deliveries.refuse_callback("close")
        timeout = _limit(timeout)
        self._deliveries.is_open = False
        self._queue.close()
        try:
            self._finish(timeout)
        finally:
            self._resources.close()
        self._deliveries.raise_failures()

    def __enter__(self) -> Self:
        if self._transactions.are_on:
            try:
                self.init_transactions()
            except BaseException:
                self.close(0)
                raise
        return self

    def __exit__(self, error_type: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            self.close()
            return
        if self._guard.is_foreign:
            return
        try:
            self.close(_PATIENCE_AFTER_ERROR)
        except Exception:  # noqa: BLE001 - the exception that leaves the block goes first
            _log.exception(
                "while leaving a with block because of %r", error, extra={"topic": self.topic}
            )

    def __del__(self) -> None:
        # The last attribute that is set.
        is_made = hasattr(self, "_unclosed")
        if is_made and self._deliveries.is_open and not self._guard.is_foreign:
            name = self._shown_as or type(self).__name__
            self._unclosed.drop()
            warnings.warn(
                f"{name} was not closed, and a failed delivery of the rest of its queue "
                f"({len(self.client)} messages or events) is only logged: use it in a with block",
                ResourceWarning,
                source=self,
                stacklevel=2,
            )

    def _finish(self, timeout: float | None) -> None:
        try:
            if not self._is_drained:
                self._deliver_or_discard(timeout)
        finally:
            # The queue is empty, except after a KeyboardInterrupt: then this must not wait.
            if not len(self.client):
                self._is_drained = True
                self._unclosed.close()
                self._transactions.close_client()

    def _deliver_or_discard(self, timeout: float | None) -> None:
        # Before any wait, because its messages would be aborted anyway.
        patience = TRANSACTION_TIMEOUT if timeout is None or timeout < 0 else timeout
        self._transactions.abort(patience)
        if self._deliveries.drain(timeout):
            self.client.purge()
            self._deliveries.drain(None)

    def _leave_to_parent(self) -> None:
        self._queue.close()


def _limit(timeout: float | None) -> float | None:
    return None if timeout is None else seconds(timeout)
