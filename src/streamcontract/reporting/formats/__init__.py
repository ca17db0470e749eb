"""Output formats, one module and one row for each.

A module has one function ``render``, which makes text of a report. It is loaded when its format is
asked for, since what only people need takes time to load.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

import attrs

if TYPE_CHECKING:
    from rich.text import Text

    from streamcontract.reporting.report import Report

__all__ = ["DEFAULT_FORMAT", "FORMATS", "Format", "format_names", "render"]

DEFAULT_FORMAT: Final = "text"


@attrs.frozen
class Format:
    """One output format.

    Attributes:
        name: What ``--format`` calls it.
        module: Its module in this package.
    """

    name: str
    module: str


FORMATS: Final = (
    Format(DEFAULT_FORMAT, "text"),
    Format("json", "as_json"),
    Format("github", "github"),
    Format("gitlab", "gitlab"),
    Format("junit", "junit"),
    Format("sarif", "sarif"),
)


def format_names() -> tuple[str, ...]:
    """The formats that a command with reports offers.

    Example:
        >>> format_names()
        ('text', 'json', 'github', 'gitlab', 'junit', 'sarif')
    """
    return tuple(row.name for row in FORMATS)


def render(report: Report, name: str) -> str | Text:
    """A report in a format: text with styles for people, plain text for machines.

    Args:
        report: The report.
        name: The format's name.
    """
    [row] = [row for row in FORMATS if row.name == name]
    module: Any = importlib.import_module(f"{__name__}.{row.module}")
    rendered: str | Text = module.render(report)
    return rendered
