"""Faults of schemas that cannot be parsed, as places of a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from streamcontract.reporting.places import Place, shown

if TYPE_CHECKING:
    from streamcontract.errors import SchemaFault

__all__ = ["place_of_fault"]


def place_of_fault(fault: SchemaFault, file: Path) -> Place:
    """The place of a fault: in the file that has it, which may be one that the schema uses.

    Args:
        fault: The fault.
        file: The schema's file, for a fault that names none.
    """
    path = Path(fault.source or file)
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        text = ""  # that is the fault
    return Place(
        label=shown(path),
        text=text,
        pointer=fault.pointer,
        line=fault.line or 1,
        column=fault.column or 1,
        file=str(path),
    )
