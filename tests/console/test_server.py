"""The server: its port, its end, and brokers and registries that do not answer."""

from __future__ import annotations

import json
import socket
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient
from tests.console.markup import Page
from tests.console.shop import write_project

from streamcontract import ContractProducer, parse_schema
from streamcontract.cli import main
from streamcontract.cli._console import console_beside
from streamcontract.console.reading import TopicReader
from streamcontract.console.routes import console_app
from streamcontract.console.server import ConsoleServer
from streamcontract.console.sources import Sources
from streamcontract.errors import PortError
from streamcontract.registry import SchemaRegistry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.console.conftest import Shop

_FREE_PORTS = ("--broker-port=0", "--registry-port=0")
_NOWHERE = {"bootstrap.servers": "127.0.0.1:9", "schema.registry.url": "http://127.0.0.1:9"}


def test_it_serves_on_the_first_port_that_is_free(shop: Shop) -> None:
    """And says which ones it tried."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with ConsoleServer(shop.config, shop.project, ports=[port, 0]) as server:
            assert "orders" in _read(f"{server.url}/contracts")
        with pytest.raises(PortError, match=rf"tried {port}"):
            ConsoleServer(shop.config, shop.project, ports=[port])


@pytest.mark.parametrize(
    ("command", "option"),
    [(["console"], "--port"), (["dev", "--broker=mock", *_FREE_PORTS], "--console-port")],
)
def test_a_port_in_use_names_the_option_of_the_command(command: list[str], option: str) -> None:
    """The two commands have different ones."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(main, [*command, option, port])
        assert result.exit_code == 2
        assert f"tried {port} (option {option}; 0 for a free port)" in result.output


def test_without_a_free_port_dev_goes_on_without_console(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says why, and which of its options names another port."""
    addresses = {
        "STREAMCONTRACT_BOOTSTRAP_SERVERS": shop.config["bootstrap.servers"],
        "STREAMCONTRACT_REGISTRY_URL": shop.config["schema.registry.url"],
    }
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr("streamcontract.console.server.PORTS", (port, port))
        with console_beside(addresses, None, allow_writes=False) as line:
            assert line.startswith("not started: ")
            assert f"tried {port}, {port} (option --console-port" in line


def test_a_tail_shows_and_counts_what_comes_and_ends_with_the_server(shop: Shop) -> None:
    """Each event is JSON on one line; the end of the server ends the tail."""
    with ConsoleServer(shop.config, shop.project, ports=[0]) as server:
        address = f"{server.url}/topic/tail/events?name=orders.tail"
        producer: ContractProducer[Any]
        schema = parse_schema({"type": "record", "name": "T", "fields": []})
        with ContractProducer(shop.config, topic="orders.tail", schema=schema) as producer:
            producer.produce({})
            producer.flush()
            with urllib.request.urlopen(address) as events:  # noqa: S310 - of this console
                assert b"Waiting for messages" in _event(events, b"state")
                for _ in range(100):
                    producer.produce({})
                producer.flush()
                count = 0
                rows = 0
                while count < 100:
                    data = _next(events)
                    rows += data.get("html", "").count('class="message"')
                    count = data.get("count", count)
                assert count == 100
                assert 0 < rows <= 100


def _event(events: Any, name: bytes) -> bytes:
    while events.readline().strip() != b"event: " + name:
        pass
    data: bytes = events.readline()
    return data


def _next(events: Any) -> dict[str, Any]:
    line = b""
    while not line.startswith(b"data: "):
        line = events.readline()
    found: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
    return found


def _read(address: str) -> str:
    with urllib.request.urlopen(address) as answer:  # noqa: S310 - of this console
        return str(answer.read().decode())


def test_a_search_goes_on_to_its_end(shop: Shop) -> None:
    """From where the page stopped, with its progress."""
    query = "name=orders&verdict=misfit&at=back:0=0-14,1=0-16,2=0-14&found=0"
    text = shop.client.get(f"/topic/search?{query}").text
    assert text.count('class=\\"message\\"') == 12
    assert '"found": 12' in text
    assert text.rstrip().splitlines()[-2] == "event: end"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("tail/events?name=orders&partition=3", "has no partition 3; it has 0 to 2"),
        (f"tail/events?name=orders&partition={2**31}", "has no partition 2147483648"),
        ("tail/events?name=orders&where=nothing=1", "Order has no field 'nothing'"),
        ("search?name=orders&from=yesterday", "'yesterday' is no position"),
    ],
)
def test_what_cannot_be_tailed_or_searched_ends_with_the_reason(
    shop: Shop, address: str, said: str
) -> None:
    """The browser shows it beside the rows."""
    answer = shop.client.get(f"/topic/{address}")
    assert said in json.loads(_data_of_end(answer.text))["text"]


@pytest.mark.parametrize("address", ["tail/events", "search"])
def test_a_bug_in_a_stream_ends_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    """Without its text, which the log has."""
    monkeypatch.setattr(TopicReader, "__init__", lambda *_: 1 / 0)
    answer = shop.client.get(f"/topic/{address}?name=orders")
    assert "This is a bug" in json.loads(_data_of_end(answer.text))["text"]
    assert "division" in caplog.text


def _data_of_end(text: str) -> str:
    assert text.startswith("event: end")
    return text.partition("data: ")[2]


@pytest.mark.searching
@pytest.mark.parametrize(
    "address", ["/", "/topics", "/topic?name=orders", "/subjects", "/contracts"]
)
def test_nothing_answers_and_the_page_says_so(tmp_path: Path, address: str) -> None:
    """Neither brokers nor registry."""
    project = write_project(tmp_path)
    with Sources(_NOWHERE, project) as sources:
        client = TestClient(console_app(sources), base_url="http://localhost")
        answer = client.get(address)
    page = Page.parse(answer.text)
    assert answer.status_code == (200 if address in {"/", "/contracts"} else 503)
    assert "do not answer" in page.text or "does not answer" in page.text or "order" in page.text


def test_without_its_extra_the_commands_say_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In one line, and dev starts all the same."""
    monkeypatch.setitem(sys.modules, "starlette", None)
    for command in (["console"], ["docs", str(tmp_path / "out")]):
        result = CliRunner().invoke(main, command)
        assert result.exit_code == 2
        assert "pip install 'streamcontract[console]'" in result.output
    addresses = {
        "STREAMCONTRACT_BOOTSTRAP_SERVERS": "127.0.0.1:9",
        "STREAMCONTRACT_REGISTRY_URL": "http://127.0.0.1:9",
    }
    with console_beside(addresses, None, allow_writes=False) as line:
        assert line == "pip install 'streamcontract[console]' brings the console in the browser"


def test_a_subject_of_any_name_has_its_page(shop: Shop) -> None:
    """Registries take any text."""
    name = "a/../b?c#d <e> “f” %2F"
    with SchemaRegistry.from_config(shop.config) as registry:
        registry.register(name, parse_schema("int"))
    links = [each for each in shop.page("/subjects").addresses if "subject?" in each]
    assert any(name in shop.page(each).text for each in links)


def test_the_direction_of_a_subjects_name_is_shown_as_an_escape(shop: Shop) -> None:
    """Or it would look like another name; its link has it as it is."""
    name = "stock\u202e\u200b-value"
    with SchemaRegistry.from_config(shop.config) as registry:
        registry.register(name, parse_schema("int"))
    listed = shop.page("/subjects?q=stock")
    [link] = [each for each in listed.addresses if "/subject?" in each]
    for text in (listed.text, shop.page(link).text):
        assert "stock\\u202e\\u200b-value" in text
