"""The examples in the docstrings of the package, read from its sources.

They are found in the text of each file, since not every docstring is still there at run time: attrs
takes a cached property out of a class with slots, with its docstring.
"""

from __future__ import annotations

import ast
import doctest
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

import streamcontract
from streamcontract.kafka.connection.config import DEFAULT_BOOTSTRAP

if TYPE_CHECKING:
    from collections.abc import Iterator

PROMPT: Final = ">>>"
PACKAGE: Final = Path(streamcontract.__file__).parent
_SUFFIXES: Final = {".py", ".pyi", ".pyx", ".pxi"}

SOURCES: Final = sorted(
    path
    for path in PACKAGE.rglob("*")
    if path.suffix in _SUFFIXES and PROMPT in path.read_text("utf-8")
)

# These start servers in Java: ``make test-kafka`` runs them.
OF_REAL_SERVERS: Final = {
    "streamcontract.devstack.kafka.apicurio.ApicurioRegistry",
    "streamcontract.devstack.kafka.durable.DurableStack",
    "streamcontract.devstack.kafka.stack.KafkaStack",
}


@attrs.frozen
class Docstring:
    """A docstring with examples.

    Attributes:
        name: The full name of what it documents.
        module: The name of the module it is in.
        path: The file it is in.
        line: The number of the line above its first one, counted from 1.
        text: The docstring.
    """

    name: str
    module: str
    path: Path
    line: int
    text: str = attrs.field(repr=False)

    def run(self, bootstrap_servers: str = DEFAULT_BOOTSTRAP) -> int:
        """Run the examples, in the names of their module.

        Args:
            bootstrap_servers: The brokers in place of the default ones, where they are named.

        Returns:
            How many examples did not print what the docstring shows; doctest prints the details.
        """
        text = self.text.replace(DEFAULT_BOOTSTRAP, bootstrap_servers)
        names = vars(importlib.import_module(self.module)).copy()
        test = doctest.DocTestParser().get_doctest(
            text, names, self.name, str(self.path), self.line
        )
        return doctest.DocTestRunner().run(test).failed


def docstrings(path: Path) -> list[Docstring]:
    """The docstrings of one file that have examples."""
    if path.suffix != ".py":
        return []
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return [
        Docstring(name, module, path, line, text)
        for name, line, text in _texts(ast.parse(path.read_text("utf-8")), module)
        if PROMPT in text
    ]


def _texts(node: ast.AST, name: str) -> Iterator[tuple[str, int, str]]:
    match getattr(node, "body", None):
        case [ast.Expr(value=ast.Constant(value=str(text)), lineno=line), *_]:
            yield name, line - 1, text
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            continue  # no definitions are in it, and most nodes are
        named: str | None = getattr(child, "name", None)
        yield from _texts(child, f"{name}.{named}" if named else name)


DOCSTRINGS: Final = [found for path in SOURCES for found in docstrings(path)]
