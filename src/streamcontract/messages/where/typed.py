"""The compiler of conditions: a tree and a schema to a function over decoded values.

Values are those of a codec that names the branches of unions: so a step through a union depends on
the branch that a value has, and nothing is guessed from its class.
"""

from __future__ import annotations

import difflib
import operator
from collections.abc import Callable
from typing import Any, Final

import attrs

from streamcontract.messages.where.errors import WhereError
from streamcontract.messages.where.literals import (
    Misfit,
    family_of,
    is_ordered,
    literal_value,
    type_in_words,
)
from streamcontract.messages.where.parser import parse_where
from streamcontract.messages.where.tree import (
    And,
    Comparison,
    Condition,
    Literal,
    Not,
    Or,
    Path,
    Truth,
)
from streamcontract.schema import Schema
from streamcontract.schema.model import (
    ArrayType,
    AvroType,
    MapType,
    PrimitiveType,
    RecordType,
    UnionType,
    branch_name,
)

__all__ = ["ROOT", "compile_where"]

Test = Callable[[Any], bool]
Get = Callable[[Any], Any]

ROOT: Final = "value"
"""The first step of a path into a value that is no record, and so has no fields to begin with."""

_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MIRRORED: Final = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def compile_where(text: str, schema: Schema) -> Test:
    """The function that returns whether a condition holds for a decoded value.

    Args:
        text: The condition.
        schema: The schema of the values, which are those of ``Codec(schema, tag_unions=True)``.

    Raises:
        WhereError: It is no condition, or a path or a literal of it does not fit the schema.

    Example:
        >>> from streamcontract import parse_schema
        >>> holds = compile_where("n > 1 and not n = 3", parse_schema({"type": "record",
        ...     "name": "Ping", "fields": [{"name": "n", "type": "int"}]}))
        >>> [n for n in range(5) if holds({"n": n})]
        [2, 4]
    """
    return _Compiler(text, schema).test(parse_where(text))


@attrs.frozen(eq=False)
class _Leaf:
    """A type that a path leads to, and the value there.

    Attributes:
        node: The type.
        get: The value, for values that are of this type there; else :data:`_ABSENT`.
    """

    node: AvroType
    get: Get


_ABSENT: Final = object()
"""In place of a value that is not there, or is of another branch of a union."""


class _Compiler:
    def __init__(self, text: str, schema: Schema) -> None:
        self._text = text
        self._root = schema.root

    def test(self, condition: Condition) -> Test:
        match condition:
            case And(operands):
                every = [self.test(each) for each in operands]
                return lambda value: all(test(value) for test in every)
            case Or(operands):
                some = [self.test(each) for each in operands]
                return lambda value: any(test(value) for test in some)
            case Not(operand):
                negated = self.test(operand)
                return lambda value: not negated(value)
            case Truth(path):
                comparison = Comparison(path, "=", Literal("boolean", "true", path.start), 0)
                return self._with_literal(path, comparison, Literal("boolean", "true", path.start))
            case Comparison(Path() as left, _, Path() as right, _):
                return self._with_path(left, condition, right)
            case Comparison(Path() as left, _, Literal() as literal, _):
                return self._with_literal(left, condition, literal)
            case Comparison(Literal() as literal, sign, Path() as right, start):
                mirrored = Comparison(right, _MIRRORED[sign], literal, start)  # type: ignore[arg-type] # an operator too
                return self._with_literal(right, mirrored, literal)
        raise AssertionError(f"no parser makes {condition!r}")

    def _with_literal(self, path: Path, comparison: Comparison, literal: Literal) -> Test:
        leaves = self._leaves(path)
        sign = comparison.operator
        if literal.kind == "null":
            return self._with_null(leaves, comparison)
        tests: list[tuple[Get, Any]] = []
        misfits: list[str] = []
        for leaf in leaves:
            try:
                tests.append((leaf.get, literal_value(leaf.node, literal)))
            except Misfit as misfit:  # noqa: PERF203 - each type has its own reason
                misfits.append(f"{path} is {type_in_words(leaf.node)}: expected {misfit}")
        if not tests:
            raise WhereError(self._text, literal.start, f"{misfits[0]}; found {literal}")
        self._require_order(path, [each.node for each in leaves], comparison)
        compare, otherwise = _COMPARE[sign], sign == "!="
        if len(tests) == 1:
            ((get, wanted),) = tests

            def test_one(value: Any) -> bool:
                found = get(value)
                return otherwise if found is _ABSENT else bool(compare(found, wanted))

            return test_one

        def test(value: Any) -> bool:
            for get, wanted in tests:
                found = get(value)
                if found is not _ABSENT:
                    return bool(compare(found, wanted))
            return otherwise

        return test

    def _with_null(self, leaves: list[_Leaf], comparison: Comparison) -> Test:
        sign = comparison.operator
        if sign not in {"=", "!="}:
            reason = f"nothing is {sign} null: expected = or !="
            raise WhereError(self._text, comparison.start, reason)
        gets = [leaf.get for leaf in leaves]
        is_null = sign == "="
        return lambda value: is_null == all(get(value) is _ABSENT for get in gets)

    def _with_path(self, left: Path, comparison: Comparison, right: Path) -> Test:
        lefts, rights = self._leaves(left), self._leaves(right)
        pairs = [
            (one.get, other.get)
            for one in lefts
            for other in rights
            if family_of(one.node) is not None and family_of(one.node) == family_of(other.node)
        ]
        if not pairs:
            kinds = [
                " or ".join(type_in_words(each.node) for each in side) for side in (lefts, rights)
            ]
            reason = f"{left} is {kinds[0]} and {right} is {kinds[1]}: they cannot be compared"
            raise WhereError(self._text, right.start, reason)
        self._require_order(left, [each.node for each in lefts], comparison)
        sign = comparison.operator
        compare, otherwise = _COMPARE[sign], sign == "!="
        all_left, all_right = [each.get for each in lefts], [each.get for each in rights]

        def is_null(gets: list[Get], value: Any) -> bool:
            return all(get(value) is _ABSENT for get in gets)

        def test(value: Any) -> bool:
            for get_left, get_right in pairs:
                one, other = get_left(value), get_right(value)
                if one is not _ABSENT and other is not _ABSENT:
                    return bool(compare(one, other))
            if sign in {"=", "!="} and is_null(all_left, value) and is_null(all_right, value):
                return sign == "="  # two nulls
            return otherwise

        return test

    def _require_order(self, path: Path, nodes: list[AvroType], comparison: Comparison) -> None:
        sign = comparison.operator
        if sign in {"=", "!="} or any(map(is_ordered, nodes)):
            return
        reason = f"{path} is {type_in_words(nodes[0])}, which has no order: expected = or !="
        raise WhereError(self._text, comparison.start, reason)

    def _leaves(self, path: Path) -> list[_Leaf]:
        """The types that a path leads to, null left out."""
        steps = path.steps
        if not any(isinstance(each, RecordType) for each in _branches(self._root)):
            if steps[0] != ROOT:
                reason = f"the value is no record: a path begins with {ROOT!r}, not {steps[0]!r}"
                raise WhereError(self._text, path.start, reason)
            steps = steps[1:]
        found, reason = _follow(self._root, steps)
        if not found:
            reason = reason or f"{path} is always null"
            raise WhereError(self._text, path.start, reason)
        return found


