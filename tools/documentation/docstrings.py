"""The docstrings of the package as mkdocstrings reads them: an extension of griffe.

Their roles are Sphinx's. Their section ``Example`` has code, for which griffe wants ``Examples``.
"""

from __future__ import annotations

import re
from typing import Any, Final

import griffe

__all__ = ["Docstrings"]

_ROLE: Final = re.compile(r":(?:attr|class|data|func|meth|mod):`~?([^`]+)`")
_EXAMPLE: Final = re.compile(r"^Example:$", re.MULTILINE)


class Docstrings(griffe.Extension):
    """Changes each docstring before it is parsed."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Replace roles and the title of the examples."""
        if obj.docstring is not None:
            text = _ROLE.sub(lambda role: f"`{role[1]}`", obj.docstring.value)
            obj.docstring.value = _EXAMPLE.sub("Examples:", text)
