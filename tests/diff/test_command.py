"""``streamcontract diff`` from the outside."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from streamcontract.cli import main
from streamcontract.project import PROJECT_FILE
from streamcontract.reporting.formats import format_names

if TYPE_CHECKING:
    from pathlib import Path

_OLD = """{"type": "record", "name": "a.Order", "fields": [
  {"name": "line", "type": "Line"},
  {"name": "note", "type": ["null", "string"], "default": null}
]}"""
_NEW = """{"type": "record", "name": "a.Order", "fields": [
  {"name": "line", "type": "Line"},
  {"name": "note", "type": ["null", "string"], "doc": "For the shop."}
]}"""
_LINE = '{"type": "record", "name": "a.Line", "fields": [\n  {"name": "sku", "type": "%s"}]}'


def run(*arguments: str, stdin: str | bytes = "") -> tuple[int, str, str]:
    """Exit code, output and error output of ``streamcontract diff``."""
    result = CliRunner().invoke(main, ["diff", *arguments], input=stdin)
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two versions of two files, in the current folder."""
    monkeypatch.chdir(tmp_path)
    for name, order, line in (("old", _OLD, _LINE % "int"), ("new", _NEW, _LINE % "string")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "order.avsc").write_text(order)
        (tmp_path / name / "line.avsc").write_text(line)


def test_text() -> None:
    """What was, what is now, and where, also in files that the schemas use."""
    code, output, _ = run("old/order.avsc", "new/order.avsc")
    assert code == 1
    assert output == (
        "Line.sku: type changed\n"
        '  - "int"  old/line.avsc:2:27\n'
        '  + "string"  new/line.avsc:2:27\n\n'
        "Order.note: doc added\n"
        '  + "For the shop."  new/order.avsc:3:3\n\n'
        "Order.note: default removed\n"
        "  - null  old/order.avsc:3:3\n\n"
        "3 changes\n"
    )


def test_json() -> None:
    """The same for machines; a default null is told apart from no default by its key."""
    code, output, _ = run("old/order.avsc", "new/order.avsc", "--format", "json")
    assert code == 1
    document = json.loads(output)
    assert document["equal"] is False
    removed = document["changes"][2]
    assert (removed["kind"], removed["path"]) == ("default-removed", "Order.note")
    assert removed["before"] is None
    assert "after" not in removed
    assert removed["after_at"] == {
        "file": "new/order.avsc",
        "line": 3,
        "column": 3,
        "pointer": "/fields/1",
    }


def test_no_changes() -> None:
    """Exit code 0 where both mean the same."""
    assert run("old/order.avsc", "old/order.avsc") == (0, "no changes\n", "")
    code, output, _ = run("old/order.avsc", "old/order.avsc", "--format", "json")
    expected = {"equal": True, "changes": [], "unjudged": [], "findings": []}
    assert (code, json.loads(output)) == (0, expected)


def test_standard_input() -> None:
    """Either side can come from there, and finds the types that the other side uses."""
    code, output, _ = run("-", "new/order.avsc", stdin="\N{BYTE ORDER MARK}" + _OLD)
    assert code == 1
    assert "  - null  standard input:3:3\n" in output
    assert "Line.sku" not in output
    code, output, _ = run("old/order.avsc", "-", stdin=_OLD)
    assert (code, output) == (0, "no changes\n")


CHANGES = {
    ("new/line.avsc", 2, "Line.sku: type changed"),
    ("new/order.avsc", 3, "Order.note: doc added"),
    ("new/order.avsc", 3, "Order.note: default removed"),
}


def test_github() -> None:
    """Each change is a notice at its place in the new version, with both values."""
    code, output, _ = run("old/order.avsc", "new/order.avsc", "--format", "github")
    assert code == 1
    found = re.findall(
        r"^::notice file=(.*),line=(\d+),col=\d+,title=(.*?)::(.*)$", output, re.MULTILINE
    )
    assert {(file, int(line), title.replace("%3A", ":")) for file, line, title, _ in found} == (
        CHANGES
    )
    assert 'Line.sku: type changed%0A- "int"%0A+ "string"' in {each[3] for each in found}


