"""Compiler of a codec's functions: for one schema, its classes, and the engine of this process."""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from streamcontract.codec.bindings import Bindings, bindings_of, contract_of
from streamcontract.codec.contract import Contract
from streamcontract.codec.decode import compile_locator
from streamcontract.codec.encode import compile_explainer
from streamcontract.codec.engine import choose_engine
from streamcontract.codec.limits import Limits
from streamcontract.codec.refusal import Located, Unresolvable, data_fault
from streamcontract.errors import (
    ConfigurationError,
    DataFault,
    DecodeError,
    EncodeError,
    ResolutionError,
)
from streamcontract.resolution import resolve
from streamcontract.schema.inline import inlined
from streamcontract.schema.parse import parse_schema
from streamcontract.schema.schema import Schema

__all__ = ["Compiler"]

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
        fault = data_fault(located.path, located.cause)
        if isinstance(located.cause, Unresolvable):
            return ResolutionError((fault,))
        return DecodeError((fault,))
    raise AssertionError("the fast and the explaining decoder disagree") from error


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
