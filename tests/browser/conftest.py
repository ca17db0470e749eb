"""The console in Chromium, which `make test-browser` names; without it these are not collected."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import attrs
import pytest
from tests.console.shop import fill, write_project

from streamcontract.console.server import ConsoleServer
from streamcontract.devstack import DevStack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from playwright.sync_api import Browser, Page

CHROMIUM = os.environ.get("CHROMIUM")
_PATIENCE = 120_000.0
"""Milliseconds."""
collect_ignore_glob = [] if CHROMIUM else ["test_*.py"]


@attrs.frozen
class Site:
    """A console that runs.

    Attributes:
        url: Its address.
        config: Leads clients to its stack.
    """

    url: str
    config: dict[str, Any]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A console of the shop that may write."""
    project = write_project(tmp_path_factory.mktemp("browser") / "shop")
    with DevStack() as stack:
        config = {
            "bootstrap.servers": stack.bootstrap_servers,
            "schema.registry.url": stack.registry_url,
        }
        fill(config, bars=3_000)
        with ConsoleServer(config, project, ports=[0], allow_writes=True) as server:
            yield Site(server.url, config)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser."""
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as playwright:
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        # Nothing is measured here: a busy machine is slow, and does not fail.
        expect.set_options(timeout=_PATIENCE)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@attrs.define
class Window:
    """A window of the browser, which notes what must not happen.

    Attributes:
        page: The page that is open.
        errors: Errors of scripts, and of the content security policy.
        foreign: Requests beyond the console.
    """

    page: Page
    errors: list[str] = attrs.field(factory=list)
    foreign: list[str] = attrs.field(factory=list)


def open_window(
    browser: Browser, site: Site, *, width: int = 1280, scheme: Any = "light"
) -> Window:
    """A window of a width, in light or dark."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, base_url=site.url
    )
    context.set_default_timeout(_PATIENCE)
    window = Window(context.new_page())
    host = urlsplit(site.url).netloc

    def note_error(said: Any) -> None:
        # Chromium calls a page that answers 404 or 422 an error, too: it is one that is asked for.
        if said.type == "error" and said.location["url"] != window.page.url:
            window.errors.append(said.text)

    def note_request(asked: Any) -> None:
        if urlsplit(asked.url).netloc != host:
            window.foreign.append(asked.url)

    window.page.on("pageerror", lambda error: window.errors.append(str(error)))
    window.page.on("console", note_error)
    window.page.on("request", note_request)
    return window


@pytest.fixture
def window(chromium: Browser, site: Site) -> Iterator[Window]:
    """A wide, light window, in which nothing forbidden may happen."""
    opened = open_window(chromium, site)
    yield opened
    opened.page.context.close()
    assert (opened.errors, opened.foreign) == ([], [])
