"""Cases of the suite for pytest, one for each contract and check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import pytest

from streamcontract.errors import (
    CodegenError,
    ConfigurationError,
    SchemaParseError,
    StreamContractError,
)
from streamcontract.testing.suite import checks
from streamcontract.testing.suite.checks import Failure, Suite
from streamcontract.testing.suite.contracts import find_contracts
from streamcontract.testing.suite.history import History, default_sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.testing.suite.contracts import TestedContract

__all__ = ["contract_suite"]

_NOW: Final[dict[str, Callable[..., None]]] = {
    "schema": checks.check_schema,
    "generated": checks.check_generated,
    "examples": checks.check_examples,
    "codec": checks.check_codec,
    "broker": checks.check_broker,
}
_NEED_CODE: Final = frozenset({"codec", "broker", "decodes"})
_BEFORE: Final[dict[str, Callable[..., None]]] = {
    "decodes": checks.check_decodes,
    "level": checks.check_level,
    "lossless": checks.check_lossless,
}


def contract_suite(
    path: Path | str | None = None,
    *,
    against: Sequence[str] | None = None,
    every_version: bool = False,
    max_examples: int | None = None,
) -> Callable[..., None]:
    """A test function that pytest runs once for each contract and check.

    Assign it to a name that begins with ``test_`` in a test module.

    Args:
        path: A project file or its folder, a folder of ``.avsc`` files, or one such file; a
            relative path is from the current folder. If left out, the project of the current
            folder, else the ``.avsc`` files below it.
        against: Sources of earlier versions, in the form of ``streamcontract check --against``,
            such as ``"git:origin/main"`` or ``"registry"``. If left out, the last commit if there
            is one, and the registry if ``STREAMCONTRACT_REGISTRY_URL`` names one.
        every_version: Whether every version in git's history must decode, not only that of the
            commit. Every version of a registry must anyway.
        max_examples: The number of examples of each property; that of the active profile of
            Hypothesis if left out.

    Raises:
        ConfigurationError: There are no contracts, or none can be read from the project file.

    Example:
        >>> test_contracts = contract_suite("schemas/stock.avsc", against=[])
    """
    contracts = find_contracts(path)
    sources = default_sources(contracts[0].home) if against is None else against
    histories = [History(source, every_version=every_version) for source in sources]
    suite = Suite(max_examples=max_examples)

    @pytest.mark.parametrize("case", list(_cases(contracts, histories)))
    def test_contract(case: _Case, request: pytest.FixtureRequest) -> None:
        """One check of one contract."""
        case.run(suite, request)

    return test_contract


@attrs.frozen(kw_only=True)
class _Case:
    """One check of one contract, against one source or none."""

    name: str
    contract: TestedContract
    history: History | None = None

    def run(self, suite: Suite, request: pytest.FixtureRequest) -> None:
        """Run it.

        A failure has no traceback, which would show this library and not the fault.
        """
        __tracebackhide__ = True
        found: str | None = None
        try:
            self._check(suite, request)
        except (Failure, StreamContractError) as error:
            found = str(error)
        if found is not None:
            pytest.fail(found, pytrace=False)

    def _check(self, suite: Suite, request: pytest.FixtureRequest) -> None:
        if self.name not in {"schema", "project"}:
            try:
                _ = self.contract.schema
            except SchemaParseError:
                pytest.skip("the schema is not valid: see the test of it")
        if self.name in _NEED_CODE:
            try:
                _ = self.contract.generated
            except (CodegenError, ConfigurationError):
                pytest.skip("no code can be generated from the schema: see the test of that")
        if self.name == "project":
            checks.check_project(self.contract, suite)
        elif self.history is not None:
            check = _BEFORE.get(self.name, checks.check_deleted)
            check(self.contract, suite, self.history)
        elif self.name == "broker":
            checks.check_broker(self.contract, suite, request)
        else:
            _NOW[self.name](self.contract, suite)


def _cases(contracts: list[TestedContract], histories: list[History]) -> Iterator[Any]:
    for contract in contracts:
        for name in _NOW:
            if contract.is_key and name in {"generated", "broker"}:
                continue  # its contract's values are tested, with the keys
            yield pytest.param(_Case(name=name, contract=contract), id=f"{contract.name}-{name}")
        for history in histories:
            for name in _BEFORE:
                yield pytest.param(
                    _Case(name=name, contract=contract, history=history),
                    id=f"{contract.name}-{name}-{history.source}",
                )
    project = contracts[0].project
    if project is not None and project.faults:
        yield pytest.param(_Case(name="project", contract=contracts[0]), id="project-file")
    if project is not None and _is_whole(contracts):
        for history in histories:
            case = _Case(name="deleted", contract=contracts[0], history=history)
            yield pytest.param(case, id=f"project-deleted-{history.source}")


def _is_whole(contracts: list[TestedContract]) -> bool:
    """Whether they are all contracts of their project, so that a missing one was deleted."""
    project = contracts[0].project
    if project is None:
        return False
    tested = {contract.config.name for contract in contracts if contract.config is not None}
    return tested == {config.name for config in project.contracts}
