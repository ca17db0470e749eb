"""What a rule is, what it is told, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, Literal, get_args

import attrs

if TYPE_CHECKING:
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
"""``"error"``: the schema does not say what its author must have meant. ``"warning"``: it does,
but those who read or change it will pay for how."""

Tier = Literal["minimal", "basic", "standard"]
"""How much is asked of a schema; each tier has the rules of those before it too.

``"minimal"``: nearly every finding is a mistake. ``"basic"``: also what is hard to mend once data
are written. ``"standard"``: also documentation and style.
"""

TIERS: Final[tuple[Tier, ...]] = get_args(Tier)
DEFAULT_TIER: Final[Tier] = "minimal"

FieldNames = Literal["snake_case", "camelCase"]
"""The styles that field names can be held to."""


@attrs.frozen(kw_only=True)
class Settings:
    """What a project decides about linting.

    Attributes:
        tier: The tier whose rules hold.
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
    """What one rule has to say about one place.

    Attributes:
        pointer: JSON pointer to the place.
        message: What is wrong there, and what would be better.
    """

    pointer: str
    message: str


Check = Callable[["Document", Settings], Iterable[Remark]]


@attrs.frozen(kw_only=True)
class Rule:
    """One row of the table of rules.

    Attributes:
        id: Its stable id, such as ``"field-doc"``: what switches it off.
        tier: The first tier that has it.
        severity: How grave a finding is; both kinds make ``streamcontract lint`` exit 1.
        summary: What it wants, in one line.
        rationale: Why, in a paragraph.
        source: Where the rule, or what it rests on, is written down; None where it is this
            project's own experience.
        check: Finds the places that break it.
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
    """One place where a schema breaks a rule.

    Attributes:
        rule: The id of the rule.
        severity: ``"error"`` or ``"warning"``.
        message: What is wrong, and what would be better.
        pointer: JSON pointer (RFC 6901) to the place, ``""`` for the schema's root.
        path: The full name of the type that it is in, with that of the field or symbol, such as
            ``"com.example.Order.id"``; ``"$"`` where it is in none.
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
