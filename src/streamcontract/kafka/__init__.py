"""Typed clients of Kafka: producer, consumer and topics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import confluent_kafka

from streamcontract._lazy import lazy_names
from streamcontract.kafka.versions import check_version

# Before anything needs what older ones lack.
check_version(str(confluent_kafka.__version__))

if TYPE_CHECKING:
    from streamcontract.kafka.admin.describe import describe_groups, describe_topics
    from streamcontract.kafka.admin.topics import TopicMismatch, TopicOutcome, ensure_topic
    from streamcontract.kafka.batches.batch import ConsumedBatch, MessageFault
    from streamcontract.kafka.batches.scan import OffsetRange, TopicScan
    from streamcontract.kafka.consumer import ContractConsumer
    from streamcontract.kafka.consumer.share_consumer import ContractShareConsumer
    from streamcontract.kafka.consumer.share_message import RejectedError, ShareMessage
    from streamcontract.kafka.consumer.start import Start
    from streamcontract.kafka.consumer.until_end import UntilEnd
    from streamcontract.kafka.contract.derived_key import DERIVED, Derived
    from streamcontract.kafka.contract.dispatch import DispatchingDeserializer
    from streamcontract.kafka.contract.serializers import (
        ContractDeserializer,
        ContractSerializer,
        KeyDeserializer,
        KeySerializer,
    )
    from streamcontract.kafka.dead_letters.dead_letter import DeadLetter
    from streamcontract.kafka.dead_letters.poison import DeadLetters, Poison, Skip
    from streamcontract.kafka.errors import (
        BrokerError,
        ConsumeError,
        DeadLetterError,
        DeliveryError,
        ForkedError,
        GroupError,
        MessageDecodeError,
        MessageEncodeError,
        NotSupportedError,
        ProduceError,
        ProduceFailuresError,
        ProducerFencedError,
        PropertyError,
        StalledError,
        TopicError,
        TransactionAbortedError,
        TransactionError,
        UnexpectedTypeError,
    )
    from streamcontract.kafka.message import Delivery, Headers, Message
    from streamcontract.kafka.producer import ContractProducer
    from streamcontract.kafka.producer.produce_report import (
        ProduceFailure,
        ProduceProgress,
        ProduceReport,
    )
    from streamcontract.kafka.producer.transactions import Transaction

__all__ = [
    "DERIVED",
    "BrokerError",
    "ConsumeError",
    "ConsumedBatch",
    "ContractConsumer",
    "ContractDeserializer",
    "ContractProducer",
    "ContractSerializer",
    "ContractShareConsumer",
    "DeadLetter",
    "DeadLetterError",
    "DeadLetters",
    "Delivery",
    "DeliveryError",
    "Derived",
    "DispatchingDeserializer",
    "ForkedError",
    "GroupError",
    "Headers",
    "KeyDeserializer",
    "KeySerializer",
    "Message",
    "MessageDecodeError",
    "MessageEncodeError",
    "MessageFault",
    "NotSupportedError",
    "OffsetRange",
    "Poison",
    "ProduceError",
    "ProduceFailure",
    "ProduceFailuresError",
    "ProduceProgress",
    "ProduceReport",
    "ProducerFencedError",
    "PropertyError",
    "RejectedError",
    "ShareMessage",
    "Skip",
    "StalledError",
    "Start",
    "TopicError",
    "TopicMismatch",
    "TopicOutcome",
    "TopicScan",
    "Transaction",
    "TransactionAbortedError",
    "TransactionError",
    "UnexpectedTypeError",
    "UntilEnd",
    "describe_groups",
    "describe_topics",
    "ensure_topic",
]

if not TYPE_CHECKING:  # which would take any name for one of the package
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "BrokerError": "kafka.errors",
            "ConsumeError": "kafka.errors",
            "ConsumedBatch": "kafka.batches.batch",
            "ContractConsumer": "kafka.consumer",
            "ContractDeserializer": "kafka.contract.serializers",
            "ContractProducer": "kafka.producer",
            "ContractSerializer": "kafka.contract.serializers",
            "ContractShareConsumer": "kafka.consumer.share_consumer",
            "DERIVED": "kafka.contract.derived_key",
            "DeadLetter": "kafka.dead_letters.dead_letter",
            "DeadLetterError": "kafka.errors",
            "DeadLetters": "kafka.dead_letters.poison",
            "Delivery": "kafka.message",
            "DeliveryError": "kafka.errors",
            "Derived": "kafka.contract.derived_key",
            "DispatchingDeserializer": "kafka.contract.dispatch",
            "ForkedError": "kafka.errors",
            "GroupError": "kafka.errors",
            "Headers": "kafka.message",
            "KeyDeserializer": "kafka.contract.serializers",
            "KeySerializer": "kafka.contract.serializers",
            "Message": "kafka.message",
            "MessageDecodeError": "kafka.errors",
            "MessageEncodeError": "kafka.errors",
            "MessageFault": "kafka.batches.batch",
            "NotSupportedError": "kafka.errors",
            "OffsetRange": "kafka.batches.scan",
            "Poison": "kafka.dead_letters.poison",
            "ProduceError": "kafka.errors",
            "ProduceFailure": "kafka.producer.produce_report",
            "ProduceFailuresError": "kafka.errors",
            "ProduceProgress": "kafka.producer.produce_report",
            "ProduceReport": "kafka.producer.produce_report",
            "ProducerFencedError": "kafka.errors",
            "PropertyError": "kafka.errors",
            "RejectedError": "kafka.consumer.share_message",
            "ShareMessage": "kafka.consumer.share_message",
            "Skip": "kafka.dead_letters.poison",
            "StalledError": "kafka.errors",
            "Start": "kafka.consumer.start",
            "TopicError": "kafka.errors",
            "TopicMismatch": "kafka.admin.topics",
            "TopicOutcome": "kafka.admin.topics",
            "TopicScan": "kafka.batches.scan",
            "Transaction": "kafka.producer.transactions",
            "TransactionAbortedError": "kafka.errors",
            "TransactionError": "kafka.errors",
            "UnexpectedTypeError": "kafka.errors",
            "UntilEnd": "kafka.consumer.until_end",
            "describe_groups": "kafka.admin.describe",
            "describe_topics": "kafka.admin.describe",
            "ensure_topic": "kafka.admin.topics",
        },
    )
