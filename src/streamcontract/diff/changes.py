"""Changes between two schemas, as values."""

from __future__ import annotations

import json
from typing import Literal

import attrs

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
"""The kinds of change to a part of a schema."""


@attrs.frozen
class At:
    """A position in the text of a schema.

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
        kind: The kind of change.
        path: The changed type or field by its new name, such as ``Order.price``; ``[]`` means the
            items of an array, ``{}`` the values of a map, ``<Card>`` a branch.
        before: The old value as JSON, types as words such as ``"array of string"``; without a
            meaning if something was added: with ``default-added`` None is not a null.
        after: The new value; without a meaning if something was removed.
        attribute: The attribute's name, for changes of attributes that Avro does not define.
        before_at: Its position in the first schema; if something was added, the position of what
            it was added to.
        after_at: Its position in the second schema, likewise.
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
        """The change as words, such as ``doc changed``."""
        words = self.kind.replace("-", " ")
        return words if self.attribute is None else f"{words}: {self.attribute}"

    def __str__(self) -> str:
        before = json.dumps(self.before, ensure_ascii=False) if self.has_before else ""
        after = json.dumps(self.after, ensure_ascii=False) if self.has_after else ""
        return f"{self.path}: {self.words}: {' -> '.join(filter(None, (before, after)))}"
