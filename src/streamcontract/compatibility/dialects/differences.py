"""The known differences of the registries' compatibility checks from the specification: rows.

Each row is a rule that the model of a registry follows, can be switched off there, and has a
golden case in the tests. A difference that no source shows has no row.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

import attrs

__all__ = ["DIALECTS", "DIFFERENCES", "Dialect", "Row", "rows_of"]

Dialect = Literal["redpanda", "confluent"]

DIALECTS: Final[tuple[Dialect, ...]] = get_args(Dialect)

_REDPANDA: Final = "redpanda: src/v/pandaproxy/schema_registry/avro.cc, check_compatible"
_REDPANDA_STORE: Final = (
    "redpanda: src/v/pandaproxy/schema_registry/sharded_store.cc, do_is_compatible"
)
_AVRO_CPP: Final = "avro: lang/c++/impl/NodeImpl.cc"
_AVRO_CPP_PARSER: Final = "avro: lang/c++/impl/Compiler.cc"
_AVRO_JAVA: Final = "avro: lang/java, SchemaCompatibility.lookupWriterField"


@attrs.frozen(kw_only=True)
class Row:
    """One difference.

    Attributes:
        id: Stable name.
        dialect: The registry.
        specification: What the Avro 1.12 specification says.
        registry: What the registry does.
        source: Where that was read.
        seen: The version it was seen in.
    """

    id: str
    dialect: Dialect
    specification: str
    registry: str
    source: str
    seen: str = "Redpanda, December 2024"


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
        specification="a type used by name is the type that its definition says",
        registry=(
            "where one schema defines a type and the other uses it by name, or both do, only the "
            "names (and sizes) are compared"
        ),
        source=f"{_REDPANDA}; {_AVRO_CPP}, NodeSymbolic::resolve",
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
        registry="the path has no index where the reader has no union",
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
        specification="no rule; Confluent's registry compares with the version asked for only",
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
        seen="Avro for Java, as of Confluent's sources of 2026; asked of Apicurio Registry 3.0.9",
    ),
)


def rows_of(dialect: Dialect) -> tuple[Row, ...]:
    """The rows of one registry."""
    return tuple(row for row in DIFFERENCES if row.dialect == dialect)
