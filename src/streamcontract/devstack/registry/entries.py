"""Entries of a state file: subjects and schemas as JSON, and back."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from streamcontract.devstack.registry.values import Subject, Version
from streamcontract.registry.protocol import MAX_VERSION, SchemaRequest, parse_level, parse_mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from streamcontract.devstack.registry.values import StoredSchema

__all__ = [
    "read_number",
    "read_subject",
    "read_versions",
    "schema_entry",
    "settings_entry",
    "versions_entry",
]


def settings_entry(subject: Subject) -> dict[str, object]:
    """A subject without its versions."""
    return {
        "compatibility": subject.level,
        "mode": subject.mode,
        "settings": dict(subject.settings),
    }


def versions_entry(versions: Iterable[Version]) -> list[dict[str, object]]:
    """Versions of a subject."""
    return [
        {"version": version.number, "id": version.id, "deleted": version.deleted}
        for version in versions
    ]


def schema_entry(stored: StoredSchema) -> dict[str, object]:
    """A schema in the form of a request in mode IMPORT."""
    content = stored.content
    return SchemaRequest(
        id=stored.key.id,
        schema=content.text,
        references=content.references,
        metadata=content.metadata,
        rule_set=content.rule_set,
    ).to_json()


def read_subject(entry: Mapping[str, Any], versions: Iterable[Version]) -> Subject:
    """The subject of these versions and of the settings in an entry.

    Raises:
        KeyError: A key is missing; TypeError or ValueError: a value is wrong.
    """
    settings = entry.get("settings", {})
    level, mode = entry["compatibility"], entry["mode"]
    if not isinstance(settings, dict):
        raise TypeError("settings are no object")
    return Subject(
        tuple(versions),
        None if level is None else parse_level(level),
        None if mode is None else parse_mode(mode),
        MappingProxyType(settings),
    )


def read_versions(entry: Mapping[str, Any]) -> list[Version]:
    """The versions in a subject's entry.

    Raises:
        KeyError: A key is missing; TypeError or ValueError: a value is wrong.
    """
    versions = entry["versions"]
    if not isinstance(versions, list):
        raise TypeError("versions are not a list")
    return [
        Version(read_number(item["version"]), read_number(item["id"]), bool(item["deleted"]))
        for item in versions
    ]


def read_number(value: object) -> int:
    """An id or the number of a version.

    Raises:
        ValueError: It is not a number in range.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_VERSION + 1:
        raise ValueError(f"{value!r} is not a number from 0 to {MAX_VERSION}")
    return value
