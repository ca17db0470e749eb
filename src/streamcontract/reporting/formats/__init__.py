"""Output formats, one module and one row for each.

A module has one function ``render``, which returns a report as text. It is imported on the first
use of its format, since the libraries for terminals take time to import.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract._lazy import Later

if TYPE_CHECKING:
    from rich import text as rich_text

    from streamcontract.reporting import report as reports
else:
    reports = Later("streamcontract.reporting.report")
    rich_text = Later("rich.text")

__all__ = ["DEFAULT_FORMAT", "FORMATS", "Format", "format_names", "render"]

DEFAULT_FORMAT: Final = "text"


@attrs.frozen
class Format:
    """One output format.

    Attributes:
        name: Its name for ``--format``.
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
    """The formats of a command that prints reports.

    Example:
        >>> format_names()
        ('text', 'json', 'github', 'gitlab', 'junit', 'sarif')
    """
    return tuple(row.name for row in FORMATS)


def render(report: reports.Report, name: str) -> str | rich_text.Text:
    """A report in a format: text with styles for people, plain text for machines.

    Args:
        report: The report.
        name: The format's name.
    """
    [row] = [row for row in FORMATS if row.name == name]
    module: Any = importlib.import_module(f"{__name__}.{row.module}")
    rendered: str | rich_text.Text = module.render(report)
    return rendered
