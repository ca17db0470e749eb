"""``streamcontract lint`` from the outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from streamcontract.cli import main
from streamcontract.lint import RULES
from streamcontract.project import PROJECT_FILE

REPOSITORY = Path(__file__).parents[2]

_GOOD = """{"type": "record", "name": "%s", "namespace": "com.example", "doc": "Good.", "fields": [
  {"name": "id", "type": "string", "doc": "Names it."}
]}
"""
_BAD = """{"type": "record", "name": "Trade", "namespace": "com.example", "doc": "Bad.", "fields": [
  {"name": "id", "type": "string"},
  {"name": "line", "type": "Line", "doc": "Its line."}
]}
"""
_TOML = """
[lint]
tier = "standard"
[contracts.order]
schema = "schemas/order.avsc"
[contracts.trade]
schema = "schemas/trade.avsc"
key_schema = "schemas/key.avsc"
"""


def run(*arguments: str) -> tuple[int, str, str]:
    """Exit code, output and error output of ``streamcontract lint``."""
    result = CliRunner().invoke(main, ["lint", *arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a good contract and a bad one, and the current folder."""
    schemas = tmp_path / "schemas"
    schemas.mkdir()
    (schemas / "order.avsc").write_text(_GOOD % "Order")
    (schemas / "trade.avsc").write_text(_BAD)
    (schemas / "line.avsc").write_text(_GOOD.replace("Good.", " ") % "Line")
    (schemas / "key.avsc").write_text('["string"]')
    (schemas / "unused.avsc").write_text(_GOOD.replace("com.example", "com.Example") % "Unused")
    (tmp_path / PROJECT_FILE).write_text(_TOML)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(*arguments: str) -> list[tuple[str, str]]:
    """File and rule of each finding; the exit code fits them."""
    code, output, _ = run("--format", "json", *arguments)
    document = json.loads(output)
    findings = [(each["at"]["file"], each["rule"]) for each in document["findings"]]
    assert document["clean"] is (not findings)
    assert code == (1 if findings else 0)
    return findings


@pytest.mark.usefixtures("project")
def test_all_contracts() -> None:
    """Values, keys and the files they use, each once; other files of the folder are not read."""
    assert found() == [
        ("schemas/trade.avsc", "field-doc"),
        ("schemas/line.avsc", "record-doc"),
        ("schemas/key.avsc", "union-too-small"),
    ]


@pytest.mark.usefixtures("project")
def test_one_contract() -> None:
    """Only what is named."""
    assert found("order") == []
    assert len(found("trade")) == 3


@pytest.mark.usefixtures("project")
def test_files_and_folders() -> None:
    """Files are looked at by themselves; a folder gives all of its own files, in order."""
    for installed in ("venv", "node_modules"):
        Path("schemas", installed).mkdir()
        Path("schemas", installed, "other.avsc").write_text("{")
    Path("schemas", "venv", "pyvenv.cfg").touch()
    assert found("schemas/trade.avsc") == [("schemas/trade.avsc", "field-doc")]
    assert [file for file, _ in found("schemas")] == [
        f"schemas/{name}.avsc" for name in ("key", "line", "trade", "unused")
    ]
    assert len(found("schemas", "order", "schemas/trade.avsc")) == 4


def test_files_need_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a pre-commit hook passes them; the tier is the first, unless one is asked for."""
    monkeypatch.chdir(tmp_path)
    Path("order.avsc").write_text(_GOOD % "Order")
    assert found("order.avsc") == []
    Path("trade.avsc").write_text(_GOOD.replace("Good.", "") % "Trade")
    assert found("trade.avsc") == []
    assert found("--tier", "standard", "trade.avsc") == [("trade.avsc", "record-doc")]
    code, _, errors = run()
    assert code == 2
    assert PROJECT_FILE in errors


def test_the_project_switches_rules_off(project: Path) -> None:
    """For a contract's own files also when the file is given by its path."""
    text = (
        _TOML + "[contracts.trade.lint_off]\nfield-doc = 'a draft'\nunion-too-small = 'to grow'\n"
    )
    (project / PROJECT_FILE).write_text(text)
    assert found() == [("schemas/line.avsc", "record-doc")]
    assert found("schemas/trade.avsc") == []
    (project / PROJECT_FILE).write_text(text + "[lint.off]\nrecord-doc = 'a draft'\n")
    assert found() == []


@pytest.mark.usefixtures("project")
def test_text() -> None:
    """Place, severity, rule, message, and the line with the place marked."""
    code, output, _ = run("schemas/trade.avsc")
    assert code == 1
    assert output == (
        "schemas/trade.avsc:2:3: warning: field-doc\n"
        '  the field id has no doc; add "doc": its meaning, its unit, and the meaning of a null or'
        " a default\n\n"
        '    1 | {"type": "record", "name": "Trade", "namespace": "com.example", "doc": "Bad.",'
        ' "fields": [\n'
        '  > 2 |   {"name": "id", "type": "string"},\n'
        "      |   ^\n"
        '    3 |   {"name": "line", "type": "Line", "doc": "Its line."}\n\n'
        "1 warning: 1 file\n"
    )
    assert run("order") == (0, "clean: 1 file\n", "")


@pytest.mark.usefixtures("project")
def test_github() -> None:
    """One annotation for each finding."""
    code, output, _ = run("--format", "github", "schemas/trade.avsc")
    assert code == 1
    assert output.startswith(
        "::warning file=schemas/trade.avsc,line=2,col=3,title=field-doc::the field id has no doc;"
    )


def test_rules() -> None:
    """Every rule with its reason, for people and for machines."""
    code, output, _ = run("--rules")
    assert code == 0
    assert all(
        f"{rule.id} ({rule.severity}, {rule.tier})\n  {rule.summary}\n" in output for rule in RULES
    )
    rows = json.loads(run("--rules", "--format", "json")[1])
    assert [row["id"] for row in rows] == [rule.id for rule in RULES]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nosuch"], "has no contract 'nosuch'"),
        (["nosuch.avsc"], "there is no file nosuch.avsc"),
        (["empty"], "there is no .avsc file in empty"),
        (["--format", "xml"], "'xml' is not one of"),
    ],
)
def test_wrong_usage(project: Path, arguments: list[str], message: str) -> None:
    """Exit code 2 and one message."""
    (project / "empty").mkdir()
    code, output, errors = run(*arguments)
    assert (code, output) == (2, "")
    assert message in errors


def test_schemas_that_are_none(project: Path) -> None:
    """The faults of all files are findings, and the exit code says that they were not judged."""
    for name in ("order", "trade"):
        (project / "schemas" / f"{name}.avsc").write_text('{"type": "recrd"}')
    code, output, errors = run()
    assert (code, errors) == (2, "")
    assert "schemas/order.avsc:1:10: error: invalid-schema" in output
    assert "schemas/trade.avsc:1:10: error: invalid-schema" in output


@pytest.mark.parametrize("folder", [".", "examples/orders"])
def test_our_own_contracts_are_clean(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What this project shows as good, its own rules find good."""
    monkeypatch.chdir(REPOSITORY / folder)
    assert found() == []
