"""Results of the registry client, and their parsing from answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.registry.body import (
    BodyError,
    read_flag,
    read_integer,
    read_key,
    read_list,
    read_object,
    read_string,
    read_strings,
)
from streamcontract.registry.data_contracts import Metadata, RuleSet
from streamcontract.registry.protocol import SchemaReference
from streamcontract.schema import Schema

if TYPE_CHECKING:
    from uuid import UUID


__all__ = [
    "CompatibilityResult",
    "Identified",
    "RegisteredSchema",
    "StoredSchema",
    "SubjectConfig",
    "SubjectVersion",
]

_CONFIG_KEYS: Final = (
    "compatibilityLevel",
    "alias",
    "normalize",
    "validateFields",
    "validateRules",
    "compatibilityGroup",
    "compatibilityPolicy",
    "defaultMetadata",
    "overrideMetadata",
    "defaultRuleSet",
    "overrideRuleSet",
)
"""The keys of ``Config`` in Confluent's sources of 2026; Redpanda has only the first."""


@attrs.frozen(kw_only=True)
class RegisteredSchema:
    """A version of a subject.

    Attributes:
        subject: The subject.
        version: The version of that subject, counted from 1.
        id: The id of the schema in the subject's context of this registry.
        schema: The schema in the registry, whose text may differ from the registered one.
        references: The versions of other subjects that the schema uses.
        metadata: Its metadata in the registry, if any.
        rule_set: Its rules in the registry, if any. This library does not execute rules.
        guid: The schema's id in all of Confluent's registries, if it is from one.
        deleted: Whether the version is soft-deleted; None if the registry does not return it.
        timestamp: The time of registration, in milliseconds since 1970, from Confluent's.
    """

    subject: str
    version: int
    id: int
    schema: Schema
    references: tuple[SchemaReference, ...] = ()
    metadata: Metadata | None = None
    rule_set: RuleSet | None = None
    guid: str | None = None
    # Not every answer about a version has these, so they do not count for equality.
    deleted: bool | None = attrs.field(default=None, eq=False)
    timestamp: int | None = attrs.field(default=None, eq=False)


@attrs.frozen(kw_only=True)
class StoredSchema:
    """A schema by its id.

    Attributes:
        schema: The schema in the registry.
        rule_set: Its rules in the registry.
    """

    schema: Schema
    rule_set: RuleSet | None = None


@attrs.frozen(kw_only=True)
class Identified:
    """The identification of a schema in a subject, for serializers.

    Attributes:
        id: Its id in the subject's context of this registry.
        guid: Its id in all of Confluent's registries, if it is from one.
        rule_set: Its rules in the registry.
    """

    id: int
    guid: UUID | None = None
    rule_set: RuleSet | None = None


@attrs.frozen
class SubjectVersion:
    """A subject and a version that have a schema.

    Attributes:
        subject: The subject.
        version: The version of that subject.
    """

    subject: str
    version: int


@attrs.frozen
class CompatibilityResult:
    """The result of a compatibility check.

    Attributes:
        is_compatible: Whether the schema keeps the subject's compatibility level.
        messages: The registry's messages; empty if it is compatible.
    """

    is_compatible: bool
    messages: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.is_compatible


@attrs.frozen
class SubjectConfig:
    """The configuration of a subject, of a context, or of the registry.

    Attributes:
        compatibility: The compatibility level; None if only other values are set.
        values: Its other values, by their names in the API: ``normalize``,
            ``compatibilityGroup``, ``defaultRuleSet`` and so on.
    """

    compatibility: str | None
    values: Mapping[str, object] = attrs.field(factory=dict)


def read_compatibility(value: object) -> CompatibilityResult:
    """Read the answer of a compatibility test."""
    is_compatible = read_flag(read_key(value, "is_compatible"), "is_compatible")
    messages = value.get("messages") if isinstance(value, dict) else None
    return CompatibilityResult(is_compatible, tuple(read_strings(messages or [])))


def read_subject_versions(value: object) -> list[SubjectVersion]:
    """Read a list of subjects with a version each."""
    return [
        SubjectVersion(
            read_string(read_key(item, "subject")), read_integer(read_key(item, "version"))
        )
        for item in read_list(value)
    ]


def read_config(value: object) -> SubjectConfig:
    """Read a configuration; a missing level means that of all subjects."""
    fields = dict(read_object(value))
    if fields.keys().isdisjoint(_CONFIG_KEYS):
        raise BodyError("", f"one of the keys {', '.join(_CONFIG_KEYS)}")
    level = fields.pop("compatibilityLevel", None)
    return SubjectConfig(None if level is None else read_string(level), fields)


def read_level(value: object) -> str:
    """Read a compatibility level."""
    return read_string(read_key(value, "compatibilityLevel"))


def read_level_set(value: object) -> str:
    """Read the answer to setting a level; Apicurio's is the same as for getting one."""
    shown = isinstance(value, dict) and "compatibilityLevel" in value
    return read_string(read_key(value, "compatibilityLevel" if shown else "compatibility"))


def read_deleted_level(value: object) -> str | None:
    """Read the answer to the deletion of a configuration, which has two forms."""
    return value if isinstance(value, str) else read_config(value).compatibility
