"""Consumer groups: listed, described, and moved to other offsets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs
import confluent_kafka
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

from streamcontract.errors import ArgumentError
from streamcontract.guards import text
from streamcontract.kafka.admin.describe import (
    GroupState,
    TopicState,
    asked_for_offsets,
    topics_of,
    topics_there,
)
from streamcontract.kafka.admin.only_member import commit_as_only_member, has_members
from streamcontract.kafka.connection.cluster import (
    Cluster,
    advice_on,
    is_embedded,
)
from streamcontract.kafka.connection.config import split_config
from streamcontract.kafka.connection.waits import Waiting, result_of
from streamcontract.kafka.errors import GroupError, NotSupportedError, kafka_error_of
from streamcontract.kafka.timeouts import BROKER_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from concurrent.futures import Future

    from confluent_kafka.admin import AdminClient

__all__ = [
    "GroupDescription",
    "GroupListing",
    "GroupMember",
    "group_of",
    "groups_at_once",
    "list_groups",
    "listed_groups",
    "move_group",
]

_DEAD: Final = "DEAD"
"""The state of a group that the brokers know nothing of."""


_INVALID: Final = confluent_kafka.KafkaError(
    confluent_kafka.KafkaError.INVALID_GROUP_ID, "a group without a name cannot be described"
)


@attrs.frozen
class GroupListing:
    """One group of a cluster.

    Attributes:
        group: The group's id.
        state: Its state, such as ``"STABLE"`` or ``"EMPTY"``.
        type: Its protocol: ``"CLASSIC"`` or ``"CONSUMER"`` (KIP-848).
    """

    group: str
    state: str
    type: str


@attrs.frozen
class GroupMember:
    """One member of a group.

    Attributes:
        id: The id that the coordinator gave it.
        client: Its ``client.id``.
        host: Where it is.
        partitions: The partitions that it reads, by topic.
    """

    id: str
    client: str
    host: str
    partitions: Mapping[str, tuple[int, ...]]


@attrs.frozen
class GroupDescription:
    """One group.

    Attributes:
        group: The group's id.
        state: Its state; None on the embedded broker, which does not tell it.
        members: Its members; None likewise.
        topics: How far it has come in each topic that it has committed in.
    """

    group: str
    state: str | None
    members: tuple[GroupMember, ...] | None
    topics: tuple[GroupState, ...]


def list_groups(
    config: Mapping[str, Any] | None = None, *, timeout: float = BROKER_TIMEOUT
) -> tuple[GroupListing, ...]:
    """The consumer groups of a cluster, by name.

    Args:
        config: Client properties; see :func:`streamcontract.kafka.connection.config.split_config`.
        timeout: Seconds that each question to the brokers may take.

    Raises:
        NotSupportedError: This is the embedded broker, which cannot list groups.
        GroupError: The brokers did not answer.
    """
    cluster = Cluster(split_config(config).client, timeout=timeout)
    admin, embedded, timeout = _meet("", cluster)
    if embedded:
        raise NotSupportedError(
            "the embedded broker cannot list groups: name one, as in "
            "`streamcontract groups describe GROUP`"
        )
    return _listed(admin, timeout)


def listed_groups(cluster: Cluster) -> tuple[GroupListing, ...]:
    """As :func:`list_groups`, for a cluster that is not the embedded broker.

    Raises:
        GroupError: The brokers did not answer.
    """
    return _listed(cluster.admin(), cluster.timeout)


def _listed(admin: AdminClient, timeout: float) -> tuple[GroupListing, ...]:
    try:
        asked = admin.list_consumer_groups(request_timeout=timeout)
        found = result_of(asked, Waiting("the list of consumer groups", ""))
    except confluent_kafka.KafkaException as error:
        raise _group_error("", error) from error
    for reason in found.errors or ():
        raise _group_error("", reason)
    listed = [
        GroupListing(each.group_id, _name(each.state), _name(each.type)) for each in found.valid
    ]
    return tuple(sorted(listed, key=lambda each: each.group))


def group_of(cluster: Cluster, group: str) -> GroupDescription:
    """State, members and offsets of a consumer group.

    Raises:
        ArgumentError: That is no id of a group.
        GroupError: There is no such group, or the brokers did not answer.
    """
    group = _group_id(group)
    with cluster.connected():
        return _group_of(cluster, group)


def _group_id(given: object) -> str:
    group = text(given, "group")
    if not group:
        raise ArgumentError("group", given, "the id of a group")
    return group


def _group_of(cluster: Cluster, group: str) -> GroupDescription:
    admin, embedded, timeout = _meet(group, cluster)
    state, members = (None, None) if embedded else _members(admin, group, timeout)
    committed = _committed(admin, group, timeout, every=embedded)
    if not committed and state in {None, _DEAD} and not members:
        unknown = confluent_kafka.KafkaError(
            confluent_kafka.KafkaError.GROUP_ID_NOT_FOUND,
            "there is no such group: it has no members, and has committed nothing",
        )
        raise GroupError(group, unknown)
    described = topics_of(cluster, sorted(committed)).topics
    topics = tuple(GroupState(group, each, committed[each.name]) for each in described)
    return GroupDescription(group, state, members, topics)


def groups_at_once(
    cluster: Cluster, groups: Sequence[str], topic: TopicState | None = None
) -> dict[str, GroupDescription | GroupError]:
    """State, members and offsets of groups, or the error of each, all requested at the same time.

    A coordinator answers for one group in a request: there are two for each group.

    Args:
        cluster: The cluster, which is not the embedded broker.
        groups: The groups' ids.
        topic: The only topic to look at, where the groups may have committed nothing; None for
            all that they have committed in or read.

    Raises:
        TopicError: The offsets of the topics were not returned.
    """
    unnamed: dict[str, GroupDescription | GroupError] = {}
    if "" in groups:  # brokers keep offsets of clients without a group.id (KIP-289)
        unnamed[""] = GroupError("", _INVALID)
        groups = [each for each in groups if each]
    if not groups:
        return unnamed
    admin, timeout = cluster.admin(), cluster.timeout
    places = None
    if topic is not None:
        places = [TopicPartition(topic.name, each.number) for each in topic.partitions]
    described = admin.describe_consumer_groups(list(groups), request_timeout=timeout)
    fetched = {each: asked_for_offsets(admin, each, places, timeout) for each in groups}
    answers = {each: _answer(each, described[each], fetched[each]) for each in groups}
    states = {} if topic is None else {topic.name: topic}
    if topic is None:
        found = (each for each in answers.values() if not isinstance(each, GroupError))
        states = {each.name: each for each in topics_there(cluster, _topics_in(found))}
    return unnamed | {
        group: answer if isinstance(answer, GroupError) else _description(group, answer, states)
        for group, answer in answers.items()
    }


_Committed = dict[str, dict[int, int | None]]
_Answer = tuple[str, tuple[GroupMember, ...], _Committed]


def _answer(group: str, described: Future[Any], fetched: Future[Any]) -> _Answer | GroupError:
    try:
        return *_members_of(described, group), _committed_of(fetched, group)
    except GroupError as error:
        return error


def _topics_in(answers: Iterable[_Answer]) -> list[str]:
    """The topics that groups have committed in or read."""
    found: set[str] = set()
    for _, members, committed in answers:
        found.update(committed, *(each.partitions for each in members))
    return sorted(found)


def _description(group: str, answer: _Answer, states: Mapping[str, TopicState]) -> GroupDescription:
    state, members, committed = answer
    topics = tuple(
        GroupState(group, states[name], committed.get(name, {}))
        for name in _topics_in([answer])
        if name in states  # offsets outlive the topics they are of
    )
    return GroupDescription(group, state, members, topics)


def move_group(cluster: Cluster, group: str, offsets: Mapping[tuple[str, int], int]) -> None:
    """Commit offsets for a group that has no members: where its next ones go on.

    Args:
        cluster: The cluster.
        group: The group's id.
        offsets: By topic and partition, the offset of the next message.

    Raises:
        ArgumentError: That is no id of a group.
        GroupError: The group has members, the brokers refused, or did not answer.
        NotSupportedError: This is the embedded broker, and the group has had members whose
            ``group.protocol`` was not ``consumer``.
    """
    group = _group_id(group)
    with cluster.connected():
        _move_group(cluster, group, offsets)


def _move_group(cluster: Cluster, group: str, offsets: Mapping[tuple[str, int], int]) -> None:
    admin, embedded, timeout = _meet(group, cluster)
    wanted = [TopicPartition(topic, number, at) for (topic, number), at in offsets.items()]
    if embedded:
        commit_as_only_member(group, wanted, cluster)
        return
    _require_no_members(group, _members(admin, group, timeout)[1])
    request = ConsumerGroupTopicPartitions(group, wanted)
    try:
        asked = admin.alter_consumer_group_offsets([request], request_timeout=timeout)[group]
        answer = result_of(asked, Waiting(f"the offsets of group {group!r}", ""))
    except confluent_kafka.KafkaException as error:
        raise _group_error(group, error) from error
    for each in answer.topic_partitions or ():
        if each.error is not None:
            raise GroupError(group, each.error)


def _meet(group: str, cluster: Cluster) -> tuple[AdminClient, bool, float]:
    """An AdminClient that is connected, whether this is the embedded broker, and the timeout."""
    admin = cluster.admin()
    try:
        return admin, is_embedded(admin.list_topics(timeout=cluster.timeout)), cluster.timeout
    except confluent_kafka.KafkaException as error:
        raise _group_error(group, error) from error


def _members(admin: AdminClient, group: str, timeout: float) -> tuple[str, tuple[GroupMember, ...]]:
    """The group's state and members."""
    asked = admin.describe_consumer_groups([group], request_timeout=timeout)
    return _members_of(asked[group], group)


