"""Typed producer, consumer and topics; with ``devstack`` the only user of confluent_kafka."""
# ruff: noqa: E402 - the version is checked before anything needs what older ones lack

import confluent_kafka

from streamcontract.kafka.versions import check_version

check_version(str(confluent_kafka.__version__))

from streamcontract.kafka.admin.describe import describe_groups, describe_topics
from streamcontract.kafka.admin.topics import TopicMismatch, TopicOutcome, ensure_topic
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
    "Headers",
    "KeyDeserializer",
    "KeySerializer",
    "Message",
    "MessageDecodeError",
    "MessageEncodeError",
    "NotSupportedError",
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
    "Transaction",
    "TransactionAbortedError",
    "TransactionError",
    "UnexpectedTypeError",
    "UntilEnd",
    "describe_groups",
    "describe_topics",
    "ensure_topic",
]
