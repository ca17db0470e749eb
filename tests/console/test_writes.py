"""What a console that may write says before it writes, and what it has written."""

from __future__ import annotations

import contextlib
import functools
import json
import re
from typing import TYPE_CHECKING, Any

import attrs
import confluent_kafka
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from tests.console.shop import write_project

from streamcontract import Codec, parse_schema
from streamcontract.console import results as of_forms
from streamcontract.console import writes, writing_views
from streamcontract.console.pages import letters
from streamcontract.console.pages.dead_letters import REASONS
from streamcontract.console.pages.letters import letters_page
from streamcontract.console.pages.replays import replay_page
from streamcontract.console.pages.topic import head_of
from streamcontract.console.results import Results
from streamcontract.console.routes import console_app
from streamcontract.console.sources import Sources
from streamcontract.console.writes import _key
from streamcontract.kafka.admin.topics import ensure_topic
from streamcontract.kafka.connection.bounded_read import bounded_reader, read_between
from streamcontract.kafka.contract.topic_deserializer import POISON
from streamcontract.kafka.dead_letters.dead_letter import FIRST_HEADER
from streamcontract.messages.keys import FieldKeys, RawKeys, SchemaKeys, bytes_as_json
from streamcontract.messages.values import Form
from streamcontract.registry import SchemaRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.console.conftest import Shop

    from streamcontract.messages.keys import Keys

_REFUND: Any = {
    "type": "record",
    "name": "Refund",
    "fields": [{"name": "amount", "type": "int"}, {"name": "note", "type": "string"}],
}
_FILLED = {"field:amount": "3", "field:note": "late"}


@pytest.fixture
def topic(shop: Shop, request: pytest.FixtureRequest) -> str:
    """A topic with the name of the test."""
    name = request.node.name.removeprefix("test_")
    ensure_topic(name, shop.config, partitions=3)
    return str(name)


@pytest.fixture
def refunds(shop: Shop, topic: str, tmp_path: Path) -> Iterator[Shop]:
    """The shop with one contract more, of the topic."""
    with _console(shop, topic, tmp_path) as found:
        yield found


@contextlib.contextmanager
def _console(shop: Shop, topic: str, folder: Path, **config: Any) -> Iterator[Shop]:
    """A console of the shop, whose project has one contract more."""
    file = write_project(folder)
    (folder / "schemas" / "refund.avsc").write_text(json.dumps(_REFUND), "utf-8")
    table = f'[contracts.refund]\nschema = "schemas/refund.avsc"\ntopic = "{topic}"\n'
    file.write_text(f"{file.read_text('utf-8')}\n{table}", "utf-8")
    with Sources({**shop.config, **config}, file) as sources:
        app = console_app(sources, allow_writes=True)
        client = TestClient(app, base_url="http://localhost")
        yield attrs.evolve(shop, project=file, sources=sources, client=client)


def _post(shop: Shop, address: str, **form: str) -> Any:
    """The answer to a form itself, which may lead elsewhere."""
    token = shop.page("/topics/new").value_of("token")
    return shop.client.post(
        address,
        data={"token": token, **form},
        headers={"Origin": "http://localhost"},
        follow_redirects=False,
    )


def _messages(shop: Shop, topic: str) -> list[confluent_kafka.Message]:
    """Every message of a topic."""
    cluster = shop.sources.cluster
    begins, ends = cluster.bounds(topic, cluster.partitions(topic))
    client = bounded_reader(cluster)
    found = [*read_between(client, topic, begins, ends, timeout=30)]
    client.close()
    return [raw for batch in found for raw in batch]


def test_a_first_record_registers(refunds: Shop, topic: str) -> None:
    """Which is said before, as long as it is so."""
    said = f"Sending the first record registers the schema as version 1 of {topic}-value."
    address = f"/topic/produce?name={topic}"
    assert said in refunds.page(address).text
    assert said in refunds.send(address, 422, name=topic, **{"field:amount": "x"}).text
    sent = refunds.send(address, name=topic, **_FILLED)
    assert "Sent The brokers have it." in sent.text
    assert said not in sent.text
    assert refunds.sources.registry.versions(f"{topic}-value") == [1]


