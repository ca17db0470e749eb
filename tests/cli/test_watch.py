"""``streamcontract generate --watch``: its steps, without waiting for any."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from streamcontract.cli import main
from streamcontract.cli._watch import Watcher, schema_files
from streamcontract.errors import CodegenError
from streamcontract.project import PROJECT_FILE

SCHEMA = '{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}]}'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, and the current folder."""
    (tmp_path / "common" / "inner").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "common" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "order.avsc").write_text(SCHEMA)
    (tmp_path / PROJECT_FILE).write_text(
        'schemas = ["common"]\n[contracts.order]\nschema = "order.avsc"\n'
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def change(file: Path, text: str) -> None:
    """Writes a file so that its time is another, whatever the clock's resolution."""
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text(text)
    os.utime(file, ns=(before + 1, before + 1))


def test_runs_when_content_is_another(project: Path) -> None:
    """At first, then for files that change, come and go; not for one that is saved as it was."""
    runs: list[None] = []
    watcher = Watcher(schema_files([], project), lambda: runs.append(None))
    assert [watcher.step(), watcher.step()] == [True, False]
    change(project / "order.avsc", SCHEMA)
    assert not watcher.step()
    change(project / "order.avsc", SCHEMA.replace("id", "name"))
    assert [watcher.step(), watcher.step()] == [True, False]
    for place in ("line.avsc", "common/line.avsc", "common/inner/line.avsc", "elsewhere/line.avsc"):
        change(project / place, "{}")
        assert [watcher.step(), watcher.step()] == [True, False]
        (project / place).unlink()
        assert [watcher.step(), watcher.step()] == [True, False]
    change(project / "README.md", "no schema")
    assert not watcher.step()
    change(project / PROJECT_FILE, "[")
    assert [watcher.step(), watcher.step()] == [True, False]
    change(project / "order.avsc", SCHEMA)  # of the project file that could be read last
    assert watcher.step()
    assert len(runs) == 12


@pytest.mark.parametrize(
    "error",
    [click.exceptions.Exit(2), click.UsageError("what is wrong"), CodegenError("what is wrong")],
)
def test_what_is_wrong_does_not_end_it(
    project: Path, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is shown, and the next change is seen."""

    def action() -> None:
        raise error

    watcher = Watcher(schema_files([], project), action)
    assert watcher.step()
    shown = capsys.readouterr().err
    assert isinstance(error, click.exceptions.Exit) or "what is wrong" in shown
    change(project / "order.avsc", "{")
    assert watcher.step()


def test_files_by_themselves(project: Path) -> None:
    """Each with those beside it, without a project file."""
    file = project / "order.avsc"
    other = project / "line.avsc"
    other.write_text("{}")
    assert schema_files([file], None)() == {file, other}


def test_no_project(tmp_path: Path) -> None:
    """Nothing to watch, until there is a project file."""
    runs: list[None] = []
    watcher = Watcher(schema_files([], tmp_path), lambda: runs.append(None))
    assert watcher.step()
    (tmp_path / PROJECT_FILE).write_text("")
    assert watcher.step()


def test_the_command(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes, reports a broken schema, writes again once it is whole, and stops at Ctrl-C."""
    module = project / "contracts" / "order.py"
    edits = [
        lambda: change(project / "order.avsc", "{"),
        lambda: change(project / "order.avsc", SCHEMA.replace("id", "name")),
    ]
    seen: list[str] = []

    def pause(_seconds: float) -> None:
        seen.append(module.read_text())
        if not edits:
            raise KeyboardInterrupt
        edits.pop(0)()

    monkeypatch.setattr("streamcontract.cli._watch.time.sleep", pause)
    result = CliRunner().invoke(main, ["generate", "--watch"])
    assert result.exit_code == 0
    assert "order.avsc:1:2" in result.output
    assert result.output.endswith("stopped\n")
    assert seen[0] == seen[1]
    assert ["    id: str" in each for each in seen] == [True, True, False]


def test_watching_and_checking() -> None:
    """One writes and the other does not."""
    result = CliRunner().invoke(main, ["generate", "--watch", "--check"])
    assert result.exit_code == 2
    assert "give one of them" in result.stderr
