"""The console as a person uses it: every page, every filter, the tail under load, by keyboard."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import confluent_kafka
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect
from tests.browser.conftest import open_window

from streamcontract import ContractConsumer, ContractProducer, SchemaRegistry, parse_schema
from streamcontract.kafka import DeadLetters
from streamcontract.kafka.admin.topics import ensure_topic

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from tests.browser.conftest import Site, Window

_PAGES = (
    "/",
    "/topics",
    "/topic?name=orders",
    "/topic?name=orders&verdict=misfit",
    "/topic?name=orders&where=nothing",
    "/topic?name=stocks",
    "/topic/tail?name=orders",
    "/topic/partitions?name=orders",
    "/topic/groups?name=orders",
    "/topic/configuration?name=orders",
    "/topic/produce?name=orders",
    "/topics/new?name=stocks",
    "/groups",
    "/subjects",
    "/subject?name=orders-value&old=1&new=4",
    "/contracts",
    "/contract?name=order",
    "/dead-letters",
    "/dead-letters/topic?name=orders.dlq",
    "/dead-letters/topic?name=orders",
    "/dead-letters/replay?name=orders.dlq",
)
_OF_LONG_NAMES = (
    "/topic?name={}",
    "/topic/partitions?name={}",
    "/topic/produce?name={}",
    "/subject?name={}-value",
    "/dead-letters/topic?name={}.dlq",
    "/dead-letters/replay?name={}.dlq",
    "/topic?name={}.missing",
)
_SHOTS = {
    "overview": "/",
    "messages": "/topic?name=orders&verdict=misfit",
    "subject": "/subject?name=orders-value&old=1&new=4",
    "contract": "/contract?name=order",
    "letters": "/dead-letters/topic?name=orders.dlq",
}
"""The pages of docs/screenshots: `make screenshots` takes them anew."""

_CUT_OFF = """
[...document.querySelectorAll(
  ".scroll, .list, .messages summary, .tabs, nav, .filters, .head, .cards"
)]
  .filter((each) => each.scrollWidth > each.clientWidth)
  .map((each) => each.ariaLabel || each.className)
