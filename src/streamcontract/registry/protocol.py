"""The schema registry's HTTP protocol as values: codes, names, paths and bodies; no I/O.

Client and embedded server both speak from here, so they cannot disagree. The protocol is the REST
API of Confluent's Schema Registry ("Schema Registry API Reference" in Confluent's documentation)
as Redpanda serves it (read from Redpanda's sources of December 2024; later releases may differ).
Where the two answer differently, the doc string of the code says so.

Requests are checked strictly, as Redpanda refuses keys it does not know; answers leniently, as
registries add keys to them from release to release.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Final, Literal, get_args
from urllib.parse import quote

import attrs

from streamcontract import levels
from streamcontract.levels import DEFAULT_LEVEL, Level, compatibility_level

__all__ = [
    "ACCEPTED_CONTENT_TYPES",
    "CONTENT_TYPE",
    "DEFAULT_LEVEL",
    "DEFAULT_MODE",
    "LATEST",
    "LEVELS",
    "MAX_VERSION",
    "MODES",
    "SCHEMA_TYPES",
    "BodyError",
    "ErrorCode",
    "Level",
    "Mode",
    "Path",
    "SchemaReference",
    "SchemaRequest",
    "VersionAnswer",
    "fill",
    "parse_error",
    "parse_level",
    "parse_mode",
    "parse_setting",
    "parse_version",
]

CONTENT_TYPE: Final = "application/vnd.schemaregistry.v1+json"
"""The media type of requests and answers."""

ACCEPTED_CONTENT_TYPES: Final = (
    CONTENT_TYPE,
    "application/vnd.schemaregistry+json",
    "application/json",
    "application/octet-stream",
)
"""The media types a request body may have; anything else is answered with 415."""

LEVELS: Final[tuple[Level, ...]] = tuple(
    sorted(levels.LEVELS, key=lambda name: compatibility_level(name).is_transitive)
)
"""The compatibility levels, in the order in which the registry's messages list them."""

Mode = Literal["READWRITE", "READONLY", "IMPORT"]
"""What a registry or a subject takes: anything, nothing, or schemas that bring their own id."""

MODES: Final[tuple[Mode, ...]] = get_args(Mode)

DEFAULT_MODE: Final[Mode] = "READWRITE"

SCHEMA_TYPES: Final = ("JSON", "PROTOBUF", "AVRO")
"""What ``GET /schemas/types`` answers, in Redpanda's order; AVRO is what a missing one means."""

LATEST: Final = "latest"

MAX_VERSION: Final = 2**31 - 1
"""The largest version number and schema id; the wire format has four bytes for an id."""


class ErrorCode(IntEnum):
    """The ``error_code`` of an answer, with what it means.

    A code below 600 is the HTTP status itself; a longer one has the status in front.

    Example:
        >>> ErrorCode.SUBJECT_NOT_FOUND.http_status
        404
        >>> ErrorCode(409).meaning
        'the schema is incompatible with an earlier version of the subject'
    """

    meaning: str

    def __new__(cls, value: int, meaning: str = "") -> ErrorCode:
        """Make a member that is an int and knows its meaning.

        The default is for type checkers only, which take ``ErrorCode(409)`` for this call.
        """
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    NOT_ACCEPTABLE = 406, "none of the media types in Accept can be given"
    INCOMPATIBLE = 409, "the schema is incompatible with an earlier version of the subject"
    UNSUPPORTED_MEDIA_TYPE = 415, "the body has a content type that the registry does not take"
    INVALID_SCHEMA = 422, "the schema, or the request body around it, is invalid"
    TOO_MANY_REQUESTS = 429, "the registry is overloaded; ask again later"
    INTERNAL_ERROR = 500, "the registry itself failed"
    BAD_REQUEST = 40002, "a path or query parameter is malformed"
    UNAUTHENTICATED = 40101, "the credentials are missing or wrong"
    UNAUTHORIZED = 40301, "the credentials do not allow this"
    SUBJECT_NOT_FOUND = 40401, "there is no such subject"
    VERSION_NOT_FOUND = 40402, "the subject has no such version"
    SCHEMA_NOT_FOUND = 40403, "there is no such schema"
    SUBJECT_SOFT_DELETED = 40404, "the subject is soft-deleted already"
    SUBJECT_NOT_SOFT_DELETED = 40405, "a permanent delete needs a soft-deleted subject"
    VERSION_SOFT_DELETED = 40406, "the version is soft-deleted already"
    VERSION_NOT_SOFT_DELETED = 40407, "a permanent delete needs a soft-deleted version"
    LEVEL_NOT_FOUND = 40408, "the subject has no compatibility level of its own"
    MODE_NOT_FOUND = 40409, "the subject has no mode of its own"
    INCOMPATIBLE_CONFLUENT = 40901, "incompatible, as Confluent says it since December 2025"
    EMPTY_SCHEMA = 42201, "empty schema or missing reference; Confluent: any invalid schema"
    INVALID_VERSION = 42202, "the version is neither 1 to 2**31 - 1 nor 'latest'"
    INVALID_LEVEL = 42203, "the compatibility level does not exist"
    INVALID_MODE = 42204, "the mode does not exist"
    OPERATION_NOT_PERMITTED = 42205, "the mode does not permit this"
    REFERENCE_EXISTS = 42206, "other schemas refer to this version"
    ID_EXISTS = 42207, "the id belongs to another schema, or the schema to another id"
    STORE_ERROR = 50001, "the registry's own storage failed"
    BACKEND_ERROR = 50002, "the brokers behind the registry failed"
    BACKEND_TIMEOUT = 50003, "the brokers behind the registry did not answer in time"
    WRITE_COLLISION = 50301, "too many writers at once; ask again"
    BROKER_UNAVAILABLE = 50302, "the brokers behind the registry are not available"

    @property
    def http_status(self) -> int:
        """The HTTP status that goes with the code."""
        return int(self) if self < 600 else int(self) // 100


