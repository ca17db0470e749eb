"""Pages of topics, groups, contracts and differences: what they say where things differ."""

from __future__ import annotations

import ast
import json
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import confluent_kafka
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from tests.console.conftest import Shop
from tests.console.markup import Page
from tests.console.shop import write_project

from streamcontract import find_incompatibilities, parse_schema
from streamcontract.console import sources as sources_module
from streamcontract.console.pages.contracts import contract_page
from streamcontract.console.pages.differences import differences
from streamcontract.console.pages.groups import OfTopic
from streamcontract.console.pages.shown import pretty_json, property_in_words, visible
from streamcontract.console.routes import console_app
from streamcontract.console.sources import Sources
from streamcontract.kafka.admin.describe import GroupState, PartitionState, TopicState
from streamcontract.kafka.admin.topics import ensure_topic
from streamcontract.project import find_project

if TYPE_CHECKING:
    from collections.abc import Iterator

_GOLDEN = Path(__file__).parents[1] / "compatibility" / "golden"
_CASES = {each.stem: json.loads(each.read_text("utf-8")) for each in _GOLDEN.glob("*.json")}


@pytest.fixture
def other(shop: Shop, tmp_path: Path) -> Iterator[Shop]:
    """Another project on the same stack: contract stock of a new topic, order with 6 partitions."""
    project = write_project(tmp_path)
    topic = f"new-{tmp_path.name}"[:60].replace("_", "-")
    text = project.read_text("utf-8").replace('topic = "stocks"', f'topic = "{topic}"')
    project.write_text(text.replace("partitions = 3", "partitions = 6", 1), "utf-8")
    with Sources(shop.config, project) as sources:
        app = console_app(sources, allow_writes=True)
        yield Shop(shop.config, project, sources, TestClient(app, base_url="http://localhost"))


def _topic_of(other: Shop) -> str:
    project = other.sources.project()
    assert project is not None
    return project.contract("stock").topic or ""


def test_a_contract_leads_to_its_new_topic(other: Shop) -> None:
    """From the overview, the contract and the error page; it gets the contract's partitions."""
    topic = _topic_of(other)
    create, there = f"/topics/new?name={topic}", f"/topic?name={topic}"
    for address, status in (("/", 200), ("/contract?name=stock", 200), (there, 404)):
        assert create in other.page(address, status).addresses
    assert there not in other.page("/contract?name=stock").addresses
    assert "Empty for 3, as the topic's contract asks for." in other.page(create).text
    assert "3 partitions · 0 messages" in other.send("/topics/new", name=topic).text
    assert there in other.page("/contract?name=stock").addresses
    again = other.send("/topics/new", 409, name=topic, partitions="9")
    assert f"{topic} is there already, with 3 partitions; 9 were asked for." in again.text
    assert there in again.addresses


def test_a_console_that_only_reads_leads_to_no_form(other: Shop) -> None:
    """Of a topic that is not there."""
    client = TestClient(console_app(other.sources), base_url="http://localhost")
    for address in ("/", "/contract?name=stock", "/topic?name=nothing"):
        assert "topics/new" not in client.get(address).text


def test_only_legal_names_are_offered(other: Shop) -> None:
    """A name that no topic can have is not to be created."""
    addresses = other.page("/topic?name=no%20topic", 404).addresses
    assert not [each for each in addresses if "topics/new" in each]


def test_health_has_what_differs_from_the_registry(other: Shop) -> None:
    """A contract that is not registered, and one whose subject has a later version."""
    text = other.page("/").text
    assert "Contract order differs from the registry Version 2 of orders-value" in text
    assert "Contract stock is not registered Not registered yet;" in text
    assert "Everything is healthy" not in text


def test_a_contract_names_what_its_topic_has(other: Shop) -> None:
    """The partitions that it asks for are not those that there are."""
    text = other.page("/contract?name=order").text
    assert "Topic orders has another number of partitions" in text
    assert "Partitions 6, but the topic has 3" in text
    assert "/subject?name=orders-value" in other.page("/contract?name=order").addresses


