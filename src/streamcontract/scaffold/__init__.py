"""New projects of ``streamcontract init``: empty, from schemas or from a registry."""

from streamcontract.scaffold.draft import Draft, Planned
from streamcontract.scaffold.from_files import draft_of_files
from streamcontract.scaffold.from_registry import draft_of_registry
from streamcontract.scaffold.made import Made, make_project
from streamcontract.scaffold.sample import draft_of_sample
from streamcontract.scaffold.written import Written, write_project

__all__ = [
    "Draft",
    "Made",
    "Planned",
    "Written",
    "draft_of_files",
    "draft_of_registry",
    "draft_of_sample",
    "make_project",
    "write_project",
]
