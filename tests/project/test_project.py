"""streamcontract.toml, read and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from streamcontract.errors import ConfigurationError
from streamcontract.lint import Settings
from streamcontract.project import (
    PROJECT_FILE,
    find_project_file,
    folders_for,
    load_project,
)

if TYPE_CHECKING:
    from pathlib import Path

_FULL = """
output = "src/contracts"

[contracts.order]
schema = "order.avsc"
topic = "orders"
key = "id"
partitions = 6
compatibility = "FULL_TRANSITIVE"

[contracts.trade_2]
schema = "order.avsc"
key_schema = "order.avsc"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a schema file."""
    (tmp_path / "order.avsc").write_text('{"type": "record", "name": "Order", "fields": []}')
    return tmp_path


def test_a_byte_order_mark_is_no_text(root: Path) -> None:
    """Editors on Windows put one in front."""
    (root / PROJECT_FILE).write_text(_FULL, encoding="utf-8-sig")
    assert len(load_project(root).contracts) == 2


def test_every_key_is_read(root: Path) -> None:
    """Contracts come in the order of the file, with absolute paths."""
    (root / PROJECT_FILE).write_text(_FULL)
    project = load_project(root)
    assert project.file == root / PROJECT_FILE
    assert project.root == root
    assert project.output == root / "src" / "contracts"
    order, trade = project.contracts
    assert (order.name, order.schema, order.topic) == ("order", root / "order.avsc", "orders")
    assert (order.key, order.partitions, order.compatibility) == ("id", 6, "FULL_TRANSITIVE")
    assert (order.key_schema, trade.key_schema) == (None, root / "order.avsc")
    assert (trade.topic, trade.key, trade.partitions, trade.compatibility) == (None,) * 4


def test_folders_of_types(root: Path) -> None:
    """They are relative to the file, may lie above it, and hold for each contract."""
    inner = root / "team"
    (inner / "types").mkdir(parents=True)
    (inner / PROJECT_FILE).write_text(
        'schemas = ["types", ".."]\n[contracts.order]\nschema = "../order.avsc"'
    )
    project = load_project(inner)
    assert project.folders.paths == (inner / "types", root)
    assert project.contracts[0].folders is project.folders
    assert folders_for(inner / "types" / "new.avsc").paths == project.folders.paths
    assert folders_for(root / "order.avsc").paths == ()


def test_pyproject_holds_the_same(root: Path) -> None:
    """The keys may stand below [tool.streamcontract] instead."""
    (root / "pyproject.toml").write_text(
        '[tool.streamcontract]\n[tool.streamcontract.contracts.order]\nschema = "order.avsc"\n'
    )
    project = load_project(root)
    assert project.contracts[0].schema == root / "order.avsc"
    assert project.output == root / "contracts"


def test_the_nearest_file_above_holds(root: Path) -> None:
    """A folder below belongs to the project; a pyproject.toml of something else does not stop."""
    (root / PROJECT_FILE).write_text("")
    inner = root / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    assert find_project_file(inner) == root / PROJECT_FILE
    assert load_project(inner).contracts == ()


def test_own_file_goes_before_pyproject(root: Path) -> None:
    """Where both are in one folder, streamcontract.toml is the one."""
    (root / "pyproject.toml").write_text("[tool.streamcontract]\n")
    (root / PROJECT_FILE).write_text("")
    assert load_project(root).file == root / PROJECT_FILE


def test_the_file_itself_can_be_given(root: Path) -> None:
    """A path of a file is that file, whatever its name."""
    (root / "other.toml").write_text('output = "x"')
    assert load_project(root / "other.toml").output == root / "x"


def test_a_path_that_is_not_there_is_no_reason_to_look_above_it(root: Path) -> None:
    """Where one file is named, another project's must not stand in for it."""
    (root / PROJECT_FILE).write_text("")
    with pytest.raises(ConfigurationError, match=r"there is no file or folder .*other\.toml"):
        load_project(root / "other.toml")


