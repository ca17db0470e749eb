"""Findings on a pair of schemas: the data that the reader cannot read, or reads changed."""

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
    """One problem in reading one schema's data with another.

    Attributes:
        rule: Avro's name for the incompatibility, such as ``TYPE_MISMATCH``, or a drift rule's.
        severity: ``"breaking"``: some data cannot be read; ``"drift"``: all or most of them can,
            but with another meaning.
        path: JSON pointer into the reader schema, ``"/"`` for its root; a branch of a writer
            union adds its index.
        writer_path: JSON pointer into the writer schema.
        message: What is wrong, and how to fix it.
        fault: The fault in the plan that a breaking finding reports; None for drift.
        reader: The reader schema.
        writer: The writer schema.
        direction: If a level is checked, ``"backward"`` if the candidate is the reader,
            ``"forward"`` if it is the writer; else None.
        version: If a level is checked, the number of the other schema in the history, counted
            from 1; else None.
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
        """The smallest data that show the finding, and the result of decoding them.

        It is computed at first use by running the codec. None if no finite value shows it, such as
        in a record that contains itself unconditionally.

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
        drift: Also find data that can be read but with another meaning: see
            :data:`~streamcontract.compatibility.DRIFT_RULES`.

    Returns:
        The findings in the order of the reader schema. If none is breaking, every written value
        can be read, except as a drift finding describes.

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
        return  # most pairs have no faults
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
