"""Draft of a new project: its contracts, from any origin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.codegen.names import module_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

__all__ = ["SCHEMA_FOLDER", "Draft", "Planned", "add_unused", "contract_name"]

SCHEMA_FOLDER: Final = "schemas"
"""The folder of new schema files."""


@attrs.frozen(kw_only=True)
class Planned:
    """A planned contract.

    Attributes:
        name: Its name.
        schema: The path of its schema file, from the project's folder.
        topic: Its topic, or None if that is not known.
        key: The field that is the key, or None.
        key_schema: The path of the schema file of its keys, or None.
        compatibility: Its compatibility level, or None.
        partitions: The number of partitions of its topic, or None.
        subjects: If it is from a registry, the subject of its schema, then those of its keys and
        of the types that it refers to.
        to_register: The subjects that ``streamcontract register`` would add a version to.
    """

    name: str
    schema: str
    topic: str | None = None
    key: str | None = None
    key_schema: str | None = None
    compatibility: str | None = None
    partitions: int | None = None
    subjects: tuple[str, ...] = ()
    to_register: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Draft:
    """The draft of a project.

    Attributes:
        contracts: The contracts.
        schemas: The schema files to write, by their paths; existing ones are not included.
        folders: The folders with types that schemas may use, for the project file.
        left_out: The subjects or files that do not become contracts, each with the reason.
        labels: The names of schema files that may never be written, by their paths.
    """

    contracts: tuple[Planned, ...]
    schemas: Mapping[str, str] = attrs.field(factory=dict)
    folders: tuple[str, ...] = ()
    left_out: Mapping[str, str] = attrs.field(factory=dict)
    labels: Mapping[str, str] = attrs.field(factory=dict)


def contract_name(text: str, taken: Collection[str]) -> str:
    """A name for a contract, from the name of its topic or file.

    Args:
        text: The name of the topic or file.
        taken: The names of other contracts.

    Raises:
        CodegenError: It does not contain a valid name.

    Example:
        >>> contract_name("shop.orders", ()), contract_name("shop-orders", ["shop_orders"])
        ('shop_orders', 'shop_orders_2')
    """
    name = unique = module_name(text)
    number = 1
    while unique in taken:
        number += 1
        unique = f"{name}_{number}"
    return unique


def add_unused(left_out: dict[str, str], subjects: Sequence[str], kept: Iterable[Planned]) -> None:
    """Add the subjects that only a left-out contract uses.

    Args:
        left_out: The subjects or files that do not become contracts, each with the reason.
        subjects: The subjects of the left-out contract, its own first.
        kept: The other contracts.
    """
    used = {subject for each in kept for subject in each.subjects}
    for subject in subjects[1:]:
        if subject not in used:
            left_out.setdefault(subject, f"it is used only by what is left out: {subjects[0]}")
