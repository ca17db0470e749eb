"""History of contracts: the earlier versions in git, in a registry or in a folder."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

import attrs

from streamcontract.errors import ConfigurationError
from streamcontract.evolution import Report, check, open_source, request_files, request_project
from streamcontract.evolution.git import Repository
from streamcontract.evolution.report import CONTRACT_DELETED
from streamcontract.evolution.reported import report_of
from streamcontract.registry.config import URL_VARIABLE
from streamcontract.reporting.formats import text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from streamcontract.evolution import Problem, Request, Source, Version
    from streamcontract.evolution.earlier import Earlier
    from streamcontract.project import Project
    from streamcontract.testing.suite.contracts import TestedContract

__all__ = ["History", "default_sources", "require_source"]

_ALL_VERSIONS = "BACKWARD_TRANSITIVE"


def default_sources(folder: Path) -> list[str]:
    """The sources that contracts are compared with by default.

    Returns:
        The last commit, if the folder is in a git repository that has one; and the registry, if the
        environment names one.
    """
    sources = []
    try:
        Repository(folder).commit("HEAD")
    except ConfigurationError:
        pass  # no git, no repository or no commit: there are no earlier versions
    else:
        sources.append("git:HEAD")
    if os.environ.get(URL_VARIABLE):
        sources.append("registry")
    return sources


def require_source(source: str, folder: Path) -> None:
    """Check that a source exists, without reading it.

    Args:
        source: The source, as for ``streamcontract check --against``; no request is sent to a
        registry.
        folder: A folder in the repository of ``git:``.

    Raises:
        ConfigurationError: There is no such commit, folder or file.
    """
    open_source(source)
    if source.startswith("git:"):
        Repository(folder).commit(source.removeprefix("git:"))


class History:
    """The earlier versions of contracts in one source, which are read once.

    Args:
        source: The source, as for ``streamcontract check --against``.
        every_version: Whether every version in git's history counts, not only that of the commit;
            of a registry every version counts anyway.
    """

    def __init__(self, source: str, *, every_version: bool) -> None:
        self.source = source
        self._every_version = every_version or not source.startswith("git:")
        self._report = functools.cache(self._find_report)
        self._versions = functools.cache(self._find_versions)

    def problems(self, contract: TestedContract, severity: str) -> list[Problem]:
        """The problems of one contract's changes since then, at its level.

        Raises:
            StreamContractError: The earlier versions cannot be read.
        """
        report, slot, _ = self._report(contract)
        return [
            problem
            for problem in report.problems
            if problem.contract == slot and problem.severity == severity
        ]

    def deleted(self, project: Project) -> list[Problem]:
        """The deleted contracts of a project.

        Raises:
            StreamContractError: The earlier versions cannot be read.
        """
        report = check(request_project(project), open_source(self.source))
        return [problem for problem in report.problems if problem.rule == CONTRACT_DELETED]

    def level(self, contract: TestedContract) -> str:
        """The level of a contract.

        Raises:
            StreamContractError: The earlier versions cannot be read.
        """
        report, slot, _ = self._report(contract)
        return next(each.level for each in report.contracts if each.contract == slot)

    def compared(self, contract: TestedContract) -> Mapping[str, Version]:
        """The labels of the earlier versions that its level is checked against; none if it is new.

        Raises:
            StreamContractError: The earlier versions cannot be read.
        """
        _, slot, earlier = self._report(contract)
        return {version.label: version for version in earlier.versions.get(slot, ())}

    def versions(self, contract: TestedContract) -> Sequence[Version]:
        """The earlier versions of one contract that count, oldest first.

        Raises:
            StreamContractError: The earlier versions cannot be read.
        """
        return self._versions(contract)

    def rendered(self, contract: TestedContract | None, problems: Sequence[Problem]) -> str:
        """Problems as text, with their lines of the schemas."""
        contracts = () if contract is None else self._report(contract)[0].contracts
        report = Report(against=self.source, contracts=contracts, problems=tuple(problems))
        body, _, _ = (
            text.render(report_of(report)).plain.rstrip("\n").rpartition("\n")
        )  # the count is left out
        return body.rstrip("\n")

    def _find_report(self, contract: TestedContract) -> tuple[Report, str, Earlier]:
        request = _request(contract)
        kept = _Kept(open_source(self.source), request)
        return check(request, kept), _slot(contract, request), kept.asked

    def _find_versions(self, contract: TestedContract) -> Sequence[Version]:
        request = _request(contract)
        if self._every_version:
            request = attrs.evolve(request, level=_ALL_VERSIONS)
        earlier = open_source(self.source).earlier(request)
        return earlier.versions.get(_slot(contract, request), ())


class _Kept:
    """A source with the result of an earlier request."""

    def __init__(self, source: Source, request: Request) -> None:
        self.label = source.label
        self.asked = source.earlier(request)

    def earlier(self, request: Request) -> Earlier:
        """The answer."""
        del request  # the same as before
        return self.asked


def _request(contract: TestedContract) -> Request:
    if contract.project is None or contract.config is None:
        request = request_files([contract.file])
    else:
        request = request_project(contract.project, [contract.config.name])
        # Of other contracts, or with a test of their own.
        request = attrs.evolve(request, faults=())
    request.require_valid()
    return request


def _slot(contract: TestedContract, request: Request) -> str:
    """Its slot in ``evolution``."""
    for candidate in request.candidates:
        if candidate.slot.file == contract.file and candidate.slot.is_key == contract.is_key:
            return candidate.slot.contract
    raise AssertionError(f"{contract.name} was not requested")
