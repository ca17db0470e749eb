"""The state file: what of it is read back after a kill, a fault of the disk, or somebody's edit."""

from __future__ import annotations

import errno
import json
import os
import re
import tempfile
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.devstack.registry_http import record
from tests.searching import examples

from streamcontract.devstack.registry import changes, journal, snapshot
from streamcontract.devstack.registry.refusal import Refusal
from streamcontract.devstack.registry.state import State
from streamcontract.devstack.registry.store import Store
from streamcontract.devstack.registry.values import whole
from streamcontract.errors import StackError
from streamcontract.registry.contexts import QualifiedSubject
from streamcontract.registry.protocol import SchemaReference, SchemaRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    Change = Callable[[State], tuple[State, Any]]

BASE = QualifiedSubject(".", "base")
NAMES = (QualifiedSubject(".", "s"), BASE, QualifiedSubject(".c", "s/ü"))
REQUESTS = (
    SchemaRequest(schema=json.dumps(record("a"))),
    SchemaRequest(schema=json.dumps({**record("a", b=0), "doc": "\u2028\n\U0001f600"})),
    SchemaRequest(
        schema=json.dumps({"type": "array", "items": "R"}),
        references=(SchemaReference("R", ":.:base", 1),),
    ),
)

names = st.sampled_from(NAMES)
settings_names = st.sampled_from([*NAMES, *map(whole, (".", ".c", ".__GLOBAL"))])
flags = st.booleans()
numbers = st.none() | st.integers(1, 3)
requests = st.builds(
    attrs.evolve, st.sampled_from(REQUESTS), id=st.none() | st.integers(1, 6), version=numbers
)


def change(function: Callable[..., Any], *drawn: Any, **named: Any) -> st.SearchStrategy[Change]:
    """A change with these arguments, for a state yet to come."""
    return st.builds(
        lambda given, by_name: lambda state: function(state, *given, **by_name),
        st.tuples(*drawn),
        st.fixed_dictionaries(named),
    )


steps = st.one_of(
    change(changes.register, names, st.sampled_from(REQUESTS)),
    change(changes.register, names, requests),
    change(changes.delete_version, names, numbers, permanent=flags),
    change(changes.delete_subject, names, permanent=flags),
    change(changes.delete_context, st.just(".c")),
    change(
        changes.set_level,
        *(settings_names, st.sampled_from(["NONE", "FULL"])),
        st.dictionaries(st.just("compatibilityGroup"), st.sampled_from("ab")),
    ),
    change(changes.reset_level, settings_names),
    change(
        changes.set_mode,
        *(settings_names, st.sampled_from(["IMPORT", "READWRITE", "READONLY"])),
        force=st.just(value=True),
    ),
    change(changes.reset_mode, settings_names),
)


@pytest.fixture(autouse=True)
def _without_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No machine fails under these tests; one of them looks at what is brought to disk."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "registry.json"


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


def delete(text: str, version: int | None = None) -> list[Change]:
    """The changes that delete a version, or a subject, for ever."""
    name, flags = QualifiedSubject.parse(text), (False, True)
    if version is None:
        return [partial(changes.delete_subject, name=name, permanent=flag) for flag in flags]
    return [
        partial(changes.delete_version, name=name, number=version, permanent=flag) for flag in flags
    ]


def registered(text: str, request: SchemaRequest, **more: Any) -> Change:
    """The change that registers a schema."""
    name = QualifiedSubject.parse(text)
    return partial(changes.register, name=name, request=attrs.evolve(request, **more))


OF_EVERY_KIND: list[Change] = [
    partial(changes.set_level, name=whole("."), level="NONE"),
    partial(changes.set_level, name=whole(".c"), level="FULL", settings={"a": 1}),
    registered("base", REQUESTS[0]),
    registered("s", REQUESTS[1]),
    registered("s", REQUESTS[2]),
    registered(":.c:s", REQUESTS[2]),
    *delete("s", 1),
    registered("t", REQUESTS[1]),
    partial(changes.set_mode, name=BASE, mode="IMPORT", force=True),
    registered("base", REQUESTS[0], id=9, version=3),
    registered("base", REQUESTS[1], id=8, version=3),
    partial(changes.reset_mode, name=BASE),
    *delete("base", 3),
    *delete(":.c:s"),
    partial(changes.reset_level, name=whole(".c")),
    partial(changes.delete_context, context=".c"),
    *delete("s"),
    *delete("t"),
    *delete("base"),
    registered("t", REQUESTS[1]),
]


