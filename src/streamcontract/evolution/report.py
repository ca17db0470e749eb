"""What a check of contracts against earlier versions found, as values; formats render them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import attrs

if TYPE_CHECKING:
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
"""Characters of a value that are shown."""

CONTRACT_DELETED: Final = "CONTRACT_DELETED"
"""The rule of a contract that is gone."""

REGISTRY_REFUSES: Final = "REGISTRY_REFUSES"
"""The rule of what a registry refuses for reasons of its own, where one was named. All other
rules are those of ``compatibility``."""

INVALID_SCHEMA: Final = "INVALID_SCHEMA"
"""The rule of a schema of now that is not valid, so that its contract was not judged."""

INVALID_PROJECT: Final = "INVALID_PROJECT"
"""The rule of what is wrong in the project file; its contract, if it is that of one, was not
judged."""

Direction = Literal["new reads old", "old reads new"]
"""Which side reads: the new version what the old one wrote (BACKWARD), or the other way round."""

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
"""What a note says; no note makes a check fail."""


@attrs.frozen(kw_only=True)
class Example:
    """The smallest data that show a finding, and what the codec made of them.

    Attributes:
        value: What was written, as Python writes it; in unions ``(branch, value)``.
        data: Its bytes in hexadecimal digits.
        before: What a consumer of the writer's schema reads.
        after: What a consumer of the reader's schema reads, or the error that it gets.
        error: That error, or None.
        elsewhere: What implementations that read it otherwise make of it, or None.
    """

    value: str
    data: str
    before: str
    after: str
    error: str | None = None
    elsewhere: str | None = None

    def lines(self) -> list[str]:
        """The example for people, long values cut."""
        size = len(self.data) // 2
        data = f"{size} byte{'' if size == 1 else 's'}: {_cut(self.data or 'none')}"
        lines = [f"written  {_cut(self.value)} ({data})", f"read     {_cut(self.after)}"]
        if self.elsewhere is not None:
            lines.append(f"elsewhere, {self.elsewhere}")
        return lines


@attrs.frozen(kw_only=True)
class Problem:
    """A finding with its places in both texts.

    Attributes:
        contract: The contract's name; ``""`` for a fault of the project file as a whole.
        rule: The finding's rule, :data:`CONTRACT_DELETED`, :data:`REGISTRY_REFUSES`,
            :data:`INVALID_SCHEMA` or :data:`INVALID_PROJECT`.
        severity: ``"breaking"``, ``"drift"``, or ``"error"`` for what could not be judged.
        message: What is wrong, and what would mend it.
        now: The place in the candidate; for a deleted contract the project file.
        before: The place in the newest of the earlier versions that it was found with; None for
            what could not be judged.
        against: The labels of all earlier versions that it was found with, newest first.
        direction: Which side reads, or None where it is about no pair of schemas.
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
        """More for people, a line each."""
        return [] if self.example is None else self.example.lines()


@attrs.frozen(kw_only=True)
class Note:
    """Something worth knowing that is no fault.

    Attributes:
        kind: What it is about.
        contract: The contract's name.
        message: The whole of it in words.
        place: Where to show it.
    """

    kind: NoteKind
    contract: str
    message: str
    place: Place


@attrs.frozen(kw_only=True)
class Checked:
    """One contract (or the key of one) and what it was held against.

    Attributes:
        contract: Its name; that of a key ends in ``" (key)"``.
        is_key: Whether it is the key of a contract.
        file: The label of its schema file.
        level: The compatibility level it was held to.
        subject: Its subject in a registry, or None without a topic.
        versions: The labels of the earlier versions it was compared with, newest first.
    """

    contract: str
    is_key: bool = False
    file: str
    level: str
    subject: str | None
    versions: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Report:
    """The outcome of one check.

    Attributes:
        against: What the contracts were held against, as given.
        contracts: What was checked, in the order of the project.
        problems: Every finding.
        notes: What else there is to know.
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
        """Whether nothing found makes the check fail."""
        return not any(map(self.fails, self.problems))

    @property
    def unjudged(self) -> tuple[str, ...]:
        """The contracts that were not judged; the project file, where it is wrong as a whole."""
        invalid = (each for each in self.problems if each.severity == "error")
        return tuple(dict.fromkeys(each.contract or each.now.label for each in invalid))


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}... ({len(text)} characters)"
