"""Each page of the console shows what brokers, registry and project have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import attrs
import confluent_kafka
import pytest
from starlette.testclient import TestClient
from tests.console.markup import Page

from streamcontract import parse_schema
from streamcontract.console.pages import dead_letters, letters
from streamcontract.console.routes import console_app
from streamcontract.console.sources import Sources
from streamcontract.kafka.admin.topics import ensure_topic
from streamcontract.kafka.connection.authentication_errors import WatchedAdminClient
from streamcontract.registry.transport import Transport

if TYPE_CHECKING:
    from pathlib import Path

    from tests.console.conftest import Shop

_DLQ = "/dead-letters/topic?name=orders.dlq"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("/", "Dead letters in orders.dlq"),
        ("/", "Contract stock: there is no topic stocks"),
        ("/", "version 2 of orders-value, but its latest is 4"),
        ("/topics", "orders order 3 44 ✓ healthy"),
        ("/topics?q=nothing", "No topic has “nothing” in its name."),
        ("/topic/partitions?name=orders", "Beginning offset"),
        ("/topic/groups?name=orders", "The embedded broker cannot list groups"),
        ("/topic/configuration?name=orders", "The brokers do not return the configuration"),
        ("/subjects", "orders-value 4 4 AVRO orders"),
        ("/subject?name=orders-value&old=1&new=2", "Order.branch field removed string"),
        ("/subject?name=orders-value&old=2&new=4", "LOGICAL_TYPE_CHANGED"),
        ("/subject?name=orders-value&old=1&new=4", "Consumers upgrade first"),
        ("/subject?name=orders-value&old=3&new=4", "is safe, but data changes its meaning All can"),
        ("/contracts", "An order, as the shop has accepted it."),
        ("/contract?name=order", 'example "TEA-12"'),
        ("/contract?name=order", "class OrderProducer"),
        ("/contract?name=order", "streamcontract topics create orders --partitions 3"),
        ("/dead-letters", "SchemaNotFoundError"),
        (_DLQ, "3 unreadable they stay open"),
        (f"{_DLQ}&error=FrameError", "1 open with FrameError"),
        ("/topic/produce?name=orders", "has a default"),
    ],
)
def test_a_page_shows(shop: Shop, address: str, shown: str) -> None:
    """Each page has what it is for."""
    assert shown in shop.page(address).text


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/topic?name=nothing", 404, "there is no such topic|Unknown topic"),
        ("/subject?name=nothing", 404, "Subject 'nothing' not found"),
        ("/contract?name=nothing", 404, "has no contract 'nothing'"),
        ("/nothing", 404, "There is no such page"),
        ("/topic?name=orders&at=nothing", 400, "is no position of a look-up"),
        ("/topic?name=orders&partition=-1", 400, "'-1' is no number of a partition"),
        (f"/topic/tail?name=orders&partition={10**30}", 400, "is no number of a partition"),
        ("/topic?name=orders&verdict=nothing", 400, "'nothing' is no verdict"),
        ("/topic?name=orders&from=2020-01-01", 400, "cannot look offsets up by time"),
        ("/topic?name=", 400, "the address names no topic"),
        ("/subject?name=%00", 400, "The registry refuses this"),
        ("/subject?name=..", 400, "This cannot be shown '..' cannot be a subject"),
        ("/subject?name=orders-value&new=99", 200, "There is no version 99"),
        (f"{_DLQ}&at=back:7=0-1", 400, "has no partition 7"),
        ("/static/nothing", 404, "There is no such file"),
    ],
)
def test_a_wrong_address_says_what_is_wrong(
    shop: Shop, address: str, status: int, said: str
) -> None:
    """With a status that programs understand."""
    text = shop.page(address, status).text
    assert any(each in text for each in said.split("|"))


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 44),
        ("&partition=0", 14),
        pytest.param("&from=earliest", 44, marks=pytest.mark.searching),
        ("&from=10&partition=1", 6),
        pytest.param("&verdict=fits", 31, marks=pytest.mark.searching),
        pytest.param("&verdict=older", 6, marks=pytest.mark.searching),
        ("&verdict=newer", 2),
        ("&verdict=drift", 1),
        ("&verdict=poison", 3),
        ("&verdict=tombstone", 1),
        pytest.param("&verdict=misfit", 12, marks=pytest.mark.searching),
        ("&key=6f9619ff-8b86-4d01-b42d-00c04fc90007", 1),
        ("&where=customer%20=%20'C-1081'", 1),
        ("&where=customer%20=%20'C-1081'&verdict=poison", 3),
        ("&from=-2", 6),
    ],
)
def test_a_look_up_finds(shop: Shop, query: str, count: int) -> None:
    """By position, partition, key, verdict and value."""
    text = shop.page(f"/topic?name=orders{query}").text
    assert f"{count} message{'' if count == 1 else 's'}, " in text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("&from=yesterday", "'yesterday' is no position"),
        ("&from=2026-11-27", "the embedded broker cannot look offsets up by time"),
        ("&partition=9", "has no partition 9; it has 0 to 2"),
        ("&where=nothing=1", "Order has no field 'nothing'"),
        (f"&where=lines[{'9' * 5_000}].count=1", "an index of at most 18 digits"),
        (f"&from={'9' * 5_000}", "is no position"),
    ],
)
def test_a_wrong_look_up_says_what_is_wrong(shop: Shop, query: str, said: str) -> None:
    """Beside the form, which keeps what was asked, with a status that programs understand."""
    page = shop.page(f"/topic?name=orders{query}", 400)
    assert said in page.text
    asked = dict(parse_qsl(query))
    for name in asked.keys() & {"from", "where"}:
        assert page.value_of(name) == asked[name]


def test_a_key_that_the_contract_does_not_allow_is_looked_up(shop: Shop) -> None:
    """Messages that cannot be read may have it, so that the page only says so."""
    page = shop.page("/topic?name=orders&key=bad")
    assert "'bad' is not a key that the contract allows" in page.text
    assert page.value_of("key") == "bad"


def test_a_look_up_without_a_registry_has_its_status(shop: Shop, tmp_path: Path) -> None:
    """Which is not the one of a look-up that is wrong. Without a contract it needs the registry."""
    config = {**shop.config, "schema.registry.url": "http://127.0.0.1:9"}
    with Sources(config, tmp_path) as sources:
        client = TestClient(console_app(sources), base_url="http://localhost")
        answer = client.get("/topic?name=orders")
    assert answer.status_code == 503
    assert "The registry does not answer" in answer.text


def test_a_tail_of_a_wrong_condition_does_not_begin(shop: Shop) -> None:
    """The page has the error, as a look-up has."""
    wrong = shop.client.get("/topic/tail?name=orders&where=nothing=1")
    assert wrong.status_code == 400
    assert "Order has no field" in wrong.text
    assert "data-stream" not in wrong.text
    assert "data-stream" in shop.client.get("/topic/tail?name=orders&where=note=null").text


def test_texts_need_no_registry(shop: Shop) -> None:
    """They are shown while it is away, with what is not known; a condition needs a schema."""
    ensure_topic("notes", shop.config, partitions=1)
    producer = confluent_kafka.Producer({"bootstrap.servers": shop.sources.brokers})
    for value in ("1\u00a0234 \u20ac", "pay 100\u202e000", "a\x01b"):
        producer.produce("notes", value=value.encode())
    producer.flush()
    away = {**shop.config, "schema.registry.url": "http://127.0.0.1:9"}
    with Sources(away, shop.project) as sources:
        client = TestClient(console_app(sources), base_url="http://localhost")
        text = Page.parse(client.get("/topic?name=notes").text).text
        assert client.get("/topic?name=notes&where=a=1").status_code == 503
    assert "Whether the topic has a schema is not known" in text
    assert "The value is text: Copy 1 234 \u20ac" in text  # a space of any kind is one
    assert "The value is text: Copy pay 100\\u202e000" in text
    assert "Its 3 bytes 61 01 62" in text
    found = shop.page("/topic?name=notes&where=a=1").text
    assert "A condition reads only messages that name a schema" in found


def test_each_message_has_its_verdict_and_why(shop: Shop) -> None:
    """With paths and reasons."""
    text = shop.page("/topic?name=orders&verdict=misfit").text
    for each in (
        "Defaulted: Order.lines Order.note Dropped: Order.branch",
        "Written with a newer version: 1 field dropped.",
        "Order.accepted_at: what was written as plain long is read as timestamp-millis",
        "At Order.order_id : the data end in the middle of this value",
        "starts with byte 0x7b",
    ):
        assert each in text


def test_a_record_is_checked_and_sent(shop: Shop) -> None:
    """A record that does not fit is not sent, and its path is named."""
    address = "/topic/produce"
    record = {
        "name": "orders",
        "field:customer": "C-1",
        "field:total": "12.50",
        "field:status": "SHIPPED",
        "field:accepted_at": "2026-11-27T08:00:00Z",
    }
    refused = shop.send(address, 422, **{**record, "field:order_id": "no uuid"})
    assert "Not sent Order.order_id" in refused.text
    key = "00000000-0000-0000-0000-00000000abcd"
    sent = shop.send(address, **{**record, "field:order_id": key})
    assert "Sent The brokers have it." in sent.text
    assert "1 message, " in shop.page(f"/topic?name=orders&key={key}").text


def test_a_topic_without_a_schema_has_no_form(shop: Shop) -> None:
    """No page leads to it, and its address says what there has to be."""
    ensure_topic("text-alone", shop.config, partitions=1)
    assert not [each for each in shop.page("/topic?name=text-alone").addresses if "produce" in each]
    text = shop.page("/topic/produce?name=text-alone", 400).text
    assert "no contract names it, and the registry has no subject text-alone-value" in text
    assert "streamcontract register" in text
    assert "--contract" not in text


def test_a_form_names_what_a_record_is_checked_against(shop: Shop) -> None:
    """The contract, else the subject; and what its key is made of."""
    ensure_topic("no-contract", shop.config, partitions=1)
    shop.sources.registry.register("no-contract-value", parse_schema("long"))
    of_subject = shop.page("/topic/produce?name=no-contract")
    assert "against the latest version of the subject no-contract-value" in of_subject.text
    assert "Key of the message text; empty for none" in of_subject.text
    of_contract = shop.page("/topic/produce?name=orders")
    assert "against the contract order ." in of_contract.text
    assert "Key of the message empty: the field order_id" in of_contract.text
    sent = shop.send("/topic/produce", **{"name": "no-contract", "field:value": "7"})
    assert "Sent The brokers have it." in sent.text


@pytest.mark.parametrize(
    ("address", "status", "list_of"),
    [
        ("/topic?name=nothing", 404, "/topics"),
        ("/topic/groups?name=nothing", 404, "/topics"),
        ("/subject?name=nothing", 404, "/subjects"),
        ("/contract?name=nothing", 404, "/contracts"),
        ("/dead-letters/topic?name=nothing", 404, "/dead-letters"),
    ],
)
def test_an_error_leads_to_the_list(shop: Shop, address: str, status: int, list_of: str) -> None:
    """Beside the side bar, in which the section is the current one; trying again may help too."""
    page = shop.page(address, status)
    assert page.addresses.count(list_of) == 2
    assert address in page.addresses
    assert ("a", ("href", "aria-current")) in page.structure


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        (
            {"name": "orders", "partitions": "9"},
            409,
            "Not created The topic orders is there already, with 3 partitions; 9 were asked for.",
        ),
        ({"name": "fresh", "partitions": "many"}, 400, "'many' is no number of partitions"),
        ({"name": "fresh", "partitions": "0"}, 400, "partitions of topic 'fresh' has to be"),
        ({"name": "", "partitions": ""}, 400, "Not created"),
    ],
)
def test_a_topic_that_is_not_created_has_the_form_again(
    shop: Shop, form: dict[str, str], status: int, said: str
) -> None:
    """With what was filled in, and a status that programs understand."""
    page = shop.send("/topics/new", status, **form)
    assert said in page.text
    assert {name: page.value_of(name) for name in form} == form


def test_a_record_that_is_no_json_is_refused(shop: Shop) -> None:
    """Before it is compared with the contract."""
    page = shop.send("/topic/produce", 422, **{"name": "orders", "field:lines": "[1"})
    assert "this is not JSON" in page.text


def test_nothing_is_replayed_without_a_contract(shop: Shop, tmp_path: Path) -> None:
    """Which is no failure of the brokers."""
    with Sources(shop.config, tmp_path) as sources:
        app = console_app(sources, allow_writes=True)
        bare = attrs.evolve(shop, client=TestClient(app, base_url="http://localhost"))
        page = bare.send("/dead-letters/replay", 400, name="orders.dlq")
    assert "no contract here names a topic" in page.text


@pytest.mark.parametrize(
    ("method", "address", "allowed"),
    [
        ("DELETE", "/dead-letters/replay", {"GET", "HEAD"}),
        ("POST", "/topics", {"GET", "HEAD"}),
        ("DELETE", "/topic/produce", {"GET", "HEAD"}),
        ("PUT", "/topic/search", {"GET", "HEAD"}),
    ],
)
def test_a_method_that_a_page_does_not_have(
    shop: Shop, method: str, address: str, allowed: set[str]
) -> None:
    """Has a page as an unknown address has, and the methods that there are."""
    headers = {"Origin": "http://localhost"}
    answer = shop.client.request(method, address, headers=headers)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == allowed
    page = Page.parse(answer.text)
    assert f"This page is not for that method {method} {address}" in page.text
    assert "/topics" in page.addresses


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"token": "of another process"}, 403, "The form is of an earlier console"),
        ({"token": "x" * 2**20}, 413, "The form is too large"),
    ],
)
def test_a_form_that_leads_nowhere_has_a_page(
    shop: Shop, form: dict[str, str], status: int, said: str
) -> None:
    """With the way back."""
    headers = {"Origin": "http://localhost"}
    answer = shop.client.post("/topics/new", data=form, headers=headers)
    assert answer.status_code == status
    page = Page.parse(answer.text)
    assert said in page.text
    assert "/topics" in page.addresses


def test_dead_letters_go_on_where_a_page_stopped(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page reads a part of the topic, and says how much; together they have all."""
    whole = shop.page(_DLQ)
    assert "All messages were read, up to 3" in whole.text
    monkeypatch.setattr(letters, "_SHOWN", 1)
    page, places = shop.page(_DLQ), []
    assert "The newest 1 of up to 3 messages were read" in page.text
    while True:
        assert "1 open of those that were read" in page.text
        places += [each for each in range(3) if f"partition 0 · offset {each} " in page.text]
        older = [each for each in page.addresses if "&at=back" in each and "error" not in each]
        if not older:
            break
        page = shop.page(older[-1])
    assert places == [2, 1, 0]
    monkeypatch.setattr(dead_letters, "COUNTED", 1)
    assert "only the newest" in shop.page("/dead-letters").text


