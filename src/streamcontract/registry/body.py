"""Bodies of requests and answers as JSON, read with checks that raise BodyError."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = [
    "MAX_INTEGER",
    "BodyError",
    "read_flag",
    "read_integer",
    "read_integers",
    "read_key",
    "read_list",
    "read_object",
    "read_string",
    "read_strings",
]

MAX_INTEGER: Final = 2**31 - 1
"""The largest version number and schema id; the wire format has four bytes for an id."""


class BodyError(ValueError):
    """A body does not have the structure that the protocol requires.

    Attributes:
        path: The path in the body, such as ``references[0].version``; ``""`` for the whole body.
        expected: The expected value, in words.
    """

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"{path}: expected {expected}" if path else f"expected {expected}")
        self.path = path
        self.expected = expected


def read_object(
    value: object, path: str = "", *, known: tuple[str, ...] | None = None
) -> Mapping[str, object]:
    """Read an object; if ``known`` is given, with these keys alone.

    Example:
        >>> read_object({"mode": "IMPORT", "x": 1}, known=("mode",))
        Traceback (most recent call last):
            ...
        streamcontract.registry.body.BodyError: x: expected no such key but mode
    """
    if not isinstance(value, dict):
        raise BodyError(path, "an object")
    for key in value:
        if known is not None and key not in known:
            raise BodyError(f"{path}.{key}".lstrip("."), f"no such key but {', '.join(known)}")
    return value


def read_list(value: object, path: str = "") -> list[object]:
    """Read a list."""
    if not isinstance(value, list):
        raise BodyError(path, "a list")
    return value


def read_key(value: object, key: str) -> object:
    """Read one required key of an object."""
    if not isinstance(value, dict) or key not in value:
        raise BodyError("", f"an object with the key {key!r}")
    return value[key]


def read_string(value: object, path: str = "") -> str:
    """Read a string."""
    if not isinstance(value, str):
        raise BodyError(path, "a string")
    return value


def read_flag(value: object, path: str = "") -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise BodyError(path, "true or false")
    return value


def read_integer(value: object, path: str = "", *, least: int = 0) -> int:
    """Read an id or a version."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MAX_INTEGER:
        raise BodyError(path, f"an integer from {least} to {MAX_INTEGER}, not {value!r}")
    return value


def read_strings(value: object, path: str = "") -> list[str]:
    """Read a list of strings."""
    return [read_string(item, path) for item in read_list(value, path)]


def read_integers(value: object, path: str = "") -> list[int]:
    """Read a list of ids or versions."""
    return [read_integer(item, path) for item in read_list(value, path)]
