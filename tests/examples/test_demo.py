"""``streamcontract demo`` shows what it consumed, and notices when that is not what it sent."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from streamcontract import Stock
from streamcontract.cli import _roundtrip, demo
from streamcontract.cli import main as cli
from streamcontract.cli._bars import BARS_FILE

if TYPE_CHECKING:
    from streamcontract.devstack import DevStack

HEADER = "Ticker,Date,Open,High,Low,Close,Volume,Adj Close\n"
LINE = "ACME,2026-05-04,10.0,11.0,9.0,10.5,1000,\n"


def run_demo(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, as a CI log would show it."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("STREAMCONTRACT_")}
    return subprocess.run(  # noqa: S603 - the project's own command
        [sys.executable, "-W", "error", "-m", "streamcontract", "demo", *arguments],
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_real_bars() -> None:
    """All 12,154 bars go there and back; the table agrees with the file, read independently."""
    result = run_demo()
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Embedded stack" in result.stdout
    assert (
        len(re.findall(r"12,154 records \w+ in [\d.]+ s: [\d,]+ messages a second", result.stdout))
        == 2
    )
    assert "All 12,154 records came back equal to what was published" in result.stdout
    assert "\x1b" not in result.stdout

    with gzip.open(BARS_FILE, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for symbol in {row["Ticker"] for row in rows}:
        bars = sorted((row for row in rows if row["Ticker"] == symbol), key=lambda row: row["Date"])
        expected = [
            symbol,
            f"{len(bars):,}",
            bars[0]["Date"],
            bars[-1]["Date"],
            f"{min(float(bar['Low']) for bar in bars):.2f}",
            f"{max(float(bar['High']) for bar in bars):.2f}",
            f"{float(bars[-1]['Close']):.2f}",
        ]
        assert expected in [line.split() for line in result.stdout.splitlines()]


@pytest.mark.searching
def test_twice_on_one_cluster(stack: DevStack, tmp_path: Path) -> None:
    """On a cluster from the environment, bars of an earlier run are not taken for this run's."""
    data = tmp_path / "bars.csv"
    data.write_text(HEADER + LINE * 3)
    for _ in range(2):
        result = run_demo("--data", str(data), **stack.environment)
        assert result.returncode == 0, result.stdout + result.stderr
        assert f"Cluster: broker {stack.bootstrap_servers}" in result.stdout
        assert "All 3 records came back" in result.stdout


def test_a_lost_record_is_noticed(
    stack: DevStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a record does not come back, the demo says which symbol misses it and exits 1."""

    def lossy(run: _roundtrip.Run, advance: object) -> _roundtrip.Timed:
        timed = _roundtrip.consume(run, lambda _: None)
        return attrs.evolve(timed, records=timed.records[1:])

    monkeypatch.setattr(demo, "consume", lossy)
    data = tmp_path / "bars.csv"
    data.write_text(HEADER + LINE * 3)
    result = CliRunner().invoke(cli, ["demo", "--data", str(data)], env=stack.environment)
    assert result.exit_code == 1
    assert "ACME: 3 records published, 2 consumed" in result.output
    assert "What was consumed is not what was published." in result.output


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER + LINE + "ACME,yesterday,1,1,1,1,1,1\n", "bars.csv:3 is not a stock bar"),
        (HEADER + "ACME,2026-05-04\n", "bars.csv:2 is not a stock bar"),
        (HEADER, "holds no stock bars"),
        ("Ticker,Date\n", "has no column Open, High, Low, Close, Volume, Adj Close"),
    ],
)
def test_data_that_are_no_bars(tmp_path: Path, text: str, message: str) -> None:
    """A file that is not made of bars is named, with line and reason; exit code 2."""
    data = tmp_path / "bars.csv"
    data.write_text(text)
    result = CliRunner().invoke(cli, ["demo", "--data", str(data)])
    assert result.exit_code == 2
    assert message in result.output


def test_data_that_cannot_be_read(tmp_path: Path) -> None:
    """A file that only claims to be compressed is an error with its name, not a traceback."""
    data = tmp_path / "bars.csv.gz"
    data.write_text(HEADER)
    result = CliRunner().invoke(cli, ["demo", "--data", str(data)])
    assert result.exit_code == 2
    assert f"cannot read the stock bars in {data}" in result.output


def test_half_a_cluster() -> None:
    """A registry without a broker in the environment is refused, not half ignored."""
    environment = {
        "STREAMCONTRACT_REGISTRY_URL": "http://localhost:1",
        "STREAMCONTRACT_BOOTSTRAP_SERVERS": None,
    }
    result = CliRunner().invoke(cli, ["demo"], env=environment)
    assert result.exit_code == 2
    assert "STREAMCONTRACT_BOOTSTRAP_SERVERS is not" in result.output


symbols = st.sampled_from(["A", "B", "C"])
records = st.lists(
    st.builds(
        Stock,
        symbol=symbols,
        date=st.dates(),
        volume=st.integers(0, 3),
        **dict.fromkeys(("open", "high", "low", "close"), st.just(1.0)),
    ),
    max_size=20,
)


@given(records, st.randoms(use_true_random=False))
def test_any_interleaving_of_symbols_is_equal(published: list[Stock], random: object) -> None:
    """Partitions may interleave as they like: order counts within one symbol only."""
    by_symbol = {s: [bar for bar in published if bar.symbol == s] for s in "ABC"}
    order = [bar.symbol for bar in published]
    random.shuffle(order)  # type: ignore[attr-defined]
    iterators = {symbol: iter(bars) for symbol, bars in by_symbol.items()}
    consumed = [next(iterators[symbol]) for symbol in order]
    assert _roundtrip.differences(published, consumed) == []


@given(records.filter(bool), st.data())
def test_any_change_is_found(published: list[Stock], data: st.DataObject) -> None:
    """A record lost, doubled or altered is found and its symbol named."""
    place = data.draw(st.integers(0, len(published) - 1))
    bar = published[place]
    changed = data.draw(
        st.sampled_from([[], [bar, bar], [attrs.evolve(bar, volume=9)]]), label="instead of it"
    )
    consumed = [*published[:place], *changed, *published[place + 1 :]]
    found = _roundtrip.differences(published, consumed)
    assert found
    assert all(line.startswith(bar.symbol) for line in found)


def test_order_within_a_symbol_counts() -> None:
    """Two bars of one symbol that changed places are a difference."""
    first = Stock(
        symbol="A", date=dt.date(2026, 5, 4), open=1.0, high=1.0, low=1.0, close=1.0, volume=1
    )
    second = attrs.evolve(first, volume=2)
    assert len(_roundtrip.differences([first, second], [second, first])) == 2