def test_a_later_version(refunds: Shop, topic: str) -> None:
    """Of a subject that has others."""
    older = {**_REFUND, "fields": [*_REFUND["fields"], {"name": "old", "type": "int"}]}
    refunds.sources.registry.register(f"{topic}-value", parse_schema(older))
    said = f"Sending a record registers the schema as version 2 of {topic}-value."
    assert said in refunds.page(f"/topic/produce?name={topic}").text


def test_a_schema_that_the_registry_refuses(refunds: Shop, topic: str) -> None:
    """Is said before, and after: with what was filled in, and nothing is sent."""
    older = {**_REFUND, "fields": [{"name": "amount", "type": "string"}]}
    refunds.sources.registry.register(f"{topic}-value", parse_schema(older))
    address = f"/topic/produce?name={topic}"
    assert "It is not compatible with the latest version" in refunds.page(address).text
    refused = refunds.send(address, 400, name=topic, **_FILLED)
    assert "Not sent" in refused.text
    assert "HTTP 409" in refused.text
    assert refused.value_of("field:note") == "late"
    assert _messages(refunds, topic) == []


def test_a_console_that_does_not_register(shop: Shop, topic: str, tmp_path: Path) -> None:
    """By the configuration of its clients."""
    config = {"auto.register.schemas": False}
    with _console(shop, topic, tmp_path, **config) as console:
        address = f"/topic/produce?name={topic}"
        assert "auto.register.schemas is false, so nothing is sent" in console.page(address).text
        refused = _post(console, address, name=topic, **_FILLED)
        assert refused.status_code >= 400
        assert "Not sent" in refused.text


def test_every_fault_is_said_at_once(refunds: Shop, topic: str) -> None:
    """At the top with a link, and under its field."""
    form = {"field:amount": "many", "headers": "a: b\r\nno header", "partition": "x"}
    page = refunds.send("/topic/produce", 422, name=topic, **form)
    for path, control in [
        ("Refund.amount", "field%3Aamount"),
        ("Refund.note", "field%3Anote"),
        ("headers", "headers"),
        ("partition", "partition"),
    ]:
        assert f"{path} :" in page.text
        assert f"#{control}" in page.addresses
    marked = [names for _, names in page.structure if "aria-invalid" in names]
    assert len(marked) == 4
    assert all("aria-describedby" in names for names in marked)
    assert page.value_of("field:amount") == "many"


def test_each_control_has_a_name_of_its_own_and_its_words(shop: Shop) -> None:
    """For who hears the form: which field a choice of null is of, what it means, what is wrong."""
    html = _post(shop, "/topic/produce", name="orders").text
    ids = re.findall(r' id="([^"]*)"', html)
    assert len(ids) == len(set(ids))
    described = [each.split() for each in re.findall(r' aria-describedby="([^"]*)"', html)]
    assert ["fault-field:order_id", "doc-field:order_id"] in described
    assert {each for of_one in described for each in of_one} <= set(ids)
    labels = re.findall(r' aria-label="((?:null|empty): [^"]*)"', html)
    assert "null: note" in labels
    assert "empty: note" in labels
    assert len(labels) == len(set(labels))


def test_a_sent_record_has_its_place(refunds: Shop, topic: str) -> None:
    """On a page that may be loaded again: it sends nothing."""
    form = {**_FILLED, "key": "K-1", "headers": "trace: 1a2b\r\nempty:", "partition": "2"}
    answer = _post(refunds, "/topic/produce", name=topic, **form)
    assert answer.status_code == 303
    page = refunds.page(answer.headers["location"])
    assert "The brokers have it. Partition 2, offset 0" in page.text
    assert refunds.page(answer.headers["location"]).text == page.text
    (message,) = _messages(refunds, topic)
    assert (message.key(), message.partition()) == (b"K-1", 2)
    assert message.headers() == [("trace", b"1a2b"), ("empty", b"")]
    [link] = {each for each in page.addresses if "from=0" in each}
    assert "1 message, " in refunds.page(link).text


def test_a_link_claims_no_result(refunds: Shop, topic: str) -> None:
    """Neither a made-up one nor that of another topic."""
    answer = _post(refunds, "/topic/produce", name=topic, **_FILLED)
    result = answer.headers["location"].rpartition("result=")[2]
    for address in (
        f"/topic/produce?name={topic}&result=made-up",
        f"/topic/produce?name=orders&result={result}",
        f"/dead-letters/topic?name=orders.dlq&result={result}",
    ):
        text = refunds.page(address).text
        assert "The brokers have it" not in text
        assert "went back" not in text