def test_current_folder_is_the_default(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a start, the search begins where the process is."""
    (root / PROJECT_FILE).write_text("")
    monkeypatch.chdir(root)
    assert load_project().file == root / PROJECT_FILE


def test_missing_file_shows_what_to_write(tmp_path: Path) -> None:
    """Without a project file the error says where it was looked for and how one looks."""
    with pytest.raises(ConfigurationError, match=r"no streamcontract\.toml") as caught:
        load_project(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "[contracts.order]" in str(caught.value)


_CONTRACT = '[contracts.order]\nschema = "order.avsc"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('outptu = "x"', "outptu: is not a known key; did you mean 'output'?"),
        ("zzz = 1", "zzz: is not a known key; known are 'output', 'contracts'"),
        ("output = 1", "output: must be a string, found 1"),
        ('schemas = "common"', 'schemas: must be a list of folders, such as ["schemas", "../co'),
        ("schemas = [1]", "schemas[0]: must be a string, found 1"),
        ('schemas = [".", "nowhere"]', "schemas[1]: there is no folder "),
        ('schemas = ["order.avsc"]', "schemas[0]: there is no folder "),
        (r'schemas = ["a\u0000b"]', r"schemas[0]: 'a\x00b' cannot be a path here"),
        ("contracts = 1", "contracts: must be a table of tables"),
        ("[contracts]\norder = 1", "contracts.order: must be a table"),
        ("[contracts.order]", 'contracts.order: needs schema = "'),
        ("[contracts.order]\nschema = 1", "contracts.order.schema: must be a string"),
        ('[contracts.order]\nschema = "no.avsc"', "contracts.order.schema: there is no file"),
        (r'contracts.order.schema = "a\u0000b"', r"order.schema: 'a\x00b' cannot be a path here"),
        (f'contracts.order.schema = "{"a" * 5000}"', "cannot be a path here: File name too long"),
        ('contracts.order.schema = "loop"', "'loop' cannot be a path here"),
        (r'output = "a\u0000b"', r"output: 'a\x00b' cannot be a path here"),
        (f'{_CONTRACT}topci = "a"', "contracts.order.topci: is not a known key; did you mean"),
        (f'{_CONTRACT}topic = "a b"', "contracts.order.topic: 'a b' is no legal topic name"),
        (f'{_CONTRACT}topic = ".."', "contracts.order.topic: '..' is no legal topic name"),
        (f"{_CONTRACT}partitions = 0", "contracts.order.partitions: must be from 1 to 2147483647"),
        (f"{_CONTRACT}partitions = 2147483648", "from 1 to 2147483647, found 2147483648"),
        (f"{_CONTRACT}partitions = true", "partitions: must be an integer, found True"),
        (f'{_CONTRACT}partitions = "3"', "partitions: must be an integer, found '3'"),
        (
            f'{_CONTRACT}compatibility = "BACKWARDS"',
            "compatibility: 'BACKWARDS' is no compatibility level; did you mean 'BACKWARD'?",
        ),
        (
            f'{_CONTRACT}compatibility = "backward"',
            "compatibility: 'backward' is no compatibility level; did you mean 'BACKWARD'?",
        ),
        (
            f'{_CONTRACT}key = "a"\nkey_schema = "order.avsc"',
            "contracts.order.key: a field's name and key_schema exclude each other",
        ),
        ('[contracts.order-line]\nschema = "order.avsc"', "becomes a module's name"),
        ('[contracts.Order]\nschema = "order.avsc"', "becomes a module's name"),
        ('[contracts.class]\nschema = "order.avsc"', "becomes a module's name"),
        ("a = [", "not TOML"),
    ],
)
def test_faults_name_the_key_and_the_cure(root: Path, text: str, message: str) -> None:
    """Each fault names the file, the key, and what would be right."""
    (root / "loop").symlink_to("loop")
    (root / PROJECT_FILE).write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_project(root)
    assert str(root / PROJECT_FILE) in str(caught.value)
    assert message in str(caught.value)


def test_all_faults_are_reported_together(root: Path) -> None:
    """One run shows everything that is wrong."""
    (root / PROJECT_FILE).write_text(f'outptu = "x"\n{_CONTRACT}partitions = 0\ntopic = ""\n')
    with pytest.raises(ConfigurationError) as caught:
        load_project(root)
    assert len(str(caught.value).splitlines()) == 3


def test_pyproject_faults_name_the_whole_key(root: Path) -> None:
    """In pyproject.toml the key in the message has its table in front."""
    (root / "pyproject.toml").write_text("[tool.streamcontract]\nx = 1\n")
    with pytest.raises(ConfigurationError, match=r"tool\.streamcontract\.x: is not a known key"):
        load_project(root)


def test_unreadable_file_is_a_configuration_error(root: Path) -> None:
    """Bytes that are no text are reported with the path."""
    (root / PROJECT_FILE).write_bytes(b"\xff")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_project(root)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (_CONTRACT, "has no contract 'ordr'; did you mean 'order'?"),
        (_CONTRACT.replace("order]", "stock]"), "has no contract 'ordr'; known are 'stock'"),
        ("", "has no contract 'ordr'; it has none at all"),
    ],
)
def test_unknown_contracts_suggest_the_nearest(root: Path, text: str, message: str) -> None:
    """Asking for a contract that is not there helps to find the right one."""
    (root / PROJECT_FILE).write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_project(root).contract("ordr")
    assert message in str(caught.value)


def test_contracts_are_found_by_name(root: Path) -> None:
    """A contract is found by the name of its table."""
    (root / PROJECT_FILE).write_text(_FULL)
    assert load_project(root).contract("trade_2").name == "trade_2"


def test_lint_is_read(root: Path) -> None:
    """The [lint] table holds for every file, a contract's lint_off for its own."""
    (root / "key.avsc").write_text('"string"')
    (root / PROJECT_FILE).write_text(
        '[lint]\ntier = "basic"\nfield_names = "camelCase"\noff = { field-doc = "a draft" }\n'
        '[contracts.order]\nschema = "order.avsc"\nkey_schema = "key.avsc"\n'
        "[contracts.order.lint_off]\nfloat-for-money = 'charted'\n"
    )
    project = load_project(root)
    assert project.lint.off == {"field-doc": "a draft"}
    assert project.contracts[0].lint_off == {"float-for-money": "charted"}
    assert project.lint_settings(root / "other.avsc") == Settings(
        tier="basic", field_names="camelCase", off=frozenset({"field-doc"})
    )
    for name in ("order.avsc", "key.avsc"):
        off = project.lint_settings(root / name).off
        assert off == {"field-doc", "float-for-money"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lint = 1", "lint: must be a table of tier, field_names and off"),
        (
            '[lint]\ntier = "basics"',
            "lint.tier: 'basics' is no tier of rules; did you mean 'basic'?",
        ),
        ("[lint]\nof = {}", "lint.of: is not a known key; did you mean 'off'?"),
        (
            '[lint]\nfield_names = "kebab"',
            "lint.field_names: 'kebab' is no style of field names; known are 'snake_case'",
        ),
        ("[lint]\noff = ['field-doc']", "lint.off: must be a table of rules and reasons"),
        (
            "[lint.off]\nfield-docs = 'x'",
            'lint.off.field-docs: there is no rule "field-docs"; did you mean "field-doc"?',
        ),
        ("[lint.off]\nfield-doc = ''", "lint.off.field-doc: needs the reason for switching it off"),
        (
            "[lint.off]\nfield-doc = true",
            "lint.off.field-doc: needs the reason for switching it off",
        ),
        (
            "[contracts.order]\nschema = 'order.avsc'\nlint_off = { xyz = 'x' }",
            'contracts.order.lint_off.xyz: there is no rule "xyz"',
        ),
    ],
)
def test_lint_faults(root: Path, text: str, message: str) -> None:
    """Wrong switch-offs are errors like every other key."""
    (root / PROJECT_FILE).write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        load_project(root)
    assert message in str(raised.value)
