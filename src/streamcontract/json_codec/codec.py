"""JSON codec: values to JSON and back, by the rules of the binary codec."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, overload

from streamcontract._lazy import Later
from streamcontract.codec import Codec, Limits
from streamcontract.codec.limits import DEFAULT_LIMITS
from streamcontract.codec.refusal import data_fault
from streamcontract.errors import ArgumentError, DataFault, DecodeError, EncodeError
from streamcontract.json_codec.faults import JsonFault, in_json
from streamcontract.json_codec.leaves import Encoding
from streamcontract.json_codec.reader import Read, compile_reader
from streamcontract.json_codec.text import parse_text, to_text
from streamcontract.json_codec.writer import compile_writer
from streamcontract.schema.model import JsonValue
from streamcontract.schema.schema import Schema

if TYPE_CHECKING:
    from streamcontract.codec import types
else:
    types = Later("streamcontract.codec.types")

__all__ = ["JsonCodec"]

T = TypeVar("T")


class JsonCodec(Generic[T]):
    """Writes the values of one schema as JSON and reads them back, strictly and without loss.

    A value passes through Avro's binary encoding: a value that a ``Codec`` of the schema refuses is
    refused here with the same paths, and a ``float`` field is rounded to its 32 bits.

    The encodings:

    - ``"plain"``: common JSON. Times are text in the form of RFC 3339, decimals and UUIDs text,
    bytes text in base64, enums their symbol. A value of a union is written as it is if its
    JSON type determines the branch, else as an object with one key, the branch's name.
    - ``"avro"``: the specification's ("JSON Encoding", Avro 1.12). Every branch but null is an
      object with one key; logical types are their base types; bytes are text of the code points
      0 to 255.

    In both, ``NaN``, ``Infinity`` and ``-Infinity`` are text. A field that is left out is read as
    its default; a name that is no field's is refused.

    Args:
        schema: A record class that ``streamcontract generate`` made, or any schema that ``Codec``
            takes.
        encoding: ``"plain"`` or ``"avro"``.
        tag_unions: Read the value of a union as ``(branch's full name, value)``.
        limits: Limits on data that a few bytes can make large.

    Raises:
        ArgumentError: There is no such encoding.
        Exception: As ``Codec`` does.

    Example:
        >>> from streamcontract import Stock
        >>> codec = JsonCodec(Stock)
        >>> bar = codec.loads('''{"symbol": "AAPL", "date": "2024-05-17", "open": 189.5,
        ...     "high": 190.8, "low": 189.2, "close": 189.9, "volume": 41282900}''')
        >>> bar.date
        datetime.date(2024, 5, 17)
        >>> codec.dump(bar)["date"]
        '2024-05-17'
        >>> codec.load({**codec.dump(bar), "symbol": 1})
        Traceback (most recent call last):
            ...
        streamcontract.errors.DecodeError: Stock.symbol: expected a string, found 1
    """

    schema: Schema

    @overload
    def __init__(
        self: JsonCodec[Any],
        schema: types.SchemaLike,
        *,
        encoding: Encoding = ...,
        tag_unions: bool = ...,
        limits: Limits = ...,
    ) -> None: ...
    @overload
    def __init__(
        self,
        schema: type[T],
        *,
        encoding: Encoding = ...,
        tag_unions: bool = ...,
        limits: Limits = ...,
    ) -> None: ...

    def __init__(
        self,
        schema: types.SchemaLike | type[T],
        *,
        encoding: Encoding = "plain",
        tag_unions: bool = False,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        if encoding not in get_args(Encoding):
            known = " or ".join(map(repr, get_args(Encoding)))
            raise ArgumentError("encoding", encoding, known)
        self._options = {"encoding": encoding, "tag_unions": tag_unions, "limits": limits}
        self._encoding: Encoding = encoding
        self._typed: Codec[Any] = Codec(schema, tag_unions=tag_unions, limits=limits)
        self.schema = self._typed.schema
        # Of plain values with the branch of each union, so that no branch has to be chosen.
        self._named: Codec[Any] = Codec(self.schema, tag_unions=True, limits=limits)
        self._write = compile_writer(self.schema.root, encoding)
        self._read = compile_reader(self.schema.root, encoding)

    def __repr__(self) -> str:
        return f"<JsonCodec of {self.schema!r}>"

    def __reduce__(self) -> Any:
        """Copies and pickles have the arguments, and compile for themselves."""
        again = partial(type(self), **self._options)
        return again, (self._typed.record or self.schema,)

    def dump(self, value: T) -> JsonValue:
        """The JSON of a value, in the types that ``json.loads`` returns.

        Raises:
            EncodeError: The value does not fit the schema; the error names every fault.
        """
        data = self._typed.encode(value)
        try:
            return self._write(self._named.decode(data))
        except DecodeError as error:  # such as nested too deep
            raise EncodeError(error.faults) from None
        except RecursionError as error:
            raise EncodeError((data_fault(self._root, error),)) from None

    def dumps(self, value: T) -> str:
        """The JSON of a value as text, on one line.

        Raises:
            EncodeError: The value does not fit the schema; the error names every fault.
        """
        document = self.dump(value)
        try:
            return to_text(document)
        except RecursionError as error:
            raise EncodeError((data_fault(self._root, error),)) from None

    def load(self, document: JsonValue) -> T:
        """Read a value from JSON.

        Args:
            document: JSON in the types that ``json.loads`` returns.

        Raises:
            DecodeError: It does not fit the schema; the error names every fault.
        """
        return self._typed.decode(self.encode(document))  # type: ignore[no-any-return]

    def loads(self, text: str | bytes) -> T:
        """Read a value from JSON text.

        Args:
            text: One value; bytes are UTF-8.

        Raises:
            DecodeError: It is not JSON, an object in it has a key twice, or it does not fit the
                schema; the error names every fault.
        """
        try:
            document = parse_text(text if isinstance(text, str) else bytes(text).decode())
        except (ValueError, RecursionError) as error:
            reason = "nested too deep" if isinstance(error, RecursionError) else error
            fault = DataFault(path=self._root, expected=f"expected JSON: {reason}")
            raise DecodeError((fault,)) from None
        return self.load(document)

    def encode(self, document: JsonValue) -> bytes:
        r"""Avro's binary encoding of the value that JSON stands for.

        Args:
            document: JSON as ``json.loads`` gives it.

        Raises:
            DecodeError: It does not fit the schema; it names every place where.

        Example:
            >>> JsonCodec({"type": "int", "logicalType": "date"}).encode("1970-01-03")
            b'\x04'
        """
        try:
            return self._named.encode(self._read(document))
        except EncodeError as error:
            raise DecodeError(self._explained(document, error)) from None
        except RecursionError as error:
            raise DecodeError((data_fault(self._root, error),)) from None

    def decoder(self, writer: Schema | None = None, start: int = 0) -> Callable[[bytes], JsonValue]:
        r"""The function that makes JSON of Avro's binary encoding, for hot paths.

        Args:
            writer: The schema the bytes were written with; None means the codec's own.
            start: How many bytes to pass over first, such as the five of a frame.

        Example:
            >>> JsonCodec({"type": "int", "logicalType": "date"}).decoder()(b"\x04")
            '1970-01-03'
        """
        decode, write = self._named.decoder(writer, start), self._write
        return lambda data: write(decode(data))

    def _explained(self, document: JsonValue, error: EncodeError) -> tuple[JsonFault, ...]:
        """The faults that the codec found, in terms of JSON."""
        faults = error.faults
        try:
            self._named.encode(self._explain(document))
        except EncodeError as explained:
            faults = explained.faults
        except RecursionError:
            pass  # the codec's own messages are as good
        return tuple(map(in_json, faults))

    @cached_property
    def _explain(self) -> Read:
        return compile_reader(self.schema.root, self._encoding, explains=True)

    @property
    def _root(self) -> str:
        name = self.schema.name
        return name.rpartition(".")[2] if name else "value"
