"""Named types that a schema uses and does not define: in its references, and in other files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from streamcontract.errors import SchemaFault, SchemaParseError
from streamcontract.schema.document import SCHEMA_SUFFIX
from streamcontract.schema.folders import difference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from streamcontract.schema.folders import Defined, Index, SchemaFolders
    from streamcontract.schema.leniency import Leniency
    from streamcontract.schema.model import NamedType
    from streamcontract.schema.schema import Schema

__all__ = ["Files", "Imported", "Imports", "Unusable"]


@attrs.frozen
class Imported:
    """A named type and the schema that defines it."""

    schema: Schema
    node: NamedType


@attrs.frozen
class Unusable:
    """A named type that exists but cannot be used.

    Attributes:
        message: What is wrong, if that is a fault of the schema that uses the name.
        faults: The faults of the file that defines it.
    """

    message: str | None = None
    faults: tuple[SchemaFault, ...] = ()


class Files:
    """The named types in other files: those in the file's own folder, and in the shared folders.

    Only files that define a requested name are parsed. Names are looked up in an index of the
    folders and never become paths.

    Args:
        load: Parses one of the files.
        leniency: How they are read.
        folders: The shared folders.
    """

    def __init__(
        self, load: Callable[[Path], Schema], leniency: Leniency, folders: SchemaFolders
    ) -> None:
        self._load = load
        self._leniency = leniency
        self._folders = folders
        self._schemas: dict[Path, Schema | None] = {}
        self._loading: list[Path] = []

    def names(self, asking: Path | None) -> Iterator[str]:
        """The full names that other files than ``asking`` define."""
        for name in self._index(asking).definitions:
            if self._others(name, asking):
                yield name

    def note(self, hint: str, asking: Path | None) -> str:
        """The end of a message about a name that no file defines.

        Args:
            hint: The name that may be meant. Without one, the message names the folders searched.
            asking: The file that uses it.
        """
        below = " or ".join(map(str, self._folders.paths))
        if hint:
            note = hint
        elif asking is None:
            note = f"; no {SCHEMA_SUFFIX} file below {below} defines it"
        elif below:
            note = f"; no other {SCHEMA_SUFFIX} file of the folder, or below {below}, defines it"
        else:
            note = f"; no other {SCHEMA_SUFFIX} file of the folder defines it"
        unreadable = self._index(asking).unreadable
        if unreadable:
            names = ", ".join(_shown(path, asking) for path in unreadable)
            note += f" (not readable as JSON: {names})"
        return note

    def find(self, full_name: str, asking: Path | None) -> Imported | Unusable | None:
        """Find the named type ``full_name`` on behalf of the file ``asking``."""
        # A type with a file of its own comes before one inside of another's definition.
        found = sorted(self._others(full_name, asking), key=lambda each: each.pointer != "")
        if not found:
            return None
        nearest, *others = found
        for other in others:
            if other.meaning != nearest.meaning:
                files = " and in ".join(_shown(each.path, asking) for each in (nearest, other))
                return Unusable(
                    f"{full_name} is defined in two ways, in {files} (at "
                    f"{difference(nearest, other)}); keep one definition"
                )
        if nearest.file in map(Path.resolve, self._loading):
            circle = " -> ".join(step.name for step in [*self._loading, nearest.path])
            return Unusable(
                f"{full_name} is defined in {nearest.path.name}, which itself needs this file "
                f"({circle}); files must not need each other: put these types into one file"
            )
        return self._import(full_name, nearest)

    def _index(self, asking: Path | None) -> Index:
        return self._folders.around(asking and asking.parent, self._leniency)

    def _others(self, full_name: str, asking: Path | None) -> list[Defined]:
        found = self._index(asking).definitions.get(full_name, [])
        own = asking and asking.resolve()
        return [each for each in found if each.file != own]

    def _import(self, full_name: str, defined: Defined) -> Imported | Unusable:
        file = defined.file
        if file not in self._schemas:
            try:
                self._schemas[file] = self.loading(defined.path)
            except SchemaParseError as error:
                self._schemas[file] = None
                return Unusable(faults=error.faults)
        schema = self._schemas[file]
        return Imported(schema, schema.definitions[full_name]) if schema else Unusable()

    def loading(self, path: Path) -> Schema:
        """Parse ``path``, remembering meanwhile that it is being parsed."""
        self._loading.append(path)
        try:
            return self._load(path)
        finally:
            self._loading.pop()


def _shown(path: Path, asking: Path | None) -> str:
    """A file's name, for those in its own folder; else its path."""
    return path.name if asking is not None and path.parent == asking.parent else str(path)


class Imports:
    """The named types that one schema may use without defining them.

    Args:
        references: Schemas whose types, and whose references' types, are known.
        files: Other files, which are asked last.
        path: The schema's file; None for a text by itself.
    """

    def __init__(
        self,
        references: Iterable[Schema] = (),
        files: Files | None = None,
        path: Path | None = None,
    ) -> None:
        self._known: dict[str, Imported] = {}
        self._files = files
        self._path = path
        direct = tuple(references)
        # The schema's own references come before the references of those.
        for schema in (*direct, *(each for one in direct for each in one.closure())):
            for name, node in schema.definitions.items():
                self._known.setdefault(name, Imported(schema, node))

    def known(self, full_name: str) -> Imported | None:
        """The named type ``full_name`` of the references, or None."""
        return self._known.get(full_name)

    def find(self, full_name: str) -> Imported | Unusable | None:
        """The named type ``full_name`` of other files, or why it cannot be used, or None."""
        return None if self._files is None else self._files.find(full_name, self._path)

    def names(self) -> Iterator[str]:
        """Every full name that could be found."""
        yield from self._known
        if self._files is not None:
            yield from self._files.names(self._path)

    def note(self, hint: str) -> str:
        """The end of a message about a name without a definition; see ``Files.note``."""
        return hint if self._files is None else self._files.note(hint, self._path)
