"""State files for tests: registries without their sockets that fill them and read them."""

from __future__ import annotations

import json
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.devstack.registry_http import record

from streamcontract.devstack.registry import changes, snapshot
from streamcontract.devstack.registry.store import Store
from streamcontract.devstack.registry.values import whole
from streamcontract.registry.contexts import QualifiedSubject
from streamcontract.registry.protocol import SchemaReference, SchemaRequest

if TYPE_CHECKING:
    from pathlib import Path

    from streamcontract.devstack.registry.state import State

BASE = QualifiedSubject(".", "base")
REQUESTS = (
    SchemaRequest(schema=json.dumps(record("a"))),
    SchemaRequest(schema=json.dumps({**record("a", b=0), "doc": "\u2028\n\U0001f600"})),
    SchemaRequest(
        schema=json.dumps({"type": "array", "items": "R"}),
        references=(SchemaReference("R", ":.:base", 1),),
    ),
)


def told(state: State) -> str:
    """All that a state says."""
    return json.dumps(snapshot.dump(state))


def read(path: Path) -> str:
    """What a registry that starts on a file knows."""
    with closing(Store(path)) as store:
        return told(store.state)


def set_level(store: Store, level: str) -> None:
    """The smallest change."""
    store.apply(partial(changes.set_level, name=whole("."), level=level))  # type: ignore[arg-type]


def register(store: Store, subject: str, document: object, **more: Any) -> int:
    """Register a schema; the id that it has."""
    name, request = (
        QualifiedSubject.parse(subject),
        SchemaRequest(schema=json.dumps(document), **more),
    )
    return store.apply(lambda state: changes.register(state, name, request)).id


def fill(store: Store) -> None:
    """Some changes of each kind."""
    set_level(store, "NONE")
    base = register(store, "base", record("a"))
    register(store, "s", {"type": "array", "items": "R"}, references=REQUESTS[2].references)
    register(store, "gone", "int")
    for permanent in (False, True):
        name = QualifiedSubject(".", "gone")
        store.apply(partial(changes.delete_subject, name=name, permanent=permanent))
    assert register(store, "again", record("a")) == base


def lines_of(path: Path) -> list[bytes]:
    """The lines of a file."""
    return path.read_bytes().splitlines(keepends=True)
