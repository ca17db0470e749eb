"""Limits of the codec on well-formed data from untrusted sources.

Both limits apply to both directions: a codec does not write what it would not read.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from streamcontract.errors import ConfigurationError

__all__ = ["DEFAULT_LIMITS", "Limits"]

_HIGHEST_DEPTH: Final = 1_000
"""The depth that a thread's stack of 1 MiB holds on either engine, with room to spare."""

_HIGHEST_EMPTY_ITEMS: Final = 2**31 - 1


def _from_to(low: int, high: int) -> Any:
    def check(_: Limits, attribute: attrs.Attribute[int], value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ConfigurationError(
                f"Limits.{attribute.name} is an int from {low} to {high}, not {value!r}"
            )

    return check


@attrs.frozen(kw_only=True)
class Limits:
    """Limits on data that a few bytes can make large.

    The number of bytes bounds everything else: there cannot be more items of at least one byte
    than remaining bytes.

    Attributes:
        depth: Records inside the root record, each inside the one before: 0 to 1,000. The portable
            engine takes a Python frame or two for each, so beyond some 400 it may also need
            ``sys.setrecursionlimit``; the error reports that.
        empty_items: Array items of zero bytes (nulls, empty records) in one message: 0 to
            2,147,483,647.

    Raises:
        ConfigurationError: A limit is out of range.

    Example:
        >>> Limits(depth=8).depth
        8
        >>> Limits(depth=5000)
        Traceback (most recent call last):
        ...
        streamcontract.errors.ConfigurationError: Limits.depth is an int from 0 to 1000, not 5000
    """

    depth: int = attrs.field(default=400, validator=_from_to(0, _HIGHEST_DEPTH))
    empty_items: int = attrs.field(default=65_536, validator=_from_to(0, _HIGHEST_EMPTY_ITEMS))


DEFAULT_LIMITS: Final = Limits()
