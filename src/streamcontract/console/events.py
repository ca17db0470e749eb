"""Server-sent events: rows of a tail or of a search that goes on, for one browser each."""

from __future__ import annotations

import json
import logging
import threading
import time
from typing import TYPE_CHECKING, Final

import anyio
from anyio import to_thread
from starlette.responses import Response, StreamingResponse

from streamcontract.console.looking_up import look_up, ranges_of
from streamcontract.console.pages.messages import row_of
from streamcontract.console.pages.shown import visible
from streamcontract.console.queries import look_up_of, whole
from streamcontract.console.reading import TopicReader
from streamcontract.console.tail import Tail
from streamcontract.errors import ConfigurationError, StreamContractError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request

    from streamcontract.console.looking_up import Found, LookUp, Ranges
    from streamcontract.console.pages.messages import MessageRow
    from streamcontract.console.rendering import Renderer
    from streamcontract.console.sources import Sources
    from streamcontract.console.tail import Update

__all__ = ["Streams", "search_events", "tail_events"]

_log = logging.getLogger("streamcontract.console")

_STEP: Final = 0.5
"""Seconds of one step of a search."""

_SEARCH: Final = 60.0
"""Seconds after which a search stops and offers to go on."""

_MOST: Final = 16
"""Tails and searches at a time: each holds a thread, and pages need some too."""

_EVENTS: Final = "text/event-stream"

_streams = threading.BoundedSemaphore(_MOST)
_TOO_MANY: Final = f"{_MOST} tails and searches run already: close one and load this page again"


class Streams:
    """The endpoints of tails and searches.

    Args:
        sources: The brokers, the registry and the project.
        renderer: Makes the rows.
    """

    def __init__(self, sources: Sources, renderer: Renderer) -> None:
        self._sources = sources
        self._renderer = renderer

    async def search(self, request: Request) -> Response:
        """The rows of a search that goes on."""
        found = whole(request.query_params, "found") or 0
        sources, renderer = self._sources, self._renderer
        return _stream(request, lambda asked: search_events(asked, found, sources, renderer))

    async def tail(self, request: Request) -> Response:
        """The rows of a live tail."""
        return _stream(request, lambda asked: tail_events(asked, self._sources, self._renderer))


def _stream(request: Request, events: Callable[[LookUp], AsyncIterator[str]]) -> Response:
    try:
        asked = look_up_of(request.query_params)
    except ConfigurationError as error:
        return Response(str(error), 400)
    if request.method == "HEAD":  # no body, for which a tail would wait
        return Response(media_type=_EVENTS)
    return StreamingResponse(events(asked), media_type=_EVENTS)


async def tail_events(asked: LookUp, sources: Sources, renderer: Renderer) -> AsyncIterator[str]:
    """The events of a live tail, until the browser leaves."""
    if not _streams.acquire(blocking=False):
        yield _event("end", {"text": _TOO_MANY})
        return
    tail: Tail | None = None
    try:
        tail = await to_thread.run_sync(Tail, asked, sources)
        yield _event("state", {"text": "Waiting for messages"})
        while (update := await to_thread.run_sync(tail.update)) is not None:
            yield _rows(update.rows, renderer)
            yield _event("state", {"text": _in_words(update), "count": update.count})
    except Exception as error:  # noqa: BLE001 - a browser waits for the end
        yield _event("end", {"text": _why(error)})
    finally:
        _streams.release()
        if tail is not None:
            with anyio.CancelScope(shield=True):  # the browser's leaving cancels this task
                await to_thread.run_sync(tail.close)


def _in_words(update: Update) -> str:
    verdicts = ", ".join(f"{count:,} {label}" for label, count in sorted(update.verdicts.items()))
    unread = f", {update.unread:,} only counted" if update.unread else ""
    shown = f": {verdicts}{unread}" if verdicts or unread else ""
    total = f"{update.count:,} since {update.since:%H:%M:%S} UTC"
    return f"{update.rate:,.0f} messages a second, {total}{shown}"


async def search_events(
    asked: LookUp, found: int, sources: Sources, renderer: Renderer
) -> AsyncIterator[str]:
    """The events of a search that goes on where a page stopped, until its end or for a minute.

    Args:
        asked: The look-up, with where it goes on.
        found: How many messages the page has already.
        sources: The brokers, the registry and the project.
        renderer: Makes the rows.
    """
    at = str(asked.rest or "")
    if not _streams.acquire(blocking=False):
        yield _event("end", {"at": at, "text": _TOO_MANY})
        return
    wanted, deadline = asked.count, time.monotonic() + _SEARCH
    try:
        reader = await to_thread.run_sync(TopicReader, asked.topic, sources, asked.wanted)
        rest = await to_thread.run_sync(ranges_of, asked, sources)
        scanned = 0
        while rest.size and found < wanted and time.monotonic() < deadline:
            step = await to_thread.run_sync(_search_step, reader, asked, rest, sources)
            found += len(step.messages)
            scanned += step.scanned
            rest = step.rest
            at = str(rest)
            yield _rows(tuple(map(row_of, step.messages)), renderer)
            yield _event("progress", {"scanned": scanned, "found": found})
        stopped = f"Stopped after {_SEARCH:.0f} seconds: a click goes on."
        is_over = not rest.size or found >= wanted
        at = str(rest) if rest.size else ""
        yield _event("end", {"at": at, "text": "" if is_over else stopped})
    except Exception as error:  # noqa: BLE001 - a browser waits for the end
        yield _event("end", {"at": at, "text": _why(error)})
    finally:
        _streams.release()


def _search_step(reader: TopicReader, asked: LookUp, rest: Ranges, sources: Sources) -> Found:
    return look_up(reader, asked, rest, sources, seconds=_STEP)


def _rows(rows: tuple[MessageRow, ...], renderer: Renderer) -> str:
    if not rows:
        return ""
    return _event("rows", {"html": renderer.page("rows.html", rows=rows)})


def _why(error: Exception) -> str:
    """The text of an error; the log has one that is a bug."""
    if isinstance(error, StreamContractError):
        return visible(str(error))
    _log.error("a tail or a search failed", exc_info=error)
    return "This is a bug: the console's log has the error. Please report it."


def _event(name: str, data: dict[str, object]) -> str:
    # JSON on one line: no text in it can end the event.
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
