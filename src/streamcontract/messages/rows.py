"""Rows of messages for a table: where each is, its key and headers, and its value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from streamcontract.json_codec.direct import direct_text
from streamcontract.kafka.errors import MessageDecodeError
from streamcontract.kafka.message import to_datetime
from streamcontract.messages.envelopes import reason_of
from streamcontract.messages.keys import bytes_as_json
from streamcontract.schema.model import RecordType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamcontract.kafka.message import Message
    from streamcontract.schema import Schema

__all__ = ["RIGHT", "MessageRows"]

_PLACE: Final = ("partition", "offset", "timestamp", "schema", "key", "headers")
RIGHT: Final = frozenset({"partition", "offset", "schema"})
_MOST_SHOWN: Final = 48
"""Bytes of a payload that cannot be read which are shown; the JSON has all of them."""


class MessageRows:
    """Makes rows of messages.

    Args:
        schema: The schema of the values; None where they have several.
        width: Columns of the terminal: where it has room for them, each field has its own.
    """

    def __init__(self, schema: Schema | None, width: int) -> None:
        root = None if schema is None else schema.root
        self._fields = (
            tuple(field.name for field in root.fields) if isinstance(root, RecordType) else ()
        )
        self._width = width
        self.columns = (*_PLACE, *(self._fields or ("value",)))

    def fits(self, rows: Sequence[Sequence[str]]) -> bool:
        """Whether rows fit the terminal; if not, the value has one column from here on."""
        whole = (row for row in rows if len(row) == len(self.columns))
        columns = zip(self.columns, *whole, strict=True)
        needed = sum(max(map(len, column)) + 2 for column in columns)
        if needed <= self._width or not self._fields:
            return True
        self._fields = ()
        self.columns = (*_PLACE, "value")
        return False

    def row(self, message: Message[Any, Any] | MessageDecodeError) -> list[str]:
        """The cells of one message."""
        if isinstance(message, MessageDecodeError):
            return [*_poison_place(message), _poison(message)]
        value = message.value
        place = [
            str(message.partition),
            str(message.offset),
            _time(message.timestamp_ms),
            "-" if message.schema_id is None else str(message.schema_id),
            _cell(message.key),
            _headers(message.headers),
        ]
        if message.schema_id is None:
            return [*place, "tombstone"]
        if self._fields and isinstance(value, dict):
            return [*place, *(_cell(value[name]) for name in self._fields)]
        return [*place, _cell(value)]


def _time(milliseconds: int | None) -> str:
    if milliseconds is None:
        return "-"
    try:
        return f"{to_datetime(milliseconds).isoformat(timespec='milliseconds')[:-6]}Z"
    except OverflowError:  # beyond what a datetime holds
        return f"{milliseconds} ms"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else direct_text(value).decode().strip('"')


def _headers(headers: Any) -> str:
    return " ".join(
        f"{name}={'-' if value is None else _cell(bytes_as_json(value))}" for name, value in headers
    )


def _poison_place(error: MessageDecodeError) -> list[str]:
    raw = error.raw
    kind, milliseconds = raw.timestamp()
    key: Any = raw.key()
    return [
        str(error.partition),
        str(error.offset),
        _time(milliseconds if kind else None),
        "-" if error.schema_id is None else str(error.schema_id),
        "-" if key is None else _cell(bytes_as_json(key)),
        _headers(raw.headers() or ()),
    ]


def _poison(error: MessageDecodeError) -> str:
    payload: Any = error.raw.value() or b""
    more = f"... ({len(payload)} bytes)" if len(payload) > _MOST_SHOWN else ""
    return f"cannot be read: {reason_of(error)}; payload {payload[:_MOST_SHOWN].hex(' ')}{more}"
