"""Registration of one contract's schema, with its level and its references."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.registry.errors import (
    CompatibilityLevelNotSetError,
    IncompatibleSchemaError,
    SubjectNotFoundError,
    SubjectSoftDeletedError,
    VersionNotFoundError,
)
from streamcontract.registry.references import Registration, register_in_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.cli._registry import ContractSubject
    from streamcontract.registry import SchemaRegistry

__all__ = ["Outcome", "bring_about", "numbers_of", "state_of"]

_NEW: Final = "new"
_UNCHANGED: Final = "unchanged"


@attrs.frozen
class Outcome:
    """The result for an entry.

    Attributes:
        entry: The entry.
        level: The compatibility level after the run (for a dry run, after a real one).
        level_change: The change of the level, ``""`` for none.
        references: The registrations of the types that its schema refers to.
        own: The registration of its schema; None if the registry refuses it or a reference.
        refusals: The reasons of the registry's refusal.
    """

    entry: ContractSubject
    level: str
    level_change: str
    references: tuple[Registration, ...] = ()
    own: Registration | None = None
    refusals: tuple[str, ...] = ()

    @property
    def registrations(self) -> tuple[Registration, ...]:
        """The registrations of the references, then its own."""
        return self.references if self.own is None else (*self.references, self.own)

    @property
    def state(self) -> str:
        """The state of its schema, as a word."""
        return "refused" if self.refusals or self.own is None else state_of(self.own)

    @property
    def changes(self) -> str:
        """The changes of schema and level."""
        return ", ".join(filter(None, [self.state, self.level_change]))

    @property
    def document(self) -> dict[str, Any]:
        """It as JSON has it."""
        return {
            "contract": self.entry.contract,
            "side": self.entry.side,
            "subject": self.entry.subject,
            **numbers_of(self.own),
            "change": self.state,
            "level": self.level,
            "level_change": self.level_change or None,
            "references": [
                {"subject": each.subject, **numbers_of(each), "change": state_of(each)}
                for each in self.references
            ],
            "refusals": list(self.refusals),
        }

    @property
    def is_unchanged(self) -> bool:
        """Whether nothing changed."""
        return self.changes == _UNCHANGED and all(not each.is_new for each in self.references)


def bring_about(registry: SchemaRegistry, entry: ContractSubject, *, dry_run: bool) -> Outcome:
    """Register a contract's schema after its references, all of them or none.

    Args:
        registry: The registry.
        entry: The contract's subject and schema.
        dry_run: Whether to change nothing.
    """
    # The level comes first, so that the new version is checked at it. Otherwise a change that the
    # new level forbids would be registered, and one that it allows would be refused.
    level, level_change = _set_level(registry, entry, dry_run=dry_run)
    *references, own = register_in_order(registry, entry.subject, entry.schema, dry_run=True)
    # Before the level changes, the registry would check at the old one.
    asked = references if dry_run and level_change else [*references, own]
    refusals = tuple(refusal for each in asked for refusal in _foreseen_refusals(registry, each))
    if refusals:
        # Nothing is registered, not even a valid reference: a contract is registered as a whole.
        known = tuple(each for each in references if dry_run or not each.is_new)
        return Outcome(entry, level, level_change, known, None, refusals)
    if not dry_run:
        try:
            *references, own = register_in_order(registry, entry.subject, entry.schema)
        except IncompatibleSchemaError as error:  # another client registered a version first
            return Outcome(entry, level, level_change, refusals=(str(error),))
    return Outcome(entry, level, level_change, tuple(references), own)


def _set_level(
    registry: SchemaRegistry, entry: ContractSubject, *, dry_run: bool
) -> tuple[str, str]:
    try:
        before = registry.compatibility(entry.subject)
    except (CompatibilityLevelNotSetError, SubjectNotFoundError):
        before = None
    if entry.level is None or entry.level == before:
        return before or f"{registry.compatibility()} (global)", ""
    if not dry_run:
        registry.set_compatibility(entry.level, entry.subject)
    return entry.level, "level set" if before is None else f"level was {before}"


def _foreseen_refusals(registry: SchemaRegistry, registration: Registration) -> Iterator[str]:
    """The reasons why the registry would refuse a new schema."""
    if not registration.is_new:
        return
    try:
        result = registry.test_compatibility(registration.subject, registration.schema)
    except (SubjectNotFoundError, SubjectSoftDeletedError, VersionNotFoundError):
        return  # there is no earlier version
    if not result.is_compatible:
        messages = "\n  - ".join(["", *result.messages])
        yield f"{registration.subject}: the registry refuses it as incompatible:{messages}"


def state_of(registration: Registration) -> str:
    """The state of a registration, as a word."""
    return _NEW if registration.is_new else _UNCHANGED


def numbers_of(registration: Registration | None) -> dict[str, int | None]:
    """Version and id, if there are any."""
    registered = None if registration is None else registration.registered
    if registered is None:
        return {"version": None, "id": None}
    return {"version": registered.version, "id": registered.id}
