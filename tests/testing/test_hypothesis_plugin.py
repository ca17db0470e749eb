"""Hypothesis knows record classes without set-up, and draws legal values for all their fields."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import subprocess
import sys
from collections.abc import Hashable
from typing import get_type_hints

import attrs
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from tests.searching import examples
from tests.testing.appearing import SEEK_ANY

from streamcontract import Codec, Stock
from streamcontract.codec import Contract

CONTRACT = Contract(
    json.dumps(
        {
            "type": "record",
            "name": "Trade",
            "fields": [
                {"name": "count", "type": "int"},
                {"name": "weight", "type": "float"},
                {"name": "digest", "type": {"type": "fixed", "name": "Digest", "size": 3}},
                {
                    "name": "price",
                    "type": {
                        "type": "bytes",
                        "logicalType": "decimal",
                        "precision": 4,
                        "scale": 2,
                    },
                },
                {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
                {
                    "name": "local",
                    "type": {"type": "long", "logicalType": "local-timestamp-micros"},
                },
                {"name": "previous", "type": ["null", "Trade"], "default": None},
            ],
        }
    )
)


@CONTRACT.record("Trade")
@attrs.frozen(kw_only=True)
class Trade:
    """A record whose annotations allow values that its schema does not."""

    count: int
    weight: float
    digest: bytes
    price: decimal.Decimal
    at: dt.datetime
    day: dt.date
    previous: Trade | None = None


@settings(max_examples=examples(50))
@given(
    st.from_type(Trade) | st.builds(Trade) | st.builds(Trade, previous=...) | st.from_type(Stock)
)
def test_every_record_can_be_written(record: Trade | Stock) -> None:
    """Values are within the ranges of the schema's types, not only of the annotations."""
    codec = Codec(type(record))
    assert repr(codec.decode(codec.encode(record))) == repr(record)


def test_from_type_draws_fields_with_defaults() -> None:
    """As Hypothesis does for any class; ``st.builds`` leaves them at their defaults."""
    find(st.from_type(Trade), lambda trade: trade.previous is not None, settings=SEEK_ANY)
    assert find(st.builds(Trade), lambda _: True, settings=SEEK_ANY).previous is None


def test_annotations_stay() -> None:
    """What type checkers and get_type_hints see of a class is as it was written."""
    assert get_type_hints(Trade)["count"] is int


@pytest.mark.hypothesis
def test_other_types_stay() -> None:
    """No record is drawn where a test asks for what records happen to be as well."""
    seek_any = settings(SEEK_ANY, max_examples=examples(1000))
    hashable: st.SearchStrategy[object] = st.from_type(Hashable)
    with pytest.raises(NoSuchExample):
        find(hashable, lambda value: isinstance(value, Trade | Stock), settings=seek_any)


def run(program: str) -> str:
    """What a Python process of its own prints."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.mark.searching
@pytest.mark.parametrize(
    "imports",
    [
        "import hypothesis\nfrom streamcontract import Stock",
        "from streamcontract import Stock\nimport hypothesis",
    ],
    ids=["hypothesis first", "records first"],
)
def test_without_set_up(imports: str) -> None:
    """Either may be imported first."""
    program = (
        f"{imports}\n"
        "from hypothesis import find, strategies as st\n"
        "from hypothesis import Phase, settings\n"
        "any_one = settings(max_examples=1000, database=None, phases=[Phase.generate])\n"
        "for strategy in st.builds(Stock), st.from_type(Stock):\n"
        "    strategy.validate()\n"
        "    found = find(strategy, lambda bar: bar.volume > 2**40, settings=any_one)\n"
        "    print(type(found).__name__, found.volume < 2**63)\n"
    )
    assert run(program) == "Stock True\nStock True"


def test_importing_hypothesis_loads_next_to_nothing() -> None:
    """Whoever tests something else pays for two small modules."""
    program = (
        "import sys, hypothesis\n"
        "print(*sorted(name for name in sys.modules if name.startswith('streamcontract')))"
    )
    assert run(program).split() == [
        "streamcontract",
        "streamcontract._bound_classes",
        "streamcontract._lazy",
        "streamcontract._version",
        "streamcontract.testing",
        "streamcontract.testing.hypothesis_plugin",
    ]
