"""Guards of requests: hosts, origins, tokens of forms, and the headers of every response.

A console on loopback is reachable by every page that the browser has open. The checks are those of
the OWASP cheat sheets "Cross-Site Request Forgery Prevention" and "HTTP Headers": a foreign name in
``Host`` is DNS rebinding, a foreign ``Origin`` is another page, and a form without this process's
token was not made here.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["LOOPBACK", "Guard", "in_url", "is_loopback", "new_token", "same_token"]

LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
"""The names under which a browser on this machine reaches the console."""

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_SAFE: Final = frozenset({"GET", "HEAD"})
_OTHERS: Final = frozenset({"cross-site", "same-site"})
"""Pages of other origins; another port of this machine is the same site."""


class Guard:
    """Refuses requests of other pages and under foreign names, before any page is made.

    Args:
        app: The application.
        hosts: The names, without ports, under which it may be reached.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = frozenset(each.lower() for each in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        refusal = self._refusal(scope["method"], Headers(scope=scope))
        answer = self._app if refusal is None else PlainTextResponse(refusal, 403)
        await answer(scope, receive, with_headers)

    def _refusal(self, method: str, headers: Headers) -> str | None:
        """Why a request is refused, or None."""
        host = headers.get("host", "")
        if _name_of(host) not in self._hosts:
            return f"This console is not served as {host!r}; --allow-host adds a name.\n"
        origins = headers.getlist("origin")
        for origin in origins:
            if origin.lower() not in _origins_of(host):
                return f"A page of {origin!r} may not use this console.\n"
        if method not in _SAFE and not origins and headers.get("sec-fetch-site") is None:
            return "A request that changes something needs its Origin.\n"
        if headers.get("sec-fetch-site") in _OTHERS and (
            method not in _SAFE or not _is_followed_link(headers)
        ):
            return "Another site's page may only link to this console.\n"
        return None


def _is_followed_link(headers: Headers) -> bool:
    """Whether a person sees where it leads: a page can load any number of frames unseen."""
    is_navigation = headers.get("sec-fetch-mode") == "navigate"
    return is_navigation and headers.get("sec-fetch-dest", "document") == "document"


def _origins_of(host: str) -> tuple[str, str]:
    """The origins of pages of a host: itself, and with a proxy for TLS before it."""
    return f"http://{host.lower()}", f"https://{host.lower()}"


def _name_of(host: str) -> str:
    """A host without its port, in lower case."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reachable from this machine alone.

    Example:
        >>> is_loopback("localhost"), is_loopback("127.0.0.2"), is_loopback("0.0.0.0")
        (True, True, False)
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def in_url(host: str) -> str:
    """A host as it is in a URL and in ``Host``: an IPv6 address has brackets there.

    Example:
        >>> in_url("::1"), in_url("[::1]"), in_url("localhost")
        ('[::1]', '[::1]', 'localhost')
    """
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def new_token() -> str:
    """A token for the forms of one process."""
    return secrets.token_urlsafe(32)


def same_token(given: str, expected: str) -> bool:
    """Whether a form has the token, compared in constant time."""
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())
