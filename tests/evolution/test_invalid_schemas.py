"""A schema that is not valid is a finding, and everything is said about the other contracts."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evolution.scratch import ADDRESS, ORDER, Outcome, Scratch
from tests.searching import examples
from tests.strategies.invalid import invalid_schemas

from streamcontract.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = ("alpha", "beta", "gamma")
BROKEN = ORDER.replace('"Address"', '"Adress"')


def table(name: str) -> str:
    """The table of a contract."""
    return f'[contracts.{name}]\nschema = "schemas/{name}.avsc"\ntopic = "{name}s"\n'


def record(name: str, **fields: str) -> str:
    """The text of a record, a field in a line."""
    listed = [{"name": field, "type": kind} for field, kind in fields.items()]
    schema = {"type": "record", "name": f"t.{name.title()}", "fields": listed}
    return json.dumps(schema, indent=1)


@pytest.fixture
def project(scratch: Scratch) -> Scratch:
    """Three contracts: one is invalid, one breaks, and one uses a file that is invalid."""
    scratch.write(
        order=ORDER,
        address=ADDRESS,
        other=record("Other", n="int"),
        parcel=record("Parcel", to="com.example.Address"),
        toml=table("order") + table("other") + table("parcel"),
    )
    scratch.commit()
    scratch.write(
        order=BROKEN, other=record("Other", n="string"), address=ADDRESS.replace('"string"', '"x"')
    )
    return scratch


def github(output: str) -> set[str]:
    """Title and line of each error."""
    found = re.findall(
        r"^::error file=([^,]*),line=(\d+),col=\d+,title=([^:]*)::", output, re.MULTILINE
    )
    return {f"{file}:{line} {title}" for file, line, title in found}


def gitlab(output: str) -> set[str]:
    """Likewise."""
    return {
        f"{each['location']['path']}:{each['location']['lines']['begin']} {each['check_name']} in "
        f"{each['description'].partition(':')[0]}"
        for each in json.loads(output)
    }


def sarif(output: str) -> set[str]:
    """Likewise."""
    found = set()
    for each in json.loads(output)["runs"][0]["results"]:
        place = each["locations"][0]["physicalLocation"]
        if each["level"] == "error":
            name = each["message"]["text"].partition(":")[0]
            where = f"{place['artifactLocation']['uri']}:{place['region']['startLine']}"
            found.add(f"{where} {each['ruleId']} in {name}")
    return found


def as_json(output: str) -> set[str]:
    """Likewise."""
    return {
        f"{each['now']['file']}:{each['now']['line']} {each['rule']} in {each['contract']}"
        for each in json.loads(output)["findings"]
    }


def text(output: str) -> set[str]:
    """Likewise."""
    found = re.findall(r"^(\S+:\d+):\d+: (?:error|breaking): (\S+ in \w+)", output, re.MULTILINE)
    return {f"{place} {title}" for place, title in found}


def junit(output: str) -> set[str]:
    """Likewise, from the text of the failures."""
    return {
        f"{place} {rule} in {case.get('name')}"
        for case in ET.fromstring(output).iter("testcase")  # noqa: S314 - our own
        for failure in case.iter("failure")
        for place, rule in re.findall(
            r"^(\S+:\d+):\d+: (?:error|breaking): (\S+):", failure.text or "", re.MULTILINE
        )
    }


@pytest.mark.parametrize("read", [text, as_json, github, gitlab, junit, sarif])
def test_every_format_says_it_all(project: Scratch, read: Callable[[str], set[str]]) -> None:
    """The faults with file and line, those of a file that is used too, and the other's break."""
    outcome = project.check("--format", read.__name__.removeprefix("as_"))
    assert (outcome.code, outcome.error) == (2, "")
    assert read(outcome.output) == {
        "schemas/order.avsc:8 INVALID_SCHEMA in order",
        "schemas/other.avsc:7 TYPE_MISMATCH in other",
        "schemas/address.avsc:6 INVALID_SCHEMA in parcel",
    }


def test_the_report_counts_what_was_not_judged(project: Scratch) -> None:
    """In words, and in JSON by name."""
    assert project.check().output.endswith(
        "\n1 breaking, 0 drift, 2 not judged: 3 contracts against git:main\n"
    )
    report = project.check("--format", "json").report
    assert (report["clean"], report["unjudged"]) == (False, ["order", "parcel"])
    assert [each["contract"] for each in report["contracts"]] == ["other", "order", "parcel"]


