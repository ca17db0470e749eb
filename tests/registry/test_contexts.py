"""Contexts: one schema id means another schema in each, and nothing mixes them up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from tests.registry.scripted import ScriptedServer, answer, refusal

from streamcontract import SchemaRegistry, parse_schema
from streamcontract.cli import main
from streamcontract.devstack.registry import RegistryServer
from streamcontract.errors import ConfigurationError
from streamcontract.registry import QualifiedSubject, errors
from streamcontract.registry.contexts import context_of
from streamcontract.registry.lock_file import find_lock, read_locks
from streamcontract.registry.protocol import SchemaReference
from streamcontract.registry.references import register_in_order

if TYPE_CHECKING:
    from collections.abc import Iterator

INT, LONG, TEXT = (parse_schema(name) for name in ("int", "long", "string"))
ADDRESS = parse_schema({"type": "record", "name": "shop.Address", "fields": []})
ORDER = parse_schema({"type": "array", "items": "shop.Address"}, references=[ADDRESS])


@pytest.fixture
def staging(server: RegistryServer) -> Iterator[SchemaRegistry]:
    """A client whose URL leads to a context."""
    with SchemaRegistry(f"{server.url}/contexts/.staging") as client:
        yield client


@pytest.mark.parametrize(
    ("text", "context", "name"),
    [
        ("my-topic", ".", "my-topic"),
        (":.my-ctx:my-topic", ".my-ctx", "my-topic"),
        (":.:my-topic", ".", "my-topic"),
        (":.my-ctx:", ".my-ctx", ""),
        (":.ctx:a:b:c", ".ctx", "a:b:c"),
        (":no-dot", ".", ":no-dot"),
        (":.no-second-colon", ".no-second-colon", ""),
    ],
)
def test_subjects_are_read_as_redpanda_reads_them(text: str, context: str, name: str) -> None:
    """The table of its own test of 2026."""
    assert QualifiedSubject.parse(text) == QualifiedSubject(context, name)


contexts = st.text("ab.-_", max_size=4).map(lambda text: f".{text}")
names = st.text(max_size=8)


@given(context=contexts, name=names, own=contexts)
def test_a_subject_survives_being_written(context: str, name: str, own: str) -> None:
    """Whichever context is that of plain names where it is read."""
    subject = QualifiedSubject(context, name)
    assert QualifiedSubject.parse(subject.within(own), own) == subject


@pytest.mark.parametrize("first", ["orders", "other"])
def test_one_id_is_two_schemas(server: RegistryServer, first: str) -> None:
    """Whichever is asked for first, by a client that registered neither."""
    with SchemaRegistry(server.url) as writer:
        assert writer.register("other-value", INT) == 1
        assert writer.register(":.staging:orders-value", TEXT) == 1
    asked = {
        "other": (lambda r: r.schema_by_id(1), INT),
        "orders": (lambda r: r.schema_by_id(1, subject=":.staging:orders-value"), TEXT),
    }
    order: list[tuple[Callable[[SchemaRegistry], object], object]] = [asked[first]]
    order += [each for name, each in asked.items() if name != first]
    with SchemaRegistry(server.url) as reader:
        for _ in range(2):
            for ask, expected in order:
                assert ask(reader) == expected
        assert reader.schema_by_id(1, subject="other-value") == INT
        assert reader.schema_by_id(1, subject=":.:other-value") == INT
        assert reader.version(":.staging:orders-value").schema == TEXT
        assert reader.version("other-value").schema == INT


def test_the_subject_is_sent_where_the_url_does_not_say_the_context(
    scripted: ScriptedServer,
) -> None:
    """A plain one needs no parameter; one of the URL's own context neither."""
    scripted.then(*[answer(200, {"schema": '"int"'})] * 4)
    with SchemaRegistry(scripted.url) as client:
        client.schema_by_id(1, subject="s")
        client.schema_by_id(1, subject=":.a:s")
    with SchemaRegistry(f"{scripted.url}/contexts/a/") as client:
        client.schema_by_id(1, subject=":.a:s")
        client.schema_by_id(1, subject="s")  # known by now
        client.schema_by_id(1, subject=":.:s")
    assert scripted.calls == [
        "GET /schemas/ids/1",
        "GET /schemas/ids/1?subject=%3A.a%3As",
        "GET /contexts/a/schemas/ids/1",
        "GET /contexts/a/schemas/ids/1?subject=%3A.%3As",
    ]


