"""Contracts of a project, read from ``streamcontract.toml`` and checked.

    output = "src/shop/contracts"       # folder of the generated modules
    schemas = ["schemas", "../common"]  # folders in which schemas find the types of other files

    [contracts.order]
    schema = "schemas/order.avsc"
    topic = "orders"
    key = "order_id"                    # a field; or key_schema = "schemas/order-key.avsc"
    partitions = 6
    compatibility = "BACKWARD"
    lint_off = { float-for-money = "charted, never summed" }    # rules of `streamcontract lint`

    [lint]                              # for all contracts
    tier = "standard"
    field_names = "camelCase"
    off = { nullable-items = "no consumer is a warehouse" }

The same keys may be below ``[tool.streamcontract]`` in ``pyproject.toml``. Paths are relative
to the folder of the file. An unknown key is an error, never ignored: a misspelt
``compatibility`` must not silently switch a check off.
"""

from streamcontract.project.files import (
    PROJECT_FILE,
    find_project_file,
    named_schemas,
)
from streamcontract.project.load import (
    fault_at,
    find_project,
    folders_for,
    load_project,
    read_project,
)
from streamcontract.project.rules import COMPATIBILITY_LEVELS, topic_fault
from streamcontract.project.values import ContractConfig, LintConfig, Project

__all__ = [
    "COMPATIBILITY_LEVELS",
    "PROJECT_FILE",
    "ContractConfig",
    "LintConfig",
    "Project",
    "fault_at",
    "find_project",
    "find_project_file",
    "folders_for",
    "load_project",
    "named_schemas",
    "read_project",
    "topic_fault",
]