"""
"""The boxes of a page whose content is wider than they are."""

_NUMBERS: Any = {"type": "record", "name": "N", "fields": [{"name": "n", "type": "int"}]}


@pytest.fixture(scope="session")
def long_names(site: Site) -> str:
    """A topic and a group with names as long as they come, and dead letters of them."""
    name = "payments.settlement-instructions.of-every-branch-in-the-euro-area.v2"
    ensure_topic(name, site.config, partitions=1)
    fields = [{"name": "n" * 60, "type": "string"}]
    schema = parse_schema({"type": "record", "name": "N" * 60, "fields": fields})
    SchemaRegistry.from_config(site.config).register(f"{name}-value", schema)
    producer = confluent_kafka.Producer({"bootstrap.servers": site.config["bootstrap.servers"]})
    producer.produce(name, "text without a schema " * 20, key="k" * 80)
    producer.flush()
    writer: ContractProducer[Any]
    with ContractProducer(site.config, topic=name, schema=schema) as writer:
        writer.produce({"n" * 60: "v" * 5_000})
    with ContractConsumer(
        site.config, topic=name, schema=schema, group="g" * 60, poison=DeadLetters()
    ) as consumer:
        assert len(list(consumer.until_end())) == 1
    return name


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_is_accessible_and_fits(
    chromium: Browser, site: Site, long_names: str, width: int, scheme: str
) -> None:
    """No violation of axe, no error, no other host; nothing is wider than its box."""
    window = open_window(chromium, site, width=width, scheme=scheme)
    page = window.page
    for address in (*_PAGES, *(each.format(long_names) for each in _OF_LONG_NAMES)):
        page.goto(address)
        page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
        found = Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        assert page.evaluate(_CUT_OFF) == [], address
    assert (window.errors, window.foreign) == ([], [])
    page.context.close()


@pytest.mark.parametrize(
    ("name", "value", "count"),
    [
        ("from", "earliest", 44),
        ("from", "-2", 6),
        ("key", "6f9619ff-8b86-4d01-b42d-00c04fc90007", 1),
        ("where", "customer = 'C-1081'", 1),
        ("partition", "0", 14),
        ("verdict", "does not fit", 12),
        ("verdict", "older version", 6),
        ("verdict", "newer version", 2),
        ("verdict", "drift", 1),
        ("verdict", "poison", 3),
        ("verdict", "tombstone", 1),
    ],
)
def test_each_filter_of_messages(window: Window, name: str, value: str, count: int) -> None:
    """It is filled in, and shows what it asks for; a message opens with its verdict."""
    page = window.page
    page.goto("/topic?name=orders")
    control = page.locator(f".filters [name={name}]")
    if name in {"partition", "verdict"}:
        control.select_option(label=value)
    else:
        control.fill(value)
    page.get_by_role("button", name="Look up").click()
    rows = page.locator("#rows > li")
    expect(rows).to_have_count(count)  # a slow look-up goes on after the page has loaded
    rows.first.locator("summary").first.click()
    assert rows.first.locator(".explain").is_visible()


def test_a_search_shows_its_progress_and_goes_on(window: Window, site: Site) -> None:
    """The oldest of many messages, further back than one page looks."""
    ensure_topic("many", site.config, partitions=1)
    producer: ContractProducer[Any]
    with ContractProducer(site.config, topic="many", schema=parse_schema(_NUMBERS)) as producer:
        producer.produce_all({"n": each} for each in range(150_000))
    page = window.page
    page.goto("/topic?name=many&where=n=7")
    page.locator("#rows > li").wait_for()
    expect(page.locator("progress")).to_be_visible()
    expect(page.locator("[data-found]")).to_have_text("1")  # comes after the row
    page.wait_for_function("document.querySelector('[data-scanned]').textContent === '150,000'")


def test_the_tail_counts_every_message_and_keeps_few(window: Window, site: Site) -> None:
    """More come than are kept; pausing leaves, and resuming comes back."""
    ensure_topic("busy", site.config, partitions=2)
    page = window.page
    page.goto("/topic/tail?name=busy")
    page.get_by_text("Waiting for messages").wait_for()
    producer: ContractProducer[Any]
    with ContractProducer(site.config, topic="busy", schema=parse_schema(_NUMBERS)) as producer:
        for first in range(0, 15_000, 500):
            producer.produce_all({"n": each} for each in range(first, first + 500))
            page.get_by_text(f"{first + 500:,} since").wait_for()
    assert page.locator("#rows > li").count() == 200
    kept = page.evaluate("document.getElementById('rows').childNodes.length")
    assert kept <= 401  # with the white space between them
    page.locator("#rows summary").first.click()
    with ContractProducer(site.config, topic="busy", schema=parse_schema(_NUMBERS)) as producer:
        producer.produce_all({"n": each} for each in range(500))
    page.get_by_text("15,500 since").wait_for()
    assert page.locator("#rows > li").first.locator(".explain").is_visible()
    page.get_by_text("No new rows while a message is open").wait_for()
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("Paused.").wait_for()
    page.get_by_role("button", name="Resume").click()
    page.get_by_text("Waiting for messages").wait_for()


def test_the_keyboard_is_enough(window: Window) -> None:
    """A slash leads to the search, Enter opens a message."""
    page = window.page
    page.goto("/topics")
    page.keyboard.press("/")
    page.keyboard.type("stocks")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=stocks*")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.goto("/topic?name=orders")
    page.locator("#rows summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#rows .explain").first.is_visible()


def test_a_snippet_is_copied(window: Window) -> None:
    """As it is shown."""
    page = window.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/contract?name=order")
    block = page.locator(".snippets .code").first
    block.get_by_role("button", name="Copy").click()
    expect(block.get_by_role("button")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == block.locator("pre").inner_text()


def test_a_record_is_sent_and_a_topic_created(window: Window) -> None:
    """By their forms; what does not fit is said, and stays filled in."""
    page = window.page
    page.goto("/topics/new")
    page.get_by_label("Name").fill("made-here")
    page.get_by_role("button", name="Create").click()
    page.wait_for_url("**name=made-here")
    assert page.locator("h1").inner_text() == "made-here"
    page.goto("/topic/produce?name=orders")
    page.locator("[name='field:order_id']").fill("no uuid")
    page.locator("[name='field:customer']").fill("C-7")
    page.locator("[name='field:total']").fill("12.50")
    page.locator("[name='field:accepted_at']").fill("2026-11-27T09:00:00Z")
    page.get_by_role("button", name="Check and send").click()
    assert "Order.status: required" in page.get_by_role("alert").inner_text()
    assert Axe().run(page).response["violations"] == []
    page.get_by_role("link", name="Order.order_id").click()
    expect(page.locator("[name='field:order_id']")).to_be_focused()
    page.locator(":focus").fill("00000000-0000-0000-0000-000000000009")
    page.locator("[name='field:status']").select_option("SHIPPED")
    page.get_by_role("button", name="Check and send").click()
    page.wait_for_url("**/topic/produce?name=orders&*result=*")
    assert "The brokers have it" in page.get_by_role("status").inner_text()
    page.reload()
    page.get_by_role("status").get_by_role("link").click()
    expect(page.locator("#rows > li")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_screenshots(chromium: Browser, site: Site, width: int, scheme: str) -> None:
    """Of the pages in the documentation; kept in the folder that SCREENSHOTS names."""
    folder = os.environ.get("SCREENSHOTS")
    window = open_window(chromium, site, width=width, scheme=scheme)
    for name, address in _SHOTS.items():
        window.page.goto(address)
        if name == "messages":
            window.page.locator("details:has(> summary .badge.older) > summary").first.click()
        shot = window.page.screenshot()
        if folder is not None:
            _save(shot, Path(folder) / f"{name}-{width}-{scheme}.png")
    assert window.errors == []
    window.page.context.close()


def _save(shot: bytes, file: Path) -> None:
    """A screenshot of 256 colours: most of them the frequent ones, the rest those far from them."""
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    counts: Any = image.getcolors(image.width * image.height)
    colours = [colour for _, colour in sorted(counts, reverse=True)]
    palette: list[Any] = []
    nearest: dict[Any, tuple[int, int]] = dict.fromkeys(colours, (2**20, 0))
    while len(palette) < min(256, len(colours)):
        is_far = len(palette) >= 192
        added = max(nearest, key=nearest.__getitem__) if is_far else colours[len(palette)]
        place = len(palette)
        nearest = {
            each: min(near, (_distance(each, added), place)) for each, near in nearest.items()
        }
        palette.append(added)
    parts = image.tobytes()
    pixels = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    reduced = Image.frombytes("P", image.size, bytes(nearest[each][1] for each in pixels))
    reduced.putpalette([part for colour in palette for part in colour])
    reduced.save(file, optimize=True)


def _distance(one: Any, other: Any) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
