"""A file's named types may live in the other files of its folder, and nowhere else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from streamcontract.errors import SchemaFault, SchemaParseError
from streamcontract.schema import RecordType, Schema, parse_schema

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a record ``a.<Name>`` with fields of the given types into ``<name>.avsc``."""

    def write_record(name: str, *types: object, file: str | None = None) -> Path:
        path = tmp_path / (file or f"{name.lower()}.avsc")
        fields = [{"name": f"f{index}", "type": type_} for index, type_ in enumerate(types)]
        path.write_text(json.dumps({"type": "record", "name": f"a.{name}", "fields": fields}))
        return path

    return write_record


def _faults(path: Path, **options: Any) -> list[SchemaFault]:
    with pytest.raises(SchemaParseError) as caught:
        parse_schema(path, **options)
    return list(caught.value.faults)


def test_types_are_found_in_files_of_any_name(write: Write, tmp_path: Path) -> None:
    """References are the files that define what is used, in the order of first use."""
    write("Line", "Item", file="types-1.avsc")
    write("Item", "int", file="types-2.avsc")
    write("Address", file="z.avsc")
    order = parse_schema(
        write("Order", ["null", "Address"], {"type": "array", "items": "a.Line"}, "Item")
    )
    assert [schema.name for schema in order.references] == ["a.Address", "a.Line", "a.Item"]
    assert order.references[1].references[0] is order.references[2]
    assert order.source == str(tmp_path / "order.avsc")
    assert order.references[1].source == str(tmp_path / "types-1.avsc")
    assert list(order.named_types) == ["a.Order", "a.Address", "a.Line", "a.Item"]
    assert isinstance(order.root, RecordType)
    assert order.root.fields[2].type is order.references[2].root
    assert order.root.source == str(tmp_path / "order.avsc")


def test_several_types_of_one_file(write: Write, tmp_path: Path) -> None:
    """A file may define several types, nested or in a union; all of them can be used."""
    (tmp_path / "types.avsc").write_text(
        json.dumps(
            [
                {"type": "enum", "name": "a.E", "symbols": ["X"]},
                {
                    "type": "record",
                    "name": "b.Outer",
                    "fields": [
                        {
                            "name": "f",
                            "type": {
                                "type": "map",
                                "values": {"type": "fixed", "name": "F", "size": 1},
                            },
                        }
                    ],
                },
            ]
        )
    )
    schema = parse_schema(write("R", "b.F", "E"))
    assert len(schema.references) == 1
    assert schema.canonical_form == (
        '{"name":"a.R","type":"record","fields":[{"name":"f0","type":{"name":"b.F","type":"fixed",'
        '"size":1}},{"name":"f1","type":{"name":"a.E","type":"enum","symbols":["X"]}}]}'
    )


def test_only_needed_files_matter(write: Write, tmp_path: Path) -> None:
    """A file that is not needed may be broken; one that is not JSON is named when a type lacks."""
    write("Broken", "Nowhere")
    (tmp_path / "not-json.avsc").write_text("{")
    (tmp_path / "not-utf8.avsc").write_bytes(b"\xff")
    (tmp_path / "folder.avsc").mkdir()
    (tmp_path / "not-a-schema.avsc").write_text('{"fields": [1], "items": 1}')
    assert parse_schema(write("R", "int")).references == ()
    (fault,) = _faults(write("R", "Zzzzz"))
    assert fault.message == (
        'unknown type "Zzzzz"; no other .avsc file of the folder defines it (not readable as '
        "JSON: not-json.avsc, not-utf8.avsc)"
    )


def test_faults_of_a_needed_file_are_its_own(write: Write, tmp_path: Path) -> None:
    """Faults of this file come first, then those of the files it needs, each with its file."""
    write("Item", "strng")
    order = write("Order", "Item", "Item", "lng")
    assert [(fault.source, fault.pointer) for fault in _faults(order)] == [
        (str(order), "/fields/2/type"),
        (str(tmp_path / "item.avsc"), "/fields/0/type"),
    ]


def test_a_misspelt_type_of_another_file_is_suggested(write: Write) -> None:
    """Types of the other files are candidates for what was meant."""
    write("Customer")
    (fault,) = _faults(write("Order", "Custommer"))
    assert fault.message == 'unknown type "Custommer"; did you mean "a.Customer"?'


def test_files_that_need_each_other_are_a_fault(write: Write, tmp_path: Path) -> None:
    """A circle of files is refused, for a registry could not take either first."""
    write("A", "B")
    write("B", "C")
    write("C", "A")
    (fault,) = _faults(tmp_path / "a.avsc")
    assert fault.source == str(tmp_path / "c.avsc")
    assert fault.message == (
        "a.A is defined in a.avsc, which itself needs this file (a.avsc -> b.avsc -> c.avsc -> "
        "a.avsc); files must not need each other: put these types into one file"
    )


