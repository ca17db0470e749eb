"""Protocol of the schema registry as values: codes, names, paths and bodies, without I/O.

Client and embedded server both use it, so they cannot disagree. The protocol is the REST API of
Confluent's Schema Registry ("Schema Registry API Reference" in Confluent's documentation) as
Redpanda 26.2 serves it (from its documentation and the expectations of its own tests of 2026).
Docstrings describe differences between the two.

Requests are checked strictly, because Redpanda refuses unknown keys; answers leniently, because
registries add keys in new releases.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, Literal, get_args
from urllib.parse import quote

import attrs

from streamcontract import levels
from streamcontract.levels import DEFAULT_LEVEL, Level, compatibility_level
from streamcontract.registry.body import (
    MAX_INTEGER,
    BodyError,
    read_flag,
    read_integer,
    read_list,
    read_object,
    read_string,
)
from streamcontract.registry.codes import ErrorCode
from streamcontract.registry.data_contracts import Metadata, RuleSet

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
"""The modes: any change, no changes, or schemas with their own id."""

MODES: Final[tuple[Mode, ...]] = get_args(Mode)

DEFAULT_MODE: Final[Mode] = "READWRITE"

SCHEMA_TYPES: Final = ("JSON", "PROTOBUF", "AVRO")
"""The answer of ``GET /schemas/types``, in Redpanda's order; AVRO is the default."""

LATEST: Final = "latest"

MAX_VERSION: Final = MAX_INTEGER
"""The largest version number and schema id."""


class Path:
    """The paths of the API in Redpanda 26.2, as templates for :func:`fill`.

    The paths of Confluent's registry alone are marked.
    """

    ROOT = "/"  # Confluent
    CONTEXTS = "/contexts"
    CONTEXT = "/contexts/{context}"
    SCHEMAS = "/schemas"  # Confluent
    SCHEMA_TYPES = "/schemas/types"
    SCHEMA = "/schemas/ids/{id}"
    SCHEMA_TEXT = "/schemas/ids/{id}/schema"
    SCHEMA_VERSIONS = "/schemas/ids/{id}/versions"
    SCHEMA_SUBJECTS = "/schemas/ids/{id}/subjects"
    SCHEMA_OF_GUID = "/schemas/guids/{guid}"  # Confluent
    SUBJECTS = "/subjects"
    SUBJECT = "/subjects/{subject}"
    SUBJECT_METADATA = "/subjects/{subject}/metadata"  # Confluent
    VERSIONS = "/subjects/{subject}/versions"
    VERSION = "/subjects/{subject}/versions/{version}"
    VERSION_SCHEMA = "/subjects/{subject}/versions/{version}/schema"
    VERSION_REFERENCED_BY = "/subjects/{subject}/versions/{version}/referencedby"
    CONFIG = "/config"
    SUBJECT_CONFIG = "/config/{subject}"
    MODE = "/mode"
    SUBJECT_MODE = "/mode/{subject}"
    COMPATIBILITY = "/compatibility/subjects/{subject}/versions/{version}"
    COMPATIBILITY_WITH_ALL = "/compatibility/subjects/{subject}/versions"  # Confluent
    READY = "/status/ready"
    ACLS = "/security/acls"
    APICURIO_GLOBAL_ID = "/ids/globalIds/{id}"  # of Apicurio's own API


def fill(template: str, **parameters: str | int) -> str:
    """Fill a path template, with quoting.

    Example:
        >>> fill(Path.VERSION, subject="a/b c", version=3)
        '/subjects/a%2Fb%20c/versions/3'
    """
    return template.format_map(
        {name: quote(str(value), safe="") for name, value in parameters.items()}
    )


@attrs.frozen(order=True)
class SchemaReference:
    """A reference of a schema to a type in another subject's version.

    Attributes:
        name: The full name of the type, as in the schema.
        subject: The subject that has it; without a context it is one of the schema's own context.
        version: The version of that subject.
    """

    name: str
    subject: str
    version: int

    def to_json(self) -> dict[str, object]:
        """The reference in the form of a body."""
        return {"name": self.name, "subject": self.subject, "version": self.version}


