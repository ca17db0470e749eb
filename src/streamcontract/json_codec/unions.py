"""The branches of a union in JSON: which are written bare, and which under their name.

In Avro's JSON encoding each but null is an object with one key, the branch's name. In plain JSON a
branch is written bare if no other branch of its union looks like it: a union of null and any other
type, or of a string and a number, has no names in it. Where two branches are of one JSON type, such
as two records, these are written under their names.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from streamcontract.schema.model import branch_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.json_codec.leaves import Encoding, Kind
    from streamcontract.schema.model import AvroType, UnionType

__all__ = ["named_branches"]


def named_branches(
    union: UnionType, encoding: Encoding, kind_of: Callable[[AvroType], Kind]
) -> frozenset[str]:
    """The names of the branches that are written under their name.

    Args:
        union: The union.
        encoding: ``"plain"`` or ``"avro"``.
        kind_of: The JSON type of what a branch is written as.
    """
    kinds = {branch_name(branch): kind_of(branch) for branch in union.branches}
    if encoding == "avro":
        return frozenset(kinds) - {"null"}
    counts = Counter(kinds.values())
    named = {name for name, kind in kinds.items() if counts[kind] > 1}
    if named or (counts["number"] and counts["string"]):
        # What is written under a name is an object itself; a number that is none of JSON's is.
        named.update(name for name, kind in kinds.items() if kind == "object")
    return frozenset(named)
