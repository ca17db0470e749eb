"""Where a schema finds the named types that it does not define itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from streamcontract.errors import SchemaFault, SchemaParseError
from streamcontract.schema.definitions import definitions_in
from streamcontract.schema.document import SCHEMA_SUFFIX, read_document
from streamcontract.schema.leniency import NAME
from streamcontract.schema.names import is_full_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from streamcontract.schema.leniency import Leniency
    from streamcontract.schema.model import NamedType
    from streamcontract.schema.schema import Schema

__all__ = ["Folder", "Imported", "Imports", "Unusable"]


@attrs.frozen
class Imported:
    """A named type and the schema that defines it."""

    schema: Schema
    node: NamedType


@attrs.frozen
class Unusable:
    """A named type that exists, but not so that it can be used.

    Attributes:
        message: What is wrong, if the place that uses the name has to be told.
        faults: The faults of the file that defines it.
    """

    message: str | None = None
    faults: tuple[SchemaFault, ...] = ()


class Folder:
    """The named types that the ``.avsc`` files of one folder define.

    The folder is read when a name is first asked for, and of its files only those are parsed
    that define such a name. Files elsewhere are never read: names are looked up in an index of
    the folder and never become paths, and a link that leads out of the folder is left alone.

    Args:
        path: The folder.
        load: Parses one of its files.
        leniency: How they are read.
    """

    def __init__(self, path: Path, load: Callable[[Path], Schema], leniency: Leniency) -> None:
        self._path = path
        self._load = load
        self._leniency = leniency
        self._index: dict[str, list[Path]] | None = None
        self._schemas: dict[Path, Schema | None] = {}
        self._loading: list[Path] = []
        self._unreadable: list[str] = []

    def names(self, asking: Path) -> Iterator[str]:
        """The full names that other files than ``asking`` define."""
        for name, paths in self._definitions().items():
            if any(path != asking for path in paths):
                yield name

    def note(self) -> str:
        """Where a name was looked for in vain, for messages."""
        note = "; no other .avsc file of the folder defines it"
        if self._unreadable:
            note += f" (not readable as JSON: {', '.join(self._unreadable)})"
        return note

    def find(self, full_name: str, asking: Path) -> Imported | Unusable | None:
        """Find the named type ``full_name`` on behalf of the file ``asking``."""
        paths = [path for path in self._definitions().get(full_name, ()) if path != asking]
        if not paths:
            return None
        if len(paths) > 1:
            files = " and ".join(path.name for path in paths)
            return Unusable(f"{full_name} is defined in {files}; keep one definition")
        path = paths[0]
        if path in self._loading:
            circle = " -> ".join(step.name for step in [*self._loading, path])
            return Unusable(
                f"{full_name} is defined in {path.name}, which itself needs this file ({circle}); "
                "files must not need each other: put these types into one file"
            )
        return self._import(full_name, path)

    def _import(self, full_name: str, path: Path) -> Imported | Unusable:
        if path not in self._schemas:
            try:
                self._schemas[path] = self.loading(path)
            except SchemaParseError as error:
                self._schemas[path] = None
                return Unusable(faults=error.faults)
        schema = self._schemas[path]
        return Imported(schema, schema.definitions[full_name]) if schema else Unusable()

    def loading(self, path: Path) -> Schema:
        """Parse ``path``, remembering meanwhile that it is being parsed."""
        self._loading.append(path)
        try:
            return self._load(path)
        finally:
            self._loading.pop()

    def _definitions(self) -> Mapping[str, list[Path]]:
        if self._index is None:
            self._index = {}
            home = self._path.resolve()
            for path in sorted(self._path.glob(f"*{SCHEMA_SUFFIX}")):
                if path.is_file() and path.resolve().parent == home:
                    self._add(path, self._index)
        return self._index

    def _add(self, path: Path, index: dict[str, list[Path]]) -> None:
        try:
            document = read_document(path.read_text("utf-8-sig"), self._leniency)
        except (OSError, UnicodeDecodeError):
            self._unreadable.append(path.name)
            return
        if not document.is_readable:
            self._unreadable.append(path.name)
        names = dict.fromkeys(each.full_name for each in definitions_in(document.value))
        for name in names:
            if is_full_name(name) or NAME in self._leniency:
                index.setdefault(name, []).append(path)


class Imports:
    """The named types that one schema may use without defining them.

    Args:
        references: Schemas whose types, and whose references' types, are known.
        folder: The folder of the schema's file, asked after the references.
        path: The schema's file.
    """

    def __init__(
        self,
        references: Iterable[Schema] = (),
        folder: Folder | None = None,
        path: Path | None = None,
    ) -> None:
        self._known: dict[str, Imported] = {}
        self._folder = folder
        self._path = path or Path()
        direct = tuple(references)
        # What a schema refers to itself comes before what its references refer to.
        for schema in (*direct, *(each for one in direct for each in one.closure())):
            for name, node in schema.definitions.items():
                self._known.setdefault(name, Imported(schema, node))

    def find(self, full_name: str) -> Imported | Unusable | None:
        """The named type ``full_name``, or why it cannot be used, or None."""
        known = self._known.get(full_name)
        if known is None and self._folder is not None:
            return self._folder.find(full_name, self._path)
        return known

    def names(self) -> Iterator[str]:
        """Every full name that could be found."""
        yield from self._known
        if self._folder is not None:
            yield from self._folder.names(self._path)

    def note(self) -> str:
        """Where a name was looked for in vain, for messages."""
        return "" if self._folder is None else self._folder.note()
