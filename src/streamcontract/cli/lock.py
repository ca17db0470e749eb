"""``streamcontract lock``: schema ids of an environment's registry, written into the lock file."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import attrs
import click

from streamcontract.cli import EXIT_FINDINGS
from streamcontract.cli._examples import examples
from streamcontract.cli._options import facts_option, project_option
from streamcontract.cli._registry import (
    ContractSubject,
    environment_option,
    registry_option,
    sound_subjects,
)
from streamcontract.errors import ConfigurationError
from streamcontract.project import read_project
from streamcontract.registry import SchemaRegistry
from streamcontract.registry.lock_builder import LockBuilder, offline_faults, require_same_registry
from streamcontract.registry.lock_file import (
    LOCK_FILE,
    check_environment,
    read_locks,
    render,
    unknown_entries,
    write_locks,
)
from streamcontract.registry.references import register_in_order
from streamcontract.reporting.facts import print_facts
from streamcontract.reporting.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamcontract.project import Project
    from streamcontract.registry.lock import Lock

__all__ = ["UpdatedLock", "command", "update_lock_file"]


@click.command(
    "lock",
    epilog=examples(
        "streamcontract lock --environment prod",
        "streamcontract lock --environment prod --check",
        "streamcontract lock --check --offline",
    ),
)
@environment_option
@registry_option
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if the file would change.")
@click.option(
    "--offline", is_flag=True, help="With --check: compare the file with the schemas only."
)
@click.option(
    "--force", is_flag=True, help="Lock again although locked ids belong to other schemas now."
)
@facts_option
@project_option
def command(
    environment: str | None,
    url: str | None,
    check: bool,  # noqa: FBT001 - click passes options by keyword
    offline: bool,  # noqa: FBT001
    force: bool,  # noqa: FBT001
    output_format: str,
    project_file: Path | None,
) -> None:
    """Write the contracts' ids and schemas into streamcontract.lock.

    With the file, and STREAMCONTRACT_ENVIRONMENT set to the environment's name, producers and
    consumers start and run while the registry cannot be reached. This command registers nothing;
    `streamcontract register --environment NAME` registers and writes the file. The file contains
    no URL and no credential; commit it.

    Exits with 1 if a contract's schema is not registered or, with --check, if the file would
    change. --check --offline needs no registry: it finds contracts that were changed, added or
    removed since, and entries that contradict each other, by default in all environments. Exits
    with 2 if the project file or a schema is not valid.
    """
    project = read_project(project_file)
    path = project.root / LOCK_FILE
    entries = sound_subjects("lock", project, (), output_format, "nothing was locked")
    locks = read_locks(path) if path.exists() else {}
    if offline:
        if not check:
            raise click.UsageError("--offline goes with --check: ids are the registry's to give")
        _check_offline(path, _chosen(path, locks, environment), entries, output_format)
        return
    if environment is None:
        known = f"; {LOCK_FILE} has {', '.join(locks)}" if locks else ""
        raise click.UsageError(
            f"name the environment: --environment NAME, such as `streamcontract lock --environment "
            f"{next(iter(locks), 'prod')}`{known}"
        )
    with SchemaRegistry(url) as registry:
        before = locks.get(check_environment(environment))
        if before is not None and not (force or check):
            require_same_registry(registry, before)
        after, missing = _locked(registry, environment, entries)
    if missing:
        _stop_as_missing(environment, missing, output_format)
    if check:
        _check(path, before, after, output_format)
    else:
        updated = update_lock_file(project, after)
        print_facts(updated.document, output_format, lambda: [updated.in_words])


@attrs.frozen
class UpdatedLock:
    """The result of writing the project's lock file.

    Attributes:
        lock: Its present lock.
        has_changed: Whether the file was changed.
    """

    lock: Lock
    has_changed: bool

    @property
    def document(self) -> dict[str, Any]:
        """It as JSON has it."""
        return {
            "file": LOCK_FILE,
            "environment": self.lock.environment,
            "changed": self.has_changed,
            "subjects": sum(len(sides) for sides in self.lock.contracts.values()),
            "schemas": len(self.lock.schemas),
        }

    @property
    def in_words(self) -> str:
        """The result as a line."""
        facts = self.document
        return (
            f"{LOCK_FILE} {'written' if self.has_changed else 'up to date'}: environment "
            f"{self.lock.environment}, {facts['subjects']} subject(s), {facts['schemas']} schema(s)"
        )


def update_lock_file(project: Project, lock: Lock) -> UpdatedLock:
    """Write one environment's lock into the project's file."""
    path = project.root / LOCK_FILE
    locks = read_locks(path) if path.exists() else {}
    has_changed = write_locks(path, [*({**locks, lock.environment: lock}).values()])
    return UpdatedLock(lock, has_changed)


def _locked(
    registry: SchemaRegistry, environment: str, entries: list[ContractSubject]
) -> tuple[Lock, dict[str, str]]:
    """The lock, and the missing subjects, each with a contract that needs it."""
    builder = LockBuilder(registry, environment)
    missing: dict[str, str] = {}
    for entry in entries:
        found = register_in_order(registry, entry.subject, entry.schema, dry_run=True)
        for each in found:
            if each.is_new:  # of a type that several contracts use, once
                missing.setdefault(each.subject, entry.contract)
        if not any(each.is_new for each in found):
            builder.add(entry.contract, entry.side, found)
    return builder.lock(), missing


def _stop_as_missing(environment: str, missing: Mapping[str, str], output_format: str) -> NoReturn:
    document = {
        "file": LOCK_FILE,
        "environment": environment,
        "changed": False,
        "missing": [
            {"contract": contract, "subject": subject} for subject, contract in missing.items()
        ],
    }
    print_facts(document, output_format, list)
    for subject, contract in missing.items():
        click.echo(f"{contract}: {subject} does not have the contract's schema", err=True)
    click.echo(
        f"{len(missing)} schema(s) to register first: `streamcontract register --environment "
        f"{environment}`",
        err=True,
    )
    raise click.exceptions.Exit(EXIT_FINDINGS)


def _check(path: Path, before: Lock | None, after: Lock, output_format: str) -> None:
    old, new = (
        render([each] if each else []).splitlines(keepends=True) for each in (before, after)
    )
    unknown = _unknown(path)
    is_clean = old == new and not unknown
    diff = "".join(difflib.unified_diff(old, new, path.name, "the registry"))
    document = {
        "file": path.name,
        "environment": after.environment,
        "clean": is_clean,
        "diff": diff,
        "faults": unknown,
    }
    clean = f"{path.name} is what the registry has for environment {after.environment}"
    print_facts(document, output_format, lambda: [clean] if is_clean else diff.splitlines())
    if is_clean:
        return
    for fault in unknown:
        echo(fault, err=True)
    click.echo(
        f"{path.name} is not what the registry has for environment {after.environment}: if this is "
        f"its registry, run `streamcontract lock --environment {after.environment}` and commit the "
        f"file",
        err=True,
    )
    raise click.exceptions.Exit(EXIT_FINDINGS)


def _unknown(path: Path) -> list[str]:
    entries = unknown_entries(path) if path.exists() else []
    return [f"{path.name}: {entry} is not an entry of a lock file" for entry in entries]


def _chosen(path: Path, locks: Mapping[str, Lock], environment: str | None) -> list[Lock]:
    if environment is None:
        return list(locks.values())
    if environment not in locks:
        raise ConfigurationError(f"{path} has no environment {environment!r}")
    return [locks[environment]]


def _check_offline(
    path: Path, locks: list[Lock], entries: list[ContractSubject], output_format: str
) -> None:
    if not locks:
        raise ConfigurationError(f"{path} locks no environment: there is nothing to check")
    schemas = {(each.contract, each.side): (each.subject, each.schema) for each in entries}
    faults = _unknown(path)
    faults += (
        f"{lock.environment}: {fault}" for lock in locks for fault in offline_faults(lock, schemas)
    )
    environments = [lock.environment for lock in locks]
    document = {
        "file": path.name,
        "environments": environments,
        "clean": not faults,
        "faults": faults,
    }
    clean = f"{path.name} fits the contracts: {', '.join(environments)}"
    print_facts(document, output_format, lambda: [] if faults else [clean])
    if not faults:
        return
    for fault in faults:
        echo(fault, err=True)
    click.echo(
        "run `streamcontract register --environment NAME` for each environment and commit the file",
        err=True,
    )
    raise click.exceptions.Exit(EXIT_FINDINGS)