def test_an_id_is_missing_in_one_context_only(
    scripted: ScriptedServer, pauses: list[float]
) -> None:
    """What is not there in one is asked for in another all the same."""
    missing = refusal(404, 40403, "Schema 1 not found")
    scripted.then(*[missing] * 4, answer(200, {"schema": '"int"'}))
    with SchemaRegistry(scripted.url) as client:
        with pytest.raises(errors.SchemaNotFoundError):
            client.schema_by_id(1)
        assert client.schema_by_id(1, subject=":.a:s") == INT
    assert len(pauses) == 3


def test_calls_by_qualified_subjects(registry: SchemaRegistry) -> None:
    """Every call takes one; a context as a whole has a level and a mode."""
    subject = ":.staging:s"
    assert registry.register(subject, INT) == 1
    assert registry.register("s", TEXT) == 1
    assert registry.lookup(subject, INT).id == 1
    assert registry.versions(subject) == [1]
    assert registry.contexts() == [".", ".staging"]
    assert registry.subjects_of_id(1, subject=subject) == [subject]
    assert registry.subjects_of_id(1) == ["s"]
    assert [each.subject for each in registry.versions_of_id(1, subject=subject)] == [subject]
    assert registry.subjects() == [subject, "s"]
    assert registry.subjects(prefix="s") == ["s"]
    assert registry.subjects(prefix=":.staging:") == [subject]
    assert registry.subjects(prefix=":*:s") == [subject, "s"]
    registry.set_compatibility("NONE", ":.staging:")
    registry.set_mode("READONLY", ":.staging:")
    assert registry.compatibility(subject, default_to_global=True) == "NONE"
    assert registry.mode(subject, default_to_global=True) == "READONLY"
    assert registry.delete_mode(":.staging:") == "READONLY"
    with pytest.raises(errors.ContextNotEmptyError):
        registry.delete_context("staging")
    for permanent in (False, True):
        registry.delete_subject(subject, permanent=permanent)
    registry.delete_context(".staging")
    assert registry.contexts() == ["."]
    with pytest.raises(errors.OperationNotPermittedError):
        registry.delete_context(".")
    with pytest.raises(errors.InvalidSubjectError):
        registry.delete_context(".a:b")


def test_calls_by_the_urls_context(registry: SchemaRegistry, staging: SchemaRegistry) -> None:
    """Plain subjects are those of the context, and so are ids and prefixes."""
    assert staging.context == ".staging"
    registry.register("orders-value", TEXT)
    assert staging.register("orders-value", INT) == 1
    assert staging.register("other-value", LONG) == 2
    assert staging.schema_by_id(1) == INT
    assert staging.schema_by_id(1, subject=":.:orders-value") == TEXT
    assert staging.version(":.:orders-value").schema == TEXT
    assert staging.lookup("orders-value", INT).id == 1
    assert staging.version("orders-value").subject == "orders-value"
    assert staging.version(":.staging:orders-value").subject == "orders-value"
    assert staging.version(":.:orders-value").subject == ":.:orders-value"
    assert staging.subjects(prefix="orders") == ["orders-value"]
    assert staging.subjects(prefix=":.staging:orders") == ["orders-value"]
    assert staging.subjects(prefix=":*:orders") == ["orders-value", ":.:orders-value"]
    assert staging.subjects() == ["orders-value", "other-value"]
    assert registry.subjects(prefix="orders") == ["orders-value"]
    assert staging.subjects_of_id(2) == ["other-value"]
    assert staging.compatibility() == "BACKWARD"
    assert staging.mode() == "READWRITE"
    assert staging.id_of("orders-value", INT) == 1
    assert staging.test_compatibility("orders-value", LONG)


