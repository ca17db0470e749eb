"""Typed consumer of the messages of a contract, with at-least-once delivery."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, overload

from streamcontract._lazy import Later
from streamcontract._typing import Self, Unpack
from streamcontract.errors import ConfigurationError
from streamcontract.guards import seconds
from streamcontract.kafka.consumer.batches import ConsumesBatches, message_limit
from streamcontract.kafka.consumer.observed import observed
from streamcontract.kafka.consumer.queue import NOTHING, Run
from streamcontract.kafka.contract.unions import Classes, K, P, ReadsTopics, T
from streamcontract.kafka.message import Message
from streamcontract.kafka.telemetry import NO_TELEMETRY
from streamcontract.kafka.timeouts import BROKER_TIMEOUT, request_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamcontract.codec.contract import RecordClass
    from streamcontract.kafka.consumer import types
    from streamcontract.kafka.consumer.options import TopicConsumerOptions as OfTopic
    from streamcontract.kafka.consumer.partition import Key, Partition
    from streamcontract.kafka.telemetry import Receiving
else:
    types = Later("streamcontract.kafka.consumer.types")

__all__ = ["ContractConsumer"]

_log = logging.getLogger("streamcontract.kafka")


class ContractConsumer(ReadsTopics[T, K, P], ConsumesBatches):
    """Consumes the messages of one contract, by iteration, ``poll`` or ``consume``.

    ``consume_batch`` and ``batches`` return messages as columns of Arrow (docs/columns.md).

    It wraps a ``confluent_kafka.DeserializingConsumer``, which is ``client``, for methods that this
    class does not have. Methods that it has (``subscribe``, ``pause``, ``seek``, ``commit``, ...)
    raise a ``ClientError`` there, because they would bypass this class. The first request to broker
    and registry is sent by the first call for messages.

    With a ``group`` (or ``group.id``) the group's members share the partitions, and each continues
    at the committed offsets. Without one, this consumer reads every partition and commits nothing,
    without an effect on other consumers.

    Delivery is at least once. A message counts as processed when the next one is requested. Offsets
    of processed messages are committed every ``auto.commit.interval.ms`` (5 s), also after every
    ``streamcontract.auto.commit.interval.messages`` if that is set, when a partition is revoked,
    and when the consumer is closed. If an exception leaves the ``with`` block, the last message (or
    the last list of ``consume``) is not committed and is read again. An application that passes
    messages to other threads sets ``enable.auto.commit`` to False and calls ``commit``. One thread
    at a time may use a consumer.

    A message that is not of this contract raises ``MessageDecodeError`` in its turn; the next call
    returns the message after it. With ``poison`` it is skipped, or put into a dead letter topic
    before any later offset is committed.
    If the registry does not answer, ``RegistryError`` is
    raised and the message is tried again by the next call.

    Args:
        config: Client properties; see :func:`streamcontract.kafka.connection.config.split_config`.
            Missing values come from the environment, else a broker at localhost:19092 and a
            registry at http://localhost:18081. ``enable.partition.eof`` is always set, and
            ``fetch.queue.backoff.ms`` is 10 by default.
        topic: The topic, instead of the contract's.
        group: The consumer group.
        registry: A registry client to share; without it the consumer creates, and closes, its own.
        start: The start offset of a partition without a committed offset: ``"earliest"``,
            ``"latest"``, an offset (or the nearest one that the partition has), or an aware
            datetime; or a dict of these by partition. If left out, and for partitions that are not
            in it: ``auto.offset.reset``, else ``"earliest"``.
        partitions: The partitions to read; if left out, those that the group assigns, or without a
            group all of them. With a group they continue at the committed offsets and can be
            committed, but no rebalance revokes them: no other consumer of the group should read
            them, or be assigned partitions by it.
        on_assign: Called with the consumer and a tuple of assigned partitions, inside a call for
            messages. They can be sought and paused in it.
        on_revoke: Called likewise with partitions before they are revoked: processed messages can
            be committed in it.
        on_lost: Called likewise after partitions were lost, when it is too late for that; if left
            out, ``on_revoke`` is called.
        poison: What to do with a message that is not of this contract: ``"raise"``,
            :class:`~streamcontract.kafka.dead_letters.poison.Skip` or
            :class:`~streamcontract.kafka.dead_letters.poison.DeadLetters`.
        telemetry: Counts and traces the messages: a ``streamcontract.otel.Telemetry``.
        record: The generated class to read; a generated consumer class has it built in. If it is
            the record of several contracts, ``topic`` determines the contract.
        records: Several generated classes, for a topic with several types: each message is read as
            the one with the writer schema's name, by its full name or an alias. A message of
            another type is poison, with an ``UnexpectedTypeError``. Left out in
            ``ContractConsumer[Trade | Quote](topic="market")``, which has them already.
        schema: A schema to read plain values with, instead of ``record``.
        topics: Several topics, instead of ``topic`` and ``record``: the generated class to read, or
            several, by name or by a pattern of names that begins with ``^``. The first that matches
            a topic counts. Then partitions are identified by topic and number, as in
            ``pause([("trades", 0)])``.

    An error of a callback is raised by the call for messages, or ``close``, that it was called in:
    the rebalance continues, and the next call returns the next message.

    Raises:
        ConfigurationError: The configuration is wrong; a ``PropertyError`` names a property that
            librdkafka refuses.

    Example:
        >>> from streamcontract import StockConsumer
        >>> with StockConsumer(group="report") as consumer:
        ...     for message in consumer.until_end():
        ...         print(message.offset, message.key, message.value.close)
        0 AAPL 185.64
        1 MSFT 370.87
    """

    contract: ClassVar[types.Contract | None] = None
    client: types.Client

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
        self: ContractConsumer[T, K, tuple[str, int]],
        config: types.Config = None,
        *,
        topics: Mapping[str, RecordClass[T, Any, K]],
        **options: Unpack[types.ConsumerOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: ContractConsumer[T, K, tuple[str, int]],
        config: types.Config = None,
        *,
        topics: Mapping[str, type[T] | Sequence[type[T]]],
        **options: Unpack[types.ConsumerOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: ContractConsumer[Any, bytes | None],
        config: types.Config = None,
        *,
        topic: str,
        schema: types.SchemaSource,
        **options: Unpack[types.ConsumerOptions],
    ) -> None: ...

    def __init__(
        self,
        config: types.Config = None,
        *,
        topic: str | None = None,
        record: Any = None,
        records: Classes[T] = None,
        schema: types.SchemaSource | None = None,
        topics: Mapping[str, Any] | None = None,
        **options: Unpack[types.ConsumerOptions],
    ) -> None:
        # The parts of a consumer take long to import, and importing a generated module does not
        # use them yet.
        from streamcontract.kafka.consumer.wiring import Wiring, wire  # noqa: PLC0415
        from streamcontract.kafka.contract.arguments import ContractArguments  # noqa: PLC0415

        arguments = ContractArguments(
            contract=self.contract,
            union=self.union,
            topic=topic,
            record=record,
            records=records,
            schema=schema,
        )
        wiring: Wiring[T] = wire(arguments, topics, config, options, owner=self)
        self.client = wiring.client
        self._topics = wiring.topics
        self._topic = wiring.topics.label
        self._has_group = wiring.has_group
        self._refusal = wiring.refusal
        self._offsets = wiring.offsets
        self._commits = wiring.commits
        self._assignment = wiring.assignment
        self._contact = wiring.contact
        self._delivery = wiring.delivery
        self._positions = wiring.positions
        self._resources = wiring.resources
        self._callbacks = wiring.callbacks
        self._batch_delivery = wiring.batch_delivery
        self._guard = wiring.guard
        self._is_closed = False
        self._record_calls(wiring.receiving)

    def _record_calls(self, receiving: Receiving) -> None:
        """Record the calls for messages in a telemetry, or in none."""
        self._receiving = receiving
        self._one = observed(receiving, self._delivery.one)
        self._many = observed(receiving, self._delivery.many)
        # The class of plain messages in hand, if the next one needs no record.
        self._hot = Run if receiving is NO_TELEMETRY else None

    @property
    def topic(self) -> str:
        """The topic of this consumer; several topics are separated by commas."""
        return self._topic

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics of this consumer, by name or pattern."""
        return self._topics.subscriptions

    def __iter__(self) -> Iterator[Message[T, K]]:
        return self

    def __next__(self) -> Message[T, K]:
        """Wait for the next message without a timeout; see :meth:`until_end` for a bounded read.

        Raises:
            MessageDecodeError: It is not of this contract, and ``poison`` is ``"raise"``.
            DeadLetterError: Dead letters were not delivered; the next call tries again.
            ConsumeError: The topic does not exist, authorisation failed, ...
            RegistryError: Its schema could not be fetched; the next call tries again.
            ClientError: The consumer is closed.
        """
        # The beginning of Delivery.one is repeated here, which saves a call for each message. The
        # run stays in hand, up to the index.
        run = self._delivery.in_hand
        if run.__class__ is self._hot and time.monotonic() < self._contact.due:
            index = run.given
            if index < run.size:
                run.next = index
                found = run.read(run.raws[index])
                if found is not None:
                    after = index + 1
                    run.given = after
                    return found
        del run  # frees its messages
        message, in_hand, error = self._one(-1)
        if message is None:
            self._delivery.in_hand = in_hand
            raise error  # type: ignore[misc] # there is one or the other
        self._delivery.in_hand = in_hand
        return message

    def poll(self, timeout: float = -1) -> Message[T, K] | None:
        """The next message, or None after ``timeout`` seconds.

        Args:
            timeout: Seconds to wait; without end if negative.

        Raises:
            ArgumentError: An argument is no such number.
            Exception: An error of iteration.
        """
        kind: Any = timeout.__class__
        # A number, which NaN is not, is left as it is, without a call for each message.
        if kind is not int and (kind is not float or timeout != timeout):  # noqa: PLR0124 - see above
            timeout = seconds(timeout)
        message, in_hand, error = self._one(timeout)
        if error is not None:
            self._delivery.in_hand = in_hand
            raise error
        self._delivery.in_hand = in_hand
        return message

    def consume(self, num_messages: int = 1, timeout: float = -1) -> list[Message[T, K]]:
        """Up to ``num_messages`` messages, fewer after ``timeout`` seconds.

        If one of them is not of this contract, those before it are returned, and the next call
        raises the error. None of them counts as returned before this returns: after an
        exception, such as KeyboardInterrupt while it waits, the next call returns them. Messages of
        a partition that is revoked while it waits belong to the next owner, and are not returned.

        Args:
            num_messages: The maximum number.
            timeout: Seconds to wait; without end if negative.

        Raises:
            ArgumentError: An argument is no such number.
            Exception: An error of iteration.
        """
        limit = message_limit(num_messages)
        messages, in_hand, error = self._many(limit, seconds(timeout))
        if error is not None:
            self._delivery.in_hand = in_hand
            raise error
        self._delivery.in_hand = in_hand
        return messages

    def until_end(self, timeout: float = 60.0) -> types.UntilEnd[T, K]:
        """Iterate up to the present end offsets of this consumer's partitions.

        It returns exactly the messages before these end offsets: a later message stays for the
        next read. Partitions that are assigned meanwhile are read up to their end offset at that
        time.

        Args:
            timeout: Seconds without a new message after which it raises; never if negative.

        Raises:
            ArgumentError: It is no number.
            StalledError: There was no message for ``timeout`` seconds, and the ends are not
                reached.
            Exception: An error of iteration. After an error the iterator can continue.
        """
        from streamcontract.kafka.consumer.until_end import UntilEnd  # noqa: PLC0415 - as above

        return UntilEnd(
            self._topic,
            self._offsets,
            self._contact,
            self._delivery,
            self._receiving,
            seconds(timeout),
            self._batch_delivery,
        )

    def pause(self, partitions: Iterable[P]) -> None:
        """Pause partitions: return none of their messages until :meth:`resume`.

        Fetched messages are kept. The consumer stays in its group, as long as it is polled. A
        partition that is revoked and assigned again is still paused; ``until_end`` does not wait
        for it.

        Args:
            partitions: Assigned partitions.

        Raises:
            ConfigurationError: These are not partitions.
            ConsumeError: One is not assigned.
            ClientError: The consumer is closed.

        Example:
            >>> from streamcontract import StockConsumer
            >>> with StockConsumer(group="paused") as consumer:
            ...     consumer.pause(consumer.assignment(timeout=10))
            ...     print(consumer.poll(0.1))
            ...     consumer.resume(consumer.paused())
            ...     print(next(consumer).offset)
            None
            0
        """
        self._contact.pause(self._known(partitions))

    def resume(self, partitions: Iterable[P]) -> None:
        """Resume partitions; those that are not paused are not affected.

        Args:
            partitions: Assigned partitions.

        Raises:
            ConfigurationError: These are not partitions.
            ConsumeError: One is not assigned.
            ClientError: The consumer is closed.
        """
        self._contact.resume(self._known(partitions))

    def paused(self) -> tuple[P, ...]:
        """The assigned partitions that :meth:`pause` has paused, in order."""
        return self._topics.names_of(self._assignment.paused & self._assignment.table.keys())

    def _known(self, partitions: object) -> tuple[Key, ...]:
        """Given partitions, checked against the assignment once there is one."""
        self._require_open()
        keys = self._topics.keys_of(partitions)
        if not self._assignment.is_known:
            self._delivery.wait(0)
        return keys

    def _require_open(self) -> None:
        """Raise a ClientError if this is closed, except inside a callback of closing."""
        if not self._callbacks.is_calling:
            self._delivery.require_open()

    def assignment(self, timeout: float = 0) -> tuple[P, ...]:
        """The assigned partitions, in order.

        Args:
            timeout: Seconds to wait for an assignment; without end if negative.

        Raises:
            ArgumentError: It is no number.
        """
        self._delivery.wait_until(lambda: self._assignment.is_known, seconds(timeout))
        self._assignment.clean()
        return self._topics.names_of(self._assignment.table)

    def commit(
        self,
        message: Message[T] | None = None,
        *,
        offsets: Mapping[P, int] | None = None,
        asynchronous: bool = False,
    ) -> dict[P, int]:
        """Commit the positions for the group, including the last returned messages.

        Args:
            message: Commit only this message, and all before it in its partition.
            offsets: Commit these offsets of the next message to read, by partition.
            asynchronous: Do not wait for the broker's answer.

        Returns:
            The committed offset (that of the next message) by partition.

        Raises:
            ConfigurationError: This consumer has no group, the message is of another topic, or an
                offset is invalid.
            ConsumeError: The broker refused, or did not answer; or a partition is not assigned.
            DeadLetterError: Dead letters were not delivered, so nothing was committed.
        """
        self._require_group()
        chosen = self._positions.chosen(message, offsets)
        self._delivery.confirm()
        self._commits.commit(chosen, asynchronous=asynchronous)
        return {partition.name: offset for partition, offset in chosen.items()}

    def committed(
        self, partitions: Iterable[P] | None = None, *, timeout: float = BROKER_TIMEOUT
    ) -> dict[P, int | None]:
        """The committed offsets of the group, at which it continues after a restart.

        Args:
            partitions: The partitions; the assigned ones if left out.
            timeout: Seconds to wait for the broker's answer, above 0.

        Returns:
            The offset of the next message by partition; None without a committed offset.

        Raises:
            ArgumentError: The timeout is no such number.
            ConfigurationError: This consumer has no group, or these are not partitions.
            ConsumeError: The broker refused, or did not answer.
            ClientError: The consumer is closed.

        Example:
            >>> from streamcontract import StockConsumer
            >>> with StockConsumer({"enable.auto.commit": False}, group="books") as consumer:
            ...     message = next(consumer)
            ...     print(consumer.committed())
            ...     print(consumer.commit(offsets={0: 2}))
            ...     print(consumer.committed())
            {0: None}
            {0: 2}
            {0: 2}
        """
        timeout = request_time(timeout)
        self._require_group()
        keys = self._topics.keys_of(self.assignment() if partitions is None else partitions)
        found = self._offsets.committed(map(self._topics.partition, keys), timeout)
        return {self._topics.name_of(key): found.get(key) for key in keys}

    def _require_group(self) -> None:
        self._require_open()
        if not self._has_group:
            raise ConfigurationError(
                f"a consumer of topic {self._topic!r} without a group cannot commit: "
                f"give it one with group="
            )

    def take_back(self) -> None:
        """Return the last messages again, which the application has not processed.

        This is for messages that an exception lost: of a bare ``next(consumer)``, or on Python 3.10
        of any call, if a signal's handler raises just as the call returns.
        """
        self._delivery.in_hand = NOTHING

    def positions(self) -> dict[P, int]:
        """The position in each partition: the offset after the last message returned.

        A transaction commits it for the group (``send_offsets_to_transaction``, with
        ``client.consumer_group_metadata()``): every dead letter before it is delivered.

        Raises:
            DeadLetterError: A dead letter is not delivered.
            ClientError: The consumer is closed.
        """
        return {partition.name: offset for partition, offset in self._safe_positions().items()}

    def _safe_positions(self) -> dict[Partition, int]:
        """Positions that may be committed."""
        self._require_open()
        self._delivery.confirm()
        return self._positions.known()

    def transaction_input(self) -> types.TransactionInput:
        """This consumer as the input of a transaction, for ``ContractProducer.transaction``.

        Raises:
            ConfigurationError: It has no group, commits automatically, or reads uncommitted
                messages.
            ClientError: The consumer is closed.
        """
        self._delivery.require_open()
        if self._refusal is not None:
            raise ConfigurationError(
                f"the consumer of topic {self._topic!r} cannot be read in a transaction: "
                f"{self._refusal}"
            )
        from streamcontract.kafka.consumer.transaction_input import TransactionInput  # noqa: PLC0415 - as above

        return TransactionInput(self.client, self._contact, self._delivery, self._safe_positions)

    def seek(self, partition: P, start: types.Start) -> None:
        """Continue from another offset of an assigned partition.

        Args:
            partition: The partition.
            start: As for the constructor.

        Raises:
            ConfigurationError: ``start`` is not a start offset.
            ConsumeError: The partition is not assigned, or the brokers did not answer.
            NotSupportedError: ``start`` is a datetime, and this is the embedded broker.
        """
        from streamcontract.kafka.consumer.start import check_start  # noqa: PLC0415 - as above

        offset = check_start(start)
        (key,) = self._known([partition])
        self._contact.seek(key, offset)

    def close(self) -> None:
        """Commit the positions (unless ``enable.auto.commit`` is False) and leave the group.

        Closing twice is harmless.

        Raises:
            DeadLetterError: Dead letters were not delivered: the last returned messages were not
                committed.
            Exception: An error of a rebalance callback; the consumer is closed nevertheless.
        """
        if self._is_closed:
            return
        self._callbacks.forbid("close")
        self._delivery.close()
        try:
            self._delivery.confirm()
        finally:
            # If this is interrupted, the next close() continues here.
            self._contact.close()
            self._resources.close()
            self._is_closed = True
        self._callbacks.raise_first(and_log=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error_type: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            self.close()
            return
        self.take_back()
        try:
            self.close()
        except Exception:  # noqa: BLE001 - the one that leaves the block goes first
            _log.exception(
                "while leaving a with block because of %r", error, extra={"topic": self._topic}
            )
