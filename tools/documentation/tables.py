"""Tables of pages, which GitHub and Python-Markdown read differently."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["plain_pipes"]

_FENCE: Final = re.compile(r"^ *(```|~~~)")
_CODE: Final = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")


def plain_pipes(markdown: str) -> str:
    r"""Markdown whose tables have no backslash before a pipe in code.

    GitHub needs it: there a pipe ends a cell, also in code. For Python-Markdown it does not, and a
    backslash in code is shown.

    Example:
        >>> print(plain_pipes(r"| `a \| b` | c \| d |"))
        | `a | b` | c \| d |
    """
    lines, is_code = [], False
    for line in markdown.split("\n"):
        is_code ^= _FENCE.match(line) is not None
        is_row = line.startswith("|") and not is_code
        lines.append(_CODE.sub(_plain, line) if is_row else line)
    return "\n".join(lines)


def _plain(code: re.Match[str]) -> str:
    return code[0].replace(r"\|", "|")
