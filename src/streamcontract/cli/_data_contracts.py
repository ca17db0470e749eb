"""Metadata and rules as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamcontract.registry.description import SENSITIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.registry.data_contracts import Metadata, Rule, RuleSet

__all__ = ["metadata_in_words", "rules_in_words"]


def metadata_in_words(metadata: Metadata | None) -> Iterator[str]:
    """A line for each property and for each field that has tags."""
    if metadata is None:
        return
    for name, value in metadata.properties.items():
        yield f"property {name}: {SENSITIVE if name in metadata.sensitive else value}"
    for path, tags in metadata.tags.items():
        yield f"tags of {path}: {', '.join(tags)}"


def rules_in_words(rule_set: RuleSet | None, *, in_full: bool = False) -> Iterator[str]:
    """A line for each rule.

    Args:
        rule_set: The rules.
        in_full: Whether to add what the rules do, and where they are enabled.
    """
    if rule_set is None:
        return
    for rule in rule_set.rules:
        disabled = ", disabled" if rule.disabled else ""
        line = f"rule {rule.name} ({rule.kind}, type {rule.type}, mode {rule.mode}{disabled})"
        yield ", ".join([line, *_details(rule)]) if in_full else line
    if in_full and rule_set.enable_at:
        yield f"rules are enabled at {rule_set.enable_at}"


def _details(rule: Rule) -> Iterator[str]:
    if rule.tags:
        yield f"tags {', '.join(rule.tags)}"
    if rule.expr:
        yield f"expression {rule.expr}"
    for name, value in rule.params.items():
        yield f"{name}={value}"
    if rule.on_success:
        yield f"on success {rule.on_success}"
    if rule.on_failure:
        yield f"on failure {rule.on_failure}"
