"""The example of stream processing: right statistics, each bar counted once whatever is killed."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import statistics
import subprocess
import sys
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import KafkaError
from hypothesis import given
from hypothesis import strategies as st

from results.statistics import Statistics, StatisticsConsumer, StatisticsProducer
from running import add, deviation
from streamcontract import Stock, StockConsumer, StockProducer
from streamcontract.devstack import DevStack, EmbeddedBroker
from streamcontract.kafka import ensure_topic
from summarise import RESULTS, summarise

if TYPE_CHECKING:
    from streamcontract.testing.fixtures.stacks import Stack

EXAMPLE = Path(__file__).parents[2] / "examples" / "statistics"
SYMBOLS = ["AAPL", "IBM", "MSFT"]
PRICES = st.floats(0.01, 1e6)


def bar(close: float, *, symbol: str = "AAPL", day: int = 0, spread: float = 0.0) -> Stock:
    """A bar whose prices follow from its close."""
    return Stock(
        symbol=symbol,
        date=dt.date(2026, 1, 1) + dt.timedelta(days=day),
        open=close,
        high=close + spread,
        low=close - spread,
        close=close,
        volume=1,
    )


@given(bars=st.lists(st.builds(bar, PRICES, day=st.integers(0, 999), spread=PRICES), min_size=1))
def test_statistics_of_bars_one_by_one(bars: list[Stock]) -> None:
    """They are those that Python's own module computes of all bars together."""
    result: Statistics | None = None
    for each in bars:
        result = add(result, each)
    assert result is not None
    closes = [each.close for each in bars]
    assert result.bars == len(bars)
    assert result.last_day == max(each.date for each in bars)
    assert (result.lowest, result.highest) == (
        min(each.low for each in bars),
        max(each.high for each in bars),
    )
    assert result.mean_close == pytest.approx(statistics.fmean(closes))
    expected = statistics.stdev(closes) if len(closes) > 1 else 0.0
    assert deviation(result) == pytest.approx(expected, abs=1e-9 * max(closes))


def fill(config: dict[str, Any], bars: list[Stock]) -> None:
    """Publish bars to ``stocks``."""
    with StockProducer(config) as producer:
        for each in bars:
            producer.produce(each)


def some_bars(count: int) -> list[Stock]:
    """Bars of three symbols, in turn."""
    return [bar(10.0 + n % 7, symbol=SYMBOLS[n % 3], day=n) for n in range(count)]


def of(symbol: str, bars: list[Stock]) -> list[Stock]:
    """The bars of one symbol."""
    return [each for each in bars if each.symbol == symbol]


def test_an_aborted_transaction_changes_no_statistics() -> None:
    """Its bars come again, also after the last one of the topic, and are counted once."""
    with DevStack() as stack:
        stack.create_topic("stocks", 3)
        config = {
            "bootstrap.servers": stack.bootstrap_servers,
            "schema.registry.url": stack.registry_url,
        }
        bars = some_bars(30)
        fill(config, bars)
        state: dict[str, Statistics] = {}
        reading = {**config, "enable.auto.commit": False, "fetch.wait.max.ms": 10}
        writing = {**config, "transactional.id": "statistics", "linger.ms": 0}
        with (
            StatisticsProducer(writing) as producer,
            StockConsumer(reading, group="statistics", partitions=[0, 1, 2]) as consumer,
        ):
            producer.init_transactions()
            assert isinstance(stack.broker, EmbeddedBroker)
            stack.broker.push_request_errors(0, [KafkaError.INVALID_RECORD])
            assert summarise(producer, consumer, state) == len(bars)
        assert state == {symbol: reduce(add, of(symbol, bars), None) for symbol in SYMBOLS}


