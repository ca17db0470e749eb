"""Messages that tell everything about themselves, and twelve ways in which they are poison."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract import Codec, Contract, parse_schema
from streamcontract.wire import frame

if TYPE_CHECKING:
    from streamcontract import Schema, SchemaRegistry

__all__ = [
    "AFTER",
    "BEFORE",
    "GOOD",
    "KINDS",
    "Kind",
    "Message",
    "Poisoner",
    "good_record",
    "kind_of",
]

EVERY: Final = 10
"""One message of so many is poison."""

_FIRST_TIMESTAMP: Final = 1_700_000_000_000


def _schema(name: str = "Reading", **types: Any) -> str:
    fields = [{"name": field, "type": kind} for field, kind in types.items()]
    return json.dumps({"type": "record", "name": name, "fields": fields})


def _enum(*symbols: str) -> dict[str, Any]:
    return {"type": "enum", "name": "Unit", "symbols": symbols}


@attrs.frozen
class Message:
    """One message, good or bad.

    Attributes:
        value: Its value.
        key: Its key.
        headers: Its headers.
        timestamp: Milliseconds since the epoch.
        kind: In which way it is poison, or None.
    """

    value: bytes | None
    key: bytes | None
    headers: list[Any]
    timestamp: int
    kind: Kind | None = None

    @property
    def bytes(self) -> tuple[Any, ...]:
        """Everything that has to stay as it is."""
        return self.value, self.key, self.headers, self.timestamp


@attrs.frozen
class Kind:
    """A way to be poison.

    Attributes:
        name: What is wrong.
        make: The value of the message with that number.
        is_fixable: Whether a wider contract, or a schema registered late, can mend it.
    """

    name: str
    make: Callable[[Poisoner, int], bytes]
    is_fixable: bool = attrs.field(kw_only=True)


def kind_of(number: int) -> Kind | None:
    """In which way the message of a number is poison; None for a good one."""
    return KINDS[number // EVERY % len(KINDS)] if number % EVERY == 0 else None


class Poisoner:
    """Makes the messages of one topic.

    Args:
        registry: The registry, in which the schemas are registered; nobody else registers there
            meanwhile.
        topic: The topic.
    """

    def __init__(self, registry: SchemaRegistry, topic: str) -> None:
        self._registry = registry
        self._topic = topic
        # Each under a subject of its own: no registry would take them as versions of one.
        self._writers: dict[str, tuple[int, Codec[Any]]] = {}
        for name, text in _WRITERS.items():
            schema = parse_schema(text)
            self._writers[name] = self._register(name, schema), Codec(schema)
        self._late: Codec[Any] = Codec(parse_schema(_LATE))
        # Registries count: what is registered next gets the next number.
        self._late_id = max(schema_id for schema_id, _ in self._writers.values()) + 1

    def message(self, number: int) -> Message:
        """The message of a number; every byte of it follows from the number."""
        kind = kind_of(number)
        value = self.framed("good", number) if kind is None else kind.make(self, number)
        headers: list[Any] = [("number", str(number).encode())]
        if number % 3 == 0:
            headers += [("number", None), ("trace", b""), ("trace", b"\x00\xff")]
        return Message(value, str(number).encode(), headers, _FIRST_TIMESTAMP + number, kind)

    def framed(self, writer: str, number: int, **other: Any) -> bytes:
        """A framed record of that number, in one of the schemas."""
        schema_id, codec = self._writers[writer]
        record = {**good_record(number), **other}
        if writer == "no note":
            del record["note"]
        return frame(schema_id, codec.encode(record))

    def unknown(self, number: int) -> bytes:
        """A good record, under an id that is not registered yet."""
        return frame(self._late_id, self._late.encode({**good_record(number), "source": "late"}))

    def register_late(self) -> None:
        """Register the schema that was missing."""
        schema_id = self._register("late", self._late.schema)
        if schema_id != self._late_id:
            raise RuntimeError(f"the late schema has id {schema_id}, and not {self._late_id}")

    def _register(self, name: str, schema: Schema) -> int:
        return self._registry.register(f"{self._topic}-poison-{name}", schema)


def good_record(number: int) -> dict[str, Any]:
    """The record of a number, as a good message has it."""
    return {"id": number, "unit": "K", "value": number, "note": f"reading {number}"}


_PLAIN: Final[dict[str, Any]] = {
    "id": "long",
    "unit": _enum("K", "C"),
    "value": "int",
    "note": "string",
}
GOOD: Final = _schema(**_PLAIN)
"""The schema of good messages."""

_WRITERS: Final = {
    "good": GOOD,
    "text": _schema(**{**_PLAIN, "value": "string"}),
    "wide": _schema(**{**_PLAIN, "value": "long"}),
    "unit": _schema(**{**_PLAIN, "unit": _enum("K", "F")}),
    "renamed": _schema("Measurement", **_PLAIN),
    "no note": _schema(**{name: _PLAIN[name] for name in ("id", "unit", "value")}),
}
_LATE: Final = _schema(**_PLAIN, source="string")
BEFORE: Final = Contract(GOOD, key="id")
"""The contract before the fix."""

AFTER: Final = Contract(
    json.dumps(
        {
            "type": "record",
            "name": "Reading",
            "aliases": ["Measurement"],
            "fields": [
                {"name": "id", "type": "long"},
                {"name": "unit", "type": _enum("K", "C", "F")},
                {"name": "value", "type": ["int", "long", "string"]},
                {"name": "note", "type": "string", "default": ""},
            ],
        }
    ),
    key="id",
)
"""The contract after the fix: wider in everything that can be mended by it."""

KINDS: Final = (
    Kind("schema id not registered", lambda make, n: make.unknown(n), is_fixable=True),
    Kind("text, no number", lambda make, n: make.framed("text", n, value=str(n)), is_fixable=True),
    Kind("64 bits for 32", lambda make, n: make.framed("wide", n, value=n << 32), is_fixable=True),
    Kind("unknown enum symbol", lambda make, n: make.framed("unit", n, unit="F"), is_fixable=True),
    Kind("another name", lambda make, n: make.framed("renamed", n), is_fixable=True),
    Kind("missing field", lambda make, n: make.framed("no note", n), is_fixable=True),
    Kind("JSON", lambda _, n: json.dumps(good_record(n)).encode(), is_fixable=False),
    Kind("nothing", lambda _, __: b"", is_fixable=False),
    Kind("cut in the frame", lambda make, n: make.framed("good", n)[:3], is_fixable=False),
    Kind("cut in the payload", lambda make, n: make.framed("good", n)[:-2], is_fixable=False),
    Kind("more behind it", lambda make, n: make.framed("good", n) + b"\x00", is_fixable=False),
    Kind("no UTF-8", lambda make, n: make.framed("good", n)[:-1] + b"\xff", is_fixable=False),
)
"""All of them."""
