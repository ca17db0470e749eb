"""Keys of messages, as plain bytes from the record's key field, or as Avro.

A key that is one field of the record is encoded as bytes that every tool shows and every client
partitions alike: text as UTF-8, whole numbers as decimal digits, bytes unchanged. A key with a
schema of its own is Avro, framed like a value.
"""

from __future__ import annotations

import json
from functools import partial
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn
from uuid import UUID

import attrs

from streamcontract.codec import Codec
from streamcontract.codec.varint import long_bytes
from streamcontract.errors import ConfigurationError, DataFault, DecodeError, EncodeError
from streamcontract.schema import Schema
from streamcontract.schema.inline import inlined
from streamcontract.schema.model import (
    EnumType,
    FixedType,
    PrimitiveType,
    RecordType,
    UnionType,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streamcontract.codec import Contract
    from streamcontract.schema.model import AvroType

__all__ = [
    "AvroKeyCodec",
    "KeyCodec",
    "as_is",
    "column_codec",
    "field_getter",
    "has_class",
    "key_codec",
    "keys_alike",
    "may_be_none",
    "raw_key_codec",
]

_BYTES: Final = PrimitiveType(name="bytes")
_INTEGER_BITS: Final = {"int": 32, "long": 64}
_SIZE_OF_UUID: Final = long_bytes(36)


@attrs.frozen
class KeyCodec:
    """The codec of one contract's keys.

    Attributes:
        expected: The type of keys, in words.
        send: Encodes a key that its record's codec has checked already.
        check: Encodes a key from the application, or raises EncodeError.
        read: Decodes the bytes of a consumed key, or raises DecodeError.
        read_plain: The same in less time, with errors of any type.
        kind: The class of the keys if that is a generated enum, else None.
        node: The Avro type of the keys; bytes where anything is a key.
    """

    expected: str
    send: Callable[[Any], str | bytes]
    check: Callable[[Any], str | bytes]
    read: Callable[[bytes], Any]
    read_plain: Callable[[bytes], Any] = attrs.Factory(lambda codec: codec.read, takes_self=True)
    kind: type | None = None
    node: AvroType = attrs.field(default=_BYTES, kw_only=True)


class AvroKeyCodec(Codec[Any]):
    """Keys with a schema of their own, as Avro, with the contract's classes if any."""

    unnamed: ClassVar[str] = "key"

    def __init__(self, contract: Contract) -> None:
        super().__init__(contract)
        self.types = contract.types


class _PlainKeyCodec(Codec[Any]):
    """Keys that are sent as plain bytes, as values of their Avro type."""

    unnamed: ClassVar[str] = "key"


def column_codec(key: KeyCodec | Codec[Any]) -> Codec[Any]:
    """The codec of a column of keys.

    Args:
        key: The codec of the contract's keys.
    """
    if isinstance(key, Codec):
        return key
    if key.node is _BYTES:
        return _PlainKeyCodec(["bytes", "string"])
    return _PlainKeyCodec(Schema(root=key.node, json=json.dumps(inlined(key.node))))


def has_class(codec: KeyCodec | Codec[Any], key: object) -> bool:
    """Whether keys have a class that was generated for the contract."""
    return isinstance(codec, AvroKeyCodec) and key.__class__ in codec.types.values()


def may_be_none(key: KeyCodec | Codec[Any]) -> bool:
    """Whether a record may be sent without a key, which the keys' schema has to allow."""
    if isinstance(key, KeyCodec):
        return True
    root = key.schema.root
    branches = root.branches if isinstance(root, UnionType) else (root,)
    return any(isinstance(each, PrimitiveType) and each.name == "null" for each in branches)


def field_getter(name: str, schema: Schema, record: type | None) -> Callable[[Any], Any]:
    """The function that takes the key field from a record.

    Args:
        name: The field's name in the schema.
        schema: A record schema with that field.
        record: The generated class, whose attributes are the fields in order; None for dicts.
    """
    if record is None:
        return itemgetter(name)
    position = [field.name for field in _fields(schema)].index(name)
    return attrgetter(attrs.fields(record)[position].name)


def key_codec(name: str, schema: Schema, types: Mapping[str, type]) -> KeyCodec:
    """The codec of the field ``name`` as a key.

    Args:
        name: The field's name in the schema.
        schema: The record's schema.
        types: Generated classes by full name, for a key that is an enum.

    Raises:
        ConfigurationError: There is no such field, or its type has no plain bytes and needs a key
        schema.
    """
    fields = {field.name: field.type for field in _fields(schema)}
    if name not in fields:
        raise ConfigurationError(
            f"the key field {name!r} is not a field of {schema.name or 'the schema'}, which has "
            f"{', '.join(map(repr, fields)) or 'none'}"
        )
    codec = _codec_for(fields[name], types)
    if codec is None:
        raise ConfigurationError(
            f"the key field {name!r} of {schema.name} cannot be sent as plain bytes: that takes a "
            f"string, enum, uuid, bytes, fixed, int or long, not null and without another logical "
            f"type; give the contract a key_schema instead, and the key is sent as Avro"
        )
    return codec


def raw_key_codec() -> KeyCodec:
    """Keys of a contract without one: str or bytes to send, bytes when read."""

    def check(key: object) -> str | bytes:
        return key if isinstance(key, bytes) else _check_text("a str or bytes", key)

    return KeyCodec("a str or bytes", check, check, as_is)


def keys_alike(one: KeyCodec | Codec[Any], other: KeyCodec | Codec[Any]) -> bool:
    """Whether the same bytes are the same key for both."""
    if isinstance(one, KeyCodec) or isinstance(other, KeyCodec):
        # An enum's codec reads members of its own class, so that equal words are not enough.
        return (
            isinstance(one, KeyCodec)
            and isinstance(other, KeyCodec)
            and (one.expected, one.kind) == (other.expected, other.kind)
        )
    if one.schema.canonical_form != other.schema.canonical_form:
        return False
    from streamcontract.diff import logical_type_changes  # noqa: PLC0415 - few topics need it

    return not logical_type_changes(one.schema, other.schema)


def _fields(schema: Schema) -> tuple[Any, ...]:
    return schema.root.fields if isinstance(schema.root, RecordType) else ()


def _codec_for(node: AvroType, types: Mapping[str, type]) -> KeyCodec | None:
    match node:
        case PrimitiveType(name="string", logical=None):
            return _text_codec(node)
        case PrimitiveType(name="string", logical=logical) | FixedType(logical=logical) if (
            logical is not None and logical.name == "uuid"
        ):
            return _uuid_codec(node)
        case PrimitiveType(name="int" | "long", logical=None):
            return _integer_codec(node)
        case PrimitiveType(name="bytes", logical=None):
            return _bytes_codec(node, None)
        case FixedType(logical=None):
            return _bytes_codec(node, node.size)
        case EnumType():
            return _enum_codec(node, types.get(node.full_name))
    return None


def _text_codec(node: AvroType) -> KeyCodec:
    return KeyCodec(
        "a str", as_is, partial(_check_text, "a str"), _read_text, bytes.decode, node=node
    )


def _check_text(expected: str, key: object) -> str:
    if not isinstance(key, str):
        _refuse(expected, key)
    try:
        str.encode(key)
    except UnicodeEncodeError:
        _refuse("a str that UTF-8 can encode (no lone surrogates)", key)
    return str.__str__(key)


def _uuid_codec(node: AvroType) -> KeyCodec:
    def check(key: object) -> str:
        return str(key) if isinstance(key, UUID) else _refuse("a uuid.UUID", key)

    def read(data: bytes) -> UUID:
        text = _read_text(data)
        try:
            return UUID(text)
        except ValueError:
            _reject("the text of a UUID", data)

    # With its length before it the text is Avro, and the codec is faster than UUID().
    decode = Codec({"type": "string", "logicalType": "uuid"}).decoder()

    def read_plain(data: bytes) -> Any:
        return decode(_SIZE_OF_UUID + data)

    return KeyCodec("a uuid.UUID", str, check, read, read_plain, node=node)


def _integer_codec(node: PrimitiveType) -> KeyCodec:
    bits = _INTEGER_BITS[node.name]
    bound = 1 << (bits - 1)
    expected = f"an int from -2**{bits - 1} to 2**{bits - 1} - 1"

    def check(key: object) -> str:
        if key.__class__ is int and -bound <= key < bound:
            return str(key)
        _refuse(expected, key)

    def read(data: bytes) -> int:
        text = _read_text(data)
        # int() takes blanks, underscores and other scripts' digits; str() writes none of them.
        number = int(text) if text.lstrip("-").isdigit() and len(text) < 21 else bound
        if not -bound <= number < bound or str(number) != text:
            _reject(f"the decimal digits of {expected}", data)
        return number

    return KeyCodec(expected, str, check, read, node=node)


def _bytes_codec(node: AvroType, size: int | None) -> KeyCodec:
    expected = "bytes" if size is None else f"{size} bytes"

    def check(key: object) -> bytes:
        if isinstance(key, bytes) and size in {None, len(key)}:
            return key
        _refuse(expected, key)

    def read(data: bytes) -> bytes:
        return data if size in {None, len(data)} else _reject(expected, data)

    return KeyCodec(expected, as_is, check, read, node=node)


def _enum_codec(node: EnumType, enum: type | None) -> KeyCodec:
    """Symbols as text; an unknown symbol becomes the enum's default, as in Avro."""
    members: dict[str, Any] = {
        symbol: symbol if enum is None else enum(symbol) for symbol in node.symbols
    }
    expected = f"a symbol of {node.full_name}" if enum is None else f"a member of {enum.__name__}"

    def send(key: Any) -> str:
        symbol: str = key if enum is None else key.value
        return symbol

    def check(key: Any) -> str:
        known = key in node.symbols if enum is None else isinstance(key, enum)
        return send(key) if known else _refuse(expected, key)

    def read(data: bytes) -> Any:
        symbol = _read_text(data)
        if symbol not in members and node.default is None:
            _reject(f"a symbol of {node.full_name}", data)
        return members.get(symbol) or members[str(node.default)]

    return KeyCodec(expected, send, check, read, kind=enum, node=node)


def as_is(key: Any) -> Any:
    """The key itself."""
    return key


def _read_text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        _reject("UTF-8 text", data)


def _refuse(expected: str, key: object) -> NoReturn:
    raise EncodeError((DataFault("key", expected, key, has_value=True),))


def _reject(expected: str, data: bytes) -> NoReturn:
    raise DecodeError((DataFault("key", expected, data, has_value=True),))