def test_a_tombstone(refunds: Shop, topic: str) -> None:
    """Has a key and no value; what is filled in is not left out in silence."""
    page = refunds.send("/topic/produce", 422, name=topic, tombstone="1", **_FILLED)
    assert "a tombstone has no value, and fields are filled in" in page.text
    page = refunds.send("/topic/produce", 422, name=topic, tombstone="1")
    assert "a tombstone deletes its key, so it has one" in page.text
    page = refunds.send("/topic/produce", name=topic, tombstone="1", key="K-1")
    assert "Sent" in page.text
    assert [(each.key(), each.value()) for each in _messages(refunds, topic)] == [(b"K-1", None)]


def _keyed(node: str) -> Keys:
    """Keys that are a field of a type."""
    fields = [{"name": "k", "type": node}]
    return FieldKeys("k", parse_schema({"type": "record", "name": "R", "fields": fields}))


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
_NUMBERS = ["0", "123", "-1", "12345678901234567890", "1.50", "1e2", "007", " 12 "]


@pytest.mark.parametrize("keys", [RawKeys(), _keyed("string")], ids=["none", "field"])
@given(st.text(min_size=1) | st.sampled_from(_NUMBERS) | _JSON.map(json.dumps))
def test_a_key_of_text_is_what_was_filled_in(keys: Keys, text: str) -> None:
    """Numbers, ``null`` and JSON too: of text, they are text."""
    filled = text.encode("utf-8", "replace").decode()  # a browser sends no lone surrogates
    assert keys.encode(_key(filled, keys)) == filled.encode()


def test_a_key_of_bytes_is_filled_in_as_it_is_shown() -> None:
    """So that a key can be copied from the page of a message."""
    assert RawKeys().encode(_key(json.dumps(bytes_as_json(b"\xff")), RawKeys())) == b"\xff"


@pytest.mark.parametrize(("text", "sent"), [("12", b"12"), (" 12 ", b"12"), ("-0", b"0")])
def test_a_key_of_a_number(text: str, sent: bytes) -> None:
    """Is the number."""
    keys = _keyed("long")
    assert keys.encode(_key(text, keys)) == sent


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ("string", '"K-1"', "K-1"),
        ("string", "K-1", "K-1"),
        ("string", "123", "123"),
        ("string", '"123"', "123"),
        ("double", "1.5", 1.5),
        ("boolean", "true", True),
        ({"type": "array", "items": "int"}, "[1, 2]", [1, 2]),
        (["null", "long"], "null", None),
        (["null", "string"], "null", None),
        (["null", "string"], '"null"', "null"),
    ],
    ids=str,
)
def test_a_key_with_a_schema_is_json(schema: Any, text: str, value: Any) -> None:
    """A text needs no quotes."""
    parsed = parse_schema(schema)
    keys = SchemaKeys(parsed, Form())
    assert Codec[Any](parsed).decode(keys.encode(_key(text, keys))) == value


def test_trying_again_has_an_address_that_servers_take(refunds: Shop, topic: str) -> None:
    """With what was filled in, as far as an address goes."""
    for note in ("short", "x" * 50_000):
        form = {**_FILLED, "field:note": note}
        page = refunds.send("/topic/produce", 400, name=topic, contract="none", **form)
        [again] = {each for each in page.addresses if each.startswith("/topic/produce?")}
        assert f"name={topic}" in again
        assert len(again) < 2**13
        assert ("field%3Anote" in again) == (note == "short")


def test_a_partition_that_there_is_not(refunds: Shop, topic: str) -> None:
    """The topic may have been created anew since the form was loaded."""
    page = refunds.send("/topic/produce", 422, name=topic, partition="7", **_FILLED)
    assert "partition : the topic has no partition 7: they are 0 to 2" in page.text
    assert _messages(refunds, topic) == []


def test_a_topic_that_is_not_there_any_more(shop: Shop, topic: str, tmp_path: Path) -> None:
    """Brokers may create a topic for a message, with other partitions than it had."""
    name = f"{topic}.deleted"
    with _console(shop, name, tmp_path) as console:
        page = console.send("/topic/produce", 404, name=name, **_FILLED)
        assert "Create this topic" in page.text
        assert name not in console.sources.cluster.topics()


