"""Named types of files in other folders, where the parser is told those folders."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.errors import SchemaFault, SchemaParseError
from streamcontract.schema import STORED, Schema, SchemaFolders, parse_schema
from streamcontract.testing.strategies import schemas

HOMES = ("orders", "common", "common/geo/v1", "other")
"""The contract's own folder, one that is named, one below it, and one more that is named."""

Types = Sequence[tuple[str, Sequence[int], int]]
"""Of each record its folder, the earlier records that it has fields of, and how many ints."""


@st.composite
def types(draw: st.DrawFn) -> Types:
    """Records in folders, which use earlier ones."""
    found: list[tuple[str, list[int], int]] = []
    for index in range(draw(st.integers(1, 6))):
        # A file of another folder finds what is in the named ones, and in its own.
        uses = [each for each in range(index) if found[each][0] != "orders"]
        used = draw(st.lists(st.sampled_from(uses), unique=True)) if uses else []
        found.append((draw(st.sampled_from(HOMES)), used, draw(st.integers(0, 2))))
    return found


def _record(name: str, uses: Sequence[object], ints: int) -> dict[str, Any]:
    kinds = [*uses, *["int"] * ints]
    fields = [{"name": f"f{index}", "type": kind} for index, kind in enumerate(kinds)]
    return {"type": "record", "name": f"a.{name}", "fields": fields}


def _write(file: Path, schema: object) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(schema), "utf-8")
    return file


def _inlined(types: Types, index: int, seen: set[int]) -> object:
    """A record with everything written out at its first use: what the files mean together."""
    if index in seen:
        return f"a.T{index}"
    seen.add(index)
    _, uses, ints = types[index]
    return _record(f"T{index}", [_inlined(types, each, seen) for each in uses], ints)


def _fault(path: Path, folders: SchemaFolders, **options: Any) -> SchemaFault:
    with pytest.raises(SchemaParseError) as caught:
        parse_schema(path, folders=folders, **options)
    [fault] = caught.value.faults
    return fault


@given(types())
def test_types_are_found_wherever_they_are(
    tmp_path_factory: pytest.TempPathFactory, types: Types
) -> None:
    """The schema is the one of the text in which everything is written out."""
    home = tmp_path_factory.mktemp("folders")
    for index, (folder, uses, ints) in enumerate(types):
        _write(home / folder / f"{index}.avsc", _record(f"T{index}", [f"T{e}" for e in uses], ints))
    (home / "common").mkdir(exist_ok=True)
    (home / "other").mkdir(exist_ok=True)
    folders = SchemaFolders([home / "common", home / "other"])
    uses = [index for index, (folder, *_) in enumerate(types) if folder != "orders"]
    all_types = [*types, ("orders", uses, 0)]
    root = _record(f"T{len(types)}", [f"a.T{index}" for index in uses], 0)
    expected = parse_schema(json.dumps(_inlined(all_types, len(types), set())))
    for source in (_write(home / "orders/root.avsc", root), root, json.dumps(root)):
        found = parse_schema(source, folders=folders)
        assert found.canonical_form == expected.canonical_form
        assert {each.name for each in found.references} == {f"a.T{index}" for index in uses}


@given(schema=schemas(), others=st.lists(schemas(), max_size=3))
def test_a_file_by_itself_needs_no_other(
    tmp_path_factory: pytest.TempPathFactory, schema: Schema, others: list[Schema]
) -> None:
    """Whatever its neighbours define, a file that parses as a text is what its text is."""
    home = tmp_path_factory.mktemp("folders")
    file = _write(home / "orders/schema.avsc", json.loads(schema.json))
    names = [*schema.named_types]
    for index, other in enumerate(others):
        _write(home / f"orders/{index}.avsc", json.loads(other.json))
    for index, name in enumerate(names):
        for full_name in (name, f"a.{name}"):
            each = {"type": "fixed", "name": full_name, "size": index}
            _write(home / f"common/{index}-{len(full_name)}.avsc", each)
            _write(home / f"orders/{name}-{len(full_name)}.avsc", each)
    for leniency in (STORED, STORED - STORED):
        found = parse_schema(file, folders=SchemaFolders([home]), leniency=leniency)
        assert (found.canonical_form, found.references) == (schema.canonical_form, ())


@pytest.mark.parametrize("is_lenient", [False, True])
def test_definitions_further_down_come_before_neighbours(
    tmp_path: Path, *, is_lenient: bool
) -> None:
    """A name that the file defines later never means the neighbour's type."""
    later = _record("Late", [], 0)
    file = _write(tmp_path / "r.avsc", _record("R", ["Late", later], 0))
    _write(tmp_path / "late.avsc", {"type": "fixed", "name": "a.Late", "size": 1})
    if is_lenient:
        assert parse_schema(file, leniency=STORED).references == ()
    else:
        assert "used before its definition" in _fault(file, SchemaFolders()).message