def _branches(node: AvroType) -> tuple[AvroType, ...]:
    return node.branches if isinstance(node, UnionType) else (node,)


def _is_null(node: AvroType) -> bool:
    return isinstance(node, PrimitiveType) and node.name == "null"


def _follow(node: AvroType, steps: tuple[str | int, ...]) -> tuple[list[_Leaf], str]:
    """The leaves that steps lead to from a type; or none, and why."""
    if isinstance(node, UnionType):
        return _through_union(node, steps)
    if not steps:
        return ([] if _is_null(node) else [_Leaf(node, lambda value: value)]), ""
    step, rest = steps[0], steps[1:]
    inner, get, reason = _step(node, step)
    if inner is None or get is None:
        return [], reason
    found, reason = _follow(inner, rest)
    return [_Leaf(leaf.node, _chained(get, leaf.get)) for leaf in found], reason


def _through_union(node: UnionType, steps: tuple[str | int, ...]) -> tuple[list[_Leaf], str]:
    found: list[_Leaf] = []
    reasons: list[str] = []
    for branch in node.branches:
        if _is_null(branch):
            continue
        leaves, reason = _follow(branch, steps)
        found += [_Leaf(each.node, _of_branch(branch_name(branch), each.get)) for each in leaves]
        reasons += [reason] if reason else []
    return found, "" if found or not reasons else reasons[0]


def _of_branch(name: str, get: Get) -> Get:
    def of_branch(value: Any) -> Any:
        return get(value[1]) if value[0] == name else _ABSENT

    return of_branch


def _chained(first: Get, then: Get) -> Get:
    def chained(value: Any) -> Any:
        found = first(value)
        return _ABSENT if found is _ABSENT else then(found)

    return chained


def _step(node: AvroType, step: str | int) -> tuple[AvroType | None, Get | None, str]:
    """The type and the value one step further; or None, and why there is none."""
    match node:
        case RecordType() if isinstance(step, str):
            fields = {field.name: field.type for field in node.fields}
            if step in fields:
                return fields[step], operator.itemgetter(step), ""
            near = difflib.get_close_matches(step, fields, n=1)
            known = (
                f"did you mean {near[0]!r}?" if near else f"it has {', '.join(fields) or 'none'}"
            )
            return None, None, f"{node.name} has no field {step!r}: {known}"
        case MapType() if isinstance(step, str):
            return node.values, lambda value: value.get(step, _ABSENT), ""
        case ArrayType() if isinstance(step, int):
            return node.items, lambda value: value[step] if step < len(value) else _ABSENT, ""
    kinds = {RecordType: "a field's name", MapType: "a key", ArrayType: "an index such as [0]"}
    wanted = kinds.get(type(node))
    shown = f"[{step}]" if isinstance(step, int) else repr(step)
    reason = f"expected {wanted}" if wanted else "there is nothing inside of it"
    return None, None, f"{shown} does not lead into {type_in_words(node)}: {reason}"