def test_a_contract_that_changed_since_its_form_was_loaded(refunds: Shop, topic: str) -> None:
    """Nothing of the form is left out, and nothing is sent that it did not show."""
    address = f"/topic/produce?name={topic}"
    version = refunds.page(address).value_of("version")
    file = refunds.project.parent / "schemas" / "refund.avsc"
    fields = [_REFUND["fields"][0], {"name": "rate", "type": "double", "default": 1.5}]
    file.write_text(json.dumps({**_REFUND, "fields": fields}), "utf-8")
    page = refunds.send(address, 422, name=topic, version=version, **_FILLED)
    assert "the schema has changed since this form was loaded" in page.text
    assert "note: there is no such field in the form: 'late' was filled in" in page.text
    assert _messages(refunds, topic) == []
    assert page.value_of("version") != version
    form = {"field:amount": page.value_of("field:amount"), "version": page.value_of("version")}
    assert "Sent" in refunds.send(address, name=topic, **form).text


def test_a_contract_that_changes_while_its_form_is_read(refunds: Shop, topic: str) -> None:
    """The record is sent with the schema that it was made for, or not at all."""
    target = writes.target_of(topic, refunds.sources)
    file = refunds.project.parent / "schemas" / "refund.avsc"
    file.write_text(json.dumps({**_REFUND, "name": "Refunded"}), "utf-8")
    sent = writes.send(_FILLED, target, refunds.sources)
    assert "the schema has changed" in " ".join(each.text for each in sent.faults)


def test_a_topic_that_is_there_is_not_created(shop: Shop, topic: str) -> None:
    """Whether or not a number of partitions was asked for, and whichever."""
    said = f"{topic} is there already, with 3 partitions"
    assert f"{said}." in shop.send("/topics/new", 409, name=topic).text
    assert f"{said}." in shop.send("/topics/new", 409, name=topic, partitions="3").text
    other = shop.send("/topics/new", 409, name=topic, partitions="1").text
    assert f"{said}; 1 was asked for." in other


@pytest.mark.parametrize("name", ["", "a b", "..", "x" * 250, "ä", "a/b"])
def test_a_topic_of_an_illegal_name_is_not_created(shop: Shop, name: str) -> None:
    """The form says why, with what was filled in."""
    page = shop.send("/topics/new", 400, name=name, partitions="2")
    assert "Not created" in page.text
    assert "is no legal topic name" in page.text
    assert page.value_of("partitions") == "2"


