"""Sources of a topic's values, or keys: by the frame, how the columns' executor reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.codec.varint import long_bytes
from streamcontract.kafka.contract.dispatch import DispatchingDeserializer
from streamcontract.kafka.contract.payloads import is_bytes
from streamcontract.schema.model import UnionType

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from streamcontract.codec import Codec
    from streamcontract.columns.reader import Writer
    from streamcontract.kafka.contract.framed import FramedDeserializer
    from streamcontract.kafka.message import SchemaId
    from streamcontract.schema import Schema
    from streamcontract.wire import RawHeaders

__all__ = ["Source", "Sources"]

_MOST_SOURCES: Final = 1000  # as many as a registry client keeps schemas


@attrs.frozen(eq=False)
class Source:
    """How the payloads after one frame are read.

    Attributes:
        schema_id: The id of their writer schema; None for tombstones.
        codec: The codec of the type that they are read as.
        writer: What reads them.
        start: How many bytes are before a payload.
        is_bare: Whether it is bytes without Avro's length before them.
    """

    schema_id: SchemaId | None
    codec: Codec[Any]
    writer: Writer
    start: int
    is_bare: bool = False

    def payload(self, data: bytes) -> bytes:
        """What the executor reads, which begins at ``start``."""
        if not self.is_bare:
            return data
        return data[: self.start] + long_bytes(len(data) - self.start) + data[self.start :]


class Sources:
    """The sources of a topic's values, or of its keys.

    Args:
        deserializer: Finds frames and their schemas.
        writer: What reads the payloads of a writer schema as a codec's type.
        is_key: Whether they are keys.

    Attributes:
        plain: The schema id and the source by frame, of payloads that need no second look.
    """

    def __init__(
        self,
        deserializer: FramedDeserializer[Any],
        writer: Callable[[Codec[Any], Schema], Writer],
        *,
        is_key: bool = False,
    ) -> None:
        self._deserializer = deserializer
        self._writer = writer
        self._is_key = is_key
        # Of a union, whose branch decides: the function that finds the source of a payload.
        self._known: dict[Hashable, Source | Callable[[bytes], Source]] = {}
        self.plain: dict[Hashable, tuple[SchemaId | None, Source]] = {}

    def of(self, data: bytes, headers: RawHeaders) -> Source:
        """The source of a value or a key.

        Raises:
            Exception: An error of ``FramedDeserializer.decoder``.
        """
        key = self._deserializer.key_of(data, headers, is_key=self._is_key)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._make(data, headers)
            if isinstance(found, Source) and not found.is_bare:
                self.plain[key] = found.schema_id, found
            while len(self._known) > _MOST_SOURCES:
                oldest = next(iter(self._known))
                del self._known[oldest]
                self.plain.pop(oldest, None)
        return found if isinstance(found, Source) else found(data)

    def _make(self, data: bytes, headers: RawHeaders) -> Source | Callable[[bytes], Source]:
        frame, writer = self._deserializer.written(data, headers, is_key=self._is_key)
        root = writer.root
        if isinstance(root, UnionType) and isinstance(self._deserializer, DispatchingDeserializer):
            return self._of_union(self._deserializer, frame.schema_id, root, frame.size)
        codec = self._deserializer.codec_for(root)
        reader = self._writer(codec, writer)
        return Source(frame.schema_id, codec, reader, frame.size, is_bytes(writer))

    def _of_union(
        self,
        deserializer: DispatchingDeserializer[Any],
        schema_id: SchemaId,
        union: UnionType,
        at: int,
    ) -> Callable[[bytes], Source]:
        branch_of = deserializer.branches(union, at)
        known: dict[tuple[int, int], Source] = {}

        def find(data: bytes) -> Source:
            codec, schema, start = branch_of(data)
            # The schema is kept by the function, so that its id stays its own.
            found = known.get((id(schema), start))
            if found is None:
                reader = self._writer(codec, schema)
                found = known[id(schema), start] = Source(schema_id, codec, reader, start)
            return found

        return find
