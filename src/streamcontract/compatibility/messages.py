"""What a fault of a plan means in words, and what would mend it."""

from __future__ import annotations

from streamcontract.resolution import Fault, type_label
from streamcontract.schema.model import branch_name

__all__ = ["fault_message"]


def fault_message(fault: Fault) -> str:
    """Say what is wrong at a fault, and how to mend it."""
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
                f"{', '.join(fault.symbols)}: add them, or give the reader's enum a default"
            )
        case "MISSING_UNION_BRANCH":
            why = "".join(
                f"; {fault_message(cause)} (at {cause.reader_path})" for cause in fault.causes
            )
            return (
                f"the reader's union has no branch that takes the writer's {writer}: add one{why}"
            )
        case "TYPE_MISMATCH":
            return (
                f"the writer wrote {type_label(fault.writer).lower()}, which cannot be read as "
                f"{type_label(fault.reader).lower()}: keep the type, or add a new field beside it"
            )
