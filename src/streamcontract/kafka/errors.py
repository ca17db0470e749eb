"""Errors of the Kafka clients, with their facts as fields.

ConfigurationError
`-- PropertyError             librdkafka refuses a client property; .property names it
ClientError
|-- MessageEncodeError        a record does not fit its contract (an EncodeError too); .topic
|-- MessageDecodeError        a message is not of this contract; .topic .partition .offset .raw
|-- DeadLetterError           dead letters were not delivered; .topic .count .source .reason
|-- DeliveryError             messages were not delivered; .count .first .failures
|-- ProduceFailuresError      records of an iterable were not delivered; .delivered .failed
|-- ForkedError               the client was made before a fork, in another process; .process
|-- NotSupportedError         the embedded broker has no such operation
|-- StalledError              a bounded read made no progress; .remaining
`-- BrokerError               the broker or the client library failed; .code .name .retriable
    |-- ProduceError          a message was not queued; .topic
    |-- TransactionError      a transaction failed for good; .transactional_id
    |   |-- TransactionAbortedError  it was aborted, and may be tried again
    |   `-- ProducerFencedError      another producer has this transactional id now
    |-- GroupError            a group could not be listed, described or reset; .group
    |-- ConsumeError          fetching, joining, seeking or committing failed; .topic .partition
    `-- TopicError            a topic could not be created, described or deleted; .topic

DecodeError
`-- UnexpectedTypeError       the consumer does not read the writer's type; .name .names
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import confluent_kafka

from streamcontract._lazy import Later
from streamcontract.errors import (
    ClientError,
    ConfigurationError,
    DataFault,
    DecodeError,
    EncodeError,
)

if TYPE_CHECKING:
    from streamcontract.kafka import message as messages
else:
    messages = Later("streamcontract.kafka.message")

__all__ = [
    "BrokerError",
    "ConsumeError",
    "DeadLetterError",
    "DeliveryError",
    "ForkedError",
    "MessageDecodeError",
    "MessageEncodeError",
    "NotSupportedError",
    "ProduceError",
    "ProduceFailuresError",
    "ProducerFencedError",
    "PropertyError",
    "StalledError",
    "TopicError",
    "TransactionAbortedError",
    "TransactionError",
    "UnexpectedTypeError",
    "kafka_error_of",
]


class PropertyError(ConfigurationError):
    """A client property is unknown to librdkafka, or its value is invalid.

    Attributes:
        property: The property's name, or None if librdkafka's message has none.
        reason: librdkafka's message, and the property that may have been meant.
    """

    def __init__(self, property: str | None, reason: str) -> None:  # noqa: A002 - librdkafka's word
        super().__init__(property, reason)
        self.property = property
        self.reason = reason

    def __str__(self) -> str:
        place = f"client property {self.property!r}: " if self.property else ""
        return (
            f"{place}{self.reason} (properties are listed in librdkafka's CONFIGURATION.md; "
            f"schema.registry.*, auto.register.schemas, normalize.schemas, "
            f"subject.name.strategy, schema.id.framing, schema.id.location, rules.ignored and, "
            f"for consumers, streamcontract.auto.commit.interval.messages are streamcontract's)"
        )


class MessageEncodeError(ClientError, EncodeError):
    """A record or a key does not fit the contract of its topic.

    Attributes:
        topic: The topic.
        faults: Every fault found, as in :class:`streamcontract.errors.EncodeError`.
    """

    def __init__(self, topic: str, faults: tuple[DataFault, ...]) -> None:
        EncodeError.__init__(self, faults)
        self.args = (topic, faults)
        self.topic = topic

    def __str__(self) -> str:
        return f"not sent to topic {self.topic!r}: {EncodeError.__str__(self)}"


class MessageDecodeError(ClientError):
    """A message is not of this contract; the consumer can continue after it.

    The cause (a ``FrameError``, ``DecodeError`` or ``RegistryError``) is ``reason``, and the
    ``__cause__``.

    Attributes:
        topic: The topic.
        partition: The partition.
        offset: The message's offset.
        raw: The raw message, with ``key()``, ``value()`` and ``headers()`` as bytes.
        reason: The error why it is not of this contract.
        advice: The advice for users, or ``""``.
        schema_id: The id, or the GUID, of its writer schema, or None.
    """

    def __init__(
        self,
        topic: str,
        partition: int,
        offset: int,
        raw: confluent_kafka.Message,
        reason: Exception,
        schema_id: messages.SchemaId | None = None,
    ) -> None:
        super().__init__(topic, partition, offset, raw, reason, schema_id)
        self.schema_id = schema_id
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.raw = raw
        self.reason = reason
        self.advice = ""

    def __str__(self) -> str:
        place = f"topic {self.topic!r}, partition {self.partition}, offset {self.offset}"
        advice = f". {self.advice}" if self.advice else ""
        return f"{place}: not a message of this contract: {self.reason}{advice}"


class UnexpectedTypeError(DecodeError):
    """A message's type is not one of the types of a consumer of several types.

    Attributes:
        name: The full name of the writer's type; None if it has none (a union, an array, ...).
        names: The full names of the types that are read, with aliases.
    """

    def __init__(self, name: str | None, names: tuple[str, ...]) -> None:
        fault = DataFault(name or "value", f"one of the types read here: {', '.join(names)}")
        super().__init__((fault,))
        self.args = (name, names)
        self.name = name
        self.names = names

    def __str__(self) -> str:
        return (
            f"written as {self.name or 'a type without a name'}, "
            f"which is none of the types read here: {', '.join(self.names)}"
        )


class DeadLetterError(ClientError):
    """Dead letters were not delivered; the offsets of their source messages are not committed.

    The next call of the consumer tries them again. If the consumer is closed instead, the source
    messages are read again, by it or by another member of the group.

    Attributes:
        topic: The dead letter topic.
        count: Their number.
        source: Topic, partition and offset of the first source message.
        reason: The cause: an error of the brokers, or a ``ClientError``.
        advice: The advice for users, or ``""``.
    """

    def __init__(
        self,
        topic: str,
        count: int,
        source: tuple[str, int, int],
        reason: confluent_kafka.KafkaError | ClientError,
        advice: str = "",
    ) -> None:
        super().__init__(topic, count, source, reason, advice)
        self.topic = topic
        self.count = count
        self.source = source
        self.reason = reason
        self.advice = advice

    def __str__(self) -> str:
        letters = "1 dead letter was" if self.count == 1 else f"{self.count} dead letters were"
        topic, partition, offset = self.source
        advice = f". {self.advice}" if self.advice else ""
        reason = str(self.reason)
        if not isinstance(self.reason, ClientError):
            reason = f"{self.reason.str()} ({self.reason.name()})"
        return (
            f"{letters} not delivered to topic {self.topic!r}; the first, of topic {topic!r}, "
            f"partition {partition}, offset {offset}, because: {reason}{advice}"
        )


class DeliveryError(ClientError):
    """Produced messages were not delivered, and had no ``on_delivery`` callback.

    Attributes:
        count: Their number.
        failures: The first failures, at most 100.
    """

    def __init__(self, count: int, failures: tuple[messages.Delivery, ...]) -> None:
        if not failures:
            raise ValueError("a DeliveryError needs at least one failure")
        super().__init__(count, failures)
        self.count = count
        self.failures = failures

    @property
    def first(self) -> messages.Delivery:
        """The first delivery that failed."""
        return self.failures[0]

    def __str__(self) -> str:
        first = self.first
        reason = first.error and f"{first.error.str()} ({first.error.name()})"
        if first.error is not None and first.error.name() == "MSG_SIZE_TOO_LARGE":
            reason = f"{reason}. The broker takes what max.message.bytes of the topic allows"
        messages = "1 message was" if self.count == 1 else f"{self.count} messages were"
        partition = "" if first.partition is None else f", partition {first.partition}"
        return (
            f"{messages} not delivered; the first, to topic {first.topic!r}{partition}, "
            f"because: {reason}"
        )


class ProduceFailuresError(ClientError):
    """Not all records of an iterable were delivered; the report of ``produce_all`` has the details.

    Attributes:
        delivered: The number of delivered records.
        failed: The number of the others.
        first: The first record that was not delivered, with the reason.
    """

    def __init__(self, delivered: int, failed: int, first: str) -> None:
        super().__init__(delivered, failed, first)
        self.delivered = delivered
        self.failed = failed
        self.first = first

    def __str__(self) -> str:
        first = f"; the first: {self.first}" if self.first else ""
        return f"{self.failed} of {self.delivered + self.failed} records were not delivered{first}"


class ForkedError(ClientError):
    """A client was created before a fork, and belongs to the parent process.

    Attributes:
        client: The client, in words.
        process: The id of the process that created it.
    """

    def __init__(self, client: str, process: int) -> None:
        super().__init__(client, process)
        self.client = client
        self.process = process

    def __str__(self) -> str:
        return (
            f"this {self.client} was created in process {self.process}, from which this one was "
            f"forked: librdkafka's threads stay there, and nothing would be sent or received. "
            f"Create clients after the fork, such as in the initializer of a pool's workers"
        )


class NotSupportedError(ClientError):
    """The embedded broker does not support this; a Kafka or Redpanda cluster does."""


class StalledError(ClientError):
    """A read up to the end of a topic received no message for too long.

    Attributes:
        topic: The topic.
        remaining: For each partition not read to its end, the position (None before the first
            message) and the end offset.
    """

    def __init__(
        self, topic: str, seconds: float, remaining: Mapping[Any, tuple[int | None, int]]
    ) -> None:
        super().__init__(topic, seconds, remaining)
        self.topic = topic
        self.seconds = seconds
        self.remaining = remaining

    def __str__(self) -> str:
        if not self.remaining:
            left = "no partitions were assigned yet"
        else:
            left = "; ".join(
                f"partition {partition} is at {'its start' if at is None else at} of {end}"
                for partition, (at, end) in sorted(self.remaining.items())
            )
        return (
            f"topic {self.topic!r}: no message for {self.seconds:g} s, {left}. Are the brokers up?"
        )


class BrokerError(ClientError):
    """The broker, or the client library, refused or failed.

    Attributes:
        topic: The topic; ``""`` if it is not about a single one.
        error: The error from confluent_kafka.
        partition: The partition, or None if it is about the whole topic.
        advice: The advice for users, or ``""``.
    """

    def __init__(
        self,
        topic: str,
        error: confluent_kafka.KafkaError,
        partition: int | None = None,
        advice: str = "",
    ) -> None:
        super().__init__(topic, error, partition, advice)
        self.topic = topic
        self.error = error
        self.partition = partition
        self.advice = advice

    @property
    def code(self) -> int:
        """The error code: Kafka's protocol codes are positive, librdkafka's own are negative."""
        return self.error.code()

    @property
    def name(self) -> str:
        """The code's name, such as ``"UNKNOWN_TOPIC_OR_PART"``."""
        return self.error.name()

    @property
    def retriable(self) -> bool:
        """Whether the same call may succeed later."""
        return self.error.retriable()

    @property
    def fatal(self) -> bool:
        """Whether this client cannot continue and has to be replaced."""
        return self.error.fatal()

    def __str__(self) -> str:
        topic = f"topic {self.topic!r}" if self.topic else ""
        partition = "" if self.partition is None else f", partition {self.partition}"
        place = f"{topic}{partition}: " if topic else ""
        advice = f". {self.advice}" if self.advice else ""
        return f"{place}{self.error.str()} ({self.name}){advice}"


