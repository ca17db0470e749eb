"""Successors of a schema that break a compatibility level, each by one change."""

from __future__ import annotations

import attrs
from hypothesis import strategies as st

from streamcontract.compatibility import Direction, Level
from streamcontract.resolution import Rule
from streamcontract.schema import Schema

__all__ = ["BreakingEvolution", "breaking_evolutions"]


@attrs.frozen(kw_only=True)
class BreakingEvolution:
    """A successor that breaks a level.

    Attributes:
        schema: The successor.
        change: What was changed, in words.
        rule: The rule of Avro's that it breaks, as a finding names it.
        path: JSON pointer into the reader schema, as a finding has it.
        direction: ``"backward"``: the successor cannot read what its predecessor wrote;
            ``"forward"``: the other way round.
    """

    schema: Schema
    change: str
    rule: Rule
    path: str
    direction: Direction


def breaking_evolutions(
    schema: Schema, *, level: Level = "BACKWARD"
) -> st.SearchStrategy[BreakingEvolution]:
    """Successors of a schema that break a compatibility level.

    Args:
        schema: The version before.
        level: The level to break.

    Returns:
        A strategy for successors of one change each, with the rule that the change breaks.

    Raises:
        InvalidArgument: There is no such level, or it is ``"NONE"``, which nothing breaks.
    """
    raise NotImplementedError
