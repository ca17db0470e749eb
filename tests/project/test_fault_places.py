"""Everything that is wrong in a project file, with its place, and what is right beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.errors import ConfigurationError, ProjectError
from streamcontract.project import PROJECT_FILE, find_project, load_project, read_project

if TYPE_CHECKING:
    from pathlib import Path

WRONG = {
    "topci": 'topci = "a"',
    "partitions": "partitions = 0",
    "compatibility": 'compatibility = "backward"',
    "key_schema": 'key_schema = "no.avsc"',
    "float-for-mony": 'lint_off = { nullable-items = "why", float-for-mony = "x" }',
    "topic": "topic = [1]",
}
"""A line with something wrong, by the key at which it is."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a schema file."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "order.avsc").write_text('{"type": "record", "name": "Order", "fields": []}')
    return folder


@given(
    planted=st.lists(st.lists(st.sampled_from(list(WRONG)), unique=True), min_size=1, max_size=4),
    in_pyproject=st.booleans(),
)
def test_planted_faults(root: Path, planted: list[list[str]], in_pyproject: bool) -> None:
    """Each is found where it was planted; contracts without one are read as if alone."""
    prefix = "tool.streamcontract." if in_pyproject else ""
    file = root / ("pyproject.toml" if in_pyproject else PROJECT_FILE)
    (root / PROJECT_FILE).unlink(missing_ok=True)
    lines: list[str] = []
    expected = []
    for number, keys in enumerate(planted):
        lines += [f"[{prefix}contracts.c{number}]", 'schema = "order.avsc"']
        for key in keys:
            lines.append(WRONG[key])
            expected.append((len(lines), WRONG[key].index(key) + 1, f"c{number}", key))
    file.write_text("\n".join(lines))
    project = read_project(file)
    found = [(each.line, each.column, each.contract, each.path[-1]) for each in project.faults]
    assert found == expected
    assert all(each.key.startswith(f"{prefix}contracts.c") for each in project.faults)
    good = [f"c{number}" for number, keys in enumerate(planted) if not keys]
    assert [each.name for each in project.contracts] == good
    assert len(project.contracts) + len(project.invalid) == len(planted)
    assert project.is_complete
    if expected:
        with pytest.raises(ProjectError) as raised:
            load_project(file)
        assert raised.value.faults == project.faults


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a = 1\nb = [", 2, 6),
        ("a = 1\n[contracts\n", 2, 11),
        ("[contracts.a]\n[contracts.b]\n[contracts.a]\n", 3, 13),
        (f"a = {'[' * 3_000}{']' * 3_000}", 1, 1),
    ],
)
def test_a_file_that_is_no_toml(root: Path, text: str, line: int, column: int) -> None:
    """One fault with its place, also of a pyproject.toml that might have been the project file."""
    for name in (PROJECT_FILE, "pyproject.toml"):
        (root / PROJECT_FILE).unlink(missing_ok=True)
        (root / name).write_text(text)
        project = read_project(root)
        [fault] = project.faults
        assert (fault.file, fault.line, fault.path) == (str(root / name), line, ())
        assert abs(fault.column - column) <= 1  # versions of tomllib differ by one
        assert str(fault).startswith(f"{root / name}:{line}:")
        assert not project.is_complete
        assert project.chosen(["order"]) == []


def test_what_may_be_a_misspelt_table(root: Path) -> None:
    """Contracts that are not there may be in it: none counts as deleted."""
    for text in ("[contract.order]\n", "contracts = 1\n"):
        (root / PROJECT_FILE).write_text(text)
        assert not read_project(root).is_complete
    (root / PROJECT_FILE).write_text("[lint]\nof = 1\n")
    assert read_project(root).is_complete


def test_contracts_are_chosen_by_name(root: Path) -> None:
    """Those that are wrong are no contracts, nor are they unknown names."""
    (root / PROJECT_FILE).write_text(
        '[contracts.good]\nschema = "order.avsc"\n[contracts.bad]\nschema = 1\n'
    )
    project = read_project(root)
    assert [each.name for each in project.chosen(["good", "bad"])] == ["good"]
    assert [each.name for each in project.chosen([])] == ["good"]
    with pytest.raises(ConfigurationError, match="has no contract 'goood'; did you mean 'good'"):
        project.chosen(["goood"])


def test_no_project(tmp_path: Path) -> None:
    """There may be none."""
    assert find_project(tmp_path) is None
