"""``streamcontract subjects``: the subjects of a schema registry."""

from __future__ import annotations

import difflib
import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

import attrs
import click

from streamcontract.cli._data_contracts import metadata_in_words, rules_in_words
from streamcontract.cli._examples import examples
from streamcontract.cli._options import facts_option
from streamcontract.cli._registry import registry_option
from streamcontract.errors import ConfigurationError
from streamcontract.registry import SchemaRegistry
from streamcontract.registry.body import BodyError
from streamcontract.registry.data_contracts import Metadata, RuleSet
from streamcontract.registry.description import describe_subject
from streamcontract.registry.errors import SubjectNotFoundError
from streamcontract.reporting.facts import print_facts
from streamcontract.reporting.terminal import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from streamcontract.registry.description import SubjectDescription
    from streamcontract.registry.protocol import VersionAnswer
    from streamcontract.registry.results import SubjectConfig

__all__ = ["command"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)


@click.command(
    "subjects",
    epilog=examples(
        "streamcontract subjects",
        "streamcontract subjects orders-value",
        "streamcontract subjects orders-value --deleted --format json",
    ),
)
@click.argument("subject", required=False)
@click.option("--deleted", is_flag=True, help="Show soft-deleted subjects and versions too.")
@facts_option
@registry_option
def command(
    subject: str | None,
    deleted: bool,  # noqa: FBT001 - click passes options by keyword
    output_format: str,
    url: str | None,
) -> None:
    """List the registry's subjects, or show one: versions, rules, configuration.

    For SUBJECT, shows its effective configuration and mode, and for each version its id, GUID,
    schema type, references, metadata, rules and time of registration, as far as the registry
    has them. A subject of another context is :.context:subject; a whole context is :.context: on
    its own. The schemas are in the output of --format json.

    Without --registry, the registry is that of STREAMCONTRACT_REGISTRY_URL, or else
    http://localhost:18081.
    """
    if subject == "":
        raise click.BadParameter("a subject has a name", param_hint="SUBJECT")
    with SchemaRegistry(url) as registry:
        if subject is None:
            found = _listed(registry, deleted=deleted)
            document = _document(registry, {"subjects": [attrs.asdict(each) for each in found]})
            print_facts(document, output_format, lambda: [each.in_words for each in found])
            if not found:
                click.echo("the registry has no subjects", err=True)
            return
        description = _described(registry, subject, deleted=deleted)
        document = _document(registry, description.to_json())
        print_facts(document, output_format, lambda: _in_words(description))


@attrs.frozen
class _Listed:
    """A subject in the list; the names are those of the JSON."""

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


def _in_words(description: SubjectDescription) -> Iterator[str]:
    yield on_one_line(description.subject)
    yield from _indented(_configuration_in_words(description))
    for version in description.versions:
        deleted = ", deleted" if version.deleted else ""
        yield on_one_line(
            f"version {version.version}: id {version.id}, {version.schema_type}{deleted}"
        )
        yield from _indented(_version_in_words(version))


def _indented(lines: Iterable[str]) -> Iterator[str]:
    yield from (f"  {on_one_line(line)}" for line in lines)


def _configuration_in_words(description: SubjectDescription) -> Iterator[str]:
    own = {} if description.own_config is None else _keys(description.own_config)
    for key, value in {**own, **_keys(description.config)}.items():
        inherited = "" if key in own else " (inherited)"
        for line in _value_in_words(key, value):
            yield f"{key}: {line}{inherited}"
    inherited = "" if description.own_mode is not None else " (inherited)"
    mode = description.mode or description.own_mode
    yield f"mode: {mode}{inherited}" if mode else "mode: not known to this registry"


def _keys(config: SubjectConfig) -> dict[str, object]:
    level = {} if config.compatibility is None else {"compatibilityLevel": config.compatibility}
    return {**level, **{key: each for key, each in config.values.items() if each is not None}}


def _value_in_words(key: str, value: object) -> Iterator[str]:
    try:
        if key.endswith("Metadata"):
            yield from metadata_in_words(Metadata.from_json(value))
            return
        if key.endswith("RuleSet"):
            yield from rules_in_words(RuleSet.from_json(value), in_full=True)
            return
    except BodyError as error:
        yield f"cannot be read ({error})"
        return
    yield value if isinstance(value, str) else json.dumps(value)


def _version_in_words(version: VersionAnswer) -> Iterator[str]:
    if version.guid is not None:
        yield f"guid: {version.guid}"
    if version.timestamp is not None:
        yield f"registered: {_time(version.timestamp)}"
    for each in version.references:
        yield f"reference {each.name}: version {each.version} of {each.subject}"
    yield from metadata_in_words(version.metadata)
    yield from rules_in_words(version.rule_set, in_full=True)


def _time(milliseconds: int) -> str:
    try:
        when = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return f"{milliseconds} ms after 1970"
    return when.isoformat(timespec="milliseconds")