def test_links_are_followed(tmp_path: Path) -> None:
    """To files and to folders, each once, and not in circles."""
    elsewhere = tmp_path / "checkout/types"
    _write(elsewhere / "one.avsc", _record("One", [], 0))
    _write(elsewhere / "deep/two.avsc", _record("Two", ["One"], 0))
    common = tmp_path / "common"
    (common / "sub").mkdir(parents=True)
    (common / "one.avsc").symlink_to(elsewhere / "one.avsc")
    (common / "again.avsc").symlink_to(elsewhere / "one.avsc")
    (common / "sub/deep").symlink_to(elsewhere / "deep")
    (common / "sub/round").symlink_to(common)
    (elsewhere / "deep/out").symlink_to(elsewhere)
    (common / "nowhere.avsc").symlink_to(elsewhere / "nowhere.avsc")
    file = _write(tmp_path / "orders/r.avsc", _record("R", ["Two", "One"], 0))
    found = parse_schema(file, folders=SchemaFolders([common]))
    assert [each.name for each in found.references] == ["a.Two", "a.One"]
    assert found.references[0].references == (found.references[1],)


def test_hidden_folders_and_other_files_do_not_count(tmp_path: Path) -> None:
    """Nor does a folder beside the one that is named; the message names where types were sought."""
    for name in ("common/.git/one.avsc", "common/one.json", "other/one.avsc"):
        _write(tmp_path / name, _record("One", [], 0))
    (tmp_path / "common/bad.avsc").write_text("{")
    file = _write(tmp_path / "orders/r.avsc", _record("R", ["One"], 0))
    common = tmp_path / "common"
    assert _fault(file, SchemaFolders([common])).message == (
        f'unknown type "One"; no other .avsc file of the folder, or below {common}, defines it '
        f"(not readable as JSON: {common / 'bad.avsc'})"
    )
    _write(common / "once.avsc", _record("Once", [], 0))
    assert _fault(file, SchemaFolders([common])).message == (
        f'unknown type "One"; did you mean "a.Once"? (not readable as JSON: {common / "bad.avsc"})'
    )
    (common / "once.avsc").unlink()
    with pytest.raises(SchemaParseError, match=f"no .avsc file below {common} defines it"):
        parse_schema(json.loads(file.read_text()), folders=SchemaFolders([common]))


def test_two_definitions_are_shown(tmp_path: Path) -> None:
    """Both files, and where the definitions differ; for one of the own folder and a shared one."""
    file = _write(tmp_path / "orders/r.avsc", _record("R", ["One"], 0))
    own = _write(tmp_path / "orders/one.avsc", _record("One", ["string"], 0))
    shared = _write(tmp_path / "common/one.avsc", _record("One", ["string"], 1))
    assert parse_schema(own).name == "a.One"
    message = _fault(file, SchemaFolders([tmp_path / "common"])).message
    assert message.startswith(f"a.One is defined in two ways, in one.avsc and in {shared} (at ")
    assert message.endswith("; keep one definition")
    shared.write_text(own.read_text())
    assert parse_schema(file, folders=SchemaFolders([tmp_path / "common"])).references


def test_files_that_need_each_other_across_folders(tmp_path: Path) -> None:
    """A circle is found, through links too."""
    _write(tmp_path / "common/one.avsc", _record("One", ["Two"], 0))
    two = _write(tmp_path / "orders/two.avsc", _record("Two", ["One"], 0))
    (tmp_path / "common/link.avsc").symlink_to(two)
    message = _fault(two, SchemaFolders([tmp_path / "common"])).message
    assert "one.avsc -> " in message
    assert message.endswith("files must not need each other: put these types into one file")


def test_files_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many schemas are parsed with the same folders."""
    _write(tmp_path / "common/one.avsc", _record("One", [], 0))
    _write(tmp_path / "common/two.avsc", _record("Two", [], 0))
    files = [
        _write(tmp_path / f"orders/{index}.avsc", _record(f"R{index}", ["One"], 0))
        for index in range(5)
    ]
    read: dict[Path, int] = {}
    read_text = Path.read_text

    def counted(path: Path, *arguments: Any) -> str:
        read[path] = read.get(path, 0) + 1
        return read_text(path, *arguments)

    monkeypatch.setattr(Path, "read_text", counted)
    folders = SchemaFolders([tmp_path / "common"])
    for file in files:
        parse_schema(file, folders=folders)
    assert read[tmp_path / "common/two.avsc"] == 1  # looked into for names
    assert read[tmp_path / "common/one.avsc"] == 1 + len(files)  # and parsed