@pytest.mark.parametrize("subject", ["orders-value", ":.staging:orders-value", ":.x:orders-value"])
@pytest.mark.parametrize("url", ["", "/contexts/.staging"])
def test_references_are_registered_in_the_context_of_what_refers_to_them(
    server: RegistryServer, subject: str, url: str
) -> None:
    """And are found there by another client, whose URL leads elsewhere."""
    with SchemaRegistry(server.url + url) as client:
        context = client.qualified(subject).context
        found = client.register_with_references(subject, ORDER)
        assert client.register_with_references(subject, ORDER) == found
        assert client.id_of(subject, ORDER) == found.id
        assert client.id_of(subject, ORDER, auto_register=False) == found.id
        assert [each.is_new for each in register_in_order(client, subject, ORDER)] == [False] * 2
    with SchemaRegistry(server.url) as reader:
        address = str(QualifiedSubject(context, "shop.Address"))
        orders = str(QualifiedSubject(context, "orders-value"))
        assert reader.subjects() == sorted([address, orders])
        schema = reader.schema_by_id(found.id, subject=orders)
        assert schema.canonical_form == ORDER.canonical_form
        assert reader.version(orders).schema.canonical_form == ORDER.canonical_form


def test_a_reference_into_another_context(registry: SchemaRegistry) -> None:
    """By its qualified name; the same subject's version here is another schema."""
    registry.register(":.shared:shop.Address", ADDRESS)
    registry.register("shop.Address", INT)
    reference = SchemaReference("shop.Address", ":.shared:shop.Address", 1)
    schema_id = registry.register("orders-value", ORDER, references=[reference])
    with SchemaRegistry(registry.urls[0]) as fresh:
        assert fresh.schema_by_id(schema_id).canonical_form == ORDER.canonical_form


def test_a_name_given_to_a_primitive_by_a_reference(registry: SchemaRegistry) -> None:
    """Redpanda and Confluent's let a schema use it; what is read stands alone."""
    registry.register("text", TEXT)
    uses = parse_schema({"type": "array", "items": "string"})
    body = {
        "schema": '{"type": "array", "items": "shop.Text"}',
        "references": [{"name": "shop.Text", "subject": "text", "version": 1}],
    }
    registry._transport.send("POST", "/subjects/texts/versions", body=body)
    assert registry.version("texts").schema == uses
    assert registry.schema_by_id(2).canonical_form == uses.canonical_form


@pytest.mark.parametrize(
    ("urls", "context"),
    [
        (["http://a"], "."),
        (["http://a/registry"], "."),
        (["http://a/contexts/.staging"], ".staging"),
        (["http://a/contexts/staging/"], ".staging"),
        (["http://a/ccompat/v7/contexts/%3A.staging%3A"], ".staging"),
        (["http://a/contexts/.b", "http://b/contexts/b"], ".b"),
        (["http://a/contexts/.b/more"], "."),
    ],
)
def test_the_context_of_a_url(urls: list[str], context: str) -> None:
    """In each form that registries take; several URLs lead to one."""
    assert context_of(urls) == context
    with SchemaRegistry(urls) as client:
        assert client.context == context


def test_urls_that_lead_to_several_contexts() -> None:
    """Which of them is asked would decide what an id means."""
    with pytest.raises(ConfigurationError, match=r"\. and \.staging"):
        SchemaRegistry(["http://a", "http://b/contexts/.staging"])
    with pytest.raises(ConfigurationError, match="contains a colon"):
        SchemaRegistry("http://a/contexts/.a:b")


# The lock file and the commands

PROJECT = """\
[contracts.order]
schema = "order.avsc"
topic = "orders"
"""
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on a project with one contract, which refers to a type."""
    monkeypatch.delenv("STREAMCONTRACT_ENVIRONMENT", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "streamcontract.toml").write_text(PROJECT)
    (tmp_path / "address.avsc").write_text(ADDRESS.json)
    fields = [{"name": "to", "type": "shop.Address"}]
    order: dict[str, Any] = {"type": "record", "name": "shop.Order", "fields": fields}
    (tmp_path / "order.avsc").write_text(json.dumps(order))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, list(arguments))

    return run


def test_commands_and_lock_in_the_urls_context(
    run: Run, server: RegistryServer, registry: SchemaRegistry, tmp_path: Path
) -> None:
    """register, check and lock see the context's subjects, and the lock says which it is."""
    registry.register("orders-value", INT)
    url = f"{server.url}/contexts/.staging"
    registered = run("register", "--registry", url, "--environment", "dev")
    assert registered.exit_code == 0, registered.output
    assert registry.contexts() == [".", ".staging"]
    assert "Nothing to change" in run("register", "--registry", url).output
    assert run("check", "--against", f"registry:{url}").exit_code == 0
    for arguments in (("--registry", url, "--environment", "dev"), ("--offline",)):
        checked = run("lock", "--check", *arguments)
        assert checked.exit_code == 0, checked.output
    document = json.loads((tmp_path / "streamcontract.lock").read_text())
    assert document["format"] == 2
    environment = document["environments"]["dev"]
    assert environment["context"] == ".staging"
    locked = environment["contracts"]["order"]["value"]
    assert (locked["subject"], locked["id"]) == ("orders-value", 2)
    assert [each["subject"] for each in locked["references"]] == ["shop.Address"]
    elsewhere = run("register", "--registry", server.url, "--environment", "dev")
    assert elsewhere.exit_code == 2
    assert ".staging, and the registry's URL has ." in elsewhere.output


