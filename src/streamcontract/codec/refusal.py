"""Refusals of compiled code, and their conversion to faults with a path.

Compiled code raises the cheapest exception. Then the same code, compiled in its explaining form,
walks the value once more and finds the path. So values without faults cost nothing extra, and each
rule is written once.
"""

from __future__ import annotations

import struct
from typing import Final

from streamcontract.errors import DataFault, DecodeError, ResolutionError
from streamcontract.resolution import Fault
from streamcontract.schema.refusal import NOTHING, Refused

__all__ = [
    "REFUSALS",
    "Located",
    "Refused",
    "Unresolvable",
    "data_fault",
    "decode_error",
    "refuse",
]


def refuse(expected: str, value: object) -> None:
    """Refuse a value, or data: the form that compiled code can call."""
    raise Refused(expected, value)


class Unresolvable(Exception):  # noqa: N818 - internal signal, never seen by a user
    """Data need a part of the plan that has a fault."""

    def __init__(self, faults: tuple[Fault, ...], what: str) -> None:
        super().__init__(what)
        self.faults = faults
        self.what = what


class Located(Exception):  # noqa: N818 - internal signal, never seen by a user
    """A refusal together with the path where it happened."""

    def __init__(self, path: str, cause: BaseException) -> None:
        super().__init__(path)
        self.path = path
        self.cause = cause


def decode_error(located: Located) -> DecodeError:
    """The error that a user sees of a refusal while decoding."""
    fault = data_fault(located.path, located.cause)
    if isinstance(located.cause, Unresolvable):
        return ResolutionError((fault,))
    return DecodeError((fault,))


REFUSALS: Final = (
    Refused,
    Unresolvable,
    IndexError,  # the data end before the value does
    struct.error,  # the same, for float and double
    UnicodeError,  # bytes that are not UTF-8, or a str that UTF-8 cannot encode
    OverflowError,  # a float beyond 32 bits, a date beyond the calendar
    ValueError,  # a number no datetime has
    RecursionError,  # nested deeper than the interpreter's own limit
)
"""The exceptions of compiled code for a value or bytes that do not fit."""


def data_fault(path: str, error: BaseException) -> DataFault:
    """Convert a refusal to a fault with its message."""
    if isinstance(error, Refused):
        if error.value is NOTHING:
            return DataFault(path=path, expected=error.expected)
        return DataFault(path, error.expected, error.value, has_value=True, hint=error.hint)
    if isinstance(error, Unresolvable):
        return DataFault(path=path, expected=error.what)
    if isinstance(error, (IndexError, struct.error)):
        return DataFault(path=path, expected="the data end in the middle of this value")
    if isinstance(error, UnicodeDecodeError):
        expected = f"text in UTF-8 ({error.reason} at its byte {error.start})"
        return DataFault(path=path, expected=expected, value=error.object, has_value=True)
    if isinstance(error, UnicodeEncodeError):
        expected = f"text that UTF-8 can encode ({error.reason} at its character {error.start})"
        return DataFault(path=path, expected=expected, value=error.object, has_value=True)
    if isinstance(error, RecursionError):
        return DataFault(path=path, expected="nested deeper than the Python stack can follow here")
    return DataFault(path=path, expected=str(error))
