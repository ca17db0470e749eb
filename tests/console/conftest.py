"""A console of the shop on an embedded stack, and a client that reads its pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pytest
from starlette.testclient import TestClient
from tests.console.markup import Page
from tests.console.shop import fill, write_project

from streamcontract.console.routes import console_app
from streamcontract.console.sources import Sources
from streamcontract.devstack import DevStack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@attrs.frozen
class Shop:
    """A console of the shop.

    Attributes:
        config: Leads clients to its stack.
        project: Its project file.
        sources: What its pages are made from.
        client: Reads it; it may write.
    """

    config: dict[str, Any]
    project: Path
    sources: Sources
    client: TestClient

    def page(self, address: str, status: int = 200) -> Page:
        """A page of the console, its HTML parsed."""
        answer = self.client.get(address)
        assert answer.status_code == status, answer.text
        return Page.parse(answer.text)

    def send(self, address: str, status: int = 200, /, **form: str) -> Page:
        """The page after a form was sent, with this process's token."""
        shown = self.client.get("/topics/new").text
        token = Page.parse(shown).value_of("token")
        headers = {"Origin": "http://localhost"}
        answer = self.client.post(address, data={"token": token, **form}, headers=headers)
        assert answer.status_code == status, answer.text
        return Page.parse(answer.text)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop, with messages of every verdict."""
    project = write_project(tmp_path_factory.mktemp("shop"))
    with DevStack() as stack:
        config = {
            "bootstrap.servers": stack.bootstrap_servers,
            "schema.registry.url": stack.registry_url,
        }
        fill(config)
        with Sources(config, project) as sources:
            app = console_app(sources, allow_writes=True)
            yield Shop(config, project, sources, TestClient(app, base_url="http://localhost"))
