"""Damaged state files: each is an error that names file and line, and stays as it is."""

from __future__ import annotations

import re
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.devstack.registry_file import fill, lines_of, read, register

from streamcontract.devstack.registry import journal, snapshot
from streamcontract.devstack.registry.state import State
from streamcontract.devstack.registry.store import Store
from streamcontract.errors import StackError

pytestmark = pytest.mark.usefixtures("_without_waiting_for_the_disk")


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
