"""Routes of the console: an address, the page that it shows, and who may write."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import parse_qsl

from anyio import to_thread
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from streamcontract.console import writes
from streamcontract.console.events import search_events, tail_events
from streamcontract.console.forms import FormFault, controls_of
from streamcontract.console.looking_up import LookUp, Ranges
from streamcontract.console.pages.contracts import (
    NO_PROJECT,
    contract_page,
    contracts_page,
    parsed,
)
from streamcontract.console.pages.dead_letters import (
    COUNTED,
    dead_letters_page,
    letters_page,
    replay_page,
)
from streamcontract.console.pages.groups import all_groups_page, groups_of_topic
from streamcontract.console.pages.messages import messages_page, tail_notices
from streamcontract.console.pages.overview import overview_page
from streamcontract.console.pages.shown import NotThereError
from streamcontract.console.pages.sides import sides_of
from streamcontract.console.pages.subjects import subject_page, subjects_page
from streamcontract.console.pages.topic import configuration_page, head_of
from streamcontract.console.pages.topics import topics_page
from streamcontract.console.queries import look_up_of, query_of, whole
from streamcontract.console.rendering import ConsoleLinks, Renderer
from streamcontract.console.results import Results
from streamcontract.console.security import LOOPBACK, Guard, new_token, same_token
from streamcontract.console.tail import SHOWN
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
    from collections.abc import Collection, Iterable, Sequence

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from streamcontract.console.pages.shown import Notice
    from streamcontract.console.pages.topic import Head
    from streamcontract.console.sources import Sources
    from streamcontract.kafka.admin.topics import TopicOutcome

__all__ = ["console_app"]

Query = Mapping[str, str]
View = Callable[[Query], "str | Response"]
Result = TypeVar("Result", writes.Sent, writes.Done)

_log = logging.getLogger("streamcontract.console")

_SECTIONS: Final = (
    ("", "Overview"),
    ("topics", "Topics"),
    ("groups", "Groups"),
    ("subjects", "Subjects"),
    ("contracts", "Contracts"),
    ("dead-letters", "Dead letters"),
)
_KEPT: Final = 200
"""Messages that a live tail keeps in the browser."""

_LARGEST_FORM: Final = 2**20
_EVENTS: Final = "text/event-stream"
_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


def console_app(
    sources: Sources, *, allow_writes: bool = False, hosts: Collection[str] = LOOPBACK
) -> ASGIApp:
    """The console as an ASGI application.

    Args:
        sources: The brokers, the registry and the project.
        allow_writes: Whether it may produce, replay and create topics.
        hosts: The names under which it may be reached.
    """
    views = _Views(sources, allow_writes=allow_writes)
    pages: dict[str, View] = {
        "/": views.overview,
        "/topics": views.topics,
        "/topic": views.messages,
        "/topic/tail": views.tail,
        "/topic/partitions": views.partitions,
        "/topic/groups": views.topic_groups,
        "/topic/configuration": views.configuration,
        "/groups": views.groups,
        "/subjects": views.subjects,
        "/subject": views.subject,
        "/contracts": views.contracts,
        "/contract": views.contract,
        "/dead-letters": views.dead_letters,
        "/dead-letters/topic": views.letters,
    }
    routes = [Route(path, views.get(view)) for path, view in pages.items()]
    routes += [
        Route("/topic/search", views.search_stream),
        Route("/topic/tail/events", views.tail_stream),
        Route("/static/{file}", _static),
    ]
    if allow_writes:
        forms: dict[str, tuple[View, View]] = {
            "/topics/new": (views.topic_form, views.create_topic),
            "/topic/produce": (views.record_form, views.produce),
            "/dead-letters/replay": (views.replay_form, views.replay),
        }
        for path, (form, action) in forms.items():
            routes += [
                Route(path, views.get(form), methods=["GET"]),
                Route(path, views.post(action), methods=["POST"]),
            ]
    handlers = {404: views.not_found, 405: views.not_allowed}
    app = Starlette(routes=routes, exception_handlers=handlers)
    return Guard(app, hosts)


class _Views:
    """The pages. Each is made in a thread: brokers and registry are waited for."""

    def __init__(self, sources: Sources, *, allow_writes: bool) -> None:
        self._sources = sources
        self._token = new_token()
        self._results = Results()
        where = [("Brokers", sources.brokers)]
        where += (("Registry", url) for url in sources.registry.urls)
        where.append(("Writes", "allowed" if allow_writes else "not allowed"))
        self._renderer = Renderer(
            ConsoleLinks(),
            sections=_SECTIONS,
            where=where,
            allow_writes=allow_writes,
            token=self._token,
            query=query_of,
            has_topics=True,
        )

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
            text = body.decode(errors="replace")
            form = dict(parse_qsl(text, keep_blank_values=True))
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
            status, title = _status_of(error)
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
            again=ConsoleLinks().to(page, **query),
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

    async def not_found(self, request: Request, _error: Exception) -> Response:
        """The answer to an unknown address."""
        return self._refusal(404, "There is no such page", request.url.path)

    async def not_allowed(self, request: Request, error: Exception) -> Response:
        """The answer to a method that a page does not have."""
        text = f"{request.method} {request.url.path}"
        headers = getattr(error, "headers", None)
        return self._refusal(405, "This page is not for that method", text, headers)

    def overview(self, _query: Query) -> str:
        """The overview."""
        page = overview_page(self._sources)
        return self._renderer.page("overview.html", section="", page=page)

    def topics(self, query: Query) -> str:
        """The list of topics."""
        page = topics_page(
            self._sources,
            query.get("q", "").strip(),
            whole(query, "page") or 1,
            with_internal="internal" in query,
        )
        return self._renderer.page("topics.html", section="topics", page=page)

    def _topic(self, template: str, head: Head, **values: object) -> str:
        return self._renderer.page(template, section="topics", head=head, **values)

    def messages(self, query: Query) -> str | Response:
        """The messages of a topic."""
        asked = look_up_of(query)
        head = head_of(asked.topic, self._sources)
        page = messages_page(asked, self._sources, head.state)
        example = self._example(head)
        shown = self._topic("messages.html", head, tab="topic", page=page, example=example)
        return _answer(shown, page.notices)

    def tail(self, query: Query) -> str | Response:
        """The live tail of a topic."""
        asked = look_up_of(query)
        head = head_of(asked.topic, self._sources)
        notices = tail_notices(asked, self._sources)
        shown = self._topic(
            "tail.html",
            head,
            tab="topic/tail",
            asked=asked,
            notices=notices,
            most=2 * SHOWN,
            kept=_KEPT,
            example=self._example(head),
        )
        return _answer(shown, notices)

    def _example(self, head: Head) -> str:
        """A condition on a field of the topic's contract."""
        project = self._sources.project()
        for name in head.contracts:
            schema = parsed(project.contract(name)) if project is not None else None
            fields = getattr(getattr(schema, "root", None), "fields", ())
            if fields:
                return f"{fields[0].name} = '...'"
        return "field = 'value'"

    def partitions(self, query: Query) -> str:
        """The partitions of a topic."""
        head = head_of(query.get("name", ""), self._sources)
        return self._topic("partitions.html", head, tab="topic/partitions")

    def topic_groups(self, query: Query) -> str:
        """The consumer groups of a topic."""
        head = head_of(query.get("name", ""), self._sources)
        number = whole(query, "page") or 1
        page = groups_of_topic(head.state, self._sources, number, is_embedded=head.is_embedded)
        return self._topic("groups.html", head, tab="topic/groups", page=page)

    def configuration(self, query: Query) -> str:
        """The configuration of a topic."""
        head = head_of(query.get("name", ""), self._sources)
        page = configuration_page(head, self._sources)
        return self._topic("configuration.html", head, tab="topic/configuration", page=page)

    def groups(self, query: Query) -> str:
        """The list of consumer groups."""
        sought, number = query.get("q", "").strip(), whole(query, "page") or 1
        page = all_groups_page(self._sources, sought, number)
        return self._renderer.page("all_groups.html", section="groups", page=page)

    def subjects(self, query: Query) -> str:
        """The list of subjects."""
        sought, number = query.get("q", "").strip(), whole(query, "page") or 1
        page = subjects_page(self._sources, sought, number)
        return self._renderer.page("subjects.html", section="subjects", page=page)

    def subject(self, query: Query) -> str:
        """One subject."""
        name = query.get("name", "")
        page = subject_page(self._sources, name, whole(query, "old"), whole(query, "new"))
        return self._renderer.page("subject.html", section="subjects", page=page)

    def contracts(self, _query: Query) -> str:
        """The contracts."""
        page = contracts_page(self._sources.project())
        return self._renderer.page("contracts.html", section="contracts", page=page)

    def contract(self, query: Query) -> str:
        """One contract."""
        project = self._sources.project()
        if project is None:
            raise NotThereError(NO_PROJECT.text)
        page = contract_page(project, query.get("name", ""))
        sides = sides_of(project.contract(page.name), self._sources)
        return self._renderer.page("contract.html", section="contracts", page=page, sides=sides)

    def dead_letters(self, query: Query) -> str:
        """The dead letters by reason."""
        page = dead_letters_page(self._sources, whole(query, "page") or 1)
        return self._renderer.page(
            "dead_letters.html", section="dead-letters", page=page, most=COUNTED
        )

    def letters(self, query: Query) -> str:
        """The open dead letters of one topic."""
        error = query.get("error") or None
        at = query.get("at", "")
        head = head_of(query.get("name", ""), self._sources)
        page = letters_page(head.state, error, self._sources, Ranges.parse(at) if at else None)
        done = self._result(query, writes.Done, head.name)
        return self._renderer.page(
            "letters.html", section="dead-letters", page=page, error=error, at=at, done=done
        )

    def _result(self, query: Query, kind: type[Result], topic: str) -> Result | None:
        """What a form has done that led to this page: only this process knows its name."""
        found = self._results.of(query.get("result", ""))
        return found if isinstance(found, kind) and found.topic == topic else None

    def topic_form(self, query: Query, outcome: TopicOutcome | None = None, fault: str = "") -> str:
        """The form of a new topic."""
        return self._renderer.page(
            "new_topic.html",
            section="topics",
            given=query,
            declared=writes.declared_partitions(query.get("name", ""), self._sources),
            outcome=outcome,
            fault=fault,
        )

    def create_topic(self, form: Query) -> str | Response:
        """Create a topic."""
        try:
            name = form.get("name", "")
            made = writes.create_topic(name, form.get("partitions", ""), self._sources)
        except StreamContractError as error:
            return HTMLResponse(self.topic_form(form, fault=str(error)), _status_of(error)[0])
        if not made.created or made.mismatches:
            return HTMLResponse(self.topic_form(form, outcome=made), 200 if made.created else 409)
        return RedirectResponse(ConsoleLinks().to("topic", name=made.name), 303)

    def record_form(self, query: Query, faults: Sequence[FormFault] = ()) -> str:
        """The form of a record."""
        head = head_of(query.get("name", ""), self._sources)
        contract = query.get("contract") or next(iter(head.contracts), None)
        target = writes.target_of(head.name, self._sources, contract)
        wrong: dict[str, str] = {}
        for each in faults:
            wrong[each.control] = "; ".join(filter(None, [wrong.get(each.control), each.text]))
        return self._topic(
            "produce.html",
            head,
            tab="topic/produce",
            controls=controls_of(target.schema, query),
            given=query,
            target=target,
            notices=writes.registrations(target, self._sources),
            sent=self._result(query, writes.Sent, head.name),
            faults=faults,
            wrong=wrong,
        )

    def produce(self, form: Query) -> str | Response:
        """Send a record."""
        name, contract = form.get("name", ""), form.get("contract") or None
        target = writes.target_of(name, self._sources, contract)
        try:
            sent = writes.send(form, target, self._sources)
        except StreamContractError as error:
            page = self.record_form(form, [FormFault("", str(error))])
            return HTMLResponse(page, _status_of(error)[0])
        if sent.faults:
            return HTMLResponse(self.record_form(form, sent.faults), 422)
        result = self._results.keep(sent)
        query = {"name": name, "contract": contract, "result": result}
        return RedirectResponse(ConsoleLinks().to("topic/produce", **query), 303)

    def replay_form(self, query: Query) -> str:
        """What a replay would do, and the button that starts it."""
        head = head_of(query.get("name", ""), self._sources)
        page = replay_page(head.state, self._sources)
        return self._renderer.page("replay.html", section="dead-letters", page=page)

    def replay(self, form: Query) -> Response:
        """Replay dead letters."""
        name = form.get("name", "")
        done = writes.replay(name, self._sources)
        result = self._results.keep(done)
        query = {"name": name, "result": result}
        return RedirectResponse(ConsoleLinks().to("dead-letters/topic", **query), 303)

    async def search_stream(self, request: Request) -> Response:
        """The rows of a search that goes on."""
        found = whole(request.query_params, "found") or 0
        return self._stream(
            request, lambda asked: search_events(asked, found, self._sources, self._renderer)
        )

    async def tail_stream(self, request: Request) -> Response:
        """The rows of a live tail."""
        return self._stream(
            request,
            lambda asked: tail_events(asked, self._sources, self._renderer),
        )

    def _stream(self, request: Request, events: Callable[[LookUp], Any]) -> Response:
        try:
            asked = look_up_of(request.query_params)
        except ConfigurationError as error:
            return Response(str(error), 400)
        if request.method == "HEAD":  # no body, for which a tail would wait
            return Response(media_type=_EVENTS)
        return StreamingResponse(events(asked), media_type=_EVENTS)


def _section_of(page: str) -> str | None:
    """The section that a page is of: ``topics`` of ``topic/groups``."""
    first = page.partition("/")[0]
    names = [name for name, _ in _SECTIONS]
    return next((each for each in (first, f"{first}s") if each in names), None)


def _answer(page: str, notices: Iterable[Notice]) -> str | Response:
    """A page, with the status of the error because of which it has nothing that was asked for."""
    errors = [each.error for each in notices if each.error is not None]
    return HTMLResponse(page, _status_of(errors[0])[0]) if errors else page


def _status_of(error: StreamContractError) -> tuple[int, str]:
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


async def _static(request: Request) -> Response:
    """A file of the console; no other path is looked at."""
    name = request.path_params["file"]
    folder = resources.files("streamcontract.console").joinpath("static")
    for file in folder.iterdir():
        if file.name == name:
            kind = _TYPES.get(name.rpartition(".")[2], "application/octet-stream")
            return Response(file.read_bytes(), media_type=kind)
    return Response("There is no such file.\n", 404)
