"""Credentials from arguments or URLs, sent with each request and never shown."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

import attrs

from streamcontract.errors import ArgumentError, ConfigurationError
from streamcontract.guards import text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from requests import PreparedRequest

__all__ = [
    "Auth",
    "BasicAuth",
    "BearerAuth",
    "Endpoint",
    "NoAuth",
    "TokenError",
    "choose_auth",
    "endpoints",
    "strip_credentials",
]

Auth: TypeAlias = "Callable[[PreparedRequest], PreparedRequest]"
"""The callable of the HTTP library that adds credentials to each request."""


class NoAuth:
    """Sends no credentials.

    Without any `auth`, requests would look up the host in ~/.netrc and send those credentials.
    """

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Return the request unchanged."""
        return r


class TokenError(Exception):
    """The callable for tokens failed, or did not return a token."""


class BearerAuth:
    """Sends a bearer token (RFC 6750, section 2.1).

    Args:
        token: The token, or a callable that returns the current one; it is called for every
        request, from several threads.
    """

    def __init__(self, token: str | Callable[[], str]) -> None:
        self._token = token
        if not callable(token):
            _check_token(token)

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Add the token to the request.

        Raises:
            TokenError: There is no token.
        """
        r.headers["Authorization"] = self._header()
        return r

    def has_other(self, refused: str | bytes | None) -> bool:
        """Whether the callable returns another token than the one that was refused.

        Args:
            refused: The Authorization header of the refused request.

        Raises:
            TokenError: The callable failed.
        """
        return callable(self._token) and self._header() != refused

    def __repr__(self) -> str:
        return "BearerAuth(***)"

    def _header(self) -> str:
        if not callable(self._token):
            return f"Bearer {self._token}"
        try:
            token = self._token()
        except Exception as error:
            # The application's code may fail in any way. Its message may contain a secret: it is in
            # the traceback as the cause, and in no message of this library.
            raise TokenError(
                f"the callable for bearer tokens raised {type(error).__name__}"
            ) from error
        try:
            _check_token(token)
        except ConfigurationError as error:
            raise TokenError(str(error)) from error
        return f"Bearer {token}"


def _check_token(token: object) -> None:
    # The HTTP library would refuse such a header too, but its message contains the value.
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise ConfigurationError(
            "the bearer token is not one line of printable ASCII text: "
            "does it end in a line break, from the file it was read from?"
        )
    if not token or " " in token:
        raise ConfigurationError("the bearer token is empty or contains a blank")


class BasicAuth:
    """Sends user and password (RFC 7617) in UTF-8; requests itself would encode as Latin-1.

    Args:
        user: The user.
        password: The password.
    """

    def __init__(self, user: str, password: str) -> None:
        if ":" in user:
            raise ConfigurationError(
                "the user name for basic authentication has a ':' in it, which RFC 7617 does not "
                "allow"
            )
        try:
            credentials = f"{user}:{password}".encode()
        except UnicodeEncodeError:
            # The cause contains the text, so it is not chained.
            raise ConfigurationError(
                "the user or password for basic authentication is not Unicode text"
            ) from None
        self._token = base64.b64encode(credentials).decode("ascii")

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Add the credentials to the request."""
        r.headers["Authorization"] = f"Basic {self._token}"
        return r

    def __repr__(self) -> str:
        return "BasicAuth(***)"


def choose_auth(
    basic: tuple[str, str] | None, bearer: str | Callable[[], str] | None
) -> Auth | None:
    """The authentication for these arguments; None if there are none.

    Raises:
        ConfigurationError: Both are given, or one is not well-formed.
    """
    if basic is not None and bearer is not None:
        raise ConfigurationError(
            "basic_auth and bearer_token are both given: a request carries only one of them"
        )
    if bearer is not None:
        return BearerAuth(bearer)
    if basic is not None:
        # A text of two letters could be unpacked into user and password.
        given: Any = basic
        is_pair = isinstance(given, tuple | list) and len(given) == 2
        if not is_pair or not all(isinstance(each, str) for each in given):
            raise ConfigurationError("basic_auth is a pair of texts, (user, password)")
        return BasicAuth(*(str.__str__(each) for each in given))
    return None


@attrs.frozen
class Endpoint:
    """One URL of the registry.

    Attributes:
        url: The URL without credentials and without a slash at its end.
        auth: The credentials for it.
    """

    url: str
    auth: Auth = attrs.field(repr=False)


def endpoints(url: str | Sequence[str], auth: Auth | None) -> tuple[Endpoint, ...]:
    """The endpoints of one URL, several, or a comma-separated list of them.

    Args:
        url: The URLs; each may carry ``user:password@`` (percent-encoded).
        auth: The authentication of the arguments.

    Raises:
        ConfigurationError: There is none, one is not an http(s) URL, or credentials are given in
            both places.
    """
    if not isinstance(url, str | tuple | list):
        raise ArgumentError("url", url, "a URL or a list of URLs", secret=True)
    texts = (
        url.split(",") if isinstance(url, str) else [text(each, "url", secret=True) for each in url]
    )
    found = tuple(_endpoint(text.strip(), auth) for text in texts if text.strip())
    if not found:
        raise ConfigurationError(
            "no URL of a schema registry is given, such as http://localhost:18081"
        )
    return found


def _endpoint(text: str, auth: Auth | None) -> Endpoint:
    parts = _split(text)
    base = _clean(parts).rstrip("/")
    if parts.username is None and parts.password is None:
        return Endpoint(base, auth or NoAuth())
    if auth is not None:
        raise ConfigurationError(
            f"credentials for {base} are given in its URL and as a setting: leave one of them out"
        )
    # Bytes that are not UTF-8 become lone surrogates, which are refused, not another password.
    user, password = (
        unquote(each or "", errors="surrogateescape") for each in (parts.username, parts.password)
    )
    return Endpoint(base, BasicAuth(user, password))


def _split(text: str) -> SplitResult:
    # No message here shows the text: a typing mistake may have put a password anywhere in it.
    try:
        parts = urlsplit(text)
        usable = (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and parts.port != 0
            and "@" not in parts.path
            and not (parts.query or parts.fragment)
        )
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(
            "a schema registry's URL is http(s)://host:port, perhaps with a path, such as "
            "http://localhost:18081; the one given is not (characters like / @ : # ? in a user "
            "or password have to be percent-encoded)"
        )
    return parts


def strip_credentials(url: str) -> str:
    """A URL without ``user:password@`` and without its query; ``""`` if it is not a URL.

    Example:
        >>> strip_credentials("http://me:secret@localhost:18081/subjects?a=1")
        'http://localhost:18081/subjects'
    """
    try:
        return _clean(urlsplit(url)._replace(query="", fragment=""))
    except ValueError:
        return ""


def _clean(parts: SplitResult) -> str:
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
