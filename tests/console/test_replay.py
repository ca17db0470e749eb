"""Dead letters that can be read again go back, from the page that shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient
from tests.console.conftest import Shop
from tests.console.shop import ORDER, fill, write_project

from streamcontract import SchemaRegistry, parse_schema
from streamcontract.console.routes import console_app
from streamcontract.console.sources import Sources
from streamcontract.devstack import DevStack

if TYPE_CHECKING:
    from pathlib import Path

_LETTERS = "/dead-letters/topic?name=orders.dlq"


@pytest.mark.searching
def test_what_the_page_promises_is_what_a_replay_does(tmp_path: Path) -> None:
    """A schema id that was missing, of which the registry learns later."""
    project = write_project(tmp_path)
    with DevStack() as stack:
        config: dict[str, Any] = {
            "bootstrap.servers": stack.bootstrap_servers,
            "schema.registry.url": stack.registry_url,
        }
        missing = 5  # the shop registers four schemas
        fill(config, missing_id=missing)
        with Sources(config, project) as sources:
            app = console_app(sources, allow_writes=True)
            shop = Shop(config, project, sources, TestClient(app, base_url="http://localhost"))
            assert "0 go back" in shop.page(_LETTERS).text
            with SchemaRegistry.from_config(config) as registry:
                described = parse_schema({**ORDER, "doc": "As it was sent."})
                assert registry.register("late-value", described) == missing
            sources.registry.close()
        with Sources(config, project) as sources:  # the first one remembers for a while
            app = console_app(sources, allow_writes=True)
            shop = Shop(config, project, sources, TestClient(app, base_url="http://localhost"))
            text = shop.page(_LETTERS).text
            assert "1 go back" in text
            assert "readable now" in text
            done = shop.send("/dead-letters/replay", name="orders.dlq")
            assert "1 went back to their topics, 2 stay open." in done.text
            assert "2 open" in shop.page(_LETTERS).text
