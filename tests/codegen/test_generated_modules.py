"""Modules of random schemas: checked by the tools of their users, and used."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.codec.equality import same
from tests.codegen.cases import CASES
from tests.searching import examples

from streamcontract.codec import Codec
from streamcontract.schema import RecordType, parse_schema
from streamcontract.testing.strategies import records, schemas

if TYPE_CHECKING:
    from pathlib import Path

    from tests.codegen.conftest import Generator, Importer

    from streamcontract.schema import Schema


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, generate: Generator) -> Path:
    """A folder with the modules of many random schemas and of all odd cases."""
    drawn: list[Schema] = []

    @settings(
        max_examples=examples(80),
        derandomize=True,  # each tool runs once, over all of them: nothing to shrink
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(schemas(only_records=True))
    def draw(schema: Schema) -> None:
        drawn.append(schema)

    draw()
    path = tmp_path_factory.mktemp("modules")
    for index, schema in enumerate(drawn):
        (path / f"random_{index}.py").write_text(generate(schema), encoding="utf-8")
    for name, case in CASES.items():
        (path / f"odd_{name}.py").write_text(generate(case, topic="a.topic"), encoding="utf-8")
    return path


def run(*command: str, root: Path) -> str:
    """The complaints of a tool, none if it has none."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", *command], cwd=root, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.hypothesis
def test_formatter_leaves_modules_alone(folder: Path, pytestconfig: pytest.Config) -> None:
    """``ruff format --check`` with this project's settings has nothing to change."""
    options = ["--no-cache", "--config", "pyproject.toml", "--check", "--diff"]
    assert run("ruff", "format", *options, str(folder), root=pytestconfig.rootpath) == ""


@pytest.mark.hypothesis
def test_linter_finds_nothing(folder: Path, pytestconfig: pytest.Config) -> None:
    """``ruff check`` with this project's settings finds nothing."""
    options = ["--no-cache", "--config", "pyproject.toml"]
    assert run("ruff", "check", *options, str(folder), root=pytestconfig.rootpath) == ""


@pytest.mark.hypothesis
def test_imports_are_sorted_for_other_projects_too(
    folder: Path, pytestconfig: pytest.Config
) -> None:
    """Import order also holds where streamcontract is somebody else's package."""
    options = ["--no-cache", "--isolated", "--select", "I,F,E4,E7,E9"]
    assert run("ruff", "check", *options, str(folder), root=pytestconfig.rootpath) == ""


@pytest.mark.hypothesis
def test_type_checker_finds_nothing(folder: Path, pytestconfig: pytest.Config) -> None:
    """``mypy --strict`` with this project's settings finds nothing."""
    options = ["--strict", "--config-file", "pyproject.toml", "--cache-dir", str(folder / "cache")]
    assert run("mypy", *options, str(folder), root=pytestconfig.rootpath) == ""


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=examples(60))
@given(data=st.data())
def test_records_go_round(data: st.DataObject, generate: Generator, load: Importer) -> None:
    """Records of any schema's classes come back from their bytes as they were."""
    schema = data.draw(schemas(only_records=True))
    module = load(generate(schema))
    record = module.CONTRACT.types[schema.name]
    codec: Codec[Any] = Codec(record)
    value = data.draw(records(record))
    payload = codec.encode(value)
    assert codec.encode(codec.decode(payload)) == payload
    assert type(codec.decode(payload)) is record


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=examples(60))
@given(schema=schemas(only_records=True))
def test_defaults_are_what_a_reader_fills_in(
    schema: Schema, generate: Generator, load: Importer
) -> None:
    """Fields left out in Python equal fields left out by an older writer, for any schema."""
    module = load(generate(schema))
    for full_name, record in module.CONTRACT.types.items():
        node = schema.named_types[full_name]
        if not isinstance(node, RecordType) or not all(f.has_default for f in node.fields):
            continue
        writer = parse_schema({"type": "record", "name": full_name, "fields": []})
        reader: Codec[Any] = Codec(record)
        filled = reader.decode(b"", writer=writer)
        for name in record.__slots__:
            if name != "__weakref__":
                assert same_deeply(getattr(filled, name), getattr(record(), name))


def same_deeply(left: Any, right: Any) -> bool:
    """The same values, inside records too."""
    if hasattr(type(left), "__attrs_attrs__"):
        return type(left) is type(right) and all(
            same_deeply(getattr(left, a.name), getattr(right, a.name))
            for a in type(left).__attrs_attrs__
        )
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_deeply, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(same_deeply(left[k], right[k]) for k in left)
    return same(left, right)
