"""Linter of a schema: applies the rules and the switch-offs."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from streamcontract.errors import ConfigurationError
from streamcontract.lint.document import Document
from streamcontract.lint.model import Finding, Remark, Rule, Settings
from streamcontract.lint.rules import RULES, STORED_ONLY, UNUSED_SWITCH, unknown_rule
from streamcontract.lint.switches import read_switches
from streamcontract.schema.positions import line_and_column, offsets
from streamcontract.schema.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["lint_schema"]

_DEFAULT: Final = Settings()


def lint_schema(schema: Schema, settings: Settings = _DEFAULT) -> list[Finding]:
    """Find everything in a schema's own text that is valid Avro but a poor contract.

    Types from other files belong to those files; lint them on their own.

    Args:
        schema: The schema.
        settings: The lint settings of the project.

    Returns:
        The findings, in the order of the text.

    Raises:
        ConfigurationError: A switch-off, in the settings or in the schema, names no rule or lacks
            its reason.

    Example:
        >>> from streamcontract import parse_schema
        >>> schema = parse_schema('''{
        ...   "type": "record", "name": "io.streamcontract.Tick", "doc": "One trade.",
        ...   "fields": [{"name": "at", "type": "long", "doc": "When it happened."}]
        ... }''')
        >>> settings = Settings(tier="basic")
        >>> [(finding.rule, finding.pointer) for finding in lint_schema(schema, settings)]
        [('timestamp-without-logical-type', '/fields/0/type')]
    """
    unknown = [message for rule in sorted(settings.off) if (message := unknown_rule(rule))]
    if unknown:
        raise ConfigurationError("\n".join(unknown))
    document = Document(schema)
    # Every rule runs, whatever the tier: otherwise its switch-offs would appear unused.
    remarks = [
        (rule, remark) for rule, remark in _remarks(document, settings) if settings.holds(rule)
    ]
    where = offsets(schema.json) if remarks else {}
    remarks.sort(key=lambda pair: where[pair[1].pointer])  # stable: then in the order of the rules
    return [_finding(document, rule, remark, where[remark.pointer]) for rule, remark in remarks]


def _remarks(document: Document, settings: Settings) -> Iterator[tuple[Rule, Remark]]:
    """The remarks of the rules that the schema does not switch off."""
    switches = read_switches(document)
    used: set[int] = set()
    # The style of a name is checked only if it is a valid name.
    forgiven = {each.fault.pointer for each in document.schema.forgiven}
    found = itertools.chain.from_iterable(
        ((rule, remark) for remark in rule.check(document, settings)) for rule in RULES
    )
    for rule, remark in found:
        if remark.pointer in forgiven and rule is not STORED_ONLY:
            continue
        covering = [n for n, switch in enumerate(switches) if switch.covers(rule.id, remark)]
        used.update(covering)
        if not covering:
            yield rule, remark
    for n, switch in enumerate(switches):
        if n not in used:
            message = f"{switch.rule} has nothing to find here any more; remove the switch-off"
            yield UNUSED_SWITCH, Remark(switch.pointer, message)


def _finding(document: Document, rule: Rule, remark: Remark, offset: int) -> Finding:
    schema = document.schema
    line, column = line_and_column(schema.json, offset)
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        message=remark.message,
        pointer=remark.pointer,
        path=document.path(remark.pointer),
        source=schema.source,
        line=line,
        column=column,
    )
