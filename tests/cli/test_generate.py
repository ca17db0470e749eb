"""``streamcontract generate`` from the outside."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from streamcontract.cli import main
from streamcontract.project import PROJECT_FILE

_SCHEMA = """{"type": "record", "name": "%s", "fields": [
  {"name": "id", "type": "string"},
  {"name": "price", "type": "double"},
  {"name": "note", "type": ["null", "string"], "default": null}
]}"""
_TOML = """
output = "src/app/contracts"
[contracts.order]
schema = "schemas/order.avsc"
topic = "orders"
key = "id"
[contracts.trade]
schema = "schemas/trade.avsc"
"""


def run(*arguments: str) -> tuple[int, str, str]:
    """Exit code, output and error output of ``streamcontract generate``."""
    result = CliRunner().invoke(main, ["generate", *arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a project with two contracts, and the current folder."""
    (tmp_path / "schemas").mkdir()
    for name in ("Order", "Trade"):
        (tmp_path / "schemas" / f"{name.lower()}.avsc").write_text(_SCHEMA % name)
    (tmp_path / PROJECT_FILE).write_text(_TOML)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def folder(project: Path) -> Path:
    """The folder of its generated modules."""
    return project / "src" / "app" / "contracts"


def test_all_contracts_are_written_and_then_up_to_date(folder: Path) -> None:
    """The first run writes every module, the second has nothing to do, and so has --check."""
    code, output, _ = run()
    assert code == 0
    assert output.splitlines() == [
        "wrote src/app/contracts/__init__.py",
        "wrote src/app/contracts/order.py",
        "wrote src/app/contracts/trade.py",
    ]
    assert "class OrderProducer" in (folder / "order.py").read_text()
    assert run() == (0, "2 module(s) up to date\n", "")
    assert run("--check") == (0, "", "")


def test_check_shows_a_diff_and_writes_nothing(project: Path, folder: Path) -> None:
    """A schema that was changed without generating again is exit code 1 with a diff."""
    run()
    before = (folder / "order.py").read_text()
    schema = project / "schemas" / "order.avsc"
    schema.write_text(schema.read_text().replace('"double"', '"long"'))
    code, output, _ = run("--check")
    assert code == 1
    assert "--- a/src/app/contracts/order.py\n+++ b/src/app/contracts/order.py\n" in output
    assert "-    price: float\n+    price: int\n" in output
    assert "; run `streamcontract generate` and commit the result" in output
    assert (folder / "order.py").read_text() == before


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_checkout_on_windows_is_up_to_date(project: Path, folder: Path, mark: bytes) -> None:
    """Schemas and modules with other line ends, and a byte order mark, are the same contracts."""
    run()
    files = [*folder.glob("*.py"), *(project / "schemas").iterdir(), project / PROJECT_FILE]
    for file in files:
        file.write_bytes(mark + file.read_bytes().replace(b"\n", b"\r\n"))
    before = [file.read_bytes() for file in files]
    assert run("--check") == (0, "", "")
    assert run() == (0, "2 module(s) up to date\n", "")
    assert [file.read_bytes() for file in files] == before


def test_leftovers_are_drift_until_they_are_removed(project: Path, folder: Path) -> None:
    """A module whose contract is gone fails the check, and generating removes it."""
    run()
    (project / PROJECT_FILE).write_text(_TOML.partition("[contracts.trade]")[0])
    code, output, _ = run("--check")
    assert code == 1
    assert "+++ /dev/null" in output
    assert run() == (0, "removed src/app/contracts/trade.py\n", "")
    assert not (folder / "trade.py").exists()


def test_named_contracts_only(folder: Path) -> None:
    """With names, other contracts are neither written nor leftovers."""
    run()
    (folder / "trade.py").unlink()
    assert run("order") == (0, "1 module(s) up to date\n", "")
    assert not (folder / "trade.py").exists()
    assert run("trade")[1] == "wrote src/app/contracts/trade.py\n"
    assert (folder / "order.py").exists()


