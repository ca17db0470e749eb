"""Wiring of a consumer's parts, from its configuration."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs
import confluent_kafka

from streamcontract.errors import ConfigurationError
from streamcontract.kafka.connection.authentication_errors import AuthenticationErrors
from streamcontract.kafka.connection.cluster import Cluster
from streamcontract.kafka.connection.config import (
    CONSUMER_DEFAULTS,
    build_client,
    split_config,
)
from streamcontract.kafka.connection.forks import ForkGuard
from streamcontract.kafka.connection.guarded_client import CONSUMER_CALLS, guarded, unguarded
from streamcontract.kafka.connection.waits import Waiting
from streamcontract.kafka.consumer.assignment import Assignment
from streamcontract.kafka.consumer.callbacks import Callbacks
from streamcontract.kafka.consumer.commits import Commits
from streamcontract.kafka.consumer.config import (
    check_topic,
    is_incremental,
    refuse_deserializers,
    set_commit,
    set_group,
    set_start,
    take_commit_count,
)
from streamcontract.kafka.consumer.contact import Contact
from streamcontract.kafka.consumer.delivery import Delivery
from streamcontract.kafka.consumer.observed import ConsumerLag, ObservedReader
from streamcontract.kafka.consumer.offsets import Offsets
from streamcontract.kafka.consumer.options import ConsumerOptions, check_options
from streamcontract.kafka.consumer.positions import Positions
from streamcontract.kafka.consumer.queue import Queue
from streamcontract.kafka.consumer.topics import Topics
from streamcontract.kafka.consumer.transaction_input import why_not_transactional
from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
from streamcontract.kafka.dead_letters.handler import PoisonHandler
from streamcontract.kafka.dead_letters.poison import (
    DeadLetters,
    dead_letter_topic,
    poison_by_topic,
    poison_handler,
)
from streamcontract.kafka.telemetry import NO_TELEMETRY, Receiving, telemetry_of
from streamcontract.registry import SchemaRegistry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streamcontract.kafka.connection.config import Settings
    from streamcontract.kafka.consumer.batch_delivery import BatchDelivery
    from streamcontract.kafka.consumer.partition import Key
    from streamcontract.kafka.consumer.start import Starts
    from streamcontract.kafka.contract.arguments import ContractArguments
    from streamcontract.kafka.contract.binding import Binding
    from streamcontract.kafka.contract.dispatch import RecordsBinding

__all__ = ["Wiring", "wire"]

T = TypeVar("T")


@attrs.frozen
class Wiring(Generic[T]):
    """The parts of one consumer.

    Attributes:
        client: The wrapped client.
        topics: The topics.
        has_group: Whether there is a group to commit for.
        offsets: Looks up start offsets.
        commits: Commits positions.
        callbacks: The application's callbacks for rebalances.
        assignment: The partitions.
        contact: Calls librdkafka.
        delivery: Returns messages to the application.
        positions: The positions.
        receiving: Its telemetry.
        refusal: Why the consumer cannot be in a transaction; None if it can.
        resources: The resources to close with it.
        guard: Refuses calls in a forked process.
        batch_delivery: Makes, once, what returns batches to the application.
    """

    client: confluent_kafka.DeserializingConsumer[Any, T]
    topics: Topics
    has_group: bool
    offsets: Offsets
    commits: Commits
    callbacks: Callbacks
    assignment: Assignment
    contact: Contact
    delivery: Delivery[T]
    positions: Positions
    receiving: Receiving
    refusal: str | None
    resources: contextlib.ExitStack
    guard: ForkGuard
    batch_delivery: Callable[[], BatchDelivery]


def wire(
    arguments: ContractArguments,
    several: Mapping[str, Any] | None,
    config: Mapping[str, Any] | None,
    options: ConsumerOptions,
    *,
    owner: Any,
) -> Wiring[T]:
    """Make the parts of a consumer.

    Args:
        arguments: The arguments for the contracts.
        several: The classes to read by topic or pattern, if there are several topics.
        config: The configuration.
        options: The options of the consumer.
        owner: The consumer.

    Raises:
        ConfigurationError: The configuration is wrong, or has no contract.
        TypeError: There is no such option.
    """
    check_options(options, ConsumerOptions)
    bindings = _bindings_of(arguments, several)
    readers: dict[str, Callable[[str], TopicDeserializer[T]]] = {}
    topics = Topics(tuple(bindings), readers, are_several=several is not None)
    topic = topics.label
    callbacks = Callbacks(
        topics, options.get("on_assign"), options.get("on_revoke"), options.get("on_lost")
    )
    joined = _join(topics, callbacks, config, options)
    opened: _Opened[T] = _open(joined, topics, bindings, readers, options)
    client, receiving, poison = opened.client, opened.receiving, opened.poison
    queue, calls = Queue(), unguarded(client)
    offsets = Offsets(
        calls,
        joined.cluster,
        joined.authentication,
        topics=topics,
        group=joined.has_group,
        starts=joined.starts,
    )
    commits = Commits(calls, topic, automatic=joined.automatic, count=joined.count)
    assignment = Assignment(
        calls,
        topics,
        queue,
        offsets,
        commits,
        poison,
        callbacks,
        is_member=joined.is_member,
        chosen=joined.chosen,
        incremental=joined.is_member and is_incremental(joined.settings.client),
    )
    contact = Contact(
        client,
        queue=queue,
        assignment=assignment,
        offsets=offsets,
        commits=commits,
        poison=poison,
        by_topic=topics.are_several,
        joining=joined.waiting(topic),
    )
    delivery: Delivery[T] = Delivery(topic, contact, poison, joined.authentication)
    positions = Positions(topics, assignment, queue, delivery)

    @functools.cache
    def batch_delivery() -> BatchDelivery:
        # Few consumers load it, and what it needs may not have been built.
        from streamcontract.kafka.consumer.batch_delivery import BatchDelivery  # noqa: PLC0415

        is_observed = receiving is not NO_TELEMETRY
        return BatchDelivery(delivery, contact, poison, topics, is_observed=is_observed)

    callbacks.consumer = owner
    if receiving is not NO_TELEMETRY:
        _observe(client, contact, positions, receiving, topics, opened.resources)
    return Wiring(
        client=client,
        topics=topics,
        has_group=joined.has_group,
        offsets=offsets,
        commits=commits,
        callbacks=callbacks,
        assignment=assignment,
        contact=contact,
        delivery=delivery,
        positions=positions,
        receiving=receiving,
        refusal=why_not_transactional(
            joined.settings.client, has_group=joined.has_group, auto_commit=joined.automatic
        ),
        resources=opened.resources,
        guard=ForkGuard(f"consumer of topic {topic!r}", owner=owner),
        batch_delivery=batch_delivery,
    )


@attrs.frozen
class _Joined:
    """A checked configuration: the group, the partitions, and where they start.

    Attributes:
        settings: The configuration, with the properties of the group, the start and the commits.
        has_group: Whether there is a group to commit for.
        chosen: The partitions of ``partitions=``; None if a group or the consumer takes all.
        starts: The starts of the partitions.
        automatic: Whether positions are committed without a call of ``commit``.
        count: The number of messages after which they are committed; None for none.
        authentication: The errors of authentication.
        cluster: Asks the brokers about topics.
    """

    settings: Settings
    has_group: bool
    chosen: tuple[Key, ...] | None
    starts: Starts
    automatic: bool
    count: int | None
    authentication: AuthenticationErrors
    cluster: Cluster

    @property
    def group(self) -> str | None:
        """The name of the group, if there is one."""
        return self.settings.client["group.id"] if self.has_group else None

    @property
    def is_member(self) -> bool:
        """Whether the group assigns the partitions."""
        return self.has_group and self.chosen is None

    def waiting(self, topic: str) -> Waiting | None:
        """The notes of waiting for the group's assignment, if it makes one."""
        if not self.is_member:
            return None
        what = (
            f"group {self.group!r} to assign partitions (it keeps those of a member that ended "
            f"without close() for session.timeout.ms)"
        )
        return Waiting(what, topic, self.authentication.state)


