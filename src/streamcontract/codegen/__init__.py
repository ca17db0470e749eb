"""Generated Python modules: typed records, producer and consumer of a schema."""

from streamcontract.codegen.contracts import (
    Modules,
    make_modules,
    make_modules_of_files,
    modules_of_contracts,
    modules_of_files,
)
from streamcontract.codegen.files import (
    Comparison,
    FileChange,
    changes,
    compare,
    remove_drafts,
    write,
)
from streamcontract.codegen.module import generate_module
from streamcontract.codegen.module_text import GENERATED_MARK
from streamcontract.codegen.sources import ModuleSource
from streamcontract.codegen.stale import StaleModule, stale_modules, staleness_around, staleness_of

__all__ = [
    "GENERATED_MARK",
    "Comparison",
    "FileChange",
    "ModuleSource",
    "Modules",
    "StaleModule",
    "changes",
    "compare",
    "generate_module",
    "make_modules",
    "make_modules_of_files",
    "modules_of_contracts",
    "modules_of_files",
    "remove_drafts",
    "stale_modules",
    "staleness_around",
    "staleness_of",
    "write",
]
