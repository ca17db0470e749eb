"""Warnings of code that was generated before its schema changed, wherever code is run."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from streamcontract.cli import dev, main
from streamcontract.cli import test as test_command
from streamcontract.codegen import staleness_around
from streamcontract.project import PROJECT_FILE
from streamcontract.testing import plugin

SCHEMA = """{"type": "record", "name": "Order", "namespace": "shop", "fields": [
  {"name": "id", "type": "string"}, {"name": "line", "type": "Line"}
]}"""
LINE = '{"type": "record", "name": "Line", "namespace": "shop", "fields": []}'
WARNING = (
    "contract order: contracts/order.py is out of date with order.avsc; run `streamcontract"
    " generate`"
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose code is generated, and the current folder."""
    (tmp_path / "order.avsc").write_text(SCHEMA)
    (tmp_path / "line.avsc").write_text(LINE)
    (tmp_path / PROJECT_FILE).write_text('[contracts.order]\nschema = "order.avsc"\n')
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(main, ["generate"]).exit_code == 0
    return tmp_path


@pytest.fixture
def stale(project: Path) -> Path:
    """The same after a schema changed."""
    (project / "order.avsc").write_text(SCHEMA.replace('"id"', '"name"'))
    return project


def test_the_same_content_is_not_stale(project: Path) -> None:
    """Whatever was written when."""
    assert staleness_around(project) == []
    (project / "order.avsc").write_text(SCHEMA)
    assert staleness_around() == []


def test_other_content_is(stale: Path) -> None:
    """Of the schema itself, of one that it uses, and of what the project says; until mended."""
    assert staleness_around(stale) == staleness_around(stale / "order.avsc") == [WARNING]
    (stale / "order.avsc").write_text(SCHEMA)
    (stale / "line.avsc").write_text(LINE.replace('"Line",', '"Line", "doc": "One.",'))
    assert staleness_around() == [WARNING]
    (stale / "line.avsc").write_text(LINE)
    with (stale / PROJECT_FILE).open("a") as file:
        file.write('topic = "orders"\n')
    assert staleness_around() == [WARNING]
    assert CliRunner().invoke(main, ["generate"]).exit_code == 0
    assert staleness_around() == []


@pytest.mark.parametrize("break_it", ["order.avsc", PROJECT_FILE])
def test_what_is_wrong_is_no_warning(stale: Path, break_it: str) -> None:
    """Other commands say what it is."""
    (stale / break_it).write_text("{")
    assert staleness_around() == []


def test_code_that_is_not_generated_is_no_warning(stale: Path) -> None:
    """It may be somewhere else."""
    (stale / "contracts" / "order.py").unlink()
    assert staleness_around() == []


@pytest.mark.usefixtures("stale")
def test_dev_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the command that runs the code."""
    stack = contextlib.nullcontext((SimpleNamespace(environment={}), "a stack"))
    monkeypatch.setattr(dev, "prepare", lambda _: None)
    monkeypatch.setattr(dev, "_running", lambda *_: stack)
    monkeypatch.setattr(dev, "run_command", lambda *_: 3)
    result = CliRunner().invoke(dev.command, ["--", "true"])
    assert (result.exit_code, result.stderr) == (3, f"Warning: {WARNING}\n")


def test_test_warns(stale: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before pytest says it at more length."""
    monkeypatch.setattr(test_command, "_run", lambda *_: 0)
    result = CliRunner().invoke(test_command.command)
    assert (result.exit_code, result.stderr) == (0, f"Warning: {WARNING}\n")
    result = CliRunner().invoke(test_command.command, [str(stale / "line.avsc")])
    assert (result.exit_code, result.stderr) == (0, "")


def _summary(folder: Path) -> list[str]:
    lines: list[str] = []
    reporter: Any = SimpleNamespace(
        section=lambda title, **_: lines.append(title),
        write_line=lambda line, **_: lines.append(line),
    )
    config: Any = SimpleNamespace(rootpath=folder)
    plugin.pytest_terminal_summary(reporter, config)
    return lines


def test_pytest_warns(stale: Path) -> None:
    """At the end of a run, from any folder of the project."""
    assert _summary(stale) == ["streamcontract", f"Warning: {WARNING}"]
    text = (stale / PROJECT_FILE).read_text()
    (stale / PROJECT_FILE).unlink()
    assert _summary(stale) == []
    (stale / "pyproject.toml").write_text(text.replace("[", "[tool.streamcontract."))
    (stale / "tests").mkdir()
    assert _summary(stale / "tests") == ["streamcontract", f"Warning: {WARNING}"]