@attrs.frozen(kw_only=True)
class SchemaRequest:
    """The body of requests that register a schema, look one up, or check its compatibility.

    Attributes:
        schema: The schema as text.
        schema_type: One of :data:`SCHEMA_TYPES`; left out of the body for AVRO.
        references: The versions of other subjects that the schema uses.
        id: Its id; in mode IMPORT only.
        version: Its version; outside mode IMPORT only the next one.
        metadata: Its metadata in the registry; None for that of the version before.
        rule_set: Likewise.
    """

    schema: str
    schema_type: str = "AVRO"
    references: tuple[SchemaReference, ...] = ()
    id: int | None = None
    version: int | None = None
    metadata: Metadata | None = None
    rule_set: RuleSet | None = None

    def normalized(self) -> SchemaRequest:
        """The same request with sorted, unique references.

        With ``normalize``, a registry changes nothing else in an Avro schema.
        """
        return attrs.evolve(self, references=tuple(sorted(set(self.references))))

    def to_json(self) -> dict[str, object]:
        """The body, without default values."""
        body: dict[str, object] = {"schema": self.schema}
        if self.schema_type != "AVRO":
            body["schemaType"] = self.schema_type
        body |= _beside_the_schema(self)
        if self.id is not None:
            body["id"] = self.id
        if self.version is not None:
            body["version"] = self.version
        return body

    @classmethod
    def from_json(cls, body: object, *, confluent: bool = False) -> SchemaRequest:
        """Read a request body; an unknown key is an error, as in Redpanda.

        Args:
            body: The body.
            confluent: Whether to allow the keys that only Confluent's registry takes.

        Raises:
            BodyError: A key is unknown, or a value has the wrong type.
        """
        fields = read_object(
            body, known=(*_REQUEST_KEYS, *_CONFLUENT_KEYS) if confluent else _REQUEST_KEYS
        )
        schema_type = read_string(fields.get("schemaType") or "AVRO", "schemaType")
        if schema_type not in SCHEMA_TYPES:
            raise BodyError("schemaType", f"one of {', '.join(SCHEMA_TYPES)}")
        if not confluent:
            _demand_properties_alone(fields)
        # For registries a number below the first one means none.
        number = _optional_integer(fields.get("id"), "id")
        version = _optional_integer(fields.get("version"), "version")
        return cls(
            schema=read_string("" if fields.get("schema") is None else fields["schema"], "schema"),
            schema_type=schema_type,
            references=_references(fields.get("references"), strict=True),
            id=number if number is not None and number >= 0 else None,
            version=version if version is not None and version >= 1 else None,
            metadata=Metadata.from_json(fields.get("metadata")),
            rule_set=RuleSet.from_json(fields.get("ruleSet")),
        )


_REQUEST_KEYS: Final = (
    "schema",
    "schemaType",
    "references",
    "id",
    "version",
    "metadata",
    "ruleSet",
)
_CONFLUENT_KEYS: Final = (
    "subject",
    "guid",
    "schemaTagsToAdd",
    "schemaTagsToRemove",
    "propagateSchemaTags",
)
"""Keys of ``RegisterSchemaRequest`` and ``Schema`` in Confluent's sources of 2026."""


def _demand_properties_alone(fields: Mapping[str, object]) -> None:
    """Redpanda 26 stores ``metadata.properties``, and refuses other metadata."""
    if fields.get("metadata") is not None:
        read_object(fields["metadata"], "metadata", known=("properties",))
    if fields.get("ruleSet") is not None:
        raise BodyError("ruleSet", "null: rules are not supported")


