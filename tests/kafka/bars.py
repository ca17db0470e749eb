"""Bars that tests tell apart by their volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamcontract import Stock
    from streamcontract.kafka import Message

__all__ = ["volumes"]


def volumes(messages: Iterable[Message[Stock]]) -> list[int]:
    """The volume of each record, which the tests number them by."""
    return [message.value.volume for message in messages if message.value is not None]
