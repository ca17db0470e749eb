"""What a fault of a plan means in words, and what would mend it."""

from __future__ import annotations

from streamcontract.resolution import Fault, type_label
from streamcontract.schema.model import AvroType, RecordType, UnionType, branch_name

__all__ = ["fault_message"]


def _name(node: AvroType) -> str:
    if isinstance(node, UnionType):
        return f"a union of {', '.join(map(branch_name, node.branches)) or 'nothing'}"
    return branch_name(node)


def fault_message(fault: Fault) -> str:
    """Say what is wrong at a fault, and how to mend it."""
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
            why = "".join(
                f"; {fault_message(cause)} (at {cause.reader_path})" for cause in fault.causes
            )
            return (
                f"the reader's union has no branch that takes the writer's {_name(fault.writer)}: "
                f"add one{why}"
            )
        case "TYPE_MISMATCH":
            return (
                f"the writer wrote {type_label(fault.writer).lower()}, which cannot be read as "
                f"{type_label(fault.reader).lower()}: keep the type, or add a new field beside it"
            )
