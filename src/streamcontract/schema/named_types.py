"""Named types of one schema: those it defines, and those it uses from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamcontract.schema.imports import Imported, Imports, Unusable
from streamcontract.schema.leniency import ALIAS_TAKEN, DEFINED_TWICE, Clause, Leniency
from streamcontract.schema.model import PRIMITIVE_NAMES
from streamcontract.schema.uniqueness import (
    alias_faults,
    drop_taken_aliases,
    foreign_definition_faults,
    write_alike,
)
from streamcontract.schema.unknown import unknown_type_messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamcontract.errors import SchemaFault
    from streamcontract.schema.model import AvroType, NamedType
    from streamcontract.schema.names import Guesser
    from streamcontract.schema.schema import Schema

__all__ = ["NamedTypes"]


class NamedTypes:
    """The named types of one schema, and what is wrong with their names.

    Args:
        imports: Where to find those that the schema does not define.
        leniency: What is forgiven.
        fault: Notes a fault: its pointer, its message, and the clause that may forgive it.
        broken: Stands for a type that cannot be used.
        guesser: Guesses what misspelt names stand for.

    Attributes:
        definitions: Those defined so far, by full name.
        foreign_faults: What is wrong with the files of types that it uses.
        unknown: Names that mean nothing: pointer, name as it was written, and its namespace.
    """

    def __init__(
        self,
        imports: Imports,
        leniency: Leniency,
        fault: Callable[[str, str, Clause | None], bool],
        broken: AvroType,
        guesser: Guesser,
    ) -> None:
        self._imports = imports
        self._leniency = leniency
        self._fault = fault
        self._broken = broken
        self._guesser = guesser
        self.definitions: dict[str, NamedType] = {}
        self.foreign_faults: list[SchemaFault] = []
        self.unknown: list[tuple[str, str, str]] = []
        self._references: dict[int, Schema] = {}
        self._twice: list[tuple[NamedType, NamedType]] = []

    @property
    def references(self) -> tuple[Schema, ...]:
        """The schemas of types used but not defined here, in the order of first use."""
        return tuple(self._references.values())

    def define(self, node: NamedType) -> NamedType:
        """Make a type known; gives the one that its definition stands for."""
        known = self.definitions.setdefault(node.full_name, node) if node.name else node
        if known is node:
            return node
        self._twice.append((known, node))
        return known if DEFINED_TWICE in self._leniency else node

    def known(self, full_name: str, pointer: str) -> AvroType | None:
        """The type of a full name that is defined already, or by a reference; else None."""
        return self.definitions.get(full_name) or self._imported(
            self._imports.known(full_name), pointer
        )

    def of_files(self, full_name: str, pointer: str) -> AvroType | None:
        """The type of a full name that another file defines; else None."""
        return self._imported(self._imports.find(full_name), pointer)

    def _imported(self, found: Imported | Unusable | None, pointer: str) -> AvroType | None:
        match found:
            case Imported(schema, node):
                self._references.setdefault(id(schema), schema)
                return node
            case Unusable(message, faults):
                self.foreign_faults.extend(faults)
                if message is not None:
                    self._fault(pointer, message, None)
                return self._broken
            case None:
                return None

    def check(self) -> None:
        """Check what concerns the names of a whole schema, once all of them are known."""
        for known, again in self._twice:
            where = known.pointer or "/"
            message = (
                f"{again.full_name} is defined already, at {where}; use its name alone to refer to "
                "it, or choose another name"
            )
            # The name of a primitive type leads to neither of two such definitions.
            is_clear = again.full_name not in PRIMITIVE_NAMES and write_alike(known, again)
            clause = DEFINED_TWICE if is_clear else None
            self._fault(f"{again.pointer}/name", message, clause)
        for pointer, message in self._unknown_type_faults():
            self._fault(pointer, message, None)
        for pointer, message, clause in foreign_definition_faults(
            self.definitions, self.references
        ):
            self._fault(pointer, message, clause)
        taken = [
            self._fault(pointer, message, ALIAS_TAKEN)
            for pointer, message in alias_faults(self.definitions)
        ]
        if any(taken):
            drop_taken_aliases(self.definitions)

    def _unknown_type_faults(self) -> Iterator[tuple[str, str]]:
        if not self.unknown:
            return iter(())  # and do not look into the folder for names to suggest
        names = [*self._imports.names(), *PRIMITIVE_NAMES]
        note = self._imports.note
        return unknown_type_messages(self.unknown, self.definitions, names, note, self._guesser)
