"""The examples without a schema go wrong as they say they do."""

from __future__ import annotations

import csv
import gzip
import re
from itertools import islice
from typing import TYPE_CHECKING

from streamcontract.cli._bars import BARS_FILE

if TYPE_CHECKING:
    from collections.abc import Callable


def test_first_a_wrong_sum_then_a_crash(run_example: Callable[..., str]) -> None:
    """The renamed field adds nothing to the sum; the price that became text ends the program."""
    published = run_example("without_schema/publisher.py")
    assert re.findall(r"release (\d) published 10 bars", published) == ["1", "2", "3"]

    consumed = run_example("without_schema/consumer.py")
    with gzip.open(BARS_FILE, "rt", encoding="utf-8", newline="") as file:
        first_ten = sum(int(row["Volume"]) for row in islice(csv.DictReader(file), 10))
    sums = re.findall(r"after (\d+) bars: ([\d,]+) shares", consumed)
    assert sums == [("10", f"{first_ten:,}"), ("20", f"{first_ten:,}")]
    assert re.search(r"crashed at offset 20: unsupported operand", consumed)
