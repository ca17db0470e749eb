"""The clients that are tried, each in an environment of its own: what they need, how they run."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.devstack.kafka.distribution import fetch
from streamcontract.devstack.kafka.java import find_java
from streamcontract.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["CLIENTS", "PROGRAMS", "Client", "MissingError", "environment"]

PROGRAMS: Final = Path(__file__).parent / "programs"
_ENVIRONMENTS: Final = Path(__file__).parents[2] / ".venvs"
_AVRO: Final = ("fastavro>=1.10", "requests>=2.31")


class MissingError(Exception):
    """A client's runtime is not on this machine."""


@attrs.frozen
class Client:
    """A client program.

    It is called with the brokers, the registry's URL, a topic, and its name. It reads the topic's
    first record, prints it as JSON, and writes it again with its own name as the symbol.

    Attributes:
        name: The client's name.
        prepare: Makes its environment if need be, and gives the command; raises ``MissingError``.
    """

    name: str
    prepare: Callable[[], Sequence[str]]


def _python(program: str, *packages: str) -> Client:
    """A client in a virtual environment."""

    def prepare() -> Sequence[str]:
        folder = _ENVIRONMENTS / f"client-{program}"
        if _is_new(folder, packages):
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)  # noqa: S603
            pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
            subprocess.run([*pip, "--disable-pip-version-check", *packages], check=True)  # noqa: S603
            _set_made(folder, packages)
        return (str(folder / "bin" / "python"), str(PROGRAMS / f"{program}_client.py"))

    return Client(program, prepare)


def _node(program: str, *packages: str) -> Client:
    """A client of Node.js, whose packages are installed by npm."""

    def prepare() -> Sequence[str]:
        node, npm = shutil.which("node"), shutil.which("npm")
        if node is None or npm is None:
            raise MissingError("needs Node.js with npm")
        folder = _ENVIRONMENTS / f"client-{program}"
        if _is_new(folder, packages):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            quiet = ("--no-audit", "--no-fund", "--loglevel=error")
            subprocess.run(  # noqa: S603 - npm
                [npm, "install", *quiet, f"--prefix={folder}", *packages], check=True
            )
            _set_made(folder, packages)
        # Modules are looked for in the folder of the program and those above it (Node.js,
        # "Loading from node_modules folders"), or where NODE_PATH says.
        return ("/usr/bin/env", f"NODE_PATH={folder / 'node_modules'}", node, str(_js(program)))

    return Client(program, prepare)


def _js(program: str) -> Path:
    return PROGRAMS / f"{program}_client.js"


def _java() -> Sequence[str]:
    """Apache Kafka's client in one source file, which the ``java`` of a JDK compiles itself."""
    if shutil.which("mvn") is None or shutil.which("javac") is None:
        raise MissingError("needs Maven and a JDK")
    try:
        java = find_java()
    except StackError as error:
        raise MissingError(str(error)) from error
    jars = fetch(PROGRAMS / "java-client.pom.xml")
    options = ("-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", f"{jars}/*")
    return (str(java.path), *options, str(PROGRAMS / "JavaClient.java"))


def _kcat() -> Sequence[str]:
    command = _script("kcat")
    version = subprocess.run(["kcat", "-V"], capture_output=True, text=True, check=True)  # noqa: S607
    if "Avro" not in version.stdout:
        raise MissingError("was built without Avro, as Debian's is")
    return command


def _script(name: str) -> Sequence[str]:
    """A command-line tool, driven by a shell script."""
    if shutil.which(name) is None:
        raise MissingError("is not on the PATH")
    return ("/bin/sh", str(PROGRAMS / f"{name}.sh"))


def _is_new(folder: Path, packages: Sequence[str]) -> bool:
    stamp = folder / ".made-for"
    return not stamp.exists() or stamp.read_text("utf-8") != _digest(packages)


def _set_made(folder: Path, packages: Sequence[str]) -> None:
    (folder / ".made-for").write_text(_digest(packages), "utf-8")


def _digest(packages: Sequence[str]) -> str:
    return hashlib.sha256("\n".join((sys.version, *packages)).encode()).hexdigest()


def environment() -> Mapping[str, str]:
    """The environment of a client: no module of this project's own is to be found."""
    misleading = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    return {name: value for name, value in os.environ.items() if name not in misleading}


CLIENTS: Final = (
    Client("java", _java),
    _python("kafka_python", "kafka-python>=2.0", *_AVRO),
    _python("aiokafka", "aiokafka>=0.12", *_AVRO),
    _node("kafkajs", "kafkajs@2", "@kafkajs/confluent-schema-registry@3"),
    _python("quixstreams", "quixstreams[avro]>=3.0", "authlib", "httpx", "attrs", "cachetools"),
    Client("kcat", _kcat),
    Client("rpk", functools.partial(_script, "rpk")),
)
