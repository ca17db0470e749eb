"""Records within classes that cattrs structures."""

from __future__ import annotations

import attrs
import cattrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.codec.equality import same

from streamcontract import Stock
from streamcontract.errors import DecodeError
from streamcontract.integrations.cattrs import register_records
from streamcontract.testing.strategies import records

CONVERTER = cattrs.Converter()
register_records(CONVERTER)


@attrs.define
class Portfolio:
    """Somebody's stocks."""

    owner: str
    bars: list[Stock]


@given(st.builds(Portfolio, owner=st.text(), bars=st.lists(records(Stock), max_size=3)))
def test_records_come_back(portfolio: Portfolio) -> None:
    """From plain JSON, and as they are."""
    again = CONVERTER.structure(CONVERTER.unstructure(portfolio), Portfolio)
    assert same(attrs.asdict(again), attrs.asdict(portfolio))
    kept = CONVERTER.structure({"owner": "", "bars": portfolio.bars}, Portfolio)
    assert all(one is other for one, other in zip(kept.bars, portfolio.bars, strict=True))


def test_what_does_not_fit_has_its_path() -> None:
    """Among what cattrs says of the place of the record."""
    with pytest.raises(cattrs.ClassValidationError) as caught:
        CONVERTER.structure({"owner": "Ada", "bars": [{"symbol": 1}]}, Portfolio)
    faults = caught.value.exceptions[0].exceptions[0]
    assert isinstance(faults, DecodeError)
    assert faults.path == "Stock.symbol"
