"""Bytes as other writers may legally make them, and bytes that no writer may make."""

from __future__ import annotations

from typing import Any

import attrs
from hypothesis import strategies as st

from streamcontract.schema import Schema

__all__ = ["CorruptPayload", "Payload", "corrupt_payloads", "payloads"]


@attrs.frozen(kw_only=True)
class Payload:
    """A value as some writer encoded it.

    Attributes:
        value: The value, as the reader's codec decodes it.
        data: Its bytes, without a frame.
        writer: The schema that they were written with.
    """

    value: Any
    data: bytes
    writer: Schema


@attrs.frozen(kw_only=True)
class CorruptPayload:
    """Bytes that no value of a schema has.

    Attributes:
        data: The bytes, without a frame.
        corruption: What is wrong with them, such as ``"truncated"``.
    """

    data: bytes
    corruption: str


def payloads(schema: Schema, *, tag_unions: bool = False) -> st.SearchStrategy[Payload]:
    """Values of a schema with bytes as other writers may legally make them.

    Args:
        schema: The reader's schema.
        tag_unions: Give values of unions as ``(branch name, value)``, as
            ``Codec(schema, tag_unions=True)`` decodes them.

    Returns:
        A strategy for payloads that ``Codec(schema).decode(data, writer=writer)`` turns into
        their value.
    """
    raise NotImplementedError


def corrupt_payloads(schema: Schema) -> st.SearchStrategy[CorruptPayload]:
    """Bytes that decoding has to refuse, each with its one corruption named.

    Args:
        schema: The schema that they are decoded with.

    Returns:
        A strategy for payloads that ``Codec(schema).decode`` refuses with ``DecodeError``.
    """
    raise NotImplementedError
