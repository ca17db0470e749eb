"""Endpoints: the answers to requests, each made in a thread, also where a view fails."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from anyio import to_thread
from starlette.responses import HTMLResponse, Response

from streamcontract.console.pages.shown import NotThereError
from streamcontract.console.rendering import ConsoleLinks
from streamcontract.console.security import same_token
from streamcontract.errors import (
    ClientError,
    ConfigurationError,
    SchemaParseError,
    StreamContractError,
)
from streamcontract.kafka.connection.error_codes import NO_SUCH_TOPIC
from streamcontract.kafka.errors import BrokerError, NotSupportedError
from streamcontract.project.rules import topic_fault
from streamcontract.registry.errors import (
    NotFoundError,
    RegistryRejectedError,
    RegistryRequestError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request

    from streamcontract.console.pages.shown import Notice
    from streamcontract.console.rendering import Renderer

__all__ = ["SECTIONS", "Endpoints", "Query", "View", "answer", "status_of"]

Query = Mapping[str, str]
View = Callable[[Query], "str | Response"]
"""A page, or another answer, for what an address or a form asks."""

SECTIONS: Final = (
    ("", "Overview"),
    ("topics", "Topics"),
    ("groups", "Groups"),
    ("subjects", "Subjects"),
    ("contracts", "Contracts"),
    ("dead-letters", "Dead letters"),
)
"""The pages of the side bar."""

_log = logging.getLogger("streamcontract.console")

_LARGEST_FORM: Final = 2**20

_LONGEST_ADDRESS: Final = 8_000
"""Characters: servers and proxies refuse longer ones."""


class Endpoints:
    """Makes endpoints of views: brokers and registry are waited for in a thread.

    Args:
        renderer: Makes the pages of errors.
        token: What a form has to have.
    """

    def __init__(self, renderer: Renderer, token: str) -> None:
        self._renderer = renderer
        self._token = token

    def get(self, view: View) -> Callable[[Request], Any]:
        """The endpoint of a page."""

        async def endpoint(request: Request) -> Response:
            return await self._answer(view, dict(request.query_params), str(request.url.path))

        return endpoint

    def post(self, view: View) -> Callable[[Request], Any]:
        """The endpoint of a form, which has to have this process's token."""

        async def endpoint(request: Request) -> Response:
            body = bytearray()
            async for part in request.stream():
                body += part
                if len(body) > _LARGEST_FORM:
                    return self._refusal(
                        413, "The form is too large", f"At most {_LARGEST_FORM:,} bytes."
                    )
            try:
                pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict")
            except UnicodeDecodeError:
                return self._refusal(400, "The form cannot be read", "It is not UTF-8.")
            form = dict(pairs)
            if len(form) < len(pairs):
                text = "It has two values for one name."
                return self._refusal(400, "The form cannot be read", text)
            if not same_token(form.pop("token", ""), self._token):
                text = "Load its page again."
                return self._refusal(403, "The form is of an earlier console", text)
            return await self._answer(view, form, str(request.url.path))

        return endpoint

    async def _answer(self, view: View, query: Query, path: str) -> Response:
        # Abandoned when the server stops: a broker that does not answer holds nothing up.
        found = await to_thread.run_sync(self._made, view, query, path, abandon_on_cancel=True)
        return found if isinstance(found, Response) else HTMLResponse(found)

    def _made(self, view: View, query: Query, path: str) -> str | Response:
        try:
            return view(query)
        except StreamContractError as error:
            status, title = status_of(error)
            page = self._error(title, str(error), path.lstrip("/"), query, status)
            return HTMLResponse(page, status)
        except Exception:  # noqa: BLE001 - a page has an answer, and the log has the error
            _log.exception("the page %s failed", path)
            text = "The console's log has the error. Please report it."
            return HTMLResponse(self._error("This is a bug", text, path.lstrip("/"), query), 500)

    def _error(self, title: str, text: str, page: str, query: Query, status: int = 500) -> str:
        section = _section_of(page)
        name = query.get("name", "")
        is_new = status == 404 and section == "topics" and topic_fault(name) is None
        return self._renderer.page(
            "error.html",
            title=title,
            text=text,
            again=_again(page, query),
            section=section,
            new_topic=name if is_new else "",
        )

    def _refusal(
        self, status: int, title: str, text: str, headers: Mapping[str, str] | None = None
    ) -> Response:
        """The answer to a request that leads to no page."""
        page = self._renderer.page(
            "error.html", title=title, text=text, again="", section=None, new_topic=""
        )
        return HTMLResponse(page, status, headers)

    async def read_only(self, request: Request) -> Response:
        """The answer where a console that may write has a form."""
        text = f"{request.url.path} is a page of `streamcontract console --allow-writes`."
        return self._refusal(403, "This console only reads", text)

    async def not_found(self, request: Request, _error: Exception) -> Response:
        """The answer to an unknown address."""
        return self._refusal(404, "There is no such page", request.url.path)

    async def not_allowed(self, request: Request, error: Exception) -> Response:
        """The answer to a method that a page does not have."""
        text = f"{request.method} {request.url.path}"
        headers = getattr(error, "headers", None)
        return self._refusal(405, "This page is not for that method", text, headers)


def _again(page: str, query: Query) -> str:
    """The address of a page with what was asked for, or filled in, as far as addresses go."""
    address = ConsoleLinks().to(page, **query)
    if len(address) <= _LONGEST_ADDRESS:
        return address
    return ConsoleLinks().to(page, **{name: query.get(name) for name in ("name", "contract")})


def _section_of(page: str) -> str | None:
    """The section that a page is of: ``topics`` of ``topic/groups``."""
    first = page.partition("/")[0]
    names = [name for name, _ in SECTIONS]
    return next((each for each in (first, f"{first}s") if each in names), None)


def answer(page: str, notices: Iterable[Notice]) -> str | Response:
    """A page, with the status of the error because of which it has nothing that was asked for."""
    errors = [each.error for each in notices if each.error is not None]
    return HTMLResponse(page, status_of(errors[0])[0]) if errors else page


def status_of(error: StreamContractError) -> tuple[int, str]:
    """The status and the title of an error."""
    reason = getattr(error, "error", None)
    is_missing = reason is not None and hasattr(reason, "code") and reason.code() in NO_SUCH_TOPIC
    if is_missing or isinstance(error, NotFoundError | NotThereError):
        return 404, "Not found"
    if isinstance(error, ConfigurationError | NotSupportedError | SchemaParseError):
        return 400, "This cannot be shown"
    if isinstance(error, RegistryRejectedError):
        return 400, "The registry refuses this"
    if isinstance(error, RegistryRequestError):
        return 503, "The registry does not answer"
    if isinstance(error, BrokerError) and error.code > 0 and not error.retriable:
        return 400, "The brokers refuse this"
    if isinstance(error, ClientError):
        return 503, "The brokers do not answer"
    return 400, "This cannot be shown"  # such as a stored schema that is not valid
