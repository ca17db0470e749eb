"""``streamcontract subjects``: the subjects of a schema registry."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import attrs
import click

from streamcontract.cli import EXIT_FINDINGS
from streamcontract.cli._confirm import confirm, yes_option
from streamcontract.cli._examples import examples
from streamcontract.cli._options import facts_option
from streamcontract.cli._registry import registry_option
from streamcontract.cli._subjects import subject_in_words
from streamcontract.diff import find_changes
from streamcontract.diff.reported import Labelled, report_of
from streamcontract.errors import ConfigurationError
from streamcontract.registry import SchemaRegistry
from streamcontract.registry.description import describe_subject
from streamcontract.registry.errors import SubjectNotFoundError
from streamcontract.reporting.facts import print_facts
from streamcontract.reporting.terminal import on_one_line, print_report

if TYPE_CHECKING:
    from streamcontract.registry.description import SubjectDescription

__all__ = ["command"]


class _Subjects(click.Group):
    """A group whose commands may be left out: without one it lists, with a subject it shows it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = self._first_argument(args)
        if first is not None and first in self.commands:
            # Options may come before the command, as they do without a command.
            args = [first, *_without(args, first)]
        elif first is not None:
            args = ["show", *args]
        elif not {"-h", "--help"} & {*args}:
            args = ["list", *args]
        return super().parse_args(ctx, args)

    def _first_argument(self, args: list[str]) -> str | None:
        takes_value = {
            name
            for each in self.commands.values()
            for param in each.params
            if isinstance(param, click.Option) and not param.is_flag
            for name in param.opts
        }
        rest = iter(args)
        for each in rest:
            if each in takes_value:
                next(rest, None)
            elif each == "--":
                return next(rest, None)
            elif not each.startswith("-"):
                return each
        return None


def _without(args: list[str], first: str) -> list[str]:
    at = args.index(first)
    return [*args[:at], *args[at + 1 :]]


@click.group(
    "subjects",
    cls=_Subjects,
    epilog=examples(
        "streamcontract subjects list",
        "streamcontract subjects show orders-value",
        "streamcontract subjects diff orders-value 1 2",
        "streamcontract subjects delete orders-value --dry-run",
    ),
)
def command() -> None:
    """List, show, compare and delete the registry's subjects.

    Without a command the subjects are listed; with a subject alone it is shown. A subject of
    another context is :.context:subject, a context as a whole is :.context: alone.

    Without --registry, the registry is that of STREAMCONTRACT_REGISTRY_URL, or else
    http://localhost:18081.
    """


_deleted = click.option(
    "--deleted", is_flag=True, help="Show soft-deleted subjects and versions too."
)


@command.command("list", epilog=examples("streamcontract subjects list --deleted"))
@_deleted
@facts_option
@registry_option
def _list(deleted: bool, output_format: str, url: str | None) -> None:  # noqa: FBT001 - click passes options by keyword
    """List the registry's subjects."""
    with SchemaRegistry(url) as registry:
        found = _listed(registry, deleted=deleted)
        document = _document(registry, {"subjects": [attrs.asdict(each) for each in found]})
        print_facts(document, output_format, lambda: [each.in_words for each in found])
    if not found:
        click.echo("the registry has no subjects", err=True)


@command.command(
    "show",
    short_help="Show a subject: versions, rules, configuration.",
    epilog=examples(
        "streamcontract subjects show orders-value",
        "streamcontract subjects show orders-value --deleted --format json",
    ),
)
@click.argument("subject")
@_deleted
@facts_option
@registry_option
def _show(
    subject: str,
    deleted: bool,  # noqa: FBT001 - click passes options by keyword
    output_format: str,
    url: str | None,
) -> None:
    """Show a subject: versions, rules, configuration.

    It shows the configuration and the mode that hold, and of each version id, GUID, schema type,
    references, metadata, rules and the time of registration, as far as the registry has them. The
    schemas themselves are in the JSON.
    """
    with SchemaRegistry(url) as registry:
        description = _described(registry, subject, deleted=deleted)
        document = _document(registry, description.to_json())
        print_facts(document, output_format, lambda: subject_in_words(description))


@command.command(
    "diff",
    short_help="Show what changed from one version to another.",
    epilog=examples(
        "streamcontract subjects diff orders-value",
        "streamcontract subjects diff orders-value 1 3",
    ),
)
@click.argument("subject")
@click.argument("old", type=click.IntRange(min=1), required=False)
@click.argument("new", type=click.IntRange(min=1), required=False)
@_deleted
@facts_option
@registry_option
def _diff(
    subject: str,
    old: int | None,
    new: int | None,
    deleted: bool,  # noqa: FBT001 - click passes options by keyword
    output_format: str,
    url: str | None,
) -> None:
    """Show what changed from version OLD of a subject to NEW, without a verdict.

    Without NEW, OLD is compared with the latest version; without both, the latest with the one
    before it. Exits with 0 if both mean the same, with 1 if they differ.
    """
    with SchemaRegistry(url) as registry:
        first, last = _two_versions(registry, subject, old, new, deleted=deleted)
        sides = [
            Labelled(
                f"{subject} version {each}",
                registry.version(subject, each, deleted=deleted).schema,
            )
            for each in (first, last)
        ]
    changes = find_changes(sides[0].schema, sides[1].schema)
    print_report(report_of(changes, *sides), output_format)
    if changes:
        raise click.exceptions.Exit(EXIT_FINDINGS)


