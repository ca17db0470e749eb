"""Metadata columns of a batch, filled from raw messages."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

from streamcontract.columns import _native
from streamcontract.columns.layout import Column, list_of, struct_of
from streamcontract.columns.reader import MOST_BYTES, native_columns
from streamcontract.kafka.batches.key_column import key_errors, keys_are_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from streamcontract.kafka.batches.rows import Rows
    from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer

__all__ = ["MetadataColumns"]


class MetadataColumns:
    """Fills the metadata columns of messages of one topic.

    Args:
        columns: The names of the columns, in their order.
        topic: Deserializes the messages; its keys are text or bytes, if there is a column for them.
        parts: The native class of taken metadata.

    Attributes:
        columns: The columns.
        numbers: The number of each, by the name of the metadata.
    """

    def __init__(
        self,
        columns: Mapping[str, str],
        topic: TopicDeserializer[Any],
        parts: Callable[[tuple[str, ...], int], Any],
    ) -> None:
        self._topic = topic
        self._parts = parts
        numbers = itertools.count(1)
        made = {name: _column(name, column, numbers, topic) for name, column in columns.items()}
        self.columns = native_columns(struct_of(0, "", tuple(made.values())))
        self.numbers = {name: column.number for name, column in made.items()}

    def no_parts(self, most: int) -> Any:
        """The metadata of no messages yet, with room for ``most``."""
        return self._parts(tuple(self.numbers), most)

    def fill(self, rows: Rows) -> tuple[list[_native.Batch], dict[int, Exception]]:
        """The batch of rows, or none if a column would pass 2 GiB.

        Returns:
            The batch, and by index the errors of keys: if there is one, the batch is of no use.
        """
        batch = _native.Batch(self.columns, MOST_BYTES, len(rows), keeps_tombstones=False)
        filling = _native.Filling(batch, len(rows))
        parts = rows.parts
        try:
            is_whole = [self._fill(filling, name, getattr(parts, name)) for name in self.numbers]
            if not all(is_whole):
                return [batch], self._key_errors(rows, parts.key.values)
            filling.end()
        except OverflowError:
            return [], {}
        return [batch], {}

    def _key_errors(self, rows: Rows, keys: list[bytes | None]) -> dict[int, Exception]:
        """The errors of the keys that are no text."""
        wrong = [index for index, key in zip(rows.indexes, keys, strict=True) if not _is_text(key)]
        raws = rows.of(wrong).raws
        return {wrong[at]: error for at, error in key_errors(self._topic, raws).items()}

    def _fill(self, filling: _native.Filling, name: str, part: Any) -> bool:
        """Fill one column; return False if a key is no text."""
        number = self.numbers[name]
        match name:
            case "key":
                if keys_are_text(self._topic.key):
                    return filling.text(number, part.values) == len(part.values)
                filling.bytes(number, part.values)
            case "headers":
                _, key, value = range(number + 1, number + 4)  # the struct, and its fields
                filling.text(key, part.keys)
                filling.bytes(value, part.values)
                filling.lists(number, part.numbers)
            case "timestamp" | "schema_id":
                filling.numbers(number, part.numbers, part.valid)
            case _:
                filling.numbers(number, part.numbers)
        return True


def _is_text(key: bytes | None) -> bool:
    try:
        return key is None or key.decode() is not None
    except UnicodeDecodeError:
        return False


def _column(
    name: str, column: str, numbers: Iterator[int], topic: TopicDeserializer[Any]
) -> Column:
    """The column of a name's metadata."""
    number = next(numbers)
    match name:
        case "key":
            return _sized(number, column, is_text=keys_are_text(topic.key), is_nullable=True)
        case "headers":
            item, key, value = next(numbers), next(numbers), next(numbers)
            fields = (
                _sized(key, "key", is_text=True),
                _sized(value, "value", is_text=False, is_nullable=True),
            )
            items = struct_of(item, "item", fields)
            return list_of(number, "+l", column, items, is_nullable=False)
    form, width, is_nullable = _NUMBERS[name]
    return Column(
        number=number,
        layout="width",
        format=form,
        name=column,
        width=width,
        is_nullable=is_nullable,
        symbols=(topic.topic,) if name == "topic" else None,
    )


_NUMBERS: Final = {
    "topic": ("i", 4, False),
    "partition": ("i", 4, False),
    "offset": ("l", 8, False),
    "timestamp": ("tsm:UTC", 8, True),
    "schema_id": ("i", 4, True),
}
"""Arrow's format, the bytes of a value, and whether it may be null."""


def _sized(number: int, name: str, *, is_text: bool, is_nullable: bool = False) -> Column:
    form = "u" if is_text else "z"
    return Column(number=number, layout="sized", format=form, name=name, is_nullable=is_nullable)
