"""Checks of contracts against earlier versions in git, a registry or a folder."""

from streamcontract.evolution.check import check
from streamcontract.evolution.check_request import Request, request_files, request_project
from streamcontract.evolution.earlier import Source, Version
from streamcontract.evolution.report import Checked, Note, Problem, Report
from streamcontract.evolution.sources import open_source

__all__ = [
    "Checked",
    "Note",
    "Problem",
    "Report",
    "Request",
    "Source",
    "Version",
    "check",
    "open_source",
    "request_files",
    "request_project",
]
