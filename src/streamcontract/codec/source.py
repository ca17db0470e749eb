"""Source builder for generated Python: lines, constants, and lines for tracebacks."""

from __future__ import annotations

import itertools
import linecache
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any

__all__ = ["GeneratedCode"]

_COUNTER = itertools.count(1)

# Names of collected sources, for new ones. Their entries in linecache stay, without lines:
# linecache.checkcache, which each printed traceback calls, iterates over the names, and raises a
# KeyError for one that the garbage collector removes meanwhile (Python 3.11).
_free: list[str] = []


class GeneratedCode:
    """Source text under construction, with the values it refers to.

    Values never become text: they are bound to names in the namespace the source runs in, so
    nothing from a schema can turn into code.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._indent = 0
        self._names: dict[int, str] = {}
        self._count = itertools.count()
        self.namespace: dict[str, Any] = {}

    def line(self, text: str) -> None:
        """Add a line at the present depth."""
        self._lines.append("    " * self._indent + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Add a head line, and indent the lines inside."""
        self.line(head)
        self._indent += 1
        yield
        self._indent -= 1

    def fresh(self, prefix: str) -> str:
        """A name that is unique in this source."""
        return f"{prefix}{next(self._count)}"

    def bind(self, value: object, prefix: str) -> str:
        """The name of a constant; one name for one object."""
        name = self._names.get(id(value))
        if name is None:
            name = self._names[id(value)] = self.fresh(prefix)
            self.namespace[name] = value
        return name

    def compile(self) -> dict[str, Any]:
        """Run the source in its namespace, which keeps the objects of ``bind`` alive."""
        text = "\n".join(self._lines) + "\n"
        # Angle brackets keep linecache from looking for a file, and tracebacks show the line.
        filename = _free.pop() if _free else f"<streamcontract {next(_COUNTER)}>"
        exec(compile(text, filename, "exec", dont_inherit=True), self.namespace)  # noqa: S102 - our own text; see class
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
        for value in self.namespace.values():
            if isinstance(value, FunctionType) and value.__code__.co_filename == filename:
                # Its lines are removed with it: a process that meets ever more schemas must not
                # keep all their sources.
                weakref.finalize(value.__code__, _forget, filename).atexit = False
                break
        return self.namespace


def _forget(filename: str) -> None:
    linecache.cache[filename] = (0, None, [], filename)
    _free.append(filename)
