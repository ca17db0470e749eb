"""A parsed schema: its model, the JSON it was given as, and properties of both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

import attrs

from streamcontract._lazy import Later
from streamcontract.schema.canonical import canonical_form
from streamcontract.schema.fingerprint import fingerprint
from streamcontract.schema.inline import inlined
from streamcontract.schema.model import AvroType, EnumType, FixedType, NamedType, RecordType

if TYPE_CHECKING:
    from streamcontract.schema import leniency
else:
    leniency = Later("streamcontract.schema.leniency")

__all__ = ["Schema"]


@attrs.frozen(eq=False, repr=False, slots=False, kw_only=True)
class Schema:
    """An Avro schema; :func:`streamcontract.parse_schema` makes it, and nothing changes it.

    Two schemas are equal if their JSON is the same, apart from spaces and the order of attributes,
    and their references are equal. To find out whether they read the same bytes, compare
    :attr:`canonical_form` instead.

    Attributes:
        root: The model of its outermost type.
        json: The schema as it was given, as JSON text; with spaces for comments.
        definitions: The named types it defines itself, by full name, in the order of the text.
        references: The other schemas that define named types it uses directly, in the order of
            first use; each has its own references.
        source: The file it was read from, as named by the caller, or None.
        forgiven: Its faults that lenient parsing forgave, in the order of the text; those of its
            references are theirs.

    Example:
        >>> from streamcontract.schema import parse_schema
        >>> parse_schema('{"type": "fixed", "name": "io.streamcontract.Hash", "size": 16}').name
        'io.streamcontract.Hash'
    """

    root: AvroType
    json: str
    definitions: Mapping[str, NamedType] = MappingProxyType({})
    references: tuple[Schema, ...] = ()
    source: str | None = None
    forgiven: tuple[leniency.Forgiven, ...] = ()

    @property
    def name(self) -> str | None:
        """The full name of a named type, None for others."""
        if isinstance(self.root, RecordType | EnumType | FixedType):
            return self.root.full_name
        return None

    @cached_property
    def named_types(self) -> Mapping[str, NamedType]:
        """Every named type by full name: its own in the order of the text, then the references'."""
        found: dict[str, NamedType] = {}
        for schema in self.closure():
            for name, node in schema.definitions.items():
                found.setdefault(name, node)
        return MappingProxyType(found)

    def closure(self) -> Iterator[Schema]:
        """This schema, then its references and theirs, each once."""
        seen: set[int] = set()
        waiting = [self]
        while waiting:
            schema = waiting.pop()
            if id(schema) not in seen:
                seen.add(id(schema))
                yield schema
                waiting.extend(reversed(schema.references))

    @cached_property
    def canonical_form(self) -> str:
        """Avro's Parsing Canonical Form; types of references are written out at first use.

        Example:
            >>> from streamcontract.schema import parse_schema
            >>> parse_schema('{"type": "long", "logicalType": "timestamp-millis"}').canonical_form
            '"long"'
        """
        return canonical_form(self.root)

    def fingerprint(self, algorithm: str = "CRC-64-AVRO") -> bytes:
        """A fingerprint of the canonical form.

        Args:
            algorithm: ``"CRC-64-AVRO"`` (8 bytes, little-endian as in Avro's single-object
                encoding), ``"MD5"`` (16 bytes) or ``"SHA-256"`` (32 bytes).

        Raises:
            ConfigurationError: There is no such algorithm.

        Example:
            >>> from streamcontract.schema import parse_schema
            >>> parse_schema("int").fingerprint().hex()
            '8f5c393f1ad57572'
        """
        return fingerprint(self.canonical_form, algorithm)

    @cached_property
    def inlined_json(self) -> str:
        """The schema as one self-contained JSON text, the types of references at first use.

        Without references it is :attr:`json` itself. Attributes and documentation are kept.
        """
        return json.dumps(inlined(self.root)) if self.references else self.json

    @cached_property
    def _meaning(self) -> tuple[str, tuple[Schema, ...]]:
        # Dumped, since in Python 1 == 1.0 == True: three different defaults.
        return json.dumps(json.loads(self.json), sort_keys=True), self.references

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Schema):
            return NotImplemented
        return self is other or self._meaning == other._meaning

    def __hash__(self) -> int:
        return hash(self._meaning)

    def __repr__(self) -> str:
        what = self.name or (self.json if len(self.json) <= 60 else f"{self.json[:60]}...")
        return f"<Schema {what}>"
