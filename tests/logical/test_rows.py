"""A logical type is one row: all that deals with logical types deals with every row."""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterator
from functools import partial
from typing import Any, Final, cast

import pytest
from tests.in_one_test import check_each
from tests.logical.consumers import CONSUMERS, DOCUMENTATION, SOURCES, Case, Consumer, cases
from tests.sources import modules_with

from streamcontract.schema.logical import (
    LOGICAL_TYPES,
    Base,
    Conversion,
    JsonForm,
    LogicalRow,
    PythonType,
    Unit,
)
from streamcontract.schema.logical.rows import moment_row
from streamcontract.schema.refusal import Refused
from streamcontract.testing.strategies.forms import fixed_forms, logical_forms

every_consumer = pytest.mark.parametrize(
    "consumer", [*CONSUMERS, DOCUMENTATION], ids=lambda consumer: consumer.check.__name__
)


def run(consumer: Consumer, case: Case) -> None:
    """Run a check; what fails names the files that cannot deal with the logical type."""
    try:
        consumer.check(case)
    except Exception as error:
        homes = ", ".join(consumer.homes)
        raise AssertionError(f"{homes}: cannot deal with {case}: {error!r}") from error


@pytest.mark.hypothesis  # some consumers are properties: make test-all searches further in them
@every_consumer
def test_every_consumer_of_every_row(consumer: Consumer) -> None:
    """No module is without what it needs of a logical type."""
    check_each(cases(), partial(run, consumer))


def test_rows_are_known_by_their_names() -> None:
    """The table's keys are the rows' names."""
    assert [row.name for row in LOGICAL_TYPES.values()] == list(LOGICAL_TYPES)


# ---- a row more


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    """A logical type that Avro does not have, added as one row."""
    row = moment_row(Unit("seconds", "seconds", 1), is_local=False)
    yield from _with_row(monkeypatch, row)


@pytest.fixture
def colour(monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    """Another one, of a kind of its own: a text of which most texts are none."""

    def colour_of(text: str) -> Colour:
        if text not in Colour.__members__:
            raise Refused("the name of a colour", text)
        return Colour[text]

    def name_of(value: object) -> str:
        if not isinstance(value, Colour):
            raise Refused("a colour", value)
        return value.name

    conversion = Conversion(name_of, colour_of)
    python = PythonType(
        cls=Colour,
        annotation="Colour",
        maker="Colour",
        arguments=name_of,
        json=JsonForm("string", "the name of a colour", name_of, lambda json: colour_of(str(json))),
    )
    row = LogicalRow(
        name="colour",
        bases=(Base("string"),),
        kind="colour",
        python=python,
        convert=lambda _logical, _size: conversion,
    )
    yield from _with_row(monkeypatch, row)


class Colour(enum.Enum):
    """A class that generated modules know nothing of."""

    RED = 1


def _with_row(monkeypatch: pytest.MonkeyPatch, row: LogicalRow) -> Iterator[Case]:
    """The row is one of the table, and the strategies know it."""
    monkeypatch.setitem(cast("dict[str, LogicalRow]", LOGICAL_TYPES), row.name, row)
    kept = cast("Any", (logical_forms, fixed_forms))
    for forms in kept:
        forms.cache_clear()
    yield Case(row, row.bases[0])
    for forms in kept:
        forms.cache_clear()


# Made of the rows when they are loaded, before the test adds one.
_AT_IMPORT: Final = frozenset({"fuzzed"})


@pytest.mark.parametrize(
    "consumer",
    [each for each in CONSUMERS if each.check.__name__ not in _AT_IMPORT],
    ids=lambda consumer: consumer.check.__name__,
)
def test_one_row_is_all_it_takes(consumer: Consumer, seconds: Case) -> None:
    """Seconds since 1970 as a logical type: everything follows from its row."""
    run(consumer, seconds)


def test_documentation_is_asked_for(seconds: Case) -> None:
    """What no row can write is named."""
    with pytest.raises(AssertionError, match=r"generated-code\.md: cannot deal with timestamp-s"):
        run(DOCUMENTATION, seconds)


def test_what_a_row_lacks_is_named(colour: Case) -> None:
    """A new kind on a new class: the checks that fail are those of what has to be added."""
    failed = set()
    for consumer in CONSUMERS:
        if consumer.check.__name__ not in _AT_IMPORT:
            try:
                run(consumer, colour)
            except AssertionError as error:
                home, *_ = str(error).partition(": cannot deal with colour on string")
                failed.update(home.split(", "))
    assert "testing/strategies/leaves.py" in failed  # no strategy
    assert "codegen/vocabulary.py" in failed  # no import
    assert "compatibility/leaf_samples.py" in failed  # no samples


# ---- who deals with logical types

_IMPORTED: Final = "streamcontract.schema.logical"
_ROWS: Final = "schema/logical/"
# These hand on what they import, and have nothing of their own to check.
_HAND_ON: Final = frozenset({"codec/__init__.py"})


def _modules(*words: str) -> Iterator[tuple[str, ast.Module]]:
    for name, tree in modules_with(*words):
        if not name.startswith(_ROWS):
            yield name, tree


def test_every_module_that_uses_rows_is_a_consumer() -> None:
    """A module that starts to use the rows gets a check."""
    users = {
        name
        for name, tree in _modules(_IMPORTED)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_IMPORTED)
    }
    checked = {home for consumer in CONSUMERS for home in consumer.homes}
    assert users - checked == _HAND_ON
    assert [home for home in checked if not (SOURCES / home).exists()] == []


