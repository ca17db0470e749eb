"""A command's report: the one shape that every output format renders.

``evolution``, ``lint``, ``diff`` and ``codegen`` each have their own classes for findings, and a
module ``reported`` that converts them to a report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import attrs

if TYPE_CHECKING:
    from streamcontract.reporting.places import Place

__all__ = [
    "ChangeEntry",
    "FindingEntry",
    "Level",
    "NoteEntry",
    "Report",
    "Side",
    "Summary",
    "Tone",
    "counted",
]

Level = Literal["error", "warning"]
"""The level of a finding in formats that have only these two."""

Tone = Literal["clean", "warning", "error", "neutral"]
"""The tone of a summary, for the colours of a terminal."""


@attrs.frozen(kw_only=True)
class FindingEntry:
    """A fault.

    Attributes:
        rule: The id of the broken rule.
        severity: The command's own word: ``"breaking"``, ``"drift"``, ``"error"``, ``"warning"``.
        level: The nearest equivalent of ``severity``.
        fails: Whether the command exits with 1 because of it.
        message: What is wrong, and how to fix it.
        place: The position.
        case: The contract or file that was checked, one of the report's cases.
        contract: The contract, if the case is one; ``""`` if it is a file.
        direction: The direction of compatibility, or None.
        before: The position in the earlier version, or None.
        repeated: The labels of further versions with the same finding.
        details: More lines for people.
    """

    rule: str
    severity: str
    level: Level
    fails: bool
    message: str
    place: Place
    case: str
    contract: str = ""
    direction: str | None = None
    before: Place | None = None
    repeated: tuple[str, ...] = ()
    details: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Rule and contract as words."""
        return f"{self.rule} in {self.contract}" if self.contract else self.rule

    @property
    def statement(self) -> str:
        """The message with the contract that it is about."""
        return _stated(self.contract, self.message)

    @property
    def document(self) -> dict[str, Any]:
        """The finding in JSON output."""
        return {
            "contract": self.contract,
            "rule": self.rule,
            "severity": self.severity,
            "message": self.message,
            "at": self.place.document,
        }


@attrs.frozen(kw_only=True)
class NoteEntry:
    """Information that is not a fault.

    Attributes:
        kind: The kind of information.
        contract: The contract, or ``""`` for the whole project.
        message: The information as words.
        place: The position to show it at.
        is_skip: Whether it means that the contract was not checked.
    """

    kind: str
    contract: str
    message: str
    place: Place
    is_skip: bool = False

    @property
    def statement(self) -> str:
        """The message with the contract that it is about."""
        return _stated(self.contract, self.message)

    @property
    def document(self) -> dict[str, Any]:
        """The note in JSON output."""
        return {
            "kind": self.kind,
            "contract": self.contract,
            "message": self.message,
            "at": self.place.document,
        }


@attrs.frozen(kw_only=True)
class Side:
    """A value before or after a change.

    Attributes:
        sign: ``"-"`` or ``"+"``.
        value: The value, as JSON.
        place: The position.
    """

    sign: Literal["-", "+"]
    value: str
    place: Place


@attrs.frozen(kw_only=True)
class ChangeEntry:
    """A difference, without a verdict.

    Attributes:
        path: The changed part, such as ``Order.price``.
        words: The change, such as ``"doc changed"``.
        sides: The old value, the new value, or both.
        place: The position in the new version.
        case: The contract or file that was compared, one of the report's cases.
    """

    path: str
    words: str
    sides: tuple[Side, ...]
    place: Place
    case: str

    @property
    def statement(self) -> str:
        """The changed part, and the change."""
        return f"{self.path}: {self.words}"

    @property
    def details(self) -> list[str]:
        """Both values, one line each."""
        return [f"{side.sign} {side.value}" for side in self.sides]


@attrs.frozen
class Summary:
    """The last line of a report for people.

    Attributes:
        words: The verdict, or a count.
        tone: The tone, for the colours of a terminal.
        scope: The number of things checked.
    """

    words: str
    tone: Tone
    scope: str = ""


@attrs.frozen(kw_only=True)
class Report:
    """The result of one run of a command.

    Attributes:
        command: The command's name, such as ``"check"``.
        summary: Its last line for people.
        document: The result as JSON values, with the command's own keys.
        cases: The contracts or files that were checked.
        findings: The faults.
        notes: Other information.
        changes: The differences.
    """

    command: str
    summary: Summary
    document: dict[str, Any]
    cases: tuple[str, ...] = ()
    findings: tuple[FindingEntry, ...] = ()
    notes: tuple[NoteEntry, ...] = ()
    changes: tuple[ChangeEntry, ...] = ()


def counted(count: int, noun: str) -> str:
    """A number of things in words.

    Example:
        >>> counted(1, "error"), counted(0, "error")
        ('1 error', '0 errors')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _stated(contract: str, message: str) -> str:
    return f"{contract}: {message}" if contract else message
