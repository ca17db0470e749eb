"""Schemas that break one rule of the specification each, and say which."""

from __future__ import annotations

import attrs
from hypothesis import strategies as st

__all__ = ["InvalidSchema", "invalid_schemas"]


@attrs.frozen(kw_only=True)
class InvalidSchema:
    """A schema with one fault.

    Attributes:
        text: Its JSON text.
        rule: The rule it breaks, such as ``"ENUM_SYMBOL_TWICE"``.
        clause: Where the Avro specification says so.
        path: JSON pointer to the fault; empty for the whole schema.
    """

    text: str
    rule: str
    clause: str
    path: str


def invalid_schemas() -> st.SearchStrategy[InvalidSchema]:
    """Schemas that the Avro specification forbids, each with its one fault named.

    Returns:
        A strategy for schemas that ``parse_schema`` refuses with a fault at ``path``.
    """
    raise NotImplementedError