class Path:
    """The paths of the API as templates for :func:`fill`; what it lacks is not listed.

    Redpanda has no ``GET /schemas``, ``/schemas/ids/{id}/schema``, ``/contexts``,
    ``/associations``, ``DELETE /config``, ``DELETE /mode`` and no compatibility check against all
    versions at once.
    """

    SCHEMA_TYPES = "/schemas/types"
    SCHEMA = "/schemas/ids/{id}"
    SCHEMA_VERSIONS = "/schemas/ids/{id}/versions"
    SCHEMA_SUBJECTS = "/schemas/ids/{id}/subjects"
    SUBJECTS = "/subjects"
    SUBJECT = "/subjects/{subject}"
    VERSIONS = "/subjects/{subject}/versions"
    VERSION = "/subjects/{subject}/versions/{version}"
    VERSION_SCHEMA = "/subjects/{subject}/versions/{version}/schema"
    VERSION_REFERENCED_BY = "/subjects/{subject}/versions/{version}/referencedby"
    CONFIG = "/config"
    SUBJECT_CONFIG = "/config/{subject}"
    MODE = "/mode"
    SUBJECT_MODE = "/mode/{subject}"
    COMPATIBILITY = "/compatibility/subjects/{subject}/versions/{version}"
    READY = "/status/ready"


def fill(template: str, **parameters: str | int) -> str:
    """Fill a path template, quoting what a path cannot hold.

    Example:
        >>> fill(Path.VERSION, subject="a/b c", version=3)
        '/subjects/a%2Fb%20c/versions/3'
    """
    return template.format_map(
        {name: quote(str(value), safe="") for name, value in parameters.items()}
    )


class BodyError(ValueError):
    """A body does not have the shape that the protocol gives it.

    Attributes:
        path: Where in the body, such as ``references[0].version``; ``""`` is the whole of it.
        expected: What the protocol wants there.
    """

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"{path}: expected {expected}" if path else f"expected {expected}")
        self.path = path
        self.expected = expected


@attrs.frozen
class SchemaReference:
    """A name that a schema uses and another subject's version defines.

    Attributes:
        name: The full name of the type, as the schema spells it.
        subject: The subject that has it.
        version: The version of that subject.
    """

    name: str
    subject: str
    version: int

    def to_json(self) -> dict[str, object]:
        """The reference as it stands in a body."""
        return {"name": self.name, "subject": self.subject, "version": self.version}


@attrs.frozen(kw_only=True)
class SchemaRequest:
    """The body that registers a schema, looks one up, or asks whether one is compatible.

    Attributes:
        schema: The schema as text.
        schema_type: One of :data:`SCHEMA_TYPES`; left out of the body for AVRO.
        references: What the schema uses from other subjects.
        id: The id it is to get; in mode IMPORT only.
        version: The version it is to get; in mode IMPORT only.
    """

    schema: str
    schema_type: str = "AVRO"
    references: tuple[SchemaReference, ...] = ()
    id: int | None = None
    version: int | None = None

    def to_json(self) -> dict[str, object]:
        """The body, without what it would only repeat."""
        body: dict[str, object] = {"schema": self.schema}
        if self.schema_type != "AVRO":
            body["schemaType"] = self.schema_type
        if self.references:
            body["references"] = [reference.to_json() for reference in self.references]
        if self.id is not None:
            body["id"] = self.id
        if self.version is not None:
            body["version"] = self.version
        return body

    @classmethod
    def from_json(cls, body: object) -> SchemaRequest:
        """Read a request body; a key that is not in the protocol is an error, as in Redpanda.

        Raises:
            BodyError: Something in it has no place or the wrong type.
        """
        keys = ("schema", "schemaType", "references", "id", "version")
        fields = _object(body, "", known=keys)
        schema_type = _string(fields.get("schemaType", "AVRO"), "schemaType")
        if schema_type not in SCHEMA_TYPES:
            raise BodyError("schemaType", f"one of {', '.join(SCHEMA_TYPES)}")
        return cls(
            schema=_string(fields.get("schema", ""), "schema"),
            schema_type=schema_type,
            references=_references(fields.get("references"), strict=True),
            id=_optional_integer(fields.get("id"), "id"),
            version=_optional_integer(fields.get("version"), "version"),
        )


