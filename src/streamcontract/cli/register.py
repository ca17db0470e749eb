"""``streamcontract register``: bring the registry to what the contracts say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypedDict

import attrs
import click

from streamcontract.cli import EXIT_FINDINGS
from streamcontract.cli._data_contracts import metadata_in_words, rules_in_words
from streamcontract.cli._options import facts_option, project_option
from streamcontract.cli._registry import (
    ContractSubject,
    environment_option,
    registry_option,
    sound_subjects,
)
from streamcontract.cli.lock import UpdatedLock, update_lock_file
from streamcontract.project import read_project
from streamcontract.registry import SchemaRegistry
from streamcontract.registry.errors import (
    CompatibilityLevelNotSetError,
    IncompatibleSchemaError,
    SubjectNotFoundError,
    SubjectSoftDeletedError,
    VersionNotFoundError,
)
from streamcontract.registry.lockfile import LOCK_FILE, check_environment, read_locks
from streamcontract.registry.locking import LockBuilder, require_same_registry
from streamcontract.registry.references import Registration, register_in_order
from streamcontract.reporting.facts import print_facts
from streamcontract.reporting.tables import Table
from streamcontract.reporting.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from streamcontract.project import Project
    from streamcontract.registry.lock import Lock

__all__ = ["command"]

_NEW: Final = "new"
_UNCHANGED: Final = "unchanged"


@click.command("register")
@click.argument("contracts", nargs=-1, metavar="[CONTRACT]...")
@registry_option
@environment_option
@click.option("--dry-run", is_flag=True, help="Change nothing; show what would change.")
@facts_option
@project_option
def command(
    contracts: tuple[str, ...],
    url: str | None,
    environment: str | None,
    dry_run: bool,  # noqa: FBT001 - click passes options by keyword
    output_format: str,
    project_file: Path | None,
) -> None:
    """Register the contracts' schemas in the schema registry.

    For each contract (all of streamcontract.toml, if none is named) this sets the compatibility
    level of its subjects and registers the value schema as TOPIC-value and the key schema as
    TOPIC-key, after the types they refer to, each under its full name. The registry is asked
    first whether all of that is compatible; if it is not, nothing of that schema is registered.
    What is stored then is compared with what was sent. Run twice, it changes nothing.

    Without --registry, the registry is that of STREAMCONTRACT_REGISTRY_URL, else
    http://localhost:18081.

    With --environment, what the registry has then is written into streamcontract.lock, too (see
    `streamcontract lock`); a registry that contradicts that environment's lock is left alone.

    A dry run also shows the metadata and rules that a new version would inherit.

    Exits with 1 if the registry refuses a schema as incompatible, or would; with 2, and nothing
    registered, if the project file or any schema is not valid.
    """
    project = read_project(project_file)
    # All are read before the first is written: a broken file leaves the registry as it was.
    entries = sound_subjects(
        "register", project, contracts, output_format, "nothing was registered"
    )
    locked = None if environment is None else _locked(project, check_environment(environment))
    with SchemaRegistry(url) as registry:
        if locked is not None:
            require_same_registry(registry, locked)
        outcomes = [_bring_about(registry, entry, dry_run=dry_run) for entry in entries]
        inherited = _inherited(registry, outcomes) if dry_run else {}
        updated: UpdatedLock | None = None
        try:
            if environment is not None and not dry_run:
                updated = _updated_lock(
                    project, outcomes, LockBuilder(registry, environment, kept=locked)
                )
        finally:  # what was registered is said, whatever becomes of the file
            _show(registry, outcomes, inherited, updated, output_format, dry_run=dry_run)
    for outcome in outcomes:
        for refusal in outcome.refusals:
            echo(refusal, err=True)
    if any(outcome.refusals for outcome in outcomes):
        hint = "`streamcontract check --against registry` shows where, and a record that breaks"
        click.echo(hint, err=True)
        raise click.exceptions.Exit(EXIT_FINDINGS)


@attrs.frozen
class _Outcome:
    """What became of an entry.

    Attributes:
        entry: The entry.
        level: The compatibility level that holds now (after a dry run: that would).
        level_change: What changed about it, ``""`` if nothing.
        references: What became of the types that its schema refers to.
        own: What became of its schema; None where the registry refuses it or a reference.
        refusals: Why the registry refuses.
    """

    entry: ContractSubject
    level: str
    level_change: str
    references: tuple[Registration, ...] = ()
    own: Registration | None = None
    refusals: tuple[str, ...] = ()

    @property
    def registrations(self) -> tuple[Registration, ...]:
        return self.references if self.own is None else (*self.references, self.own)

    @property
    def state(self) -> str:
        return "refused" if self.refusals or self.own is None else _state(self.own)

    @property
    def changes(self) -> str:
        return ", ".join(filter(None, [self.state, self.level_change]))

    @property
    def document(self) -> dict[str, Any]:
        """It as JSON has it."""
        return {
            "contract": self.entry.contract,
            "side": self.entry.side,
            "subject": self.entry.subject,
            **_registered(self.own),
            "change": self.state,
            "level": self.level,
            "level_change": self.level_change or None,
            "references": [
                {"subject": each.subject, **_registered(each), "change": _state(each)}
                for each in self.references
            ],
            "refusals": list(self.refusals),
        }

    @property
    def is_unchanged(self) -> bool:
        return self.changes == _UNCHANGED and all(not each.is_new for each in self.references)


def _locked(project: Project, environment: str) -> Lock | None:
    path = project.root / LOCK_FILE
    return read_locks(path).get(environment) if path.exists() else None


def _bring_about(registry: SchemaRegistry, entry: ContractSubject, *, dry_run: bool) -> _Outcome:
    # The level comes first: the contract's own level has to judge the new version. The other way
    # round, a change that the new level forbids would slip in, and one that it allows be refused.
    level, level_change = _set_level(registry, entry, dry_run=dry_run)
    *references, own = register_in_order(registry, entry.subject, entry.schema, dry_run=True)
    # A registry that is asked under a level yet to change would judge by another one.
    asked = references if dry_run and level_change else [*references, own]
    refusals = tuple(refusal for each in asked for refusal in _foreseen_refusals(registry, each))
    if refusals:
        # Nothing of it is registered, be it a reference that could be: a contract arrives whole.
        known = tuple(each for each in references if dry_run or not each.is_new)
        return _Outcome(entry, level, level_change, known, None, refusals)
    if not dry_run:
        try:
            *references, own = register_in_order(registry, entry.subject, entry.schema)
        except IncompatibleSchemaError as error:  # somebody was faster with another version
            return _Outcome(entry, level, level_change, refusals=(str(error),))
    return _Outcome(entry, level, level_change, tuple(references), own)


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
    """Why the registry would refuse a schema that it does not have."""
    if not registration.is_new:
        return
    try:
        result = registry.test_compatibility(registration.subject, registration.schema)
    except (SubjectNotFoundError, SubjectSoftDeletedError, VersionNotFoundError):
        return  # there is no version that it could be incompatible with
    if not result.is_compatible:
        messages = "\n  - ".join(["", *result.messages])
        yield f"{registration.subject}: the registry refuses it as incompatible:{messages}"


def _updated_lock(
    project: Project, outcomes: Iterable[_Outcome], builder: LockBuilder
) -> UpdatedLock:
    for outcome in outcomes:
        if not outcome.refusals:
            builder.add(outcome.entry.contract, outcome.entry.side, outcome.registrations)
    return update_lock_file(project, builder.lock())


def _show(
    registry: SchemaRegistry,
    outcomes: Sequence[_Outcome],
    inherited: Mapping[str, _Inherited],
    updated: UpdatedLock | None,
    output_format: str,
    *,
    dry_run: bool,
) -> None:
    document = {
        "registry": list(registry.urls),
        "dry_run": dry_run,
        "subjects": [outcome.document for outcome in outcomes],
        "inherited": inherited,
        "lock": None if updated is None else updated.document,
    }
    urls = ", ".join(registry.urls)
    print_facts(
        document,
        output_format,
        lambda: _in_words(urls, outcomes, inherited, updated, dry_run=dry_run),
    )


def _in_words(
    urls: str,
    outcomes: Sequence[_Outcome],
    inherited: Mapping[str, _Inherited],
    updated: UpdatedLock | None,
    *,
    dry_run: bool,
) -> Iterator[str | Table]:
    if not outcomes:
        yield "Nothing to register: no contract names a topic."
    else:
        yield f"Registry: {urls}"
        columns = ("contract", "subject", "version", "id", "level", "change")
        yield Table(columns, list(_rows(outcomes)), frozenset({"version", "id"}))
        if all(outcome.is_unchanged for outcome in outcomes):
            yield "Nothing to change: the registry has it all."
        elif dry_run:
            for subject, each in inherited.items():
                yield f"{subject}: the new version inherits from version {each['version']}:"
                yield from (f"  - {line}" for line in each["kept"])
            yield "This was a dry run: nothing was changed."
    if updated is not None:
        yield updated.in_words


class _Inherited(TypedDict):
    """What a new version takes over from one before, in words."""

    version: int
    kept: list[str]


def _inherited(registry: SchemaRegistry, outcomes: Iterable[_Outcome]) -> dict[str, _Inherited]:
    """What new versions would take over from the ones before: registries keep it unless told."""
    new = {
        each.subject: None for outcome in outcomes for each in outcome.registrations if each.is_new
    }
    found: dict[str, _Inherited] = {}
    for subject in new:
        try:
            before = registry.version(subject)
        except (SubjectNotFoundError, VersionNotFoundError):
            continue
        kept = [*metadata_in_words(before.metadata), *rules_in_words(before.rule_set)]
        if kept:
            found[subject] = {"version": before.version, "kept": kept}
    return found


def _rows(outcomes: Iterable[_Outcome]) -> Iterator[tuple[str, ...]]:
    shown = set()
    for outcome in outcomes:
        entry = outcome.entry
        for each in outcome.references:
            if each.subject not in shown:
                shown.add(each.subject)
                yield entry.contract, each.subject, *_numbers(each), "-", _state(each)
        yield (
            entry.contract,
            entry.subject,
            *_numbers(outcome.own),
            outcome.level,
            outcome.changes,
        )


def _state(registration: Registration) -> str:
    return _NEW if registration.is_new else _UNCHANGED


def _numbers(registration: Registration | None) -> tuple[str, str]:
    found = _registered(registration)
    version, number = ("-" if each is None else str(each) for each in found.values())
    return version, number


def _registered(registration: Registration | None) -> dict[str, int | None]:
    registered = None if registration is None else registration.registered
    if registered is None:
        return {"version": None, "id": None}
    return {"version": registered.version, "id": registered.id}
