"""Writer schemas of the messages of a batch, by their frames.

A message costs no Python call of its own, unless it is poison or has headers: frames of equal bytes
are looked up once in each batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
import pyarrow as pa
import pyarrow.compute as pc

from streamcontract.errors import FrameError
from streamcontract.schema import STORED, Schema, parse_schema
from streamcontract.wire import CONFLUENT, HEADER_SIZE, Frame, IdKind

if TYPE_CHECKING:
    from streamcontract.integrations.arrow.locked import LockedWriters

__all__ = ["Fault", "Source", "SourceFinder"]

_UNDECIDED: Final = object()
"""In place of the source of a prefix whose whole message has to be looked at."""


@attrs.frozen(eq=False)
class Source:
    """What a message was written with.

    Attributes:
        schema_id: The id of its frame.
        writer: The writer schema.
        size: The bytes before its payload.
    """

    schema_id: int
    writer: Schema
    size: int


@attrs.frozen(eq=False)
class Fault:
    """Why a value was not decoded."""

    reason: str
    schema_id: int | None = None
    path: str | None = None


class SourceFinder:
    """Finds the sources of messages among the locked writer schemas.

    Args:
        writers: The writer schemas.
        is_key: Whether the messages' keys are decoded.
    """

    def __init__(self, writers: LockedWriters, *, is_key: bool) -> None:
        self._frames = CONFLUENT.side(is_key=is_key)
        self._refused = dict(writers.refused)
        self._texts = dict(writers.texts)
        self._unknown = writers.unknown
        # By id and size of the frame.
        self._known: dict[tuple[int, int], Source] = {}

    def find(
        self, column: Any, data: Sequence[bytes | None], headers: Sequence[Any] | None
    ) -> list[Any]:
        """For each message its :class:`Source` or :class:`Fault`, and None for a tombstone.

        Args:
            column: The values as Arrow has them.
            data: The same values.
            headers: The headers of each as pairs, or None; None for all without any.
        """
        found: list[Any] = []
        for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else (column,):
            found += self._by_prefix(chunk)
        undecided: set[int] = set()
        if _UNDECIDED in found:
            undecided.update(row for row, each in enumerate(found) if each is _UNDECIDED)
        if headers is not None:
            undecided.update(row for row, each in enumerate(headers) if each)
        for row in undecided:
            value = data[row]
            if value is not None:
                found[row] = self._of_message(value, None if headers is None else headers[row])
        return found

    def _by_prefix(self, values: Any) -> list[Any]:
        if values.type == pa.binary_view():  # which has no slices
            values = values.cast(pa.large_binary())
        prefixes = pc.binary_slice(values, 0, HEADER_SIZE).dictionary_encode()
        sources = [*map(self._of_prefix, prefixes.dictionary.to_pylist()), None]
        numbers = prefixes.indices.fill_null(len(sources) - 1).to_pylist()
        return [sources[number] for number in numbers]

    def _of_prefix(self, prefix: bytes) -> Any:
        try:
            frame = self._frames.frame(prefix, None)
        except FrameError:
            return _UNDECIDED  # a longer frame, or a reason that depends on the whole message
        return self._source(frame)

    def _of_message(self, value: bytes, headers: Any) -> Source | Fault:
        try:
            frame = self._frames.frame(value, headers)
        except FrameError as error:
            return Fault(str(error))
        return self._source(frame)

    def _source(self, frame: Frame) -> Source | Fault:
        """The source of a frame, or why there is none."""
        schema_id = frame.schema_id
        if frame.kind is not IdKind.ID or not isinstance(schema_id, int):
            return Fault(
                f"the {frame.kind.value} {schema_id} is in no lock file: only the registry has the "
                f"schema of it"
            )
        if schema_id not in self._texts:
            unknown = f"schema id {schema_id} {self._unknown}"
            return Fault(self._refused.get(schema_id, unknown), schema_id)
        known = self._known.get((schema_id, frame.size))
        if known is None:
            writer = parse_schema(self._texts[schema_id], leniency=STORED)
            known = self._known[schema_id, frame.size] = Source(schema_id, writer, frame.size)
        return known
