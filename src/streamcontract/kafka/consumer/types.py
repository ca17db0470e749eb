"""Types in the signatures of consumers that are loaded when an annotation is evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import confluent_kafka

from streamcontract.codec.contract import Contract
from streamcontract.kafka.batches.types import ConsumedBatch, MetadataChoice, Tombstones
from streamcontract.kafka.connection.config import Config
from streamcontract.kafka.consumer.options import ConsumerOptions
from streamcontract.kafka.consumer.start import Start
from streamcontract.kafka.consumer.transaction_input import TransactionInput
from streamcontract.kafka.consumer.until_end import UntilEnd
from streamcontract.kafka.contract.binding import SchemaSource
from streamcontract.kafka.telemetry import Telemetry
from streamcontract.registry import SchemaRegistry

__all__ = [
    "Client",
    "Config",
    "ConsumedBatch",
    "ConsumerOptions",
    "Contract",
    "MetadataChoice",
    "SchemaRegistry",
    "SchemaSource",
    "Start",
    "Telemetry",
    "Tombstones",
    "TransactionInput",
    "UntilEnd",
]

if TYPE_CHECKING:
    Client: TypeAlias = confluent_kafka.DeserializingConsumer[Any, Any]
else:  # which has no brackets
    Client = confluent_kafka.DeserializingConsumer
