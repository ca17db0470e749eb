"""Successors of a schema that keep a compatibility level, and histories of them."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from streamcontract.compatibility.rewrite import schema_of
from streamcontract.errors import ConfigurationError
from streamcontract.levels import CompatibilityLevel, Direction, Level, compatibility_level
from streamcontract.schema import AvroType, Schema
from streamcontract.testing.strategies.changes import KINDS, Change, Pen
from streamcontract.testing.strategies.documents import schemas
from streamcontract.testing.strategies.sites import Sites

__all__ = ["checked_level", "evolutions", "histories"]


def evolutions(schema: Schema, *, level: Level = "BACKWARD") -> st.SearchStrategy[Schema]:
    """Successors of a schema that keep a compatibility level.

    They differ by common changes: fields added, removed, renamed with an alias and moved,
    defaults, symbols, names and namespaces of types with an alias, promotions, branches of unions,
    documentation. All are built to keep the level, none is drawn and rejected.

    Args:
        schema: The version before. Types of its references are written out in the successor.
        level: The level to keep, such as ``"FULL"``; ``"NONE"`` allows changes that break either
            direction.

    Returns:
        A strategy for schemas with one to three changes.

    Raises:
        InvalidArgument: There is no such level.

    Example:
        >>> from hypothesis import find
        >>> from streamcontract import check_level, parse_schema
        >>> v1 = parse_schema({"type": "record", "name": "R", "fields": []})
        >>> v2 = find(evolutions(v1), lambda schema: '"fields": []' not in schema.json)
        >>> v2.root.fields[0].name, v2.root.fields[0].default
        ('a', '')
        >>> check_level("BACKWARD", candidate=v2, history=[v1])
        []
    """
    return _evolved(schema, checked_level(level), frozenset())


def histories(
    *, level: Level = "BACKWARD", min_size: int = 1, max_size: int = 5
) -> st.SearchStrategy[list[Schema]]:
    """Version histories in which each version keeps a level.

    Args:
        level: The level to keep; with a transitive one each version keeps it with all earlier ones.
        min_size: The fewest versions.
        max_size: The most versions.

    Returns:
        A strategy for lists of schemas, oldest first.

    Raises:
        InvalidArgument: There is no such level, or the sizes contradict one another.

    Example:
        >>> from hypothesis import find
        >>> history = find(histories(level="FULL_TRANSITIVE", min_size=2), lambda history: True)
        >>> [schema.json for schema in history]
        ['"string"', '{"type": "string", "x-a": true}']
    """
    row = checked_level(level)
    if not 1 <= min_size <= max_size:
        raise InvalidArgument(f"no history has {min_size} to {max_size} versions")
    return _histories(row, min_size, max_size)


def checked_level(level: str) -> CompatibilityLevel:
    """The row of a level, for a strategy.

    Raises:
        InvalidArgument: There is no such level.
    """
    try:
        return compatibility_level(level)
    except ConfigurationError as error:
        raise InvalidArgument(str(error)) from None


@st.composite
def _histories(
    draw: st.DrawFn, level: CompatibilityLevel, min_size: int, max_size: int
) -> list[Schema]:
    history = [draw(schemas() | schemas(only_records=True))]
    words: set[str] = set()
    for _ in range(draw(st.integers(min_size, max_size)) - 1):
        words |= Sites(history[-1].root).words
        history.append(draw(_evolved(history[-1], level, words)))
    return history


@st.composite
def _evolved(
    draw: st.DrawFn, schema: Schema, level: CompatibilityLevel, words: AbstractSet[str]
) -> Schema:
    asked = frozenset(level.directions)
    changes = draw(st.integers(1, 3))
    # The state between two of the changes is not a version, but is compared with earlier versions.
    lasting = level.is_transitive or changes > 1
    sites = Sites(schema.root)
    pen = Pen(draw, {*words, *sites.words})
    for _ in range(changes):
        sites = Sites(_changed(pen, sites, asked, lasting=lasting))
        pen.taken.update(sites.words)  # those of the insides of new types too
    return schema_of(sites.root)


def _changed(pen: Pen, sites: Sites, asked: frozenset[Direction], *, lasting: bool) -> AvroType:
    kinds = [
        possible
        for kind in KINDS
        if (possible := [each for each in kind(sites) if _keeps(each, asked, lasting=lasting)])
    ]
    if not kinds:
        return sites.root  # a union without branches, which has no data that could break
    change: Change = pen.draw(st.sampled_from(pen.draw(st.sampled_from(kinds))))
    return change.make(pen)


def _keeps(change: Change, asked: frozenset[Direction], *, lasting: bool) -> bool:
    return asked <= (change.keeps & change.lasting if lasting else change.keeps)
