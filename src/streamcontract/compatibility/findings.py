"""What keeps a reader schema from reading what a writer schema wrote, as findings."""

from __future__ import annotations

from typing import Literal

import attrs

from streamcontract.resolution import Fault, Rule, resolve, type_label
from streamcontract.schema.model import AvroType, RecordType, UnionType, branch_name
from streamcontract.schema.schema import Schema

__all__ = ["Finding", "Severity", "find_incompatibilities"]

Severity = Literal["breaking", "drift"]


@attrs.frozen(kw_only=True)
class Finding:
    """One thing that is wrong with reading one schema's data by another.

    Attributes:
        rule: Avro's name for the incompatibility, such as ``TYPE_MISMATCH``.
        severity: ``"breaking"``: some data cannot be read; ``"drift"``: all can, but not as meant.
        path: JSON pointer into the reader schema, ``"/"`` for its root; a branch of a writer
            union adds its index.
        message: What is wrong, and what would mend it.
        fault: The fault in the plan that the finding reports.
        reader: The reader schema.
        writer: The writer schema.
    """

    rule: Rule
    severity: Severity
    path: str
    message: str
    fault: Fault = attrs.field(repr=False)
    reader: Schema = attrs.field(repr=False)
    writer: Schema = attrs.field(repr=False)

    def __str__(self) -> str:
        return f"{self.severity}: {self.rule} at {self.path}: {self.message}"


def find_incompatibilities(*, reader: Schema, writer: Schema, drift: bool = False) -> list[Finding]:
    """Find everything that keeps data written with one schema from being read with another.

    The rules are those of "Schema Resolution" in the Avro 1.12 specification.

    Args:
        reader: The schema that the consumer reads with.
        writer: The schema that the data were written with.
        drift: Also find what can be read but does not mean the same. No such rule exists yet, so
            it adds nothing.

    Returns:
        The findings in the order of the reader schema; none that is breaking means that every
        value written can be read.

    Example:
        >>> from streamcontract import parse_schema
        >>> [finding] = find_incompatibilities(
        ...     reader=parse_schema("int"), writer=parse_schema("long"))
        >>> finding.rule, finding.path
        ('TYPE_MISMATCH', '/')
    """
    del drift
    return [
        Finding(
            rule=fault.rule,
            severity="breaking",
            path=fault.reader_path,
            message=_message(fault),
            fault=fault,
            reader=reader,
            writer=writer,
        )
        for fault in resolve(writer, reader).faults
    ]


def _name(node: AvroType) -> str:
    if isinstance(node, UnionType):
        return f"a union of {', '.join(map(branch_name, node.branches)) or 'nothing'}"
    return branch_name(node)


def _message(fault: Fault) -> str:
    match fault.rule:
        case "READER_FIELD_MISSING_DEFAULT_VALUE":
            name = fault.field.name if fault.field else fault.detail
            record = fault.reader.name if isinstance(fault.reader, RecordType) else "the record"
            return (
                f"the reader's field {name!r} is not in the writer's {record} and has no default: "
                f"add a default to {name!r}, or an alias if the writer has it under another name"
            )
        case "NAME_MISMATCH":
            return (
                f"the reader calls this {_name(fault.reader)}, the writer {_name(fault.writer)}: "
                f"keep the name, or add {_name(fault.writer)!r} to the reader's aliases"
            )
        case "FIXED_SIZE_MISMATCH":
            return (
                f"the sizes of {_name(fault.reader)} differ ({fault.detail}): a fixed never "
                f"changes its size; make a new type with a new name"
            )
        case "MISSING_ENUM_SYMBOLS":
            return (
                f"the reader's {_name(fault.reader)} lacks the writer's symbols "
                f"{', '.join(fault.symbols)}: add them, or give the reader's enum a default"
            )
        case "MISSING_UNION_BRANCH":
            why = "".join(f"; {_message(cause)} (at {cause.reader_path})" for cause in fault.causes)
            return (
                f"the reader's union has no branch that takes the writer's {_name(fault.writer)}: "
                f"add one{why}"
            )
        case "TYPE_MISMATCH":
            return (
                f"the writer wrote {type_label(fault.writer).lower()}, which cannot be read as "
                f"{type_label(fault.reader).lower()}: keep the type, or add a new field beside it"
            )
