"""Envelopes: a message as one JSON object on one line, and the message in such a line.

The key ``@type`` with the value ``"message"`` makes an object an envelope. No field of a record has
such a name (Avro's names have letters, digits and underscores), so a value is never taken for one.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.errors import DataError, DataFault, DecodeError
from streamcontract.json_codec.direct import direct_text
from streamcontract.kafka.errors import MessageDecodeError
from streamcontract.messages.keys import bytes_as_json, bytes_from_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamcontract.kafka.message import Message
    from streamcontract.schema.model import JsonValue

    Headers = Sequence[tuple[str, bytes | None]]

__all__ = ["MARK", "TYPE", "Envelope", "envelope_line", "is_envelope", "read_envelope", "reason_of"]

TYPE: Final = "@type"
MARK: Final = "message"
_KEYS: Final = frozenset(
    {
        TYPE, "topic", "partition", "offset", "timestamp", "key", "headers", "schema_id", "value",
        "tombstone", "error", "payload",
    }
)  # fmt: skip


def envelope_line(message: Message[Any, Any] | MessageDecodeError) -> bytes:
    """The envelope of a message whose value is a document, or of one that cannot be read."""
    if isinstance(message, MessageDecodeError):
        return direct_text(_poison(message))
    key, headers, value = message.key, message.headers, message.value
    schema_id, timestamp = message.schema_id, message.timestamp_ms
    document = {
        TYPE: MARK,
        "topic": message.topic,
        "partition": message.partition,
        "offset": message.offset,
        "timestamp": timestamp,
        "key": key,
        "headers": _headers(headers) if headers else [],
        "schema_id": schema_id,
        "value": value,
    }
    if schema_id is None:
        document["tombstone"] = True
        return direct_text(document)
    return direct_text(document, (key is None) + (timestamp is None))


def _headers(headers: Headers) -> list[dict[str, JsonValue]]:
    return [
        {"name": name, "value": None if value is None else bytes_as_json(value)}
        for name, value in headers
    ]


def _poison(error: MessageDecodeError) -> dict[str, Any]:
    raw = error.raw
    kind, milliseconds = raw.timestamp()
    payload, key = raw.value(), raw.key()
    headers: Any = raw.headers() or ()
    return {
        TYPE: MARK,
        "topic": error.topic,
        "partition": error.partition,
        "offset": error.offset,
        "timestamp": milliseconds if kind else None,
        "key": None if key is None else bytes_as_json(_bytes(key)),
        "headers": _headers(headers),
        "schema_id": error.schema_id,
        "error": {
            "reason": reason_of(error),
            "path": error.reason.path if isinstance(error.reason, DataError) else None,
        },
        "payload": None if payload is None else base64.b64encode(_bytes(payload)).decode(),
    }


def _bytes(part: str | bytes) -> bytes:
    return part.encode() if isinstance(part, str) else part


def reason_of(error: MessageDecodeError) -> str:
    """Why a message cannot be read, on one line."""
    return " ".join(str(error.reason).split())


@attrs.frozen
class Envelope:
    """A message to send, as JSON has it.

    Attributes:
        value: The value.
        key: The key, or None.
        has_key: Whether it says what the key is.
        headers: The headers.
        is_tombstone: Whether it says that it deletes its key.
    """

    value: JsonValue = None
    key: JsonValue = None
    has_key: bool = False
    headers: Headers = ()
    is_tombstone: bool = False


def is_envelope(document: JsonValue) -> bool:
    """Whether JSON is an envelope, and no value.

    Example:
        >>> is_envelope({"@type": "message", "value": 1}), is_envelope({"value": 1})
        (True, False)
    """
    return isinstance(document, dict) and document.get(TYPE) == MARK


def read_envelope(document: dict[str, JsonValue]) -> Envelope:
    """The message in an envelope.

    Raises:
        DecodeError: It is none, or one of a message that could not be read.

    Example:
        >>> read_envelope({"@type": "message", "key": "AAPL", "value": {"close": 1.5}}).key
        'AAPL'
    """
    if "error" in document:
        raise _wrong("error", "the message could not be read, so there is no value to send")
    for name in document.keys() - _KEYS:
        raise _wrong(name, f"an envelope has no such key; it has {', '.join(sorted(_KEYS))}")
    tombstone = document.get("tombstone", False)
    if not isinstance(tombstone, bool):
        raise _wrong("tombstone", "expected true or false")
    if "value" not in document:
        raise _wrong("value", "an envelope without a value; null is that of a tombstone")
    if tombstone and document["value"] is not None:
        raise _wrong("tombstone", "a tombstone has no value but null")
    return Envelope(
        document["value"],
        document.get("key"),
        "key" in document,
        _read_headers(document.get("headers") or []),
        tombstone,
    )


def _read_headers(headers: JsonValue) -> Headers:
    if not isinstance(headers, list):
        raise _wrong("headers", 'expected a list of {"name": ..., "value": ...}')
    return [_read_header(number, each) for number, each in enumerate(headers)]


def _read_header(number: int, header: JsonValue) -> tuple[str, bytes | None]:
    path = f"headers[{number}]"
    if not isinstance(header, dict) or header.keys() != {"name", "value"}:
        raise _wrong(path, 'expected {"name": ..., "value": ...}')
    name, value = header["name"], header["value"]
    if not isinstance(name, str):
        raise _wrong(f"{path}.name", "expected text")
    return name, None if value is None else bytes_from_json(value, f"{path}.value")


def _wrong(path: str, reason: str) -> DecodeError:
    return DecodeError((DataFault(path, reason),))
