"""The modules of the package as syntax trees, for tests of who may do what."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Final

import streamcontract

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE: Final = Path(streamcontract.__file__).parent


def modules_with(*words: str, under: str = "") -> Iterator[tuple[str, ast.Module]]:
    """The modules whose text has any of the words, which is found sooner than a tree is built.

    Args:
        words: Texts that stand in the source as they stand here.
        under: The folder of the package to look at, such as ``kafka``.

    Yields:
        The path from the package on, such as ``kafka/errors.py``, and its tree.
    """
    for path in sorted((PACKAGE / under).rglob("*.py")):
        text = path.read_text("utf-8")
        if any(word in text for word in words):
            yield path.relative_to(PACKAGE).as_posix(), ast.parse(text)
