"""What the registry client answers with, and how it reads answers that are not objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from streamcontract.registry.body import (
    read_flag,
    read_integer,
    read_key,
    read_list,
    read_string,
    read_strings,
)
from streamcontract.registry.protocol import SchemaReference

if TYPE_CHECKING:
    from streamcontract.schema import Schema

__all__ = ["CompatibilityResult", "RegisteredSchema", "SubjectVersion"]


@attrs.frozen(kw_only=True)
class RegisteredSchema:
    """A version of a subject.

    Attributes:
        subject: The subject.
        version: The version of that subject, counted from 1.
        id: The id of the schema in this registry; it stands in front of every payload.
        schema: The schema as the registry stores it, which may be another text than was given.
        references: The versions of other subjects that the schema uses.
    """

    subject: str
    version: int
    id: int
    schema: Schema
    references: tuple[SchemaReference, ...] = ()


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
