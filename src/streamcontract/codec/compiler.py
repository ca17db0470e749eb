"""Compiler of a codec's functions: for one schema, its classes, and the engine of this process."""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from streamcontract.codec.bindings import Bindings, bindings_of, contract_of
from streamcontract.codec.contract import Contract
from streamcontract.codec.decode import compile_locator
from streamcontract.codec.encode import compile_encoder, compile_explainer
from streamcontract.codec.engine import choose_engine, require_columns
from streamcontract.codec.limits import Limits
from streamcontract.codec.refusal import Located, data_fault, decode_error
from streamcontract.errors import (
    ConfigurationError,
    DataFault,
    DecodeError,
    EncodeError,
)
from streamcontract.resolution import Action, resolve
from streamcontract.schema.inline import inlined
from streamcontract.schema.parse import parse_schema
from streamcontract.schema.schema import Schema

if TYPE_CHECKING:
    from streamcontract.columns.decode import ColumnDecoder
    from streamcontract.columns.encode import ColumnEncoder
    from streamcontract.columns.options import ColumnOptions

__all__ = ["Compiler", "as_bytes"]

T = TypeVar("T")

_log = logging.getLogger("streamcontract.codec")


class Compiler(Generic[T]):
    """Compiles the functions of one codec.

    Args:
        source: As the codec's ``schema``.
        tag_unions: As the codec's.
        limits: Likewise.
        unnamed: The name in errors for a value whose type has no name.

    Attributes:
        schema: The codec's schema.

    Raises:
        SchemaParseError: The schema breaks the Avro specification.
        ConfigurationError: As of the codec.
    """

    def __init__(self, source: Any, tag_unions: bool, limits: Limits, unnamed: str) -> None:  # noqa: FBT001 - as the codec was given it
        self.schema, self._bindings = _schema_of(source)
        self._tag_unions = tag_unions
        self._limits = limits
        self._unnamed = unnamed
        self._engine = choose_engine()

    @property
    def record(self) -> type | None:
        """The generated class of the values; None for plain ones."""
        return self._bindings.types.get(self.schema.name or "")

    def encoder(self) -> Callable[[bytes], Callable[[T], bytes]]:
        """Compile the function that returns, for a prefix, the encoder of a value after it."""
        return self._engine.compile_encoder(
            self.schema, self._bindings, self._encode_failed, self._limits
        )

    def decoder(self, writer: Schema, start: int) -> Callable[[bytes], T]:
        """Compile the function that decodes data of a writer schema.

        Args:
            writer: The schema.
            start: The number of bytes to skip first.
        """
        root = resolve(writer, self.schema).root
        tag_unions, limits = self._tag_unions, self._limits
        # Compiled at the first error only, then kept: poison messages seldom come alone.
        locator = functools.cache(
            lambda: compile_locator(
                root, self._bindings, start=start, tag_unions=tag_unions, limits=limits
            )
        )

        def fail(data: bytes, error: BaseException) -> None:
            raise _decode_error(locator(), data, self._root_path, error) from None

        return self._engine.compile_decoder(
            root, self._bindings, fail, start=start, tag_unions=tag_unions, limits=limits
        )

    def column_decoder(self, options: ColumnOptions) -> ColumnDecoder:
        """Make what decodes payloads into Arrow columns.

        Args:
            options: Which columns there are, and their forms.

        Raises:
            ConfigurationError: The executor was not built, or may not be used.
            ColumnsError: A type of the schema has no columns.
            ArgumentError: The record has no such field.
        """
        require_columns()
        # What an installation may lack, and few programs need.
        from streamcontract.columns.decode import ColumnDecoder  # noqa: PLC0415
        from streamcontract.columns.reader import Portable  # noqa: PLC0415

        portable = Portable(
            path=self._root_path,
            depth=self._limits.depth,
            empty_items=self._limits.empty_items,
            as_bytes=as_bytes,
            decoder=self._portable_decoder,
            encoder=self._portable_encoder,
        )
        return ColumnDecoder(self.schema, options, portable)

    def column_encoder(self) -> ColumnEncoder:
        """Make what encodes Arrow columns.

        Raises:
            ConfigurationError: The executor was not built, or may not be used.
        """
        require_columns()
        from streamcontract.columns.encode import ColumnEncoder, PortableEncoder  # noqa: PLC0415 - as above

        portable = PortableEncoder(
            path=self._root_path,
            depth=self._limits.depth,
            empty_items=self._limits.empty_items,
            encoder=self._plain_encoder,
            fault=data_fault,
        )
        return ColumnEncoder(self.schema, portable)

    def _plain_encoder(self, prefix: bytes) -> Callable[[Any], bytes]:
        """What encodes plain values after a prefix, whatever classes the codec has."""
        explain = functools.cache(lambda: compile_explainer(self.schema, Bindings(), self._limits))

        def fail(value: Any, error: BaseException) -> None:
            faults = explain()(value, self._root_path)
            raise EncodeError(tuple(faults or [data_fault(self._root_path, error)])) from None

        return compile_encoder(self.schema, Bindings(), fail, self._limits)(prefix)

    def _portable_decoder(self, root: Action, start: int) -> Callable[[bytes], Any]:
        """What decodes into plain values with tagged unions, or raises the error with its path."""
        locate = compile_locator(
            root, Bindings(), start=start, tag_unions=True, limits=self._limits
        )
        path = self._root_path

        def decode(data: bytes) -> Any:
            try:
                return locate(data, path)
            except Located as located:
                raise decode_error(located) from None

        return decode

    def _portable_encoder(self, schema: Schema) -> Callable[[Any], bytes]:
        """What encodes such values with a schema."""
        return compile_encoder(schema, Bindings(), _must_fit, self._limits)(b"")

    @functools.cached_property
    def _explain(self) -> Callable[[T, str], list[DataFault]]:
        return compile_explainer(self.schema, self._bindings, self._limits)

    @property
    def _root_path(self) -> str:
        name = self.schema.name
        return name.rpartition(".")[2] if name else self._unnamed

    def _encode_failed(self, value: T, error: BaseException) -> None:
        faults = self._explain(value, self._root_path)
        if not faults:
            # Another thread, or code of the value, changed it since. The refusal is raised
            # nevertheless, without its path.
            faults = [data_fault(self._root_path, error)]
            _log.warning(
                "a value was refused that fits now: if nothing changed it, please report this "
                "with the schema (%s)",
                self._root_path,
            )
        raise EncodeError(tuple(faults)) from None