@attrs.frozen(kw_only=True)
class VersionAnswer:
    """What a registry answers about one version of a subject.

    Attributes:
        subject: The subject.
        version: The version of that subject.
        id: The id of the schema, the same in every subject that has it.
        schema: The schema as text, as the registry stores it.
        schema_type: One of :data:`SCHEMA_TYPES`; AVRO where the answer does not say.
        references: What the schema uses from other subjects.
    """

    subject: str
    version: int
    id: int
    schema: str
    schema_type: str = "AVRO"
    references: tuple[SchemaReference, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The answer's body; the type is left out for Avro, as are references without any."""
        body: dict[str, object] = {"subject": self.subject, "version": self.version, "id": self.id}
        if self.schema_type != "AVRO":
            body["schemaType"] = self.schema_type
        if self.references:
            body["references"] = [reference.to_json() for reference in self.references]
        body["schema"] = self.schema
        return body

    @classmethod
    def from_json(cls, body: object) -> VersionAnswer:
        """Read an answer; keys that are not in the protocol are passed over.

        Raises:
            BodyError: A key is missing or has the wrong type.
        """
        fields = _object(body, "")
        return cls(
            subject=_string(fields.get("subject"), "subject"),
            version=_integer(fields.get("version"), "version"),
            id=_integer(fields.get("id"), "id"),
            schema=_string(fields.get("schema"), "schema"),
            schema_type=_string(fields.get("schemaType") or "AVRO", "schemaType"),
            references=_references(fields.get("references"), strict=False),
        )


def parse_version(text: str, *, minus_one: bool = True) -> int | None:
    """Read a version in a path; None is the latest.

    Args:
        text: What stands in the path.
        minus_one: Whether ``-1`` spells the latest too; in Redpanda only where one is read.

    Raises:
        ValueError: It is neither (error code 42202).

    Example:
        >>> parse_version("3"), parse_version("latest")
        (3, None)
    """
    if text == LATEST or (minus_one and text == "-1"):
        return None
    if text.isascii() and text.isdigit() and len(text) <= 10 and 1 <= int(text) <= MAX_VERSION:
        return int(text)
    raise ValueError(
        f"The specified version '{text}' is not a valid version id. Allowed values are between "
        f'[1, 2^31-1] and the string "latest"'
    )


def parse_level(text: object) -> Level:
    """Read a compatibility level; capitals only, as in Redpanda.

    Raises:
        ValueError: There is no such level (error code 42203).
    """
    if isinstance(text, str) and text in LEVELS:
        return text
    raise ValueError(
        f"Invalid compatibility level. Valid values are {', '.join(LEVELS[:-1])}, and {LEVELS[-1]}"
    )


def parse_mode(text: object) -> Mode:
    """Read a mode; capitals only, as in Redpanda.

    Raises:
        ValueError: There is no such mode (error code 42204).
    """
    if isinstance(text, str) and text in MODES:
        return text
    raise ValueError(f"Invalid mode. Valid values are {', '.join(MODES)}")


def parse_setting(body: object, key: Literal["compatibility", "mode"]) -> object:
    """Read the one value of a body that sets a level or a mode; it is not checked yet.

    Raises:
        BodyError: The body is not an object of this key alone.

    Example:
        >>> parse_setting({"mode": "READONLY"}, "mode")
        'READONLY'
    """
    fields = _object(body, "", known=(key,))
    if key not in fields:
        raise BodyError(key, "a value")
    return fields[key]


def parse_error(body: bytes) -> tuple[int, str] | None:
    """Read code and message of an error's body; None where it is no such body.

    A proxy in between answers with pages of its own, and an unknown route has ``code`` in place
    of ``error_code``.

    Example:
        >>> parse_error(b'{"error_code": 40403, "message": "Schema 7 not found"}')
        (40403, 'Schema 7 not found')
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    code = fields.get("error_code", fields.get("code"))
    message = fields.get("message")
    if not isinstance(code, int) or not isinstance(message, str):
        return None
    return code, message


def _references(value: object, *, strict: bool) -> tuple[SchemaReference, ...]:
    if value is None:
        return ()
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise BodyError("references", "a list")
    return tuple(
        _reference(item, f"references[{index}]", strict=strict) for index, item in enumerate(value)
    )


def _reference(value: object, path: str, *, strict: bool) -> SchemaReference:
    keys = ("name", "subject", "version")
    fields = _object(value, path, known=keys if strict else None)
    return SchemaReference(
        _string(fields.get("name"), f"{path}.name"),
        _string(fields.get("subject"), f"{path}.subject"),
        _integer(fields.get("version"), f"{path}.version"),
    )


def _object(
    value: object, path: str, *, known: tuple[str, ...] | None = None
) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise BodyError(path, "an object")
    for key in value:
        if known is not None and key not in known:
            raise BodyError(f"{path}.{key}".lstrip("."), f"no such key but {', '.join(known)}")
    return value


def _string(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise BodyError(path, "a string")
    return value


def _integer(value: object, path: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_VERSION:
        raise BodyError(path, f"an integer from 0 to {MAX_VERSION}, not {value!r}")
    return value


def _optional_integer(value: object, path: str) -> int | None:
    return None if value is None else _integer(value, path)
