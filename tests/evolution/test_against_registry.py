"""``streamcontract check --against registry`` on the embedded registry."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from tests.evolution.scratch import ADDRESS, ORDER, PROJECT, Scratch

from streamcontract.cli import main
from streamcontract.registry import SchemaRegistry, transport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.devstack import DevStack

OPTIONAL = ORDER.replace(
    '{"name": "id", "type": "string"},',
    '{"name": "id", "type": "string"},\n    {"name": "note", "type": "string", "default": ""},',
)
REQUIRED = OPTIONAL.replace(', "default": ""', "")


@pytest.fixture
def registry(stack: DevStack) -> Iterator[SchemaRegistry]:
    """The stack's registry."""
    with SchemaRegistry(stack.registry_url) as registry:
        yield registry


@pytest.fixture
def against(stack: DevStack) -> str:
    """The registry as a source."""
    return f"registry:{stack.registry_url}"


@pytest.fixture
def subject(scratch: Scratch) -> str:
    """The subject of the project's contract, which no other test has."""
    topic = f"orders-{uuid.uuid4().hex[:12]}"
    space = f"com.example.{topic.replace('-', '_')}"
    scratch.write(
        order=ORDER.replace("com.example", space),
        address=ADDRESS.replace("com.example", space),
        toml=PROJECT.replace('"orders"', f'"{topic}"'),
    )
    return f"{topic}-value"


def rewrite(scratch: Scratch, text: str) -> None:
    """Replace the order's schema, leaving its namespace."""
    file = scratch.folder / "schemas" / "order.avsc"
    space = file.read_text().partition('"namespace": "')[2].partition('"')[0]
    file.write_text(text.replace("com.example", space))


def register(against: str) -> None:
    """Register the project's contracts."""
    url = against.removeprefix("registry:")
    result = CliRunner().invoke(main, ["register", "--registry", url])
    assert result.exit_code == 0, result.output


def test_a_new_contract_then_the_same_then_a_break(
    scratch: Scratch, subject: str, against: str
) -> None:
    """A subject that is not there is new; references are those that the registry has."""
    assert list(scratch.notes(against=against)) == ["new-contract"]
    register(against)
    outcome = scratch.check(against=against)
    assert (outcome.code, outcome.output) == (0, f"clean: 1 contract against {against}\n")
    rewrite(scratch, REQUIRED)
    outcome = scratch.check("--format", "json", against=against)
    assert outcome.code == 1
    [finding] = outcome.report["findings"]
    assert finding["rule"] == "READER_FIELD_MISSING_DEFAULT_VALUE"
    assert finding["now"]["line"] == 7
    assert finding["against"] == [f"{subject} version 1"]


def test_a_registered_reference_counts(scratch: Scratch, subject: str, against: str) -> None:
    """A fault in a referenced type is shown in that type's own text, on both sides."""
    register(against)
    file = scratch.folder / "schemas" / "address.avsc"
    file.write_text(file.read_text().replace('"string"', '"long"'))
    outcome = scratch.check("--format", "json", against=against)
    [finding] = outcome.report["findings"]
    assert finding["now"]["file"] == "schemas/address.avsc"
    assert finding["before"]["file"].endswith(f".Address of {subject} version 1")
    assert finding["before"]["pointer"] == "/fields/0/type"


def test_transitive_levels_take_all_versions(scratch: Scratch, subject: str, against: str) -> None:
    """What only the first version breaks on is found under a transitive level."""
    register(against)
    rewrite(scratch, OPTIONAL)
    register(against)
    rewrite(scratch, REQUIRED)
    assert scratch.found(against=against) == []
    outcome = scratch.check("--level", "BACKWARD_TRANSITIVE", "--format", "json", against=against)
    assert outcome.code == 1
    [finding] = outcome.report["findings"]
    assert finding["against"] == [f"{subject} version 1"]
    [contract] = outcome.report["contracts"]
    assert contract["versions"] == [f"{subject} version 2", f"{subject} version 1"]


def test_without_a_level_it_is_the_registrys(
    scratch: Scratch, subject: str, against: str, registry: SchemaRegistry
) -> None:
    """A contract that names no level is held to what the registry would hold it to."""
    register(against)
    scratch.write(
        toml=(scratch.folder / "streamcontract.toml")
        .read_text()
        .replace('compatibility = "BACKWARD"', "")
    )
    topic = (scratch.folder / "streamcontract.toml").read_text()
    scratch.write(toml=topic.replace('topic = "orders-', 'topic = "new-orders-'))
    [contract] = scratch.check("--format", "json", against=against).report["contracts"]
    assert contract["level"] == registry.compatibility()
    scratch.write(toml=topic)
    rewrite(scratch, REQUIRED)
    for level, code in (("NONE", 0), ("BACKWARD", 1)):
        registry.set_compatibility(level, subject)
        outcome = scratch.check("--format", "json", against=against)
        assert outcome.code == code
        assert outcome.report["contracts"][0]["level"] == level


def test_verdicts_are_those_of_the_registry(
    scratch: Scratch, subject: str, against: str, registry: SchemaRegistry
) -> None:
    """What ``check`` lets pass can be registered, and what it does not is refused."""
    register(against)
    for text, is_clean in ((REQUIRED, False), (OPTIONAL, True)):
        rewrite(scratch, text)
        assert (scratch.check(against=against).code == 0) is is_clean
        url = against.removeprefix("registry:")
        refused = CliRunner().invoke(main, ["register", "--registry", url]).exit_code == 1
        assert refused is not is_clean


def test_a_contract_without_a_topic(scratch: Scratch, against: str) -> None:
    """It has no subject, and that is said: nothing passes unchecked in silence."""
    scratch.write(order=ORDER, address=ADDRESS, toml=PROJECT.replace('topic = "orders"', ""))
    assert scratch.notes(against=against)["not-checked"].startswith("not checked: without a topic")
    output = scratch.check("--format", "junit", against=against).output
    assert 'skipped="1"' in output


def test_the_environments_registry(
    scratch: Scratch, subject: str, stack: DevStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``registry`` alone is the one that the environment names; credentials are not shown."""
    with_user = stack.registry_url.replace("//", "//user:secret@")
    monkeypatch.setenv("STREAMCONTRACT_REGISTRY_URL", with_user)
    outcome = scratch.check(against="registry")
    assert outcome.code == 0
    assert f"registry:{stack.registry_url}" in outcome.output
    assert "secret" not in outcome.output


def test_a_registry_that_does_not_answer(
    scratch: Scratch, subject: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2: it could not be checked."""
    monkeypatch.setattr(transport, "sleep", lambda _: None)
    outcome = scratch.check(against="registry:http://127.0.0.1:1/")
    assert outcome.code == 2
    assert "127.0.0.1:1" in outcome.error
