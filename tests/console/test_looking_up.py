"""Look-ups read every offset once, however they are cut into windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.console.looking_up import Ranges
from streamcontract.errors import ConfigurationError

if TYPE_CHECKING:
    from tests.console.conftest import Shop


@st.composite
def ranges(draw: st.DrawFn) -> Ranges:
    """Ranges of some partitions, empty ones among them."""
    offsets = {}
    for partition in draw(st.sets(st.integers(0, 5), max_size=4)):
        low, high = sorted(draw(st.tuples(st.integers(0, 30), st.integers(0, 30))))
        offsets[partition] = low, high
    return Ranges(is_backward=draw(st.booleans()), offsets=offsets)


@given(ranges(), st.data())
def test_windows_read_every_offset_once_and_in_order(asked: Ranges, data: st.DataObject) -> None:
    """A window may be read in part, as where enough messages were found."""
    read: dict[int, list[int]] = {each: [] for each in asked.offsets}
    rest = asked
    while rest.size:
        window = rest.window(data.draw(st.integers(1, 20), label="most"))
        partly: dict[int, int | None] = {}
        for each, (low, high) in window.offsets.items():
            offsets = list(range(low, high))[:: -1 if rest.is_backward else 1]
            count = data.draw(st.integers(0, len(offsets)), label="read")
            read[each] += offsets[:count]
            if count < len(offsets):
                partly[each] = offsets[count - 1] if count else None
        rest = Ranges.parse(str(rest.after(window, partly)))
    for each, (low, high) in asked.offsets.items():
        assert read[each] == list(range(low, high))[:: -1 if asked.is_backward else 1]


@pytest.mark.parametrize("text", ["", "back", "up:0=1-2", "on:0=1", "on:x=1-2", "on:0=1-2;"])
def test_a_text_that_is_no_position_is_refused(text: str) -> None:
    """Addresses are typed by hand too."""
    with pytest.raises(ConfigurationError, match="is no position of a look-up"):
        Ranges.parse(text)


@pytest.mark.parametrize("end", [10**3, 2**63 - 1, 10**19 - 1])
@pytest.mark.parametrize("way", ["on", "back"])
def test_a_position_beyond_the_topic_ends_with_it(shop: Shop, way: str, end: int) -> None:
    """It may be of before a retention, of a topic made anew, or typed."""
    whole = shop.client.get("/topic?name=orders&from=earliest&partition=0").text
    found = shop.client.get(f"/topic?name=orders&at={way}:0=0-{end}").text
    message = '<li class="message">'
    assert found.count(message) == whole.count(message) > 0


@pytest.mark.parametrize("partition", [77, 2**31, 9_999_999_999])
def test_a_position_in_no_partition_is_refused(shop: Shop, partition: int) -> None:
    """At once, as one that cannot be looked up."""
    page = shop.page(f"/topic?name=orders&at=on:{partition}=0-5")
    assert f"has no partition {partition}" in page.text
