"""``streamcontract check`` against folders and files, its usage, and its exit codes."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs.markdown import REPOSITORY, blocks
from tests.evolution.scratch import ADDRESS, ORDER, PROJECT, Scratch

LOST = ORDER.replace('["OPEN", "DONE"]', '["OPEN"]')
DRIFT = ORDER.replace('"id", "type": "string"', '"id", "type": "bytes"')


@pytest.fixture
def before(scratch: Scratch, tmp_path: Path) -> Path:
    """A copy of the project, beside it."""
    scratch.write(order=ORDER, address=ADDRESS, toml=PROJECT)
    return Path(shutil.copytree(scratch.folder, tmp_path / "before"))


def test_a_copy_of_the_project(scratch: Scratch, before: Path) -> None:
    """A folder with a project file is an earlier state of the whole project."""
    assert scratch.found(against=str(before)) == []
    scratch.write(order=LOST)
    assert scratch.found(against=str(before)) == [
        ("MISSING_ENUM_SYMBOLS", "schemas/order.avsc:7:78")
    ]
    scratch.write(toml="")
    assert scratch.found(against=str(before)) == [("CONTRACT_DELETED", "streamcontract.toml:1:1")]


def test_a_folder_of_schemas(scratch: Scratch, before: Path) -> None:
    """Without one, files are matched by path, type and name; a shared type is no contract."""
    (before / "streamcontract.toml").unlink()
    scratch.write(order=LOST)
    for folder in (before, before / "schemas"):
        assert len(scratch.found(against=str(folder))) == 1
        assert scratch.notes(against=str(folder)) == {}  # its layout is its own
    (before / "schemas" / "order.avsc").rename(before / "schemas" / "old.avsc")
    assert len(scratch.found(against=str(before))) == 1
    shutil.copy(before / "schemas" / "old.avsc", before / "schemas" / "order.avsc")
    text = LOST.replace('"Order"', '"Purchase"')
    scratch.write(order=text)
    assert "NAME_MISMATCH" in dict(scratch.found(against=str(before)))
    scratch.write(
        order=text.replace('"namespace"', '"aliases": ["com.example.Order"], "namespace"')
    )
    assert "NAME_MISMATCH" not in dict(scratch.found(against=str(before)))


def test_a_schema_that_is_gone_from_a_folder(scratch: Scratch, before: Path) -> None:
    """Without a project file, a file that nothing is left of is a deleted contract."""
    (before / "streamcontract.toml").unlink()
    (before / "schemas" / "other.avsc").write_text('{"type": "fixed", "name": "F", "size": 1}')
    outcome = scratch.check("--format", "json", against=str(before))
    [finding] = outcome.report["findings"]
    assert (finding["rule"], finding["contract"]) == ("CONTRACT_DELETED", "schemas/other.avsc")


def test_one_file(scratch: Scratch, before: Path) -> None:
    """A file is the earlier version of the one contract that is named."""
    old = str(before / "schemas" / "order.avsc")
    scratch.write(order=LOST)
    assert len(scratch.found("order", against=old)) == 1
    assert len(scratch.found("schemas/order.avsc", against=old)) == 1
    assert len(scratch.found(against=old)) == 1
    key = PROJECT + 'key_schema = "schemas/address.avsc"\n'
    scratch.write(toml=key)
    outcome = scratch.check(against=old)
    assert outcome.code == 2
    assert "there are 2 to compare with it (order, order (key))" in outcome.error


def test_text_shows_the_first_counterexamples_and_the_other_formats_all(
    scratch: Scratch, tmp_path: Path
) -> None:
    """The flags ask for all or none; what text leaves out it says."""
    old, new = tmp_path / "old.avsc", scratch.folder / "new.avsc"
    for file, name in ((old, "a"), (new, "b")):
        fields = [{"name": f"{name}{i}", "type": "int"} for i in range(12)]
        file.write_text(json.dumps({"type": "record", "name": "R", "fields": fields}))

    def shown(*options: str) -> int:
        return scratch.check("new.avsc", *options, against=str(old)).output.count("written  ")

    left_out = "new.avsc: counterexamples-left-out: the first 10 of 12 findings"
    assert (shown(), shown("--counterexamples"), shown("--no-counterexamples")) == (10, 12, 0)
    assert left_out in scratch.check("new.avsc", against=str(old)).output
    assert (
        "left-out" not in scratch.check("new.avsc", "--no-counterexamples", against=str(old)).output
    )
    report = scratch.check("new.avsc", "--format", "json", against=str(old)).report
    assert all(finding["counterexample"] for finding in report["findings"])
    assert len(report["findings"]) == 12
    assert report["notes"][0]["kind"] != "counterexamples-left-out"


def test_drift_fails_only_if_strict(scratch: Scratch, before: Path) -> None:
    """Drift is shown either way; the exit code is what changes."""
    scratch.write(order=DRIFT)
    assert scratch.check(against=str(before)).code == 0
    strict = scratch.check("--strict", against=str(before))
    assert strict.code == 1
    assert "0 breaking, 1 drift (strict: drift fails)" in strict.output
    for output_format, loose_word, strict_word in (
        ("github", "::warning", "::error"),
        ("gitlab", '"minor"', '"major"'),
        ("junit", 'failures="0"', 'failures="1"'),
        ("sarif", '"level": "warning"', '"level": "error"'),
    ):
        arguments = ("--format", output_format)
        assert loose_word in scratch.check(*arguments, against=str(before)).output
        assert strict_word in scratch.check(*arguments, "--strict", against=str(before)).output


def test_a_deleted_contract_in_every_format(scratch: Scratch, before: Path) -> None:
    """It is shown at the project file, since its own is gone."""
    scratch.write(toml="")
    for output_format in ("text", "json", "github", "gitlab", "junit", "sarif"):
        outcome = scratch.check("--format", output_format, against=str(before))
        assert outcome.code == 1
        assert "CONTRACT_DELETED" in outcome.output
        assert "streamcontract.toml" in outcome.output


@pytest.mark.parametrize(
    ("now", "advice"),
    [
        (ORDER.replace('"fields": [', '"doc": "One order.", "fields": ['), None),
        (ORDER.replace('{"name": "id", "type": "string"},', ""), "roll out every consumer first"),
        (LOST, "roll out every producer first"),
        (ORDER.replace('"id", "type": "string"', '"id", "type": "int"'), "no order is safe"),
    ],
    ids=["either", "consumers", "producers", "neither"],
)
def test_who_goes_first(scratch: Scratch, before: Path, now: str, advice: str | None) -> None:
    """It is said for a change that is not safe both ways."""
    scratch.write(order=now)
    report = scratch.check("--format", "json", against=str(before)).report
    said = [note["message"] for note in report["notes"] if note["kind"] == "rollout"]
    assert [each.startswith(advice or "?") for each in said] == ([] if advice is None else [True])


def test_what_a_registry_refuses_in_spite_of_the_specification(
    scratch: Scratch, before: Path
) -> None:
    """Redpanda compares full names: asked for its verdict, the check fails on them."""
    elsewhere = ORDER.replace('"com.example"', '"com.example.shop"').replace(
        "Address", "com.example.Address"
    )
    scratch.write(order=elsewhere)
    assert scratch.check(against=str(before)).code == 0
    assert scratch.check("--dialect", "confluent", against=str(before)).code == 0
    outcome = scratch.check("--dialect", "redpanda", "--format", "json", against=str(before))
    assert outcome.code == 1
    [finding] = [each for each in outcome.report["findings"] if each["severity"] == "breaking"]
    assert finding["rule"] == "REGISTRY_REFUSES"
    assert finding["message"].startswith("Redpanda will refuse this although every consumer could")
    assert finding["now"]["pointer"] == "/name"


def test_an_earlier_release_of_a_registry_can_be_asked(scratch: Scratch, before: Path) -> None:
    """Before 26.1 Redpanda saw no change of a schema with references; no release is no typo."""
    more = ORDER.replace('"fields": [', '"fields": [{"name": "more", "type": "int"}, ', 1)
    scratch.write(order=more)
    for dialect, notes in (("redpanda", []), ("redpanda@25.2", ["registry-accepts"])):
        arguments = ("--dialect", dialect, "--format", "json")
        outcome = scratch.check(*arguments, against=str(before))
        assert outcome.code == 1
        found = [each["kind"] for each in outcome.report["notes"]]
        assert [kind for kind in found if kind == "registry-accepts"] == notes
    refused = scratch.check("--dialect", "redpanda@new", against=str(before))
    assert (refused.code, "as in redpanda@25.2" in refused.error) == (2, True)


def test_what_a_registry_accepts_in_spite_of_the_specification(
    scratch: Scratch, before: Path
) -> None:
    """Redpanda does not look into the values of maps: the findings stay, and it is said."""
    in_map = ORDER.replace('"type": "Address"', '"type": {"type": "map", "values": "Address"}')
    (before / "schemas" / "order.avsc").write_text(in_map)
    scratch.write(order=in_map, address=ADDRESS.replace('"city"', '"town"'))
    for dialect, notes in (("confluent", []), ("redpanda", ["registry-accepts"])):
        arguments = ("--dialect", dialect)
        assert [rule for rule, _ in scratch.found(*arguments, against=str(before))] == [
            "READER_FIELD_MISSING_DEFAULT_VALUE"
        ]
        assert list(scratch.notes(*arguments, against=str(before))) == notes


@pytest.mark.parametrize(
    ("arguments", "against", "message"),
    [
        (["ordr"], "git:HEAD", "has no contract 'ordr'; did you mean 'order'?"),
        (["order", "schemas/order.avsc"], "git:HEAD", "not both"),
        (["none.avsc"], "git:HEAD", "there is no file none.avsc"),
        ([], "nowhere", "there is nothing 'nowhere' to compare with: give git:REF"),
        (["--level", "BACKWARDS"], "git:HEAD", "'BACKWARDS' is not one of"),
        (["--format", "yaml"], "git:HEAD", "'yaml' is not one of"),
        (["--project", "nowhere"], "git:HEAD", "does not exist"),
        ([], "registry:not a url", "a schema registry's URL is"),
    ],
)
def test_wrong_usage(
    scratch: Scratch, before: Path, arguments: list[str], against: str, message: str
) -> None:
    """What cannot be done exits with 2, says why, and prints no report."""
    outcome = scratch.check(*arguments, against=against)
    assert (outcome.code, outcome.output) == (2, "")
    assert message in outcome.error


def test_invalid_schemas_could_not_be_checked(scratch: Scratch, before: Path) -> None:
    """A candidate that is no schema, and a file to compare with that is none, are exit code 2."""
    old = before / "schemas" / "order.avsc"
    scratch.write(order='{"type": "recrod"}')
    outcome = scratch.check(against=str(old))
    assert outcome.code == 2
    assert "schemas/order.avsc:1:10: error: INVALID_SCHEMA in order" in outcome.output
    scratch.write(order=ORDER)
    old.write_text('{"type": "recrod"}')
    assert scratch.check(against=str(old)).code == 2


def test_git_and_folders_need_no_network(
    scratch: Scratch, before: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No socket is opened for sources that are on the disk."""

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("a socket was opened")

    scratch.commit()
    monkeypatch.setattr(socket, "socket", refuse)
    assert scratch.check(against=str(before)).code == 0
    assert scratch.check(against="git:HEAD").code == 0


def test_machines_formats_do_without_rich(scratch: Scratch, before: Path) -> None:
    """What only people need is not loaded for machines, nor is the broker's client."""
    program = (
        "import sys; from streamcontract.cli import main\n"
        "try: main(['check', '--against', sys.argv[1], '--format', 'json'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'confluent_kafka', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program, str(before)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_what_the_documentation_shows(scratch: Scratch) -> None:
    """The output in docs/ci.md is that of the command before it."""
    shown = blocks(REPOSITORY / "docs" / "ci.md")
    for block in shown:
        if block.title is not None:
            scratch.put(block.title, block.text)
    [command] = [block.commands[0] for block in shown if block.commands]
    [output] = [block.text for block in shown if block.language == "text"]
    assert command.startswith("streamcontract check --against ")
    assert scratch.check(against=command.rpartition(" ")[2]).output == output