def test_another_output_and_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folder and project can be given, and the modules say the same wherever one stands."""
    run()
    monkeypatch.chdir(project.parent)
    code, _, _ = run("--project", str(project), "-o", str(project / "elsewhere"))
    assert code == 0
    written = (project / "elsewhere" / "order.py").read_bytes()
    assert written == (project / "src" / "app" / "contracts" / "order.py").read_bytes()


def test_schema_files_need_no_project(project: Path) -> None:
    """A schema file and a folder are enough."""
    (project / PROJECT_FILE).unlink()
    code, output, _ = run("schemas/order.avsc", "-o", "out")
    assert code == 0
    assert output.splitlines() == ["wrote out/__init__.py", "wrote out/order.py"]
    text = (project / "out" / "order.py").read_text()
    assert text.startswith("# Generated by streamcontract from schemas/order.avsc:")
    assert str(project) not in text


def test_schema_files_from_elsewhere_leave_no_path_behind(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file outside the current folder is known by its name alone."""
    monkeypatch.chdir(tmp_path_factory.mktemp("other"))
    assert run(str(project / "schemas" / "order.avsc"), "-o", "out")[0] == 0
    assert (
        (Path("out") / "order.py")
        .read_text()
        .startswith("# Generated by streamcontract from order.avsc:")
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ordr"], "has no contract 'ordr'; did you mean 'order'?"),
        (["order", "schemas/order.avsc"], "not both"),
        (["schemas/order.avsc"], "need a folder for the modules: -o FOLDER"),
        (["no.avsc", "-o", "out"], "there is no file no.avsc"),
        (["--project", "nowhere"], "does not exist"),
    ],
)
def test_wrong_usage(project: Path, arguments: list[str], message: str) -> None:
    """What cannot be done exits with 2 and says why, and writes nothing."""
    code, output, error = run(*arguments)
    assert (code, output) == (2, "")
    assert message in error
    assert not (project / "src").exists()


def test_two_files_of_one_name_are_refused(project: Path) -> None:
    """Files whose modules would overwrite each other are an error."""
    (project / "Order.avsc").write_text(_SCHEMA % "Order")
    code, _, error = run("schemas/order.avsc", "Order.avsc", "-o", "out")
    assert code == 2
    assert "would both become the module order.py" in error


def test_missing_project_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a project the message shows how to write one."""
    monkeypatch.chdir(tmp_path)
    code, _, error = run()
    assert code == 2
    assert "[contracts.order]" in error


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("idd", "the key 'idd' is no field of Order; did you mean 'id'?"),
        ("zzz", "the key 'zzz' is no field of Order; it has id, price, note"),
        ("price", "the field 'price' cannot be the key"),
        ("note", "the field 'note' cannot be the key"),
    ],
)
def test_keys_are_checked_against_the_schema(project: Path, key: str, message: str) -> None:
    """A key that is no field, or of a type that cannot be a key, is found here already."""
    (project / PROJECT_FILE).write_text(_TOML.replace('key = "id"', f'key = "{key}"'))
    code, output, _ = run()
    assert code == 2
    assert "streamcontract.toml:6:1: error: invalid-project in order\n" in output
    assert message in output


def test_invalid_schema(project: Path) -> None:
    """A schema that is not valid is reported with its place."""
    (project / "schemas" / "order.avsc").write_text('{"type": "recrod"}')
    code, output, _ = run()
    assert code == 2
    assert "schemas/order.avsc:1:10: error: invalid-schema in order\n" in output


@pytest.mark.parametrize("fault", ["schema", "key", "no record"])
def test_the_others_are_written(project: Path, folder: Path, fault: str) -> None:
    """What is wrong with one contract keeps no other from its module, nor removes its own."""
    run()
    kept = (folder / "order.py").read_text()
    order, toml = project / "schemas" / "order.avsc", project / PROJECT_FILE
    if fault == "schema":
        order.write_text(order.read_text().replace('"double"', '"duble"'))
    elif fault == "key":
        toml.write_text(_TOML.replace('key = "id"', 'key = "idd"'))
    else:
        order.write_text('{"type": "fixed", "name": "Order", "size": 1}')
    trade = project / "schemas" / "trade.avsc"
    trade.write_text(trade.read_text().replace('"double"', '"long"'))
    toml.write_text(toml.read_text() + '[contracts.more]\nschema = "schemas/more.avsc"\n')
    (project / "schemas" / "more.avsc").write_text('"strng"')
    code, output, _ = run("--check")
    assert code == 2
    assert "+++ b/src/app/contracts/trade.py" in output
    code, output, _ = run()
    assert code == 2
    assert output.startswith("wrote src/app/contracts/trade.py\n")
    assert re.search(r"^\S+:\d+:\d+: error: [a-z-]+ in order$", output, re.MULTILINE)
    assert "schemas/more.avsc:1:1: error: invalid-schema in more\n" in output
    assert (folder / "order.py").read_text() == kept
    code, output, _ = run()
    assert code == 2
    assert output.startswith("1 module(s) up to date\n")


def test_schema_that_is_no_record(project: Path) -> None:
    """A contract is a record."""
    (project / "schemas" / "order.avsc").write_text('{"type": "array", "items": "int"}')
    code, output, _ = run()
    assert code == 2
    assert "schemas/order.avsc: a contract's schema is a record, found array" in output


def found(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and document of a run in JSON."""
    code, output, error = run(*arguments, "--format", "json")
    assert error == ""
    return code, json.loads(output)


