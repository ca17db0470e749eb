"""Clients at the same time: what they are told could have been said to one after the other.

Requests are let loose together in rounds. After each round some order of its requests has to
explain every answer, and in the end one of the states that such orders lead to has to be the
registry's own. A correct registry always passes; one that mixes two changes has a round with
answers, or a state, that no order gives.
"""

from __future__ import annotations

import itertools
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.devstack.registry_http import Http, record
from tests.searching import examples

from streamcontract.devstack.registry import RegistryServer, snapshot
from streamcontract.devstack.registry.application import Request, respond
from streamcontract.devstack.registry.changes import delete_subject
from streamcontract.devstack.registry.routes import ROUTES
from streamcontract.devstack.registry.store import Store
from streamcontract.registry.contexts import QualifiedSubject
from streamcontract.registry.protocol import LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from streamcontract.devstack.registry.state import State

CLIENTS = 4


@attrs.frozen
class Call:
    """One request."""

    method: str
    path: str
    body: object = None


def _schema(document: object) -> dict[str, str]:
    return {"schema": json.dumps(document)}


bodies = st.sampled_from([_schema(each) for each in ("int", "long", record("a"), record("b"))])
subjects = st.sampled_from(["s", "t"])
calls = st.one_of(
    st.builds(lambda s, body: Call("POST", f"/subjects/{s}/versions", body), subjects, bodies),
    st.builds(lambda s, body: Call("POST", f"/subjects/{s}", body), subjects, bodies),
    st.builds(
        lambda s, n, flag: Call("DELETE", f"/subjects/{s}/versions/{n}?permanent={flag}"),
        *(subjects, st.integers(1, 2), st.booleans()),
    ),
    st.builds(
        lambda s, flag: Call("DELETE", f"/subjects/{s}?permanent={flag}"), subjects, st.booleans()
    ),
    st.builds(lambda s: Call("GET", f"/subjects/{s}/versions"), subjects),
    st.builds(
        lambda s, level: Call("PUT", f"/config/{s}", {"compatibility": level}),
        *(subjects, st.sampled_from(LEVELS)),
    ),
)
rounds = st.lists(st.lists(calls, min_size=CLIENTS, max_size=CLIENTS), min_size=1, max_size=3)

Answer = tuple[int, Any]


def _alone(state: State, call: Call) -> tuple[State, Answer]:
    """What a registry in this state answers to one request, and its state then."""
    store = Store()
    store._state = state
    request = Request(call.method, call.path, json.dumps(call.body).encode())
    answer = respond(ROUTES, store, request, None)
    return store.state, (answer.status, json.loads(answer.body))


def _explanations(state: State, asked: list[tuple[Call, Answer]]) -> list[State]:
    """The states to which orders lead that explain every answer, starting from a state."""
    found = []
    for order in itertools.permutations(asked):
        now = state
        for call, answer in order:
            now, expected = _alone(now, call)
            if expected != answer:
                break
        else:
            found.append(now)
    return found


def _told(state: State) -> str:
    """All that a state says, whatever order its parts came in."""
    return json.dumps(snapshot.dump(state), sort_keys=True)


@given(rounds=rounds)
@settings(max_examples=examples(15), deadline=None)
def test_some_order_of_simultaneous_requests_explains_every_answer(
    rounds: list[list[Call]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Registrations, look-ups, deletions and levels by four clients at once."""
    together = threading.Barrier(CLIENTS)
    path: Path = tmp_path_factory.mktemp("registry") / "state.json"
    # With a state file a change takes as long as a disk needs, so changes do meet.
    with RegistryServer(state=path) as server, ThreadPoolExecutor(CLIENTS) as threads:

        def let_loose(_: object) -> None:
            together.wait()

        server.before = let_loose

        def ask(call: Call) -> Answer:
            with Http(server.url) as http:
                reply = http(call.method, call.path, call.body)
                return reply.status, reply.body

        states = {"": Store().state}
        for calls in rounds:
            asked = list(zip(calls, threads.map(ask, calls), strict=True))
            after = [each for state in states.values() for each in _explanations(state, asked)]
            assert after, f"no order explains {asked}"
            states = {_told(each): each for each in after}
    with closing(Store(path)) as store:
        assert _told(store.state) in states, "the state file has what no order leads to"


class Overtaken(Store):
    """A store in which another client deletes a subject for ever right behind each change."""

    def apply(self, change: Callable[[State], tuple[State, Any]]) -> Any:
        """Make the change, and the deletions."""
        answer = super().apply(change)
        name = QualifiedSubject(".", "s")
        for permanent in (False, True):
            super().apply(partial(delete_subject, name=name, permanent=permanent))
        return answer


def test_an_answer_is_of_the_state_that_its_change_made() -> None:
    """A version that is gone a moment later was registered all the same."""
    body = json.dumps(_schema("int")).encode()
    request = Request("POST", "/subjects/s/versions", body)
    answer = respond(ROUTES, Overtaken(), request, None)
    assert (answer.status, json.loads(answer.body)["id"]) == (200, 1)
