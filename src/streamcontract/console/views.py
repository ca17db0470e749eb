"""Views: the page that each address shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamcontract.console.endpoints import answer
from streamcontract.console.looking_up import Ranges
from streamcontract.console.pages.contracts import NO_PROJECT, contract_page, contracts_page
from streamcontract.console.pages.dead_letters import COUNTED, dead_letters_page
from streamcontract.console.pages.groups import all_groups_page, groups_of_topic
from streamcontract.console.pages.letters import letters_page
from streamcontract.console.pages.messages import example_condition, messages_page, tail_notices
from streamcontract.console.pages.overview import overview_page
from streamcontract.console.pages.shown import NotThereError
from streamcontract.console.pages.sides import sides_of
from streamcontract.console.pages.subjects import subject_page, subjects_page
from streamcontract.console.pages.topic import configuration_page, head_of
from streamcontract.console.pages.topics import topics_page
from streamcontract.console.queries import look_up_of, whole
from streamcontract.console.tail import SHOWN
from streamcontract.console.writes import Done

if TYPE_CHECKING:
    from starlette.responses import Response

    from streamcontract.console.endpoints import Query
    from streamcontract.console.pages.topic import Head
    from streamcontract.console.rendering import Renderer
    from streamcontract.console.results import Results
    from streamcontract.console.sources import Sources

__all__ = ["Views"]

_KEPT: Final = 200
"""Messages that a live tail keeps in the browser."""


class Views:
    """The views that only read.

    Args:
        sources: The brokers, the registry and the project.
        renderer: Makes the pages.
        results: What forms have done.
    """

    def __init__(self, sources: Sources, renderer: Renderer, results: Results) -> None:
        self._sources = sources
        self._renderer = renderer
        self._results = results

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
        example = example_condition(head.contracts, self._sources)
        shown = self._topic("messages.html", head, tab="topic", page=page, example=example)
        return answer(shown, page.notices)

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
            example=example_condition(head.contracts, self._sources),
        )
        return answer(shown, notices)

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
        done = self._results.of(query.get("result", ""), head.name, Done)
        return self._renderer.page(
            "letters.html", section="dead-letters", page=page, error=error, at=at, done=done
        )