class ProduceError(BrokerError):
    """A message was refused before it was queued: nothing was sent."""


class ConsumeError(BrokerError):
    """Fetching, joining the group, seeking, or committing failed."""


class TopicError(BrokerError):
    """A topic could not be created, described or deleted."""


class GroupError(BrokerError):
    """A consumer group could not be listed, described or moved to other offsets.

    Attributes:
        group: The group; ``""`` where it is about no single one.
    """

    def __init__(self, group: str, error: confluent_kafka.KafkaError, advice: str = "") -> None:
        super().__init__("", error, None, advice)
        self.args = (group, error, advice)
        self.group = group

    def __str__(self) -> str:
        return f"group {self.group!r}: {super().__str__()}" if self.group else super().__str__()


class TransactionError(BrokerError):
    """A transaction failed, and this producer cannot continue: close it, and create a new one.

    If ``retriable`` is True, it timed out instead. If the transaction was not open yet, it can be
    tried again; during the commit, the outcome is unknown. A new producer with the same
    ``transactional.id`` completes or aborts it first.

    Attributes:
        transactional_id: ``transactional.id`` of the producer.
    """

    def __init__(
        self,
        topic: str,
        transactional_id: str,
        error: confluent_kafka.KafkaError,
        advice: str = "",
    ) -> None:
        super().__init__(topic, error, None, advice)
        self.args = (topic, transactional_id, error, advice)
        self.transactional_id = transactional_id

    def __str__(self) -> str:
        advice = f". {self.advice}" if self.advice else ""
        return (
            f"transaction of transactional.id {self.transactional_id!r}: {self.error.str()} "
            f"({self.name}){advice}"
        )


class TransactionAbortedError(TransactionError):
    """A transaction was aborted without a fault of the producer, which can continue with the next.

    Nothing of it is committed. A consumer in it seeks back, so that its messages are read again.
    """


class ProducerFencedError(TransactionError):
    """Another producer was started with this ``transactional.id``: this one is fenced.

    It cannot commit any more, and has to be closed.
    """


def kafka_error_of(error: confluent_kafka.KafkaException) -> confluent_kafka.KafkaError:
    """The KafkaError inside an exception of confluent_kafka."""
    inner: confluent_kafka.KafkaError = error.args[0]
    return inner
