"""Descriptions of subjects: their versions, configuration and mode in a registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeVar

import attrs

from streamcontract.registry.errors import (
    NotFoundError,
    RegistryResponseError,
    SubjectNotFoundError,
    UnsupportedRequestError,
)
from streamcontract.registry.results import SubjectConfig

if TYPE_CHECKING:
    from streamcontract.registry.client import SchemaRegistry
    from streamcontract.registry.protocol import VersionAnswer

__all__ = ["SENSITIVE", "SubjectDescription", "describe_subject", "hide_sensitive"]

T = TypeVar("T")

SENSITIVE: Final = "(sensitive, not shown)"
"""The text in place of a sensitive property's value."""


@attrs.frozen(kw_only=True)
class SubjectDescription:
    """The state of a subject in a registry.

    Attributes:
        subject: The subject, in the form of the client's calls.
        context: Its context.
        config: The configuration that applies: its own, or that of its context or registry.
        own_config: Its own configuration; None if it has none.
        mode: The mode that applies; None if the registry does not return it.
        own_mode: Its own mode; None if it has none.
        versions: Its versions, oldest first.
    """

    subject: str
    context: str
    config: SubjectConfig
    own_config: SubjectConfig | None
    mode: str | None
    own_mode: str | None
    versions: tuple[VersionAnswer, ...]

    def to_json(self) -> dict[str, object]:
        """The description as JSON, with the API's own keys; those without a value are null."""
        return {
            "subject": self.subject,
            "context": self.context,
            "config": {
                "effective": _config_json(self.config),
                "own": None if self.own_config is None else _config_json(self.own_config),
            },
            "mode": {"effective": self.mode, "own": self.own_mode},
            "versions": [_version_json(each) for each in self.versions],
        }


def describe_subject(
    registry: SchemaRegistry, subject: str, *, deleted: bool = False
) -> SubjectDescription:
    """Get the state of a subject from a registry.

    Args:
        registry: The registry.
        subject: The subject, or ``:.context:`` for a context, which has no versions.
        deleted: Whether to describe soft-deleted versions too.

    Raises:
        SubjectNotFoundError: There is no such subject.
        RegistryRequestError: A request failed otherwise.
    """
    named = registry.qualified(subject)
    versions = _versions(registry, subject, deleted=deleted) if named.name else ()
    # No name of the URL's context works in every registry.
    is_whole = not named.name and named.context == registry.context
    place = None if is_whole else subject
    return SubjectDescription(
        subject=subject,
        context=named.context,
        config=registry.config(place, default_to_global=place is not None),
        own_config=_unless_unset(lambda: registry.config(place)),
        mode=_unless_unset(lambda: registry.mode(place, default_to_global=place is not None)),
        own_mode=_unless_unset(lambda: registry.mode(place)),
        versions=versions,
    )


def _versions(
    registry: SchemaRegistry, subject: str, *, deleted: bool
) -> tuple[VersionAnswer, ...]:
    numbers = registry.versions(subject, deleted=deleted)
    try:
        live = set(registry.versions(subject)) if deleted else set(numbers)
    except SubjectNotFoundError:
        live = set()  # the subject as a whole is soft-deleted
    return tuple(
        # Not every answer about a version has its deletion.
        attrs.evolve(
            registry.describe_version(subject, number, deleted=deleted), deleted=number not in live
        )
        for number in sorted(numbers)
    )


def _unless_unset(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except (NotFoundError, UnsupportedRequestError):
        return None  # not set, or a registry without modes
    except RegistryResponseError as error:
        if error.status != HTTPStatus.NO_CONTENT:
            raise
        return None  # Apicurio returns empty modes for subjects


def hide_sensitive(metadata: object) -> object:
    """Metadata as JSON, without the values of sensitive properties.

    Args:
        metadata: The JSON from the registry, which may have any form.

    Example:
        >>> hide_sensitive({"properties": {"pin": "1234"}, "sensitive": ["pin"]})
        {'properties': {'pin': '(sensitive, not shown)'}, 'sensitive': ['pin']}
    """
    if not isinstance(metadata, Mapping):
        return metadata
    properties, names = metadata.get("properties"), metadata.get("sensitive")
    if not isinstance(properties, Mapping) or not isinstance(names, list):
        return dict(metadata)
    shown = {key: SENSITIVE if key in names else value for key, value in properties.items()}
    return {**metadata, "properties": shown}


def _config_json(config: SubjectConfig) -> dict[str, object]:
    shown = {
        key: hide_sensitive(value) if key.endswith("Metadata") else value
        for key, value in config.values.items()
    }
    return {"compatibilityLevel": config.compatibility, **shown}


def _version_json(version: VersionAnswer) -> dict[str, object]:
    metadata, rules = version.metadata, version.rule_set
    return {
        "version": version.version,
        "id": version.id,
        "guid": version.guid,
        "schemaType": version.schema_type,
        "references": [each.to_json() for each in version.references],
        "metadata": None if metadata is None else hide_sensitive(metadata.to_json()),
        "ruleSet": None if rules is None else rules.to_json(),
        "deleted": version.deleted,
        "ts": version.timestamp,
        "schema": version.schema,
    }
