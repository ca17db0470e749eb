"""Lint rules, as one table."""

from __future__ import annotations

import json
from typing import Final

from streamcontract.lint.model import Rule
from streamcontract.lint.rules.documentation import RULES as DOCUMENTATION
from streamcontract.lint.rules.evolution import RULES as EVOLUTION
from streamcontract.lint.rules.ignored import RULES as IGNORED
from streamcontract.lint.rules.ignored import STORED_ONLY
from streamcontract.lint.rules.meaning import RULES as MEANING
from streamcontract.lint.rules.names import RULES as NAMES
from streamcontract.lint.rules.structure import RULES as STRUCTURE
from streamcontract.schema.names import nearest

__all__ = ["RULES", "STORED_ONLY", "UNUSED_SWITCH", "unknown_rule"]

UNUSED_SWITCH: Final = Rule(
    id="unused-switch-off",
    tier="minimal",
    severity="warning",
    summary="A switch-off in a schema switches something off.",
    rationale=("A switch-off that no longer hides a finding hides the next one without a review."),
    # Only the linter knows the findings of the others; it reports this rule itself.
    check=lambda document, settings: (),  # noqa: ARG005 - the signature of a check
)

RULES: Final[tuple[Rule, ...]] = (
    *IGNORED,
    *DOCUMENTATION,
    *NAMES,
    *EVOLUTION,
    *MEANING,
    *STRUCTURE,
    UNUSED_SWITCH,
)

_IDS: Final = tuple(rule.id for rule in RULES)


def unknown_rule(rule: str) -> str | None:
    """The message about an id that no rule has; None if one has it.

    Example:
        >>> unknown_rule("field-docs")
        'there is no rule "field-docs"; did you mean "field-doc"?'
    """
    if rule in _IDS:
        return None
    near = nearest(rule, _IDS)
    hint = f"did you mean {json.dumps(near)}?" if near else "see `streamcontract lint --rules`"
    return f"there is no rule {json.dumps(rule)}; {hint}"
