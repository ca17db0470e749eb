"""Results of a check of contracts against earlier versions, as values."""

from __future__ import annotations

from typing import Final, Literal

import attrs

from streamcontract.compatibility.findings import Severity
from streamcontract.reporting import Place

__all__ = [
    "CONTRACT_DELETED",
    "INVALID_PROJECT",
    "INVALID_SCHEMA",
    "REGISTRY_REFUSES",
    "Checked",
    "Direction",
    "Example",
    "Note",
    "NoteKind",
    "Problem",
    "Report",
]

_MAX_SHOWN: Final = 200
"""The number of characters of a value that are shown."""

CONTRACT_DELETED: Final = "CONTRACT_DELETED"
"""The rule id of a deleted contract."""

REGISTRY_REFUSES: Final = "REGISTRY_REFUSES"
"""The rule id of a schema that the chosen registry refuses for its own reasons. All other rules are
those of ``compatibility``."""

INVALID_SCHEMA: Final = "INVALID_SCHEMA"
"""The rule id of an invalid present schema, whose contract was not checked."""

INVALID_PROJECT: Final = "INVALID_PROJECT"
"""The rule id of a fault in the project file; its contract, if any, was not checked."""

Direction = Literal["new reads old", "old reads new"]
"""The direction: the new version reads data of the old one (BACKWARD), or the other way round."""

NoteKind = Literal[
    "new-contract",
    "renamed-file",
    "renamed-contract",
    "renamed-topic",
    "moved-type",
    "level-changed",
    "not-checked",
    "counterexamples-left-out",
    "registry-accepts",
    "rollout",
    "unreadable-version",
    "read-leniently",
]
"""The kinds of notes; no note makes a check fail."""


@attrs.frozen(kw_only=True)
class Example:
    """The smallest data that show a finding, and the result of decoding them.

    Attributes:
        value: The written value as a Python literal; in unions ``(branch, value)``.
        data: Its bytes in hexadecimal digits.
        before: The value that a consumer with the writer schema reads.
        after: The value that a consumer with the reader schema reads, or its error.
        error: That error, or None.
        elsewhere: The result of implementations that differ, or None.
    """

    value: str
    data: str
    before: str
    after: str
    error: str | None = None
    elsewhere: str | None = None

    def lines(self) -> list[str]:
        """The example for people, with long values shortened."""
        size = len(self.data) // 2
        data = f"{size} byte{'' if size == 1 else 's'}: {_cut(self.data or 'none')}"
        lines = [f"written  {_cut(self.value)} ({data})", f"read     {_cut(self.after)}"]
        if self.elsewhere is not None:
            lines.append(f"elsewhere, {self.elsewhere}")
        return lines


@attrs.frozen(kw_only=True)
class Problem:
    """A finding with its positions in both texts.

    Attributes:
        contract: The contract's name; ``""`` for a fault of the project file as a whole.
        rule: The finding's rule, :data:`CONTRACT_DELETED`, :data:`REGISTRY_REFUSES`,
            :data:`INVALID_SCHEMA` or :data:`INVALID_PROJECT`.
        severity: ``"breaking"``, ``"drift"``, or ``"error"`` for a contract that was not checked.
        message: What is wrong, and how to fix it.
        now: The position in the candidate; for a deleted contract the project file.
        before: The position in the newest of the earlier versions with the finding; None for a
            contract that was not checked.
        against: The labels of all earlier versions with the finding, newest first.
        direction: The direction, or None if it is not about a pair of schemas.
        example: Data that show it, or None.
    """

    contract: str
    rule: str
    severity: Severity | Literal["error"]
    message: str
    now: Place
    before: Place | None
    against: tuple[str, ...]
    direction: Direction | None = None
    example: Example | None = None

    @property
    def details(self) -> list[str]:
        """More lines for people."""
        return [] if self.example is None else self.example.lines()


@attrs.frozen(kw_only=True)
class Note:
    """Information that is not a fault.

    Attributes:
        kind: The kind of information.
        contract: The contract's name.
        message: The information in words.
        place: The position to show it at.
    """

    kind: NoteKind
    contract: str
    message: str
    place: Place


@attrs.frozen(kw_only=True)
class Checked:
    """One contract (or the key of one) and the versions that it was compared with.

    Attributes:
        contract: Its name, which ends in ``" (key)"`` for keys.
        is_key: Whether it is the key of a contract.
        file: The label of its schema file.
        level: Its compatibility level.
        subject: Its subject in a registry, or None without a topic.
        versions: The labels of the earlier versions, newest first.
    """

    contract: str
    is_key: bool = False
    file: str
    level: str
    subject: str | None
    versions: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Report:
    """The result of one check.

    Attributes:
        against: The source of earlier versions, as given.
        contracts: The checked contracts, in the order of the project.
        problems: Every finding.
        notes: Other information.
        is_strict: Whether drift fails the check.
    """

    against: str
    contracts: tuple[Checked, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()
    is_strict: bool = False

    def fails(self, problem: Problem) -> bool:
        """Whether a finding makes the check fail."""
        return problem.severity != "drift" or self.is_strict

    @property
    def is_clean(self) -> bool:
        """Whether no finding makes the check fail."""
        return not any(map(self.fails, self.problems))

    @property
    def unjudged(self) -> tuple[str, ...]:
        """The contracts that were not checked; the project file if it is wrong as a whole."""
        invalid = (each for each in self.problems if each.severity == "error")
        return tuple(dict.fromkeys(each.contract or each.now.label for each in invalid))


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}... ({len(text)} characters)"
