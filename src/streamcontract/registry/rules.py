"""Rules of a data contract that apply to a message and are not executed here.

The rules that apply are those of Confluent's serializers ("Data contracts" in its Schema Registry
documentation; ``_execute_rules_with_phase`` of confluent-kafka 2.16): enabled rules of the present
mode, of rule sets that are enabled in clients. A deserializer executes migration rules if the
reader schema is another one than the writer schema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from streamcontract.registry.errors import RulesNotRunError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from streamcontract.registry.data_contracts import Rule, RuleSet

__all__ = ["applying_rules", "require_no_rules"]

_IN_CLIENTS: Final = ("", "ALL", "CLIENT")
_WRITING: Final = ("WRITE", "WRITEREAD")
_READING: Final = ("READ", "WRITEREAD")
_FROM_A_LATER_VERSION: Final = ("DOWNGRADE", "UPDOWN")


def applying_rules(
    rule_set: RuleSet | None, mode: Literal["WRITE", "READ"], *, migrates: bool = False
) -> Iterator[Rule]:
    """The rules of a schema that apply to each message.

    Args:
        rule_set: The rules of the writer schema.
        mode: Whether they are written or read.
        migrates: Whether they are read with another schema.
    """
    if rule_set is None or rule_set.enable_at.upper() not in _IN_CLIENTS:
        return
    modes = _WRITING if mode == "WRITE" else _READING
    for rule in (*rule_set.domain_rules, *rule_set.encoding_rules):
        if rule.mode in modes and not rule.disabled and not _has_no_effect(rule, mode):
            yield rule
    if mode == "READ" and migrates:
        for rule in rule_set.migration_rules:
            if rule.mode in _FROM_A_LATER_VERSION and not rule.disabled:
                yield rule


def require_no_rules(
    place: str,
    rule_set: RuleSet | None,
    mode: Literal["WRITE", "READ"],
    ignored: Collection[str],
    *,
    migrates: bool = False,
) -> None:
    """Raise an error for rules that apply, unless their types are ignored.

    Args:
        place: The owner of the rules: a subject, or a schema id.
        rule_set: As for :func:`applying_rules`.
        mode: Likewise.
        ignored: The types of rules, in capitals, that are executed elsewhere or not at all.
        migrates: As for :func:`applying_rules`.

    Raises:
        RulesNotRunError: There are rules that apply.
    """
    rules = tuple(
        rule
        for rule in applying_rules(rule_set, mode, migrates=migrates)
        if rule.type.upper() not in ignored
    )
    if rules:
        raise RulesNotRunError(place, mode, rules)


def _has_no_effect(rule: Rule, mode: Literal["WRITE", "READ"]) -> bool:
    """Whether it is a condition without an action on failure.

    A rule for writing and reading may name two actions with a comma between them.
    """
    action = rule.on_failure
    if rule.mode == "WRITEREAD" and "," in action:
        action = action.split(",")[mode == "READ"]
    return rule.kind == "CONDITION" and action == "NONE"
