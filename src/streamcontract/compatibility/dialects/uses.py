"""Uses of types in a schema, as a definition or by name, which some registries distinguish."""

from __future__ import annotations

import attrs

from streamcontract.schema.model import (
    AvroType,
    EnumType,
    FixedType,
    RecordType,
    children,
)
from streamcontract.schema.schema import Schema

__all__ = ["Use", "Uses"]


@attrs.frozen
class Use:
    """One use of a type in a schema.

    Attributes:
        node: The type.
        by_name: Whether it is only named, because it is defined earlier.
    """

    node: AvroType
    by_name: bool = False


class Uses:
    """Finds out for each use of a type whether it is the definition.

    Args:
        schema: The schema; the types of its references are defined at their first use, as if they
        were written out there.
    """

    def __init__(self, schema: Schema) -> None:
        self._defining: set[tuple[int, int]] = set()
        self._visit(schema.root, {id(schema.root)})

    def of(self, holder: AvroType, index: int = 0) -> Use:
        """The use of a type directly inside another: of its field, branch, items or values."""
        node = children(holder)[index]
        named = isinstance(node, RecordType | EnumType | FixedType)
        return Use(node, by_name=named and (id(holder), index) not in self._defining)

    def _visit(self, holder: AvroType, defined: set[int]) -> None:
        for index, node in enumerate(children(holder)):
            if isinstance(node, RecordType | EnumType | FixedType):
                if id(node) in defined:
                    continue
                defined.add(id(node))
                self._defining.add((id(holder), index))
            self._visit(node, defined)
