"""A command's report: the one shape that every output format renders.

``evolution``, ``lint`` and ``diff`` each have values of their own for what they find, and a module
``reported`` that makes a report of them.
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
"""How grave a finding is where a format knows these two only."""

Tone = Literal["clean", "warning", "error", "neutral"]
"""The impression that a summary gives."""


@attrs.frozen(kw_only=True)
class FindingEntry:
    """A fault.

    Attributes:
        rule: The id of the rule that it breaks.
        severity: The command's own word: ``"breaking"``, ``"drift"``, ``"error"``, ``"warning"``.
        level: Its nearest equivalent.
        fails: Whether the command exits with 1 because of it.
        message: What is wrong, and what would mend it.
        place: Where.
        case: What was checked there, one of the report's cases.
        contract: The contract, where the case is one; ``""`` where it is a file.
        direction: Which side reads, or None.
        before: The place in the earlier version that it was found with, or None.
        repeated: The labels of further versions that it was found with.
        details: More for people, a line each.
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
        """Rule and contract in words."""
        return f"{self.rule} in {self.contract}" if self.contract else self.rule

    @property
    def statement(self) -> str:
        """The message with the contract that it is about."""
        return _stated(self.contract, self.message)

    @property
    def document(self) -> dict[str, Any]:
        """It as JSON output has it."""
        return {
            "contract": self.contract,
            "rule": self.rule,
            "severity": self.severity,
            "message": self.message,
            "at": self.place.document,
        }


@attrs.frozen(kw_only=True)
class NoteEntry:
    """Something worth knowing that is no fault.

    Attributes:
        kind: What it is about.
        contract: The contract, or ``""`` for the whole project.
        message: The whole of it in words.
        place: Where to show it.
        is_skip: Whether it says that the contract was not checked.
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
        """It as JSON output has it."""
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
        place: Where it is.
    """

    sign: Literal["-", "+"]
    value: str
    place: Place


@attrs.frozen(kw_only=True)
class ChangeEntry:
    """A difference, without a verdict on it.

    Attributes:
        path: What differs, such as ``Order.price``.
        words: How, such as ``"doc changed"``.
        sides: What was, what is now, or both.
        place: Where in the new version.
        case: What was compared, one of the report's cases.
    """

    path: str
    words: str
    sides: tuple[Side, ...]
    place: Place
    case: str

    @property
    def statement(self) -> str:
        """What differs, and how."""
        return f"{self.path}: {self.words}"

    @property
    def details(self) -> list[str]:
        """Both values, a line each."""
        return [f"{side.sign} {side.value}" for side in self.sides]


@attrs.frozen
class Summary:
    """The last line of a report for people.

    Attributes:
        words: The verdict, or a count.
        tone: What a terminal's colours say of it.
        scope: What was looked at.
    """

    words: str
    tone: Tone
    scope: str = ""


@attrs.frozen(kw_only=True)
class Report:
    """What one run of a command found.

    Attributes:
        command: The command's name, such as ``"check"``.
        summary: Its last line for people.
        document: All of it as values that JSON has, with the command's own keys.
        cases: What was checked: contracts, or files.
        findings: The faults.
        notes: What else there is to know.
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
