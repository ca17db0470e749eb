"""Changes from one schema to another, in Avro's terms and without a verdict.

    from streamcontract.diff import find_changes

    for change in find_changes(old, new):
        print(change)

Whether a change is safe is another question: ``streamcontract.compatibility`` answers it.
"""

from streamcontract.diff.changes import At, Change, Kind
from streamcontract.diff.compare import find_changes, logical_type_changes

__all__ = ["At", "Change", "Kind", "find_changes", "logical_type_changes"]