def test_a_change_of_every_kind_is_read_from_its_line(path: Path, tmp_path: Path) -> None:
    """After each, a copy of the file gives the state that the registry has, lines and all."""
    copy = tmp_path / "copy.json"
    with closing(Store(path)) as store:
        for number, step in enumerate(OF_EVERY_KIND, 1):
            store.apply(step)
            assert len(lines_of(path)) == number
            copy.write_bytes(path.read_bytes())
            assert read(copy) == told(store.state)


@given(sessions=st.lists(st.lists(steps, max_size=12), min_size=1, max_size=3), data=st.data())
@settings(max_examples=examples(60), deadline=None)
def test_a_kill_at_any_byte_loses_nothing_that_was_acknowledged(
    sessions: list[list[Change]], data: st.DataObject
) -> None:
    """What is read is the state after the last change whose line is there, and it goes on from it.

    Indexes that were kept up to date are those that are made anew, and a change whose line lacks
    its end alone is kept as well.
    """
    with tempfile.TemporaryDirectory() as folder:
        path, cut_file = Path(folder, "registry.json"), Path(folder, "cut.json")
        last, ends = told(State()), dict[int, str]()
        for session in sessions:
            with closing(Store(path)) as store:
                assert told(store.state) == last
                ends = {path.stat().st_size: last} if path.exists() else {}
                for step in session:
                    try:
                        store.apply(step)
                    except Refusal:
                        continue
                    last = told(store.state)
                    assert store.state.index == snapshot.load(json.loads(last), State()).index
                    if path.exists():
                        ends[path.stat().st_size] = last
        if not ends:
            return
        cut = data.draw(st.integers(min(ends), max(ends)) | st.sampled_from(list(ends)))
        cut_file.write_bytes(path.read_bytes()[:cut])
        acknowledged = max(end for end in ends if end <= cut)
        expected = ends.get(cut + 1, ends[acknowledged])
        with closing(Store(cut_file)) as store:
            assert told(store.state) == expected
            name = QualifiedSubject(".", "after")
            store.apply(lambda state: changes.set_mode(state, name, "READONLY", force=False))
            last = told(store.state)
        assert read(cut_file) == last


def test_what_is_no_line_of_its_own_is_no_state(path: Path) -> None:
    """The first line came at one stroke: a part of it is damage, and no empty registry."""
    with closing(Store(path)) as store:
        fill(store)
    read(path)
    data = path.read_bytes()
    for cut in (*range(0, len(data) - 2, 97), len(data) - 2):
        path.write_bytes(data[:cut])
        with pytest.raises(StackError, match=str(path)):
            Store(path)
    path.write_bytes(data[:-1])
    read(path)
    assert path.read_bytes() == data


@pytest.fixture(name="filled", scope="module")
def _filled() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "registry.json")
        with closing(Store(path)) as store:
            fill(store)
        return path.read_bytes()


@given(data=st.data())
def test_no_other_byte_is_taken_for_a_change(filled: bytes, data: st.DataObject) -> None:
    """Each byte that is another than was written stops the start; the line is named."""
    place = data.draw(st.integers(0, len(filled) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != filled[place]))
    damaged = filled[:place] + bytes([other]) + filled[place + 1 :]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "registry.json")
        path.write_bytes(damaged)
        with pytest.raises(StackError, match=re.escape(str(path))) as caught:
            Store(path)
        line = filled[:place].count(b"\n") + 1
        assert place < len(b'{"crc32": ') or f"line {line} is damaged" in str(caught.value)
        assert path.read_bytes() == damaged


@given(data=st.data())
def test_lines_are_whole_and_in_order_or_an_error(filled: bytes, data: st.DataObject) -> None:
    """None is missing, there twice, elsewhere, or behind the state of another registry."""
    lines = filled.splitlines(keepends=True)
    chosen = data.draw(st.lists(st.integers(0, len(lines) - 1), min_size=1, max_size=8))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "registry.json")
        path.write_bytes(b"".join(lines[number] for number in chosen))
        if chosen == list(range(len(chosen))):
            read(path)
        else:
            with pytest.raises(StackError, match=r"line [0-9]+ is damaged"):
                Store(path)


