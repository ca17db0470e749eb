"""Messages for faults of a plan, with the fix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from streamcontract.resolution import Fault, type_label
from streamcontract.schema.model import branch_name
from streamcontract.schema.names import listed

__all__ = ["fault_message"]

# The reasons why no branch of a union fits that a message has in full; there may be thousands.
_MAX_REASONS: Final = 2


def fault_message(fault: Fault) -> str:
    """The message for a fault: what is wrong, and how to fix it."""
    writer = branch_name(fault.writer)  # a writer's union has its faults at its branches
    match fault.rule:
        case "READER_FIELD_MISSING_DEFAULT_VALUE":
            name = fault.detail
            return (
                f"the reader's field {name!r} is not in the writer's {writer} and has no default: "
                f"add a default to {name!r}, or an alias if the writer has it under another name"
            )
        case "NAME_MISMATCH":
            return (
                f"the reader calls this {branch_name(fault.reader)}, the writer {writer}: "
                f"keep the name, or add {writer!r} to the reader's aliases"
            )
        case "FIXED_SIZE_MISMATCH":
            return (
                f"the sizes of {branch_name(fault.reader)} differ ({fault.detail}): a fixed never "
                f"changes its size; make a new type with a new name"
            )
        case "MISSING_ENUM_SYMBOLS":
            return (
                f"the reader's {branch_name(fault.reader)} lacks the writer's symbols "
                f"{listed(fault.symbols)}: add them, or give the reader's enum a default"
            )
        case "MISSING_UNION_BRANCH":
            return (
                f"the reader's union has no branch that takes the writer's {writer}: add one"
                f"{_why(fault)}"
            )
        case "TYPE_MISMATCH" if type_label(fault.writer) == type_label(fault.reader):
            return f"{fault.detail}: read it as its base type, or add a new field beside it"
        case "TYPE_MISMATCH":
            return (
                f"the writer wrote {type_label(fault.writer).lower()}, which cannot be read as "
                f"{type_label(fault.reader).lower()}: keep the type, or add a new field beside it"
            )


def _why(fault: Fault) -> str:
    """The first reasons why the nearest branch of a union does not fit, and the next path."""
    reasons = tuple(_reasons(fault, set()))
    shown = reasons if len(reasons) <= _MAX_REASONS else reasons[:1]
    why = "".join(f"; {fault_message(each)} (at {each.reader_path})" for each in shown)
    if shown != reasons:
        why += f"; and {len(reasons) - 1} more reasons, the next at {reasons[1].reader_path}"
    return why


def _reasons(fault: Fault, seen: set[int]) -> Iterator[Fault]:
    """The root causes of a fault, each once."""
    for cause in fault.causes:
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        if cause.causes:
            yield from _reasons(cause, seen)
        else:
            yield cause
