"""Rules of semantic drift by id, and their findings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import attrs

from streamcontract.compatibility.counterexample import Counterexample

__all__ = ["DRIFT_RULES", "Drift", "DriftRule"]

DriftRule = Literal[
    "LOGICAL_TYPE_CHANGED",
    "LOGICAL_UNIT_CHANGED",
    "DECIMAL_SCALE_CHANGED",
    "DECIMAL_PRECISION_REDUCED",
    "PRECISION_LOSS",
    "STRING_BYTES_PROMOTED",
    "ENUM_SYMBOL_DEFAULTED",
    "DEFAULT_CHANGED",
    "FIELD_RENAMED_WITHOUT_ALIAS",
    "UNION_BRANCH_CHANGED",
    "NAMESPACE_CHANGED",
]

DRIFT_RULES: Final[dict[DriftRule, str]] = {
    "LOGICAL_TYPE_CHANGED": "the same bytes get another meaning",
    "LOGICAL_UNIT_CHANGED": "a time is counted in another unit",
    "DECIMAL_SCALE_CHANGED": "a decimal has another number of digits after the point",
    "DECIMAL_PRECISION_REDUCED": "a decimal may have fewer digits than before",
    "PRECISION_LOSS": "integers become floating point and are rounded",
    "STRING_BYTES_PROMOTED": "text is read as bytes, or bytes as text",
    "ENUM_SYMBOL_DEFAULTED": "a symbol that the reader lacks becomes the enum's default",
    "DEFAULT_CHANGED": "a field that was not written is filled with another value than before",
    "FIELD_RENAMED_WITHOUT_ALIAS": "a field seems renamed, so its values are dropped",
    "UNION_BRANCH_CHANGED": "a value is read into a union's branch of another type",
    "NAMESPACE_CHANGED": "a type matches by its unqualified name alone",
}
"""The ids of the rules, each with a short description."""


@attrs.frozen(kw_only=True)
class Drift:
    """One change of meaning.

    Attributes:
        rule: The rule's id.
        reader_path: Pointer into the reader schema.
        writer_path: Pointer into the writer schema.
        message: The effect here and in other implementations, and how to avoid it.
        example: Runs the counterexample.
    """

    rule: DriftRule
    reader_path: str
    writer_path: str
    message: str
    example: Callable[[], Counterexample | None] = attrs.field(repr=False)
