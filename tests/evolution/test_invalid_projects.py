"""What is wrong in the project file is a finding, and everything is said about the rest."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from tests.evolution.scratch import ORDER, Outcome
from tests.evolution.test_invalid_schemas import (
    as_json,
    github,
    gitlab,
    junit,
    record,
    sarif,
    table,
    text,
)

from streamcontract.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FORMATS = ["text", "json", "github", "gitlab", "junit", "sarif"]
WRONG = f"""outptu = "x"
{table("order").replace("topic", "topci")}
[contracts.other]
schema = "schemas/other.avsc"
[contracts.gone]
schema = "schemas/gone.avsc"
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which one contract breaks, one lacks its file, and two keys are misspelt."""
    for home in (tmp_path / "old", tmp_path / "new"):
        (home / "schemas").mkdir(parents=True)
        (home / "streamcontract.toml").write_text("".join(map(table, ("order", "other", "gone"))))
        (home / "schemas" / "order.avsc").write_text(ORDER.replace("Address", "string"))
        for name in ("other", "gone"):
            (home / "schemas" / f"{name}.avsc").write_text(record(name, n="int"))
    new = tmp_path / "new"
    (new / ".git").mkdir()
    (new / "streamcontract.toml").write_text(WRONG)
    (new / "schemas" / "gone.avsc").unlink()
    (new / "schemas" / "other.avsc").write_text(record("other", n="string"))
    monkeypatch.chdir(new)
    return new


def run(*arguments: str) -> Outcome:
    """Run a command; what it writes as an error is for those who watch, never a report."""
    result = CliRunner().invoke(main, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.stderr == ""
    return Outcome(result.exit_code, result.stdout, result.stderr)


def check(*arguments: str) -> Outcome:
    """Run ``streamcontract check`` against the earlier folder."""
    return run("check", "--against", "../old", *arguments)


@pytest.mark.parametrize("read", [as_json, github, gitlab, junit, sarif, text])
def test_check_says_it_all_in_every_format(read: Callable[[str], set[str]]) -> None:
    """The faults with file and line, and the break in the contract that is right."""
    outcome = check("--format", read.__name__.removeprefix("as_"))
    assert outcome.code == 2
    assert {each for each in read(outcome.output) if "outptu" not in each} >= {
        "streamcontract.toml:4 INVALID_PROJECT in order",
        "streamcontract.toml:9 INVALID_PROJECT in gone",
        "schemas/other.avsc:7 TYPE_MISMATCH in other",
    }
    assert "outptu: is not a known key; did you mean " in outcome.output


@pytest.mark.parametrize("output_format", FORMATS)
def test_lint_says_it_all_in_every_format(output_format: str) -> None:
    """The faults, and the findings in the schema that is left."""
    outcome = run("lint", "--tier", "standard", "--format", output_format)
    assert outcome.code == 2
    for said in ("outptu", "topci", "there is no file", "field-doc"):
        assert said in outcome.output


def test_nothing_counts_as_deleted() -> None:
    """A contract that is wrong is not gone; where a table is misspelt, it cannot be told."""
    report = check("--format", "json").report
    assert {each["rule"] for each in report["findings"]} == {"INVALID_PROJECT", "TYPE_MISMATCH"}
    assert report["unjudged"] == ["streamcontract.toml", "order", "gone"]
    assert check().output.endswith(
        "1 breaking, 0 drift, 3 not judged: 3 contracts against ../old\n"
    )


def test_a_deleted_contract_is_seen_beside_a_wrong_one(project: Path) -> None:
    """As long as all that the file lists is known."""
    (project / "streamcontract.toml").write_text(table("order") + "topci = 1")
    found = check("--format", "json").report["findings"]
    assert {(each["contract"], each["rule"]) for each in found} == {
        ("order", "INVALID_PROJECT"),
        ("other", "CONTRACT_DELETED"),
        ("gone", "CONTRACT_DELETED"),
    }


@pytest.mark.parametrize("command", ["check", "lint"])
@pytest.mark.parametrize("names", [[], ["order"], ["schemas/other.avsc"]])
def test_a_file_that_is_no_toml(project: Path, command: str, names: list[str]) -> None:
    """One finding, whatever was asked about; schema files are judged."""
    (project / "streamcontract.toml").write_text("[contracts.order]\nschema = \n")
    outcome = (
        check if command == "check" else lambda *each: run("lint", "--tier", "standard", *each)
    )(*names, "--format", "json")
    assert outcome.code == 2
    places = [each.get("now") or each["at"] for each in outcome.report["findings"]]
    [place] = [each for each in places if each["file"] == "streamcontract.toml"]
    assert (place["line"], place["pointer"]) == (2, "")
    assert any(each["file"] != place["file"] for each in places) == (
        names[:1] == ["schemas/other.avsc"]
    )
    assert outcome.report["unjudged"] == ["streamcontract.toml"]


def test_one_file_against_one(project: Path) -> None:
    """Where the one contract that is asked about is wrong, that is what is said."""
    (project / "streamcontract.toml").write_text(table("order") + "topci = 1")
    outcome = run("check", "--against", "../old/schemas/order.avsc", "--format", "json")
    assert [each["rule"] for each in outcome.report["findings"]] == ["INVALID_PROJECT"]


def test_machines_know_the_findings_apart() -> None:
    """Each has a fingerprint of its own, and JUnit's cases are the contracts and the file."""
    entries = json.loads(run("lint", "--format", "gitlab").output)
    wrong = [each for each in entries if each["check_name"] == "invalid-project"]
    assert len({each["fingerprint"] for each in wrong}) == 3
    suite = ET.fromstring(check("--format", "junit").output)  # noqa: S314 - our own
    cases = {case.get("name"): case.find("failure") is not None for case in suite.iter("testcase")}
    assert cases == dict.fromkeys(["other", "order", "gone", "streamcontract.toml"], True)


def test_text_shows_the_line() -> None:
    """With the key marked."""
    assert re.search(r"  > 4 \| topci = \"orders\"\n +\| \^\n", check().output)
