"""Differences of the registries' compatibility checks from the specification, as rows.

Each row is a rule of the model of a registry, can be switched off there, and has a golden case in
the tests. A difference without a source has no row. A row applies to the releases that it names, or
to all of them if it names none.
"""

from __future__ import annotations

import re
from typing import Final, Literal, get_args

import attrs

from streamcontract.errors import ConfigurationError

__all__ = ["DIALECTS", "DIFFERENCES", "Dialect", "Release", "Row", "read_dialect", "rows_of"]

Dialect = Literal["redpanda", "confluent"]

DIALECTS: Final[tuple[Dialect, ...]] = get_args(Dialect)

Release = tuple[int, ...]
"""A registry's release as numbers: (25, 3, 10)."""

_LATER: Final = 2**31
"""The number in place of those that a release leaves out: 25.3 is the newest of 25.3."""

_DIALECT: Final = re.compile(r"(?P<name>[a-z]+)(?:@v?(?P<release>\d+(?:\.\d+){0,2}))?")

_REDPANDA: Final = "redpanda: src/v/pandaproxy/schema_registry/avro.cc, check_compatible"
_REDPANDA_STORE: Final = (
    "redpanda: src/v/pandaproxy/schema_registry/sharded_store.cc, do_is_compatible"
)
_NAMED_REFERENCES: Final = "redpanda: pull requests 28780 (26.1) and 29627 (25.3.10)"
_AVRO_CPP: Final = "avro: lang/c++/impl/NodeImpl.cc"
_AVRO_CPP_PARSER: Final = "avro: lang/c++/impl/Compiler.cc"
_AVRO_JAVA: Final = "avro: lang/java, SchemaCompatibility.lookupWriterField"


@attrs.frozen(kw_only=True)
class Row:
    """One difference.

    Attributes:
        id: Stable name.
        dialect: The registry.
        specification: The rule of the Avro 1.12 specification.
        registry: The behaviour of the registry.
        source: The source of that behaviour.
        seen: The release it was observed in.
        until: The first release without it; None if none is known.
    """

    id: str
    dialect: Dialect
    specification: str
    registry: str
    source: str
    seen: str = "Redpanda 24.3, sources of December 2024"
    until: Release | None = None

    def holds_in(self, release: Release | None) -> bool:
        """Whether a release has this difference; None is the newest."""
        return self.until is None or (release is not None and release < self.until)


