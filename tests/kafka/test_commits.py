"""When a consumer commits for its group: by hand, by count, and when not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import confluent_kafka
import pytest
from tests.kafka.bars import volumes

from streamcontract import StockConsumer
from streamcontract.errors import ClientError, ConfigurationError
from streamcontract.kafka import ConsumeError
from streamcontract.kafka.consumer.config import COMMIT_COUNT

if TYPE_CHECKING:
    from collections.abc import Callable

Config = dict[str, Any]
WAIT = 30.0


def test_committing_by_hand(
    config: Config, quick_group: Config, filled: Callable[..., str]
) -> None:
    """With auto commit off, commit() and commit(message) decide alone."""
    name = filled(5)
    properties = {**config, **quick_group, "enable.auto.commit": False}
    with StockConsumer(properties, topic=name, group=name) as consumer:
        assert consumer.commit() == {}
        first, _ = next(consumer), next(consumer)
        assert consumer.commit(first) == {0: 1}
    with StockConsumer(properties, topic=name, group=name) as consumer:
        assert volumes([next(consumer), next(consumer)]) == [1, 2]
        assert consumer.commit() == {0: 3}
        next(consumer)
    with StockConsumer(properties, topic=name, group=name) as consumer:
        assert volumes(consumer.until_end()) == [3, 4]


def test_committing_by_hand_beside_auto_commit(
    config: Config, quick_group: Config, filled: Callable[..., str]
) -> None:
    """An early commit is not taken back by the one at closing."""
    name, properties = filled(5), {**config, **quick_group}
    with StockConsumer(properties, topic=name, group=name) as consumer:
        consumer.consume(4, WAIT)
        assert consumer.commit() == {0: 4}
    with StockConsumer(properties, topic=name, group=name) as consumer:
        assert volumes(consumer.until_end()) == [4]


@pytest.mark.parametrize("automatic", [True, False], ids=["automatic", "by hand"])
@pytest.mark.parametrize("more", [0, 2])
@pytest.mark.parametrize("how", ["all", "message"])
def test_a_commit_in_a_block_that_an_exception_leaves(
    config: Config,
    quick_group: Config,
    filled: Callable[..., str],
    automatic: bool,
    more: int,
    how: str,
) -> None:
    """It stands, the message in hand included; what was returned since is committed or not.

    By auto commit it is, but for the message in hand; by hand it is not, whatever was returned.
    """
    name = filled(6)
    properties = {**config, **quick_group, "enable.auto.commit": automatic}

    def work(consumer: StockConsumer) -> None:
        last = [next(consumer) for _ in range(3)][-1]
        assert consumer.commit(last if how == "message" else None) == {0: 3}
        for _ in range(more):
            next(consumer)
        raise KeyError

    with (
        pytest.raises(KeyError),
        StockConsumer(properties, topic=name, group=name) as consumer,
    ):
        work(consumer)
    worked_on = 3 + max(0, more - 1) if automatic else 3
    with StockConsumer(properties, topic=name, group=name) as consumer:
        assert volumes(consumer.until_end()) == list(range(worked_on, 6))


def test_a_message_of_another_topic_is_not_committed(
    config: Config, filled: Callable[..., str]
) -> None:
    """Its offset means nothing here: the group would pass over what stands in front of it."""
    name, other = filled(1), filled(5)
    with (
        StockConsumer(config, topic=other) as others,
        StockConsumer(config, topic=name, group=name) as consumer,
    ):
        foreign = others.consume(5, WAIT)[-1]
        with pytest.raises(ConfigurationError, match=other):
            consumer.commit(foreign)
        assert consumer.commit(next(consumer)) == {0: 1}


def test_without_a_group_there_is_nowhere_to_commit(
    config: Config, filled: Callable[..., str]
) -> None:
    """The error says so."""
    with (
        StockConsumer(config, topic=filled()) as consumer,
        pytest.raises(ConfigurationError, match="group="),
    ):
        consumer.commit()


@pytest.mark.parametrize("count", [2, "2"])
def test_by_count(config: Config, filled: Callable[..., str], count: Any) -> None:
    """Every second message, long before the time is over and while the consumer is open."""
    name = filled(5)
    told: list[int] = []

    def on_commit(error: Any, places: list[confluent_kafka.TopicPartition]) -> None:
        assert error is None
        told.extend(place.offset for place in places)

    by_count = {COMMIT_COUNT: count, "auto.commit.interval.ms": 0, "on_commit": on_commit}
    with StockConsumer({**config, **by_count}, topic=name, group=name) as consumer:
        assert volumes(next(consumer) for _ in range(5)) == [0, 1, 2, 3, 4]
        deadline = time.monotonic() + WAIT
        while len(told) < 2 and time.monotonic() < deadline:
            assert consumer.poll(0.05) is None
        assert told == [2, 4]
        [place] = consumer.client.committed([confluent_kafka.TopicPartition(name, 0)], WAIT)
        assert place.offset == 4
    assert told[2:] == [5], "closing commits the rest, without a time too"


def test_by_count_after_a_list(config: Config, filled: Callable[..., str]) -> None:
    """A list counts as a whole, when the next is asked for; seeking back starts the count anew."""
    name = filled(6)
    told: list[int] = []
    by_count = {
        COMMIT_COUNT: 4,
        "auto.commit.interval.ms": 0,
        "on_commit": lambda _, places: told.extend(place.offset for place in places),
    }
    with StockConsumer({**config, **by_count}, topic=name, group=name) as consumer:
        assert volumes(consumer.consume(3, WAIT)) == [0, 1, 2]
        consumer.seek(0, 1)
        assert volumes(consumer.consume(5, WAIT)) == [1, 2, 3, 4, 5]
        deadline = time.monotonic() + WAIT
        while not told and time.monotonic() < deadline:
            assert consumer.poll(0.05) is None
        assert told == [6]


@pytest.mark.parametrize("count", [0, -1, "many", 1.5, True])
def test_no_count(config: Config, count: Any) -> None:
    """The error names the property and what it was."""
    with pytest.raises(ConfigurationError, match=rf"{COMMIT_COUNT}.*{count}"):
        StockConsumer({**config, COMMIT_COUNT: count}, group="g")


@pytest.mark.parametrize("more", [{}, {"group.id": "g", "enable.auto.commit": False}])
def test_a_count_without_commits(config: Config, more: Config) -> None:
    """It would be ignored, and so it is refused."""
    with pytest.raises(ConfigurationError, match=COMMIT_COUNT):
        StockConsumer({**config, **more, COMMIT_COUNT: 10})


@pytest.mark.parametrize("automatic", [True, False], ids=["automatic", "by hand"])
def test_committing_offsets_of_partitions(
    config: Config, quick_group: Config, filled: Callable[..., str], automatic: bool
) -> None:
    """Each partition on its own, before or after the position; it stands when closing commits."""
    name = filled(5, partitions=3)
    properties = {**config, **quick_group, "enable.auto.commit": automatic}
    with StockConsumer(properties, topic=name, group=name) as consumer:
        assert consumer.assignment(WAIT) == (0, 1, 2)
        assert consumer.committed() == {0: None, 1: None, 2: None}
        assert consumer.commit(offsets={0: 4, 2: 1}) == {0: 4, 2: 1}
        assert consumer.committed() == {0: 4, 1: None, 2: 1}
        assert consumer.committed([2, 0]) == {2: 1, 0: 4}
    with StockConsumer(properties, topic=name, group=name) as consumer:
        found = sorted((each.partition, each.offset) for each in consumer.until_end())
        assert found == [(0, 4), *((1, at) for at in range(5)), *((2, at) for at in range(1, 5))]
        assert consumer.commit(offsets={0: 5}) == {0: 5}
        assert consumer.commit(offsets={}) == {}


def test_offsets_that_cannot_be_committed(config: Config, filled: Callable[..., str]) -> None:
    """Each error names what is wrong; nothing is committed then."""
    name = filled(2)
    with StockConsumer(config, topic=name, group=name) as consumer:
        message = next(consumer)
        wrong: Any
        for wrong in ({0: -1}, {0: True}, {0: "1"}, {0: 1.0}, {0: 2**63}, {0: None}):
            with pytest.raises(ConfigurationError, match="an offset to commit"):
                consumer.commit(offsets=wrong)
        for wrong in ({"0": 1}, {None: 1}, {2**31: 1}):
            with pytest.raises(ConfigurationError, match="a partition"):
                consumer.commit(offsets=wrong)
        for wrong in ([1], 1, "0"):
            with pytest.raises(ConfigurationError, match="offsets= is a dict"):
                consumer.commit(offsets=wrong)
        with pytest.raises(ConfigurationError, match="not both"):
            consumer.commit(message, offsets={0: 1})
        with pytest.raises(ConsumeError, match="partition 7"):
            consumer.commit(offsets={0: 1, 7: 1})
        with pytest.raises(ConfigurationError, match="partition"):
            consumer.committed(0)  # type: ignore[arg-type] # what is tested
        assert consumer.committed() == {0: None}
    with (
        StockConsumer(config, topic=name) as alone,
        pytest.raises(ConfigurationError, match="group="),
    ):
        alone.committed()
    with pytest.raises(ClientError, match="closed"):
        consumer.committed()


@pytest.mark.parametrize("automatic", [True, False], ids=["automatic", "by hand"])
def test_chosen_partitions_of_a_group(
    config: Config, filled: Callable[..., str], automatic: bool
) -> None:
    """They are read from what is committed, and committed, and no rebalance moves them."""
    name = filled(4, partitions=3)
    options: Config = {"topic": name, "group": name, "partitions": [2, 0]}
    properties = {**config, "enable.auto.commit": automatic}
    with StockConsumer(properties, **options) as consumer:
        assert consumer.assignment(WAIT) == (0, 2)
        messages = consumer.consume(3, WAIT)
        if not automatic:
            consumer.commit()
        expected = {0: 0, 2: 0}
        for message in messages:
            expected[message.partition] = message.offset + 1
    with StockConsumer(properties, **options, start="latest") as consumer:
        found = sorted((each.partition, each.offset) for each in consumer.until_end())
    rest = [(number, at) for number, first in expected.items() for at in range(first, 4) if first]
    assert found == rest


def test_two_consumers_of_a_group_choose_their_partitions(
    config: Config, filled: Callable[..., str]
) -> None:
    """Both commit for the group, and neither has to wait for the other."""
    name = filled(3, partitions=2)
    with (
        StockConsumer(config, topic=name, group=name, partitions=[0]) as one,
        StockConsumer(config, topic=name, group=name, partitions=[1]) as two,
    ):
        assert volumes(one.until_end()) == volumes(two.until_end()) == [0, 1, 2]
        assert one.commit() == {0: 3}
        assert two.commit() == {1: 3}
        assert one.committed([0, 1]) == {0: 3, 1: 3}
