"""JSON text of a schema, read into Python values, and the faults of the JSON itself.

Stricter than ``json.loads``: a key given twice, NaN and Infinity, numbers beyond a double and
too deep nesting are faults, since other JSON parsers disagree on each of them. All but the nesting
can be forgiven, and so can comments.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

import attrs

from streamcontract.errors import SchemaFault
from streamcontract.schema.leniency import (
    COMMENT,
    DUPLICATE_KEY,
    NOT_FINITE,
    STRICT,
    Clause,
    Forgiven,
    Leniency,
)
from streamcontract.schema.names import is_full_name
from streamcontract.schema.positions import child, line_and_column, too_deep

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from streamcontract.schema.model import JsonValue

__all__ = [
    "MAX_DEPTH",
    "OUT_OF_STACK",
    "SCHEMA_SUFFIX",
    "Document",
    "read_document",
    "read_value",
]

SCHEMA_SUFFIX: Final = ".avsc"
"""The suffix of schema files."""

MAX_DEPTH: Final = 200
"""Brackets inside brackets that a schema may have: about fifty records inside one another.

Avro sets no limit. This one keeps every walk over a schema well inside Python's recursion limit,
and is far beyond what people and generators write.
"""

OUT_OF_STACK: Final = "nested too deeply for what is left of Python's recursion limit"
"""The message if the caller, not the schema, has used up the stack."""

_TOO_DEEP: Final = (
    f"nested more than {MAX_DEPTH} levels deep; define inner types earlier and refer to their names"
)
_COMMENTS: Final = 'JSON has no comments; use a "doc" attribute'
_THOUSANDS_OF_DIGITS: Final = "a number with thousands of digits fits no Avro type"
# A string that does not end, or a comment, goes to the end of the text: each text is walked once.
_STRING_OR_COMMENT: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|//[^\r\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)
_NO_LINE_END: Final = re.compile(r"[^\r\n]")
_TRAILING_COMMA: Final = re.compile(r",[ \t\n\r]*[}\]]")


@attrs.frozen
class Document:
    """A JSON text that was read: its value, and the faults of its JSON.

    Attributes:
        text: The text, with spaces in the place of comments.
        value: Its value; None, without a meaning, if ``is_readable`` is false.
        faults: Its faults, in no special order.
        is_readable: Whether there is a value.
        forgiven: What would be faults, had they not been forgiven.
    """

    text: str
    value: JsonValue
    faults: tuple[SchemaFault, ...] = ()
    is_readable: bool = True
    forgiven: tuple[Forgiven, ...] = ()


def read_document(text: str, leniency: Leniency = STRICT) -> Document:
    """Read a JSON text and find the faults of its JSON.

    Example:
        >>> read_document('{"type": "int", "type": "long"}').faults[0].message
        'the key "type" is given twice; keep one'
    """
    document = _read_json(text, leniency)
    if document.is_readable or COMMENT not in leniency:
        return document
    plain, comments = _without_comments(text)
    if not comments:
        return document
    line, column = line_and_column(text, comments[0])
    fault = SchemaFault("", _COMMENTS, line=line, column=column)
    document = _read_json(plain, leniency)
    return attrs.evolve(document, forgiven=(Forgiven(COMMENT, fault), *document.forgiven))


def _read_json(text: str, leniency: Leniency) -> Document:
    suspects = _Suspects()
    try:
        value: JsonValue = json.loads(
            text,
            object_pairs_hook=suspects.read_object,
            parse_float=suspects.read_float,
            parse_constant=suspects.read_constant,
        )
    except json.JSONDecodeError as error:
        return _unreadable(text, *_syntax_fault(text, error))
    except RecursionError:
        return _too_deep(text)
    except ValueError:  # int() raises it for thousands of digits, a guard against slow parsing
        return _unreadable(text, _THOUSANDS_OF_DIGITS, None)
    if _is_too_deep(value):
        return _too_deep(text)
    found = tuple(suspects.faults(value))
    return Document(
        text,
        value,
        faults=tuple(fault for clause, fault in found if clause not in leniency),
        forgiven=tuple(Forgiven(*each) for each in found if each[0] in leniency),
    )


def _without_comments(text: str) -> tuple[str, list[int]]:
    """A text with spaces for its comments, and the offsets of those.

    Example:
        >>> _without_comments('["//", 1] // one')
        ('["//", 1]       ', [10])
    """
    comments: list[int] = []

    def blank(match: re.Match[str]) -> str:
        found = match.group()
        if found[0] == '"' or (found[1] == "*" and not found.endswith("*/", 2)):
            return found
        comments.append(match.start())
        return _NO_LINE_END.sub(" ", found)

    return _STRING_OR_COMMENT.sub(blank, text), comments


def read_value(value: object, leniency: Leniency = STRICT) -> Document:
    """Read a schema given as Python values, such as ``json.loads`` makes.

    The values are copied by way of JSON text, so that changing them later changes no schema.

    Example:
        >>> read_value({"type": "array", "items": {"int"}}).faults[0].message
        'a set is no JSON value'
    """
    faults = tuple(_value_faults(value, "", 1))
    if faults:
        return Document("", None, faults, is_readable=False)
    try:
        text = json.dumps(value)
    except ValueError:  # int() and str() raise it for thousands of digits
        return _unreadable("", _THOUSANDS_OF_DIGITS, None)
    return read_document(text, leniency)


def _value_faults(value: object, pointer: str, depth: int) -> Iterator[SchemaFault]:
    if value is None or isinstance(value, str | int | float):
        return
    if not isinstance(value, dict | list | tuple):
        yield SchemaFault(pointer, f"a {type(value).__name__} is no JSON value")
    elif depth > MAX_DEPTH:  # or it holds itself
        yield SchemaFault(pointer, _TOO_DEEP)
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(key, str):
                yield from _value_faults(item, child(pointer, key), depth + 1)
            else:
                yield SchemaFault(pointer, f"the key {key!r} is no string, as JSON's keys are")
    else:
        for index, item in enumerate(value):
            yield from _value_faults(item, child(pointer, index), depth + 1)


@attrs.define
class _Suspects:
    """Values that reading marks for a check afterwards, because hooks know no pointers."""

    # Keeps the object itself, so that its id is not reused.
    objects: dict[int, tuple[object, list[str]]] = attrs.field(factory=dict)
    numbers: bool = False

    def read_object(self, pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
        result = dict(pairs)
        if len(result) != len(pairs):
            keys = [key for key, _ in pairs]
            twice = sorted(key for key, count in Counter(keys).items() if count > 1)
            self.objects[id(result)] = result, twice
        return result

    def read_float(self, digits: str) -> float:
        number = float(digits)
        if math.isinf(number):
            self.numbers = True
        return number

    def read_constant(self, name: str) -> float:
        self.numbers = True
        return float(name)

    def faults(self, value: JsonValue) -> Iterator[tuple[Clause, SchemaFault]]:
        if not self.objects and not self.numbers:
            return
        for pointer, node in _everything(value, ""):
            if isinstance(node, float) and not math.isfinite(node):
                message = "NaN, Infinity and numbers beyond a double are no JSON numbers"
                yield NOT_FINITE, SchemaFault(pointer, message)
            if isinstance(node, dict) and id(node) in self.objects:
                for key in self.objects[id(node)][1]:
                    message = f"the key {json.dumps(key)} is given twice; keep one"
                    yield DUPLICATE_KEY, SchemaFault(child(pointer, key), message)


def _everything(value: JsonValue, pointer: str) -> Iterator[tuple[str, JsonValue]]:
    yield pointer, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _everything(item, child(pointer, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _everything(item, child(pointer, index))


def _is_too_deep(value: JsonValue) -> bool:
    """Whether there is a container inside more than MAX_DEPTH - 1 others, found level by level."""
    level: list[JsonValue] = [value]
    for _ in range(MAX_DEPTH):
        level = [
            item for node in level for item in _children(node) if isinstance(item, dict | list)
        ]
        if not level:
            return False
    return True


def _children(node: JsonValue) -> Iterable[JsonValue]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _too_deep(text: str) -> Document:
    offset = too_deep(text, MAX_DEPTH)
    return _unreadable(text, OUT_OF_STACK if offset is None else _TOO_DEEP, offset)


def _unreadable(text: str, message: str, offset: int | None) -> Document:
    line, column = (None, None) if offset is None else line_and_column(text, offset)
    fault = SchemaFault("", message, line=line, column=column)
    return Document(text, None, (fault,), is_readable=False)


def _syntax_fault(text: str, error: json.JSONDecodeError) -> tuple[str, int]:
    """The message for a syntax error, and its offset."""
    at = error.pos
    message = _message_for_all(text.strip())
    if message:
        return message, 0
    comma = _TRAILING_COMMA.search(text, max(0, len(text[:at].rstrip()) - 1))
    if comma and comma.start() <= at:
        return "not JSON: a comma before a closing bracket; remove it", comma.start()
    if text.startswith(("//", "/*", "#"), at):
        return f"not JSON: {_COMMENTS}", at
    if error.msg == "Extra data":
        return "not JSON: something follows the end of the schema; give one schema only", at
    return f"not JSON: {error.msg[0].lower()}{error.msg[1:]}", at


def _message_for_all(text: str) -> str | None:
    """The message for a text that is not meant as JSON, else None."""
    if not text:
        return 'the schema is empty; the smallest one is a type\'s name in quotes: "string"'
    if text.endswith(SCHEMA_SUFFIX):
        return "not JSON but a file's name; give it as a pathlib.Path"
    if is_full_name(text):
        return f"not JSON: a type's name is in quotes: {json.dumps(text)}"
    return None