DIFFERENCES: Final[tuple[Row, ...]] = (
    Row(
        id="full-names",
        dialect="redpanda",
        specification="named types match by their unqualified names",
        registry="named types match by their full names: another namespace is NAME_MISMATCH",
        source=_REDPANDA,
    ),
    Row(
        id="type-aliases",
        dialect="redpanda",
        specification="a reader's alias of a type matches the writer's name",
        registry="aliases of types are ignored: NAME_MISMATCH",
        source=_REDPANDA,
    ),
    Row(
        id="field-aliases",
        dialect="redpanda",
        specification="a reader's field is looked up by its name and its own aliases",
        registry="a reader's field is looked up by its name among the writer's names and aliases",
        source=f"{_REDPANDA}; {_AVRO_CPP}, NodeRecord",
    ),
    Row(
        id="maps",
        dialect="redpanda",
        specification="the values of maps are compared like any other types",
        registry=(
            "the values of maps are compared by type and name only, so that what changed inside "
            "them passes; a mismatch is UNKNOWN at the map"
        ),
        source=f"{_REDPANDA}; {_AVRO_CPP}, NodeMap::resolve",
    ),
    Row(
        id="references",
        dialect="redpanda",
        specification="a type used by name is the type of its definition",
        registry=(
            "a type is compared in full at the first use in both schemas, where a reference's "
            "type is written out; elsewhere only the names (and sizes) are compared"
        ),
        source=f"{_REDPANDA}; {_AVRO_CPP}, NodeSymbolic::resolve; {_NAMED_REFERENCES}",
        seen="Redpanda 26.1, its tests of 2026; within one text 24.3, sources of December 2024",
    ),
    Row(
        id="first-reference",
        dialect="redpanda",
        specification="a schema is compared with another one, with or without references",
        registry=(
            "a schema with references is judged by the first of them alone (by that one's first, "
            "if it has any): no change of the schema itself is seen"
        ),
        source=f"{_REDPANDA}; avro.cc, make_avro_schema_definition; {_NAMED_REFERENCES}",
        seen=(
            "Redpanda 25.3.7, its issue 29611; 25.3.10 and later of 25.3 differ only if "
            "schema_registry_avro_use_named_references is set"
        ),
        until=(26, 1),
    ),
    Row(
        id="disjoint-unions",
        dialect="redpanda",
        specification="each branch of a writer's union that the reader lacks is a finding",
        registry="two unions with nothing in common are one UNKNOWN at the union",
        source=_REDPANDA,
    ),
    Row(
        id="branch-paths",
        dialect="redpanda",
        specification="Avro's own check adds the branch's index to a path through a writer's union",
        registry="the path has no index if the reader has no union",
        source=_REDPANDA,
    ),
    Row(
        id="fixed-name-only",
        dialect="redpanda",
        specification="a fixed that differs in name and size has two findings",
        registry="only its name is reported",
        source=_REDPANDA,
    ),
    Row(
        id="symbol-order",
        dialect="redpanda",
        specification="no order; Avro's own check lists missing symbols sorted",
        registry="missing symbols are listed in the writer's order",
        source=_REDPANDA,
    ),
    Row(
        id="null-default",
        dialect="redpanda",
        specification="a field of type null with default null has a default",
        registry="it counts as a field without one",
        source=_REDPANDA,
    ),
    Row(
        id="union-default",
        dialect="redpanda",
        specification="a union's default may be of any branch",
        registry="it has to be of the first branch, or the schema is refused as invalid",
        source=_AVRO_CPP_PARSER,
    ),
    Row(
        id="empty-union",
        dialect="redpanda",
        specification="a union of no branches is a schema, though it has no values",
        registry="a schema with one is refused as invalid",
        source=_AVRO_CPP_PARSER,
    ),
    Row(
        id="full-order",
        dialect="redpanda",
        specification="no order; Confluent's registry reports first whether the old schema reads",
        registry="under FULL it reports first whether the new schema reads",
        source=_REDPANDA_STORE,
    ),
    Row(
        id="versions-down-to",
        dialect="redpanda",
        specification="no rule; Confluent's registry compares with the requested version only",
        registry=(
            "a check against version N compares with the latest down to N, and stops at the first "
            "that fails"
        ),
        source=_REDPANDA_STORE,
    ),
    Row(
        id="ambiguous-aliases",
        dialect="confluent",
        specification="a reader's field is matched by its name, by its aliases only if that fails",
        registry=(
            "a reader's field that matches several of the writer's, by name and alias or by two "
            "aliases, is an error"
        ),
        source=_AVRO_JAVA,
        seen="Avro for Java, as of Confluent's sources of 2026; checked on Apicurio Registry 3.0.9",
    ),
)


def rows_of(dialect: Dialect, release: Release | None = None) -> tuple[Row, ...]:
    """The rows of one registry in one release; None is the newest."""
    return tuple(row for row in DIFFERENCES if row.dialect == dialect and row.holds_in(release))


def read_dialect(text: str) -> tuple[Dialect, Release | None]:
    """Read a registry's name, and its release if one is given.

    Args:
        text: ``redpanda``, ``redpanda@25.2`` or ``redpanda@25.3.10``. Without a release it is the
            newest; a release that leaves numbers out is the newest with those numbers.

    Raises:
        ConfigurationError: It is neither.

    Example:
        >>> read_dialect("redpanda"), read_dialect("redpanda@25.3.10")
        (('redpanda', None), ('redpanda', (25, 3, 10)))
    """
    found = _DIALECT.fullmatch(text)
    name = next((each for each in DIALECTS if found and each == found["name"]), None)
    if found is None or name is None:
        raise ConfigurationError(
            f"{text!r} is no dialect; there are {', '.join(DIALECTS)}, each with a release if it "
            f"is not the newest, as in redpanda@25.2"
        )
    if found["release"] is None:
        return name, None
    numbers = [int(number) for number in found["release"].split(".")]
    return name, (*numbers, *[_LATER] * (3 - len(numbers)))
