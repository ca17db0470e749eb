"""What the comparisons of messages let pass, and what they say about the rest."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract import Stock, StockConsumer, StockProducer
from streamcontract.errors import ConfigurationError
from streamcontract.kafka import Message
from streamcontract.testing.assertions import assert_messages, assert_same, differences
from streamcontract.testing.strategies import records

if TYPE_CHECKING:
    from streamcontract.testing.fixtures.clients import ConsumerMaker, ProducerMaker

BARS = st.lists(records(Stock, symbol=st.sampled_from(["A", "B", "C"])), max_size=8)


def bar(symbol: str = "A", volume: int = 1, close: float = 1.5) -> Stock:
    """A record; its symbol is its key."""
    return Stock(
        symbol=symbol,
        date=dt.date(2026, 5, 4),
        open=1.0,
        high=2.0,
        low=1.0,
        close=close,
        volume=volume,
    )


def message(record: Any, key: Any = None) -> Message[Any]:
    """A message of a record with its key."""
    return Message(record, record.symbol if isinstance(record, Stock) else key, "stocks", 0, 0)


def said(received: Any, expected: Any, **options: Any) -> list[str]:
    """The lines of the error behind its first."""
    with pytest.raises(AssertionError) as caught:
        assert_messages(received, expected, **options)
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


@given(BARS, st.randoms())
def test_keys_may_mix(bars: list[Stock], random: Any) -> None:
    """Any merge of the keys' sequences passes, as partitions come in any order."""
    by_key = [[each for each in bars if each.symbol == symbol] for symbol in "ABC"]
    merged = []
    while left := [own for own in by_key if own]:
        merged.append(random.choice(left).pop(0))
    assert_messages(map(message, merged), bars)
    assert_messages(map(message, merged), bars, order="any")


@given(BARS, st.data())
def test_what_differs_is_found(bars: list[Stock], data: st.DataObject) -> None:
    """One that is missing, doubled or changed never passes, in any order."""
    bars = [attrs.evolve(each, volume=index) for index, each in enumerate([*bars, bar()])]
    index = data.draw(st.integers(0, len(bars) - 1))
    changed = {
        "missing": [*bars[:index], *bars[index + 1 :]],
        "doubled": [*bars, bars[index]],
        "changed": [*bars[:index], attrs.evolve(bars[index], volume=-1), *bars[index + 1 :]],
    }
    for received in changed.values():
        for order in ("per key", "total", "any"):
            assert said(map(message, received), bars, order=order)


def test_the_order_within_a_key() -> None:
    """Two of one key that changed places are named; by order "any" that is nothing."""
    first, second = bar(volume=1), bar(volume=2)
    assert said([message(second), message(first)], [first, second]) == [
        f"key 'A', message 2 came as message 1: {second!r}"
    ]
    assert_messages([message(second), message(first)], [first, second], order="any")
    assert said([message(bar("B")), message(bar("A"))], [bar("A"), bar("B")], order="total")


def test_a_changed_field_is_named() -> None:
    """With both its values, under the message's number within its key."""
    received = [message(bar("B")), message(bar()), message(bar(close=1.25))]
    assert said(received, [bar(), bar(close=1.5), bar("B")]) == [
        "key 'A', message 2: Stock.close: sent 1.5, received 1.25"
    ]


def test_missing_and_unexpected_messages() -> None:
    """Each is named, and shifts no other."""
    bars = [bar(volume=volume) for volume in range(5)]
    received = [message(each) for each in (*bars[:1], *bars[2:], bar("B"))]
    assert said(received, bars) == [
        f"key 'A', message 2 is missing: {bars[1]!r}",
        f"key 'B', message 1 was not expected: {bar('B')!r}",
    ]
    assert said(received, bars, order="any") == [
        f"missing: {bars[1]!r}",
        f"not expected: {bar('B')!r}",
    ]


def test_expected_by_key() -> None:
    """Records that do not hold their key, and tombstones, are given under it."""
    received = [message({"n": 1}, "x"), message({"n": 9}, "y"), message(None, "x")]
    assert_messages(received, {"x": [{"n": 1}, None], "y": [{"n": 9}]})
    assert said(received, {"x": [{"n": 1}], "y": [{"n": 8}]}) == [
        "key 'x', message 2 was not expected: None",
        "key 'y', message 1: .n: sent 8, received 9",
    ]
    with pytest.raises(ConfigurationError, match="by key"):
        assert_messages(received, [{"n": 1}, {"n": 9}, None])
    with pytest.raises(ConfigurationError, match="total"):
        assert_messages(received, {"x": []}, order="total")
    with pytest.raises(ConfigurationError, match="'per key', 'total' or 'any'"):
        assert_messages(received, [], order="some")  # type: ignore[arg-type]