def test_changes_of_another_file_are_an_error(path: Path, filled: bytes) -> None:
    """A copy of the state of one registry, and behind it the changes of another."""
    with closing(Store(path)) as store:
        register(store, "other", "int")
    path.write_bytes(path.read_bytes() + b"".join(filled.splitlines(keepends=True)[1:]))
    with pytest.raises(StackError, match="line 2 is damaged"):
        Store(path)


def lines_of(path: Path) -> list[bytes]:
    """The lines of a file."""
    return path.read_bytes().splitlines(keepends=True)


def test_a_start_leaves_one_line(path: Path, filled: bytes) -> None:
    """Changes are brought into the state; a file without changes is not written at all."""
    path.write_bytes(filled)
    assert len(lines_of(path)) > 5
    state = read(path)
    assert len(lines_of(path)) == 1
    before = path.stat()
    assert read(path) == state
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_what_a_change_writes_grows_with_the_change_alone(path: Path) -> None:
    """Behind any number of subjects, and of versions of its own, and never the file anew."""
    sizes, inodes = [], set()
    with closing(Store(path)) as store:
        set_level(store, "NONE")
        for number in range(1000, 1100):
            before = path.stat().st_size
            register(store, f"s{number}", record(f"f{number}"))
            register(store, "many", record(f"f{number}"))
            sizes.append(path.stat().st_size - before)
            inodes.add(path.stat().st_ino)
    assert len(inodes) == 1
    assert max(sizes) - min(sizes) < 20  # the digits of ids and versions


