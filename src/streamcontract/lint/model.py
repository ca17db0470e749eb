"""Rules, their settings, and their findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Literal, get_args

import attrs

from streamcontract.lint.document import Document

__all__ = [
    "DEFAULT_TIER",
    "TIERS",
    "Check",
    "FieldNames",
    "Finding",
    "Remark",
    "Rule",
    "Settings",
    "Severity",
    "Tier",
]

Severity = Literal["error", "warning"]
"""``"error"``: the schema does not mean what its author must have intended. ``"warning"``: it does,
but it is hard to read or to change."""

Tier = Literal["minimal", "basic", "standard"]
"""The tiers of rules; each includes the rules of the tiers before it.

``"minimal"``: nearly every finding is a mistake. ``"basic"``: also things that are hard to change
once data are written. ``"standard"``: also documentation and style.
"""

TIERS: Final[tuple[Tier, ...]] = get_args(Tier)
DEFAULT_TIER: Final[Tier] = "minimal"

FieldNames = Literal["snake_case", "camelCase"]
"""The styles of field names."""


@attrs.frozen(kw_only=True)
class Settings:
    """The lint settings of a project.

    Attributes:
        tier: The tier of the rules that apply.
        field_names: The style of field names.
        off: Ids of the rules that are switched off.
    """

    tier: Tier = DEFAULT_TIER
    field_names: FieldNames = "snake_case"
    off: frozenset[str] = frozenset()

    def holds(self, rule: Rule) -> bool:
        """Whether a rule is of the tier and is not switched off."""
        return TIERS.index(rule.tier) <= TIERS.index(self.tier) and rule.id not in self.off


@attrs.frozen
class Remark:
    """A finding of one rule, without the rule's own properties.

    Attributes:
        pointer: JSON pointer to the position.
        message: What is wrong there, and what would be better.
    """

    pointer: str
    message: str


Check = Callable[["Document", Settings], Iterable[Remark]]


@attrs.frozen(kw_only=True)
class Rule:
    """One row of the table of rules.

    Attributes:
        id: Its stable id, such as ``"field-doc"``, which also switches it off.
        tier: The first tier that includes it.
        severity: The severity of its findings; both make ``streamcontract lint`` exit 1.
        summary: What it requires, in one line.
        rationale: Why, in a paragraph.
        source: The document that has the rule or its basis; None if it is this project's own
            experience.
        check: Finds the positions that break it.
    """

    id: str
    tier: Tier
    severity: Severity
    summary: str
    rationale: str
    source: str | None = None
    check: Check = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Finding:
    """One position where a schema breaks a rule.

    Attributes:
        rule: The id of the rule.
        severity: ``"error"`` or ``"warning"``.
        message: What is wrong, and what would be better.
        pointer: JSON pointer (RFC 6901) to the position, ``""`` for the schema's root.
        path: The full name of the type that it is in, with that of the field or symbol, such as
            ``"com.example.Order.id"``; ``"$"`` if it is in none.
        source: The file, as the schema names it, or None.
        line: Line in the schema's text, counted from 1.
        column: Column in that line, counted from 1.
    """

    rule: str
    severity: Severity
    message: str
    pointer: str
    path: str
    source: str | None
    line: int
    column: int

    def __str__(self) -> str:
        place = f"{self.source or 'schema'}:{self.line}:{self.column}"
        return f"{place}: {self.severity}: {self.message} [{self.rule}]"
