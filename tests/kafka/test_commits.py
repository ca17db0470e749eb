"""When a consumer commits for its group: by hand, by count, and when not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import confluent_kafka
import pytest
from tests.kafka.bars import volumes

from streamcontract import StockConsumer
from streamcontract.errors import ConfigurationError
from streamcontract.kafka.consumer_config import COMMIT_COUNT

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
