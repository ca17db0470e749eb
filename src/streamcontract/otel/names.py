"""Names of spans, metrics and their attributes.

The names that begin with ``messaging.`` and ``error.`` are those of OpenTelemetry's semantic
conventions, version 1.36.0: "Semantic conventions for messaging spans", "... for messaging client
metrics" and "... for Kafka" (opentelemetry.io/docs/specs/semconv/messaging). Where these have
none, a name begins with ``streamcontract.``.
"""

from __future__ import annotations

from typing import Final

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.36.0"

KAFKA: Final = "kafka"

# Names of operations are Kafka's own; types are common to all messaging systems.
SEND: Final = "send"
POLL: Final = "poll"
RECEIVE: Final = "receive"
PROCESS: Final = "process"

BATCH_COUNT: Final = "messaging.batch.message_count"
CLIENT_ID: Final = "messaging.client.id"
ERROR_TYPE: Final = "error.type"
GROUP: Final = "messaging.consumer.group.name"
OFFSET: Final = "messaging.kafka.offset"
OPERATION: Final = "messaging.operation.name"
OPERATION_TYPE: Final = "messaging.operation.type"
PARTITION: Final = "messaging.destination.partition.id"
SCHEMA_ID: Final = "streamcontract.schema.id"
SYSTEM: Final = "messaging.system"
TOMBSTONE: Final = "messaging.kafka.message.tombstone"
TOPIC: Final = "messaging.destination.name"

CONSUMED_MESSAGES: Final = "messaging.client.consumed.messages"
OPERATION_DURATION: Final = "messaging.client.operation.duration"
PROCESS_DURATION: Final = "messaging.process.duration"
SENT_MESSAGES: Final = "messaging.client.sent.messages"

DEAD_LETTERED_MESSAGES: Final = "streamcontract.consumer.dead_lettered.messages"
DECODE_TIME: Final = "streamcontract.consumer.decode.time"
DECODED_MESSAGES: Final = "streamcontract.consumer.decoded.messages"
LAG: Final = "streamcontract.consumer.lag"
QUEUED_MESSAGES: Final = "streamcontract.producer.queued.messages"
SCHEMA_VERSIONS: Final = "streamcontract.consumer.schema.versions"


def error_type(error: BaseException) -> str:
    """The ``error.type`` of an exception: the full name of its class."""
    cls = type(error)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__name__}"
