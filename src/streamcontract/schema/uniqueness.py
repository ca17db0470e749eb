"""Names that have to be unique across a whole schema ("Names" and "Aliases", Avro 1.12)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from streamcontract.schema.model import NamedType, RecordType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from streamcontract.schema.schema import Schema

__all__ = ["alias_faults", "foreign_definition_faults"]


def foreign_definition_faults(
    definitions: Mapping[str, NamedType], references: Iterable[Schema]
) -> Iterator[tuple[str, str]]:
    """Find full names defined twice, wherever: "may not contain multiple definitions".

    Args:
        definitions: What the schema defines itself.
        references: The schemas it uses.

    Yields:
        JSON pointer and message of each fault.
    """
    owners: dict[str, Schema] = {}
    for reference in references:
        for schema in reference.closure():
            for name in schema.definitions:
                owner = owners.setdefault(name, schema)
                if owner is not schema and owner != schema:
                    files = " and ".join(filter(None, (owner.source, schema.source)))
                    where = f" ({files})" if files else ""
                    yield "", f"the schemas used here define {name} in two ways{where}; keep one"
    for name, node in definitions.items():
        if name in owners:
            yield (
                f"{node.pointer}/name",
                (
                    f"{name} is defined in {_where(owners[name])} too, which this schema uses; "
                    "keep one definition"
                ),
            )


def _where(schema: Schema) -> str:
    return schema.source or schema.name or "a reference"


def alias_faults(definitions: Mapping[str, NamedType]) -> Iterator[tuple[str, str]]:
    """Find aliases that are taken: they are "subject to the same uniqueness constraints as names".

    Yields:
        JSON pointer and message of each fault.
    """
    yield from _taken({name: (node.pointer, node.aliases) for name, node in definitions.items()})
    for node in definitions.values():
        if isinstance(node, RecordType):
            yield from _taken({field.name: (field.pointer, field.aliases) for field in node.fields})


def _taken(scope: Mapping[str, tuple[str, tuple[str, ...]]]) -> Iterator[tuple[str, str]]:
    owners = {name: name for name in scope}
    for name, (pointer, aliases) in scope.items():
        for alias in aliases:
            owner = owners.setdefault(alias, name)
            if owner != name:
                yield f"{pointer}/aliases", f"the alias {json.dumps(alias)} belongs to {owner} too"
