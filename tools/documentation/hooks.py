"""The events of mkdocs: pages are added, links are changed, and the built site is checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from documentation import commands, names
from documentation.built import faults
from documentation.repository import Outside
from documentation.tables import plain_pipes

__all__ = ["on_config", "on_files", "on_page_markdown", "on_post_build"]

_ROOT: Final = Path(__file__).parents[2]
_DOCS: Final = _ROOT / "docs"
_OUTSIDE: Final = Outside(_ROOT, _DOCS)
_COMMANDS: Final = "reference/commands.md"
_MODULES: Final = names.public_modules(
    [*_DOCS.rglob("*.md"), *(_ROOT / "examples").rglob("*.py"), _ROOT / "README.md"]
)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the page of each public module where the navigation has their folder."""
    config.nav = list(_with_modules(config.nav or []))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the reference, and the pages of files outside docs/."""
    pages = _OUTSIDE.linked(_DOCS.rglob("*.md"))
    pages[_COMMANDS] = commands.reference()
    for module, text in names.reference(_MODULES, _ROOT / "src").items():
        pages[_module_path(module)] = text
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - mkdocs passes them by name
    """Lead to the pages that :func:`on_files` adds, instead of to files; show pipes in tables."""
    path = page.file.src_uri
    file = _OUTSIDE.source_of(path) or _DOCS / path
    return plain_pipes(_OUTSIDE.relink(markdown, file, PurePosixPath(path)))


def on_post_build(config: MkDocsConfig) -> None:
    """Fail where the site would load something from outside."""
    if found := faults(Path(config.site_dir)):
        raise Abort("\n".join(found))


def _module_path(module: str) -> str:
    return f"{names.FOLDER}/{module}.md"


def _with_modules(items: list[object]) -> Iterator[object]:
    for item in items:
        match item:
            case {"Python": names.FOLDER}:
                yield {"Python": [{module: _module_path(module)} for module in _MODULES]}
            case dict():
                yield {
                    title: list(_with_modules(inner)) if isinstance(inner, list) else inner
                    for title, inner in item.items()
                }
            case _:
                yield item