def _join(
    topics: Topics,
    callbacks: Callbacks,
    config: Mapping[str, Any] | None,
    options: ConsumerOptions,
) -> _Joined:
    """Check the configuration, and complete the properties of the client."""
    partitions = options.get("partitions")
    chosen = None if partitions is None else topics.keys_of(partitions)
    settings = split_config(config, defaults=CONSUMER_DEFAULTS)
    refuse_deserializers(settings.client)
    count = take_commit_count(settings.client)
    authentication = AuthenticationErrors(settings.client)
    cluster = Cluster(settings.client)
    has_group = set_group(settings.client, options.get("group"), chosen)
    if callbacks and not (has_group and chosen is None):
        raise ConfigurationError(
            f"on_assign=, on_revoke= and on_lost= are for a consumer of topic {topics.label!r} "
            f"whose group assigns its partitions: give it group=, and leave partitions= out"
        )
    starts = set_start(settings.client, options.get("start"), chosen, topics.key_of)
    automatic = set_commit(settings.client, has_group=has_group, count=count)
    return _Joined(settings, has_group, chosen, starts, automatic, count, authentication, cluster)


@attrs.frozen
class _Opened(Generic[T]):
    """What has to be closed with a consumer: client, telemetry, poison handler, registry.

    Attributes:
        client: The wrapped client.
        receiving: The telemetry.
        poison: The handler of messages that are not of the contract.
        resources: The resources, without the client.
    """

    client: confluent_kafka.DeserializingConsumer[Any, T]
    receiving: Receiving
    poison: PoisonHandler
    resources: contextlib.ExitStack


