"""Any sequence of messages comes back equal, and in order for each key."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.searching import examples

from streamcontract import Stock, StockConsumer, StockProducer
from streamcontract.kafka import DERIVED

if TYPE_CHECKING:
    from collections.abc import Callable

SYMBOLS = st.sampled_from(["AAPL", "MSFT", "", "Zoë", "\0"])
PRICES = st.floats(allow_nan=False)
BARS = st.builds(
    Stock,
    symbol=SYMBOLS,
    date=st.dates(),
    open=PRICES,
    high=PRICES,
    low=PRICES,
    close=PRICES,
    volume=st.integers(-(2**63), 2**63 - 1),
    adjusted_close=st.none() | PRICES,
)
HEADERS = st.lists(
    st.tuples(
        st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1),
        st.none() | st.binary(),
    ),
    max_size=3,
)
# Kafka refuses messages from more than an hour ahead (log.message.timestamp.after.max.ms).
TIMES = st.datetimes(
    dt.datetime(1970, 1, 2),  # noqa: DTZ001 - made aware by timezones=
    dt.datetime(2026, 1, 1),  # noqa: DTZ001 - likewise
    timezones=st.just(dt.timezone.utc),
)
MESSAGES = st.lists(st.tuples(st.none() | BARS, SYMBOLS, HEADERS, st.none() | TIMES), max_size=40)


@settings(max_examples=examples(12), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=MESSAGES)
def test_what_is_consumed_is_what_was_produced(
    config: dict[str, Any],
    topic: Callable[..., str],
    messages: list[tuple[Stock | None, str, list[tuple[str, bytes | None]], dt.datetime | None]],
) -> None:
    """Values, keys, headers and times, tombstones among them, over three partitions."""
    name = topic(partitions=3)
    sent, came = defaultdict(list), defaultdict(list)
    with StockProducer(config, topic=name) as producer:
        for value, key, headers, moment in messages:
            given_key: Any = key if value is None else DERIVED
            producer.produce(value, key=given_key, headers=headers, timestamp=moment)
            when = moment and moment.replace(microsecond=moment.microsecond // 1000 * 1000)
            sent[key if value is None else value.symbol].append((value, headers, when))
    with StockConsumer(config, topic=name) as consumer:
        for message in consumer.until_end():
            came[message.key].append((message.value, list(message.headers), message.timestamp))
    assert came.keys() == sent.keys()
    for key, values in sent.items():
        assert [each[:2] for each in came[key]] == [each[:2] for each in values]
        for (*_, wanted), (*_, found) in zip(values, came[key], strict=True):
            assert wanted is None or wanted == found