def _members_of(asked: Future[Any], group: str) -> tuple[str, tuple[GroupMember, ...]]:
    try:
        found: Any = result_of(asked, Waiting(f"the members of group {group!r}", ""))
    except confluent_kafka.KafkaException as error:
        if kafka_error_of(error).code() == confluent_kafka.KafkaError.GROUP_ID_NOT_FOUND:
            return _DEAD, ()
        raise _group_error(group, error) from error
    return _name(found.state), tuple(map(_member, found.members))


def _member(found: Any) -> GroupMember:
    partitions: dict[str, list[int]] = {}
    for each in found.assignment.topic_partitions if found.assignment else ():
        partitions.setdefault(each.topic, []).append(each.partition)
    assigned = {topic: tuple(sorted(each)) for topic, each in sorted(partitions.items())}
    return GroupMember(found.member_id, found.client_id, found.host, assigned)


def _require_no_members(group: str, members: Sequence[GroupMember]) -> None:
    if members:
        clients = ", ".join(f"{each.client} at {each.host}" for each in members)
        raise has_members(group, f"it has members ({clients})")


def _committed(admin: AdminClient, group: str, timeout: float, *, every: bool) -> _Committed:
    """The offsets that a group has committed, by topic and partition.

    Args:
        admin: The client.
        group: The group.
        timeout: Seconds.
        every: Whether to ask for every partition there is by its name.
    """
    try:
        places = _all(admin, timeout) if every else None
        found = _committed_of(asked_for_offsets(admin, group, places, timeout), group)
        # Offsets outlive the topics they are of.
        there = admin.list_topics(timeout=timeout).topics
    except confluent_kafka.KafkaException as error:
        raise _group_error(group, error) from error
    return {topic: offsets for topic, offsets in found.items() if topic in there}


def _committed_of(asked: Future[Any], group: str) -> _Committed:
    try:
        answer = result_of(asked, Waiting(f"the offsets of group {group!r}", ""))
    except confluent_kafka.KafkaException as error:
        if kafka_error_of(error).code() == confluent_kafka.KafkaError.GROUP_ID_NOT_FOUND:
            return {}
        raise _group_error(group, error) from error
    found: _Committed = {}
    for each in answer.topic_partitions or ():
        if each.offset >= 0:
            found.setdefault(each.topic, {})[each.partition] = each.offset
    return found


def _all(admin: AdminClient, timeout: float) -> list[TopicPartition]:
    topics = admin.list_topics(timeout=timeout).topics
    return [
        TopicPartition(name, each) for name, found in topics.items() for each in found.partitions
    ]


def _name(value: Any) -> str:
    """The name of an enum's member, such as a state."""
    return str(value.name)


def _group_error(group: str, error: Exception) -> GroupError:
    reason = kafka_error_of(error) if isinstance(error, confluent_kafka.KafkaException) else error
    return GroupError(group, reason, advice_on(reason, ""))  # type: ignore[arg-type] # a KafkaError
