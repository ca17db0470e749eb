"""Modules that an import loads: those that its names need, and no others."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

import streamcontract
import streamcontract.codec
import streamcontract.columns
import streamcontract.kafka
import streamcontract.registry
import streamcontract.schema

LAZY: Final = (
    streamcontract,
    streamcontract.codec,
    streamcontract.columns,
    streamcontract.kafka,
    streamcontract.registry,
    streamcontract.schema,
)
"""The packages whose names are loaded on their first use."""

_COMMAND_LINE: Final = {"click", "rich"}
_HTTP: Final = {"requests", "urllib3"}
_EXTRAS: Final = {
    *("hypothesis", "pytest", "opentelemetry", "pydantic", "cattrs"),
    *("duckdb", "pyarrow"),
}
_CLIENTS: Final = {"confluent_kafka", "ssl", "asyncio", *_HTTP}


def loaded_by(program: str) -> set[str]:
    """The modules in a process of its own after a program."""
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", f"{program}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("program", "needless"),
    [
        ("import streamcontract", {"attrs", "typing_extensions", "logging", *_CLIENTS}),
        ("from streamcontract import Codec", {"streamcontract.schema", "logging", *_CLIENTS}),
        ("from streamcontract import sql", {"streamcontract.sql.connection", *_CLIENTS}),
        ("from streamcontract import parse_schema", {"streamcontract.codec", *_CLIENTS}),
        ("from streamcontract import Codec; Codec('int').encode(1)", _CLIENTS),
        (
            "from streamcontract import Stock, StockProducer, StockConsumer",
            {
                "streamcontract.schema",
                "streamcontract.registry",
                "streamcontract.kafka.connection",
                "streamcontract.kafka.dead_letters",
                *_HTTP,
            },
        ),
        (
            "from streamcontract import StockProducer; StockProducer().close()",
            {"streamcontract.kafka.consumer.wiring", "streamcontract.kafka.aio"},
        ),
        (
            "from streamcontract import StockConsumer; StockConsumer().close()",
            {"streamcontract.kafka.producer.wiring", "streamcontract.kafka.aio"},
        ),
    ],
)
def test_needless_modules_are_not_loaded(program: str, needless: set[str]) -> None:
    """Nor is what only the command line, the registry's client or an extra needs."""
    assert loaded_by(program) & {*needless, *_COMMAND_LINE, *_EXTRAS} == set()


@pytest.mark.parametrize("package", LAZY, ids=lambda package: str(package.__name__))
def test_lazy_names_are_what_type_checkers_see(package: ModuleType) -> None:
    """Each public name is loaded from the module that the package imports it from for types."""
    assert package.__file__ is not None
    tree = ast.parse(Path(package.__file__).read_text())
    seen = {
        alias.name: getattr(importlib.import_module(str(node.module)), alias.name)
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert {*package.__all__} - {"__version__"} == seen.keys()
    assert {name: getattr(package, name) for name in seen} == seen
    assert {*package.__all__} <= {*dir(package)}


@pytest.mark.parametrize("package", LAZY, ids=lambda package: str(package.__name__))
def test_a_name_that_there_is_not(package: ModuleType) -> None:
    """It is refused as by any module."""
    with pytest.raises(AttributeError, match=rf"'{package.__name__}' has no attribute 'Stok'"):
        _ = package.Stok


@pytest.mark.parametrize("package", LAZY, ids=lambda package: str(package.__name__))
def test_modules_may_be_named_after_an_import_of_the_package_alone(package: ModuleType) -> None:
    """As if the package had imported them all."""
    modules = [path.stem for path in Path(str(package.__file__)).parent.glob("[!_]*.py")]
    named = "; ".join(f"assert p.{module}.__name__.startswith(p.__name__)" for module in modules)
    assert "requests" not in loaded_by(f"import {package.__name__} as p")
    loaded_by(f"import {package.__name__} as p; {named}")
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        _ = package.no_such_name
