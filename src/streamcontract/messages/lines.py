"""Lines of JSON on their way to messages: read, checked and encoded, each with its faults."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Literal

import attrs

from streamcontract.errors import DataError, DataFault, EncodeError
from streamcontract.json_codec import JsonCodec
from streamcontract.json_codec.text import parse_text
from streamcontract.kafka.contract.keys import may_be_none
from streamcontract.messages.envelopes import MARK, TYPE, Envelope, is_envelope, read_envelope
from streamcontract.schema.model import AvroType, PrimitiveType, UnionType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamcontract.json_codec.leaves import Encoding
    from streamcontract.messages.keys import Keys
    from streamcontract.messages.spool import Row
    from streamcontract.messages.topics import TopicSchemas
    from streamcontract.schema import Schema
    from streamcontract.schema.model import JsonValue

__all__ = ["LineEncoder", "LineError", "LineKind", "source_of"]

LineKind = Literal["messages", "values"] | None
"""The kind of all lines: envelopes or values; None if each line shows its own."""

_NO_KEY: Final = "a tombstone deletes its key, so it has one"


@attrs.frozen
class LineError:
    """A line that is no message of the topic.

    Attributes:
        line: Its number, from 1.
        faults: Everything that is wrong in it.
    """

    line: int
    faults: tuple[DataFault, ...]

    def __str__(self) -> str:
        return "\n".join(f"line {self.line}: {fault}" for fault in self.faults)


class LineEncoder:
    """Makes messages of lines.

    Args:
        schemas: What the topic's messages are written with.
        encoding: The JSON encoding of the values.
        kind: What the lines are.
        headers: Headers for each message, after its own.

    Attributes:
        written_with: The ids of the schemas that the messages of envelopes were written with.
    """

    def __init__(
        self,
        schemas: TopicSchemas,
        encoding: Encoding = "plain",
        kind: LineKind = None,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        assert schemas.schema is not None  # noqa: S101 - writer_of() gives one
        self._codec: JsonCodec[Any] = JsonCodec(schemas.schema, encoding=encoding)
        self._keys: Keys = schemas.keys
        self._encoding = encoding
        self._kind = kind
        self._headers = tuple(headers)
        self._takes_null = _takes_null(schemas.schema)
        self.written_with: set[int | str] = set()
        self._needs_key = not may_be_none(schemas.keys.reading)

    def encode(self, number: int, text: bytes) -> Row | LineError:
        """The message in one line, or everything that is wrong with it.

        Args:
            number: The number of the line.
            text: The line, without its end.
        """
        try:
            document = parse_text(text.decode())
        except (ValueError, RecursionError) as error:
            return LineError(number, (DataFault("line", f"expected JSON: {_reason(error)}"),))
        envelope, faults = self._envelope(document)
        if envelope.schema_id is not None:
            self.written_with.add(envelope.schema_id)
        return self._row(number, envelope, [*faults])

    def _envelope(self, document: JsonValue) -> tuple[Envelope, tuple[DataFault, ...]]:
        if self._kind == "values" or (self._kind is None and not is_envelope(document)):
            return Envelope(document), ()
        if isinstance(document, dict):
            envelope, faults = read_envelope(document)
            if envelope.encoding is not None and envelope.encoding != self._encoding:
                # Bytes of the one encoding may be text of the other.
                other = f"the value is in another JSON encoding: give --json {envelope.encoding}"
                return Envelope(), (DataFault("value", other),)
            return envelope, faults
        expected = f'an object, the envelope of a message ({{"{TYPE}": "{MARK}", ...}})'
        return Envelope(), (DataFault("line", expected, document, has_value=True),)

    def _row(self, number: int, envelope: Envelope, faults: list[DataFault]) -> Row | LineError:
        payload = key = None
        if any(fault.path in {"line", "error", "value"} for fault in faults):
            return LineError(number, tuple(faults))  # there is no value to look at
        is_tombstone = envelope.is_tombstone or (
            envelope.value is None and envelope.has_key and not self._takes_null
        )
        try:
            payload = None if is_tombstone else self._codec.encode(envelope.value)
        except DataError as error:
            faults += error.faults
        try:
            key = self._key(envelope, is_tombstone=is_tombstone, is_sound=not faults)
        except DataError as error:
            faults += error.faults
        if faults:
            return LineError(number, tuple(faults))
        return number, payload, key, (*envelope.headers, *self._headers)

    def _key(self, envelope: Envelope, *, is_tombstone: bool, is_sound: bool) -> bytes | None:
        if envelope.has_key and envelope.key is not None:
            return self._keys.encode(envelope.key)
        if is_tombstone:
            raise EncodeError((DataFault("key", _NO_KEY),))
        if envelope.has_key:
            return self._keys.encode(None) if self._needs_key else None
        # Of a value that does not fit, the faults say more than its missing key.
        return self._keys.derive(envelope.value) if is_sound else None


def source_of(text: bytes) -> str | None:
    """The topic that the message in a line came from; None where the line does not say it."""
    try:
        document = parse_text(text.decode())
    except (ValueError, RecursionError):
        return None  # which is reported when the line is read
    topic = document.get("topic") if isinstance(document, dict) and is_envelope(document) else None
    return topic if isinstance(topic, str) else None


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deep"
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at column {error.colno}"  # its own words count lines in the line
    return str(error)


def _takes_null(schema: Schema) -> bool:
    root: AvroType = schema.root
    branches = root.branches if isinstance(root, UnionType) else (root,)
    return any(isinstance(each, PrimitiveType) and each.name == "null" for each in branches)
