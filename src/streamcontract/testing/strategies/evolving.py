"""Successors of a schema that keep a compatibility level, and histories of them."""

from __future__ import annotations

from hypothesis import strategies as st

from streamcontract.compatibility import Level
from streamcontract.schema import Schema

__all__ = ["evolutions", "histories"]


def evolutions(schema: Schema, *, level: Level = "BACKWARD") -> st.SearchStrategy[Schema]:
    """Successors of a schema that keep a compatibility level.

    Args:
        schema: The version before.
        level: The level to keep, such as ``"FULL"``; ``"NONE"`` allows any change.

    Returns:
        A strategy for schemas with one to three changes.

    Raises:
        InvalidArgument: There is no such level.
    """
    raise NotImplementedError


def histories(
    *, level: Level = "BACKWARD", min_size: int = 1, max_size: int = 5
) -> st.SearchStrategy[list[Schema]]:
    """Version histories in which each version keeps a level.

    Args:
        level: The level to keep; with a transitive one each version keeps it with all before it.
        min_size: The fewest versions.
        max_size: The most versions.

    Returns:
        A strategy for lists of schemas, oldest first.

    Raises:
        InvalidArgument: There is no such level, or the sizes contradict one another.
    """
    raise NotImplementedError
