"""Schema resolution: the only walk over two schemas in the project, and the plan it yields.

Compatibility reports the faults of a plan, the codec executes its actions, so the two cannot
disagree.
"""

from streamcontract.resolution.plan import (
    Action,
    Fail,
    Fault,
    FieldStep,
    IntoUnion,
    Plan,
    ReadArray,
    ReadEnum,
    ReadFixed,
    ReadMap,
    ReadPrimitive,
    ReadRecord,
    ReadUnion,
    Rescale,
    Rule,
    faults_at,
)
from streamcontract.resolution.resolver import resolve, resolve_types, type_label

__all__ = [
    "Action",
    "Fail",
    "Fault",
    "FieldStep",
    "IntoUnion",
    "Plan",
    "ReadArray",
    "ReadEnum",
    "ReadFixed",
    "ReadMap",
    "ReadPrimitive",
    "ReadRecord",
    "ReadUnion",
    "Rescale",
    "Rule",
    "faults_at",
    "resolve",
    "resolve_types",
    "type_label",
]
