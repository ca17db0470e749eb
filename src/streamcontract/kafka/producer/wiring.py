"""Wiring of a producer's parts, from its configuration."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import attrs
import confluent_kafka

from streamcontract.kafka.connection.authentication_errors import AuthenticationErrors
from streamcontract.kafka.connection.config import build_client, split_config
from streamcontract.kafka.connection.forks import ForkGuard
from streamcontract.kafka.contract.binding import checked_topic
from streamcontract.kafka.producer.deliveries import Deliveries
from streamcontract.kafka.producer.delivery_failures import Failures
from streamcontract.kafka.producer.queue import ProducerQueue
from streamcontract.kafka.producer.topic_serializer import TopicSerializers
from streamcontract.kafka.producer.transactions import Transactions
from streamcontract.kafka.producer.unclosed import Unclosed
from streamcontract.kafka.telemetry import telemetry_of
from streamcontract.registry import SchemaRegistry

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.kafka.connection.config import Config
    from streamcontract.kafka.contract.arguments import ContractArguments
    from streamcontract.kafka.telemetry import Telemetry

__all__ = ["Wiring", "wire"]

T = TypeVar("T")

_DEFAULTS: Final[Mapping[str, Any]] = {
    "enable.idempotence": True,
    "acks": "all",
    # The hash of the Java client, and so of nearly every other, so that a key has one partition for
    # all clients. librdkafka's default is another hash, and scatters empty keys.
    "partitioner": "murmur2_random",
}


@attrs.frozen
class Wiring(Generic[T]):
    """The parts of one producer.

    Attributes:
        client: The wrapped client.
        topic: The topic of records; "" if there are several.
        guard: Refuses calls in a forked process.
        deliveries: Serves delivery reports.
        transactions: Its transactions.
        queue: Serializes and queues records.
        unclosed: Delivers the queue if it is never closed.
        resources: The resources to close with it.
    """

    client: confluent_kafka.SerializingProducer[Any, T]
    topic: str
    guard: ForkGuard
    deliveries: Deliveries
    transactions: Transactions
    queue: ProducerQueue
    unclosed: Unclosed
    resources: contextlib.ExitStack


def wire(
    arguments: ContractArguments,
    config: Config,
    registry: SchemaRegistry | None,
    telemetry: Telemetry | None,
    *,
    on_fork: Callable[[], None],
) -> Wiring[T]:
    """Make the parts of a producer.

    Args:
        arguments: The arguments for the contracts.
        config: The configuration.
        registry: The registry's client; None to create one.
        telemetry: The telemetry of the messages.
        on_fork: A bound method of the producer, called in a forked child.

    Raises:
        ConfigurationError: The configuration is wrong, or has no contract.
    """
    observers = telemetry_of(telemetry)
    bindings = arguments.for_producer()
    settings = split_config(config, defaults=_DEFAULTS)
    authentication = AuthenticationErrors(settings.client)
    with contextlib.ExitStack() as resources:
        if registry is None:
            registry = resources.enter_context(SchemaRegistry.from_config(settings.registry))
        serializers: TopicSerializers[T] = TopicSerializers(
            bindings, registry, settings, checked_topic(arguments.topic)
        )
        client: confluent_kafka.SerializingProducer[Any, T] = build_client(
            confluent_kafka.SerializingProducer,
            {
                **settings.client,
                "error_cb": authentication.hear,
                "key.serializer": serializers.key,
                "value.serializer": serializers.value,
            },
        )
        kept = resources.pop_all()
    topic = serializers.topic
    failures = Failures()
    shown = f"producer for {f'topic {topic!r}' if topic else 'several topics'}"
    guard = ForkGuard(shown, on_fork)
    deliveries = Deliveries(client, topic, shown, guard, authentication, failures)
    transactions = Transactions(
        client,
        topic,
        settings.client.get("transactional.id") or None,  # librdkafka also treats "" as none
        failures.take,
        authentication,
    )
    # SerializingProducer.produce takes 1.2 µs more per message than this method of its base
    # class, for a context object and calls that are not needed here (confluent-kafka 2.16).
    send = observers.sending(
        confluent_kafka.Producer.produce.__get__(client),
        settings.client.get("client.id"),
        settings.wire.value,
    )
    return Wiring(
        client=client,
        topic=topic,
        guard=guard,
        deliveries=deliveries,
        transactions=transactions,
        queue=ProducerQueue(send, serializers, deliveries, failures, transactions, settings.client),
        unclosed=Unclosed(client, topic, failures, transactions),
        resources=kept,
    )
