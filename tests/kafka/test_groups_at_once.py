"""Groups that are described together: each has its own answer, or its own error."""

from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import attrs
import confluent_kafka
import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.console.pages.groups import groups_of_topic
from streamcontract.kafka.admin import describe
from streamcontract.kafka.admin.describe import (
    PartitionState,
    TopicState,
    properties_of,
    topics_there,
)
from streamcontract.kafka.admin.groups import GroupDescription, groups_at_once
from streamcontract.kafka.errors import GroupError, TopicError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_CODES = [
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.REQUEST_TIMED_OUT,
]


@attrs.frozen
class _Group:
    """A group of a coordinator.

    Attributes:
        committed: Its offsets by partition.
        owned: The partitions of its one member.
        refused: The error of its description, or None.
        hidden: The error of its offsets, or None.
    """

    committed: dict[int, int] = attrs.field(factory=dict)
    owned: frozenset[int] = frozenset()
    refused: int | None = None
    hidden: int | None = None


@attrs.define
class _Admin:
    """An AdminClient of groups in one topic, that refuses what the real one refuses."""

    groups: dict[str, _Group]
    topic: str = "orders"
    asked: int = 0

    def list_consumer_groups(self, request_timeout: float) -> Future[Any]:
        """All groups."""
        del request_timeout
        states = SimpleNamespace(name="STABLE"), SimpleNamespace(name="CLASSIC")
        listed = [
            SimpleNamespace(group_id=each, state=states[0], type=states[1]) for each in self.groups
        ]
        return _done(SimpleNamespace(valid=listed, errors=[]))

    def describe_consumer_groups(
        self, groups: Sequence[str], request_timeout: float
    ) -> dict[str, Future[Any]]:
        """State and members."""
        del request_timeout
        return {name: self._described(self.groups[name]) for name in groups}

    def _described(self, group: _Group) -> Future[Any]:
        owned = [TopicPartition(self.topic, each) for each in group.owned]
        assignment = SimpleNamespace(topic_partitions=owned)
        member = SimpleNamespace(member_id="m", client_id="c", host="h", assignment=assignment)
        state = SimpleNamespace(name="STABLE" if owned else "EMPTY")
        found = SimpleNamespace(state=state, members=[member] if owned else [])
        return _done(found, group.refused)

    def list_consumer_group_offsets(
        self, requests: Sequence[ConsumerGroupTopicPartitions], request_timeout: float
    ) -> dict[str, Future[Any]]:
        """Committed offsets of one group."""
        del request_timeout
        (request,) = requests
        if not request.group_id:
            raise ValueError("'group_id' cannot be empty")
        group, places = self.groups[request.group_id], request.topic_partitions or []
        self.asked += len(places)
        answer = [
            TopicPartition(each.topic, each.partition, group.committed.get(each.partition, -1001))
            for each in places
        ]
        found = ConsumerGroupTopicPartitions(request.group_id, answer)
        return {request.group_id: _done(found, group.hidden)}


def _done(result: Any, code: int | None = None) -> Future[Any]:
    future: Future[Any] = Future()
    if code is None:
        future.set_result(result)
    else:
        future.set_exception(confluent_kafka.KafkaException(KafkaError(code)))
    return future


def _cluster(admin: Any) -> Any:
    return SimpleNamespace(admin=lambda: admin, timeout=1.0)


def _topic(partitions: Iterable[int]) -> TopicState:
    return TopicState(
        "orders", tuple(PartitionState(each, 1, (1,), (1,), 0, 100) for each in partitions)
    )


_PARTITIONS = st.integers(0, 3)
_GROUPS = st.builds(
    _Group,
    st.dictionaries(_PARTITIONS, st.integers(0, 100)),
    st.frozensets(_PARTITIONS),
    st.none() | st.sampled_from(_CODES),
    st.none() | st.sampled_from(_CODES),
)


@given(st.dictionaries(st.text(max_size=3), _GROUPS))
def test_each_group_has_its_own_answer(groups: dict[str, _Group]) -> None:
    """The error of one group, and a group without a name, take nothing from the others."""
    found = groups_at_once(_cluster(_Admin(groups)), list(groups), _topic(range(4)))
    assert set(found) == set(groups)
    for name, group in groups.items():
        answer = found[name]
        if not name or group.refused is not None or group.hidden is not None:
            assert isinstance(answer, GroupError)
            assert answer.error.code() in {group.refused, group.hidden, KafkaError.INVALID_GROUP_ID}
            continue
        assert isinstance(answer, GroupDescription)
        committed = {each.topic.name: each.committed for each in answer.topics}
        is_of_topic = bool(group.committed or group.owned)
        assert committed == ({"orders": group.committed} if is_of_topic else {})
        owned = [each.partitions for each in answer.members or ()]
        assert owned == ([{"orders": tuple(sorted(group.owned))}] if group.owned else [])


@pytest.mark.parametrize(("partitions", "per_page"), [(1, 500), (100, 500), (1_000, 50)])
def test_a_page_asks_for_a_bounded_number_of_offsets(partitions: int, per_page: int) -> None:
    """Of a topic of many partitions it asks fewer groups; none is left out of all pages."""
    groups = {f"g{number:03}": _Group(owned=frozenset([0])) for number in range(501)}
    admin = _Admin(groups)
    sources: Any = SimpleNamespace(cluster=_cluster(admin))
    topic, shown = _topic(range(partitions)), []
    first = groups_of_topic(topic, sources, 1, is_embedded=False)
    assert first.paging.per_page == per_page
    assert admin.asked == per_page * partitions
    for number in range(1, first.paging.pages + 1) if partitions < 1_000 else ():
        page = groups_of_topic(topic, sources, number, is_embedded=False)
        shown += [each.name for each in page.rows or ()]
    assert shown in ([], sorted(groups))


def test_a_topic_of_very_many_partitions_has_a_group_on_each_page() -> None:
    """However many offsets that are."""
    admin = _Admin({"a": _Group({0: 1}), "b": _Group({60_000: 1})})
    sources: Any = SimpleNamespace(cluster=_cluster(admin))
    page = groups_of_topic(_topic(range(60_001)), sources, 2, is_embedded=False)
    assert [each.name for each in page.rows or ()] == ["b"]


def test_a_topic_that_is_deleted_between_two_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is left out as if it had been deleted before: the others are there."""
    there = {name: SimpleNamespace(topic=name, error=None) for name in ("kept", "deleted")}
    admin = SimpleNamespace(list_topics=lambda **_: SimpleNamespace(topics={**there}))

    def described(_admin: Any, found: Sequence[Any], _timeout: float) -> tuple[TopicState, ...]:
        if there.pop("deleted", None) is not None:
            raise TopicError("deleted", KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
        return tuple(TopicState(each.topic, ()) for each in found)

    monkeypatch.setattr(describe, "_described", described)
    found = topics_there(_cluster(admin), ["kept", "deleted"])
    assert [each.name for each in found] == ["kept"]


@pytest.mark.parametrize("source", [0, 1, 5, 8, 99])
def test_a_property_of_an_unknown_source(source: int) -> None:
    """Newer brokers have more sources; only one of them is the topic."""
    entry = SimpleNamespace(value="1", source=source)
    cluster: Any = SimpleNamespace(topic_entries=lambda _topic: {"retention.ms": entry})
    [found] = properties_of(cluster, "orders")
    assert found.is_own == (source == 1)
