"""Layout of expressions and annotations on lines of at most 100 columns, as by ``ruff format``.

A bracket that does not fit on its line has one item on each line and a comma after the last, which
the formatter does not change.
"""

from __future__ import annotations

from typing import Final
from unicodedata import ucd_3_2_0

import attrs

from streamcontract.codegen.text import LINE_LENGTH

__all__ = [
    "Alternatives",
    "Annotation",
    "Expression",
    "Group",
    "Subscript",
    "columns",
    "flat",
    "flat_annotation",
    "lay_out",
    "lay_out_class",
    "lay_out_field",
    "lay_out_return",
]

_STEP: Final = 4


@attrs.frozen
class Group:
    """A bracketed expression: a call, a list, a dict or a tuple.

    Attributes:
        start: Its text up to and with the opening bracket.
        items: Each item, with the text before it (``key=``, ``"key": `` or nothing).
        end: The closing bracket.
        is_tuple: Whether it is a tuple, which needs a comma after a single item.
    """

    start: str
    items: tuple[tuple[str, Expression], ...]
    end: str
    is_tuple: bool = False


Expression = Group | str
"""A bracketed expression, or one that cannot contain a line break."""


@attrs.frozen
class Subscript:
    """``name[arguments]`` in an annotation."""

    name: str
    arguments: tuple[Annotation, ...]


@attrs.frozen
class Alternatives:
    """``a | b`` in an annotation."""

    members: tuple[Annotation, ...]


Annotation = Subscript | Alternatives | str


def columns(text: str) -> int:
    """The columns that text takes: none for combining marks, two for wide characters."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def _columns(char: str) -> int:
    if ucd_3_2_0.category(char) in {"Mn", "Me"}:
        return 0
    return 2 if ucd_3_2_0.east_asian_width(char) in {"W", "F"} else 1


def _fits(line: str) -> bool:
    return columns(line) <= LINE_LENGTH


def flat(node: Expression) -> str:
    """An expression on one line."""
    if isinstance(node, str):
        return node
    items = ", ".join(f"{label}{flat(item)}" for label, item in node.items)
    comma = "," if node.is_tuple and len(node.items) == 1 else ""
    return f"{node.start}{items}{comma}{node.end}"


def lay_out(prefix: str, node: Expression, *, indent: int, suffix: str = "") -> list[str]:
    """The lines of an expression.

    Args:
        prefix: The text before it on its first line, including the indentation.
        node: The expression.
        indent: The indentation of its closing bracket.
        suffix: The text after it on its last line.

    Example:
        >>> lay_out("x = ", Group("f(", (("a=", "1"),), ")"), indent=0)
        ['x = f(a=1)']
    """
    line = f"{prefix}{flat(node)}{suffix}"
    if isinstance(node, str) or not node.items or (_fits(line) and "\n" not in line):
        return [line]
    margin = " " * (indent + _STEP)
    lines = [f"{prefix}{node.start}"]
    for label, item in node.items:
        lines += lay_out(f"{margin}{label}", item, indent=indent + _STEP, suffix=",")
    return [*lines, f"{' ' * indent}{node.end}{suffix}"]


def flat_annotation(node: Annotation) -> str:
    """An annotation on one line."""
    match node:
        case str():
            return node
        case Subscript():
            return f"{node.name}[{', '.join(map(flat_annotation, node.arguments))}]"
        case Alternatives():
            return " | ".join(map(flat_annotation, node.members))


def lay_out_class(name: str, base: Subscript) -> list[str]:
    """The lines of the head of a class with one base."""
    line = f"class {name}({flat_annotation(base)}):"
    if _fits(line):
        return [line]
    margin = " " * _STEP
    inner = f"{margin}{flat_annotation(base)},"
    lines = [inner] if _fits(inner) else _break(margin, base, indent=_STEP, suffix=",")
    return [f"class {name}(", *lines, "):"]


def lay_out_field(name: str, annotation: Annotation, call: Group, *, indent: int) -> list[str]:
    """The lines of an attribute of an attrs class.

    Args:
        name: The attribute.
        annotation: Its type.
        call: ``attrs.field(...)`` with its arguments: without any, nothing is written; with an
            immutable default alone, the default itself if it fits.
        indent: The indentation.
    """
    start = f"{' ' * indent}{name}: "
    head = start + flat_annotation(annotation)
    if not call.items:
        return [head] if _fits(head) else _break(start, annotation, indent=indent)
    if len(call.items) == 1:
        label, default = call.items[0]
        bare = f"{head} = {default}"
        if label == "default=" and isinstance(default, str) and _fits(bare):
            return [bare]
    if _fits(f"{head} = {call.start}"):
        return lay_out(f"{head} = ", call, indent=indent)
    inner = indent + _STEP
    wrapped = [f"{head} = (", *lay_out(" " * inner, call, indent=inner), f"{' ' * indent})"]
    if all(map(_fits, wrapped if isinstance(annotation, str) else wrapped[:1])):
        return wrapped
    if isinstance(annotation, str):
        return lay_out(f"{head} = ", call, indent=indent)
    *lines, last = _break(start, annotation, indent=indent)
    return [*lines, *lay_out(f"{last} = ", call, indent=indent)]


def lay_out_return(start: str, annotation: Annotation) -> list[str]:
    """The lines of the head of a function without parameters.

    Args:
        start: The text up to the annotation of its result.
        annotation: That annotation.
    """
    head = f"{start}{flat_annotation(annotation)}:"
    if _fits(head):
        return [head]
    if isinstance(annotation, str):
        return [f"{start}(", f"{' ' * _STEP}{annotation}", "):"]
    return _break(start, annotation, indent=0, suffix=":")


def _break(start: str, node: Annotation, *, indent: int, suffix: str = "") -> list[str]:
    """An annotation that does not fit on its line, broken at its outermost level."""
    match node:
        case str() | Alternatives():
            inner = indent + _STEP
            line = f"{' ' * inner}{flat_annotation(node)}"
            if isinstance(node, str) and not _fits(line):
                return [f"{start}{node}{suffix}"]  # brackets would not make it fit either
            lines = [line] if isinstance(node, str) or _fits(line) else _members(node, inner)
            return [f"{start}(", *lines, f"{' ' * indent}){suffix}"]
        case Subscript():
            return _break_subscript(start, node, indent=indent, suffix=suffix)


def _break_subscript(start: str, node: Subscript, *, indent: int, suffix: str) -> list[str]:
    lines = [f"{start}{node.name}["]
    margin = " " * (indent + _STEP)
    # A comma after a single argument would make it a tuple.
    comma = "," if len(node.arguments) > 1 else ""
    for argument in node.arguments:
        line = f"{margin}{flat_annotation(argument)}{comma}"
        if isinstance(argument, str) or _fits(line):
            lines.append(line)
        elif isinstance(argument, Alternatives):
            *members, last = _members(argument, indent + _STEP)
            lines += [*members, f"{last}{comma}"]
        else:
            lines += _break(margin, argument, indent=indent + _STEP, suffix=comma)
    return [*lines, f"{' ' * indent}]{suffix}"]


def _members(node: Alternatives, indent: int) -> list[str]:
    lines: list[str] = []
    for index, member in enumerate(node.members):
        start = f"{' ' * indent}{'| ' if index else ''}"
        line = f"{start}{flat_annotation(member)}"
        fits = isinstance(member, str) or _fits(line)
        lines += [line] if fits else _break(start, member, indent=indent)
    return lines
