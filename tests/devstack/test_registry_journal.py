"""The state file: what of it is read back after a kill, a fault of the disk, or somebody's edit."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.devstack.registry_file import (
    BASE,
    REQUESTS,
    fill,
    lines_of,
    read,
    register,
    set_level,
    told,
)
from tests.devstack.registry_http import record
from tests.searching import examples

from streamcontract.devstack.registry import changes, journal, snapshot
from streamcontract.devstack.registry.refusal import Refusal
from streamcontract.devstack.registry.state import State
from streamcontract.devstack.registry.store import Store
from streamcontract.devstack.registry.values import whole
from streamcontract.registry.contexts import QualifiedSubject
from streamcontract.registry.protocol import SchemaRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    Change = Callable[[State], tuple[State, Any]]

pytestmark = pytest.mark.usefixtures("_without_waiting_for_the_disk")

NAMES = (QualifiedSubject(".", "s"), BASE, QualifiedSubject(".c", "s/ü"))

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