def test_gitlab() -> None:
    """Each is an entry of the lowest severity, with a fingerprint of its own."""
    code, output, _ = run("old/order.avsc", "new/order.avsc", "--format", "gitlab")
    entries = json.loads(output)
    assert code == 1
    assert {
        (
            each["location"]["path"],
            each["location"]["lines"]["begin"],
            each["description"].partition(";")[0],
        )
        for each in entries
    } == CHANGES
    assert {each["severity"] for each in entries} == {"info"}
    assert len({each["fingerprint"] for each in entries}) == len(entries)


def test_sarif() -> None:
    """Each is a result that is no failure."""
    code, output, _ = run("old/order.avsc", "new/order.avsc", "--format", "sarif")
    assert code == 1
    [log] = json.loads(output)["runs"]
    assert {(each["ruleId"], each["kind"], each["level"]) for each in log["results"]} == {
        ("change", "informational", "none")
    }
    assert {
        (place["artifactLocation"]["uri"], place["region"]["startLine"], text.partition("\n")[0])
        for each in log["results"]
        for place in [each["locations"][0]["physicalLocation"]]
        for text in [each["message"]["text"]]
    } == CHANGES


def test_junit() -> None:
    """One case, which does not fail; what changed is its output."""
    code, output, _ = run("old/order.avsc", "new/order.avsc", "--format", "junit")
    assert code == 1
    [case] = ET.fromstring(output).iter("testcase")  # noqa: S314 - our own
    assert (case.get("name"), case.find("failure")) == ("new/order.avsc", None)
    text = case.findtext("system-out") or ""
    found = re.findall(r"^(\S+):(\d+):\d+: (.*)$", text, re.MULTILINE)
    assert {(file, int(line), words) for file, line, words in found} == CHANGES


@pytest.mark.parametrize("output_format", format_names())
def test_what_is_not_valid_is_a_finding(output_format: str, tmp_path: Path) -> None:
    """Of both files, in every format; exit code 2."""
    (tmp_path / "old" / "order.avsc").write_text('"strng"')
    (tmp_path / "new" / "line.avsc").write_text("\n" + _LINE % "lng")
    code, output, errors = run("old/order.avsc", "new/order.avsc", "--format", output_format)
    assert (code, errors) == (2, "")
    for said in ("old/order.avsc", "new/line.avsc", "strng", "lng", "invalid-schema"):
        assert said in output
    if output_format == "json":
        document = json.loads(output)
        assert (document["equal"], document["changes"]) == (None, [])
        assert [each["at"]["line"] for each in document["findings"]] == [3, 1]


def test_invalid_standard_input() -> None:
    """It has a place as well."""
    code, output, errors = run("old/order.avsc", "-", stdin='\n"strng"')
    assert (code, errors) == (2, "")
    assert output.startswith("standard input:2:1: error: invalid-schema\n")
    assert '  > 2 | "strng"\n' in output


def test_a_wrong_project_file(tmp_path: Path) -> None:
    """It says where types are, so nothing can be compared; it is said once for both sides."""
    (tmp_path / PROJECT_FILE).write_text("schemas = 1\n")
    code, output, errors = run("old/order.avsc", "new/order.avsc", "--format", "json")
    [finding] = json.loads(output)["findings"]
    assert (code, errors, finding["rule"]) == (2, "", "invalid-project")
    assert (finding["at"]["file"], finding["at"]["line"]) == (PROJECT_FILE, 1)


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (["-", "-"], b"", "only one of the two can come from standard input"),
        (["old/order.avsc"], b"", "Missing argument 'NEW'"),
        (["old/order.avsc", "nosuch.avsc"], b"", "'nosuch.avsc' does not exist"),
        (["old/order.avsc", "-"], b"\xff", "standard input is not UTF-8"),
    ],
)
def test_trouble(arguments: list[str], stdin: bytes, message: str) -> None:
    """Exit code 2 and one message."""
    code, output, errors = run(*arguments, stdin=stdin)
    assert (code, output) == (2, "")
    assert message in errors
