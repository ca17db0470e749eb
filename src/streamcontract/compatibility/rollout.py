"""Who goes first: whether consumers or producers have to take a changed schema first."""

from __future__ import annotations

from typing import Final

import attrs

from streamcontract.compatibility.findings import Finding, find_incompatibilities
from streamcontract.levels import Direction, First, first_to_upgrade
from streamcontract.schema.schema import Schema

__all__ = ["Rollout", "rollout"]

_ADVICE: Final[dict[First, str]] = {
    "either": (
        "safe both ways: consumers and producers can be rolled out in any order, at any pace"
    ),
    "consumers": (
        "roll out every consumer first, then the producers: the new schema reads what the old one "
        "wrote, but a consumer with the old one breaks on what the new one writes"
    ),
    "producers": (
        "roll out every producer first; consumers follow only when no data of the old schema are "
        "left to read, in the topic too: a consumer with the old schema reads what the new one "
        "writes, but the new schema cannot read what the old one wrote"
    ),
    "neither": (
        "no order is safe: neither schema reads what the other writes; write to a new topic, or "
        "get there in two steps that are safe one way each"
    ),
}


@attrs.frozen(kw_only=True)
class Rollout:
    """The order in which a change can be rolled out.

    Attributes:
        first: Who goes first: ``"consumers"`` or ``"producers"``; ``"either"`` where any order
            will do, ``"neither"`` where none will.
        advice: The same in words.
        backward: What keeps consumers of the new schema from reading data of the old one.
        forward: What keeps consumers of the old schema from reading data of the new one.
    """

    first: First
    advice: str
    backward: tuple[Finding, ...] = attrs.field(default=(), repr=False)
    forward: tuple[Finding, ...] = attrs.field(default=(), repr=False)


def rollout(*, new: Schema, old: Schema) -> Rollout:
    """Tell who has to take a new version of a schema first.

    Args:
        new: The new version.
        old: The version that producers and consumers have now.

    Example:
        >>> from streamcontract import parse_schema
        >>> rollout(new=parse_schema("long"), old=parse_schema("int")).first
        'consumers'
    """
    backward = tuple(find_incompatibilities(reader=new, writer=old))
    forward = tuple(find_incompatibilities(reader=old, writer=new))
    faults: dict[Direction, bool] = {"backward": bool(backward), "forward": bool(forward)}
    first = first_to_upgrade([direction for direction, broken in faults.items() if not broken])
    return Rollout(first=first, advice=_ADVICE[first], backward=backward, forward=forward)
