"""Clauses of leniency: faults that are forgiven in a stored schema, and what the schema then means.

A new schema has to keep to the whole specification. One in a registry or a git history was accepted
by an earlier parser, and data were written with it: the data can be read if there is no doubt about
what the schema means. Each clause names one fault, the meaning of a schema that has it, and the
source of that meaning. If the parser finds the fault and the clause applies, it notes the fault as
forgiven; otherwise it raises the fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import attrs

from streamcontract.errors import SchemaFault

__all__ = ["CLAUSES", "STORED", "STORED_DEFAULTS", "STRICT", "Clause", "Forgiven", "Leniency"]


@attrs.frozen(kw_only=True)
class Clause:
    """A fault that can be forgiven.

    Attributes:
        id: Its stable id, such as ``"duplicate-key"``.
        fault: The fault.
        meaning: What the schema means with it.
        as_reader: The effect if the stored schema is the reader, as in a FORWARD check.
        source: The paragraph of the Avro 1.12 specification, or the implementations, that read
            it so.
    """

    id: str
    fault: str
    meaning: str
    as_reader: str = "the same"
    source: str


DUPLICATE_KEY: Final = Clause(
    id="duplicate-key",
    fault="a key is given twice in a JSON object",
    meaning="the last one counts",
    source='RFC 8259, section 4: "many implementations report the last name/value pair only"; '
    "Avro for Java, Avro for Python and fastavro do",
)
COMMENT: Final = Clause(
    id="comment",
    fault="the text has comments, /* */ or //",
    meaning="a comment is a space",
    source="Avro for Java",
)
NOT_FINITE: Final = Clause(
    id="not-finite",
    fault="NaN, an infinity or a number beyond a double; also in quotes, as the default of a float "
    "or double",
    meaning="it is that value of a double",
    as_reader="a float or double that has it as its default is filled with it; to any other type "
    "it is a default that does not fit",
    source="fastavro and Avro for Python; Avro for Java for 1e999 and in quotes",
)
NAME: Final = Clause(
    id="name",
    fault="the name of a type, a namespace, a field or a symbol is outside the grammar",
    meaning="the name is as written",
    as_reader="as written; it matches the same name of a writer",
    source='"Fixing an invalid, but previously accepted, schema", "Invalid names"; Avro for Java '
    "with NameValidator.NO_VALIDATION, and fastavro but for symbols",
)
NAMESPACE: Final = Clause(
    id="namespace",
    fault="a namespace is no string",
    meaning="no namespace is given there, so that the enclosing one holds",
    source="Avro for Java",
)
PRIMITIVE_NAME: Final = Clause(
    id="primitive-name",
    fault="a type of the null namespace is named like a primitive type",
    meaning="it is used where it is defined; elsewhere its name is the primitive type",
    source="fastavro, and avro-cpp, which Redpanda's registry has",
)
ALIAS_TAKEN: Final = Clause(
    id="alias-taken",
    fault="an alias is given twice, or is the name or an alias of another type or field",
    meaning="the alias is dropped, wherever several claim it",
    as_reader="no field or type of a writer is found by that alias: what only it would match "
    "counts as missing",
    source='"Aliases": aliases are the reader\'s; Avro for Java, Avro for Python and fastavro',
)
ALIASES: Final = Clause(
    id="aliases",
    fault="aliases are no array of strings",
    meaning="what is no string in an array is no alias",
    as_reader="no field or type of a writer is found by it",
    source='"Aliases": aliases are the reader\'s; Avro for Python',
)
DOC: Final = Clause(
    id="doc",
    fault="a doc is no string",
    meaning="there is no doc",
    source="Avro for Java, Avro for Python and fastavro",
)
ORDER: Final = Clause(
    id="order",
    fault="the order of a field is none of the three",
    meaning="the order is ascending, which concerns sorting alone",
    source='"Sort Order"; fastavro, and Avro for Java for those of another case',
)
WRAPPED_NAME: Final = Clause(
    id="wrapped-name",
    fault='a defined name is wrapped in an object: {"type": "B"}',
    meaning="it is the type of that name; other attributes of the object have no effect",
    source="Avro for Java up to 1.12.0",
)
DEFINED_TWICE: Final = Clause(
    id="defined-twice",
    fault="a type is defined twice, so that both definitions write the same bytes",
    meaning="the first definition counts",
    as_reader="the aliases and defaults of the first definition hold",
    source="Avro for Java, for enums and fixed; avro-cpp, which Redpanda's registry has, for all",
)
TWO_VERSIONS: Final = Clause(
    id="two-versions",
    fault="references lead to two versions of a type, and both write the same bytes",
    meaning="each schema has the version that it refers to",
    as_reader="the aliases and defaults of that version hold",
    source="Confluent's serializers, which take the first of a name",
)
FORWARD_REFERENCE: Final = Clause(
    id="forward-reference",
    fault="a name is used before its definition",
    meaning="it is the type that is defined further down",
    source="Avro for Java",
)
BAD_DEFAULT: Final = Clause(
    id="bad-default",
    fault="the default of a field or an enum is no value of its type, or never ends",
    meaning="there is no default",
    as_reader="the field or symbol has no default, so a writer must have it",
    source='"Fixing an invalid, but previously accepted, schema", "Invalid defaults"; Avro for '
    "Java with setValidateDefaults(false)",
)
LOGICAL_LIMIT: Final = Clause(
    id="logical-limit",
    fault="a decimal has more digits than this library supports",
    meaning="it is the bytes or fixed below it",
    source='"Logical Types": an implementation ignores a logical type that it does not support',
)

CLAUSES: Final[tuple[Clause, ...]] = (
    DUPLICATE_KEY,
    COMMENT,
    NOT_FINITE,
    NAME,
    NAMESPACE,
    PRIMITIVE_NAME,
    ALIAS_TAKEN,
    ALIASES,
    DOC,
    ORDER,
    WRAPPED_NAME,
    DEFINED_TWICE,
    TWO_VERSIONS,
    FORWARD_REFERENCE,
    BAD_DEFAULT,
    LOGICAL_LIMIT,
)
"""All clauses: about the text of a schema, its names, its references, its defaults."""


@attrs.frozen
class Leniency:
    """The clauses by which a schema is read.

    Example:
        >>> BAD_DEFAULT in STORED, BAD_DEFAULT in STRICT, BAD_DEFAULT in STORED - [BAD_DEFAULT]
        (True, False, False)
    """

    _clauses: frozenset[Clause] = frozenset()

    def __contains__(self, clause: Clause | None) -> bool:
        return clause in self._clauses

    def __iter__(self) -> Iterator[Clause]:
        return (clause for clause in CLAUSES if clause in self._clauses)

    def __or__(self, other: Leniency) -> Leniency:
        return Leniency(self._clauses | other._clauses)

    def __sub__(self, clauses: Iterable[Clause]) -> Leniency:
        return Leniency(self._clauses.difference(clauses))


STRICT: Final = Leniency()
"""Nothing is forgiven: for new schemas."""

STORED: Final = Leniency(frozenset(CLAUSES))
"""Everything in :data:`CLAUSES` is forgiven: for schemas from registries and git histories."""

STORED_DEFAULTS: Final = Leniency(frozenset({BAD_DEFAULT, LOGICAL_LIMIT}))
"""The clauses of ``ignore_bad_defaults``."""


@attrs.frozen
class Forgiven:
    """A fault of a schema that was forgiven.

    Attributes:
        clause: The clause that forgives it.
        fault: The fault, as strict parsing reports it.
    """

    clause: Clause
    fault: SchemaFault

    @property
    def message(self) -> str:
        """The fault, and how it is read."""
        return f"{self.fault.message} (read leniently: {self.clause.meaning})"

    def __str__(self) -> str:
        return f"{self.fault} (read leniently: {self.clause.meaning})"
