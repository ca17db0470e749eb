"""Pages for the files outside docs/ that pages link to.

In a page, ``../examples/groups/groups.py`` is a link that works where the repository is read. On
the site the same link leads to a page with the file's text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

import attrs

__all__ = ["Outside"]

FOLDER: Final = "repository"
_LINK: Final = re.compile(r"(?P<text>\[[^\]]*\])\((?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?\)")
_CODE: Final = re.compile(r"(^```.*?^```|^    [^\n]*)", re.DOTALL | re.MULTILINE)
_LANGUAGES: Final = {".py": "python", ".avsc": "json", ".yml": "yaml", ".yaml": "yaml"}


@attrs.frozen
class Outside:
    """The files of a repository that are not in its folder of pages.

    Attributes:
        root: The repository.
        docs: Its folder of pages.
    """

    root: Path
    docs: Path

    def linked(self, pages: Iterable[Path]) -> dict[str, str]:
        """Texts of new pages by their paths, for all files to which pages lead, and those lead."""
        found: dict[Path, str] = {}
        waiting = [target for page in pages for target in self._targets(page)]
        while waiting:
            file = waiting.pop()
            if file not in found:
                found[file] = self._page(file)
                if file.suffix == ".md":
                    waiting += self._targets(file)
        return {self._site_path(file): text for file, text in found.items()}

    def relink(self, markdown: str, page: Path, at: PurePosixPath) -> str:
        """A page's text with links to the new pages.

        Args:
            markdown: The text.
            page: The file in which it is written.
            at: Where the page is on the site, such as ``tutorial/1-brokers.md``.
        """
        is_outside = not page.is_relative_to(self.docs)

        def changed(link: re.Match[str]) -> str:
            file = self._file(page, link["target"])
            if file is None or not (is_outside or self._is_outside(file)):
                return link[0]
            path = self._site_path(file) if self._is_outside(file) else _relative(file, self.docs)
            target = os.path.relpath(path, at.parent)
            return f"{link['text']}({target}{link['anchor'] or ''})"

        # Between the parts that are prose the split keeps code, which is left as it is.
        return "".join(
            part if index % 2 else _LINK.sub(changed, part)
            for index, part in enumerate(_CODE.split(markdown))
        )

    def source_of(self, path: str) -> Path | None:
        """The file of a page of the site that this made."""
        inside = PurePosixPath(path)
        if inside.parts[0] != FOLDER:
            return None
        file = self.root.joinpath(*inside.parts[1:])
        return file if file.suffix == ".md" and file.is_file() else None

    def _targets(self, page: Path) -> Iterator[Path]:
        for link in _LINK.finditer(page.read_text("utf-8")):
            file = self._file(page, link["target"])
            if file is not None and self._is_outside(file):
                yield file

    def _file(self, page: Path, target: str) -> Path | None:
        file = (page.parent / target).resolve()
        if ":" in target or not file.exists() or not file.is_relative_to(self.root):
            return None
        return file / "README.md" if file.is_dir() else file

    def _is_outside(self, file: Path) -> bool:
        return not file.is_relative_to(self.docs)

    def _site_path(self, file: Path) -> str:
        # mkdocs leaves out files whose names begin with a dot.
        path = f"{FOLDER}/{_relative(file, self.root).lstrip('.')}"
        return path if file.suffix == ".md" else f"{path}.md"

    def _page(self, file: Path) -> str:
        text = file.read_text("utf-8")
        if file.suffix == ".md":
            return text
        language = _LANGUAGES.get(file.suffix, "text")
        name = _relative(file, self.root)
        return f'# {file.name}\n\n````{language} title="{name}"\n{text}````\n'


def _relative(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix()
