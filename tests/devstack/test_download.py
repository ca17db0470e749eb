"""Apache Kafka's files without Maven: downloaded once, whole and as pinned, or not at all."""

from __future__ import annotations

import shutil
import tempfile
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.devstack.maven_repository import Repository, repository, write_project

from streamcontract.devstack.kafka.cluster import KAFKA_POM, kafka_version
from streamcontract.devstack.kafka.distribution import artifacts_file, cache_folder, fetch
from streamcontract.devstack.kafka.download import (
    REPOSITORY_VARIABLE,
    download_all,
    read_artifacts,
)
from streamcontract.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILES = {"org/a/1/a-1.jar": bytes(range(256)) * 4, "org/b/2/b-2.jar": b"b" * 700}
SECOND = list(FILES)[1]


class Shown:
    """Progress that is added up."""

    def __init__(self) -> None:
        self.size = self.done = 0

    def start(self, what: str, size: int) -> None:
        """A fetch begins."""
        assert what
        self.size = size

    def advance(self, size: int) -> None:
        """More is there."""
        self.done += size


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Repository]:
    """A repository with the files, for a machine with an empty cache and no Maven."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with repository(FILES) as served:
        monkeypatch.setenv(REPOSITORY_VARIABLE, f"{served.url}/")
        yield served


@pytest.fixture
def pom(tmp_path: Path) -> Path:
    """A program that consists of the files."""
    return write_project(tmp_path, FILES)


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def expected() -> dict[str, bytes]:
    """What a folder has in the end."""
    return {path.rpartition("/")[2]: content for path, content in FILES.items()}


def test_files_are_fetched_once(served: Repository, pom: Path) -> None:
    """Afterwards nothing is asked for: the machine may be offline."""
    progress = Shown()
    folder = fetch(pom, progress)
    assert contents(folder) == expected()
    assert (progress.size, progress.done) == (1724, 1724)
    asked = list(served.requests)
    assert sorted(asked) == [(path, 0) for path in FILES]
    assert fetch(pom) == folder
    assert served.requests == asked


def test_an_offline_machine(served: Repository, pom: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first time it needs the repository, and the error says what to do without."""
    monkeypatch.setenv(REPOSITORY_VARIABLE, "http://127.0.0.1:9")  # nobody listens: discard
    with pytest.raises(StackError, match=r"(?s)could not be downloaded.*--broker mock"):
        fetch(pom)
    monkeypatch.setenv(REPOSITORY_VARIABLE, served.url)
    folder = fetch(pom)
    monkeypatch.setenv(REPOSITORY_VARIABLE, "http://127.0.0.1:9")
    assert fetch(pom) == folder


@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_bytes(b"cut off")])
def test_a_file_that_is_damaged_later(
    served: Repository, pom: Path, damage: Callable[[Path], object]
) -> None:
    """One error with the fix, instead of Java's about a missing class."""
    folder = fetch(pom)
    damage(folder / Path(SECOND).name)
    with pytest.raises(StackError, match=r"b-2\.jar\): delete the folder"):
        fetch(pom)
    shutil.rmtree(folder)
    assert contents(fetch(pom)) == expected()


def test_another_file_than_the_pinned_one(served: Repository, pom: Path) -> None:
    """It is named and not kept, and what was right stays for the next time."""
    served.files[SECOND] = b"x" * 700
    with pytest.raises(StackError, match=rf"(?s){SECOND} is not the file.*SHA-256"):
        fetch(pom)
    served.files[SECOND] = FILES[SECOND]
    served.requests.clear()
    assert contents(fetch(pom)) == expected()
    assert served.requests == [(SECOND, 0)]


def test_a_longer_file_than_the_pinned_one(served: Repository, pom: Path) -> None:
    """It is no prefix that counts."""
    served.files[SECOND] = FILES[SECOND] + b"more"
    with pytest.raises(StackError, match=f"{SECOND} is not the file"):
        fetch(pom)


def test_a_file_that_is_not_there(served: Repository, pom: Path) -> None:
    """The error has the URL and the status, and it is not tried again."""
    del served.files[SECOND]
    with pytest.raises(StackError, match=rf"{SECOND} is not to be had: 404"):
        fetch(pom)
    assert served.requests.count((SECOND, 0)) == 1


