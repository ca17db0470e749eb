"""Keys of messages as JSON: text, whole numbers, or what the key's own schema has.

Bytes are a text where they are UTF-8, else an object ``{"base64": ...}``; so are the values of
headers.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import attrs

from streamcontract.codec import Codec
from streamcontract.codec.refusal import REFUSALS
from streamcontract.errors import ConfigurationError, DataFault, DecodeError
from streamcontract.json_codec import JsonCodec
from streamcontract.json_codec.leaves import leaf_of, plain_leaf
from streamcontract.json_codec.text import parse_text
from streamcontract.kafka.contract.keys import KeyCodec, key_codec
from streamcontract.messages.values import DocumentCodec, EncodedCodec, Form
from streamcontract.schema.model import FixedType, PrimitiveType, RecordType

if TYPE_CHECKING:
    from streamcontract.json_codec.leaves import Encoding
    from streamcontract.schema import Schema
    from streamcontract.schema.model import JsonValue

__all__ = [
    "BASE64",
    "FieldKeys",
    "Keys",
    "RawKeys",
    "SchemaKeys",
    "WantedKey",
    "bytes_as_json",
    "bytes_from_json",
]

BASE64 = "base64"
"""The key of an object that is bytes."""


def bytes_as_json(data: bytes) -> JsonValue:
    """Bytes as JSON.

    Example:
        >>> bytes_as_json(b"AAPL"), bytes_as_json(bytes([255]))
        ('AAPL', {'base64': '/w=='})
    """
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {BASE64: base64.b64encode(data).decode()}


def bytes_from_json(json: JsonValue, path: str) -> bytes:
    """The bytes that JSON stands for.

    Args:
        json: A text, or an object with the key ``base64``.
        path: What to call them in errors.

    Raises:
        DecodeError: It is neither.
    """
    try:
        if isinstance(json, str):
            return json.encode()
        if isinstance(json, dict) and json.keys() == {BASE64}:
            return base64.b64decode(str(json[BASE64]), validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        pass  # refused below
    raise _refused(path, 'text, or bytes as {"base64": "..."}', json)


def _refused(path: str, expected: str, json: JsonValue) -> DecodeError:
    return DecodeError((DataFault(path, expected, json, has_value=True),))


@attrs.frozen
class WantedKey:
    """A key that messages are to have.

    Attributes:
        shown: What consumed keys are compared with.
        data: Its bytes, without a frame.
        has_frame: Whether it is sent after a frame.
    """

    shown: Any
    data: bytes
    has_frame: bool = False

    def is_sent_as(self, data: str | bytes | None) -> bool:
        """Whether the bytes of a key, of a message that cannot be read, are those of this one."""
        if data is None:
            return False
        found = data.encode() if isinstance(data, str) else data
        # Where a frame ends depends on the wire format; what follows it does not.
        return found.endswith(self.data) if self.has_frame else found == self.data


class Keys(Protocol):
    """The keys of one topic."""

    reading: KeyCodec | Codec[Any]
    """Makes JSON of consumed keys."""

    writing: KeyCodec | Codec[Any]
    """Sends what :meth:`encode` gives."""

    def encode(self, json: JsonValue) -> bytes:
        """A key as it is sent, without its frame.

        Raises:
            DataError: It is no key of this topic.
        """

    def derive(self, document: JsonValue) -> bytes | None:
        """The key that a value has in itself, None where it has none; of a value that fits.

        Raises:
            DataError: There is none to take.
        """

    def parse(self, text: str) -> WantedKey:
        """The key that is meant by an argument of the command line.

        Raises:
            ConfigurationError: It is no key of this topic.
        """


def _as_is(key: Any) -> Any:
    return key


def _plain(
    expected: str, read: Callable[[bytes], Any], read_plain: Callable[[bytes], Any]
) -> KeyCodec:
    return KeyCodec(expected, _as_is, _as_is, read, read_plain)


class RawKeys:
    """Keys without a contract: text or bytes."""

    def __init__(self) -> None:
        self.reading: KeyCodec | Codec[Any] = _plain("a key", bytes_as_json, bytes.decode)
        self.writing: KeyCodec | Codec[Any] = self.reading

    def encode(self, json: JsonValue) -> bytes:
        """See :class:`Keys`."""
        return bytes_from_json(json, "key")

    def derive(self, document: JsonValue) -> bytes | None:
        """See :class:`Keys`."""
        del document
        return None

    def parse(self, text: str) -> WantedKey:
        """See :class:`Keys`."""
        return WantedKey(text, text.encode())


class FieldKeys:
    """Keys that are a field of the value, as plain bytes.

    Args:
        field: The field's name.
        schema: The schema of the values.
        encoding: How values are written as JSON.

    Attributes:
        field: The field's name.

    Raises:
        ConfigurationError: There is no such field, or its type has no plain bytes.
    """

    def __init__(self, field: str, schema: Schema, encoding: Encoding = "plain") -> None:
        self.field = field
        self._codec = key_codec(field, schema, {})
        root = schema.root
        fields = root.fields if isinstance(root, RecordType) else ()
        node: Any = next(each.type for each in fields if each.name == field)  # a leaf
        self._is_bytes = _is_bytes(node)
        self._of_key = plain_leaf(node).read
        self._of_field = leaf_of(node, encoding).read
        self.reading: KeyCodec | Codec[Any] = self._codec
        if self._is_bytes or self._of_key is not None:  # a UUID
            self.reading = _plain(self._codec.expected, self._read, self._read)
        self.writing: KeyCodec | Codec[Any] = RawKeys().writing

    def _read(self, data: bytes) -> JsonValue:
        key: Any = self._codec.read(data)
        if isinstance(key, bytes):
            return bytes_as_json(key)
        return str(key) if isinstance(key, UUID) else key

    def encode(self, json: JsonValue) -> bytes:
        """See :class:`Keys`."""
        if self._is_bytes:
            return self._sent(bytes_from_json(json, "key"))
        return self._sent(self._value(json, self._of_key))

    def _value(self, json: JsonValue, read: Callable[[JsonValue], Any] | None) -> Any:
        if read is None:
            return json
        try:
            return read(json)
        except REFUSALS:
            raise _refused("key", self._codec.expected, json) from None

    def _sent(self, key: Any) -> bytes:
        sent = self._codec.check(key)
        return sent.encode() if isinstance(sent, str) else sent

    def derive(self, document: JsonValue) -> bytes | None:
        """See :class:`Keys`."""
        if not isinstance(document, dict) or self.field not in document:
            expected = f"the field {self.field!r} is left out, and its default is no key"
            raise DecodeError((DataFault("key", f"{expected}: give it a value, or a key"),))
        return self._sent(self._value(document[self.field], self._of_field))

    def parse(self, text: str) -> WantedKey:
        """See :class:`Keys`."""
        try:
            return WantedKey(self._read(text.encode()), text.encode())
        except DecodeError as error:
            raise ConfigurationError(f"--key: {error}") from None


class SchemaKeys:
    """Keys with a schema of their own, as framed Avro.

    Args:
        schema: The schema.
        form: How they are read; a condition does not count.
    """

    def __init__(self, schema: Schema, form: Form) -> None:
        form = Form(form.encoding)
        self._documents = DocumentCodec(schema, form)
        self.reading: KeyCodec | Codec[Any] = self._documents
        self.writing: KeyCodec | Codec[Any] = EncodedCodec(schema)
        self._json: JsonCodec[Any] = JsonCodec(schema, encoding=form.encoding)

    def encode(self, json: JsonValue) -> bytes:
        """See :class:`Keys`."""
        return self._json.encode(json)

    def derive(self, document: JsonValue) -> bytes | None:
        """See :class:`Keys`."""
        del document
        expected = "the contract's key has a schema of its own: give it with the message"
        raise DecodeError((DataFault("key", expected),))

    def parse(self, text: str) -> WantedKey:
        """See :class:`Keys`."""
        try:
            wanted = parse_text(text)
        except ValueError:
            wanted = text  # a text needs no quotes of JSON around those of the shell
        try:
            data = self.encode(wanted)
        except DecodeError as error:
            raise ConfigurationError(f"--key: {error}") from None
        return WantedKey(self._documents.decode(data), data, has_frame=True)


def _is_bytes(node: object) -> bool:
    is_raw = isinstance(node, PrimitiveType) and node.name == "bytes"
    return is_raw or (isinstance(node, FixedType) and node.logical is None)