def test_a_lock_answers_in_its_context_alone(
    run: Run, server: RegistryServer, tmp_path: Path
) -> None:
    """A client of another one refuses it; ids of another one are the registry's to answer."""
    url = f"{server.url}/contexts/.staging"
    assert run("register", "--registry", url, "--environment", "dev").exit_code == 0
    lock = find_lock(tmp_path / "streamcontract.lock", "dev")
    assert lock is not None
    order = parse_schema(tmp_path / "order.avsc")
    with SchemaRegistry(server.url) as writer:
        writer.register("other", LONG)
        writer.register("another", TEXT)
    with SchemaRegistry(url, lock=lock) as client:
        assert client.id_of("orders-value", order) == 2
        assert client.id_of(":.staging:orders-value", order) == 2
        assert client.schema_by_id(2).canonical_form == order.canonical_form
        assert client.schema_by_id(2, subject=":.:another") == TEXT
        assert client.id_of(":.:orders-value", order) > 2
    server.close()
    with SchemaRegistry(url, lock=lock, max_retries=0) as client:
        assert client.id_of("orders-value", order) == 2
    with pytest.raises(ConfigurationError, match=r"has context \.staging"):
        SchemaRegistry(server.url, lock=lock)


def test_a_lock_of_a_release_without_contexts_is_written_anew(
    run: Run, server: RegistryServer, tmp_path: Path
) -> None:
    """It took a qualified subject for a plain one, and every id for one of the same kind."""
    url = f"{server.url}/contexts/.staging"
    assert run("register", "--registry", url, "--environment", "dev").exit_code == 0
    path = tmp_path / "streamcontract.lock"
    document = json.loads(path.read_text())
    document["format"] = 1
    del document["environments"]["dev"]["context"]
    document["environments"]["dev"]["contracts"]["order"]["value"]["subject"] = ":.staging:orders"
    path.write_text(json.dumps(document))
    with pytest.raises(ConfigurationError, match="run `streamcontract lock`"):
        read_locks(path)


@pytest.mark.parametrize("context", [None, ".staging"])
def test_the_format_says_whether_there_are_contexts(tmp_path: Path, context: str | None) -> None:
    """A release that does not know them must not take one's ids for the default one's."""
    path = tmp_path / "streamcontract.lock"
    wrong = 2 if context is None else 1
    environment: dict[str, Any] = {"contracts": {}, "schemas": {}} | (
        {"context": context} if context else {}
    )
    path.write_text(json.dumps({"format": wrong, "environments": {"dev": environment}}))
    with pytest.raises(ConfigurationError, match=rf"format: expected {3 - wrong} for its content"):
        read_locks(path)


@pytest.mark.parametrize("context", ["staging", ".a:b", "", 7])
def test_a_context_in_a_lock_is_checked(
    run: Run, server: RegistryServer, tmp_path: Path, context: object
) -> None:
    """The message names the place."""
    url = f"{server.url}/contexts/.staging"
    assert run("register", "--registry", url, "--environment", "dev").exit_code == 0
    path = tmp_path / "streamcontract.lock"
    document = json.loads(path.read_text())
    document["environments"]["dev"]["context"] = context
    path.write_text(json.dumps(document))
    with pytest.raises(ConfigurationError, match=r"environments\.dev\.context"):
        read_locks(path)
