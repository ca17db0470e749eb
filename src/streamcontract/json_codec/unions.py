"""Branches of unions in JSON, written bare or under their name.

In Avro's JSON encoding each but null is an object with one key, the branch's name. In plain JSON a
branch is written bare if no other branch of its union has the same JSON type: a union of null and
any other type, or of a string and a number, has no names in it. If two branches are of one JSON
type, such as two records, these are written under their names. Integers and other numbers are one
JSON type: many programs write 1.0 as 1.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.json_codec.leaves import leaf_of
from streamcontract.schema.model import (
    ArrayType,
    MapType,
    RecordType,
    UnionType,
    branch_name,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamcontract.json_codec.leaves import Encoding, Kind
    from streamcontract.schema.model import AvroType

__all__ = ["Forms", "forms_of"]

_NUMBERS: Final = frozenset({"integer", "number"})


@attrs.frozen
class Forms:
    """The forms of the branches of one union.

    Attributes:
        kinds: The JSON type of each branch without its name, by the branch's name.
        named: The branches that are always written under their name.
        text_if_not_finite: The branch whose numbers without a JSON token (such as NaN) are bare
        text; None if there is none, or if text is another branch.
        named_if_not_finite: The branch whose numbers without a JSON token are written under its
        name.
    """

    kinds: Mapping[str, Kind]
    named: frozenset[str]
    text_if_not_finite: str | None = None
    named_if_not_finite: str | None = None


def forms_of(union: UnionType, encoding: Encoding) -> Forms:
    """The forms of a union's branches.

    Args:
        union: The union.
        encoding: ``"plain"`` or ``"avro"``.
    """
    kinds = {branch_name(branch): _kind_of(branch, encoding) for branch in union.branches}
    if encoding == "avro":
        return Forms(kinds, frozenset(kinds) - {"null"})
    counts = Counter("number" if kind in _NUMBERS else kind for kind in kinds.values())
    named = {
        name for name, kind in kinds.items() if counts["number" if kind in _NUMBERS else kind] > 1
    }
    number = next(
        (name for name, kind in kinds.items() if kind == "number" and name not in named), None
    )
    is_beside_text = number is not None and counts["string"] > 0
    if named or is_beside_text:
        # A named value is an object, so the branch of objects is named too.
        named.update(name for name, kind in kinds.items() if kind == "object")
    return Forms(
        kinds,
        frozenset(named),
        text_if_not_finite=None if is_beside_text else number,
        named_if_not_finite=number if is_beside_text else None,
    )


def _kind_of(node: AvroType, encoding: Encoding) -> Kind:
    """The JSON type of a branch of a union without its name."""
    match node:
        case RecordType() | MapType():
            return "object"
        case ArrayType():
            return "array"
        case UnionType():
            raise ValueError("a union is no branch of a union")
        case _:
            return leaf_of(node, encoding).kind