def test_the_file_does_not_grow_for_ever(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the changes take more than the state, it is written anew, while the registry runs."""
    monkeypatch.setattr(journal, "_MOST_CHANGES", 0)
    with closing(Store(path)) as store:
        for number in range(200):
            set_level(store, ("FULL", "NONE")[number % 2])
            assert path.stat().st_size < 1_000
        state = told(store.state)
    assert read(path) == state


def test_an_answered_change_is_on_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a change is answered, all that the file has of it was brought to disk."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda each: synced.append(os.fstat(each).st_size))
    with closing(Store(path)) as store:
        for level in ("NONE", "FULL", "FORWARD"):
            synced.clear()
            set_level(store, level)
            assert path.stat().st_size in synced


def half(descriptor: int, data: bytes, write: Any = os.write) -> int:
    """A disk that is full after some bytes."""
    if len(data) > 1:
        return int(write(descriptor, data[: len(data) // 2]))
    raise OSError(errno.ENOSPC, "No space left on device")


def fail(*_arguments: object) -> None:
    """A disk that fails."""
    raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize(
    "faults", [{"write": half}, {"fsync": fail}, {"write": half, "ftruncate": fail}]
)
def test_a_change_that_cannot_be_written_has_not_happened(
    path: Path, monkeypatch: pytest.MonkeyPatch, faults: dict[str, Any]
) -> None:
    """It is refused with 50001, the file is as before, and the next change finds its place."""
    with closing(Store(path)) as store:
        fill(store)
        before, data = told(store.state), path.read_bytes()
        with monkeypatch.context() as patch:
            for name, fault in faults.items():
                patch.setattr(os, name, fault)
            with pytest.raises(Refusal, match="cannot be written") as caught:
                set_level(store, "FULL")
        assert caught.value.code == 50001
        assert told(store.state) == before
        assert path.read_bytes() == data or "ftruncate" in faults
        set_level(store, "FORWARD")
        set_level(store, "BACKWARD")
        after = told(store.state)
    assert read(path) == after


def test_a_disk_takes_what_it_can(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that writes some of the bytes is followed by another for the rest."""
    write = os.write
    with closing(Store(path)) as store:
        set_level(store, "NONE")
        monkeypatch.setattr(os, "write", lambda where, data: write(where, data[:7]))
        register(store, "s", record("a"))
        state = told(store.state)
    assert read(path) == state


def removed(path: Path) -> None:
    """Somebody tidied up."""
    path.unlink()


def edited(path: Path) -> None:
    """Somebody wrote to it."""
    path.write_bytes(path.read_bytes() + b"\n")


def restored(path: Path) -> None:
    """Another file of the same size in its place."""
    copy = path.with_name("copy")
    copy.write_bytes(b" " * path.stat().st_size)
    copy.replace(path)


@pytest.mark.parametrize("meddle", [removed, edited, restored])
def test_a_file_that_is_another_is_written_anew(path: Path, meddle: Callable[[Path], None]) -> None:
    """The registry knows everything; a line alone would be lost with the file, or not fit it."""
    with closing(Store(path)) as store:
        fill(store)
        meddle(path)
        set_level(store, "FULL")
        set_level(store, "FORWARD")
        state = told(store.state)
    assert read(path) == state


def test_a_start_without_room_leaves_the_file(
    path: Path, filled: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads, and the first change says that it cannot be written; nothing torn is added to."""
    torn = filled + b'{"crc32": "0'
    path.write_bytes(torn)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        store = Store(path)
        with pytest.raises(Refusal, match="cannot be written"):
            set_level(store, "FULL")
        assert path.read_bytes() == torn
    with closing(store):
        set_level(store, "FULL")
        state = told(store.state)
    assert read(path) == state


def valid(path: Path, value: object) -> None:
    """A file with a change of somebody's own making, and the right checksum."""
    with closing(Store(path)) as store:
        fill(store)
        end = store._journal._end  # type: ignore[union-attr]
    assert end is not None
    with path.open("ab") as file:
        file.write(journal._line("change", value, end.checksum)[0])


SUBJECT: dict[str, Any] = {"compatibility": None, "mode": None, "settings": {}, "versions": []}
VERSION = {"version": 1, "id": 1, "deleted": False}
IMPOSSIBLE: dict[str, Any] = {
    "no object": [],
    "context": {".": []},
    "schema there already": {".": {"schemas": {"1": {"schema": '"int"'}}}},
    "id": {".": {"schemas": {"one": {"schema": '"int"'}}}},
    "schema": {".": {"schemas": {"9": {"schema": '"nope"'}}}},
    "reference": {
        ".": {
            "schemas": {
                "9": {
                    "schema": '"int"',
                    "references": [{"name": "N", "subject": "nope", "version": 1}],
                }
            }
        }
    },
    "schema in use is gone": {".": {"schemas": {"1": None}}},
    "schema gone twice": {".": {"schemas": {"9": None}}},
    "version without a schema": {
        ".": {"subjects": {"s": {**SUBJECT, "versions": [{**VERSION, "id": 9}]}}}
    },
    "version gone twice": {".": {"subjects": {"s": {**SUBJECT, "gone": [9]}}}},
    "level": {".": {"subjects": {"s": {**SUBJECT, "compatibility": "SOME"}}}},
    "settings": {".": {"subjects": {"s": {**SUBJECT, "settings": []}}}},
    "versions": {".": {"subjects": {"s": {**SUBJECT, "versions": {}}}}},
    "next id": {".": {"next_id": "1"}},
    "retired": {".": {"retired": {"guid": -1}}},
}


@pytest.mark.parametrize("value", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_a_change_that_does_not_fit_the_state_is_named(path: Path, value: object) -> None:
    """Whatever its checksum: with file and line, and the file stays."""
    valid(path, value)
    data = path.read_bytes()
    with pytest.raises(StackError, match=f"{re.escape(str(path))}.*: line {len(lines_of(path))}: "):
        Store(path)
    assert path.read_bytes() == data


def test_the_kinds_of_lines_are_told_apart(path: Path, filled: bytes) -> None:
    """A state where a change belongs, with the right checksum."""
    first, checksum = journal._line("state", snapshot.dump(State()), 0)
    path.write_bytes(first + journal._line("state", snapshot.dump(State()), checksum)[0])
    with pytest.raises(StackError, match="line 2: a state instead of a change"):
        Store(path)
    path.write_bytes(journal._line("change", {}, 0)[0])
    with pytest.raises(StackError, match="line 1: a change instead of a state"):
        Store(path)
