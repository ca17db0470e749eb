"""Output formats as rows: each has a module, each command offers those that fit its reports."""

from __future__ import annotations

import json
import pkgutil
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args
from xml.etree import ElementTree as ET

import click
import pytest
from click.testing import CliRunner
from rich.text import Text

import streamcontract.compatibility
import streamcontract.lint
from streamcontract.cli import check, diff, generate, lint, main
from streamcontract.reporting import Place, formats
from streamcontract.reporting.formats import FORMATS, format_names, render
from streamcontract.reporting.formats.text import _STYLES, _TONES
from streamcontract.reporting.report import (
    ChangeEntry,
    FindingEntry,
    NoteEntry,
    Report,
    Side,
    Summary,
    Tone,
)

if TYPE_CHECKING:
    from collections.abc import Collection

REPOSITORY = Path(__file__).parents[2]
BAD = REPOSITORY / "tests" / "lint" / "golden" / "field-doc" / "bad.avsc"


def test_each_module_is_a_row() -> None:
    """A new file without a row would be a format that no command offers."""
    modules = {module.name for module in pkgutil.iter_modules(formats.__path__)}
    assert sorted(row.module for row in FORMATS) == sorted(modules)


def _choices(command: click.Command) -> Collection[str]:
    [option] = [each for each in command.params if each.name == "output_format"]
    assert isinstance(option.type, click.Choice)
    return option.type.choices


@pytest.mark.parametrize("command", [check.command, diff.command, generate.command, lint.command])
def test_commands_offer_every_format(command: click.Command) -> None:
    """Each command that has a report."""
    assert tuple(_choices(command)) == tuple(row.name for row in FORMATS) == format_names()


PLACE = Place(label="order.avsc", text='"int"')
REPORT = Report(
    command="example",
    summary=Summary("1 error", "error", ": 2 files"),
    document={"finding": "R-1"},
    cases=("order", "payment"),
    findings=(
        FindingEntry(
            rule="R-1",
            severity="error",
            level="error",
            fails=True,
            message="it is \x1b wrong",
            place=PLACE,
            case="order",
        ),
    ),
    notes=(NoteEntry(kind="N-1", contract="payment", message="not asked", place=PLACE),),
    changes=(
        ChangeEntry(
            path="Order.id",
            words="doc added",
            sides=(Side(sign="+", value='"x"', place=PLACE),),
            place=PLACE,
            case="order",
        ),
    ),
)


@pytest.mark.parametrize("name", format_names())
def test_each_format_renders_a_report_of_everything(name: str) -> None:
    """The finding is in it, and nothing that a terminal would obey."""
    output = render(REPORT, name)
    plain = output.plain if isinstance(output, Text) else output
    assert "R-1" in plain
    assert name == "json" or "Order.id: doc added" in plain
    assert plain.endswith("\n")
    # GitHub's log takes the one for what it is, XML has no such character, and JSON escapes it.
    assert "\x1b" not in plain or name == "github"


def test_every_severity_and_tone_has_a_style() -> None:
    """Those of compatibility's findings, and those of lint's."""
    severities = [*get_args(streamcontract.compatibility.Severity)]
    severities += get_args(streamcontract.lint.Severity)
    assert set(_STYLES) == set(severities)
    assert set(_TONES) == set(get_args(Tone))


def linted(output_format: str, folder: Path) -> str:
    """What ``streamcontract lint`` prints of a schema with findings."""
    shutil.copy(BAD, folder)
    result = CliRunner().invoke(main, ["lint", str(folder), "--format", output_format])
    assert result.exit_code == 1
    return result.stdout


def test_lint_findings_as_code_quality_report(tmp_path: Path) -> None:
    """Entries have what GitLab demands, and each is one of its own."""
    entries: list[dict[str, Any]] = json.loads(linted("gitlab", tmp_path))
    assert {entry["check_name"] for entry in entries} == {"field-doc"}
    assert {entry["severity"] for entry in entries} == {"minor"}
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)


def test_lint_findings_as_sarif(tmp_path: Path) -> None:
    """A warning of lint is one of SARIF."""
    [run] = json.loads(linted("sarif", tmp_path))["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["field-doc"]
    assert {result["level"] for result in run["results"]} == {"warning"}


def test_lint_findings_as_junit(tmp_path: Path) -> None:
    """Each file is a case; what makes the command exit with 1 is a failure."""
    [suite] = ET.fromstring(linted("junit", tmp_path))  # noqa: S314 - it was written just now
    assert suite.attrib == {
        "name": "streamcontract lint",
        "tests": "1",
        "failures": "1",
        "errors": "0",
        "skipped": "0",
    }


def test_lint_shows_no_control_characters(tmp_path: Path) -> None:
    """A file's name cannot steer the terminal of those who lint it (CWE-150)."""
    shutil.copy(BAD, tmp_path / "a\x1b[2J.avsc")
    output = CliRunner().invoke(main, ["lint", str(tmp_path)]).stdout
    assert "a\N{REPLACEMENT CHARACTER}[2J.avsc:" in output
    assert all(each.isprintable() or each == "\n" for each in output)
