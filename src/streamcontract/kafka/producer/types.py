"""Types in the signatures of producers that are loaded when an annotation is evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import confluent_kafka

from streamcontract.codec.contract import Contract
from streamcontract.kafka.connection.config import Config
from streamcontract.kafka.consumer import ContractConsumer
from streamcontract.kafka.contract.binding import SchemaSource
from streamcontract.kafka.producer.options import BatchOptions
from streamcontract.kafka.producer.produce_report import ProduceProgress, ProduceReport
from streamcontract.kafka.producer.transactions import Transaction
from streamcontract.kafka.telemetry import Telemetry
from streamcontract.registry import SchemaRegistry

__all__ = [
    "AnyConsumer",
    "BatchOptions",
    "Client",
    "Config",
    "Contract",
    "ProduceProgress",
    "ProduceReport",
    "SchemaRegistry",
    "SchemaSource",
    "Telemetry",
    "Transaction",
]

AnyConsumer = ContractConsumer[Any, Any, Any]

if TYPE_CHECKING:
    Client: TypeAlias = confluent_kafka.SerializingProducer[Any, Any]
else:  # which has no brackets
    Client = confluent_kafka.SerializingProducer
