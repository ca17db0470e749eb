"""What the registry client answers with, and how it reads answers that are not objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from streamcontract.registry.protocol import MAX_VERSION, BodyError, SchemaReference

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
    is_compatible = read_key(value, "is_compatible")
    if not isinstance(is_compatible, bool):
        raise BodyError("is_compatible", "true or false")
    messages = value.get("messages") if isinstance(value, dict) else None
    return CompatibilityResult(is_compatible, tuple(read_strings(messages or [])))


def read_subject_versions(value: object) -> list[SubjectVersion]:
    """Read a list of subjects with a version each."""
    return [
        SubjectVersion(
            read_string(read_key(item, "subject")), read_integer(read_key(item, "version"))
        )
        for item in _list(value)
    ]


def read_strings(value: object) -> list[str]:
    """Read a list of strings."""
    return [read_string(item) for item in _list(value)]


def read_integers(value: object) -> list[int]:
    """Read a list of ids or versions."""
    return [read_integer(item) for item in _list(value)]


def read_integer(value: object) -> int:
    """Read an id or a version."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_VERSION:
        raise BodyError("", f"an integer from 0 to {MAX_VERSION}")
    return value


def read_string(value: object) -> str:
    """Read a string."""
    if not isinstance(value, str):
        raise BodyError("", "a string")
    return value


def read_key(value: object, key: str) -> object:
    """Read one key of an object."""
    if not isinstance(value, dict) or key not in value:
        raise BodyError("", f"an object with the key {key!r}")
    return value[key]


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise BodyError("", "a list")
    return value
