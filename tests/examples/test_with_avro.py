"""The examples with a contract do what they say."""

from __future__ import annotations

import csv
import gzip
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from streamcontract.cli import main
from streamcontract.cli._bars import BARS_FILE
from streamcontract.devstack import DevStack

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.testing.fixtures.stacks import Stack

    Run = Callable[..., str]

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_topic_publisher_consumer(run_example: Run) -> None:
    """The topic is created once; 2013's bars arrive; the one that does not fit never leaves."""
    assert run_example("with_avro/create_topic.py") != run_example("with_avro/create_topic.py")

    with gzip.open(BARS_FILE, "rt", encoding="utf-8") as file:
        bars = [row for row in csv.DictReader(file) if row["Date"].startswith("2013")]
    published = run_example("with_avro/publisher.py")
    assert f"published {len(bars)} bars" in published
    assert re.search(r"not published: .*volume", published)

    consumed = run_example("with_avro/consumer.py")
    assert f"read {len(bars)} bars" in consumed
    for symbol in {bar["Ticker"] for bar in bars}:
        highest = max(
            (bar for bar in bars if bar["Ticker"] == symbol), key=lambda bar: float(bar["High"])
        )
        assert re.search(rf"{symbol} +{float(highest['High']):.2f} on {highest['Date']}", consumed)


@pytest.mark.searching
def test_a_consumer_that_runs_twice(run_example: Run) -> None:
    """The second time it says that its group has read everything, not that there is nothing."""
    run_example("with_avro/create_topic.py")
    run_example("with_avro/publisher.py")
    assert "bars" in run_example("with_avro/consumer.py")
    assert "group 'highest-price' has read everything" in run_example("with_avro/consumer.py")


@pytest.mark.searching
def test_replay(run_example: Run, stack: Stack) -> None:
    """Reading again from an offset or a moment; the embedded broker's limit is gone round."""
    printed = run_example("replay/replay.py")
    assert "published 5 bars, the first one at offset 0" in printed
    assert "from offset 3:\n  offset 3  Thu 07 May\n  offset 4  Fri 08 May\n" in printed
    embedded = isinstance(stack, DevStack)
    assert ("the embedded broker cannot look offsets up by time" in printed) is embedded
    found = "Wed 06 May 00:00 is offset 2; from there" if embedded else "from Wed 06 May 00:00"
    assert (
        f"{found}:\n  offset 2  Wed 06 May\n  offset 3  Thu 07 May\n  offset 4  Fri 08 May\n"
    ) in printed


@pytest.mark.searching
def test_groups(run_example: Run) -> None:
    """One group shares the bars between its consumers, the other gets them all."""
    printed = run_example("groups/groups.py")
    counts = {
        name: int(count)
        for name, count in re.findall(
            r"^(billing A|billing B|audit) .* (\d+) bars$", printed, re.MULTILINE
        )
    }
    assert counts["billing A"] > 0
    assert counts["billing B"] > 0
    assert counts["billing A"] + counts["billing B"] == 100
    assert counts["audit"] == 100
    assert "symbols that both billing consumers saw: 0" in printed


@pytest.mark.searching
def test_orders(run_example: Run) -> None:
    """The project of its own publishes and consumes every kind of value."""
    assert run_example("orders/publish.py") == "published 3 orders\n"
    bills = run_example("orders/consume.py").splitlines()
    assert sorted(bills) == [
        "09:30 PAID         21.80 EUR  card ending in 4242, Weimar",
        "09:31 PLACED      399.50 EUR  invoice PO-2026-17, due 2026-05-31, Weimar",
    ]


def test_orders_code_is_what_its_schema_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The committed code of the orders project has not drifted from its schemas."""
    monkeypatch.chdir(EXAMPLES / "orders")
    result = CliRunner().invoke(main, ["generate", "--check"])
    assert result.exit_code == 0, result.output