def places(document: dict[str, Any]) -> dict[str, tuple[str, int, int]]:
    """File, line and column of each finding, by its rule."""
    places = {each["rule"]: each["at"] for each in document["findings"]}
    assert len(places) == len(document["findings"])
    return {rule: (at["file"], at["line"], at["column"]) for rule, at in places.items()}


def test_wrong_generated_files_are_findings(project: Path, folder: Path) -> None:
    """One that was edited, one that is no Python, one that is missing, a leftover, another's."""
    tables = "".join(
        f'[contracts.{name}]\nschema = "schemas/trade.avsc"\n' for name in ("third", "fourth")
    )
    (project / PROJECT_FILE).write_text(_TOML + tables)
    run()
    lines = (folder / "order.py").read_text().split("\n")
    (folder / "order.py").write_text("\n".join([*lines[:9], f"{lines[9]} # edited", *lines[10:]]))
    text = (folder / "third.py").read_text()
    (folder / "third.py").write_text(f"{text}\ndef f(:\n")
    (folder / "fourth.py").write_text("x = 1\n")
    (folder / "trade.py").unlink()
    (folder / "old.py").write_text(text)
    code, document = found("--check")
    assert code == 2
    assert document["unjudged"] == ["fourth"]
    package = "src/app/contracts"
    assert places(document) == {
        "generated-differs": (f"{package}/order.py", 10, len(lines[9]) + 1),
        "generated-broken": (f"{package}/third.py", text.count("\n") + 2, 7),
        "not-generated": (f"{package}/fourth.py", 1, 1),
        "generated-missing": (f"{package}/trade.py", 1, 1),
        "generated-leftover": (f"{package}/old.py", 1, 1),
    }
    for output_format in ("text", "github", "gitlab", "junit", "sarif"):
        code, output, error = run("--check", "--format", output_format)
        assert (code, error) == (2, "")
        assert all(name in output for name in ("order.py", "third.py", "fourth.py", "old.py"))
    code, document = found()
    assert code == 2
    assert {each["file"]: each["change"] for each in document["changes"]} == {
        f"{package}/order.py": "written",
        f"{package}/third.py": "written",
        f"{package}/trade.py": "written",
        f"{package}/old.py": "removed",
    }
    assert places(document) == {"not-generated": (f"{package}/fourth.py", 1, 1)}
    (folder / "fourth.py").unlink()
    assert found()[0] == 0
    assert found("--check") == (
        0,
        {**document, "check": True, "clean": True}
        | {
            "modules": ["order", "trade", "third", "fourth", "shared_types"],
            "unjudged": [],
            "changes": [],
            "findings": [],
        },
    )


def test_a_wrong_project_file(project: Path, folder: Path) -> None:
    """The right contracts are generated; nothing of a wrong one is removed."""
    run()
    (project / PROJECT_FILE).write_text(_TOML.replace('topic = "orders"', 'topci = "orders"'))
    (folder / "trade.py").unlink()
    code, document = found()
    assert code == 2
    assert places(document) == {"invalid-project": ("streamcontract.toml", 5, 1)}
    assert document["unjudged"] == ["order"]
    assert [each["file"] for each in document["changes"]] == ["src/app/contracts/trade.py"]
    assert (folder / "order.py").exists()


@pytest.mark.parametrize("text", ["output = [", _TOML.replace("output", "outptu"), "output = 1\n"])
def test_unknown_output_is_no_other_folder(project: Path, text: str) -> None:
    """Where the modules are to be is not known, so nothing is written."""
    (project / PROJECT_FILE).write_text(text)
    before = set(project.rglob("*"))
    code, document = found()
    assert (code, document["changes"]) == (2, [])
    assert [each["rule"] for each in document["findings"]] == ["invalid-project"]
    assert set(project.rglob("*")) == before


def test_committed_contracts_are_up_to_date(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This project's own modules are what its schemas give."""
    monkeypatch.chdir(pytestconfig.rootpath)
    assert run("--check") == (0, "", "")
