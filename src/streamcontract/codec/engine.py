"""Which engine executes schemas and plans: the portable or the native one.

Both take and give the same values, bytes and errors. The portable engine runs wherever Python
does; the native one is an extension module that an installation may lack.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, Protocol

import attrs

from streamcontract.codec import decode, encode
from streamcontract.codec.contract import Bindings
from streamcontract.codec.encode import Fail
from streamcontract.codec.limits import Limits
from streamcontract.errors import ConfigurationError
from streamcontract.resolution import Action
from streamcontract.schema.schema import Schema

__all__ = ["ENGINE_VARIABLE", "Engine", "choose_engine"]

ENGINE_VARIABLE: Final = "STREAMCONTRACT_ENGINE"
"""Names the engine: ``portable`` (the default) or ``native``."""


class _EncoderCompiler(Protocol):
    def __call__(
        self, schema: Schema, bindings: Bindings, fail: Fail, limits: Limits = ...
    ) -> Callable[[bytes], Callable[[Any], bytes]]: ...


class _DecoderCompiler(Protocol):
    def __call__(
        self,
        root: Action,
        bindings: Bindings,
        fail: Callable[[bytes, BaseException], None],
        *,
        start: int = ...,
        tag_unions: bool = ...,
        limits: Limits = ...,
    ) -> Callable[[bytes], Any]: ...


@attrs.frozen
class Engine:
    """An engine, and why it is the one.

    Attributes:
        name: ``portable`` or ``native``.
        reason: Why it was chosen, in words.
        compile_encoder: See :func:`streamcontract.codec.encode.compile_encoder`.
        compile_decoder: See :func:`streamcontract.codec.decode.compile_decoder`.
    """

    name: str
    reason: str
    compile_encoder: _EncoderCompiler
    compile_decoder: _DecoderCompiler


def choose_engine() -> Engine:
    """The engine that the environment asks for.

    Raises:
        ConfigurationError: It asks for one that there is not, or not here.

    Example:
        >>> choose_engine().name in ("portable", "native")
        True
    """
    wanted = os.environ.get(ENGINE_VARIABLE, "")
    match wanted:
        case "native":
            return _native(f"{ENGINE_VARIABLE} asks for it")
        case "portable":
            return _portable(f"{ENGINE_VARIABLE} asks for it")
        case "":
            return _portable(f"the default; {ENGINE_VARIABLE}=native asks for the native one")
    raise ConfigurationError(f"{ENGINE_VARIABLE} is portable or native, not {wanted!r}")


def _portable(reason: str) -> Engine:
    return Engine("portable", reason, encode.compile_encoder, decode.compile_decoder)


def _native(reason: str) -> Engine:
    try:
        from streamcontract.codec import native  # noqa: PLC0415 - an installation may lack it
    except ImportError as error:
        raise ConfigurationError(
            f"{ENGINE_VARIABLE} asks for the native engine, but it was not built ({error}): "
            f"install streamcontract anew where there is a C compiler and Python's header files, "
            f"or leave {ENGINE_VARIABLE} unset"
        ) from error
    return Engine("native", reason, native.compile_encoder, native.compile_decoder)