def _decode_error(
    locate: Callable[[bytes, str], Any], data: bytes, root_path: str, error: BaseException
) -> DecodeError:
    try:
        locate(data, root_path)
    except Located as located:
        return decode_error(located)
    raise AssertionError("the fast and the explaining decoder disagree") from error


def _must_fit(value: Any, error: BaseException) -> None:
    raise AssertionError(f"a value that was decoded is not encoded: {value!r}") from error


def _schema_of(source: Any) -> tuple[Schema, Bindings]:
    if isinstance(source, Schema):
        return source, Bindings()
    if isinstance(source, Contract):
        return source.schema, bindings_of(source)
    if isinstance(source, type):
        contract, name = contract_of(source)
        if contract.schema.name == name:
            return contract.schema, bindings_of(contract)
        return _nested(contract, name), bindings_of(contract)
    return parse_schema(source), Bindings()


def _nested(contract: Contract, name: str) -> Schema:
    """The schema of a named type inside a contract's schema."""
    try:
        node = contract.schema.named_types[name]
    except KeyError:
        raise ConfigurationError(
            f"the contract's schema defines no {name}, though a class is bound to it: generate "
            f"the module anew"
        ) from None
    return parse_schema(json.dumps(inlined(node)))


def as_bytes(data: object) -> bytes:
    """What is to be decoded, as the ``bytes`` that decoders take.

    Raises:
        TypeError: It is neither bytes, a bytearray nor a memoryview.
    """
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    raise TypeError(f"encoded data are bytes, not {type(data).__name__}")
