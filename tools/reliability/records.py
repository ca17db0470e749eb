"""Records that tell everything about themselves: which they are, and what they should hold."""

from __future__ import annotations

import datetime as dt
from typing import Final

from streamcontract import Stock

__all__ = ["KEYS", "key_of", "number_of", "record"]

KEYS: Final = 1000
"""So many different keys; their records come in turn."""

_FIRST_DAY: Final = dt.date(2000, 1, 3)


def record(number: int) -> Stock:
    """The record of a number; every field of it follows from the number."""
    price = float(number % 997)
    return Stock(
        symbol=key_of(number),
        date=_FIRST_DAY + dt.timedelta(days=number // KEYS % 3650),
        open=price + 0.25,
        high=price + 1.0,
        low=price,
        close=price + 0.5,
        volume=number,
        adjusted_close=None if number % 3 else price,
    )


def key_of(number: int) -> str:
    """The key of a record."""
    return f"K{number % KEYS:03d}"


def number_of(record: Stock) -> int:
    """The number of a record."""
    return record.volume