def test_messages_without_keys() -> None:
    """The order of all counts."""
    assert_messages([message({"n": 1}), message({"n": 2})], [{"n": 1}, {"n": 2}])
    assert said([{"n": 2}, {"n": 1}], [{"n": 1}, {"n": 2}]) == [
        "message 2 came as message 1: {'n': 2}"
    ]


KEYED = st.lists(st.tuples(st.sampled_from([None, "x", 1]), st.integers(0, 3)), min_size=1)


@given(KEYED, st.randoms())
def test_messages_may_have_no_key(batch: list[tuple[Any, int]], random: Any) -> None:
    """A message that was sent without a key is one of those without, in their order."""
    sent = [message({"n": n}, key) for key, n in batch]
    by_key = [[each for each in sent if each.key == key] for key in (None, "x", 1)]
    received = []
    while left := [own for own in by_key if own]:
        received.append(random.choice(left).pop(0))
    assert_messages(received, sent)
    assert_messages(received, {own: [m.value for m in sent if m.key == own] for own, _ in batch})


@given(KEYED, st.data())
def test_a_key_that_is_changed_is_found(batch: list[tuple[Any, int]], data: st.DataObject) -> None:
    """Lost, made up or another's, of one message or of all."""
    sent = [message({"n": n}, key) for key, n in batch]
    of_all = data.draw(st.booleans())
    at = data.draw(st.integers(0, len(sent) - 1))
    key = data.draw(st.sampled_from([None, "x", 1]).filter(lambda each: each != sent[at].key))
    received = [
        message(each.value, key) if of_all or index == at else each
        for index, each in enumerate(sent)
    ]
    assert said(received, sent)


def test_a_record_that_does_not_tell_its_key() -> None:
    """It alone is refused beside keys; one that is known to have none is not."""
    received = [message({"n": 1}, "x"), message({"n": 2})]
    assert_messages(received, received)
    with pytest.raises(ConfigurationError, match=r"not known from \{'n': 2\}"):
        assert_messages(received, [received[0], {"n": 2}])


def test_no_message_at_all() -> None:
    """Nothing is what was expected, or it is not."""
    assert_messages([], [])
    assert said([], [bar()]) == [f"message 1 is missing: {bar()!r}"]
    assert len(said([message(bar())], [])) == 1


def test_many_differences_are_cut() -> None:
    """A test that went wrong altogether still fits a screen."""
    assert said([], [bar(volume=volume) for volume in range(70)])[-1] == "... and 20 more"


def test_a_consumer_is_read_to_its_end(
    streamcontract_producer: ProducerMaker, streamcontract_consumer: ConsumerMaker
) -> None:
    """What was produced is what was consumed, several keys and partitions included."""
    producer = streamcontract_producer(StockProducer)
    bars = [bar(symbol, volume) for volume in range(3) for symbol in "ABCD"]
    for each in bars:
        producer.produce(each)
    producer.flush()
    assert_messages(streamcontract_consumer(StockConsumer), bars)
    assert len(said(streamcontract_consumer(StockConsumer), bars[:-1])) == 1


def test_one_record() -> None:
    """A message is the record it holds; NaN is the same as NaN."""
    assert_same(message(bar(close=math.nan)), bar(close=math.nan))
    with pytest.raises(AssertionError, match=r"Stock\.close: sent 1\.5, received 1\.25"):
        assert_same(bar(close=1.25), bar())


@pytest.mark.parametrize(
    ("sent", "received", "lines"),
    [
        ({"a": [1, 2]}, {"a": [1]}, ["X.a[1]: sent 2, not received"]),
        ({"a": {"b c": 1}}, {"a": {}}, ["X.a['b c']: sent 1, not received"]),
        ({}, {"a": None}, ["X.a: received None, not sent"]),
        ([{"a": 1}], [{"a": 2}, {}], ["X[0].a: sent 1, received 2", "X[1]: received {}, not sent"]),
        (bar(), {"a": 1}, [f"X: sent {bar()!r}, received {{'a': 1}}"]),
        (("int", 1), ("long", 1), ["X: sent ('int', 1), received ('long', 1)"]),
        (None, 0, ["X: sent None, received 0"]),
        ([math.nan], [math.nan], []),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, []),
    ],
)
def test_differences(sent: Any, received: Any, lines: list[str]) -> None:
    """Each place by its path."""
    assert list(differences(sent, received, "X")) == lines
