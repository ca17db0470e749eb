"""Routes of the console: the address of each page, and who may write."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from streamcontract.console.endpoints import SECTIONS, Endpoints
from streamcontract.console.events import Streams
from streamcontract.console.queries import query_of
from streamcontract.console.rendering import ConsoleLinks, Renderer
from streamcontract.console.results import Results
from streamcontract.console.security import LOOPBACK, Guard, new_token
from streamcontract.console.views import Views
from streamcontract.console.writing_views import WritingViews

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from streamcontract.console.endpoints import View
    from streamcontract.console.sources import Sources

__all__ = ["console_app"]

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
    token, results = new_token(), Results()
    renderer = _renderer(sources, token, allow_writes=allow_writes)
    endpoints = Endpoints(renderer, token)
    routes = [
        Route(path, endpoints.get(view))
        for path, view in _pages(Views(sources, renderer, results)).items()
    ]
    streams = Streams(sources, renderer)
    routes += [
        Route("/topic/search", streams.search),
        Route("/topic/tail/events", streams.tail),
        Route("/static/{file}", _static),
    ]
    for path, (form, action) in _forms(WritingViews(sources, renderer, results)).items():
        if allow_writes:
            routes.append(Route(path, endpoints.get(form), methods=["GET"]))
            routes.append(Route(path, endpoints.post(action), methods=["POST"]))
        else:
            routes.append(Route(path, endpoints.read_only, methods=["GET", "POST"]))
    handlers = {404: endpoints.not_found, 405: endpoints.not_allowed}
    return Guard(Starlette(routes=routes, exception_handlers=handlers), hosts)


def _renderer(sources: Sources, token: str, *, allow_writes: bool) -> Renderer:
    where = [("Brokers", sources.brokers)]
    where += (("Registry", url) for url in sources.registry.urls)
    where.append(("Writes", "allowed" if allow_writes else "not allowed"))
    return Renderer(
        ConsoleLinks(),
        sections=SECTIONS,
        where=where,
        allow_writes=allow_writes,
        token=token,
        query=query_of,
        has_topics=True,
    )


def _pages(views: Views) -> dict[str, View]:
    return {
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


def _forms(views: WritingViews) -> dict[str, tuple[View, View]]:
    """Each form, and what it does when it is sent."""
    return {
        "/topics/new": (views.topic_form, views.create_topic),
        "/topic/produce": (views.record_form, views.produce),
        "/dead-letters/replay": (views.replay_form, views.replay),
    }


async def _static(request: Request) -> Response:
    """A file of the console; no other path is looked at."""
    name = request.path_params["file"]
    folder = resources.files("streamcontract.console").joinpath("static")
    for file in folder.iterdir():
        if file.name == name:
            kind = _TYPES.get(name.rpartition(".")[2], "application/octet-stream")
            return Response(file.read_bytes(), media_type=kind)
    return Response("There is no such file.\n", 404)