@attrs.frozen(kw_only=True)
class VersionAnswer:
    """The answer of a registry about one version of a subject.

    Attributes:
        subject: The subject.
        version: The version of that subject.
        id: The id of the schema, which is the same in every subject of the context.
        schema: The schema as text, as the registry stores it.
        schema_type: One of :data:`SCHEMA_TYPES`; AVRO if the answer has none.
        references: The versions of other subjects that the schema uses.
        metadata: Its metadata in the registry.
        rule_set: Likewise.
        guid: The schema's id in all of Confluent's registries; others have none.
        deleted: Whether the version is soft-deleted; None if the answer does not have it.
        timestamp: The time of registration, in milliseconds since 1970; from Confluent's only.
    """

    subject: str
    version: int
    id: int
    schema: str
    schema_type: str = "AVRO"
    references: tuple[SchemaReference, ...] = ()
    metadata: Metadata | None = None
    rule_set: RuleSet | None = None
    guid: str | None = None
    deleted: bool | None = None
    timestamp: int | None = None

    def to_json(self) -> dict[str, object]:
        """The body of the answer, as from Redpanda 26."""
        body: dict[str, object] = {"subject": self.subject, "version": self.version, "id": self.id}
        if self.guid is not None:
            body["guid"] = self.guid
        body["schemaType"] = self.schema_type
        body |= _beside_the_schema(self)
        body["schema"] = self.schema
        if self.timestamp is not None:
            body["ts"] = self.timestamp
        if self.deleted is not None:
            body["deleted"] = self.deleted
        return body

    @classmethod
    def from_json(cls, body: object) -> VersionAnswer:
        """Read an answer; unknown keys are ignored.

        Raises:
            BodyError: A key is missing or has the wrong type.
        """
        fields = read_object(body)
        guid, deleted, timestamp = (fields.get(key) for key in ("guid", "deleted", "ts"))
        return cls(
            subject=read_string(fields.get("subject"), "subject"),
            version=read_integer(fields.get("version"), "version"),
            id=read_integer(fields.get("id"), "id"),
            schema=read_string(fields.get("schema"), "schema"),
            schema_type=read_string(fields.get("schemaType") or "AVRO", "schemaType"),
            references=_references(fields.get("references"), strict=False),
            metadata=Metadata.from_json(fields.get("metadata")),
            rule_set=RuleSet.from_json(fields.get("ruleSet")),
            guid=None if guid is None else read_string(guid, "guid"),
            deleted=None if deleted is None else read_flag(deleted, "deleted"),
            timestamp=timestamp if type(timestamp) is int else None,
        )


def _beside_the_schema(held: SchemaRequest | VersionAnswer) -> dict[str, object]:
    body: dict[str, object] = {}
    if held.references:
        body["references"] = [reference.to_json() for reference in held.references]
    if held.metadata is not None:
        body["metadata"] = held.metadata.to_json()
    if held.rule_set is not None:
        body["ruleSet"] = held.rule_set.to_json()
    return body


def parse_version(text: str, *, minus_one: bool = True) -> int | None:
    """Read a version in a path; None is the latest.

    Args:
        text: The version in the path.
        minus_one: Whether ``-1`` means the latest too; in Redpanda only for reading one.

    Raises:
        ValueError: It is not a version (error code 42202).

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
    """Read the value of a body that sets a level or a mode, without checking it.

    Raises:
        BodyError: The body is not an object of this key alone.

    Example:
        >>> parse_setting({"mode": "READONLY"}, "mode")
        'READONLY'
    """
    fields = read_object(body, known=(key,))
    if key not in fields:
        raise BodyError(key, "a value")
    return fields[key]


def parse_error(body: bytes) -> tuple[int, str] | None:
    """Read code and message of an error's body; None for any other body.

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
    items = read_list([] if value is None else value, "references")
    return tuple(
        _reference(item, f"references[{index}]", strict=strict) for index, item in enumerate(items)
    )


def _reference(value: object, path: str, *, strict: bool) -> SchemaReference:
    keys = ("name", "subject", "version")
    fields = read_object(value, path, known=keys if strict else None)
    return SchemaReference(
        read_string(fields.get("name"), f"{path}.name"),
        read_string(fields.get("subject"), f"{path}.subject"),
        read_integer(fields.get("version"), f"{path}.version"),
    )


def _optional_integer(value: object, path: str) -> int | None:
    return None if value is None else read_integer(value, path, least=-1)
