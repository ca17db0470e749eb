"""What the registry keeps: in a file over restarts, and whole under many clients at once."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from tests.devstack.registry_http import Http, record

from streamcontract.devstack.registry import RegistryServer, snapshot
from streamcontract.devstack.registry.changes import set_level, set_mode
from streamcontract.devstack.registry.store import Store
from streamcontract.devstack.registry.values import whole
from streamcontract.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamcontract.devstack.registry.state import State

EVERYTHING = (
    "/subjects",
    "/subjects?deleted=true",
    "/subjects/s/versions?deleted=true",
    "/subjects/user/versions/1",
    "/subjects/base/versions/1/referencedby",
    "/schemas/ids/1",
    "/schemas/ids/3",
    "/schemas/ids/4",
    "/config",
    "/config/s",
    "/mode",
    "/mode/elsewhere",
    "/contexts",
    "/subjects/:.c:user/versions/1",
    "/schemas/ids/1?subject=:.c:",
    "/config/:.c:user?defaultToGlobal=true",
    "/config/:.__GLOBAL:",
)


def fill(http: Http) -> None:
    """Make a registry with something of everything in it."""
    http.register("s", {**record("a"), "doc": "grün \u2028 \U0001f600"})
    http.register("s", record("a", b=0))
    http.register("base", record(name="Base"))
    references = [{"name": "Base", "subject": "base", "version": 1}]
    http.register("user", {"type": "array", "items": "Base"}, references=references)
    assert http("DELETE", "/subjects/s/versions/1").status == 200
    assert http("PUT", "/config", {"compatibility": "FULL"}).status == 200
    assert http("PUT", "/config/s", {"compatibility": "NONE"}).status == 200
    assert http("PUT", "/mode/elsewhere", {"mode": "READONLY"}).status == 200
    references = [{"name": "Base", "subject": ":.:base", "version": 1}]
    metadata = {"properties": {"owner": "us", "items": 3}}
    user = {"type": "array", "items": "Base"}
    assert http.register(":.c:user", user, references=references, metadata=metadata) == 1
    assert http("PUT", "/config/:.c:", {"compatibility": "FORWARD"}).status == 200
    assert http("PUT", "/config/:.__GLOBAL:", {"compatibility": "NONE"}).status == 200


def test_a_restart_keeps_everything(tmp_path: Path) -> None:
    """All answers are the same after it, and ids go on where they were; a deleted one is kept."""
    path = tmp_path / "made" / "registry.json"
    with RegistryServer(state=path) as server, Http(server.url) as http:
        fill(http)
        http.register("gone", "int")
        for suffix in ("", "?permanent=true"):
            assert http("DELETE", f"/subjects/gone{suffix}").status == 200
        answers = [http("GET", url) for url in EVERYTHING]
    with RegistryServer(state=path) as server, Http(server.url) as http:
        assert [http("GET", url) for url in EVERYTHING] == answers
        assert http.register("new", "string") == 6
        assert http.register("gone", "int") == 5
    assert {entry.name for entry in path.parent.iterdir()} == {
        "registry.json",
        "registry.json.lock",
    }


BEFORE_CONTEXTS = {
    "format": 1,
    "next_id": 9,
    "compatibility": "FULL",
    "mode": "READWRITE",
    "schemas": [
        {
            "schema": '{"type": "array", "items": "Base"}',
            "references": [{"name": "Base", "subject": "base", "version": 1}],
            "id": 4,
        },
        {"schema": json.dumps(record(name="Base")), "id": 3},
    ],
    "subjects": {
        "base": {
            "compatibility": "NONE",
            "mode": None,
            "versions": [{"version": 1, "id": 3, "deleted": False}],
        },
        "user": {
            "compatibility": None,
            "mode": "IMPORT",
            "versions": [{"version": 2, "id": 4, "deleted": False}],
        },
    },
}
"""What a release without contexts left behind."""


def test_a_file_of_a_release_without_contexts_is_read(tmp_path: Path) -> None:
    """Everything in it is in the default context."""
    path = tmp_path / "registry.json"
    path.write_text(json.dumps(BEFORE_CONTEXTS))
    with RegistryServer(state=path) as server, Http(server.url) as http:
        assert http("GET", "/contexts").body == ["."]
        assert http("GET", "/subjects/user/versions/2").body["id"] == 4
        assert http("GET", "/config").body == {"compatibilityLevel": "FULL"}
        assert http("GET", "/config/base").body == {"compatibilityLevel": "NONE"}
        assert http("GET", "/mode/user").body == {"mode": "IMPORT"}
        assert json.loads(path.read_text()) == BEFORE_CONTEXTS  # reading alone changes nothing
        assert http.register("new", "int") == 9
    with RegistryServer(state=path) as server, Http(server.url) as http:
        assert http("GET", "/subjects").body == ["base", "new", "user"]


def test_without_a_file_nothing_is_kept() -> None:
    """Memory is the default."""
    for _ in range(2):
        with RegistryServer() as server, Http(server.url) as http:
            assert http.register("s", "int") == 1


def change(key: str, value: object) -> Callable[[dict[str, Any]], object]:
    """A fault in a state file: another value for a key of a context."""
    return lambda context: context.update({key: value})


FAULTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "level": change("compatibility", "SOME"),
    "mode": change("mode", "SOME"),
    "next id": change("next_id", "1"),
    "subjects": change("subjects", []),
    "no schemas": change("schemas", []),
    "settings": change("settings", []),
    "retired ids": change("retired", []),
    "a schema less": lambda context: context["schemas"].pop(),
    "schema": lambda context: context["schemas"][0].update(schema='"nope"'),
    "id": lambda context: context["schemas"][0].update(id=-1),
    "references in a circle": lambda context: context["schemas"][2].update(
        references=[{"name": "Base", "subject": "base", "version": 1}]
    ),
    "reference to nothing": lambda context: context["schemas"][3]["references"][0].update(
        version=9
    ),
    "key": lambda context: context.pop("mode"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_file_that_contradicts_itself_is_named(
    tmp_path: Path, fault: Callable[[dict[str, Any]], object]
) -> None:
    """Of the release before the journal, here: it stops the start, and stays as it is."""
    path = tmp_path / "registry.json"
    with RegistryServer(state=path) as server, Http(server.url) as http:
        fill(http)
    with closing(Store(path)) as store:
        state: Any = snapshot.dump(store.state)
    fault(state["contexts"]["."])
    damaged = json.dumps(state)
    path.write_text(damaged)
    with pytest.raises(StackError, match=str(path)):
        RegistryServer(state=path)
    assert path.read_text() == damaged


def test_a_file_of_the_release_before_the_journal_is_read(tmp_path: Path) -> None:
    """One JSON object over many lines; reading it alone changes nothing, the first change does."""
    path, former = tmp_path / "registry.json", tmp_path / "former.json"
    with RegistryServer(state=path) as server, Http(server.url) as http:
        fill(http)
        answers = [http("GET", url) for url in EVERYTHING]
    with closing(Store(path)) as store:
        text = json.dumps(snapshot.dump(store.state), indent=1)
    former.write_text(text)
    for new in (5, 6):
        with RegistryServer(state=former) as server, Http(server.url) as http:
            assert new > 5 or former.read_text() == text
            assert [http("GET", url) for url in EVERYTHING[2:]] == answers[2:]
            assert http.register(f"new{new}", {"type": "map", "values": record(f"f{new}")}) == new


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\ufeff{}", '{"format": 99}'])
def test_another_file_is_named(tmp_path: Path, text: str) -> None:
    """What is no state file at all is not overwritten."""
    path = tmp_path / "other.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StackError, match=str(path)):
        RegistryServer(state=path)
    assert path.read_text(encoding="utf-8") == text


def test_one_file_has_one_registry(tmp_path: Path) -> None:
    """Two registries would overwrite each other's changes; closing lets the next one in."""
    path = tmp_path / "registry.json"
    link = tmp_path / "link.json"
    link.symlink_to(path)
    for one, other in ((path, path), (path, link), (link, path)):
        with RegistryServer(state=one), pytest.raises(StackError, match="another registry"):
            RegistryServer(state=other)
    with RegistryServer(state=path):
        pass


