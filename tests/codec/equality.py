"""When two values are the same: what a round trip must keep."""

from __future__ import annotations

import decimal
import math
from typing import Any


def same(left: Any, right: Any) -> bool:
    """Equal in value, type and all that ``==`` overlooks.

    NaN is the same as NaN, 0.0 is not -0.0, 1 is neither True nor 1.0, 1.0 is not
    Decimal("1.00").
    """
    if type(left) is not type(right):
        return False
    match left:
        case float():
            if math.isnan(left):
                return math.isnan(right)
            return bool(left == right) and math.copysign(1, left) == math.copysign(1, right)
        case decimal.Decimal():
            return bool(left.as_tuple() == right.as_tuple())
        case list() | tuple():
            return len(left) == len(right) and all(map(same, left, right))
        case dict():
            return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    return bool(left == right)


def equal(left: Any, right: Any) -> bool:
    """Equal as ``==`` sees it, but for NaN, which is equal to NaN.

    For other libraries' values, and for bare decimals in unions: the first branch that takes
    one may have another scale.
    """
    match left, right:
        case float(), float():
            return left == right or (math.isnan(left) and math.isnan(right))
        case list(), list():
            return len(left) == len(right) and all(map(equal, left, right))
        case dict(), dict():
            return left.keys() == right.keys() and all(equal(left[k], right[k]) for k in left)
    return bool(left == right)
