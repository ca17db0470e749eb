"""Values of messages as JSON documents, and payloads that are encoded already.

Both are codecs, so that the typed clients read and write them as they do any value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.codec import Codec
from streamcontract.json_codec import JsonCodec
from streamcontract.json_codec.direct import is_direct
from streamcontract.messages.where import compile_where
from streamcontract.schema import parse_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.json_codec.leaves import Encoding
    from streamcontract.schema import Schema

__all__ = ["NOT_MATCHED", "DocumentCodec", "EncodedCodec", "Form", "WrittenCodec"]


class NotMatched:
    """The type of :data:`NOT_MATCHED`: a value for which the condition does not hold."""

    def __repr__(self) -> str:
        return "NOT_MATCHED"


NOT_MATCHED: Final = NotMatched()


@attrs.frozen
class Form:
    """How values are read.

    Attributes:
        encoding: The JSON encoding.
        where: The condition that they have to meet, or None.
    """

    encoding: Encoding = "plain"
    where: str | None = None


class DocumentCodec(Codec[Any]):
    """Decodes to what ``direct_text`` writes as JSON, or to :data:`NOT_MATCHED`.

    Args:
        schema: The reader schema.
        form: How values are read.

    Raises:
        WhereError: The condition does not fit the schema.
    """

    def __init__(self, schema: Schema, form: Form) -> None:
        super().__init__(schema, tag_unions=True)
        self._holds = None if form.where is None else compile_where(form.where, schema)
        is_plain = form.encoding == "plain"
        self._documents: Codec[Any] | JsonCodec[Any] = (
            Codec(schema)
            if is_plain and is_direct(schema)
            else JsonCodec(schema, encoding=form.encoding)
        )

    def decoder(self, writer: Schema | None = None, start: int = 0) -> Callable[[bytes], Any]:
        """The function that decodes the bytes after an offset."""
        decode: Callable[[bytes], Any] = self._documents.decoder(writer, start)
        holds = self._holds
        if holds is None:
            return decode
        named = super().decoder(writer, start)
        return lambda data: decode(data) if holds(named(data)) else NOT_MATCHED


class WrittenCodec(Codec[Any]):
    """Decodes each value with the schema it was written with.

    Args:
        form: How values are read.
    """

    def __init__(self, form: Form) -> None:
        super().__init__(parse_schema("null"))  # which no value is read as
        self._form = form

    def decoder(self, writer: Schema | None = None, start: int = 0) -> Callable[[bytes], Any]:
        """The function that decodes the bytes after an offset."""
        return DocumentCodec(self.schema if writer is None else writer, self._form).decoder(
            None, start
        )


class EncodedCodec(Codec[Any]):
    """Encodes what is encoded already: payloads, without their frames.

    Args:
        schema: The schema they were encoded with.
    """

    def encoder(self, prefix: bytes = b"") -> Callable[[Any], bytes]:
        """The function that puts a prefix before a payload."""
        return prefix.__add__
