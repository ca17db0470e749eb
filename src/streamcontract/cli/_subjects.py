"""Subjects of a registry in words: configuration, mode and versions."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from streamcontract.cli._data_contracts import metadata_in_words, rules_in_words
from streamcontract.registry.body import BodyError
from streamcontract.registry.data_contracts import Metadata, RuleSet
from streamcontract.reporting.terminal import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from streamcontract.registry.description import SubjectDescription
    from streamcontract.registry.protocol import VersionAnswer
    from streamcontract.registry.results import SubjectConfig

__all__ = ["subject_in_words"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)


def subject_in_words(description: SubjectDescription) -> Iterator[str]:
    """A subject as lines."""
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