def test_a_contract_is_shown_where_brokers_and_registry_are_away(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the page says that they are; whether its topic is there is not known."""
    monkeypatch.setattr(sources_module, "_PATIENCE", 0.3)
    away = {"bootstrap.servers": "127.0.0.1:9", "schema.registry.url": "http://127.0.0.1:9"}
    with Sources(away, shop.project) as sources:
        client = TestClient(console_app(sources, allow_writes=True), base_url="http://localhost")
        page = Page.parse(client.get("/contract?name=order").text)
    assert "127.0.0.1:9 does not answer" in page.text
    assert "The customer's number." in page.text
    assert not [each for each in page.addresses if "orders" in each]


@pytest.mark.parametrize("name", ["nope", "ORDER", "a b"])
def test_an_unknown_contract_is_not_found(shop: Shop, name: str) -> None:
    """As an unknown topic or subject is not."""
    assert "Not found" in shop.page(f"/contract?name={name}", 404).text
    assert "names no contract" in shop.page("/contract?name=", 400).text


def test_without_a_project_no_contract_is_found(shop: Shop, tmp_path: Path) -> None:
    """And the page says how to make one."""
    with Sources(shop.config, tmp_path) as sources:
        client = TestClient(console_app(sources), base_url="http://localhost")
        answer = client.get("/contract?name=order")
    assert answer.status_code == 404
    assert "streamcontract init" in answer.text


def test_counts_of_messages_are_the_most_that_there_may_be(shop: Shop) -> None:
    """In the list, the head and the partitions; none is none."""
    ensure_topic("counted", shop.config, partitions=1)
    assert "1 partition · 0 messages" in shop.page("/topic/partitions?name=counted").text
    producer = confluent_kafka.Producer({"bootstrap.servers": shop.config["bootstrap.servers"]})
    for _ in range(2):
        producer.produce("counted", b"text")
    producer.flush()
    page = shop.page("/topic/partitions?name=counted")
    assert "1 partition · up to 2 messages" in page.text
    assert "Messages, up to" in page.text
    assert "/topic/partitions?name=counted#messages" in page.addresses
    assert "Messages, up to" in shop.page("/topics").text


def test_the_embedded_broker_lists_no_groups(shop: Shop) -> None:
    """And the page says what does."""
    assert "The embedded broker cannot list groups" in shop.page("/groups").text


_OFFSETS = st.none() | st.integers(0, 5)


@given(st.lists(st.tuples(_OFFSETS, st.integers(0, 5), st.integers(0, 5)), min_size=1))
def test_the_lag_is_that_of_the_partitions_where_it_is_known(
    given_partitions: list[tuple[int | None, int, int]],
) -> None:
    """All of them, some of them, or none."""
    partitions = tuple(
        PartitionState(number, 1, (1,), (1,), first, first + count)
        for number, (_, first, count) in enumerate(given_partitions)
    )
    committed = {number: each[0] for number, each in enumerate(given_partitions)}
    lags = [
        len(range(max(first if at is None else at, first), first + count))
        for at, first, count in given_partitions
        if at is not None or not count
    ]
    group = OfTopic(offsets=GroupState("g", TopicState("t", partitions), committed), owners={})
    if not lags:
        assert group.lag == "lag unknown"
    elif len(lags) == len(partitions):
        assert group.lag == f"lag {sum(lags)}"
    else:
        assert group.lag == f"lag {sum(lags)} in {len(lags)} of {len(partitions)} partitions"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=9,
)


@given(_JSON, st.sampled_from([None, 0, 3]))
def test_json_is_indented(value: Any, indent: int | None) -> None:
    """As the standard library does, however it was written."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    assert pretty_json(text) == visible(json.dumps(value, ensure_ascii=False, indent=2))


@pytest.mark.parametrize(
    "text",
    ['{"a":1,"a":2}', "[1.10,1e400,-0.0]", "[12345678901234567890.123]", '["\\u00e9\\"]"]'],
)
def test_indented_json_has_everything(text: str) -> None:
    """Keys that are there twice, digits that a float lacks, and escapes."""
    assert "".join(pretty_json(text).split()) == text


@pytest.mark.parametrize("text", ["", "{", "{'a': 1}", "[" * 300 + "]" * 300, "[" * 99_999])
def test_what_is_not_indented_stays_as_it_is(text: str) -> None:
    """Such as text that is no JSON, and JSON that would be mostly space."""
    assert pretty_json(text) == text


_SECONDS = {"day": 24 * 60 * 60, "hour": 60 * 60, "minute": 60, "second": 1}


@given(st.integers(0, 2**63 - 2) | st.integers(0, 10_000))
def test_durations_are_what_they_say(milliseconds: int) -> None:
    """Exact, or called about: within half of the last digit."""
    words = property_in_words("retention.ms", str(milliseconds))
    if not words:
        assert milliseconds < 1000
        return
    number, unit = words.removeprefix("about ").split(" ")
    said = Fraction(number.replace(",", "")) * _SECONDS[unit.removesuffix("s")] * 1000
    allowed = _SECONDS[unit.removesuffix("s")] * 50 if words.startswith("about ") else 0
    assert abs(said - milliseconds) <= allowed


@pytest.mark.parametrize("value", ["", "delete", "0.5", "9" * 5_000, "-", "1e3", "-1"])
def test_other_values_have_no_words(value: str) -> None:
    """Such as text, fractions, numbers of no property, and -1 where it is no limit."""
    assert property_in_words("segment.ms", value) == ""


@pytest.mark.parametrize("name", sorted(_CASES))
def test_counterexamples_are_json(name: str) -> None:
    """What was written and what is read, and they differ where the finding is that they do."""
    reader, writer = parse_schema(_CASES[name]["reader"]), parse_schema(_CASES[name]["writer"])
    found = find_incompatibilities(reader=reader, writer=writer, drift=True)
    shown = [
        each
        for each in differences(writer, reader).findings
        if each.reads == "a new consumer reads old data"
    ]
    for each, row in zip(found, shown, strict=True):
        if each.counterexample is None:
            assert row.example == ()
            continue
        written, read, *elsewhere = row.example
        values = [json.loads(written.removeprefix("written  "))]
        if each.counterexample.error is None:
            values.append(json.loads(read.removeprefix("read     ")))
            assert json.dumps(values[0]) != json.dumps(values[1]) or elsewhere
        assert bool(elsewhere) == each.counterexample.differs_elsewhere


def test_a_long_that_becomes_a_time_is_visible() -> None:
    """In plain JSON a time is text, and a number is none."""
    long = parse_schema("long")
    time = parse_schema({"type": "long", "logicalType": "timestamp-millis"})
    [finding, _] = differences(long, time).findings
    assert finding.example == ("written  0", 'read     "1970-01-01T00:00:00Z"')


@pytest.mark.parametrize("count", [1, 4, 40])
def test_snippets_are_python(tmp_path: Path, count: int) -> None:
    """However many fields a record has; a line is no wider than its box."""
    project = _project_of(tmp_path, count)
    snippets = dict(contract_page(project, "order").snippets)
    for title in ("Publish", "Consume"):
        ast.parse(snippets[title])
    assert max(map(len, snippets["Publish"].splitlines())) < 70
    assert snippets["Publish"].count("=...") == count


def test_what_people_copy_is_before_the_findings(shop: Shop, tmp_path: Path) -> None:
    """And the findings of one rule are one card, however many there are."""
    _project_of(tmp_path, 40)
    with Sources(shop.config, tmp_path / "streamcontract.toml") as sources:
        client = TestClient(console_app(sources), base_url="http://localhost")
        html = client.get("/contract?name=order").text
    text = Page.parse(html).text
    assert text.index("Fields Field") < text.index("To copy") < text.index("Lint warning")
    assert html.count('class="card"') == 2
    assert "field-doc 40 findings" in text
    assert "field_39 line" in text


def _project_of(folder: Path, count: int) -> Any:
    """A project whose contract order has undocumented fields."""
    file = write_project(folder)
    fields = [{"name": f"field_{each}", "type": "int"} for each in range(count)]
    schema = {"type": "record", "name": "Order", "namespace": "com.example.shop", "fields": fields}
    text = file.read_text("utf-8").replace('key = "order_id"\n', "")
    file.write_text(text, "utf-8")
    (folder / "schemas" / "order.avsc").write_text(json.dumps(schema), "utf-8")
    return find_project(file)
