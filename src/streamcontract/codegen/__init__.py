"""From a schema to the text of a Python module: typed records, producer and consumer."""

from streamcontract.codegen.contracts import modules_of_contracts, modules_of_files
from streamcontract.codegen.files import FileChange, changes, remove_drafts, write
from streamcontract.codegen.module import GENERATED_MARK, ModuleSource, generate_module

__all__ = [
    "GENERATED_MARK",
    "FileChange",
    "ModuleSource",
    "changes",
    "generate_module",
    "modules_of_contracts",
    "modules_of_files",
    "remove_drafts",
    "write",
]
