"""``streamcontract check`` against versions that no author may write: real verdicts, and a note."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from tests.registry.scripted import ScriptedServer, answer

from streamcontract.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.evolution.scratch import Scratch

ORDER = """{
  "type": "record",
  "name": "Order",
  "fields": [
    {"name": "id", "type": "string"},
    {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}},
    {"name": "other", "type": "Kind"}
  ]
}
"""
KIND = '{"type": "enum", "name": "Kind", "symbols": ["A", "B"]}'
PROJECT = """
[contracts.order]
schema = "schemas/order.avsc"
topic = "orders"
compatibility = "BACKWARD"
"""
BROKEN_ID = ORDER.replace('"string"', '"int"')


def replaced(old: str, new: str) -> Callable[[str], str]:
    """Put something wrong in the place of what is right."""
    return lambda text: text.replace(old, new)


BREAKS: dict[str, Callable[[str], str]] = {
    "duplicate-key": replaced('"name": "Order",', '"name": "Order", "doc": "a", "doc": "b",'),
    "comment": lambda text: f"// what we sell\n{text}",
    "not-finite": replaced('"name": "Order",', '"name": "Order", "x-limit": NaN,'),
    "name": replaced('"name": "Order"', '"name": "Order-1"'),
    "namespace": replaced('"name": "Order",', '"name": "Order", "namespace": 1,'),
    "alias-taken": replaced('"name": "id",', '"name": "id", "aliases": ["kind"],'),
    "aliases": replaced('"name": "id",', '"name": "id", "aliases": "number",'),
    "doc": replaced('"name": "Order",', '"name": "Order", "doc": ["one"],'),
    "order": replaced('"name": "id",', '"name": "id", "order": "none",'),
    "wrapped-name": replaced('"type": "Kind"}', '"type": {"type": "Kind"}}'),
    "defined-twice": replaced('"type": "Kind"}', f'"type": {KIND}}}'),
    "forward-reference": lambda text: (
        text.replace(KIND, "<>").replace('"Kind"}', f"{KIND}}}").replace("<>", '"Kind"')
    ),
    "bad-default": replaced('"name": "id",', '"name": "id", "default": 7,'),
}
every_break = pytest.mark.parametrize("clause", BREAKS)


@pytest.fixture
def registry() -> Iterator[ScriptedServer]:
    """A registry that holds what it is told to."""
    server = ScriptedServer()
    yield server
    server.close()


def mended(text: str) -> str:
    """The schema of today, which has an alias for the name of then."""
    return text.replace('"name": "Order",', '"name": "Order", "aliases": ["Order-1"],')


@every_break
def test_a_history_in_git(scratch: Scratch, clause: str) -> None:
    """A real TYPE_MISMATCH is found through the fault, and without one it is clean."""
    scratch.write(order=BREAKS[clause](ORDER), toml=PROJECT)
    scratch.commit()
    scratch.write(order=mended(ORDER))
    outcome = scratch.check("--format", "json")
    assert (outcome.code, outcome.report["findings"]) == (0, [])
    [note] = [each for each in outcome.report["notes"] if each["kind"] != "rollout"]
    assert note["kind"] == "read-leniently"
    assert note["message"].startswith("git:main:schemas/order.avsc: at ")
    scratch.write(order=mended(BROKEN_ID))
    assert [rule for rule, _ in scratch.found()] == ["TYPE_MISMATCH"]
    assert scratch.check().code == 1
    # The candidate is an author's.
    scratch.write(order=BREAKS[clause](ORDER))
    assert scratch.check().code == 2


@every_break
def test_a_version_in_a_registry(scratch: Scratch, clause: str, registry: ScriptedServer) -> None:
    """Likewise."""
    stored = {"subject": "orders-value", "version": 1, "id": 1, "schema": BREAKS[clause](ORDER)}
    scratch.write(toml=PROJECT)
    for text, findings in ((ORDER, []), (BROKEN_ID, ["TYPE_MISMATCH"])):
        registry.then(answer(200, [1]), answer(200, stored))
        scratch.write(order=mended(text))
        outcome = scratch.check("--format", "json", against=f"registry:{registry.url}")
        assert [each["rule"] for each in outcome.report["findings"]] == findings
        assert outcome.code == bool(findings)
        assert "read-leniently" in {each["kind"] for each in outcome.report["notes"]}


def test_what_is_forgiven_is_reported_once(scratch: Scratch) -> None:
    """However many versions have it, and however many ask: once, with the newest of them."""
    for fields in range(3):
        more = "".join(f', {{"name": "more_{n}", "type": "int"}}' for n in range(fields))
        text = ORDER.replace('"Kind"}', f'"Kind"}}{more}')
        scratch.write(order=BREAKS["doc"](text), toml=PROJECT)
        scratch.commit(f"{fields} more")
    scratch.write(order=ORDER)
    outcome = scratch.check("--level", "BACKWARD_TRANSITIVE", "--format", "json")
    notes = [note["message"] for note in outcome.report["notes"] if note["kind"] != "rollout"]
    place = "git:main:schemas/order.avsc and 2 more: at /doc"
    assert notes == [f"{place}: a doc is a string (read leniently: there is no doc)"]


def test_what_cannot_be_read_is_said_once(scratch: Scratch) -> None:
    """A version of the history that is left out is no silent hole in a transitive check."""
    broken = ORDER.replace('"record"', '"recrod"')
    scratch.write(order=ORDER, toml=PROJECT)
    scratch.commit()
    scratch.write(order=broken)
    scratch.commit()
    scratch.put("schemas/other.avsc", KIND.replace("Kind", "Other"))
    scratch.commit("the same once more")
    scratch.write(order=ORDER)
    scratch.commit()
    first = scratch.head()
    scratch.write(order=BROKEN_ID)
    outcome = scratch.check("--level", "BACKWARD_TRANSITIVE", "--format", "json")
    assert [each["rule"] for each in outcome.report["findings"]] == ["TYPE_MISMATCH"]
    notes = [note["message"] for note in outcome.report["notes"] if note["kind"] != "rollout"]
    assert len(notes) == 1
    assert "schemas/order.avsc is not valid Avro" in notes[0]
    assert first[:10] not in notes[0]


def test_a_type_of_another_file(scratch: Scratch) -> None:
    """Faults of the folder's other files are forgiven too, and are reported as theirs."""
    uses = ORDER.replace(KIND, '"Kind-1"').replace('"Kind"}', '"Kind-1"}')
    scratch.write(order=uses, kind=f"/* kinds */ {KIND}".replace('"Kind"', '"Kind-1"'))
    scratch.write(toml=PROJECT)
    scratch.commit()
    aliased = ORDER.replace('"name": "Kind"', '"name": "Kind", "aliases": ["Kind-1"]')
    scratch.write(order=aliased)
    scratch.remove("schemas/kind.avsc")
    outcome = scratch.check("--format", "json")
    assert (outcome.code, outcome.report["findings"]) == (0, [])
    notes = [note["message"] for note in outcome.report["notes"]]
    assert sum("git:main:schemas/kind.avsc: at " in note for note in notes) == 2