def _open(
    joined: _Joined,
    topics: Topics,
    bindings: Mapping[str, Callable[[str], Binding[T] | RecordsBinding[T]]],
    readers: dict[str, Callable[[str], TopicDeserializer[T]]],
    options: ConsumerOptions,
) -> _Opened[T]:
    """Open the client and its resources, and fill in the readers; or close what is open."""
    settings, topic = joined.settings, topics.label
    registry, policy = options.get("registry"), options.get("poison", "raise")
    telemetry = telemetry_of(options.get("telemetry"))
    with contextlib.ExitStack() as resources:
        if registry is None:
            registry = resources.enter_context(SchemaRegistry.from_config(settings.registry))
        receiving = telemetry.receiving(
            None if topics.are_several else topic, joined.group, settings.client.get("client.id")
        )
        make = functools.partial(
            _make_reader,
            registry=registry,
            receiving=receiving,
            settings=settings,
        )
        for each, bind in bindings.items():
            readers[each] = functools.partial(make, bind, functools.partial(_check, policy, topics))
        for each in topics.names:
            topics.reader(each)  # raises its errors now
        handler: Callable[[str], PoisonHandler] = lambda topic: poison_handler(  # noqa: E731
            policy,
            topic,
            joined.cluster,
            group=joined.group,
            registry=settings.registry,
            receiving=receiving.of_topic(topic),
        )
        poison = poison_by_topic(policy, handler) if topics.are_several else handler(topic)
        resources.callback(poison.close)
        client: confluent_kafka.DeserializingConsumer[Any, T] = build_client(
            guarded(confluent_kafka.DeserializingConsumer, CONSUMER_CALLS),
            {
                **settings.client,
                "error_cb": joined.authentication.hear,
            },
        )
        return _Opened(client, receiving, poison, resources.pop_all())


def _bindings_of(
    arguments: ContractArguments, several: Mapping[str, Any] | None
) -> Mapping[str, Callable[[str], Binding[T] | RecordsBinding[T]]]:
    """The functions that bind a topic to its contracts, by topic or pattern of topics."""
    if several is not None:
        return arguments.for_topics(several)
    binding = arguments.for_consumer()
    check_topic(binding.topic, "give it as in topics={'^quotes-.*': Quote}")
    return {binding.topic: lambda _: binding}


def _observe(
    client: confluent_kafka.Consumer,
    contact: Contact,
    positions: Positions,
    receiving: Receiving,
    topics: Topics,
    resources: contextlib.ExitStack,
) -> None:
    """Wrap the parts with telemetry of the lag and of each message."""
    lag = ConsumerLag(client, contact, positions.known)
    receiving.watch(lag)
    resources.callback(lag.close)
    topics.read_through(lambda reader: ObservedReader(reader, lag))


def _make_reader(
    bind: Callable[[str], Binding[T] | RecordsBinding[T]],
    check: Callable[[str], None],
    topic: str,
    *,
    registry: SchemaRegistry,
    receiving: Receiving,
    settings: Settings,
) -> TopicDeserializer[T]:
    check(topic)
    return TopicDeserializer.configured(bind(topic), registry, settings, receiving.of_topic(topic))


def _check(policy: object, topics: Topics, topic: str) -> None:
    """Refuse a pattern that matches the dead letter topic of what it matches.

    The consumer would read its own dead letters, and put each into a dead letter topic again.
    """
    if not (isinstance(policy, DeadLetters) and topics.are_several):
        return  # a single topic is checked by its handler of dead letters
    target = dead_letter_topic(policy, topic)
    if topics.match(target) is not None:
        raise ConfigurationError(
            f"dead letters of topic {topic!r} would go into topic {target!r}, which this consumer "
            f"of {topics.label} reads too: name another with DeadLetters(topic=...), or a pattern "
            f"that does not match it"
        )