def _two_versions(
    registry: SchemaRegistry, subject: str, old: int | None, new: int | None, *, deleted: bool
) -> tuple[int, int]:
    known = _versions(registry, subject, deleted=deleted)
    for each in (old, new):
        if each is not None and each not in known:
            raise ConfigurationError(
                f"subject {subject!r} has no version {each}; it has {', '.join(map(str, known))}"
            )
    if old is None:
        if len(known) < 2:
            raise ConfigurationError(f"subject {subject!r} has one version, so nothing to compare")
        return known[-2], known[-1]
    return old, known[-1] if new is None else new


def _versions(registry: SchemaRegistry, subject: str, *, deleted: bool) -> list[int]:
    try:
        return sorted(registry.versions(subject, deleted=deleted))
    except SubjectNotFoundError as error:
        raise ConfigurationError(_not_found(registry, subject)) from error


@command.command(
    "delete",
    short_help="Delete a subject, or one version of it.",
    epilog=examples(
        "streamcontract subjects delete orders-value --dry-run",
        "streamcontract subjects delete orders-value --version 2 --yes",
        "streamcontract subjects delete orders-value --permanent",
    ),
)
@click.argument("subject")
@click.option("--version", type=click.IntRange(min=1), help="Delete this version only.")
@click.option(
    "--permanent",
    is_flag=True,
    help="Delete for good, so that messages with these ids cannot be read any more.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be deleted, and delete nothing.")
@yes_option
@facts_option
@registry_option
def _delete(
    subject: str,
    *,
    version: int | None,
    permanent: bool,
    dry_run: bool,
    yes: bool,
    output_format: str,
    url: str | None,
) -> None:
    """Delete a subject, or one version of it.

    The deletion is soft: ids are still found, so that messages can be read, and
    `streamcontract register` brings the schema back. With --permanent it is for good; what is not
    soft-deleted yet is soft-deleted first.
    """
    with SchemaRegistry(url) as registry:
        # What is soft-deleted is there to be deleted for good.
        live = set(_versions_or_none(registry, subject, deleted=False))
        known = _versions(registry, subject, deleted=permanent)
        chosen = known if version is None else [each for each in known if each == version]
        if not chosen:
            raise ConfigurationError(
                f"subject {subject!r} has no version {version}; it has {', '.join(map(str, known))}"
            )
        how = "for good" if permanent else "softly"
        what = f"subject {subject}" if version is None else f"version {version} of {subject}"
        if not dry_run:
            confirm(f"Delete {what} {how}?", yes=yes)
            _delete_versions(registry, subject, version, chosen, live, permanent=permanent)
        document = _document(
            registry,
            {
                "subject": subject,
                "versions": chosen,
                "permanent": permanent,
                "dry_run": dry_run,
            },
        )
    done = "would be deleted" if dry_run else "deleted"
    listed = ", ".join(map(str, chosen))
    print_facts(
        document,
        output_format,
        lambda: [on_one_line(f"{subject}: {done} {how}: version {listed}")],
    )


def _delete_versions(
    registry: SchemaRegistry,
    subject: str,
    version: int | None,
    chosen: list[int],
    live: set[int],
    *,
    permanent: bool,
) -> None:
    is_live = bool(live.intersection(chosen))
    for each in (False, True) if permanent else (False,):
        if not each and not is_live:
            continue  # it is soft-deleted already
        if version is None:
            registry.delete_subject(subject, permanent=each)
        else:
            registry.delete_version(subject, version, permanent=each)


def _versions_or_none(registry: SchemaRegistry, subject: str, *, deleted: bool) -> list[int]:
    try:
        return registry.versions(subject, deleted=deleted)
    except SubjectNotFoundError:
        return []


@attrs.frozen
class _Listed:
    """A subject in the list, with the names of the JSON output."""

    subject: str
    context: str
    deleted: bool

    @property
    def in_words(self) -> str:
        return on_one_line(self.subject) + (" (deleted)" if self.deleted else "")


def _listed(registry: SchemaRegistry, *, deleted: bool) -> list[_Listed]:
    live = set(registry.subjects())
    names = registry.subjects(deleted=True) if deleted else live
    return [
        _Listed(name, registry.qualified(name).context, name not in live) for name in sorted(names)
    ]


def _described(registry: SchemaRegistry, subject: str, *, deleted: bool) -> SubjectDescription:
    try:
        return describe_subject(registry, subject, deleted=deleted)
    except SubjectNotFoundError as error:
        raise ConfigurationError(_not_found(registry, subject)) from error


def _not_found(registry: SchemaRegistry, subject: str) -> str:
    known = registry.subjects(deleted=True)
    named = registry.qualified(subject)
    if any(registry.qualified(each) == named for each in known):
        advice = "it is soft-deleted, and --deleted shows it"
    else:
        near = difflib.get_close_matches(subject, known, n=1)
        advice = f"did you mean {near[0]!r}?" if near else "`streamcontract subjects` lists them"
    return on_one_line(f"{', '.join(registry.urls)} has no subject {subject!r}: {advice}")


def _document(registry: SchemaRegistry, facts: dict[str, object]) -> dict[str, object]:
    return {"registry": list(registry.urls), **facts}
