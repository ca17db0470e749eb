"""``streamcontract doctor``: checks of the installation, broker and registry."""

from __future__ import annotations

import difflib
import logging
import os
import platform
from importlib import metadata
from typing import TYPE_CHECKING, Final

import attrs
import click
import confluent_kafka

from streamcontract._version import __version__
from streamcontract.cli import EXIT_FINDINGS
from streamcontract.cli._examples import examples
from streamcontract.cli._options import facts_option
from streamcontract.codec.engine import (
    ENGINE_VARIABLE,
    Unusable,
    choose_engine,
    find_extension,
)
from streamcontract.errors import (
    ClientError,
    ConfigurationError,
    RegistryError,
    StreamContractError,
)
from streamcontract.kafka import describe_topics
from streamcontract.kafka.connection.config import BOOTSTRAP_VARIABLE, DEFAULT_BOOTSTRAP
from streamcontract.kafka.connection.credentials import SECURITY_PREFIXES
from streamcontract.project import PROJECT_FILE, find_project_file, load_project
from streamcontract.registry import SchemaRegistry, find_lock
from streamcontract.registry.config import URL_VARIABLE
from streamcontract.registry.lock_file import ENVIRONMENT_VARIABLE, LOCK_FILE_VARIABLE
from streamcontract.reporting.facts import print_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["command"]

_PREFIX: Final = "STREAMCONTRACT_"
_VARIABLES: Final = (
    BOOTSTRAP_VARIABLE,
    URL_VARIABLE,
    ENGINE_VARIABLE,
    ENVIRONMENT_VARIABLE,
    LOCK_FILE_VARIABLE,
    # Read by the pytest plugin, which imports pytest.
    "STREAMCONTRACT_STACK",
)


@attrs.frozen
class _Check:
    """One check: its subject, its state, and whether it failed.

    ``is_odd`` marks a state that is not an error but unusual.
    """

    subject: str
    state: str
    is_fine: bool = True
    is_odd: bool = False

    @property
    def status(self) -> str:
        """``"ok"``, ``"warn"`` or ``"fail"``."""
        return "fail" if not self.is_fine else "warn" if self.is_odd else "ok"


@click.command(
    "doctor",
    epilog=examples(
        "streamcontract doctor",
        "streamcontract doctor --timeout 1 --format json",
    ),
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=5.0,
    show_default=True,
    help="Seconds to wait for the broker, and again for the registry.",
)
@facts_option
def command(timeout: float, output_format: str) -> None:
    """Show versions, the project file, and whether broker and registry answer.

    Warns of environment variables that begin with STREAMCONTRACT_ and that have no meaning, such
    as misspelt ones.

    Exits with 1 if the project file is wrong, the native engine is built but broken, or the broker
    or the registry does not answer.
    """
    # The check itself reports a broker that cannot be reached, which librdkafka logs too.
    logging.getLogger("streamcontract.kafka").addHandler(logging.NullHandler())
    found = list(_checks(timeout))
    is_fine = all(check.is_fine for check in found)
    checks = [
        {"subject": check.subject, "status": check.status, "state": check.state} for check in found
    ]
    print_facts({"healthy": is_fine, "checks": checks}, output_format, lambda: _lines(found))
    if not is_fine:
        raise click.exceptions.Exit(EXIT_FINDINGS)


def _lines(found: list[_Check]) -> Iterator[str]:
    width = max(len(check.subject) for check in found)
    for check in found:
        mark = "FAIL" if check.status == "fail" else check.status.ljust(4)
        yield f"{mark}  {check.subject.ljust(width)}  {check.state}"


def _checks(timeout: float) -> Iterator[_Check]:
    yield _Check("streamcontract", __version__)
    yield _Check("Python", f"{platform.python_version()} on {platform.platform()}")
    yield _Check("confluent-kafka", metadata.version("confluent-kafka"))
    yield _Check("librdkafka", confluent_kafka.libversion()[0])
    yield _engine()
    yield _checked("project", _project)
    yield _checked("lock", _lock)
    yield from _unknown_variables(os.environ)
    yield _checked("broker", lambda: _broker(timeout))
    yield _checked("registry", lambda: _registry(timeout))


def _unknown_variables(environment: Mapping[str, str]) -> Iterator[_Check]:
    """Unknown variables, such as misspelt ones."""
    for name in sorted(environment):
        rest = name.removeprefix(_PREFIX)
        if rest == name or name in _VARIABLES or rest.startswith(SECURITY_PREFIXES):
            continue
        near = difflib.get_close_matches(name, _VARIABLES, n=1)
        meant = f"did you mean {near[0]}?" if near else f"known are {', '.join(_VARIABLES)}"
        yield _Check("environment", f"nothing reads {name}: {meant}", is_odd=True)


def _origin(variable: str) -> str:
    """The origin of an address, in words."""
    if os.environ.get(variable):
        return f"the address is that of {variable}"
    return f"the address is the default, as {variable} is not set"


def _checked(subject: str, look: Callable[[], str]) -> _Check:
    try:
        return _Check(subject, look())
    except StreamContractError as error:
        return _Check(subject, str(error), is_fine=False)


def _engine() -> _Check:
    subject = "codec engine"
    try:
        engine = choose_engine()
    except ConfigurationError as error:
        return _Check(subject, str(error), is_fine=False)
    # Python code in place of a broken native part works, but the installation is not as intended.
    if engine.name == "native":
        for package in ("columns", "kafka"):
            found = find_extension(package)
            if isinstance(found, Unusable):
                state = f"native, but the extension of {package} {found.reason}"
                return _Check(subject, state, is_fine=False)
    return _Check(subject, f"{engine.name} ({engine.reason})", is_fine=not engine.is_makeshift)


def _project() -> str:
    file = find_project_file()
    if file is None:
        return f"no {PROJECT_FILE} here or above"
    names = [contract.name for contract in load_project(file).contracts]
    return f"{file}: {', '.join(names) or 'no contracts'}"


def _lock() -> str:
    lock = find_lock(None, None)
    if lock is None:
        return f"not used, as {ENVIRONMENT_VARIABLE} is not set"
    subjects = sum(len(sides) for sides in lock.contracts.values())
    return f"environment {lock.environment}: {subjects} subject(s), {len(lock.schemas)} schema(s)"


def _broker(timeout: float) -> str:
    address = os.environ.get(BOOTSTRAP_VARIABLE) or DEFAULT_BOOTSTRAP
    origin = _origin(BOOTSTRAP_VARIABLE)
    try:
        state = describe_topics([], timeout=timeout)
    except ClientError as error:
        raise ClientError(f"{address}: {error} ({origin})") from error
    kind = "the embedded broker" if state.is_embedded else "a cluster"
    return f"{address}: {kind} answers ({origin})"


def _registry(timeout: float) -> str:
    with SchemaRegistry(connect_timeout=timeout, read_timeout=timeout, max_retries=0) as registry:
        urls, origin = ", ".join(registry.urls), _origin(URL_VARIABLE)
        try:
            types = ", ".join(sorted(registry.schema_types()))
        except RegistryError as error:
            raise ClientError(f"{error} ({origin})") from error
        return f"{urls}: answers, takes {types} ({origin})"
