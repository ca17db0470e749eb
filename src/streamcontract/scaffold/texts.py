"""Texts of a new project's files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from streamcontract.lint import FieldNames
    from streamcontract.scaffold.draft import Draft, Planned

__all__ = ["FIXED", "project_file"]

_TEST: Final = '''\
"""The contracts of this project: schemas, generated code, values, earlier versions."""

from pathlib import Path

from streamcontract.testing import contract_suite

test_contracts = contract_suite(Path(__file__).parents[1])
'''

_WORKFLOW: Final = """\
# Findings become annotations of the changed lines in the pull request.
name: contracts

on: pull_request

permissions:
  contents: read

jobs:
  contracts:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0 # the base branch, and the whole history for transitive levels
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - name: Install
        run: python -m pip install "streamcontract[test]"
      - name: Schemas are good Avro
        run: streamcontract lint --format github
      - name: Generated code is that of the schemas
        run: streamcontract generate --check --format github
      - name: Changes of the contracts are safe
        run: streamcontract check --against "git:origin/$GITHUB_BASE_REF" --format github
      - name: Values survive encoding and decoding
        run: streamcontract test
"""

_GITIGNORE: Final = """\
__pycache__/
.venv/
.hypothesis/
.mypy_cache/
.pytest_cache/
"""

FIXED: Final = {
    "tests/test_contracts.py": _TEST,
    ".github/workflows/contracts.yml": _WORKFLOW,
    ".gitignore": _GITIGNORE,
}
"""The files that are the same in every project, by their paths."""

_REASON: Final = "broken when `streamcontract init` found the schema; fix it and remove this line"


def project_file(
    draft: Draft,
    output: str,
    field_names: FieldNames,
    off: Mapping[str, list[str]],
) -> str:
    """The text of the project file.

    Args:
        draft: The contracts.
        output: The folder of the generated modules.
        field_names: The style of field names.
        off: The rules of ``streamcontract lint`` that the schemas break, by contract; under ``""``
        those of files without a contract.
    """
    return "\n".join(_lines(draft, output, field_names, off)) + "\n"


def _lines(
    draft: Draft, output: str, field_names: FieldNames, off: Mapping[str, list[str]]
) -> Iterator[str]:
    yield "# The contracts of this project; `streamcontract generate` writes a module for each."
    yield f"output = {_quoted(output)}"
    if draft.folders:
        yield f"schemas = [{', '.join(map(_quoted, draft.folders))}]"
    if field_names != "snake_case":
        yield from ("", "[lint]", f"field_names = {_quoted(field_names)}")
    if off.get(""):
        yield from ("", "[lint.off]", *_switches(off[""]))
    for contract in draft.contracts:
        yield from ("", f"[contracts.{contract.name}]", *_keys(contract))
        if off.get(contract.name):
            yield from (
                "",
                f"[contracts.{contract.name}.lint_off]",
                *_switches(off[contract.name]),
            )


def _keys(contract: Planned) -> Iterator[str]:
    yield f"schema = {_quoted(contract.schema)}"
    if contract.topic is None:
        yield '# topic = "..."  # names its subjects in a registry; without one it has none'
    values = {
        "topic": contract.topic,
        "key": contract.key,
        "key_schema": contract.key_schema,
        "partitions": contract.partitions,
        "compatibility": contract.compatibility,
    }
    for key, value in values.items():
        if value is not None:
            yield f"{key} = {value if isinstance(value, int) else _quoted(value)}"


def _switches(rules: list[str]) -> Iterator[str]:
    return (f"{rule} = {_quoted(_REASON)}" for rule in rules)


def _quoted(text: str) -> str:
    """A basic string of TOML, which is a JSON string except for the character DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
