"""The static catalogue as a person opens it: files on a disk, without a server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from tests.browser.conftest import Site, Window, open_window
from tests.console.shop import ORDER, write_project
from tests.console.versions import commit
from tests.console.warehouse import write_warehouse

from streamcontract.console.catalogue import write_catalogue
from streamcontract.evolution import open_source
from streamcontract.project import load_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

_TOO_WIDE = """
    [...document.querySelectorAll("html, .scroll")]
        .filter((each) => each.scrollWidth > each.clientWidth)
        .map((each) => each.getAttribute("aria-label") || each.tagName)
"""
# It would fetch the style sheets anew, which no browser permits for files.
_AXE = {"preload": False}


@pytest.fixture(scope="module")
def catalogues(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of three catalogues: of a shop with versions, a warehouse, and nothing."""
    folder = tmp_path_factory.mktemp("catalogues")
    shop = write_project(folder / "projects" / "shop")
    commit(shop.parent)
    order = {**ORDER, "fields": [*ORDER["fields"][1:], {"name": "paid", "type": "boolean"}]}
    (shop.parent / "schemas" / "order.avsc").write_text(json.dumps(order), "utf-8")
    warehouse = write_warehouse(folder / "projects" / "warehouse")
    empty = folder / "projects" / "streamcontract.toml"
    empty.write_text('output = "contracts"\n', "utf-8")
    write_catalogue(folder / "shop", load_project(shop), open_source("git:HEAD"))
    write_catalogue(folder / "warehouse", load_project(warehouse), None)
    write_catalogue(folder / "empty", load_project(empty), None)
    return folder


@pytest.fixture
def shop(chromium: Browser, catalogues: Path) -> Iterator[Window]:
    """A window with the first page of the shop, in which nothing forbidden may happen."""
    window = _open(chromium, catalogues)
    window.page.goto((catalogues / "shop" / "index.html").as_uri())
    yield window
    window.page.context.close()
    assert (window.errors, window.foreign) == ([], [])


def _open(chromium: Browser, folder: Path, *, width: int = 1280, scheme: str = "light") -> Window:
    return open_window(chromium, Site(folder.as_uri(), {}), width=width, scheme=scheme)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (390, "light")])
def test_every_page_is_accessible_and_fits(
    chromium: Browser, catalogues: Path, width: int, scheme: str
) -> None:
    """No violation of axe, no error, no request beyond files; nothing wider than its place."""
    window = _open(chromium, catalogues, width=width, scheme=scheme)
    page = window.page
    for file in sorted(catalogues.rglob("*.html")):
        page.goto(file.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
        found = Axe().run(page, options=_AXE).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == [], file
        assert page.evaluate(_TOO_WIDE) == [], file
    assert (window.errors, window.foreign) == ([], [])
    page.context.close()


def test_the_search_finds_fields_by_all_their_words(shop: Window) -> None:
    """By the keyboard; it says how many it found, and that it found none."""
    page = shop.page
    page.get_by_role("link", name="Fields").click()
    rows, count = page.locator("tbody tr"), page.get_by_role("status")
    expect(page.locator("h1")).to_have_text("Fields")
    page.keyboard.press("/")
    for words, found in [("shipped", 1), ("ORDER number", 2), ("order number decimal", 0)]:
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type(words)
        expect(rows.filter(visible=True)).to_have_count(found)
        expect(count).to_have_text(f"{found} of 17 fields")
    expect(page.get_by_text("No field has all of these words.")).to_be_visible()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.press("Delete")
    expect(rows.filter(visible=True)).to_have_count(17)


def test_a_field_leads_to_its_contract_and_back(shop: Window) -> None:
    """The search is then as it was."""
    page = shop.page
    page.get_by_role("link", name="Fields").click()
    page.get_by_role("searchbox").fill("article")
    page.get_by_role("link", name="lines[].article").click()
    expect(page.locator("h1")).to_have_text("order")
    expect(page.locator("tr:target")).to_contain_text("The article's number.")
    expect(page.locator("tr:target")).to_be_in_viewport()
    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("article")
    expect(page.locator("tbody tr").filter(visible=True)).to_have_count(1)


def test_types_are_found_by_their_users(shop: Window) -> None:
    """Each leads to where it is used."""
    page = shop.page
    page.get_by_role("link", name="Types").click()
    page.get_by_role("searchbox").fill("cancelled")
    expect(page.locator("tbody tr").filter(visible=True)).to_have_count(1)
    page.get_by_role("link", name="order.status").click()
    expect(page.locator("tr:target")).to_contain_text("OrderStatus")