def test_an_invalid_schema_is_no_deleted_contract(project: Scratch, tmp_path: Path) -> None:
    """Against git, a copy of the project and a plain folder; a deleted one is still seen."""
    old = tmp_path / "old"
    for name, file in (("order", ORDER), ("other", record("Other", n="string"))):
        (old / "schemas").mkdir(parents=True, exist_ok=True)
        (old / "schemas" / f"{name}.avsc").write_text(file)
    assert {each.split()[1] for each in text(project.check(against=str(old)).output)} == {
        "INVALID_SCHEMA"
    }
    project.write(toml=table("order") + table("parcel"))
    found = project.check("--format", "json").report["findings"]
    assert {(each["contract"], each["rule"]) for each in found} == {
        ("order", "INVALID_SCHEMA"),
        ("parcel", "INVALID_SCHEMA"),
        ("other", "CONTRACT_DELETED"),
    }


def test_files_by_themselves(project: Scratch) -> None:
    """Named files, one of them broken; and one file against one."""
    outcome = project.check("schemas/order.avsc", "schemas/other.avsc")
    assert (outcome.code, len(text(outcome.output))) == (2, 2)
    outcome = project.check("schemas/order.avsc", against="schemas/other.avsc")
    assert (outcome.code, text(outcome.output)) == (
        2,
        {"schemas/order.avsc:8 INVALID_SCHEMA in order"},
    )


def run_lint(*arguments: str) -> Outcome:
    """Run ``streamcontract lint``."""
    result = CliRunner().invoke(main, ["lint", "--tier", "standard", *arguments])
    return Outcome(result.exit_code, result.stdout, result.stderr)


@pytest.mark.parametrize("output_format", ["text", "json", "github", "gitlab", "junit", "sarif"])
def test_lint_says_it_all(project: Scratch, output_format: str) -> None:
    """In each format: the faults where they are, who uses them, and findings in the others."""
    outcome = run_lint("--format", output_format)
    assert (outcome.code, outcome.error) == (2, "")
    for said in (
        "unknown type",  # in order.avsc and in address.avsc
        "it uses schemas/address.avsc, which is not valid",
        "field-doc",  # in other.avsc
    ):
        assert said in outcome.output.replace('\\"', '"')


def test_lint_counts_each_fault_once(project: Scratch) -> None:
    """A file that several use has its own faults; the users are not judged either."""
    project.write(more=record("More", to="com.example.Address"))
    report = run_lint("schemas", "--format", "json").report
    assert report["unjudged"] == [
        "schemas/address.avsc",
        "schemas/more.avsc",
        "schemas/order.avsc",
        "schemas/parcel.avsc",
    ]
    faults = [each for each in report["findings"] if each["rule"] == "invalid-schema"]
    assert [each["at"]["file"] for each in faults] == report["unjudged"]
    assert {each["at"]["file"] for each in report["findings"]} > {"schemas/other.avsc"}
    assert run_lint("schemas").output.endswith(" 5 files, 4 of them not judged\n")


@settings(max_examples=examples(15), deadline=None)
@given(st.data())
def test_nothing_is_different_for_the_others(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whichever are invalid, and however: the others' findings are those of a run without them."""
    folder = tmp_path_factory.mktemp("project")
    old, new = folder / "old", folder / "new"
    kinds = st.sampled_from(["int", "long", "string"])
    broken = data.draw(st.sets(st.sampled_from(NAMES)), label="broken")
    for home in (old, new):
        (home / "schemas").mkdir(parents=True)
        (home / "streamcontract.toml").write_text("".join(map(table, NAMES)))
        for name in NAMES:
            schema = record(name, n=data.draw(kinds))
            if home is new and name in broken:
                schema = data.draw(invalid_schemas()).text
            (home / "schemas" / f"{name}.avsc").write_text(schema, "utf-8")

    def findings(*names: str) -> list[Any]:
        arguments = ["check", *names, "--project", str(new), "--against", str(old)]
        result = CliRunner().invoke(main, [*arguments, "--format", "json"])
        report = json.loads(result.stdout)
        assert result.exit_code == (2 if report["unjudged"] else bool(report["findings"]))
        found: list[Any] = report["findings"]
        return found

    everything = findings()
    good = [name for name in NAMES if name not in broken]
    assert [each for each in everything if each["contract"] in good] == (
        findings(*good) if good else []
    )
    faults = [each for each in everything if each["rule"] == "INVALID_SCHEMA"]
    assert {each["contract"] for each in faults} == broken
