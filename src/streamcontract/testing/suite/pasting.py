"""Values as Python source, for tests to paste."""

from __future__ import annotations

import datetime as dt
import enum
import math
import re
import textwrap
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from streamcontract.codec import Duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Pasted", "module_of", "source_of"]

_WIDTH = 88


@attrs.frozen
class Pasted:
    """An expression and the imports it needs.

    Attributes:
        text: The expression.
        imports: The lines of its imports.
    """

    text: str
    imports: frozenset[str] = frozenset()


def source_of(value: object, homes: Mapping[type, tuple[str, str]]) -> Pasted:
    """The Python source of a value.

    Args:
        value: A record of a generated class, or a plain value.
        homes: For generated classes, the module that users import them from, and their names there.

    Example:
        >>> source_of({"price": Decimal("1.5")}, {}).text
        "{'price': Decimal('1.5')}"
    """
    writer = _Literals(homes)
    text = writer.text(value)
    return Pasted(text, frozenset(writer.imports))


def module_of(name: str, body: str, imports: Iterable[str], fixtures: str = "") -> str:
    """The text of a test module with one test.

    Args:
        name: The test's name after ``test_``; characters that are invalid in names are replaced.
        body: The test's statements.
        imports: The lines of its imports.
        fixtures: Its fixtures.
    """
    identifier = re.sub(r"\W+", "_", name).strip("_")
    head = "\n".join(_merged(imports))
    return f"{head}\n\n\ndef test_{identifier}({fixtures}):\n{textwrap.indent(body, '    ')}"


def _merged(imports: Iterable[str]) -> list[str]:
    """One line for each module, plain imports first."""
    plain = [line for line in imports if not line.startswith("from ")]
    names: dict[str, list[str]] = {}
    for line in sorted(set(imports) - set(plain)):
        _, module, _, name = line.split(" ", 3)
        names.setdefault(module, []).append(name)
    return [
        *sorted(plain),
        *(f"from {module} import {', '.join(n)}" for module, n in names.items()),
    ]


class _Literals:
    def __init__(self, homes: Mapping[type, tuple[str, str]]) -> None:
        self._homes = homes
        self.imports: set[str] = set()

    def text(self, value: object, margin: int = 0) -> str:
        """The value on one line, or with one argument per line if it is too long."""
        match value:
            case Duration():
                self.imports.add("from streamcontract import Duration")
                return repr(value)
            case enum.Enum():
                return f"{self._class(type(value))}.{value.name}"
            case dt.datetime() | dt.date() | dt.time() | dt.timedelta():
                self.imports.add("import datetime")
                return repr(value)
            case Decimal() | UUID():
                self.imports.add(f"from {type(value).__module__} import {type(value).__name__}")
                return repr(value)
            case float() if not math.isfinite(value):
                return f'float("{value}")'
            case list():
                return self._wrapped("[", [("", item) for item in value], "]", margin)
            case tuple():
                end = ",)" if len(value) == 1 else ")"
                return "(" + ", ".join(self.text(item, margin) for item in value) + end
            case dict():
                items = [(f"{key!r}: ", item) for key, item in value.items()]
                return self._wrapped("{", items, "}", margin)
            case _ if attrs.has(type(value)):
                return self._record(value, margin)
            case _:
                return repr(value)

    def _record(self, value: Any, margin: int) -> str:
        fields = attrs.fields(type(value))
        arguments = [(f"{field.alias}=", getattr(value, field.name)) for field in fields]
        return self._wrapped(f"{self._class(type(value))}(", arguments, ")", margin)

    def _class(self, cls: type) -> str:
        module, name = self._homes.get(cls, (cls.__module__, cls.__name__))
        self.imports.add(f"from {module} import {name}")
        return name

    def _wrapped(self, start: str, items: list[tuple[str, Any]], end: str, margin: int) -> str:
        inner = [f"{label}{self.text(item, margin + 4)}" for label, item in items]
        line = start + ", ".join(inner) + end
        if margin + len(line) <= _WIDTH and "\n" not in line:
            return line
        pad = " " * (margin + 4)
        return "\n".join([start, *(f"{pad}{each}," for each in inner), " " * margin + end])
