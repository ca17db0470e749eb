"""Modules of types from an earlier run, and the types that stay in them.

While a contract has an error, its module stays unchanged, and so does each module of types that it
may import. A type that other contracts share with it stays one class only in the same module.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, TypeVar

import attrs

from streamcontract.codegen.files import generated_texts

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterator, Mapping
    from pathlib import Path

__all__ = ["EarlierModule", "earlier_modules", "stays"]

T = TypeVar("T", bound="Hashable")

_OF_TYPES: Final = "shared_type"


@attrs.frozen
class EarlierModule:
    """An existing module of types.

    Attributes:
        classes: The class of each type, by the type's full name and its likeness in short.
        imports: The names of the modules beside it that it imports.
    """

    classes: Mapping[tuple[str, str], str]
    imports: frozenset[str]


def earlier_modules(folder: Path) -> dict[str, EarlierModule]:
    """The modules of types of a folder, by name.

    One that is not Python, such as a module with conflict markers, has no types.
    """
    found = {}
    for name, text in generated_texts(folder):
        if f"@{_OF_TYPES}(" not in text:
            continue
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            found[name] = EarlierModule({}, frozenset())
            continue
        if classes := dict(_classes(tree)):  # else only a docstring contains the name
            found[name] = EarlierModule(classes, frozenset(_imports(tree)))
    return found


def _classes(tree: ast.Module) -> Iterator[tuple[tuple[str, str], str]]:
    for node in tree.body:
        for decorator in node.decorator_list if isinstance(node, ast.ClassDef) else ():
            match node, decorator:
                case (
                    ast.ClassDef(name=str(cls)),
                    ast.Call(
                        func=ast.Name(id=str(name)),
                        args=[ast.Constant(value=str(full_name))],
                        keywords=[
                            ast.keyword(arg="likeness", value=ast.Constant(value=str(mark))),
                            *_,
                        ],
                    ),
                ) if name == _OF_TYPES:
                    yield (full_name, mark), cls
                case _:
                    pass


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module is not None:
            yield node.module


def stays(
    types: Mapping[T, tuple[str, str]],
    parts: Mapping[T, Collection[T]],
    earlier: Mapping[str, EarlierModule],
) -> dict[T, str]:
    """The module of each type that is in one already, together with all its parts.

    Args:
        types: The full name of each type, and its likeness in short.
        parts: The direct parts of each type.
        earlier: The existing modules of types.
    """
    found = {
        each: {name for name, module in earlier.items() if key in module.classes}
        for each, key in types.items()
    }
    while True:
        fitting = {
            each: {
                name
                for name in names
                if all(found[part] & {name, *earlier[name].imports} for part in parts[each])
            }
            for each, names in found.items()
        }
        if fitting == found:
            several = next((each for each, names in found.items() if len(names) > 1), None)
            if several is None:
                return {each: name for each, names in found.items() for name in names}
            fitting[several] = {min(found[several])}  # they are alike all the way down
        found = fitting
