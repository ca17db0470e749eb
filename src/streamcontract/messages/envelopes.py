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

    from streamcontract.json_codec.leaves import Encoding
    from streamcontract.kafka.message import Message
    from streamcontract.schema.model import JsonValue

    Headers = Sequence[tuple[str, bytes | None]]

__all__ = ["MARK", "TYPE", "Envelope", "envelope_line", "is_envelope", "read_envelope", "reason_of"]

TYPE: Final = "@type"
MARK: Final = "message"
_KEYS: Final = frozenset(
    {
        TYPE, "topic", "partition", "offset", "timestamp", "key", "headers", "schema_id", "value",
        "tombstone", "error", "payload", "json",
    }
)  # fmt: skip


def envelope_line(
    message: Message[Any, Any] | MessageDecodeError, encoding: Encoding = "plain"
) -> bytes:
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
    if encoding != "plain":
        document["json"] = encoding
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
        has_key: Whether it has a key.
        headers: The headers.
        is_tombstone: Whether it is marked as a tombstone, which deletes its key.
        schema_id: The id, or GUID, of the schema that it was written with, if it has one.
        encoding: The JSON encoding of the value, if it has one.
    """

    value: JsonValue = None
    key: JsonValue = None
    has_key: bool = False
    headers: Headers = ()
    is_tombstone: bool = False
    schema_id: int | str | None = None
    encoding: JsonValue = None


def is_envelope(document: JsonValue) -> bool:
    """Whether JSON is an envelope, and no value.

    Example:
        >>> is_envelope({"@type": "message", "value": 1}), is_envelope({"value": 1})
        (True, False)
    """
    return isinstance(document, dict) and document.get(TYPE) == MARK


def read_envelope(document: dict[str, JsonValue]) -> tuple[Envelope, tuple[DataFault, ...]]:
    """The message in an envelope, as far as it can be read, and everything that is wrong with it.

    Example:
        >>> read_envelope({"@type": "message", "key": "AAPL", "value": {"close": 1.5}})[0].key
        'AAPL'
    """
    if "error" in document:
        reason = "the message could not be read, so there is no value to send"
        return Envelope(), (DataFault("error", reason),)
    known = ", ".join(sorted(_KEYS))
    faults = [
        DataFault(name, f"an envelope has no such key; it has {known}")
        for name in document.keys() - _KEYS
    ]
    tombstone = document.get("tombstone", False)
    if not isinstance(tombstone, bool):
        faults.append(DataFault("tombstone", "true or false", tombstone, has_value=True))
    if "value" not in document:
        faults.append(DataFault("value", "an envelope has a value; null is that of a tombstone"))
    elif tombstone is True and document["value"] is not None:
        faults.append(DataFault("tombstone", "a tombstone has no value but null"))
    headers, of_headers = _read_headers(document.get("headers") or [])
    schema_id = document.get("schema_id")
    envelope = Envelope(
        document.get("value"),
        document.get("key"),
        "key" in document,
        headers,
        tombstone is True,
        schema_id if isinstance(schema_id, int | str) else None,
        document.get("json"),
    )
    return envelope, (*faults, *of_headers)


def _read_headers(headers: JsonValue) -> tuple[Headers, list[DataFault]]:
    if not isinstance(headers, list):
        expected = 'a list of {"name": ..., "value": ...}'
        return (), [DataFault("headers", expected, headers, has_value=True)]
    found: list[tuple[str, bytes | None]] = []
    faults: list[DataFault] = []
    for number, header in enumerate(headers):
        try:
            found.append(_read_header(f"headers[{number}]", header))
        except DecodeError as error:  # noqa: PERF203 - each header has its own faults
            faults += error.faults
    return found, faults


def _read_header(path: str, header: JsonValue) -> tuple[str, bytes | None]:
    if isinstance(header, dict) and header.keys() == {"name", "value"}:
        name, value = header["name"], header["value"]
        if isinstance(name, str):
            return name, None if value is None else bytes_from_json(value, f"{path}.value")
    expected = '{"name": ..., "value": ...}, the name a text'
    raise DecodeError((DataFault(path, expected, header, has_value=True),))
