"""The console's server, where the extra ``[console]`` is installed."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

from streamcontract.errors import ConfigurationError, PortError
from streamcontract.kafka.connection.config import BOOTSTRAP_VARIABLE
from streamcontract.registry.config import URL_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from streamcontract.console.server import ConsoleServer

__all__ = ["console_beside", "open_console", "require_console"]

_HOW_TO_INSTALL: Final = "pip install 'streamcontract[console]' brings the console in the browser"


def _has_console() -> bool:
    """Whether the extra ``[console]`` is installed."""
    try:
        import jinja2  # noqa: F401, PLC0415 - the extra brings them
        import starlette  # noqa: F401, PLC0415 - likewise
        import uvicorn  # noqa: F401, PLC0415 - likewise
    except ImportError:
        return False
    return True


def require_console() -> None:
    """Check that the extra ``[console]`` is installed.

    Raises:
        ConfigurationError: It is not.
    """
    if not _has_console():
        raise ConfigurationError(_HOW_TO_INSTALL)


def open_console(
    config: Mapping[str, Any],
    project_file: Path | None = None,
    *,
    host: str = "127.0.0.1",
    ports: Sequence[int] | None = None,
    option: str = "--port",
    allow_hosts: Collection[str] = (),
    allow_writes: bool = False,
) -> ConsoleServer:
    """Start a console.

    Args:
        config: Client properties.
        project_file: The project file, or a folder to search for one from.
        host: The address to listen on.
        ports: The ports to try; by default those of the lesson.
        option: The option that names another port.
        allow_hosts: More names under which it may be reached.
        allow_writes: Whether it may produce, replay and create topics.

    Raises:
        ConfigurationError: The extra is not installed, or the configuration is wrong.
        PortError: No port is free.
    """
    require_console()
    from streamcontract.console.server import PORTS, ConsoleServer  # noqa: PLC0415 - see above

    try:
        return ConsoleServer(
            config,
            project_file,
            host=host,
            ports=PORTS if ports is None else ports,
            allow_hosts=allow_hosts,
            allow_writes=allow_writes,
        )
    except PortError as error:
        raise PortError(f"{error} (option {option}; 0 for a free port)") from error


@contextlib.contextmanager
def console_beside(
    environment: Mapping[str, str], port: int | None, *, allow_writes: bool
) -> Iterator[str]:
    """Start a console beside a stack that is started here; it is no fault where it cannot be.

    Args:
        environment: The stack's addresses, by their variables.
        port: The port that is asked for, or None.
        allow_writes: Whether it may produce, replay and create topics.

    Yields:
        Its address, or how to get it, on one line.

    Raises:
        PortError: The port that is asked for is in use.
    """
    config = {
        "bootstrap.servers": environment[BOOTSTRAP_VARIABLE],
        "schema.registry.url": environment[URL_VARIABLE],
    }
    if not _has_console():
        yield _HOW_TO_INSTALL
        return
    ports = None if port is None else (port,)
    try:
        console = open_console(
            config, ports=ports, option="--console-port", allow_writes=allow_writes
        )
    except PortError as error:
        if port is not None:
            raise
        yield f"not started: {error}"
        return
    with console:
        can = "may write" if allow_writes else "read-only; --allow-writes lets it write"
        yield f"{console.url}  ({can})"
