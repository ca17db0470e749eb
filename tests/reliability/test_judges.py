"""The judges of the reliability runs find what they are there to find."""

from __future__ import annotations

import os
import uuid
from array import array
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from reliability import consumers
from reliability.live import LiveReader
from reliability.load import Load, client_config
from reliability.records import KEYS, key_of, number_of, record
from reliability.topic import judge_topic
from reliability.transactions import transformed
from reliability.verdict import Verdict
from streamcontract import Stock, StockProducer
from streamcontract.devstack import DevStack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.searching

COUNT = 3 * KEYS
ALL = [record(number) for number in range(COUNT)]


@pytest.fixture(scope="module")
def config() -> Iterator[dict[str, Any]]:
    """Client properties that lead to an embedded stack."""
    with DevStack() as stack:
        yield client_config(stack)


def judge(config: dict[str, Any], records: Iterable[Stock]) -> dict[str, int]:
    """What is found in a topic of two partitions with these records."""
    topic, verdict = uuid.uuid4().hex, Verdict()
    with StockProducer(config, topic=topic) as producer:
        for each in records:
            producer.produce(each)
    judge_topic(config, topic, COUNT, verdict)
    assert verdict.holds is not any(verdict.counts.values())
    return {kind: count for kind, count in verdict.counts.items() if count}


def test_records_tell_their_number() -> None:
    """And no two of them are equal."""
    assert [number_of(each) for each in ALL] == list(range(COUNT))
    assert len(set(ALL)) == COUNT
    assert {each.symbol for each in ALL} == {key_of(number) for number in range(KEYS)}


def test_nothing_is_found_where_nothing_is(config: dict[str, Any]) -> None:
    """Each record once and in order, over several partitions."""
    assert judge(config, ALL) == {}


@pytest.mark.parametrize("lost", [0, 1234, COUNT - KEYS])
def test_a_lost_record(config: dict[str, Any], lost: int) -> None:
    """The gap shows in the order of the key too, unless it was the last one."""
    found = judge(config, ALL[:lost] + ALL[lost + 1 :])
    assert found["lost"] == 1
    assert ("out of order" in found) is (lost < COUNT - KEYS)


def test_a_duplicated_record(config: dict[str, Any]) -> None:
    """One that came again later."""
    assert judge(config, [*ALL, ALL[7]]) == {"duplicated": 1, "out of order": 1}


def test_records_out_of_order(config: dict[str, Any]) -> None:
    """Two of one key that changed places, the first of it among them."""
    changed = list(ALL)
    changed[5], changed[5 + KEYS] = changed[5 + KEYS], changed[5]
    assert judge(config, changed)["out of order"] == 3


@pytest.mark.parametrize(
    "wrong",
    [
        attrs.evolve(ALL[3], close=-1.0),
        attrs.evolve(ALL[3], symbol="K004"),
        record(COUNT),
    ],
)
def test_an_altered_record(config: dict[str, Any], wrong: Stock) -> None:
    """A field that is otherwise, another key, or one that was never sent."""
    found = judge(config, [*ALL[:3], wrong, *ALL[4:]])
    assert (found["altered"], found["lost"]) == (1, 1)


def test_output_that_was_not_transformed(config: dict[str, Any]) -> None:
    """The transactions' judge takes neither the input for the output, nor a record made twice."""
    topic, verdict = uuid.uuid4().hex, Verdict()
    with StockProducer(config, topic=topic) as producer:
        for each in (*map(transformed, ALL), ALL[7], transformed(ALL[8])):
            producer.produce(each)
    judge_topic(config, topic, COUNT, verdict, expected=lambda number: transformed(record(number)))
    assert verdict.counts == {"lost": 0, "altered": 1, "duplicated": 1, "out of order": 1}


def test_load_and_live_reader(config: dict[str, Any]) -> None:
    """What is produced is acknowledged, and seen by a consumer in another process."""
    topic, verdict = uuid.uuid4().hex, Verdict()
    load = Load(config, topic, COUNT)
    with StockProducer(config, topic=topic) as producer:  # the topic has to be there to be read
        producer.flush()
        producer.client.list_topics(topic)
    reader = LiveReader(config, topic, COUNT, 60.0)
    load.produce(verdict, 60.0)
    reader.judge(COUNT, verdict)
    assert verdict.holds, verdict.lines()
    assert load.acknowledged == COUNT


def test_a_live_reader_that_misses_some(config: dict[str, Any]) -> None:
    """More were expected than came."""
    topic, verdict = uuid.uuid4().hex, Verdict()
    Load(config, topic, 10).produce(verdict, 60.0)
    LiveReader(config, topic, 10, 60.0).judge(12, verdict)
    assert verdict.counts["unseen by the live consumer"] == 2


def test_what_members_wrote_is_counted(tmp_path: Path) -> None:
    """Never, twice, damaged; the half number of a member that died is not counted."""
    (tmp_path / "a").write_bytes(array("q", [0, 1, 2]).tobytes() + os.urandom(5))
    (tmp_path / "b").write_bytes(array("q", [2, 4, -1]).tobytes())
    verdict = Verdict()
    assert list(consumers._count(tmp_path, 5, verdict)) == [1, 1, 2, 0, 1]
    assert verdict.counts == {"never processed": 1, "altered": 1}
