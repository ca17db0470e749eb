"""Verdicts of a registry, compared with the specification's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from streamcontract.compatibility.dialects.accepted import refusals
from streamcontract.compatibility.dialects.differences import (
    Dialect,
    Row,
    read_dialect,
    rows_of,
)
from streamcontract.compatibility.dialects.walk import Incompatibility, compare
from streamcontract.compatibility.findings import Finding, find_incompatibilities
from streamcontract.levels import CompatibilityLevel, Direction, Level, compatibility_level
from streamcontract.schema.schema import Schema

__all__ = ["DialectVerdict", "dialect_findings", "dialect_level"]

_TITLES: Final[dict[str, str]] = {"redpanda": "Redpanda", "confluent": "Confluent"}


@attrs.frozen(kw_only=True)
class DialectVerdict:
    """The verdict of a registry on a pair of schemas.

    Attributes:
        dialect: The registry, with its release if one was given.
        incompatibilities: Its incompatibilities, in its order; empty if the pair is compatible for
            it.
        findings: The breaking findings of the specification.
        rows: The known differences that apply here; empty if both agree.
        direction: If a level is checked: ``"backward"`` if the new schema is the reader.
        version: If a level is checked: the earlier version, counted from 1.
    """

    dialect: Dialect | str
    incompatibilities: tuple[Incompatibility, ...]
    findings: tuple[Finding, ...] = attrs.field(repr=False)
    rows: tuple[Row, ...] = ()
    direction: Direction | None = None
    version: int | None = None

    @property
    def is_compatible(self) -> bool:
        """Whether the registry accepts the pair as compatible."""
        return not self.incompatibilities

    @property
    def meaning(self) -> str:
        """The consequence of a difference from the specification; empty if both agree."""
        if not self.rows:
            return ""
        registry, at, release = self.dialect.partition("@")
        name = " ".join([_TITLES[registry], release] if at else [_TITLES[registry]])
        why = "; ".join(f"{row.registry} ({row.id})" for row in self.rows)
        if self.is_compatible:
            return f"{name} will accept this; your consumers will break on it: {why}"
        if not self.findings:
            return f"{name} will refuse this although every consumer could read it: {why}"
        return f"{name} refuses this too, but reports it differently: {why}"


def dialect_findings(dialect: Dialect | str, *, reader: Schema, writer: Schema) -> DialectVerdict:
    """A registry's verdict on whether one schema can read data of the other.

    Args:
        dialect: ``"redpanda"`` or ``"confluent"``, of the newest release that is known, or of an
            earlier one, as in ``"redpanda@25.2"``.
        reader: The schema that the consumer reads with.
        writer: The schema that the data were written with.

    Raises:
        ConfigurationError: There is no such dialect.

    Example:
        >>> from streamcontract import parse_schema
        >>> old, new = ({"type": "enum", "name": name, "symbols": ["A"]} for name in ("E", "n.E"))
        >>> verdict = dialect_findings(
        ...     "redpanda", reader=parse_schema(new), writer=parse_schema(old))
        >>> verdict.is_compatible, [row.id for row in verdict.rows]
        (False, ['full-names'])
        >>> verdict.meaning[:67]
        'Redpanda will refuse this although every consumer could read it: na'
    """
    rows = rows_of(*read_dialect(dialect))
    rules = frozenset(row.id for row in rows)
    theirs = _judge(reader, writer, rules)
    ours = _judge(reader, writer, frozenset())
    return DialectVerdict(
        dialect=dialect,
        incompatibilities=theirs,
        findings=tuple(find_incompatibilities(reader=reader, writer=writer)),
        rows=tuple(row for row in rows if _parts(reader, writer, row.id, rules, theirs, ours)),
    )


def dialect_level(
    dialect: Dialect | str,
    level: Level | str,
    *,
    candidate: Schema,
    history: Sequence[Schema],
    version: int | None = None,
) -> list[DialectVerdict]:
    """A registry's verdicts on a candidate, in its order, up to the first version that fails.

    Args:
        dialect: As for :func:`dialect_findings`.
        level: The subject's compatibility level.
        candidate: The new version.
        history: The earlier versions, oldest first.
        version: The requested version, counted from 1; None means the latest, as for
            registration.

    Returns:
        One verdict for each comparison made.

    Raises:
        ConfigurationError: There is no such level or dialect.
    """
    row = compatibility_level(level)
    registry, _ = read_dialect(dialect)
    verdicts: list[DialectVerdict] = []
    for number in _versions(registry, row, len(history), version):
        earlier = history[number - 1]
        for direction in _directions(registry, row):
            backward = direction == "backward"
            reader, writer = (candidate, earlier) if backward else (earlier, candidate)
            verdict = dialect_findings(dialect, reader=reader, writer=writer)
            verdicts.append(attrs.evolve(verdict, direction=direction, version=number))
        if not all(verdict.is_compatible for verdict in verdicts):
            break
    return verdicts


def _versions(
    dialect: Dialect, level: CompatibilityLevel, count: int, version: int | None
) -> Sequence[int]:
    """The versions that are compared, in order."""
    if not level.directions or count == 0:
        return ()
    if level.is_transitive:
        return range(count, 0, -1)
    asked = count if version is None else version
    return range(count, asked - 1, -1) if dialect == "redpanda" else (asked,)


def _directions(dialect: Dialect, level: CompatibilityLevel) -> tuple[Direction, ...]:
    # Confluent's registry reports first whether the old schema reads.
    return level.directions if dialect == "redpanda" else level.directions[::-1]


def _judge(reader: Schema, writer: Schema, rules: frozenset[str]) -> tuple[Incompatibility, ...]:
    if "first-reference" in rules:
        reader, writer = _first_read(reader), _first_read(writer)

    def invalid() -> Iterator[Incompatibility]:
        for schema in (reader, writer):
            yield from refusals(schema, rules)

    return tuple(dict.fromkeys(invalid())) or compare(reader, writer, rules)


def _parts(
    reader: Schema,
    writer: Schema,
    row: str,
    rules: frozenset[str],
    theirs: tuple[Incompatibility, ...],
    ours: tuple[Incompatibility, ...],
) -> bool:
    """Whether a rule decides here: the verdict changes if the rule is added or removed."""
    if set(theirs) == set(ours):
        return False
    without = _judge(reader, writer, rules - {row})
    alone = _judge(reader, writer, frozenset({row}))
    return set(without) != set(theirs) or set(alone) != set(ours)


def _first_read(schema: Schema) -> Schema:
    """The schema that a registry reads if references come before it and only the first is read."""
    while schema.references:
        schema = schema.references[0]
    return schema
