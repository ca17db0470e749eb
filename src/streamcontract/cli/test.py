"""``streamcontract test``: the property tests of the contracts, without any test code."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import click

from streamcontract.cli import EXIT_CLEAN, EXIT_ERROR, EXIT_FINDINGS
from streamcontract.cli._examples import examples
from streamcontract.codegen import staleness_of
from streamcontract.errors import ConfigurationError
from streamcontract.reporting.terminal import echo
from streamcontract.testing.fixtures import STACKS
from streamcontract.testing.suite.contracts import find_contracts
from streamcontract.testing.suite.history import require_source

__all__ = ["command"]

_NEEDED: Final = ("pytest", "hypothesis")

# pytest's exit codes: 0 all passed, 1 some failed; the others mean that it could not run.
_EXIT_CODES: Final = {0: EXIT_CLEAN, 1: EXIT_FINDINGS}


@click.command(
    "test",
    epilog=examples(
        "streamcontract test",
        "streamcontract test schemas --against git:origin/main",
        "streamcontract test --max-examples 1000 --every-version",
        "streamcontract test . -- -x -k order",
    ),
)
@click.argument(
    "arguments", metavar="[PATH] [-- PYTEST ARGUMENTS]", nargs=-1, type=click.UNPROCESSED
)
@click.option(
    "--against",
    multiple=True,
    metavar="SOURCE",
    help=(
        "Source of earlier versions: git:REF, registry[:URL], a folder or an .avsc file;"
        " repeatable. By default the last commit, and the registry of STREAMCONTRACT_REGISTRY_URL."
    ),
)
@click.option(
    "--every-version",
    is_flag=True,
    help="Decode data of every version in the git history, not only of one.",
)
@click.option(
    "--max-examples",
    type=click.IntRange(min=1),
    help="Number of values that each property is tested with; by default 100.",
)
@click.option(
    "--stack", type=click.Choice(STACKS), help="Broker to test on; by default the embedded one."
)
def command(
    arguments: tuple[str, ...],
    against: tuple[str, ...],
    every_version: bool,  # noqa: FBT001 - click passes options by keyword
    max_examples: int | None,
    stack: str | None,
) -> None:
    """Run property tests on every contract, without any test code.

    PATH is a project file or its folder, a folder of .avsc files, or one such file. By default it
    is the project of the current folder, or else the .avsc files below it.

    The tests of a contract: the schema is valid; the generated code is up to date; examples and
    defaults fit their types; values come back equal through codec and broker; data of earlier
    versions can be read, and with the same meaning; the compatibility level holds.

    The tests run in pytest, which receives the arguments after "--". Exits with 1 if a test
    failed. Exits with 2 if the tests could not run, or not all of them because of an error in the
    project file.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"not installed: {' and '.join(missing)}; the tests need the extra `test`, as in"
            " pip install 'streamcontract[test]'"
        )
    # click removes "--"; the arguments after it begin with a dash, and a path does not.
    has_path = bool(arguments) and not arguments[0].startswith("-")
    if has_path and not arguments[0]:
        raise click.BadParameter("it is empty", param_hint="PATH")
    path = Path(arguments[0]).resolve() if has_path else None
    # Errors of the path or of a source are reported once, not by each test.
    contract = find_contracts(path)[0]
    for warning in () if contract.project is None else staleness_of(contract.project):
        echo(f"Warning: {warning}", err=True)
    for source in against:
        require_source(source, contract.home)
    options = {
        "path": None if path is None else str(path),
        "against": list(against) or None,
        "every_version": every_version or None,
        "max_examples": max_examples,
    }
    given = [f"{name}={value!r}" for name, value in options.items() if value is not None]
    code = _run(f"contract_suite({', '.join(given)})", stack, arguments[has_path:])
    is_judged = contract.project is None or not contract.project.faults
    sys.exit(_EXIT_CODES.get(code, EXIT_ERROR) if is_judged else EXIT_ERROR)


def _run(suite: str, stack: str | None, arguments: tuple[str, ...]) -> int:
    """Run the suite in a pytest process of its own, with its own settings only."""
    with tempfile.TemporaryDirectory(prefix="streamcontract-") as folder:
        module = Path(folder, "contracts.py")
        module.write_text(
            f"from streamcontract.testing import contract_suite\n\ntest = {suite}\n", "utf-8"
        )
        Path(folder, "pytest.ini").write_text("[pytest]\n", "utf-8")
        done = subprocess.run(  # noqa: S603 - this interpreter
            [
                sys.executable,
                "-m",
                "pytest",
                str(module),
                f"--config-file={folder}/pytest.ini",
                f"--rootdir={folder}",
                "--import-mode=importlib",
                "-p",
                "no:cacheprovider",
                "-rs",
                *([f"--streamcontract-stack={stack}"] if stack else []),
                *arguments,
            ],
            env={**os.environ, "PYTEST_ADDOPTS": ""},
            check=False,
        )
        return done.returncode
