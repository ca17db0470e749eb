"""What one run found, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from reliability.verdict import Verdict

__all__ = ["Report"]


@attrs.frozen
class Report:
    """What one run found.

    Attributes:
        name: The run.
        verdict: What must not be.
        notes: What was done, and how much.
        seconds: How long it took.
    """

    name: str
    verdict: Verdict
    notes: list[str]
    seconds: float

    def __str__(self) -> str:
        result = "holds" if self.verdict.holds else "BROKEN"
        lines = [*self.notes, *self.verdict.lines()]
        return "\n".join([f"{self.name}: {result} ({self.seconds:.0f} s)", *_indented(lines)])


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]
