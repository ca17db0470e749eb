"""Apicurio Registry on loopback: an independent registry with Confluent's API."""

from __future__ import annotations

import functools
from pathlib import Path
from types import TracebackType
from typing import Final

import requests

from streamcontract._typing import Self
from streamcontract.devstack.kafka.archive import with_archive
from streamcontract.devstack.kafka.distribution import fetch
from streamcontract.devstack.kafka.java import Program, find_java
from streamcontract.devstack.kafka.ports import LOOPBACK, free_ports
from streamcontract.devstack.kafka.workspace import Server, Workspace

__all__ = ["ApicurioRegistry"]

_POM: Final = Path(__file__).with_name("apicurio.pom.xml")
_ASK_SECONDS: Final = 5.0
_API: Final = "/apis/ccompat/v7"
_OPTIONS: Final = ("-Xmx256m", "-Dquarkus.http.access-log.enabled=false")


class ApicurioRegistry:
    """Apicurio Registry with its data in memory, as a process of its own.

    It runs from construction to ``close``, or for a ``with`` block.

    Attributes:
        url: The URL of Confluent's API, for ``schema.registry.url``.

    Raises:
        StackError: Java or Maven is missing, or it did not start.

    Example:
        >>> from streamcontract import SchemaRegistry
        >>> with ApicurioRegistry() as server, SchemaRegistry(server.url) as registry:
        ...     registry.subjects()
        []
    """

    def __init__(self) -> None:
        program = _program()
        (port,) = free_ports(1)
        self.url = f"http://{LOOPBACK}:{port}{_API}"
        self._workspace = Workspace("apicurio")
        try:
            self._server = _launch(self._workspace, program.command(options=_at(port)), self.url)
        except BaseException:
            self._workspace.close(keep_logs=True)
            raise

    def close(self, *, keep_logs: bool = False) -> None:
        """Kill it; its data are lost. Closing twice is harmless.

        Args:
            keep_logs: Keep its log, and log the path. It is also kept if the registry ended by
                itself.
        """
        self._workspace.close(keep_logs=keep_logs or not self._server.running)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close(keep_logs=error is not None)


def _program() -> Program:
    java = find_java()
    folder = fetch(_POM)
    (runner,) = folder.glob("*-runner.jar")  # its manifest names the other jars
    program = Program(java, (runner,), main="io.quarkus.runner.GeneratedMain", options=_OPTIONS)
    return with_archive(program, folder, functools.partial(_record_classes, program))


def _at(port: int) -> tuple[str, ...]:
    return (f"-Dquarkus.http.host={LOOPBACK}", f"-Dquarkus.http.port={port}")


def _launch(workspace: Workspace, command: list[str], url: str) -> Server:
    """Start it, and wait until it answers."""
    server = workspace.start("apicurio", command)
    with requests.Session() as session:
        session.trust_env = False  # it is on this machine, without a proxy

        def ready() -> bool:
            try:
                return session.get(f"{url}/subjects", timeout=_ASK_SECONDS).ok
            except requests.RequestException:  # it is not up yet
                return False

        server.wait_until(ready)
    return server


def _record_classes(program: Program, archive: Path) -> None:
    """Run it once and stop it cleanly, so that its classes are written."""
    (port,) = free_ports(1)
    workspace = Workspace("apicurio")
    try:
        command = program.command(options=_at(port), record=archive)
        _launch(workspace, command, f"http://{LOOPBACK}:{port}{_API}").terminate()
    except BaseException:
        workspace.close(keep_logs=True)
        raise
    workspace.close()
