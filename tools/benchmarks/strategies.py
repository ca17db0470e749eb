"""How long Hypothesis takes to draw orders: our strategies against one written by hand."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchmarks.measure import Timing
from benchmarks.shapes import SHAPES
from benchmarks.tables import Table
from streamcontract.testing.strategies import from_schema, records

__all__ = ["tables"]

_EXAMPLES: Final = 1_000
_Dicts = st.SearchStrategy[dict[str, Any]]


def tables(rounds: int) -> list[Table]:
    """One table."""
    order = SHAPES[1]
    rivals: dict[str, st.SearchStrategy[Any]] = {
        "st.builds of dicts, by hand": _orders_by_hand(),
        "from_schema(order)": from_schema(order.schema),
        "records(Order)": records(type(order.record)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    for counted in range(-1, rounds):  # the first round fills caches
        for name, strategy in rivals.items():
            taken = _seconds(strategy)
            if counted >= 0:
                seconds[name].append(taken)
    timings = {name: Timing(tuple(each)) for name, each in seconds.items()}
    by_hand = next(iter(timings.values()))
    rows = tuple(
        (name, f"{timing.median:.2f} s", str(timing.over(by_hand)))
        for name, timing in timings.items()
    )
    return [Table(f"drawing {_EXAMPLES:,} orders", ("strategy", "time", "over by hand"), rows)]


def _seconds(strategy: st.SearchStrategy[Any]) -> float:
    """Seconds for a test of so many examples that does nothing with them."""

    @settings(
        max_examples=_EXAMPLES,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def test(order: object) -> None:
        del order

    start = time.perf_counter()
    test()
    return time.perf_counter() - start


def _orders_by_hand() -> _Dicts:
    """What a person writes for the same values as dicts, with Hypothesis's own strategies."""
    text = st.text()
    moments = st.datetimes(timezones=st.just(dt.timezone.utc))
    address: _Dicts = st.builds(dict, street=text, city=text, country=text)
    line: _Dicts = st.builds(
        dict,
        sku=text,
        quantity=st.integers(-(2**31), 2**31 - 1),
        price=st.decimals("-9999999999.99", "9999999999.99", places=2),
    )
    card: _Dicts = st.builds(
        dict,
        last_digits=text,
        authorised_at=moments.map(
            lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        ),
    )
    invoice: _Dicts = st.builds(dict, due=st.dates(), reference=text)
    return st.builds(
        dict,
        order_id=st.uuids(),
        placed_at=moments,
        status=st.sampled_from(["UNKNOWN", "PLACED", "PAID", "SHIPPED", "CANCELLED"]),
        lines=st.lists(line, max_size=5),
        ship_to=address,
        bill_to=st.none() | address,
        payment=card | invoice,
        tags=st.dictionaries(text, text, max_size=5),
    )
