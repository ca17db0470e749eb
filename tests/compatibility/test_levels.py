"""Compatibility levels: one row for each, and everything that takes a level follows the rows."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from tests.sources import modules_with
from tests.strategies.breaking import breaking_evolutions

import streamcontract
from streamcontract import SchemaRegistry, check_level, levels, parse_schema
from streamcontract.compatibility import rollout
from streamcontract.compatibility.dialects import dialect_level
from streamcontract.compatibility.rollout import _ADVICE
from streamcontract.devstack.registry import RegistryServer
from streamcontract.errors import ConfigurationError
from streamcontract.levels import LEVELS, First, compatibility_level
from streamcontract.project import COMPATIBILITY_LEVELS, load_project
from streamcontract.registry import protocol
from streamcontract.registry.errors import InvalidCompatibilityLevelError
from streamcontract.testing.strategies import evolutions, histories

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY = Path(__file__).parents[2]
INT, LONG, TEXT, BYTES = (parse_schema(each) for each in ("int", "long", "string", "bytes"))


def test_there_is_one_row_for_each_name() -> None:
    """The names that type checkers know and the rows are the same, in every order they are in."""
    assert tuple(levels._BY_NAME) == LEVELS
    assert all(compatibility_level(name).name == name for name in LEVELS)
    assert set(protocol.LEVELS) == set(COMPATIBILITY_LEVELS) == set(LEVELS)


@pytest.mark.parametrize("name", LEVELS)
def test_a_row_does_what_its_name_says(name: str) -> None:
    """The name's two parts, as the registries document them, are the oracle."""
    row = compatibility_level(name)
    checked = {"NONE": "", "BACKWARD": "backward", "FORWARD": "forward", "FULL": "backward forward"}
    assert " ".join(row.directions) == checked[name.removesuffix("_TRANSITIVE")]
    assert row.is_transitive is name.endswith("_TRANSITIVE")


@given(st.sampled_from(LEVELS), st.lists(st.sampled_from([INT, LONG, TEXT, BYTES]), max_size=4))
def test_a_candidate_is_compared_with_the_versions_of_its_level(
    name: levels.Level, history: list[streamcontract.Schema]
) -> None:
    """What a level compares is what its findings name, where nothing fits."""
    compared = compatibility_level(name).compared(range(1, len(history) + 1))
    nothing_reads = parse_schema({"type": "fixed", "name": "F", "size": 1})
    found = check_level(name, candidate=nothing_reads, history=history)
    assert {finding.version for finding in found} == set(compared)
    assert {finding.direction for finding in found if history} == (
        set(compatibility_level(name).directions) if history else set()
    )


@pytest.mark.parametrize(
    ("new", "old", "kept"),
    [(INT, INT, "FULL"), (LONG, INT, "BACKWARD"), (INT, LONG, "FORWARD"), (INT, TEXT, "NONE")],
)
def test_who_goes_first_is_the_same_for_a_level_and_for_a_change_that_keeps_it(
    new: streamcontract.Schema, old: streamcontract.Schema, kept: str
) -> None:
    """A level and a change of exactly its directions are rolled out in the same order."""
    assert rollout(new=new, old=old).first == compatibility_level(kept).first


def test_there_is_advice_for_each_order() -> None:
    """Each order has its words, and some level leads to it."""
    assert set(_ADVICE) == set(get_args(First))
    assert {compatibility_level(name).first for name in LEVELS} == set(get_args(First))


def _in_a_project(level: str, folder: Path) -> None:
    (folder / "int.avsc").write_text('"int"')
    file = folder / "streamcontract.toml"
    file.write_text(f'[contracts.a]\nschema = "int.avsc"\ncompatibility = "{level}"\n')
    load_project(file)


def _in_a_registry(level: str, _: Path) -> None:
    with RegistryServer() as server, SchemaRegistry(server.url) as registry:
        registry.set_compatibility(level, "s")


@pytest.mark.parametrize(
    "use",
    [
        lambda level, _: check_level(level, candidate=INT, history=[]),
        lambda level, _: dialect_level("redpanda", level, candidate=INT, history=[]),
        lambda level, _: evolutions(INT, level=level),
        lambda level, _: breaking_evolutions(INT, level=level),
        lambda level, _: histories(level=level),
        _in_a_project,
        _in_a_registry,
    ],
)
def test_a_misspelt_level_is_refused_with_the_choices(
    use: Callable[[str, Path], object], tmp_path: Path
) -> None:
    """Whoever takes a level names those that there are."""
    refused = (ConfigurationError, InvalidArgument, InvalidCompatibilityLevelError)
    with pytest.raises(refused) as caught:
        use("XYZZY", tmp_path)
    assert all(name in str(caught.value) for name in LEVELS)


def test_no_other_module_takes_a_level_apart() -> None:
    """Only the rows know what is in a name; elsewhere, one level may be named to ask for it."""
    modules = {
        name
        for name, tree in modules_with("_TRANSITIVE")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and "_TRANSITIVE" in str(node.value).split("\n")[0][-20:]
    }
    assert modules == {"levels.py", "console/catalogue.py", "testing/suite/history.py"}


def test_the_documented_table_follows_the_rows() -> None:
    """The tutorial says of each level who goes first."""
    text = (REPOSITORY / "docs" / "tutorial" / "7-changing-the-schema.md").read_text(
        encoding="utf-8"
    )
    rows = dict(re.findall(r"^\| `([A-Z]+)` \| [^|]+ \| ([^|]+) \|", text, re.MULTILINE))
    said = {"the consumers": "consumers", "the producers": "producers", "either": "either"}
    assert {name: said.get(first, "neither") for name, first in rows.items()} == {
        name: compatibility_level(name).first for name in LEVELS if "_" not in name
    }
