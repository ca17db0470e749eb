"""``streamcontract register``: schemas and compatibility levels of contracts, registered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from streamcontract.cli import EXIT_FINDINGS
from streamcontract.cli._data_contracts import metadata_in_words, rules_in_words
from streamcontract.cli._examples import examples
from streamcontract.cli._options import facts_option, project_option
from streamcontract.cli._registration import Outcome, bring_about, numbers_of, state_of
from streamcontract.cli._registry import environment_option, registry_option, sound_subjects
from streamcontract.cli.lock import UpdatedLock, update_lock_file
from streamcontract.project import read_project
from streamcontract.registry import SchemaRegistry
from streamcontract.registry.errors import SubjectNotFoundError, VersionNotFoundError
from streamcontract.registry.lock_builder import LockBuilder, require_same_registry
from streamcontract.registry.lock_file import LOCK_FILE, check_environment, read_locks
from streamcontract.reporting.facts import print_facts
from streamcontract.reporting.tables import Table
from streamcontract.reporting.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from streamcontract.project import Project
    from streamcontract.registry.lock import Lock
    from streamcontract.registry.references import Registration

__all__ = ["command"]


@click.command(
    "register",
    epilog=examples(
        "streamcontract register --dry-run",
        "streamcontract register orders --registry http://localhost:18081",
        "streamcontract register --environment prod",
    ),
)
@click.argument("contracts", nargs=-1, metavar="[CONTRACT]...")
@registry_option
@environment_option
@click.option("--dry-run", is_flag=True, help="Register nothing; show what would change.")
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

    For each contract (by default all of streamcontract.toml), sets the compatibility level of its
    subjects and registers the value schema as TOPIC-value and the key schema as TOPIC-key. Types
    that a schema refers to are registered before it, each under its full name. If the registry
    finds any of them incompatible, nothing of that schema is registered. The stored schema is
    compared with the one that was sent. A second run changes nothing.

    Without --registry, the registry is that of STREAMCONTRACT_REGISTRY_URL, or else
    http://localhost:18081.

    With --environment, also writes the registered ids into streamcontract.lock (see
    `streamcontract lock`). A registry that contradicts the environment's lock is not changed.

    A dry run also shows the metadata and rules that a new version would inherit.

    Exits with 1 if the registry refuses a schema as incompatible. Exits with 2, and registers
    nothing, if the project file or any schema is not valid.
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
        outcomes = [bring_about(registry, entry, dry_run=dry_run) for entry in entries]
        inherited = _inherited(registry, outcomes) if dry_run else {}
        updated: UpdatedLock | None = None
        try:
            if environment is not None and not dry_run:
                updated = _updated_lock(
                    project, outcomes, LockBuilder(registry, environment, kept=locked)
                )
        finally:  # registrations are reported even if the file cannot be written
            _show(registry, outcomes, inherited, updated, output_format, dry_run=dry_run)
    for outcome in outcomes:
        for refusal in outcome.refusals:
            echo(refusal, err=True)
    if any(outcome.refusals for outcome in outcomes):
        hint = "`streamcontract check --against registry` shows where, and a record that breaks"
        click.echo(hint, err=True)
        raise click.exceptions.Exit(EXIT_FINDINGS)


def _locked(project: Project, environment: str) -> Lock | None:
    path = project.root / LOCK_FILE
    return read_locks(path).get(environment) if path.exists() else None


def _updated_lock(
    project: Project, outcomes: Iterable[Outcome], builder: LockBuilder
) -> UpdatedLock:
    for outcome in outcomes:
        if not outcome.refusals:
            builder.add(outcome.entry.contract, outcome.entry.side, outcome.registrations)
    return update_lock_file(project, builder.lock())


def _show(
    registry: SchemaRegistry,
    outcomes: Sequence[Outcome],
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
    outcomes: Sequence[Outcome],
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
    """The metadata and rules that a new version inherits, as text."""

    version: int
    kept: list[str]


def _inherited(registry: SchemaRegistry, outcomes: Iterable[Outcome]) -> dict[str, _Inherited]:
    """The metadata and rules that new versions would inherit from the versions before."""
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


def _rows(outcomes: Iterable[Outcome]) -> Iterator[tuple[str, ...]]:
    shown = set()
    for outcome in outcomes:
        entry = outcome.entry
        for each in outcome.references:
            if each.subject not in shown:
                shown.add(each.subject)
                yield entry.contract, each.subject, *_numbers(each), "-", state_of(each)
        yield (
            entry.contract,
            entry.subject,
            *_numbers(outcome.own),
            outcome.level,
            outcome.changes,
        )


def _numbers(registration: Registration | None) -> tuple[str, str]:
    found = numbers_of(registration)
    version, number = ("-" if each is None else str(each) for each in found.values())
    return version, number
