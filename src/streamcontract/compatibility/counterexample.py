"""Counterexamples: the smallest data that show a finding, decoded by the codec."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

import attrs

from streamcontract.codec import Codec
from streamcontract.compatibility.rewrite import schema_of
from streamcontract.compatibility.witness import Witness, witness_of
from streamcontract.errors import DecodeError, ResolutionError
from streamcontract.resolution import Action, Fault, IntoUnion, Plan, ReadEnum, faults_at
from streamcontract.schema.model import branch_name
from streamcontract.schema.schema import Schema

__all__ = [
    "Another",
    "Counterexample",
    "Elsewhere",
    "Outcome",
    "branch_example",
    "breaking_example",
    "codec_of",
    "drift_example",
    "run",
]


@attrs.frozen
class Outcome:
    """The result of decoding.

    Attributes:
        value: The value, None if there is an error.
        error: The error that the codec raised, or None.
    """

    value: Any = None
    error: DecodeError | None = attrs.field(default=None, eq=False)


@attrs.frozen
class Elsewhere:
    """The result of other implementations for the same data, by their rule in this project's codec.

    Attributes:
        rule: Their rule.
        outcome: The result of that rule.
    """

    rule: str
    outcome: Outcome


@attrs.frozen(kw_only=True)
class Counterexample:
    """Data that show a finding.

    Attributes:
        writer: The schema they are written with: the finding's writer schema, or only the types
            at its path if another finding makes every record unreadable before that point.
        reader: The schema they are read with, likewise.
        value: The written value; in unions ``(branch's full name, value)``.
        data: Its bytes.
        before: The value that a consumer with the writer schema reads.
        after: The value that the reader's codec reads, None if it raises.
        error: The error that the reader's codec raises, or None.
        elsewhere: The result of implementations that differ from this one; None if no difference
            is known.
    """

    writer: Schema = attrs.field(repr=False)
    reader: Schema = attrs.field(repr=False)
    value: Any
    data: bytes
    before: Any
    after: Any
    error: DecodeError | None = None
    elsewhere: Elsewhere | None = None

    @property
    def is_changed(self) -> bool:
        """Whether the reader gets an error or a value other than the written one."""
        return self.error is not None or not _same(self.before, self.after)

    @property
    def differs_elsewhere(self) -> bool:
        """Whether other implementations read another value than this one."""
        if self.elsewhere is None:
            return False
        outcome = self.elsewhere.outcome
        return outcome.error is not None or not _same(self.after, outcome.value)


Another = Callable[[Schema, Schema], tuple[Schema, Schema]]
"""From a writer and a reader schema to schemas that express another implementation's rule."""


def run(
    value: Any,
    *,
    writer: Schema,
    reader: Schema,
    elsewhere: tuple[str, Another] | None = None,
    tagged: bool = False,
) -> Counterexample:
    """Encode a value, and decode it with its own schema and with another.

    Args:
        value: The value; in unions ``(branch's full name, value)``.
        writer: The schema to write it with.
        reader: The other schema.
        elsewhere: The rule of other implementations, in words and as schemas.
        tagged: Whether decoded values have the names of the branches of unions.
    """
    data = codec_of(writer).encode(value)
    before = _decode(data, writer, writer, tagged=tagged)
    after = _decode(data, writer, reader, tagged=tagged)
    there = None
    if elsewhere is not None:
        rule, another = elsewhere
        there = Elsewhere(rule, _decode(data, *another(writer, reader), tagged=tagged))
    return Counterexample(
        writer=writer,
        reader=reader,
        value=value,
        data=data,
        before=before.value,
        after=after.value,
        error=after.error,
        elsewhere=there,
    )


def breaking_example(plan: Plan, action: Action, fault: Fault) -> Counterexample | None:
    """The smallest record with data at a fault; None if no finite one has.

    If another fault makes every record unreadable before that point, it is a value of only the
    types that do not fit.
    """
    try:
        whole = _smallest(plan, action)
    except ValueError:
        return None
    if _is_due_to(whole.error, fault):
        return whole
    part = _provoking(witness_of(plan.writer.root), action)
    return run(part, writer=schema_of(action.writer), reader=schema_of(action.reader))


@lru_cache(maxsize=1)  # the faults of one action, such as missing defaults, are consecutive
def _smallest(plan: Plan, action: Action) -> Counterexample:
    """The smallest record that reaches an action and is refused there.

    Raises:
        ValueError: No finite one reaches it.
    """
    witness = witness_of(plan.writer.root)
    route = witness.route(plan.root, lambda each: each is action)
    value = witness.build(route, _provoking(witness, action))
    return run(value, writer=plan.writer, reader=plan.reader)


def drift_example(
    plan: Plan,
    action: Action,
    parts: Callable[[Witness], Iterable[Any]],
    *,
    elsewhere: tuple[str, Another] | None = None,
) -> Counterexample | None:
    """The first of some values that changes when read; None if no finite one does.

    Args:
        plan: The plan of the reader.
        action: The action for the part of the value that drifts.
        parts: That part's values to try, smallest first.
        elsewhere: The rule of other implementations, in words and as schemas.
    """
    witness = witness_of(plan.writer.root)
    try:
        route = witness.route(plan.root, lambda each: each is action)
        tried = list(parts(witness))
        values = [witness.build(route, part) for part in tried]
    except ValueError:
        return None
    runs = _runs(values, plan.writer, plan.reader, elsewhere)
    if any(isinstance(each.error, ResolutionError) for each in runs):
        # A fault of the plan comes first; the types alone still show the drift.
        runs = _runs(tried, schema_of(action.writer), schema_of(action.reader), elsewhere)
    return _most_telling(runs)


def branch_example(
    plan: Plan,
    action: IntoUnion,
    parts: Callable[[Witness], Iterable[Any]],
    *,
    elsewhere: tuple[str, Another] | None = None,
) -> Counterexample | None:
    """As :func:`drift_example`; if only the branch differs, with values that name the branches."""
    found = drift_example(plan, action, parts, elsewhere=elsewhere)
    if found is None or found.is_changed or found.differs_elsewhere:
        return found
    name = branch_name(action.writer)
    values = ((name, part) for part in parts(witness_of(plan.writer.root)))
    writer, reader = schema_of(action.writer, as_union=True), schema_of(action.reader)
    return _most_telling(_runs(values, writer, reader, elsewhere, tagged=True))


def _runs(
    values: Iterable[Any],
    writer: Schema,
    reader: Schema,
    elsewhere: tuple[str, Another] | None,
    *,
    tagged: bool = False,
) -> list[Counterexample]:
    """Counterexamples of the values up to the first that is changed."""
    runs = []
    for value in values:
        found = run(value, writer=writer, reader=reader, elsewhere=elsewhere, tagged=tagged)
        runs.append(found)
        if found.is_changed:
            break
    return runs


def _most_telling(runs: list[Counterexample]) -> Counterexample | None:
    changed = (each for each in runs if each.is_changed)
    elsewhere = (each for each in runs if each.differs_elsewhere)
    return next(changed, None) or next(elsewhere, None) or next(iter(runs), None)


@lru_cache(maxsize=16)  # the findings of one pair of schemas use the same few codecs
def codec_of(schema: Schema, *, tagged: bool = False) -> Codec[Any]:
    """The codec of a schema, whose decoded values name the branches of unions if ``tagged``."""
    return Codec(schema, tag_unions=tagged)


def _decode(data: bytes, writer: Schema, reader: Schema, *, tagged: bool) -> Outcome:
    try:
        return Outcome(codec_of(reader, tagged=tagged).decode(data, writer=writer))
    except DecodeError as error:
        return Outcome(error=error)


def _provoking(witness: Witness, action: Action) -> Any:
    """The smallest value that an action with a fault refuses."""
    if isinstance(action, ReadEnum) and action.fault is not None:
        return action.fault.symbols[0]
    if isinstance(action, IntoUnion):
        # The fault is somewhere inside the chosen branch.
        route = witness.route(
            action.action, lambda each: bool(faults_at(each)) and not isinstance(each, IntoUnion)
        )
        return witness.build(route, _provoking(witness, route.end))
    return witness.minimal(action.writer)


def _is_due_to(error: DecodeError | None, fault: Fault) -> bool:
    # The codec's message for a fault of the plan contains its rule and detail.
    text = str(error)
    return any(f"{each.rule}, {each.detail}" in text for each in _with_causes(fault))


def _with_causes(fault: Fault) -> Iterator[Fault]:
    yield fault
    for cause in fault.causes:
        yield from _with_causes(cause)


def _same(left: Any, right: Any) -> bool:
    """Equal and of the same type; Decimals of the same amount are the same at any scale."""
    if type(left) is not type(right):
        return False
    match left:
        case dict():
            return left.keys() == right.keys() and all(_same(left[k], right[k]) for k in left)
        case list() | tuple():
            return len(left) == len(right) and all(map(_same, left, right))
        case float() if math.isnan(left):
            return math.isnan(right)
        case _:
            return bool(left == right)