@pytest.mark.searching
def test_killed_runs_count_each_bar_once(stack: Stack) -> None:
    """Killed before, within and after a transaction, and anywhere, judged from the results."""
    if isinstance(stack, DevStack):
        pytest.skip("the embedded broker keeps transactions only in part")
    config = {
        "bootstrap.servers": stack.bootstrap_servers,
        "schema.registry.url": stack.registry_url,
    }
    stack.create_topic("stocks", 3)
    bars: list[Stock] = []
    anywhere = [str(random.randint(0, 60)) for _ in range(3)]
    for point in ["begun", "queued", "restored", "delivered", "committed", *anywhere, "never"]:
        more = some_bars(24)
        fill(config, more)
        bars += more
        with run(point, stack) as worker:
            output, _ = worker.communicate(timeout=120)
        expected = 0 if point == "never" else -signal.SIGKILL
        assert worker.returncode == expected, (point, output)
    check_results(config, bars)
    everything = read({**config, "isolation.level": "read_uncommitted"})
    assert len(everything) > len(read(config)), "no transaction was aborted, so nothing was tried"


@pytest.mark.searching
def test_a_run_that_is_overtaken_counts_nothing(stack: Stack) -> None:
    """A second run starts and ends between its reading the state and its first transaction.

    So the state is of before what the second has committed. A program that read it before its
    producer had fenced others would go on from the second's offsets with it.
    """
    if isinstance(stack, DevStack):
        pytest.skip("the embedded broker keeps transactions only in part")
    config = {
        "bootstrap.servers": stack.bootstrap_servers,
        "schema.registry.url": stack.registry_url,
    }
    stack.create_topic("stocks", 3)
    ensure_topic(RESULTS, config, partitions=3)
    before = read(config)
    bars = some_bars(24)
    fill(config, bars)
    with run("overtaken", stack) as slow:
        assert slow.stdout is not None
        while (line := slow.stdout.readline()) != "restored\n":
            assert line, "it ended before it had read the state"
        with run("never", stack) as second:
            output, _ = second.communicate(timeout=120)
        assert second.returncode == 0, output
        more = some_bars(12)
        fill(config, more)
        output, _ = slow.communicate("go on\n", timeout=120)
    assert slow.returncode == 1, output
    assert "fenced" in output.lower()
    with run("never", stack) as last:
        output, _ = last.communicate(timeout=120)
    assert last.returncode == 0, output
    check_results(config, bars + more, before)


def run(point: str, stack: Stack) -> subprocess.Popen[str]:
    """A run of the example that ends at a point, or waits there."""
    return subprocess.Popen(  # noqa: S603 - it is the file beside this one
        [sys.executable, Path(__file__).with_name("killed_summary.py"), point],
        cwd=EXAMPLE,
        env=os.environ | stack.environment | {"PYTHONPATH": str(EXAMPLE)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def check_results(
    config: dict[str, Any], bars: list[Stock], before: list[Statistics] | None = None
) -> None:
    """After those before, there is one result for each bar: that of all bars of its symbol."""
    results = read(config)
    for symbol in SYMBOLS:
        expected = [each for each in before or () if each.symbol == symbol]
        for each in of(symbol, bars):
            expected.append(add(expected[-1] if expected else None, each))
        assert [each for each in results if each.symbol == symbol] == expected


def read(config: dict[str, Any]) -> list[Statistics]:
    """All results, those of a symbol in their order."""
    with StatisticsConsumer(config) as consumer:
        return [message.value for message in consumer.until_end() if message.value]


@pytest.mark.searching
def test_a_second_run_on_the_mock_cluster(run_example: Any, stack: Stack) -> None:
    """It keeps no offsets of transactions, so that nothing is counted twice there."""
    if not isinstance(stack, DevStack):
        pytest.skip("a broker that keeps transactions")
    run_example("with_avro/create_topic.py")
    run_example("with_avro/publisher.py")
    assert "processed 205 bars" in run_example("statistics/summarise.py")
    with pytest.raises(AssertionError, match="no committed offsets"):
        run_example("statistics/summarise.py")
