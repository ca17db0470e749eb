"""Engine that executes schemas and plans: the portable or the native one.

Both have the same values, bytes and errors. The portable engine runs wherever Python does; the
native one is an extension module that an installation may lack.
"""

from __future__ import annotations

import functools
import importlib
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Protocol

import attrs

from streamcontract._version import __version__
from streamcontract.codec import decode, encode, split
from streamcontract.codec.bindings import Bindings
from streamcontract.codec.encode import Fail
from streamcontract.codec.limits import Limits
from streamcontract.codec.split import Split
from streamcontract.codec.stamp import sources_digest
from streamcontract.errors import ConfigurationError
from streamcontract.resolution import Action
from streamcontract.schema.model import AvroType
from streamcontract.schema.schema import Schema

__all__ = [
    "ENGINE_VARIABLE",
    "Engine",
    "Unusable",
    "choose_engine",
    "find_extension",
    "require_columns",
]

ENGINE_VARIABLE: Final = "STREAMCONTRACT_ENGINE"
"""The name of the engine: ``portable`` or ``native``, which is the default if it was built."""

_INSTALL: Final = "install streamcontract again with a C compiler and Python's header files"

_log = logging.getLogger("streamcontract.codec.engine")


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


class _SplitterCompiler(Protocol):
    def __call__(self, root: AvroType, limits: Limits = ...) -> Split: ...


@attrs.frozen
class Engine:
    """An engine, and the reason for its choice.

    Attributes:
        name: ``portable`` or ``native``.
        reason: The reason for its choice, in words.
        compile_encoder: See :func:`streamcontract.codec.encode.compile_encoder`.
        compile_decoder: See :func:`streamcontract.codec.decode.compile_decoder`.
        compile_splitter: See :func:`streamcontract.codec.split.compile_splitter`.
        is_makeshift: Whether it replaces a native engine that is installed but cannot be used.
    """

    name: str
    reason: str
    compile_encoder: _EncoderCompiler
    compile_decoder: _DecoderCompiler
    compile_splitter: _SplitterCompiler
    is_makeshift: bool = False


@attrs.frozen
class Unusable:
    """The reason why an extension module cannot be used.

    Attributes:
        reason: What it is, or was not, in words that follow its name.
        is_fault: Whether that is a fault; a missing build is none.
    """

    reason: str
    is_fault: bool


def choose_engine() -> Engine:
    """The engine that the environment names; else the native one if it was built.

    Raises:
        ConfigurationError: The environment names one that does not exist or is not installed.

    Example:
        >>> choose_engine().name in ("portable", "native")
        True
    """
    wanted = os.environ.get(ENGINE_VARIABLE, "")
    match wanted:
        case "portable":
            return _portable(f"set by {ENGINE_VARIABLE}")
        case "native" | "":
            native = _find_native()
        case _:
            raise ConfigurationError(f"{ENGINE_VARIABLE} is portable or native, not {wanted!r}")
    if isinstance(native, Engine):
        return attrs.evolve(native, reason=f"set by {ENGINE_VARIABLE}") if wanted else native
    if wanted:
        raise ConfigurationError(
            f"{ENGINE_VARIABLE} asks for the native engine, which {native.reason}; or leave "
            f"{ENGINE_VARIABLE} unset"
        )
    return attrs.evolve(_portable(f"the native one {native.reason}"), is_makeshift=native.is_fault)


def _portable(reason: str) -> Engine:
    return Engine(
        "portable",
        reason,
        encode.compile_encoder,
        decode.compile_decoder,
        split.compile_splitter,
    )


@functools.cache
def _find_native() -> Engine | Unusable:
    found = find_extension("codec")
    if not isinstance(found, Unusable):
        from streamcontract.codec import native  # noqa: PLC0415 - an installation may lack what it needs

        reason = f"the default if it is built; {ENGINE_VARIABLE}=portable selects the other"
        return Engine(
            "native",
            reason,
            native.compile_encoder,
            native.compile_decoder,
            native.compile_splitter,
        )
    if found.is_fault:
        # Once in a process: everything works, but slower than expected.
        _log.warning("the native engine %s; the portable engine is used instead", found.reason)
    return found


def find_extension(package: str) -> ModuleType | Unusable:
    """The extension module of a package, or the reason why none can be used.

    Args:
        package: The package it is in: ``codec``, ``columns`` or ``kafka``.

    Example:
        >>> find_extension("nothing").is_fault
        False
    """
    name = f"streamcontract.{package}._native"
    try:
        extension = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name in (name, f"streamcontract.{package}"):
            return Unusable(f"was not built{_for_others(package)}: {_INSTALL}", is_fault=False)
        return Unusable(f"cannot be loaded ({error}): {_INSTALL}", is_fault=True)
    except Exception as error:  # noqa: BLE001 - a broken binary may raise anything, and a program that can do without it goes on; said by the caller
        what = f"{type(error).__name__}: {error}"
        return Unusable(f"cannot be loaded ({what}): {_INSTALL}", is_fault=True)
    misfit = _misfit(extension)
    return extension if misfit is None else Unusable(f"{misfit}: {_INSTALL}", is_fault=True)


def require_columns() -> None:
    """Check that the executor of columns, which is native only, was built and may be used.

    Raises:
        ConfigurationError: It was not built, or the environment selects the portable engine.
    """
    if os.environ.get(ENGINE_VARIABLE) == "portable":
        raise ConfigurationError(
            f"columns are decoded by native code only, and {ENGINE_VARIABLE} selects the portable "
            f"engine: leave it unset"
        )
    if sys.byteorder != "little":
        raise ConfigurationError("columns are decoded on little-endian machines only")
    found = find_extension("columns")
    if isinstance(found, Unusable):
        raise ConfigurationError(f"columns need native code, which {found.reason}")


def _misfit(extension: object) -> str | None:
    """The reason why a binary does not belong to this package, if it does not."""
    version = getattr(extension, "VERSION", None)
    if version != __version__:
        return f"is that of version {version or 'unknown'}, not of {__version__}"
    # In an editable installation the sources are present too and may have changed.
    digest = sources_digest()
    if digest and getattr(extension, "SOURCES", None) != digest:
        return "was built from other sources than those beside it"
    return None


def _for_others(package: str) -> str:
    """The other Python versions that it was built for, if any."""
    binaries = sorted(
        path.name
        for suffix in ("so", "pyd")
        for path in (Path(__file__).parent.parent / package).glob(f"_native.*.{suffix}")
    )
    return f" for this Python, only {', '.join(binaries)}" if binaries else ""
