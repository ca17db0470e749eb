"""Rollout order of a changed schema: whether consumers or producers upgrade first."""

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
        "roll out every consumer first, then the producers: the new schema reads data of the old "
        "one, but a consumer with the old one fails on data of the new one"
    ),
    "producers": (
        "roll out every producer first; upgrade consumers only when the topic has no data of "
        "the old schema left to read: a consumer with the old schema reads data of the new one, "
        "but the new schema cannot read data of the old one"
    ),
    "neither": (
        "no order is safe: neither schema reads data of the other; write to a new topic, or make "
        "the change in two steps that are each safe one way"
    ),
}


@attrs.frozen(kw_only=True)
class Rollout:
    """The order in which a change can be rolled out.

    Attributes:
        first: The side that upgrades first: ``"consumers"`` or ``"producers"``; ``"either"`` if any
            order is safe, ``"neither"`` if none is.
        advice: The order in words.
        backward: Why consumers of the new schema cannot read data of the old one.
        forward: Why consumers of the old schema cannot read data of the new one.
    """

    first: First
    advice: str
    backward: tuple[Finding, ...] = attrs.field(default=(), repr=False)
    forward: tuple[Finding, ...] = attrs.field(default=(), repr=False)


def rollout(*, new: Schema, old: Schema) -> Rollout:
    """Find out which side has to upgrade first to a new version of a schema.

    Args:
        new: The new version.
        old: The current version of producers and consumers.

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
