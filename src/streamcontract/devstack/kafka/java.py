"""The Java that servers run on: found, checked, and made to start programs quickly."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import attrs

from streamcontract.errors import StackError

__all__ = ["Java", "Program", "find_java"]

_OLDEST: Final = 17  # Apache Kafka 4: https://kafka.apache.org/documentation/#java
_VERSION: Final = re.compile(
    r"^\s*java\.runtime\.version = (?P<build>(?P<feature>\d+)\S*)", re.MULTILINE
)

# For a server that lives for minutes beside others on a small machine: no second compiler, no
# collector threads, no files for monitoring tools, no desktop, one address family.
_OPTIONS: Final = (
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",
    "-Xshare:auto",
    "-Xlog:cds=off",
    "-Xlog:cds+dynamic=off",
    "-Djava.awt.headless=true",
    "-Djava.net.preferIPv4Stack=true",
)


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
    """A Java program, with its classes as a file that the JVM maps instead of loading each.

    With such a file (JEP 350, "dynamic CDS archive") a broker starts in less than half of the time.
    The JVM checks that it fits program and Java, and goes without where it does not.

    Attributes:
        java: What runs it.
        jars: Its class path.
        main: Its main class.
        archive: Where the file of classes is, or is to be.
        options: Options for the JVM.
    """

    java: Java
    jars: tuple[Path, ...]
    main: str
    archive: Path
    options: tuple[str, ...] = ()

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
            record: Write the file of classes there when the program ends.
        """
        archive = (
            f"-XX:SharedArchiveFile={self.archive}"
            if record is None
            else f"-XX:ArchiveClassesAtExit={record}"
        )
        classpath = os.pathsep.join(map(str, self.jars))
        jvm = (str(self.java.path), *_OPTIONS, *self.options, *options, archive, "-cp", classpath)
        return [*jvm, main or self.main, *arguments]


def find_java() -> Java:
    """Find the Java of ``JAVA_HOME``, or else of the ``PATH``.

    Raises:
        StackError: There is none, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    found = str(Path(home, "bin", "java")) if home else shutil.which("java")
    where = "JAVA_HOME" if home else "PATH"
    advice = f"install a JDK of version {_OLDEST} or newer, or set JAVA_HOME to one"
    if found is None:
        raise StackError(f"Apache Kafka needs Java, and there is no `java` on the PATH: {advice}")
    try:
        answer = subprocess.run(  # noqa: S603 - the user's own Java
            [found, "-XshowSettings:properties", "-version"],
            capture_output=True,
            text=True,
            check=True,
        ).stderr
    except (OSError, subprocess.CalledProcessError) as error:
        raise StackError(
            f"the Java of {where}, {found}, cannot be run ({error}): {advice}"
        ) from error
    version = _VERSION.search(answer)
    if version is None:
        raise StackError(f"{found} does not tell its version: {advice}")
    if int(version["feature"]) < _OLDEST:
        raise StackError(
            f"Apache Kafka needs Java {_OLDEST} or newer, and that of {where}, {found}, is"
            f" {version['build']}: {advice}"
        )
    return Java(Path(found), version["build"])
