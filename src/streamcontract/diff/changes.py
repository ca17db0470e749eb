"""What a change is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

import attrs

if TYPE_CHECKING:
    from streamcontract.schema.model import JsonValue

__all__ = ["At", "Change", "Kind"]

Kind = Literal[
    "alias-added",
    "alias-removed",
    "aliases-reordered",
    "attribute-added",
    "attribute-changed",
    "attribute-removed",
    "branch-added",
    "branch-removed",
    "branches-reordered",
    "default-added",
    "default-changed",
    "default-removed",
    "doc-added",
    "doc-changed",
    "doc-removed",
    "field-added",
    "field-moved",
    "field-removed",
    "field-renamed",
    "logical-type-added",
    "logical-type-changed",
    "logical-type-removed",
    "name-changed",
    "namespace-changed",
    "order-changed",
    "size-changed",
    "symbol-added",
    "symbol-removed",
    "symbols-reordered",
    "type-changed",
]
"""What can happen to a part of a schema."""


@attrs.frozen
class At:
    """A place in the text of a schema.

    Attributes:
        source: The file, or None for a schema that was given as a value.
        pointer: JSON pointer into its text.
    """

    source: str | None
    pointer: str


@attrs.frozen(kw_only=True)
class Change:
    """One thing that differs between two schemas.

    Attributes:
        kind: What happened.
        path: To what: a type or field by its new name, such as ``Order.price``; ``[]`` stands for
            the items of an array, ``{}`` for the values of a map, ``<Card>`` for a branch.
        before: What it was, as JSON, types in words such as ``"array of string"``; of no meaning
            where something was added, and with ``default-added`` in particular no null.
        after: What it is now; of no meaning where something was removed.
        attribute: The attribute's name, for changes of attributes that Avro does not know.
        before_at: Where it stands in the first schema; where something was added, what it was
            added to.
        after_at: Where it stands in the second schema, likewise.
    """

    kind: Kind
    path: str
    before: JsonValue = None
    after: JsonValue = None
    attribute: str | None = None
    before_at: At
    after_at: At

    @property
    def has_before(self) -> bool:
        """Whether there is something in the first schema."""
        return not self.kind.endswith("-added")

    @property
    def has_after(self) -> bool:
        """Whether there is something in the second schema."""
        return not self.kind.endswith("-removed")

    @property
    def words(self) -> str:
        """What happened, in words, such as ``doc changed``."""
        words = self.kind.replace("-", " ")
        return words if self.attribute is None else f"{words}: {self.attribute}"

    def __str__(self) -> str:
        before = json.dumps(self.before, ensure_ascii=False) if self.has_before else ""
        after = json.dumps(self.after, ensure_ascii=False) if self.has_after else ""
        return f"{self.path}: {self.words}: {' -> '.join(filter(None, (before, after)))}"
