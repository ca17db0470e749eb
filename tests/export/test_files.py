"""Files of an export: each offset once, whatever ends them; and what a folder refuses."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pyarrow.dataset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.export.fakes import (
    CONTENT,
    Partitions,
    batches,
    content,
    export,
    faults_in,
    names_in,
    read,
    rows_in,
)
from tests.killed_children import kills_of
from tests.searching import examples

from streamcontract import parse_schema
from streamcontract.errors import ArgumentError, ConfigurationError
from streamcontract.export.files import FilesTarget
from streamcontract.export.folder import CONTENT_FILE, LOCK_FILE
from streamcontract.export.formats import Format, TableWriter, format_of
from streamcontract.export.names import FileName, topic_in_names
from streamcontract.export.rotation import Rotation
from streamcontract.export.target import Content

SCRIPT = Path(__file__).with_name("killed_at_each_step.py")
deep = settings(deadline=None, max_examples=examples(100))


def target(folder: Path, of: Content = CONTENT, **options: Any) -> FilesTarget:
    """The files of a folder as a target."""
    options.setdefault("rotation", Rotation())
    return FilesTarget(folder, of, file_format=format_of(of.format), **options)


def letters() -> st.SearchStrategy[str]:
    """The messages of a partition."""
    return st.text(st.sampled_from("mmmpt."), max_size=30)


@deep
@given(
    st.dictionaries(st.integers(0, 3), letters(), min_size=1),
    st.integers(1, 10),
    st.builds(
        Rotation,
        messages=st.none() | st.integers(1, 10),
        size=st.none() | st.integers(1, 300),
        age=st.none() | st.floats(0.5, 10),
    ),
    st.lists(st.integers(0, 30), max_size=3),
)
def test_files_have_each_offset_once(
    partitions: Partitions, size: int, rotation: Rotation, runs: list[int]
) -> None:
    """Over several runs, of which each finds more messages; files follow one another."""
    now = iter(range(1_000_000))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for end in [*sorted(runs), 30]:
            found = {each: text[:end] for each, text in partitions.items()}
            with target(folder, rotation=rotation, clock=lambda: float(next(now))) as files:
                export(files, found, size)
        rows, faults = rows_in(folder), faults_in(folder)
        for partition, text in partitions.items():
            wanted = {
                letter: [at for at, each in enumerate(text) if each == letter] for letter in "mp"
            }
            assert rows.get(partition, []) == wanted["m"]
            assert faults.get(partition, []) == wanted["p"]
            names = [each for each in names_in(folder) if each.partition == partition]
            ends = [0, *(each.last + 1 for each in names)]
            assert [each.first for each in names] == ends[:-1]
            if rotation.messages is not None:
                assert all(len(read(folder / str(each))) <= rotation.messages for each in names)
            # Tombstones after the last row are no rows, and are read again by the next run.
            assert not text[ends[-1] :].strip(".t")
        kept = {LOCK_FILE, CONTENT_FILE}
        for each in names_in(folder):
            kept |= {str(each), each.of_faults}
        assert {entry.name for entry in folder.iterdir()} <= kept


@given(
    st.from_regex(r"[a-zA-Z0-9._-]{1,40}", fullmatch=True),
    st.integers(0, 2**31 - 1),
    st.integers(0, 2**63 - 1),
    st.integers(0, 2**63 - 1),
    st.sampled_from(("parquet", "csv")),
)
def test_names_are_read_back(
    topic: str, partition: int, first: int, last: int, extension: str
) -> None:
    """Whatever the topic is called."""
    topic = topic_in_names(topic)
    name = FileName(topic=topic, partition=partition, first=first, last=last, extension=extension)
    assert FileName.parse(str(name)) == name
    assert FileName.parse(name.of_faults) is None


@pytest.mark.parametrize("topic", ["_audit", ".audit", "...", "a" * 249, "_" * 249])
def test_names_that_file_systems_and_readers_take(tmp_path: Path, topic: str) -> None:
    """Readers of folders pass over files whose names begin with a dot or an underscore."""
    of = content(topic=topic)
    for _ in range(2):
        with target(tmp_path, of) as files:
            export(files, {2**31 - 1: "mpm"}, 2)
    (row,) = rows_in(tmp_path).values()
    assert row == [0, 2]
    assert pyarrow.dataset.dataset(tmp_path, format="csv").count_rows() == 2
    assert faults_in(tmp_path) == {2**31 - 1: [1]}


@pytest.mark.parametrize("file_format", ["parquet", "arrow", "csv"])
def test_formats(tmp_path: Path, file_format: str) -> None:
    """Each is read by its own reader, the faults beside it."""
    with target(tmp_path, content(file_format)) as files:
        export(files, {0: "mm.pm"}, 2)
        assert files.files(0) == (f"pings-00000-{0:020}-{4:020}.{file_format}",)
    assert rows_in(tmp_path) == {0: [0, 1, 4]}
    assert faults_in(tmp_path) == {0: [3]}


def test_an_error_leaves_what_was_finished(tmp_path: Path) -> None:
    """The next run begins after it."""
    rotation = Rotation(messages=2)

    def broken() -> None:
        with target(tmp_path, rotation=rotation) as files:
            export(files, {0: "mmm"}, 1)
            export(files, {1: "mp"}, 1)
            files.write(next(batches("mmmm", 0, 3, 1)), 3)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert rows_in(tmp_path) == {0: [0, 1, 2], 1: [0]}
    with target(tmp_path, rotation=rotation) as files:
        assert files.next_offsets() == {0: 3, 1: 2}
        export(files, {0: "mmmm"}, 1)
    assert rows_in(tmp_path) == {0: [0, 1, 2, 3], 1: [0]}


class FullDisk(TableWriter):
    """A writer that no byte can be written with, and whose errors name no file."""

    def write(self, table: Any) -> None:
        """Write rows."""
        raise OSError(28, f"Error writing {len(table)} rows. Detail: [errno 28] No space left")

    def flush(self) -> None:
        """Nothing waits."""
        return

    def close(self) -> None:
        """Write the end."""
        raise OSError(28, "No space left")


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    """The error has the folder, also where the file cannot be ended either; nothing is left."""
    full = Format("csv", lambda *_: FullDisk())
    with (
        pytest.raises(OSError, match="No space left on device: ") as error,
        FilesTarget(tmp_path, CONTENT, file_format=full, rotation=Rotation()) as files,
    ):
        export(files, {0: "mm"}, 1)
    assert error.value.filename == str(tmp_path)
    assert {each.name for each in tmp_path.iterdir()} == {LOCK_FILE, CONTENT_FILE}
    with target(tmp_path) as files:
        export(files, {0: "mm"}, 1)
    assert rows_in(tmp_path) == {0: [0, 1]}


def test_one_export_at_a_time(tmp_path: Path) -> None:
    """Another one is refused, until the first ends."""
    with (
        target(tmp_path),
        pytest.raises(ConfigurationError, match="another export is writing into"),
    ):
        target(tmp_path)
    with target(tmp_path):
        pass


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (content(topic="pongs"), 'has an export with topic "pings", not "pongs"'),
        (content("parquet"), 'has an export with format "csv", not "parquet"'),
        (
            content(columns=(), metadata=()),
            r"other columns: it has the column 'n' \(int64\), which is not .* or with --columns n",
        ),
        (content(metadata=("offset",)), r'has an export with metadata \[\], not \["offset"\]'),
        (
            content(schema=parse_schema("long")),
            r"another schema: it has the column 'n' \(int64\), and the schema no such field",
        ),
    ],
)
def test_a_folder_of_something_else(tmp_path: Path, other: Content, message: str) -> None:
    """Of another topic, format, columns or schema."""
    with target(tmp_path) as files:
        export(files, {0: "m"}, 1)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ConfigurationError, match=message):
        target(tmp_path, other)
    assert sorted(tmp_path.iterdir()) == before


def test_documentation_is_no_other_schema(tmp_path: Path) -> None:
    """A contract whose documentation was edited is exported into the same folder."""
    first, second = (
        parse_schema(
            {
                "type": "record",
                "name": "Ping",
                "doc": doc,
                "fields": [{"name": "doc", "type": "long", "doc": doc}],
            }
        )
        for doc in ("a ping", "a ping, sent each second")
    )
    for schema in (first, second):
        with target(tmp_path, content(schema=schema)):
            pass


def test_files_that_no_export_wrote(tmp_path: Path) -> None:
    """Nothing is known of them; files of other kinds do not matter."""
    (tmp_path / "README.md").write_text("sales\n", "utf-8")
    with target(tmp_path):
        pass
    (tmp_path / CONTENT_FILE).unlink()
    (tmp_path / "a.csv").write_text("n\n1\n", "utf-8")
    with pytest.raises(ConfigurationError, match=r"has a\.csv, and no _streamcontract\.json"):
        target(tmp_path)


def test_files_with_the_same_offsets(tmp_path: Path) -> None:
    """Someone copied one: which one counts is for a person to say."""
    with target(tmp_path) as files:
        export(files, {0: "mmm"}, 1)
    copy = FileName(topic="pings", partition=0, first=1, last=5, extension="csv")
    (tmp_path / str(copy)).write_text("n\n1\n", "utf-8")
    with pytest.raises(ConfigurationError, match="whose offsets another file has too"):
        target(tmp_path)
    (tmp_path / str(copy)).unlink()
    for damaged in ("{", "[]", '{"starts": 7}', '{"starts": {"a": 1}}', '{"starts": {"1": null}}'):
        (tmp_path / CONTENT_FILE).write_text(damaged, "utf-8")
        with pytest.raises(ConfigurationError, match="is damaged"):
            target(tmp_path)


def test_limits_of_files() -> None:
    """A limit is a number above 0."""
    with pytest.raises(ArgumentError, match="messages has to be a number above 0"):
        Rotation(messages=0)


@pytest.mark.searching
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a fork of itself")
@pytest.mark.parametrize("kind", ["csv", "duckdb"])
def test_a_killed_export_goes_on(tmp_path: Path, kind: str) -> None:
    """Killed while it writes, it has each offset once after another run."""
    stride = 1 if examples(100) > 100 else 23  # every line takes minutes: make test-long
    assert kills_of(SCRIPT, tmp_path, kind, stride) * stride > 100  # lines that it was killed at
