"""Running statistics: those of n bars and one more bar give those of n + 1 bars.

No bar is kept. The mean and the sum of squares follow Welford's method (B. P. Welford, "Note on a
Method for Calculating Corrected Sums of Squares and Products", Technometrics 4, 1962), which does
not lose digits as a sum of the squared prices would.
"""

from __future__ import annotations

import math

import attrs

from results.statistics import Statistics
from streamcontract import Stock


def add(so_far: Statistics | None, bar: Stock) -> Statistics:
    """Add a bar to the statistics of its symbol, of which there may be none so far."""
    if so_far is None:
        return Statistics(
            symbol=bar.symbol,
            bars=1,
            last_day=bar.date,
            lowest=bar.low,
            highest=bar.high,
            mean_close=bar.close,
            squares=0.0,
        )
    bars = so_far.bars + 1
    difference = bar.close - so_far.mean_close
    mean = so_far.mean_close + difference / bars
    return attrs.evolve(
        so_far,
        bars=bars,
        last_day=max(so_far.last_day, bar.date),
        lowest=min(so_far.lowest, bar.low),
        highest=max(so_far.highest, bar.high),
        mean_close=mean,
        squares=so_far.squares + difference * (bar.close - mean),
    )


def deviation(statistics: Statistics) -> float:
    """The sample standard deviation of the closing prices, in US dollars; 0 for a single bar."""
    return math.sqrt(statistics.squares / max(1, statistics.bars - 1))