def test_a_type_that_two_files_define(scratch: Scratch) -> None:
    """The note names the other file as git does, and not where it was laid out."""
    line = '{"type": "record", "name": "Line", "fields": [{"name": "kind", "type": <>}]}'
    scratch.write(line=line.replace("<>", KIND), toml=PROJECT)
    scratch.write(order=ORDER.replace('"other", "type": "Kind"', '"line", "type": "Line"'))
    scratch.commit()
    scratch.write(line=line.replace("<>", '"Kind"'), kind=KIND)
    scratch.write(
        order=ORDER.replace(KIND, '"Kind"').replace(
            '"other", "type": "Kind"', '"line", "type": "Line"'
        )
    )
    outcome = scratch.check("--format", "json")
    assert (outcome.code, outcome.report["findings"]) == (0, [])
    assert "is defined in git:main:schemas/line.avsc too" in scratch.notes()["read-leniently"]


def test_a_stored_reader(scratch: Scratch) -> None:
    """For a FORWARD check the stored schema reads: a default that is dropped is none."""
    with_default = ORDER.replace(
        '{"name": "id",', '{"name": "note", "type": "string", "default": 1}, {"name": "id",'
    )
    scratch.write(order=with_default, toml=PROJECT)
    scratch.commit()
    scratch.write(order=ORDER)
    assert scratch.found() == []
    rules = [rule for rule, _ in scratch.found("--level", "FORWARD")]
    assert rules == ["READER_FIELD_MISSING_DEFAULT_VALUE"]


def test_a_file_that_was_stored(scratch: Scratch) -> None:
    """As a folder, or as the one file."""
    scratch.put("old/order.avsc", BREAKS["comment"](ORDER))
    scratch.write(order=mended(BROKEN_ID), toml=PROJECT)
    for against in ("old", "old/order.avsc"):
        assert [rule for rule, _ in scratch.found(against=against)] == ["TYPE_MISMATCH"]
        assert "read-leniently" in scratch.notes(against=against)


def test_lint_and_diff_show_it(scratch: Scratch) -> None:
    """Lint finds all of it with its places; diff reads the older of its two schemas so."""
    scratch.write(order=BREAKS["doc"](BREAKS["wrapped-name"](ORDER)))
    scratch.write(mended=ORDER)
    result = CliRunner().invoke(main, ["lint", "schemas/order.avsc", "--format", "json"])
    assert result.exit_code == 1
    found = [
        each for each in json.loads(result.output)["findings"] if each["rule"] == "stored-only"
    ]
    assert [each["at"]["pointer"] for each in found] == ["/doc", "/fields/2/type/type"]
    old, new = "schemas/order.avsc", "schemas/mended.avsc"
    assert CliRunner().invoke(main, ["diff", old, new]).exit_code == 0
    assert CliRunner().invoke(main, ["diff", new, old]).exit_code == 2
    scratch.write(toml=PROJECT)
    assert CliRunner().invoke(main, ["generate"]).exit_code == 2
