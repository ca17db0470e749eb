"""Drafts of projects from existing schema files.

A record that no other file uses is a contract. A file with the name of a subject has more
information: ``orders-value.avsc`` is for the topic ``orders``, and ``orders-key.avsc`` for its
    keys.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from streamcontract.errors import CodegenError, SchemaParseError
from streamcontract.project import topic_fault
from streamcontract.scaffold.draft import Draft, Planned, contract_name
from streamcontract.schema import SCHEMA_SUFFIX, RecordType, Schema, SchemaFolders, parse_schema
from streamcontract.schema.folders import is_passed_over

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["draft_of_files", "schema_files"]

_VALUE: Final = "-value"
_KEY: Final = "-key"


def schema_files(folder: Path) -> list[Path]:
    """The schema files below a folder, without those of hidden folders and installed packages."""
    found: list[Path] = []
    for parent, names, files in os.walk(folder):
        names[:] = [name for name in names if not is_passed_over(Path(parent, name))]
        found += (
            file
            for name in files
            if name.endswith(SCHEMA_SUFFIX)
            and not name.startswith(".")
            and (file := Path(parent, name)).is_file()
        )
    return sorted(found)


def draft_of_files(root: Path, folder: Path) -> Draft:
    """The contracts of the schema files below a folder.

    Args:
        root: The folder of the project.
        folder: The folder of the files, in which types of other files are found.
    """
    root, folder = root.resolve(), folder.resolve()
    folders = SchemaFolders([folder])
    parsed = {file: _parsed(file, folders) for file in schema_files(folder)}
    schemas = {file: each for file, each in parsed.items() if isinstance(each, Schema)}
    left_out = {_path(file, root): each for file, each in parsed.items() if isinstance(each, str)}
    keys = dict(_keys(schemas))
    used = {
        each.source
        for schema in schemas.values()
        for each in schema.closure()
        if each is not schema
    }
    contracts: dict[str, Planned] = {}
    stems = Counter(file.stem for file in schemas)
    for file, schema in schemas.items():
        if file in keys.values() or str(file) in used:
            continue
        path = _path(file, root)
        if not isinstance(schema.root, RecordType):
            left_out[path] = "it is no record, which is what a contract's values are"
            continue
        stem = file.stem.removesuffix(_VALUE)
        try:
            # The folder distinguishes files of one name.
            title = stem if stems[file.stem] == 1 else f"{file.parent.name}-{stem}"
            name = contract_name(title, contracts)
        except CodegenError as error:
            left_out[path] = str(error)
            continue
        is_of_topic = stem != file.stem and topic_fault(stem) is None
        contracts[name] = Planned(
            name=name,
            schema=path,
            topic=stem if is_of_topic else None,
            key_schema=_path(keys[file], root) if file in keys else None,
        )
    is_needed = any(map(_needs_folders, schemas))
    return Draft(
        contracts=tuple(contracts.values()),
        folders=(_path(folder, root),) if is_needed else (),
        left_out=left_out,
    )


def _parsed(file: Path, folders: SchemaFolders) -> Schema | str:
    """The schema, or the reason why it is not valid."""
    try:
        return parse_schema(file, folders=folders)
    except SchemaParseError as error:
        return "; ".join(
            f"line {fault.line}: {fault.message}" if fault.line else fault.message
            for fault in error.faults
        )


def _keys(schemas: Mapping[Path, Schema]) -> Iterator[tuple[Path, Path]]:
    """The files of values with a file of keys beside them, each with that file."""
    for file in schemas:
        stem = file.stem.removesuffix(_VALUE)
        key = file.with_name(f"{stem}{_KEY}{SCHEMA_SUFFIX}")
        if stem and key in schemas:
            yield file, key


def _needs_folders(file: Path) -> bool:
    """Whether a file uses types outside its own folder."""
    try:
        parse_schema(file)
    except SchemaParseError:
        return True
    return False


def _path(path: Path, root: Path) -> str:
    return os.path.relpath(path, root).replace(os.sep, "/")
