"""Masking of a request's credentials in the texts of its answer.

A proxy's error page may echo the request's headers, and errors show the answer's body.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Mask", "mask_for"]

_MIN_SECRET: Final = 8
"""The least number of characters of an application's header that is masked: masking ``1`` or
``true`` would make messages unreadable."""


class Mask:
    """Replaces each of some secrets by ``***``.

    Args:
        secrets: The secrets; empty ones are ignored.

    Example:
        >>> Mask(["t0ken"])("Authorization: Bearer t0ken")
        'Authorization: Bearer ***'
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        # The longest first, because one may be a part of another.
        self._secrets = sorted({each for each in secrets if each}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text without the secrets."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def __repr__(self) -> str:
        return f"<Mask of {len(self._secrets)}>"


def mask_for(authorization: str, headers: Iterable[str], proxies: Iterable[str]) -> Mask:
    """The mask for the answer to one request.

    Args:
        authorization: The request's Authorization header; ``""`` if it has none.
        headers: The values of the application's own headers.
        proxies: URLs of the proxies that the request may have used.
    """
    _, _, credentials = authorization.partition(" ")
    own = (value for value in headers if len(value) >= _MIN_SECRET)
    return Mask([credentials, *own, *(each for proxy in proxies for each in _secrets_of(proxy))])


def _secrets_of(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return  # the request has failed, or fails, for that reason
    if parts.password:
        user, password = unquote(parts.username or ""), unquote(parts.password)
        yield password
        yield base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