def test_a_record_waits_as_long_as_a_page_does(
    refunds: Shop, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the registry: a client of the defaults waits for a minute, and holds a thread."""
    monkeypatch.delattr(SchemaRegistry, "from_config")
    assert "Sent" in refunds.send("/topic/produce", name=topic, **_FILLED).text


def test_a_number_beyond_floating_point_is_not_infinity(refunds: Shop, topic: str) -> None:
    """JSON has no such number, whose text is one."""
    page = refunds.send("/topic/produce", 422, name=topic, **{**_FILLED, "field:amount": "1e999"})
    assert "a number is beyond 64 bits of floating point" in page.text


def test_only_the_latest_results_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory does not grow with the forms that are sent."""
    monkeypatch.setattr(of_forms, "_MOST", 3)
    results = Results()
    names = [results.keep("orders", number) for number in range(9)]
    assert [results.of(name, "orders", int) for name in names] == [None] * 6 + [6, 7, 8]


def test_every_reason_is_explained() -> None:
    """All errors that make a message poison, and a message that is no dead letter."""
    classes = {each for error in POISON for each in (error, *_below(error))}
    assert {each.__name__ for each in classes if not each.__name__.startswith("_")} <= set(REASONS)


def _below(error: type[Exception]) -> Iterator[type[Exception]]:
    for each in error.__subclasses__():
        yield each
        yield from _below(each)


def test_an_ordinary_topic_has_no_dead_letters(shop: Shop) -> None:
    """Nothing in it is replayed, and there is no button that would."""
    page = shop.page("/dead-letters/topic?name=orders")
    assert "orders looks like an ordinary topic" in page.text
    assert not [each for each in page.addresses if "replay" in each]
    assert "token" not in page.values
    assert "Nothing to replay in orders" in shop.page("/dead-letters/replay?name=orders").text


def test_a_reason_is_said_once(shop: Shop) -> None:
    """In the list and where it opens; then only that it is still so."""
    text = shop.page("/dead-letters/topic?name=orders.dlq&error=FrameError").text
    assert text.count("it was not written by a serializer that frames with a schema id") == 2
    assert text.count("Still so today.") == 1
    assert "Failed (UTC)" in text
    assert "messages of orders.dlq" in text


def test_a_dead_letter_shows_its_value(shop: Shop) -> None:
    """Also where nothing reads it: as text, and its bytes."""
    text = shop.page("/dead-letters/topic?name=orders.dlq").text
    assert 'The value is text: Copy {"order_id": "written as JSON by mistake"}' in text
    assert "00 00 00 27 10" in text  # the frame of a schema id that the registry does not have


def test_dead_letters_have_times_and_links(shop: Shop) -> None:
    """And a few words on each reason."""
    page = shop.page("/dead-letters")
    assert f"FrameError {REASONS['FrameError']}" in page.text
    assert "First failed (UTC)" in page.text
    assert "/topic?name=orders" in page.addresses


def _letters(shop: Shop, source: str, values: list[bytes | None]) -> None:
    """Dead letters of a topic."""
    producer = confluent_kafka.Producer({"bootstrap.servers": shop.config["bootstrap.servers"]})
    prefix = FIRST_HEADER.removesuffix("version")
    for offset, value in enumerate(values):
        facts = {
            "version": "1",
            "error": "SchemaNotFoundError",
            "text": "there was none",
            "topic": source,
            "partition": "0",
            "offset": str(offset),
            "time": "2026-11-30T22:00:00+00:00",
            "attempt": "1",
        }
        headers: Any = [(f"{prefix}{name}", each.encode()) for name, each in facts.items()]
        producer.produce(f"{source}.dlq", value, b"K-1", headers=headers)
    assert producer.flush(60) == 0


@pytest.mark.searching
def test_all_are_counted(refunds: Shop, topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a replay that takes more than its page has read, on a page that asks."""
    monkeypatch.setattr(letters, "_SHOWN", 4)
    schema_id = refunds.sources.registry.register(f"{topic}-value", parse_schema(_REFUND))
    record = Codec[Any](parse_schema(_REFUND)).encode({"amount": 1, "note": ""})
    readable = bytes([0]) + schema_id.to_bytes(4, "big") + record
    ensure_topic(f"{topic}.dlq", refunds.config, partitions=1)
    _letters(refunds, topic, [readable, b"{}", None] * 5)
    page = refunds.page(f"/dead-letters/topic?name={topic}.dlq")
    assert "token" not in page.values  # no form
    [link] = {each for each in page.addresses if "replay" in each}
    asked = refunds.page(link).text
    assert f"Replay 10 dead letters of {topic}.dlq?" in asked
    assert "5 unreadable" in asked
    assert f"They are appended to {topic}: every consumer group that reads the topic gets" in asked
    answer = _post(refunds, link, name=f"{topic}.dlq")
    assert answer.status_code == 303
    done = refunds.page(answer.headers["location"]).text
    assert "10 went back to their topics, 5 stay open." in done
    assert [each.value() for each in _messages(refunds, topic)] == [readable, None] * 5
    assert f"Nothing to replay in {topic}.dlq" in refunds.page(link).text


def test_dead_letters_without_a_leader_are_not_counted(shop: Shop) -> None:
    """Neither page claims to have read all of them."""
    state = head_of("orders.dlq", shop.sources).state
    assert letters_page(state, None, shop.sources).is_whole
    assert replay_page(state, shop.sources).is_whole
    silent = attrs.evolve(state.partitions[0], leader=None, first=None, end=None)
    part = attrs.evolve(state, partitions=(silent, *state.partitions[1:]))
    letters = letters_page(part, None, shop.sources)
    assert not letters.is_whole
    assert "have no leader" in letters.notices[-1].title
    assert not replay_page(part, shop.sources).is_whole


def test_a_count_of_a_part_says_so(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser does not wait for any number of messages."""
    state = head_of("orders.dlq", shop.sources).state
    assert replay_page(state, shop.sources).is_whole
    assert not replay_page(state, shop.sources, most=1).is_whole
    monkeypatch.setattr(writing_views, "replay_page", functools.partial(replay_page, most=1))
    page = shop.page("/dead-letters/replay?name=orders.dlq")
    assert "Only the newest were counted." in page.text
    assert "token" in page.values  # and a form for all of them