@pytest.mark.parametrize(
    "address",
    ["/", "/topics", "/topic?name=orders", "/topic/groups?name=orders", "/dead-letters", _DLQ],
)
def test_a_page_asks_once_for_all_topics(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """Of thousands of topics it is the request that costs most."""
    asked: list[Any] = []
    ask: Any = WatchedAdminClient.list_topics

    def counted(self: Any, *topics: Any, **options: Any) -> Any:
        asked.extend(() if topics else ("all",))
        return ask(self, *topics, **options)

    monkeypatch.setattr(WatchedAdminClient, "list_topics", counted)
    shop.page(address)
    assert len(asked) == 1


@pytest.mark.parametrize(
    "address",
    ["/", "/topic?name=orders", "/topic/groups?name=orders", "/subjects", "/contract?name=order"],
)
def test_a_page_waits_once_for_a_registry_that_is_away(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """And says so, with what the brokers have."""
    asked: list[str] = []
    send: Any = Transport._send

    def counted(self: Any, method: str, path: str, *rest: Any, **options: Any) -> Any:
        asked.append(path)
        return send(self, method, path, *rest, **options)

    monkeypatch.setattr(Transport, "_send", counted)
    away = {**shop.config, "schema.registry.url": "http://127.0.0.1:9"}
    with Sources(away, shop.project) as sources:
        client = TestClient(console_app(sources), base_url="http://localhost")
        text = client.get(address).text
    assert len(asked) == 1
    assert "127.0.0.1:9" in text
