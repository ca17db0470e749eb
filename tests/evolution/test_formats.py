"""Every rule in every output format: tests/evolution/golden.

``STREAMCONTRACT_WRITE_GOLDEN=1 pytest tests/evolution/test_formats.py`` writes the outputs anew;
what they say then has to be read before it is committed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any, Final, get_args
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.searching import examples

from streamcontract import __version__
from streamcontract.cli import main
from streamcontract.compatibility import DRIFT_RULES
from streamcontract.evolution import Problem, Report
from streamcontract.evolution.report import INVALID_SCHEMA, Checked, Example, Note
from streamcontract.evolution.reported import report_of
from streamcontract.reporting import Place
from streamcontract.reporting.formats import as_json, github, gitlab, junit, sarif, text
from streamcontract.resolution import Rule

GOLDEN: Final = Path(__file__).parent / "golden"
FORMATS: Final = {
    "text": "report.txt",
    "json": "report.json",
    "github": "github.txt",
    "gitlab": "gitlab.json",
    "junit": "junit.xml",
    "sarif": "report.sarif",
}

every_rule = pytest.mark.parametrize("rule", [*get_args(Rule), *DRIFT_RULES])


@every_rule
@pytest.mark.parametrize("output_format", FORMATS)
def test_every_rule_in_every_format(
    rule: str, output_format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The output is what is written down, and the exit code that of the finding's severity."""
    for name in ("before.avsc", "now.avsc"):
        shutil.copy(GOLDEN / rule / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    arguments = ["check", "now.avsc", "--against", "before.avsc", "--format", output_format]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == (0 if rule in DRIFT_RULES else 1), result.output
    output = result.stdout.replace(f'"{__version__}"', '"VERSION"')
    golden = GOLDEN / rule / FORMATS[output_format]
    if os.environ.get("STREAMCONTRACT_WRITE_GOLDEN"):
        golden.write_text(output, "utf-8")
    assert output == golden.read_text("utf-8")
    assert rule in output


def test_rules_and_golden_cases_are_one_to_one() -> None:
    """No case is left of a rule that is gone."""
    folders = {folder.name for folder in GOLDEN.iterdir()}
    assert folders == {*get_args(Rule), *DRIFT_RULES}


TEXTS = st.text(max_size=20)
MESSAGES = st.text(min_size=1, max_size=20)
PLACES = st.builds(
    Place,
    label=TEXTS,
    text=TEXTS,
    pointer=st.just("") | TEXTS.map("/{}".format),
    line=st.integers(1, 3),
    column=st.integers(1, 9),
    file=st.none() | st.just("/somewhere/über uns, 100%:1/order.avsc"),
)
EXAMPLES = st.builds(Example, value=TEXTS, data=TEXTS, before=TEXTS, after=TEXTS, elsewhere=TEXTS)
PROBLEMS = st.builds(
    Problem,
    contract=TEXTS,
    rule=TEXTS,
    severity=st.sampled_from(["breaking", "drift"]),
    message=MESSAGES,
    now=PLACES,
    before=PLACES,
    against=st.tuples(TEXTS),
    direction=st.sampled_from([None, "new reads old"]),
    example=st.none() | EXAMPLES,
)
PROBLEMS |= st.builds(
    Problem,
    contract=TEXTS,
    rule=st.just(INVALID_SCHEMA),
    severity=st.just("error"),
    message=MESSAGES,
    now=PLACES,
    before=st.none(),
    against=st.just(()),
)
NOTES = st.builds(
    Note,
    kind=st.sampled_from(["new-contract", "not-checked"]),
    contract=TEXTS,
    message=MESSAGES,
    place=PLACES,
)
CONTRACTS = st.builds(
    Checked, contract=TEXTS, file=TEXTS, level=TEXTS, subject=TEXTS, versions=st.tuples(TEXTS)
)
REPORTS = st.builds(
    Report,
    against=TEXTS,
    contracts=st.lists(CONTRACTS, max_size=2).map(tuple),
    problems=st.lists(PROBLEMS, max_size=3).map(tuple),
    notes=st.lists(NOTES, max_size=2).map(tuple),
    is_strict=st.booleans(),
)


@settings(max_examples=examples(50))
@given(REPORTS)
def test_any_report_is_valid_json(report: Report) -> None:
    """JSON says of each finding what the report has."""
    document = json.loads(as_json.render(report_of(report)))
    assert document["clean"] is report.is_clean
    assert [each["message"] for each in document["findings"]] == [
        problem.message for problem in report.problems
    ]


@settings(max_examples=examples(50))
@given(REPORTS)
def test_any_report_is_one_workflow_command_a_line(report: Report) -> None:
    """No text of a schema can end a command, or begin another one."""
    lines = github.render(report_of(report)).split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(report.problems) + len(report.notes)
    for line, problem in zip(lines, report.problems, strict=False):
        found = re.fullmatch(
            r"::(error|warning) file=([^,:]*),line=(\d+),col=(\d+),title=([^,:]*)::(.*)",
            line,
            re.DOTALL,
        )
        assert found is not None
        assert found[1] == ("error" if report.fails(problem) else "warning")
        unescaped = found[6].replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
        assert unescaped.startswith(problem.message)


@settings(max_examples=examples(50))
@given(REPORTS)
def test_any_report_is_a_code_quality_report(report: Report) -> None:
    """Each entry has the keys that GitLab demands, and a severity that it knows."""
    entries = json.loads(gitlab.render(report_of(report)))
    assert len(entries) == len(report.problems)
    for entry in entries:
        assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert entry["location"]["lines"]["begin"] >= 1


@settings(max_examples=examples(50))
@given(REPORTS)
def test_any_report_is_junit_xml(report: Report) -> None:
    """It parses, and its numbers are those of its elements."""
    root = ET.fromstring(junit.render(report_of(report)))  # noqa: S314 - it was written just now
    [suite] = root
    assert suite.get("tests") == str(len(suite))
    for name, element in (("failures", "failure"), ("skipped", "skipped")):
        assert suite.get(name) == str(sum(len(case.findall(element)) for case in suite))
        assert all(len(case.findall(element)) <= 1 for case in suite)
    failing = {problem.contract for problem in report.problems if report.fails(problem)}
    assert suite.get("failures") == str(len(failing))


@settings(max_examples=examples(50))
@given(REPORTS)
def test_any_report_is_a_sarif_log(report: Report) -> None:
    """It has what SARIF 2.1.0 demands (sections 3.13, 3.14, 3.18, 3.19, 3.27, 3.28, 3.30)."""
    log: dict[str, Any] = json.loads(sarif.render(report_of(report)))
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"]
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(set(ids)) == len(ids)
    assert len(run["results"]) == len(report.problems) + len(report.notes)
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["message"]["text"]
        assert result["level"] in {"none", "warning", "error"}
        assert (result["level"] == "none") == (result.get("kind", "fail") != "fail")
        [location] = result["locations"]
        physical = location["physicalLocation"]
        assert re.fullmatch(r"[!-~]*", physical["artifactLocation"]["uri"])  # RFC 3986
        assert min(physical["region"].values()) >= 1


@settings(max_examples=examples(50))
@given(REPORTS)
def test_any_report_is_text(report: Report) -> None:
    """Every message is in it, and no control character that a terminal would obey."""
    plain = text.render(report_of(report)).plain
    assert all(each.isprintable() or each == "\n" for each in plain)
    for problem in report.problems:
        if problem.message.isprintable():
            assert problem.message in plain


def test_colours_are_for_terminals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Escape sequences are written to a terminal only."""
    shutil.copytree(GOLDEN / "TYPE_MISMATCH", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    arguments = ["check", "now.avsc", "--against", "before.avsc"]
    plain = CliRunner().invoke(main, arguments).stdout
    assert "\x1b[" not in plain
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = CliRunner().invoke(main, arguments, color=True).stdout
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
