"""What the console refuses, and what every answer forbids the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from streamcontract.console.routes import console_app
from streamcontract.console.security import in_url

if TYPE_CHECKING:
    from tests.console.conftest import Shop

_OWN = {"Origin": "http://localhost"}


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "", "[::2]"]
)
def test_a_foreign_host_is_refused(shop: Shop, host: str) -> None:
    """A page whose name resolves to loopback (DNS rebinding) gets nothing."""
    assert shop.client.get("/", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:8085", "LOCALHOST"])
def test_loopback_is_served(shop: Shop, host: str) -> None:
    """By each of its names, with any port."""
    assert shop.client.get("/static/icon.svg", headers={"Host": host}).status_code == 200


def test_a_named_host_is_served(shop: Shop) -> None:
    """And no other one."""
    app = console_app(shop.sources, hosts=["console.example"])
    client = TestClient(app, base_url="http://console.example")
    assert client.get("/static/icon.svg").status_code == 200
    assert client.get("/", headers={"Host": "localhost"}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9999"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
        {
            "Sec-Fetch-Site": "cross-site",
            "Sec-Fetch-Mode": "navigate",
            "Sec-Fetch-Dest": "iframe",
        },
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_page_is_refused(shop: Shop, method: str, headers: dict[str, str]) -> None:
    """Whatever it asks for."""
    answer = shop.client.request(method, "/topics/new", headers=headers)
    assert answer.status_code == 403


def test_another_site_may_link(shop: Shop) -> None:
    """A link is no request of a script."""
    headers = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    assert shop.client.get("/contracts", headers=headers).status_code == 200


@pytest.mark.parametrize("address", ["/topics/new", "/topic/produce", "/dead-letters/replay"])
@pytest.mark.parametrize("token", ["", "wrong", "ü"])
def test_a_form_needs_the_token(shop: Shop, address: str, token: str) -> None:
    """Of this process."""
    answer = shop.client.post(address, data={"token": token, "name": "orders"}, headers=_OWN)
    assert answer.status_code == 403


def test_a_form_needs_an_origin_and_a_bearable_size(shop: Shop) -> None:
    """Browsers send the one; the other bounds memory."""
    assert shop.client.post("/topics/new", data={"name": "made"}).status_code == 403
    large = {"name": "x" * 2**20}
    assert shop.client.post("/topics/new", data=large, headers=_OWN).status_code == 413


@pytest.mark.parametrize("body", ["name=%FF", "name=\xff", "name=a&name=b"])
def test_a_form_is_read_whole_or_not_at_all(shop: Shop, body: str) -> None:
    """Nothing is put in the place of what cannot be read, and no value is left out."""
    token = shop.page("/topics/new").value_of("token")
    headers = {**_OWN, "Content-Type": "application/x-www-form-urlencoded"}
    answer = shop.client.post(
        "/topics/new", content=f"token={token}&{body}".encode("latin-1"), headers=headers
    )
    assert answer.status_code == 400
    assert "The form cannot be read" in answer.text


@pytest.mark.parametrize("address", ["/topics/new", "/topic/produce", "/dead-letters/replay"])
def test_a_console_that_only_reads_has_no_forms_of_writes(shop: Shop, address: str) -> None:
    """Their addresses say why."""
    client = TestClient(console_app(shop.sources), base_url="http://localhost")
    shown = client.get(address)
    assert (shown.status_code, "only reads" in shown.text) == (403, True)
    assert client.post(address, data={"name": "orders"}, headers=_OWN).status_code == 403


@pytest.mark.parametrize("address", ["/contracts", "/nothing", "/static/console.js", "/subject"])
def test_every_answer_has_the_policy(shop: Shop, address: str) -> None:
    """Errors and files too."""
    headers = shop.client.get(address).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "name", ["../server.py", "..%2Fserver.py", "%2e%2e/server.py", "__init__.py"]
)
def test_only_its_own_files_are_served(shop: Shop, name: str) -> None:
    """No path leads out of the folder."""
    assert shop.client.get(f"/static/{name}").status_code == 404


@pytest.mark.parametrize("origin", ["http://[evil", "http://localhost@evil", "://", "localhost"])
def test_an_origin_that_is_no_url_is_refused(shop: Shop, origin: str) -> None:
    """As every other one that is not the console's."""
    assert shop.client.get("/contracts", headers={"Origin": origin}).status_code == 403


def test_a_form_of_no_stated_length_is_cut_off(shop: Shop) -> None:
    """Its parts are counted as they come."""
    parts = (b"x" * 2**16 for _ in range(17))
    assert shop.client.post("/topics/new", content=parts, headers=_OWN).status_code == 413


def test_each_of_several_origins_has_to_be_the_consoles(shop: Shop) -> None:
    """Whichever a proxy before it looks at."""
    headers = [("Origin", "http://localhost"), ("Origin", "http://evil.example")]
    assert shop.client.get("/contracts", headers=headers).status_code == 403


@pytest.mark.parametrize("host", ["2001:db8::5", "[2001:db8::5]"])
def test_an_ipv6_address_is_in_brackets(shop: Shop, host: str) -> None:
    """In ``Host`` and in URLs, however it was given."""
    client = TestClient(console_app(shop.sources, hosts=[in_url(host)]))
    answer = client.get("/static/icon.svg", headers={"Host": "[2001:db8::5]:8080"})
    assert answer.status_code == 200


def test_a_head_request_starts_no_tail(shop: Shop) -> None:
    """It has no body, and a tail ends with its connection."""
    answer = shop.client.head("/topic/search?name=orders&verdict=misfit")
    assert answer.headers["content-length"] == "0"
    assert answer.headers["content-type"].startswith("text/event-stream")
