"""``streamcontract register``: bring the registry to what the contracts say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from streamcontract.cli import EXIT_FINDINGS
from streamcontract.cli._data_contracts import metadata_in_words, rules_in_words
from streamcontract.cli._options import project_option
from streamcontract.cli._registry import (
    ContractSubject,
    environment_option,
    registry_option,
    subjects_of,
)
from streamcontract.cli.lock import update_lock_file
from streamcontract.project import load_project
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
from streamcontract.reporting.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from streamcontract.project import Project
    from streamcontract.registry.lock import Lock

__all__ = ["command"]

_NEW: Final = "new"
_UNCHANGED: Final = "unchanged"

_PIPE_WIDTH: Final = 1000
"""Columns where there is no terminal: nothing is folded that a program may read."""


@click.command("register")
@click.argument("contracts", nargs=-1, metavar="[CONTRACT]...")
@registry_option
@environment_option
@click.option("--dry-run", is_flag=True, help="Change nothing; show what would change.")
@project_option
def command(
    contracts: tuple[str, ...],
    url: str | None,
    environment: str | None,
    dry_run: bool,  # noqa: FBT001 - click passes options by keyword
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

    Exits with 1 if the registry refuses a schema as incompatible, or would.
    """
    project = load_project(project_file)
    chosen = [project.contract(name) for name in contracts] or list(project.contracts)
    # All are read before the first is written: a broken file leaves the registry as it was.
    entries = [entry for contract in chosen for entry in subjects_of(contract)]
    locked = None if environment is None else _locked(project, check_environment(environment))
    with SchemaRegistry(url) as registry:
        if locked is not None:
            require_same_registry(registry, locked)
        outcomes = [_bring_about(registry, entry, dry_run=dry_run) for entry in entries]
        _show(outcomes, registry, dry_run=dry_run)
        if environment is not None and not dry_run:
            builder = LockBuilder(registry, environment, kept=locked)
            for outcome in outcomes:
                if not outcome.refusals:
                    builder.add(outcome.entry.contract, outcome.entry.side, outcome.registrations)
            update_lock_file(project, builder.lock())
    if any(outcome.refusals for outcome in outcomes):
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
    def changes(self) -> str:
        state = "refused" if self.refusals or self.own is None else _state(self.own)
        return ", ".join(filter(None, [state, self.level_change]))

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


def _show(outcomes: list[_Outcome], registry: SchemaRegistry, *, dry_run: bool) -> None:
    if not outcomes:
        click.echo("Nothing to register: no contract names a topic.")
        return
    console = Console()
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    table = Table(title=", ".join(registry.urls))
    for column in ("contract", "subject", "version", "id", "level", "change"):
        table.add_column(
            column, justify="right" if column in {"version", "id"} else "left", overflow="fold"
        )
    for row in _rows(outcomes):
        table.add_row(*map(Text, row))
    console.print(table)
    for outcome in outcomes:
        for refusal in outcome.refusals:
            echo(refusal, err=True)
    if any(outcome.refusals for outcome in outcomes):
        hint = "`streamcontract check --against registry` shows where, and a record that breaks"
        click.echo(hint, err=True)
    if all(outcome.is_unchanged for outcome in outcomes):
        click.echo("Nothing to change: the registry has it all.")
    elif dry_run:
        for line in _inherited(registry, outcomes):
            echo(line)
        click.echo("This was a dry run: nothing was changed.")


def _inherited(registry: SchemaRegistry, outcomes: Iterable[_Outcome]) -> Iterator[str]:
    """What new versions would take over from the ones before: registries keep it unless told."""
    new = {
        each.subject: None for outcome in outcomes for each in outcome.registrations if each.is_new
    }
    for subject in new:
        try:
            before = registry.version(subject)
        except (SubjectNotFoundError, VersionNotFoundError):
            continue
        kept = [*metadata_in_words(before.metadata), *rules_in_words(before.rule_set)]
        if kept:
            yield f"{subject}: the new version inherits from version {before.version}:"
            yield from (f"  - {each}" for each in kept)


def _rows(outcomes: Iterable[_Outcome]) -> Iterator[tuple[str, ...]]:
    shown = set()
    for outcome in outcomes:
        entry = outcome.entry
        for each in outcome.references:
            if each.subject not in shown:
                shown.add(each.subject)
                yield entry.contract, each.subject, *_numbers(each), "", _state(each)
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
    registered = None if registration is None else registration.registered
    return ("-", "-") if registered is None else (str(registered.version), str(registered.id))
