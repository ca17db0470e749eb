"""What keeps a reader schema from reading what a writer schema wrote, as findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Literal

import attrs

from streamcontract.compatibility.counterexample import Counterexample, breaking_example
from streamcontract.compatibility.drift import drifts
from streamcontract.compatibility.drift_rules import DriftRule
from streamcontract.compatibility.messages import fault_message
from streamcontract.compatibility.walk import order, walk
from streamcontract.levels import Direction
from streamcontract.resolution import Fault, Plan, Rule, faults_at, resolve
from streamcontract.schema.schema import Schema

__all__ = ["Finding", "Severity", "find_incompatibilities"]

Severity = Literal["breaking", "drift"]


@attrs.frozen(kw_only=True, slots=False)
class Finding:
    """One thing that is wrong with reading one schema's data by another.

    Attributes:
        rule: Avro's name for the incompatibility, such as ``TYPE_MISMATCH``, or a drift rule's.
        severity: ``"breaking"``: some data cannot be read; ``"drift"``: they can, or most of them
            can, but not as they were meant.
        path: JSON pointer into the reader schema, ``"/"`` for its root; a branch of a writer
            union adds its index.
        writer_path: JSON pointer into the writer schema.
        message: What is wrong, and what would mend it.
        fault: The fault in the plan that a breaking finding reports; None for drift.
        reader: The reader schema.
        writer: The writer schema.
        direction: Where a level is checked: ``"backward"`` if the candidate is the reader,
            ``"forward"`` if it is the writer; else None.
        version: Where a level is checked: which version of the history the other schema is,
            counted from 1; else None.
    """

    rule: Rule | DriftRule
    severity: Severity
    path: str
    message: str
    writer_path: str
    fault: Fault | None = attrs.field(default=None, repr=False)
    reader: Schema = attrs.field(repr=False)
    writer: Schema = attrs.field(repr=False)
    direction: Direction | None = None
    version: int | None = None
    _example: Callable[[], Counterexample | None] = attrs.field(repr=False, eq=False)

    @cached_property
    def counterexample(self) -> Counterexample | None:
        """The smallest data that show the finding, and what the codec makes of them.

        Worked out by running the codec, at first use. None where no finite value shows it, such
        as in a record that holds itself unconditionally.

        Example:
            >>> from streamcontract import parse_schema
            >>> [finding] = find_incompatibilities(
            ...     reader=parse_schema(["null", "int"]), writer=parse_schema(["null", "string"]))
            >>> example = finding.counterexample
            >>> example.value, example.data.hex()
            (('string', ''), '0200')
            >>> type(example.error).__name__
            'ResolutionError'
        """
        return self._example()

    def __str__(self) -> str:
        return f"{self.severity}: {self.rule} at {self.path}: {self.message}"


def find_incompatibilities(*, reader: Schema, writer: Schema, drift: bool = False) -> list[Finding]:
    """Find everything that keeps data written with one schema from being read with another.

    The rules are those of "Schema Resolution" in the Avro 1.12 specification.

    Args:
        reader: The schema that the consumer reads with.
        writer: The schema that the data were written with.
        drift: Also find what can be read but does not arrive as it was meant: see
            :data:`~streamcontract.compatibility.DRIFT_RULES`.

    Returns:
        The findings in the order of the reader schema; none that is breaking means that every
        value written can be read, but for what a drift finding announces.

    Example:
        >>> from streamcontract import parse_schema
        >>> [finding] = find_incompatibilities(
        ...     reader=parse_schema("int"), writer=parse_schema("long"))
        >>> finding.rule, finding.path
        ('TYPE_MISMATCH', '/')
        >>> [finding] = find_incompatibilities(
        ...     reader=parse_schema("double"), writer=parse_schema("long"), drift=True)
        >>> finding.rule, finding.counterexample.before, finding.counterexample.after
        ('PRECISION_LOSS', 9007199254740993, 9007199254740992.0)
    """
    plan = resolve(writer, reader)
    findings = list(_breaking(plan))
    if drift:
        findings += _drifting(plan)
    return sorted(findings, key=lambda finding: (order(finding.path), finding.severity))


def _breaking(plan: Plan) -> Iterator[Finding]:
    if not plan.faults:
        return  # most pairs: nothing to walk the plan for
    for place in walk(plan):
        for fault in faults_at(place.action):
            yield Finding(
                rule=fault.rule,
                severity="breaking",
                path=fault.reader_path,
                writer_path=fault.writer_path,
                message=fault_message(fault),
                fault=fault,
                reader=plan.reader,
                writer=plan.writer,
                example=lambda at=place.action, of=fault: breaking_example(plan, at, of),  # type: ignore[misc]
            )


def _drifting(plan: Plan) -> Iterator[Finding]:
    for found in drifts(plan):
        yield Finding(
            rule=found.rule,
            severity="drift",
            path=found.reader_path,
            writer_path=found.writer_path,
            message=found.message,
            reader=plan.reader,
            writer=plan.writer,
            example=found.example,
        )