def test_two_definitions_in_the_folder_are_a_fault(write: Write) -> None:
    """Which of two files is meant is not guessed; unless needed, it does not matter."""
    write("Item", "int", file="item-1.avsc")
    write("Item", "long", file="item-2.avsc")
    assert parse_schema(write("R", "int")).name == "a.R"
    (fault,) = _faults(write("R", "Item"))
    assert fault.message == (
        "a.Item is defined in two ways, in item-1.avsc and in item-2.avsc (at /fields/0/type: "
        '"int" and "long"); keep one definition'
    )


def test_the_same_definition_twice_is_one(write: Write, tmp_path: Path) -> None:
    """However it is written; the file of its own is the one that is referred to."""
    item = {"name": "Item", "namespace": "a", "type": "fixed", "size": 4}
    (tmp_path / "box.avsc").write_text(
        json.dumps({"type": "map", "values": {"size": 4, "type": "fixed", "name": "a.Item"}})
    )
    (tmp_path / "item.avsc").write_text(json.dumps(item))
    assert parse_schema(write("R", "Item")).references == (parse_schema(tmp_path / "item.avsc"),)
    (tmp_path / "item.avsc").write_text(json.dumps({**item, "doc": "Four bytes."}))
    (fault,) = _faults(write("R", "Item"))
    assert "(at /doc: " in fault.message


def test_a_definition_here_and_in_a_needed_file_is_a_fault(write: Write, tmp_path: Path) -> None:
    """A full name is defined once in all the files that make up a schema."""
    item = {"type": "record", "name": "Item", "fields": []}
    write("Line", item)
    (fault,) = _faults(write("Order", item, "Line"))
    assert (fault.pointer, fault.message) == (
        "/fields/0/type/name",
        (
            f"a.Item is defined in {tmp_path / 'line.avsc'} too, which this schema uses; keep one "
            "definition"
        ),
    )


def test_files_outside_the_folder_are_never_read(write: Write, tmp_path: Path) -> None:
    """Neither other folders nor links that lead to them give types; names never become paths."""
    outside = tmp_path / "outside"
    outside.mkdir()
    write("Secret").rename(outside / "secret.avsc")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "secret.avsc").symlink_to(outside / "secret.avsc")
    for name in ("Secret", "a.Secret", "../outside/secret", "../outside/secret.avsc"):
        order = write("Order", name)
        moved = order.rename(inside / "order.avsc")
        (fault,) = _faults(moved)
        assert fault.message.startswith(f'unknown type "{name}"; no other .avsc file')


def test_given_references_come_before_the_folder(write: Write) -> None:
    """Types of given references are known, those of their references too; unused ones are left."""
    write("Item", "int")
    item = parse_schema('{"type": "fixed", "name": "a.Item", "size": 4}')
    line = parse_schema(
        '{"type": "record", "name": "a.Line", "fields": [{"name": "i", "type": "Item"}]}',
        references=[item],
    )
    unused = parse_schema('{"type": "fixed", "name": "a.Unused", "size": 4}')
    order = parse_schema(write("Order", "Line", "Item"), references=[unused, line])
    assert order.references == (line, item)
    assert order.canonical_form.count('"a.Item"') == 2


def test_references_that_contradict_each_other_are_a_fault() -> None:
    """Two references that define one name differently cannot be one schema; equal ones can."""

    def line(name: str, size: int) -> Schema:
        item = parse_schema({"type": "fixed", "name": "a.Item", "size": size})
        fields: list[Any] = [{"name": "item", "type": "Item"}]
        return parse_schema({"type": "record", "name": name, "fields": fields}, references=[item])

    union = '["a.One", "a.Two"]'
    assert len(parse_schema(union, references=[line("a.One", 1), line("a.Two", 1)]).references) == 2
    with pytest.raises(SchemaParseError, match=r"define a\.Item in two ways; keep one"):
        parse_schema(union, references=[line("a.One", 1), line("a.Two", 2)])


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, a folder and text that is no UTF-8 are faults of the file."""
    (tmp_path / "latin.avsc").write_bytes(b'"\xff"')
    for name, message in {
        "missing.avsc": "cannot read the file: No such file or directory",
        ".": "cannot read the file: Is a directory",
        "latin.avsc": "not UTF-8, as JSON has to be: invalid start byte",
    }.items():
        (fault,) = _faults(tmp_path / name)
        assert (fault.source, fault.message) == (str(tmp_path / name), message)


def test_a_byte_order_mark_is_no_part_of_a_schema(tmp_path: Path) -> None:
    """Files saved with a byte order mark are read like those without."""
    path = tmp_path / "int.avsc"
    path.write_bytes(b'\xef\xbb\xbf"int"')
    assert parse_schema(path).json == '"int"'
