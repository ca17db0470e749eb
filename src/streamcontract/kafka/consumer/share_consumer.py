"""Typed share consumer, whose messages are acknowledged one by one (KIP-932)."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, overload

import confluent_kafka

from streamcontract._typing import Never, Self
from streamcontract.errors import ClientError, ConfigurationError
from streamcontract.guards import seconds
from streamcontract.kafka.connection.authentication_errors import AuthenticationErrors
from streamcontract.kafka.connection.cluster import Cluster, consume_error
from streamcontract.kafka.connection.config import Config, build_client, split_config
from streamcontract.kafka.connection.forks import ForkGuard
from streamcontract.kafka.connection.guarded_client import SHARE_CONSUMER_CALLS, guarded, unguarded
from streamcontract.kafka.consumer.config import check_topic, refuse_deserializers
from streamcontract.kafka.consumer.delivery import Found
from streamcontract.kafka.consumer.observed import observed
from streamcontract.kafka.consumer.queue import NOTHING, moves_of
from streamcontract.kafka.consumer.share_contact import ShareContact, ShareDelivery, share_error
from streamcontract.kafka.consumer.share_message import REJECT, RELEASE, RejectedError, ShareMessage
from streamcontract.kafka.contract.binding import Binding, SchemaSource, bind
from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
from streamcontract.kafka.dead_letters.poison import DeadLetters, Poison, poison_handler
from streamcontract.kafka.errors import MessageDecodeError, kafka_error_of
from streamcontract.kafka.message import K, Keyed, T
from streamcontract.kafka.telemetry import Telemetry, telemetry_of
from streamcontract.kafka.timeouts import request_time
from streamcontract.registry import SchemaRegistry

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from streamcontract.codec.contract import RecordClass
    from streamcontract.kafka.consumer.options import ShareConsumerOptions
    from streamcontract.kafka.consumer.options import TopicShareConsumerOptions as OfTopic

__all__ = ["ContractShareConsumer"]

_log = logging.getLogger("streamcontract.kafka")

_MODE: Final = "share.acknowledgement.mode"
_COMMIT_TIMEOUT: Final = 60.0

_NO_PARTITIONS: Final = "the members of a share group have no partitions of their own"
_NOT_SHARED: Final = {
    "on_assign": _NO_PARTITIONS,
    "on_lost": _NO_PARTITIONS,
    "on_revoke": _NO_PARTITIONS,
    "partitions": _NO_PARTITIONS,
    "start": "the broker's group configuration share.auto.offset.reset sets the start",
}
"""Arguments of a ``ContractConsumer`` that a share consumer does not have, with the reasons."""


class ContractShareConsumer(Keyed[T, K]):
    """Consumes the messages of one contract as a queue that its share group shares.

    It wraps a ``confluent_kafka.ShareConsumer``, which is ``client``. All consumers of a group may
    read the same partition, and each message is delivered to one of them, which acknowledges it. A
    message without an acknowledgement is accepted when the next one is requested, and when the
    consumer is closed. If an exception leaves the ``with`` block, the last message is released.
    Acknowledgements are sent when messages are fetched, by :meth:`commit` and by :meth:`close`; a
    message whose lock expires before (``group.share.record.lock.duration.ms``, 30 s), such as of a
    consumer that died, is delivered again: so delivery is at least once. Messages have no order.

    A new group starts at the end of the topic, unless the broker's configuration of the group has
    ``share.auto.offset.reset=earliest``. Share groups need Kafka 4.2 or newer (4.1 with
    ``share.version=1``), or the embedded broker. In librdkafka they are a preview.

    Messages that are not of this contract are handled by ``poison``, and then rejected. One thread
    at a time may use a consumer.

    Args:
        config: Client properties; see :func:`streamcontract.kafka.connection.config.split_config`.
        topic: The topic, instead of the contract's.
        group: The share group.
        registry: A registry client to share; without it the consumer creates, and closes, its own.
        poison: What to do with a message that is not of this contract; with ``DeadLetters()``
            rejected messages become dead letters too.
        telemetry: Counts and traces the messages: a ``streamcontract.otel.Telemetry``.
        record: The generated class to read. If it is the record of several contracts, ``topic``
            determines the contract.
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
        check_topic(binding.topic, "make a consumer for each topic")
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
                f"{_MODE!r} is always 'explicit' here: a message without an acknowledgement is "
                f"accepted when the next one is requested; leave it out"
            )
        authentication = AuthenticationErrors(properties)
        with contextlib.ExitStack() as resources:
            if registry is None:
                registry = resources.enter_context(SchemaRegistry.from_config(settings.registry))
            receiving = observers.receiving(binding.topic, name, properties.get("client.id"))
            reader = TopicDeserializer.configured(
                binding, registry, settings, receiving.of_topic(binding.topic)
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
        self._contact = ShareContact(unguarded(self.client), reader, name, self._poison)
        self._delivery: ShareDelivery[T] = ShareDelivery(
            binding.topic, self._contact, self._poison, authentication
        )
        self._message: ShareMessage[T, K] | None = None
        self._guard = ForkGuard(f"share consumer of topic {binding.topic!r}", owner=self)
        self._one = observed(receiving, self._next)

    @property
    def topic(self) -> str:
        """The topic this consumer reads."""
        return self._topic

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of topic {self._topic!r}>"

    def __iter__(self) -> Iterator[ShareMessage[T, K]]:
        return self

    def __next__(self) -> ShareMessage[T, K]:
        """Wait for the next message without a timeout.

        Raises:
            MessageDecodeError: It is not of this contract, and ``poison`` is ``"raise"``.
            DeadLetterError: Dead letters were not delivered; the next call tries again.
            ConsumeError: The cluster has no share groups, authorisation failed, ...
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
        """The next message, or None after ``timeout`` seconds.

        Args:
            timeout: Seconds to wait; without end if negative.

        Raises:
            ArgumentError: It is no number.
            Exception: An error of iteration.
        """
        message, in_hand, error = self._one(seconds(timeout))
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
        """Send the acknowledgements so far, and wait for the broker's answer.

        Args:
            timeout: Seconds to wait, above 0.

        Raises:
            ArgumentError: It is no such number.
            ConsumeError: The broker refused one, such as after the lock expired: the message is
                delivered again.
            DeadLetterError: Dead letters were not delivered; rejected messages are not
                acknowledged.
            ClientError: The consumer is closed.
        """
        timeout = request_time(timeout)
        self._delivery.require_open()
        self._delivery.confirm()
        self._contact.reject()
        try:
            outcome = unguarded(self.client).commit_sync(timeout)
        except confluent_kafka.KafkaException as error:
            raise share_error(self._topic, error) from error
        for place, refused in outcome.items():
            if refused is not None:
                raise consume_error(self._topic, kafka_error_of(refused), place.partition)

    def close(self) -> None:
        """Accept the last message, send all acknowledgements, and leave the group.

        Fetched messages that were not returned are released. Closing twice is harmless.

        Raises:
            DeadLetterError: Dead letters were not delivered: their messages are released.
            ConsumeError: The broker refused acknowledgements: those messages are delivered again.
        """
        self._close(None)

    def _close(self, answer: int | None) -> None:
        """Close.

        Args:
            answer: The acknowledgement of the last message; None for the default one.
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
            self._close(RELEASE)
        except ClientError:
            # The exception of the block takes precedence; messages without an acknowledgement are
            # delivered again.
            _log.exception(
                "while leaving a with block because of %r", error, extra={"topic": self._topic}
            )

    def take_back(self) -> None:
        """Return the last message again, which the application has not processed."""
        self._delivery.in_hand = NOTHING

    def _answer(self, message: ShareMessage[T, K], answer: int, reason: str) -> None:
        self._delivery.require_open()
        moves = moves_of(self._delivery.in_hand)
        if not moves or message is not self._message:
            raise ClientError(
                f"topic {self._topic!r}, partition {message.partition}, offset {message.offset}: "
                f"acknowledged already; a message is accepted when the next one is requested"
            )
        [(run, index, _)] = moves
        if answer == REJECT and self._keeps_rejected:
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