def test_a_connection_that_breaks_once_too_often(served: Repository, pom: Path) -> None:
    """The next run goes on from where this one was cut off."""
    served.cut_after = 100
    with pytest.raises(StackError, match="run it again to go on from there"):
        fetch(pom)
    assert [start for _, start in served.requests] == [0, 100, 200]
    served.cut_after = None
    served.requests.clear()
    assert contents(fetch(pom)) == expected()
    assert served.requests == [(next(iter(FILES)), 300), (SECOND, 0)]


def test_a_disk_that_is_full(
    served: Repository, pom: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said before anything is downloaded."""

    class Usage(NamedTuple):
        free: int

    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(1723))
    with pytest.raises(StackError, match="XDG_CACHE_HOME"):
        fetch(pom)
    assert served.requests == []


def test_processes_that_start_together(served: Repository, pom: Path) -> None:
    """One downloads, the others wait for it."""
    with ThreadPoolExecutor(4) as pool:
        folders = set(pool.map(lambda _: fetch(pom), range(4)))
    assert [contents(folder) for folder in folders] == [expected()]
    assert len(served.requests) == len(FILES)


@pytest.mark.searching
@given(
    left=st.one_of(st.none(), st.binary(max_size=40), st.integers(0, 30)),
    content=st.binary(min_size=1, max_size=30),
    cut_after=st.one_of(st.none(), st.integers(10, 30)),
    ranges=st.booleans(),
)
def test_whatever_an_earlier_run_left(
    left: bytes | int | None, content: bytes, cut_after: int | None, ranges: bool
) -> None:
    """The beginning of the file or anything else: in the end it is whole, or an error is raised."""
    with repository({"a.jar": content}) as served, tempfile.TemporaryDirectory() as scratch:
        served.cut_after, served.ranges = cut_after, ranges
        folder = Path(scratch)
        (artifact,) = read_artifacts(artifacts_file(write_project(folder, served.files)))
        if left is not None:
            part = content[:left] if isinstance(left, int) else left
            (folder / "a.jar.part").write_bytes(part)
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv(REPOSITORY_VARIABLE, served.url)
            try:
                download_all([artifact], folder, Shown(), what="a program")
            except StackError:
                assert cut_after is not None
                assert not ranges
                assert not (folder / "a.jar").exists()
            else:
                assert (folder / "a.jar").read_bytes() == content
                assert not (folder / "a.jar.part").exists()


def test_the_list_is_of_the_pom() -> None:
    """Each dependency that the POM names is in the list: ``make kafka-artifacts`` writes it."""
    artifacts = read_artifacts(artifacts_file(KAFKA_POM))
    paths = {artifact.path for artifact in artifacts}
    maven = "{http://maven.apache.org/POM/4.0.0}"
    root = ET.parse(KAFKA_POM).getroot()  # noqa: S314 - a file of the package
    named = [
        [str(each.findtext(f"{maven}{tag}")) for tag in ("groupId", "artifactId", "version")]
        for each in root.iter(f"{maven}dependency")
    ]
    assert named
    for group, name, version in named:
        assert f"{group.replace('.', '/')}/{name}/{version}/{name}-{version}.jar" in paths
    assert kafka_version() in {version for _, _, version in named}
    assert len({artifact.name for artifact in artifacts}) == len(artifacts)
    assert all(artifact.size > 0 for artifact in artifacts)


def test_maven_that_fetches_something_else(
    served: Repository, pom: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not taken for the program."""
    monkeypatch.delenv(REPOSITORY_VARIABLE)
    maven = tmp_path / "mvn"
    script = 'for a in "$@"; do case $a in -Dfolder=*) /bin/mkdir "${a#*=}";; esac; done'
    maven.write_text(f"#!/bin/sh\n{script}\n")
    maven.chmod(0o755)
    with pytest.raises(StackError, match=r"other files than those that are pinned: a-1\.jar"):
        fetch(pom)
    assert [path.name for path in cache_folder().iterdir()] == [".lock"]
    assert served.requests == []
