"""Look-ups read every offset once, however they are cut into windows."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import confluent_kafka
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.console import events, looking_up
from streamcontract.console.looking_up import Ranges
from streamcontract.console.pages.messages import messages_page
from streamcontract.console.queries import look_up_of
from streamcontract.errors import ConfigurationError
from streamcontract.kafka.admin.describe import topics_of
from streamcontract.kafka.admin.topics import ensure_topic
from streamcontract.kafka.connection import following
from streamcontract.kafka.connection.following import Following

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


@pytest.mark.parametrize(
    "text", ["", "back", "up:0=1-2", "on:0=1", "on:x=1-2", "on:0=1-2;", "on:0=9-2"]
)
def test_a_text_that_is_no_position_is_refused(text: str) -> None:
    """Addresses are typed by hand too."""
    with pytest.raises(ConfigurationError, match="is no position of a look-up"):
        Ranges.parse(text)


@pytest.mark.parametrize("end", [10**3, 10**19 - 1])
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
    page = shop.page(f"/topic?name=orders&at=on:{partition}=0-5", 400)
    assert f"has no partition {partition}" in page.text


@pytest.mark.searching
@pytest.mark.parametrize("query", ["", "&where=status = 'ACCEPTED'", "&verdict=fits"])
def test_steps_bounded_by_size_find_the_same(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    """Large messages make the steps of a look-up smaller, and nothing else."""
    asked = look_up_of(dict(parse_qsl(f"name=orders&partition=1{query}")))
    state = topics_of(shop.sources.cluster, ["orders"]).topics[0]
    whole = messages_page(asked, shop.sources, state, seconds=60)
    monkeypatch.setattr(looking_up, "_BYTES", 1)
    assert messages_page(asked, shop.sources, state, seconds=60) == whole
    assert whole.rows


def test_a_search_stops_and_can_go_on(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time; and where too many run already it does not begin."""
    address = "/topic/search?name=orders&at=on:0=0-5&where=status = 'CANCELLED'"
    assert '"at": ""' in shop.client.get(address).text
    monkeypatch.setattr(events, "_SEARCH", 0.0)
    stopped = shop.client.get(address).text
    assert '"at": "on:0=0-5"' in stopped
    assert "Stopped after" in stopped
    monkeypatch.setattr(events, "_streams", threading.BoundedSemaphore(1))
    for _ in range(2):
        assert "Stopped after" in shop.client.get(address).text, "its end makes room"
    with events._streams:
        assert "run already" in shop.client.get(address).text
        assert "run already" in shop.client.get("/topic/tail/events?name=orders").text


@pytest.mark.searching
def test_a_tail_takes_large_messages_piece_by_piece(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its memory is bounded by bytes, and none is left out."""
    monkeypatch.setattr(following, "_BYTES", 1_000)
    monkeypatch.setattr(following, "_SLICE", 2)
    ensure_topic("large", shop.config, partitions=1)
    with Following(shop.sources.cluster, "large", [0]) as tail:
        producer = confluent_kafka.Producer({"bootstrap.servers": shop.sources.brokers})
        for number in range(9):
            producer.produce("large", value=bytes([number]) * 600)
        producer.flush()
        taken: list[list[int]] = []
        while sum(map(len, taken)) < 9:
            taken.append([(raw.value() or b"?")[0] for raw in tail.take(100, 0.5)])
    assert [each for batch in taken for each in batch] == list(range(9))
    assert max(map(len, taken)) <= 2