# What a module says of one logical type, for a reason that is none of the others'.
_SINGLED_OUT: Final = {
    "codec/native.py": {
        "date",
        "duration",
        "uuid",
        "decimal",
    },  # kinds that have nodes of their own
    "codegen/sources.py": {"uuid"},  # it alone may be a message's key as it stands
    "codegen/vocabulary.py": {"decimal", "uuid"},  # modules of Python
    # Kinds whose Arrow type is not that of what they annotate, and the steps that read them.
    "columns/layout.py": {"date", "duration", "uuid", "decimal", "big-decimal"},
    "columns/program.py": {"duration", "uuid", "decimal", "big-decimal"},
    # Names that Arrow's types have too; kinds whose Arrow values are not those of Python.
    "columns/arrow_types.py": {"date", "decimal"},
    "columns/arrow_values.py": {
        *("date", "decimal", "big-decimal", "uuid", "duration"),
        "local-timestamp-millis",  # a date64 that is no whole day is a datetime
    },
    "columns/leaf_forms.py": {"date", "decimal", "big-decimal", "uuid", "duration"},  # kinds
    "export/formats.py": {"uuid"},  # CSV has it as text, other bytes not at all
    "compatibility/drift.py": {"decimal"},  # what changes in it are digits
    "json_codec/direct.py": {"date", "decimal", "uuid"},  # kinds
    "messages/where/literals.py": {"date", "decimal", "big-decimal", "duration"},  # kinds
    "kafka/contract/keys.py": {"uuid"},  # as in codegen/sources.py
    "lint/rules/meaning.py": {"date", "decimal", "uuid"},  # what to use instead
    "resolution/resolver.py": {"decimal"},  # it has a scale, not a unit
    "integrations/duckdb_types.py": {"uuid"},  # DuckDB has a type for it, other than for its bytes
    "spark/types.py": {"date", "decimal", "big-decimal", "uuid", "duration"},  # kinds
    "testing/strategies/forms.py": {  # what does not fit
        *("date", "decimal", "duration", "uuid", "big-decimal"),
        *("time-millis", "timestamp-millis"),
    },
    "testing/strategies/leaves.py": {"big-decimal", "date", "decimal", "duration", "uuid"},  # kinds
}


def test_no_other_module_lists_logical_types() -> None:
    """Their names are in the rows; elsewhere only where one is singled out."""
    found: dict[str, set[str]] = {}
    for name, tree in _modules(*(f'"{name}"' for name in LOGICAL_TYPES)):
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and node.value in LOGICAL_TYPES:
                found.setdefault(name, set()).add(str(node.value))
    assert found == _SINGLED_OUT
