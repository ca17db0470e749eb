"""``streamcontract diff`` from the outside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from streamcontract.cli import main

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
    assert (code, json.loads(output)) == (0, {"equal": True, "changes": []})


def test_standard_input() -> None:
    """Either side can come from there, and finds the types that the other side uses."""
    code, output, _ = run("-", "new/order.avsc", stdin="\N{BYTE ORDER MARK}" + _OLD)
    assert code == 1
    assert "  - null  standard input:3:3\n" in output
    assert "Line.sku" not in output
    code, output, _ = run("old/order.avsc", "-", stdin=_OLD)
    assert (code, output) == (0, "no changes\n")


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (["-", "-"], b"", "only one of the two can come from standard input"),
        (["old/order.avsc"], b"", "Missing argument 'NEW'"),
        (["old/order.avsc", "nosuch.avsc"], b"", "'nosuch.avsc' does not exist"),
        (["old/order.avsc", "-"], b'"strng"', 'unknown type "strng"'),
        (["old/order.avsc", "-"], b"\xff", "standard input is not UTF-8"),
    ],
)
def test_trouble(arguments: list[str], stdin: bytes, message: str) -> None:
    """Exit code 2 and one message."""
    code, output, errors = run(*arguments, stdin=stdin)
    assert (code, output) == (2, "")
    assert message in errors
