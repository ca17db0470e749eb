"""The reference of the public names, for mkdocstrings: one page for each public module.

The public modules are those from which a page or an example imports.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import griffe

__all__ = ["FOLDER", "public_modules", "reference"]

FOLDER: Final = "reference/python"
_IMPORT: Final = re.compile(r"^\s*from (streamcontract[\w.]*) import ", re.MULTILINE)


def public_modules(files: Iterable[Path]) -> list[str]:
    """The modules from which these files import, in order."""
    found = (_IMPORT.findall(file.read_text("utf-8")) for file in files)
    return sorted({module for modules in found for module in modules})


def reference(modules: Iterable[str], sources: Path) -> dict[str, str]:
    """Pages by the names of their modules.

    A name that several modules export is described on the page of the first one, to which the
    others link.

    Args:
        modules: The public modules, in the order in which they describe a name.
        sources: The folder of the package.
    """
    package = griffe.load("streamcontract", search_paths=[sources])
    described: dict[str, str] = {}
    pages = {}
    for module in modules:
        content = package if module == package.path else package[module.partition(".")[2]]
        lines = [
            f"# {module}",
            "",
            f"::: {module}",
            _options(members="false", show_root_heading="false", show_root_toc_entry="false"),
            "",
        ]
        for name in sorted(content.exports or (), key=str.lower):
            member = content.members[str(name)]
            target = member.final_target if member.is_alias else member
            if target.path in described:
                lines += [f"## {name}", "", f"[`{described[target.path]}`][{target.path}]", ""]
            else:
                described[target.path] = f"{module}.{name}"
                lines += [f"::: {target.path}", _options(heading_level="2"), ""]
        pages[module] = "\n".join(lines)
    return pages


def _options(**options: str) -> str:
    lines = (f"        {name}: {value}" for name, value in options.items())
    return "\n".join(["    options:", *lines])
