"""Compatibility levels of the schema registry, one row for each.

A level determines the earlier versions that a new schema is compared with, and which of the two has
to read the other's data ("Compatibility Types", Confluent Schema Registry documentation; Redpanda
has the same seven). All code that needs a property of a level reads it from the level's row.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, Literal, TypeVar, get_args

import attrs

from streamcontract.errors import ConfigurationError

__all__ = [
    "DEFAULT_LEVEL",
    "LEVELS",
    "CompatibilityLevel",
    "Direction",
    "First",
    "Level",
    "compatibility_level",
    "first_to_upgrade",
]

Direction = Literal["backward", "forward"]
"""Backward: the new schema reads what an earlier one wrote. Forward: the other way round."""

First = Literal["either", "consumers", "producers", "neither"]
"""The side that upgrades to a new schema first: either if any order is safe, neither if none is."""

Level = Literal[
    "NONE",
    "BACKWARD",
    "BACKWARD_TRANSITIVE",
    "FORWARD",
    "FORWARD_TRANSITIVE",
    "FULL",
    "FULL_TRANSITIVE",
]
"""A level's name, as registries and ``streamcontract.toml`` write it."""

LEVELS: Final[tuple[Level, ...]] = get_args(Level)

DEFAULT_LEVEL: Final[Level] = "BACKWARD"
"""The level of a contract that names none, and of a registry that has none configured."""

_Version = TypeVar("_Version")

_FIRST: Final[dict[frozenset[Direction], First]] = {
    frozenset(["backward", "forward"]): "either",
    frozenset(["backward"]): "consumers",
    frozenset(["forward"]): "producers",
    frozenset(): "neither",
}


@attrs.frozen
class CompatibilityLevel:
    """One compatibility level.

    Attributes:
        name: Its name.
        directions: The directions that it checks; none for ``NONE``.
        is_transitive: Whether it compares with all earlier versions instead of the latest alone.
    """

    name: Level
    directions: tuple[Direction, ...] = ()
    is_transitive: bool = False

    @property
    def first(self) -> First:
        """The side that can upgrade first to a schema that keeps this level.

        Example:
            >>> compatibility_level("BACKWARD").first
            'consumers'
        """
        return first_to_upgrade(self.directions)

    def compared(self, history: Sequence[_Version]) -> Sequence[_Version]:
        """The earlier versions that a new one is compared with.

        Args:
            history: All earlier versions, oldest first.

        Example:
            >>> levels = ["NONE", "FULL", "FULL_TRANSITIVE"]
            >>> [compatibility_level(each).compared([1, 2, 3]) for each in levels]
            [[], [3], [1, 2, 3]]
        """
        if not self.directions:
            return history[:0]
        return history if self.is_transitive else history[-1:]


_ROWS: Final = (
    CompatibilityLevel("NONE"),
    CompatibilityLevel("BACKWARD", ("backward",)),
    CompatibilityLevel("BACKWARD_TRANSITIVE", ("backward",), is_transitive=True),
    CompatibilityLevel("FORWARD", ("forward",)),
    CompatibilityLevel("FORWARD_TRANSITIVE", ("forward",), is_transitive=True),
    CompatibilityLevel("FULL", ("backward", "forward")),
    CompatibilityLevel("FULL_TRANSITIVE", ("backward", "forward"), is_transitive=True),
)
_BY_NAME: Final[dict[str, CompatibilityLevel]] = {row.name: row for row in _ROWS}


def compatibility_level(name: str) -> CompatibilityLevel:
    """The row of a level.

    Args:
        name: One of :data:`LEVELS`, in capitals.

    Raises:
        ConfigurationError: There is no such level; the message names those that exist.

    Example:
        >>> level = compatibility_level("FULL_TRANSITIVE")
        >>> level.directions, level.is_transitive
        (('backward', 'forward'), True)
    """
    try:
        return _BY_NAME[name]
    except KeyError:
        raise ConfigurationError(
            f"{name!r} is no compatibility level; there are {', '.join(LEVELS)}"
        ) from None


def first_to_upgrade(directions: Collection[Direction]) -> First:
    """The side that has to upgrade first, given the directions that are safe.

    Example:
        >>> first_to_upgrade(["forward"])
        'producers'
    """
    return _FIRST[frozenset(directions)]
