"""The typed share consumer: a message goes to one consumer, is answered, and is gone (KIP-932)."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any, Final, overload

import attrs
import confluent_kafka

from streamcontract.errors import ClientError, ConfigurationError
from streamcontract.kafka.connection.authentication_errors import AuthenticationErrors
from streamcontract.kafka.connection.cluster import Cluster, consume_error
from streamcontract.kafka.connection.config import build_client, split_config
from streamcontract.kafka.connection.error_codes import NO_SHARE_GROUPS
from streamcontract.kafka.connection.forks import ForkGuard
from streamcontract.kafka.connection.guarded_client import SHARE_CONSUMER_CALLS, guarded, unguarded
from streamcontract.kafka.connection.waits import interruptible
from streamcontract.kafka.consumer.config import check_topic, refuse_deserializers
from streamcontract.kafka.consumer.delivery import Delivery, Found
from streamcontract.kafka.consumer.observed import observed
from streamcontract.kafka.consumer.partition import Key, Partition
from streamcontract.kafka.consumer.queue import NOTHING, Queue, Run, moves_of
from streamcontract.kafka.contract.binding import Binding, bind
from streamcontract.kafka.contract.message_deserializer import splitter
from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
from streamcontract.kafka.dead_letters.handler import PoisonHandler
from streamcontract.kafka.dead_letters.poison import DeadLetters, poison_handler
from streamcontract.kafka.errors import ConsumeError, MessageDecodeError, kafka_error_of
from streamcontract.kafka.message import K, Keyed, Message, T
from streamcontract.kafka.telemetry import telemetry_of
from streamcontract.registry import SchemaRegistry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from typing_extensions import Never, Self, Unpack

    from streamcontract.codec.contract import RecordClass
    from streamcontract.kafka.connection.config import Config
    from streamcontract.kafka.consumer.options import ShareConsumerOptions
    from streamcontract.kafka.consumer.options import TopicShareConsumerOptions as OfTopic
    from streamcontract.kafka.contract.binding import SchemaSource
    from streamcontract.kafka.dead_letters.poison import Poison
    from streamcontract.kafka.telemetry import Telemetry

__all__ = ["ContractShareConsumer", "RejectedError", "ShareMessage"]

_log = logging.getLogger("streamcontract.kafka")

_MODE: Final = "share.acknowledgement.mode"
_COMMIT_TIMEOUT: Final = 60.0

_NO_PARTITIONS: Final = "the members of a share group have no partitions of their own"
_NOT_SHARED: Final = {
    "on_assign": _NO_PARTITIONS,
    "on_lost": _NO_PARTITIONS,
    "on_revoke": _NO_PARTITIONS,
    "partitions": _NO_PARTITIONS,
    "start": "a new group begins where share.auto.offset.reset says, which the broker keeps",
}
"""Arguments of a ``ContractConsumer``, and why a share consumer does not take them."""

# KIP-932, "ShareAcknowledgeRequest": as numbers, since confluent-kafka before 2.16 has no names.
_ACCEPT: Final = 1
_RELEASE: Final = 2
_REJECT: Final = 3


class RejectedError(ClientError):
    """The application rejected a message: what its dead letter names as the reason."""


@attrs.frozen
class ShareMessage(Message[T, K]):
    """A message that waits for an answer: :meth:`accept`, :meth:`release` or :meth:`reject`.

    Attributes:
        delivery_count: How often it was delivered, this time included. A broker gives up a message
            after ``group.share.delivery.count.limit`` times (5).
    """

    delivery_count: int = 1
    _answer: Callable[[ShareMessage[T, K], int, str], None] | None = attrs.field(
        default=None, repr=False, eq=False
    )

    def accept(self) -> None:
        """It is worked on: nobody gets it again.

        Raises:
            ClientError: It was answered already, or the next message was asked for.
        """
        self._give(_ACCEPT, "")

    def release(self) -> None:
        """It is to come again, here or to another consumer of the group.

        Raises:
            ClientError: It was answered already, or the next message was asked for.
        """
        self._give(_RELEASE, "")

    def reject(self, reason: str = "rejected by the application") -> None:
        """It cannot be worked on: nobody gets it again.

        With ``poison=DeadLetters()`` it goes into the dead letter topic before the broker is told.

        Args:
            reason: Why, for the dead letter.

        Raises:
            ClientError: It was answered already, or the next message was asked for.
        """
        self._give(_REJECT, reason)

    def _give(self, answer: int, reason: str) -> None:
        if self._answer is None:
            raise ClientError("this message comes from no share consumer: there is nobody to tell")
        self._answer(self, answer, reason)


class ContractShareConsumer(Keyed[T, K]):
    """Consumes the messages of one contract as a queue, shared with others of its share group.

    It wraps a ``confluent_kafka.ShareConsumer``: ``client``. All consumers of a group may read the
    same partition, and each message goes to one of them, which answers it. A message that is not
    answered counts as accepted when the next one is asked for, and when the consumer is closed. If
    an exception leaves the ``with`` block, the message in hand is released. Answers are sent when
    messages are fetched, by :meth:`commit` and by :meth:`close`; a message whose lock ran out
    before (``group.share.record.lock.duration.ms``, 30 s), such as that of a consumer that died,
    comes again: so each is delivered at least once. There is no order between messages.

    A new group begins at the end of the topic, unless the broker's configuration of the group has
    ``share.auto.offset.reset=earliest``. Share groups need Kafka 4.2 or newer (4.1 with
    ``share.version=1``), or the embedded broker. In librdkafka they are a preview.

    Messages that are not of this contract are dealt with as ``poison`` says, and then rejected. One
    thread at a time may use a consumer.

    Args:
        config: Client properties; see :func:`streamcontract.kafka.connection.config.split_config`.
        topic: The topic, instead of the contract's.
        group: The share group.
        registry: A registry client to share; without it the consumer makes, and closes, its own.
        poison: What to do with a message that is not of this contract; ``DeadLetters()`` is also
            where rejected messages go.
        telemetry: Counts and traces the messages: a ``streamcontract.otel.Telemetry``.
        record: The generated class to read. Where it is the record of several contracts, ``topic``
            says of which.
        schema: A schema to read plain values with, instead of ``record``.

    Raises:
        ConfigurationError: The configuration is wrong, or there is no group.

    Example:
        >>> from streamcontract import ContractShareConsumer, Stock
        >>> with ContractShareConsumer(record=Stock, group="work") as jobs:
        ...     while (message := jobs.poll(0.5)) is not None:
        ...         if message.delivery_count > 3:
        ...             message.reject("failed three times")
    """

    client: confluent_kafka.ShareConsumer

    @overload
    def __init__(
        self, config: Config = None, *, record: RecordClass[T, Any, K], **options: Unpack[OfTopic]
    ) -> None: ...
    @overload
    def __init__(
        self, config: Config = None, *, record: type[T], **options: Unpack[OfTopic]
    ) -> None: ...
    @overload
    def __init__(
        self: ContractShareConsumer[Any, bytes | None],
        config: Config = None,
        *,
        topic: str,
        schema: SchemaSource,
        **options: Unpack[ShareConsumerOptions],
    ) -> None: ...

    def __init__(
        self,
        config: Config = None,
        *,
        topic: str | None = None,
        group: str | None = None,
        registry: SchemaRegistry | None = None,
        poison: Poison = "raise",
        telemetry: Telemetry | None = None,
        record: Any = None,
        schema: SchemaSource | None = None,
        **options: Never,
    ) -> None:
        for option in options:
            if option not in _NOT_SHARED:
                raise TypeError(f"got an unexpected keyword argument {option!r}")
            raise ConfigurationError(f"{option}= is not for share consumers: {_NOT_SHARED[option]}")
        observers = telemetry_of(telemetry)
        if not hasattr(confluent_kafka, "ShareConsumer"):
            raise ConfigurationError(
                f"share groups need confluent-kafka 2.16 or newer, and "
                f"{confluent_kafka.__version__} is installed: pip install -U confluent-kafka"
            )
        binding: Binding[T] = bind(None, topic=topic, record=record, schema=schema)
        settings = split_config(config)
        properties = dict(settings.client)
        check_topic(binding.topic, "make a consumer for each topic that it stands for")
        refuse_deserializers(properties)
        name = group or properties.get("group.id")
        if not name:
            raise ConfigurationError(
                f"a share consumer of topic {binding.topic!r} needs a share group: give it one "
                f"with group="
            )
        if properties.get("group.id") not in {None, name}:
            raise ConfigurationError(
                f"the group is {group!r} by group= and {properties['group.id']!r} by 'group.id': "
                f"give one of them"
            )
        if properties.get(_MODE, "explicit") != "explicit":
            raise ConfigurationError(
                f"{_MODE!r} is always 'explicit' in here: a message that is not answered counts "
                f"as accepted when the next one is asked for; leave it out"
            )
        authentication = AuthenticationErrors(properties)
        with contextlib.ExitStack() as resources:
            if registry is None:
                registry = resources.enter_context(SchemaRegistry.from_config(settings.registry))
            receiving = observers.receiving(binding.topic, name, properties.get("client.id"))
            reader = TopicDeserializer(
                binding,
                registry,
                receiving.of_topic(binding.topic),
                settings.subject_name_strategy,
                settings.wire,
                settings.rules_ignored,
            )
            self._poison = poison_handler(
                poison,
                binding.topic,
                Cluster(settings.client),
                group=name,
                registry=settings.registry,
                receiving=receiving.of_topic(binding.topic),
            )
            self._keeps_rejected = isinstance(poison, DeadLetters)
            resources.callback(self._poison.close)
            self.client = build_client(
                guarded(confluent_kafka.ShareConsumer, SHARE_CONSUMER_CALLS),
                {
                    **properties,
                    "group.id": name,
                    _MODE: "explicit",
                    "error_cb": authentication.hear,
                },
            )
            self._resources = resources.pop_all()
        self._topic = binding.topic
        self._contact = _Contact(unguarded(self.client), reader, name, self._poison)
        self._delivery: _Delivery[T] = _Delivery(
            binding.topic, self._contact, self._poison, authentication
        )
        self._message: ShareMessage[T, K] | None = None
        self._guard = ForkGuard(f"share consumer of topic {binding.topic!r}", owner=self)
        self._one = observed(receiving, self._next)

    @property
    def topic(self) -> str:
        """The topic this consumer reads."""
        return self._topic

    def __iter__(self) -> Iterator[ShareMessage[T, K]]:
        return self

    def __next__(self) -> ShareMessage[T, K]:
        """The next message, waited for without end.

        Raises:
            MessageDecodeError: It is not of this contract, and ``poison`` asks for nothing else.
            DeadLetterError: Dead letters were not delivered; the next call tries again.
            ConsumeError: The cluster has no share groups, access is denied, ...
            RegistryError: Its schema could not be fetched; the next call tries again.
            ClientError: The consumer is closed.
        """
        message, in_hand, error = self._one(-1)
        if message is None:
            self._delivery.in_hand = in_hand
            raise error  # type: ignore[misc] # there is one or the other
        self._delivery.in_hand = in_hand
        return message

    def poll(self, timeout: float = -1) -> ShareMessage[T, K] | None:
        """The next message, or None if none came in time.

        Args:
            timeout: Seconds to wait; below zero without end.

        Raises:
            Exception: As iteration does.
        """
        message, in_hand, error = self._one(timeout)
        if error is not None:
            self._delivery.in_hand = in_hand
            raise error
        self._delivery.in_hand = in_hand
        return message

    def _next(self, timeout: float) -> Found[ShareMessage[T, K] | None]:
        self._message = None
        message, in_hand, error = self._delivery.one(timeout)
        if message is None:
            return None, in_hand, error
        [(run, index, _)] = moves_of(in_hand)
        self._message = ShareMessage(
            message.value,
            message.key,
            message.topic,
            message.partition,
            message.offset,
            message.schema_id,
            message.timestamp_ms,
            message.headers,
            run.raws[index - 1].delivery_count() or 1,
            self._answer,
        )
        return self._message, in_hand, None

    def commit(self, timeout: float = _COMMIT_TIMEOUT) -> None:
        """Send the answers given so far, and wait until the broker has them.

        Args:
            timeout: Seconds to wait.

        Raises:
            ConsumeError: The broker did not take one: the message comes again, such as one whose
                lock ran out.
            DeadLetterError: Dead letters were not delivered; rejected messages are not answered.
            ClientError: The consumer is closed.
        """
        self._delivery.require_open()
        self._delivery.confirm()
        self._contact.reject()
        try:
            outcome = unguarded(self.client).commit_sync(timeout)
        except confluent_kafka.KafkaException as error:
            raise _error(self._topic, error) from error
        for place, refused in outcome.items():
            if refused is not None:
                raise consume_error(self._topic, kafka_error_of(refused), place.partition)

    def close(self) -> None:
        """Accept the message in hand, send all answers, and leave the group.

        What was fetched and not returned is released. Closing twice is harmless.

        Raises:
            DeadLetterError: Dead letters were not delivered: their messages are released.
            ConsumeError: The broker did not take the answers: those messages come again.
        """
        self._close(None)

    def _close(self, answer: int | None) -> None:
        """Close.

        Args:
            answer: To the message in hand; None for the one it would get by itself.
        """
        if not self._delivery.is_open:
            return
        self._delivery.is_open = False
        try:
            self._delivery.answer(answer)
            try:
                self._delivery.confirm()
            finally:
                self._contact.close()
        finally:
            self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error_type: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            self.close()
            return
        try:
            self._close(_RELEASE)
        except ClientError:
            # The exception that leaves the block goes first; what was not answered comes again.
            _log.exception(
                "while leaving a with block because of %r", error, extra={"topic": self._topic}
            )

    def take_back(self) -> None:
        """The application has not worked on what it was given last: it comes again here."""
        self._delivery.in_hand = NOTHING

    def _answer(self, message: ShareMessage[T, K], answer: int, reason: str) -> None:
        self._delivery.require_open()
        moves = moves_of(self._delivery.in_hand)
        if not moves or message is not self._message:
            raise ClientError(
                f"topic {self._topic!r}, partition {message.partition}, offset {message.offset}: "
                f"answered already; a message is accepted when the next one is asked for"
            )
        [(run, index, _)] = moves
        if answer == _REJECT and self._keeps_rejected:
            why = MessageDecodeError(
                self._topic,
                message.partition,
                message.offset,
                run.raws[index - 1],
                RejectedError(reason),
                message.schema_id,
            )
            self._delivery.in_hand = ((run, index, (why,)),)
        self._delivery.answer(answer)


class _Delivery(Delivery[T]):
    """Delivery of messages that are answered."""

    _source: _Contact

    def one(self, timeout: float) -> Found[Message[T] | None]:
        """The next message, after what is in hand is answered."""
        self.settle()
        return self._first_of_all(timeout)  # no contact is due before the queue is empty

    def settle(self) -> None:
        """What is in hand is accepted; poison, and what was rejected with a reason, is rejected."""
        self.answer(None)

    def answer(self, answer: int | None) -> None:
        """Answer what is in hand; the same answer may be given twice.

        Args:
            answer: The answer, or None for the one that it gets by itself.
        """
        moves = moves_of(self.in_hand)
        for run, index, poison in moves:
            default = _REJECT if poison else _ACCEPT
            self._source.answer(run, index, default if answer is None else answer, poison)
        self._queue.apply(moves)
        self.in_hand = NOTHING


class _Contact:
    """Contact with librdkafka: messages, and the answers to them.

    librdkafka takes it for an error to be asked for more before everything is answered, so it is
    asked when the queue is empty. What is not answered in time comes again.
    """

    due = float("inf")

    def __init__(
        self,
        client: Any,
        reader: TopicDeserializer[Any],
        group: str,
        poison: PoisonHandler,
    ) -> None:
        self._client = client
        self._topic = reader.topic
        self._reader = reader
        self._group = group
        self._poison = poison
        self._split = splitter()
        self._answers = {
            each: confluent_kafka.AcknowledgeType(each) for each in (_ACCEPT, _RELEASE, _REJECT)
        }
        self._has_begun = False
        self._rejected: dict[tuple[Partition, int], confluent_kafka.Message] = {}
        self._nowhere = Partition(reader.topic, -1, reader)
        self.table: dict[Key, Partition] = {}
        self.queue = Queue()

    def is_live(self, partition: Partition) -> bool:
        """Nothing is revoked."""
        del partition
        return True

    def make(self, timeout: float | None, read: Mapping[Run, int]) -> None:
        """Send answers, and put what has arrived into the queue."""
        del read
        self._poison.serve()
        self.reject()
        if self.queue.runs:
            # Of partitions that stop, since their dead letters are not delivered.
            time.sleep(timeout or 0.0)
            return
        try:
            if not self._has_begun:
                self._client.set_acknowledgement_commit_callback(self._acknowledged)
                interruptible(self._client.subscribe, [self._topic])
                self._has_begun = True
            raws = interruptible(self._client.poll, timeout or 0.0)
        except confluent_kafka.KafkaException as error:
            raise _error(self._topic, error) from error
        self.queue.runs.extend(
            Run(self._partition(messages[0]), messages)
            for messages in self._split(list(raws), by_topic=False)
        )

    def _partition(self, raw: confluent_kafka.Message) -> Partition:
        if raw.error() is not None:
            return self._nowhere
        number: int = raw.partition()  # type: ignore[assignment] # only errors have none
        key = self._topic, number
        return self.table.setdefault(key, Partition(*key, self._reader))

    def answer(
        self, run: Run, index: int, answer: int, poison: tuple[MessageDecodeError, ...]
    ) -> None:
        """Answer one message; the broker is told with the next contact."""
        raw = run.raws[index - 1]
        if run.next >= index or run.partition is self._nowhere:
            return
        if answer == _REJECT:
            # As soon as its dead letter is delivered, if it has one.
            if poison:
                self._poison.settle(run.partition, poison)
            self._rejected[run.partition, raw.offset() or 0] = raw
        else:
            self._acknowledge(raw, answer)

    def reject(self) -> None:
        """Reject what is to be rejected, as soon as its dead letters are delivered."""
        for (partition, offset), raw in list(self._rejected.items()):
            if offset not in partition.letters:
                self._acknowledge(raw, _REJECT)
                self._rejected.pop((partition, offset))

    def close(self) -> None:
        """Release what was not answered, send all answers, and leave the group."""
        self.reject()
        waiting = [raw for run in self.queue.runs for raw in run.raws[run.next :]]
        for raw in (*self._rejected.values(), *waiting):
            if raw.error() is None:
                self._acknowledge(raw, _RELEASE)
        self._rejected.clear()
        self.queue.runs.clear()
        try:
            self._client.close()
        except confluent_kafka.KafkaException as error:
            raise _error(self._topic, error) from error

    def _acknowledge(self, raw: confluent_kafka.Message, answer: int) -> None:
        try:
            self._client.acknowledge(raw, self._answers[answer])
        except confluent_kafka.KafkaException as error:
            raise _error(self._topic, error) from error

    def _acknowledged(self, offsets: Any, error: confluent_kafka.KafkaException | None) -> None:
        """What became of answers that nobody waited for: those refused come again."""
        if error is not None:
            _log.warning(
                "topic %r: the broker did not take the answers to %s: %s",
                self._topic,
                {place.partition: sorted(places) for place, places in offsets.items()},
                error,
                extra={"topic": self._topic, "group": self._group},
            )


def _error(topic: str, error: confluent_kafka.KafkaException) -> ConsumeError:
    reason = kafka_error_of(error)
    if reason.code() in NO_SHARE_GROUPS:
        return ConsumeError(
            topic,
            reason,
            advice="This cluster has no share groups, which need Kafka 4.2 or newer. Competing "
            "consumers of one group are the way there: ContractConsumer(group=...)",
        )
    return consume_error(topic, reason)
