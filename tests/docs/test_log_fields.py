"""Log records carry the fields that docs/observability.md lists, and no others."""

from __future__ import annotations

import ast
import logging
import re
from typing import TYPE_CHECKING

from tests.docs.markdown import REPOSITORY
from tests.sources import modules_with

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = ("kafka", "registry")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
# About the application's own callback and about the installation: no message, topic or subject.
WITHOUT = {"kafka/connection/credentials.py", "kafka/native.py"}


def _calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call that logs, of those parts that deal with messages and subjects."""
    for part in PARTS:
        for name, tree in modules_with("log", under=part):
            for node in ast.walk(tree):
                match node:
                    case ast.Call(ast.Attribute(ast.Name("_log" | "log"), level)):
                        if level in LEVELS:
                            yield name, node


def _fields() -> set[str]:
    """The keys of all ``extra=``; those that are made elsewhere come from ``log_fields``."""
    made = [
        keyword.value for _, call in _calls() for keyword in call.keywords if keyword.arg == "extra"
    ]
    for tree in (tree for part in PARTS for _, tree in modules_with("log_fields", under=part)):
        made += [
            returned.value
            for function in ast.walk(tree)
            if isinstance(function, ast.FunctionDef) and function.name == "log_fields"
            for returned in ast.walk(function)
            if isinstance(returned, ast.Return) and returned.value is not None
        ]
    for value in made:
        assert isinstance(value, ast.Dict) or ast.unparse(value).endswith(".log_fields")
    return {
        ast.literal_eval(key)
        for value in made
        if isinstance(value, ast.Dict)
        for key in value.keys
        if key is not None
    }


def test_every_record_has_fields() -> None:
    """A line about a message, a topic or a subject can be searched for by them."""
    bare = {
        f"{path}:{call.lineno}"
        for path, call in _calls()
        if path not in WITHOUT and not any(keyword.arg == "extra" for keyword in call.keywords)
    }
    assert bare == set()


def test_the_fields_are_documented() -> None:
    """Their names are those of the page, and none of them is logging's own."""
    page = (REPOSITORY / "docs" / "observability.md").read_text("utf-8")
    _, records = page.split("## Log records")
    rows = [line.split("|")[1] for line in records.splitlines() if line.startswith("| `")]
    documented = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert _fields() == documented
    taken = vars(logging.makeLogRecord({})).keys() | {"message", "asctime"}
    assert documented & taken == set()
