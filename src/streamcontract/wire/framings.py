"""Framings as rows: where a schema id is, and which kind of id it is."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FRAMINGS", "Framing", "IdKind", "schema_id_headers"]


class IdKind(enum.Enum):
    """A kind of schema id."""

    ID = "schema id"
    """The id of the registry's API, ``/schemas/ids/{id}``, unique in its context. Apicurio's
    content id is one too, because its registry answers that path by default."""

    GUID = "schema GUID"
    """The id in all of Confluent's registries, ``/schemas/guids/{guid}``."""

    GLOBAL_ID = "global id"
    """Apicurio's id of a version, which only its own API knows."""


@attrs.frozen(kw_only=True)
class Framing:
    """One way to identify the writer schema of a message.

    Attributes:
        name: The row's name, for ``schema.id.framing``.
        kind: The kind of the id.
        magic: The byte before the id; None for none.
        size: The number of bytes of the id, which is big-endian.
        headers: The headers of a message that hold it, for its value and for its key; None if it
            is before the payload.
        encoding: Headers with the encoding of the payload, for value and key: only ``BINARY`` is
            Avro's binary encoding.
        source: The document that describes it.
    """

    name: str
    kind: IdKind
    magic: int | None
    size: int
    headers: tuple[str, str] | None = None
    encoding: tuple[str, str] | None = None
    source: str

    @property
    def is_in_header(self) -> bool:
        """Whether a header of the message holds the id."""
        return self.headers is not None

    def header(self, *, is_key: bool) -> str | None:
        """The header that holds it; None if it is before the payload."""
        return None if self.headers is None else self.headers[is_key]


_PREFIX: Final = '"Wire format" in Confluent\'s Schema Registry documentation'
_SERIALIZERS: Final = (
    "SchemaId, PrefixSchemaIdSerializer and HeaderSchemaIdSerializer of Confluent's serializers 8, "
    "as prefix_, header_ and dual_schema_id_... of confluent-kafka 2.16"
)
_HANDLERS: Final = (
    'Default4ByteIdHandler and Legacy8ByteIdHandler of Apicurio Registry 3; "Kafka client '
    'serializers/deserializers" in its documentation'
)
_HEADERS: Final = (
    'KafkaSerdeHeaders and DefaultHeadersHandler of Apicurio Registry 3; "Kafka client '
    'serializers/deserializers" in its documentation'
)

# Values first: a bool is_key is the index.
_CONFLUENT_HEADERS: Final = ("__value_schema_id", "__key_schema_id")
_CONTENT_ID: Final = ("apicurio.value.contentId", "apicurio.key.contentId")
_GLOBAL_ID: Final = ("apicurio.value.globalId", "apicurio.key.globalId")
_ENCODING: Final = ("apicurio.value.encoding", "apicurio.key.encoding")

FRAMINGS: Final[Mapping[str, Framing]] = {
    row.name: row
    for row in (
        Framing(name="prefix-id", kind=IdKind.ID, magic=0, size=4, source=_PREFIX),
        Framing(name="prefix-guid", kind=IdKind.GUID, magic=1, size=16, source=_SERIALIZERS),
        Framing(
            name="header-guid",
            kind=IdKind.GUID,
            magic=1,
            size=16,
            headers=_CONFLUENT_HEADERS,
            source=_SERIALIZERS,
        ),
        Framing(
            name="header-id",
            kind=IdKind.ID,
            magic=0,
            size=4,
            headers=_CONFLUENT_HEADERS,
            source=_SERIALIZERS,
        ),
        Framing(
            name="apicurio-prefix-content-id",
            kind=IdKind.ID,
            magic=0,
            size=4,
            source=_HANDLERS,
        ),
        Framing(
            name="apicurio-prefix-global-id",
            kind=IdKind.GLOBAL_ID,
            magic=0,
            size=4,
            source=_HANDLERS,
        ),
        Framing(
            name="apicurio-prefix8-content-id",
            kind=IdKind.ID,
            magic=0,
            size=8,
            source=_HANDLERS,
        ),
        Framing(
            name="apicurio-prefix8-global-id",
            kind=IdKind.GLOBAL_ID,
            magic=0,
            size=8,
            source=_HANDLERS,
        ),
        Framing(
            name="apicurio-header-content-id",
            kind=IdKind.ID,
            magic=None,
            size=8,
            headers=_CONTENT_ID,
            encoding=_ENCODING,
            source=_HEADERS,
        ),
        Framing(
            name="apicurio-header-global-id",
            kind=IdKind.GLOBAL_ID,
            magic=None,
            size=8,
            headers=_GLOBAL_ID,
            encoding=_ENCODING,
            source=_HEADERS,
        ),
    )
}
"""Every known framing, by name. ``confluent`` means the first four."""

_NAMES: Final = tuple(
    frozenset(
        names[is_key]
        for row in FRAMINGS.values()
        for names in (row.headers, row.encoding)
        if names is not None
    )
    for is_key in (False, True)
)


def schema_id_headers(*, is_key: bool) -> frozenset[str]:
    """The headers with the schema id or the encoding of a value, or of a key.

    Example:
        >>> "__value_schema_id" in schema_id_headers(is_key=False)
        True
    """
    return _NAMES[is_key]
