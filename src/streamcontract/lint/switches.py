"""Switch-offs inside a schema: an attribute of the type or field that a rule is not applied to.

    {"name": "ratio", "type": "double",
     "streamcontract.lint": {"float-for-money": "a ratio of two prices, no amount"}}

Avro allows attributes that it does not define. The reason is part of the attribute, since JSON has
no comments, and without one a reviewer cannot judge whether the switch-off is still needed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.errors import ConfigurationError
from streamcontract.lint.rules import unknown_rule
from streamcontract.schema.model import JsonValue, UnionType
from streamcontract.schema.positions import child, locate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.lint.document import Document
    from streamcontract.lint.model import Remark

__all__ = ["ATTRIBUTE", "Switch", "read_switches"]

ATTRIBUTE: Final = "streamcontract.lint"


@attrs.frozen
class Switch:
    """One rule, switched off for one type or field and everything inside it.

    Attributes:
        rule: The id of the rule.
        scope: JSON pointer to the type or field that has the switch-off.
    """

    rule: str
    scope: str

    @property
    def pointer(self) -> str:
        """JSON pointer to the switch-off itself."""
        return child(child(self.scope, ATTRIBUTE), self.rule)

    def covers(self, rule: str, remark: Remark) -> bool:
        """Whether a remark of a rule is switched off."""
        inside = remark.pointer == self.scope or remark.pointer.startswith(f"{self.scope}/")
        return rule == self.rule and inside


def read_switches(document: Document) -> list[Switch]:
    """Every switch-off in a schema.

    Raises:
        ConfigurationError: One is malformed, or names no rule; all of them are in the message.
    """
    switches: list[Switch] = []
    faults: list[str] = []
    for scope, value in _carriers(document):
        here = child(scope, ATTRIBUTE)
        if not isinstance(value, dict):
            wanted = f'"{ATTRIBUTE}" is an object of rules and reasons: {{"<rule>": "<reason>"}}'
            faults.append(_fault(document, here, wanted))
            continue
        for rule, reason in value.items():
            message = unknown_rule(rule)
            if message is None and not (isinstance(reason, str) and reason.strip()):
                message = f'{json.dumps(rule)} needs a reason: "{rule}": "<reason>"'
            if message is not None:
                faults.append(_fault(document, child(here, rule), message))
            switches.append(Switch(rule, scope))
    if faults:
        raise ConfigurationError("\n".join(faults))
    return switches


def _carriers(document: Document) -> Iterator[tuple[str, JsonValue]]:
    for place in document.types:
        node = place.node
        if place.is_definition and not isinstance(node, UnionType) and ATTRIBUTE in node.attributes:
            yield place.pointer, node.attributes[ATTRIBUTE]
    for field_place in document.fields:
        field = field_place.field
        if ATTRIBUTE in field.attributes:
            yield field.pointer, field.attributes[ATTRIBUTE]


def _fault(document: Document, pointer: str, message: str) -> str:
    line, column = locate(document.schema.json, pointer)
    return f"{document.schema.source or 'schema'}:{line}:{column}: {message}"