def test_what_cannot_be_kept_has_not_happened(tmp_path: Path) -> None:
    """A file that cannot be written, here a folder: the change is refused, all is as before."""
    path = tmp_path / "registry.json"
    with RegistryServer(state=path) as server, Http(server.url) as http:
        path.mkdir()
        reply = http("POST", "/subjects/s/versions", {"schema": '"int"'})
        assert (reply.status, reply.body["error_code"]) == (500, 50001)
        assert http("GET", "/subjects").body == []
        path.rmdir()
        assert http.register("s", "int") == 1
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [
        "registry.json",
        "registry.json.lock",
    ]


def test_changes_wait_for_each_other() -> None:
    """A change starts from the state that the one before it left, never beside it."""
    store = Store()
    entered, beside = threading.Event(), threading.Event()

    def slow(state: State) -> tuple[State, bool]:
        entered.set()
        return set_level(state, whole("."), "FULL")[0], beside.wait(0.2)

    def quick(state: State) -> tuple[State, str]:
        beside.set()
        return set_mode(state, whole("."), "READONLY", force=False)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(store.apply, slow)
        assert entered.wait(10)
        pool.submit(store.apply, quick).result(10)
        assert first.result(10) is False
    context = store.state.subject(whole("."))
    assert (context.level, context.mode) == ("FULL", "READONLY")


def test_many_clients_at_once() -> None:
    """One schema registered by many gets one id; different ones get one id and version each."""
    schemas = [record("a", b=index) for index in range(8)]
    with RegistryServer() as server:

        def register(index: int) -> tuple[int, int]:
            with Http(server.url) as http:
                return http.register("same", "int"), http.register("s", schemas[index % 8])

        with ThreadPoolExecutor(16) as pool:
            ids = list(pool.map(register, range(64)))
        with Http(server.url) as http:
            assert len({same for same, _ in ids}) == 1
            assert len({different for _, different in ids}) == 8
            assert http("GET", "/subjects/same/versions").body == [1]
            assert http("GET", "/subjects/s/versions").body == list(range(1, 9))
