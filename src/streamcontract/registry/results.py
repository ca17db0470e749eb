"""Results of the registry client, and how they are read from answers."""

from __future__ import annotations

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
from streamcontract.registry.protocol import SchemaReference

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from streamcontract.registry.data_contracts import Metadata, RuleSet
    from streamcontract.schema import Schema

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
"""The keys of ``Config`` in Confluent's sources of 2026; Redpanda has the first alone."""


@attrs.frozen(kw_only=True)
class RegisteredSchema:
    """A version of a subject.

    Attributes:
        subject: The subject.
        version: The version of that subject, counted from 1.
        id: The id of the schema in the subject's context of this registry.
        schema: The schema as the registry stores it, which may be another text than was given.
        references: The versions of other subjects that the schema uses.
        metadata: What the registry keeps beside it, if anything.
        rule_set: Likewise. No rule is run by this library.
        guid: The schema's id in all of Confluent's registries, from those.
        deleted: Whether the version is soft-deleted; None where the registry does not say.
        timestamp: When it was registered, in milliseconds since 1970, from Confluent's.
    """

    subject: str
    version: int
    id: int
    schema: Schema
    references: tuple[SchemaReference, ...] = ()
    metadata: Metadata | None = None
    rule_set: RuleSet | None = None
    guid: str | None = None
    # Not every answer about a version has these: they make no other version of it.
    deleted: bool | None = attrs.field(default=None, eq=False)
    timestamp: int | None = attrs.field(default=None, eq=False)


@attrs.frozen(kw_only=True)
class StoredSchema:
    """A schema by its id.

    Attributes:
        schema: The schema as the registry stores it.
        rule_set: The rules that the registry keeps beside it.
    """

    schema: Schema
    rule_set: RuleSet | None = None


@attrs.frozen(kw_only=True)
class Identified:
    """What a schema is in a subject, for those who write values of it.

    Attributes:
        id: Its id in the subject's context of this registry.
        guid: Its id in all of Confluent's registries, from those.
        rule_set: The rules that the registry keeps beside it.
    """

    id: int
    guid: UUID | None = None
    rule_set: RuleSet | None = None


@attrs.frozen
class SubjectVersion:
    """Where a schema is registered.

    Attributes:
        subject: The subject.
        version: The version of that subject.
    """

    subject: str
    version: int


@attrs.frozen
class CompatibilityResult:
    """What the registry says of a schema that is not registered yet.

    Attributes:
        is_compatible: Whether the subject's compatibility level holds.
        messages: Why not, in the registry's words; empty where it is compatible.
    """

    is_compatible: bool
    messages: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.is_compatible


@attrs.frozen
class SubjectConfig:
    """The configuration of a subject, of a context, or of the registry.

    Attributes:
        compatibility: The compatibility level; None where only other values are set.
        values: What else it says, by the names that the API gives it: ``normalize``,
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
    """Read a configuration; a registry that leaves the level out means that of all subjects."""
    fields = dict(read_object(value))
    if fields.keys().isdisjoint(_CONFIG_KEYS):
        raise BodyError("", f"one of the keys {', '.join(_CONFIG_KEYS)}")
    level = fields.pop("compatibilityLevel", None)
    return SubjectConfig(None if level is None else read_string(level), fields)


def read_level(value: object) -> str:
    """Read a compatibility level."""
    return read_string(read_key(value, "compatibilityLevel"))


def read_level_set(value: object) -> str:
    """Read the answer to a level that was set; Apicurio's is that to asking for one."""
    shown = isinstance(value, dict) and "compatibilityLevel" in value
    return read_string(read_key(value, "compatibilityLevel" if shown else "compatibility"))


def read_deleted_level(value: object) -> str | None:
    """Read the answer to a configuration that was deleted; registries word it in two ways."""
    return value if isinstance(value, str) else read_config(value).compatibility
