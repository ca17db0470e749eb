"""Numbers of a writer's unit or scale in the reader's."""

from __future__ import annotations

from collections.abc import Callable

from streamcontract.codec.leaves import LONG_MAX, LONG_MIN
from streamcontract.resolution import Rescale
from streamcontract.schema.logical import decimals
from streamcontract.schema.model import FixedType, PrimitiveType
from streamcontract.schema.refusal import Refused

__all__ = ["rescaler"]


def rescaler(node: PrimitiveType | FixedType, rescale: Rescale) -> Callable[[bytes | int], int]:
    """The function from a number in the writer's unit or scale to the number in the reader's.

    Args:
        node: The reader's type.
        rescale: The factor.
    """
    unit = node.logical.name if node.logical else "unit"

    def rescaled(raw: bytes | int) -> int:
        number = decimals.whole(raw) if isinstance(raw, bytes) else raw
        scaled, rest = divmod(number * rescale.multiply, rescale.divide)
        if rest:
            raise Refused(
                f"a value that the reader's {unit} holds without rounding "
                f"(written in units of 1/{rescale.factor} of its)",
                number,
            )
        if isinstance(raw, int) and not LONG_MIN <= scaled <= LONG_MAX:
            raise Refused(f"a value that 64 bits hold in units of the reader's {unit}", number)
        return scaled

    return rescaled
