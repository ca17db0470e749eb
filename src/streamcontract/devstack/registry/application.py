"""Application of the registry: from requests to answers, without a socket."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import attrs

from streamcontract.devstack.registry.refusal import Refusal
from streamcontract.devstack.registry.store import Store
from streamcontract.registry.contexts import normalize_context
from streamcontract.registry.protocol import BodyError, ErrorCode

__all__ = ["Answer", "Before", "Control", "Handler", "Request", "Route", "RoutedRequest", "respond"]

_log = logging.getLogger(__name__)


@attrs.frozen
class Request:
    """An HTTP request that has passed the checks of the transport.

    Attributes:
        method: ``GET``, ``HEAD``, ``POST``, ``PUT`` or ``DELETE``.
        target: Path and query, as sent.
        body: The body, empty if there is none.
    """

    method: str
    target: str
    body: bytes = b""


@attrs.frozen
class Answer:
    """An answer: an HTTP status and a JSON body, or no body."""

    status: int
    body: bytes = b""

    @classmethod
    def of(cls, value: object, status: int = 200) -> Answer:
        """An answer with a JSON body.

        Example:
            >>> Answer.of({"id": 1}).body
            b'{"id":1}'
        """
        text = json.dumps(value, separators=(",", ":"))
        return cls(status, text.encode())

    @classmethod
    def refusal(cls, code: ErrorCode, message: str) -> Answer:
        """The answer for an error code."""
        return cls.of({"error_code": int(code), "message": message}, code.http_status)

    @classmethod
    def plain(cls, status: int, message: str) -> Answer:
        """An error of the HTTP layer, such as an unknown route; it has no error code."""
        return cls.of({"message": message, "code": status}, status)


Before = Callable[[Request], Answer | None]
"""A function that is called before each request: it may wait, may return an answer, else None."""


class Control(Protocol):
    """The stack of the registry, for ``/streamcontract/topics``."""

    def create_topic(self, name: str, partitions: int = 1, replication: int = 1) -> bool:
        """Create a topic; return True if it is new. Raises StackError if it cannot be created."""
        ...

    def topics(self) -> Mapping[str, int]:
        """The partitions of each topic."""
        ...


@attrs.frozen
class RoutedRequest:
    """A request for a handler.

    Attributes:
        request: The request.
        parameters: The values of the template's names in the path, unquoted.
        query: The values of the query's parameters.
        context: The context before the path, as in ``/contexts/.staging/subjects``.
    """

    request: Request
    parameters: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    context: str | None = None

    @property
    def subject(self) -> str:
        """The subject in the path, qualified if the path begins with a context."""
        return self.scoped(self.parameters.get("subject", ""))

    def scoped(self, subject: str) -> str:
        """A subject, or the beginning of one, in the context before the path."""
        if self.context is None or subject.startswith((":.", ":*:")):
            return subject
        return f":{self.context}:{subject}"

    def flag(self, name: str) -> bool:
        """A switch in the query; in Redpanda anything but true and 1 is off."""
        return self.text(name).lower() in {"true", "1"}

    def text(self, name: str) -> str:
        """A parameter of the query, ``""`` if it is missing; of several the last."""
        return self.query.get(name, ("",))[-1]

    def json(self) -> object:
        """The body as JSON.

        Raises:
            Refusal: 422, it is not JSON.
        """
        try:
            value: object = json.loads(self.request.body)
        except (ValueError, RecursionError) as error:
            raise Refusal(
                ErrorCode.INVALID_SCHEMA, f"The body is not valid JSON: {error}"
            ) from error
        return value


Handler = Callable[[Store, RoutedRequest], Answer]


@attrs.frozen
class Route:
    """A method and a path template, with their handler."""

    method: str
    template: str
    handler: Handler

    def match(self, method: str, segments: Sequence[str]) -> dict[str, str] | None:
        """The parameters in a path, or None if it does not match."""
        pattern = self.template.split("/")[1:]
        if method != self.method or len(segments) != len(pattern):
            return None
        parameters = {}
        for expected, found in zip(pattern, segments, strict=True):
            if expected.startswith("{") and found:
                parameters[expected.strip("{}")] = unquote(found)
            elif expected != found:
                return None
        return parameters


def respond(
    routes: Sequence[Route], store: Store, request: Request, before: Before | None
) -> Answer:
    """Answer a request; never raises, because a client waits for the answer."""
    try:
        early = before(request) if before is not None else None
        return early if early is not None else _dispatch(routes, store, request)
    except Refusal as refusal:
        return Answer.refusal(refusal.code, refusal.message)
    except BodyError as error:
        return Answer.refusal(ErrorCode.INVALID_SCHEMA, f"The body is invalid: {error}")
    except Exception:  # noqa: BLE001 - the last resort of a server, logged with its traceback
        _log.exception("%s %s failed", request.method, request.target)
        return Answer.refusal(ErrorCode.INTERNAL_ERROR, "Internal server error, see the log")


def _dispatch(routes: Sequence[Route], store: Store, request: Request) -> Answer:
    target = urlsplit(request.target)
    context, path = _without_context(target.path)
    # A slash at the end makes no difference.
    segments = path.removesuffix("/").split("/")[1:] or [""]
    method = "GET" if request.method == "HEAD" else request.method
    for route in routes:
        parameters = route.match(method, segments)
        if parameters is not None:
            for name, value in parameters.items():
                _demand_printable(name, value)
            query = parse_qs(target.query, keep_blank_values=True)
            return route.handler(store, RoutedRequest(request, parameters, query, context))
    return Answer.plain(404, "Not found")


def _without_context(path: str) -> tuple[str | None, str]:
    """Split ``/contexts/.staging/subjects`` into its context and the path after it."""
    first, _, rest = path.removeprefix("/").partition("/")
    context, slash, inner = rest.partition("/")
    if first != "contexts" or not slash or not inner:
        return None, path
    try:
        return normalize_context(unquote(context)), f"/{inner}"
    except ValueError as error:
        raise Refusal(ErrorCode.BAD_REQUEST, str(error)) from error


def _demand_printable(name: str, value: str) -> None:
    """Refuse control characters in a parameter, like Redpanda."""
    if any(ord(character) < 0x20 or character == "\x7f" for character in value):
        raise Refusal(ErrorCode.BAD_REQUEST, f"Invalid parameter '{name}' got {value!r}")
