"""Views that write: new topics, records and replays, each a form and what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, RedirectResponse

from streamcontract.console import writes
from streamcontract.console.endpoints import status_of
from streamcontract.console.forms import FormFault, controls_of
from streamcontract.console.pages.replays import replay_page
from streamcontract.console.pages.topic import head_of
from streamcontract.console.rendering import ConsoleLinks
from streamcontract.errors import StreamContractError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from streamcontract.console.endpoints import Query
    from streamcontract.console.rendering import Renderer
    from streamcontract.console.results import Results
    from streamcontract.console.sources import Sources
    from streamcontract.kafka.admin.topics import TopicOutcome

__all__ = ["WritingViews"]


class WritingViews:
    """The views of a console that may write.

    Args:
        sources: The brokers, the registry and the project.
        renderer: Makes the pages.
        results: What forms have done.
    """

    def __init__(self, sources: Sources, renderer: Renderer, results: Results) -> None:
        self._sources = sources
        self._renderer = renderer
        self._results = results

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
            return HTMLResponse(self.topic_form(form, fault=str(error)), status_of(error)[0])
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
        return self._renderer.page(
            "produce.html",
            section="topics",
            head=head,
            tab="topic/produce",
            controls=controls_of(target.schema, query),
            given=query,
            target=target,
            notices=writes.registrations(target, self._sources),
            sent=self._results.of(query.get("result", ""), head.name, writes.Sent),
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
            return HTMLResponse(page, status_of(error)[0])
        if sent.faults:
            return HTMLResponse(self.record_form(form, sent.faults), 422)
        result = self._results.keep(name, sent)
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
        result = self._results.keep(name, done)
        query = {"name": name, "result": result}
        return RedirectResponse(ConsoleLinks().to("dead-letters/topic", **query), 303)
