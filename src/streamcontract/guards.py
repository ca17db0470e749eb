"""Checks of arguments before they reach C code, which does not check them.

C code ends a text at its first NUL, and crashes where half a surrogate pair has no UTF-8
(confluent-kafka 2.16 for headers' names and properties); it takes True for 1. So every text, number
and callable of the application is checked by one of these functions first. Each returns the plain
value or raises an :class:`~streamcontract.errors.ArgumentError`.
"""

from __future__ import annotations

import math
import operator
from numbers import Real
from typing import Any, Final

from streamcontract.errors import ArgumentError

__all__ = ["MAX_PARTITION", "call_back", "seconds", "text", "whole_number"]

MAX_PARTITION: Final = 2**31 - 1
"""Kafka numbers partitions with an INT32 (protocol guide, "Protocol Primitive Types")."""


def text(value: object, argument: str, *, secret: bool = False) -> str:
    """A text that C code takes as it is.

    Args:
        value: The argument.
        argument: Its name, for the error.
        secret: Whether the error must not show it.

    Raises:
        ArgumentError: It is not a ``str``, or contains a NUL or half a surrogate pair.

    Example:
        >>> text("stocks", "topic")
        'stocks'
        >>> text(b"stocks", "topic")
        Traceback (most recent call last):
        ...
        streamcontract.errors.ArgumentError: topic has to be a str, not b'stocks' (bytes)
    """
    if not isinstance(value, str):
        raise ArgumentError(argument, value, "a str", secret=secret)
    # The text of a subclass's instance itself: C code would call its __str__.
    plain = str.__str__(value)
    if "\0" in plain:
        raise ArgumentError(
            argument, value, "text without NUL, at which C code would cut it off", secret=secret
        )
    if not plain.isascii() and not _has_utf8(plain):
        raise ArgumentError(
            argument,
            value,
            "text that UTF-8 can encode: replace the half of a surrogate pair",
            secret=secret,
        )
    return plain


def whole_number(value: object, argument: str, low: int, high: int, expected: str) -> int:
    """A whole number within limits; True and False are refused.

    Args:
        value: The argument.
        argument: Its name, for the error.
        low: The least number allowed.
        high: The greatest number allowed.
        expected: What is allowed, in words, for the error.

    Raises:
        ArgumentError: It is anything else.

    Example:
        >>> whole_number(3, "partition", 0, MAX_PARTITION, "a partition's number")
        3
    """
    if not isinstance(value, bool):
        try:
            number = operator.index(value)  # type: ignore[arg-type] # which is what is found out
        except TypeError:
            pass
        else:
            if low <= number <= high:
                return number
    raise ArgumentError(argument, value, expected)


def seconds(value: object, argument: str = "timeout") -> float:
    """A number of seconds to wait; infinity waits without end.

    Raises:
        ArgumentError: It is not a number, or is NaN.

    Example:
        >>> seconds(1)
        1.0
    """
    kind = type(value)  # of most arguments one of these two, which takes less time to find out
    if kind is int or kind is float or (kind is not bool and isinstance(value, Real)):
        given: Any = value
        try:
            number = float(given)
        except OverflowError:
            return math.inf if given > 0 else -math.inf
        if not math.isnan(number):
            return number
    raise ArgumentError(argument, value, "a number of seconds")


def call_back(value: object, argument: str, signature: str) -> None:
    """Check a callback now, since a TypeError at the time of the call would be lost.

    Args:
        value: The argument.
        argument: Its name, for the error.
        signature: How it is called, for the error.

    Raises:
        ArgumentError: It is not callable.
    """
    if not callable(value):
        raise ArgumentError(argument, value, f"a callable {signature}")


def _has_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
