"""Differences of two schemas: changes, findings with counterexamples, and who upgrades first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Literal

import attrs

from streamcontract.compatibility import find_incompatibilities, rollout
from streamcontract.console.pages.shown import cut
from streamcontract.diff import find_changes
from streamcontract.errors import StreamContractError
from streamcontract.evolution.examples import example_of
from streamcontract.json_codec import JsonCodec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streamcontract.compatibility import Counterexample, Finding
    from streamcontract.diff import Change
    from streamcontract.levels import First
    from streamcontract.schema import Schema

__all__ = ["ChangeRow", "Differences", "FindingRow", "differences"]

_LONG: Final = 1_000
"""Characters of a value of a counterexample."""

_WHO: Final[dict[First, str]] = {
    "either": "Any order is safe",
    "consumers": "Consumers upgrade first",
    "producers": "Producers upgrade first",
    "neither": "No order is safe",
}

_DRIFTS: Final = "All can be read in any order, but what the findings name means something else."


@attrs.frozen(kw_only=True)
class ChangeRow:
    """One change.

    Attributes:
        path: What changed, such as ``Order.price``.
        words: How, such as ``doc changed``.
        before: The old value as JSON, or None if something was added.
        after: The new value, or None if something was removed.
    """

    path: str
    words: str
    before: str | None
    after: str | None


@attrs.frozen(kw_only=True)
class FindingRow:
    """One finding.

    Attributes:
        severity: ``"breaking"`` or ``"drift"``.
        rule: The rule.
        path: JSON pointer into the reader schema.
        message: What is wrong, and how to fix it.
        reads: Which consumer reads which data, in words.
        example: Data that show it, as lines.
    """

    severity: str
    rule: str
    path: str
    message: str
    reads: str
    example: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Differences:
    """The differences of two schemas.

    Attributes:
        changes: The changes.
        findings: What cannot be read, or is read with another meaning.
        first: Who upgrades first: ``"either"``, ``"consumers"``, ``"producers"``, ``"neither"``.
        who: That in words.
        advice: The advice on the order.
        drifts: Whether some data is read with another meaning.
    """

    changes: tuple[ChangeRow, ...]
    findings: tuple[FindingRow, ...]
    first: First
    who: str
    advice: str
    drifts: bool


def differences(old: Schema, new: Schema) -> Differences:
    """Compare two versions of a schema.

    Example:
        >>> from streamcontract import parse_schema
        >>> found = differences(parse_schema("int"), parse_schema("long"))
        >>> found.who, [each.words for each in found.changes]
        ('Consumers upgrade first', ['type changed'])
    """
    order = rollout(new=new, old=old)
    backward = find_incompatibilities(reader=new, writer=old, drift=True)
    forward = find_incompatibilities(reader=old, writer=new, drift=True)
    drifts = any(each.severity == "drift" for each in (*backward, *forward))
    return Differences(
        changes=tuple(map(_change, find_changes(old, new))),
        findings=(
            *_findings(backward, "a new consumer reads old data"),
            *_findings(forward, "an old consumer reads new data"),
        ),
        first=order.first,
        who=_WHO[order.first] + (", but data changes its meaning" if drifts else ""),
        advice=_DRIFTS if drifts and order.first == "either" else _sentence(order.advice),
        drifts=drifts,
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _change(change: Change) -> ChangeRow:
    return ChangeRow(
        path=change.path,
        words=change.words,
        before=_json(change.before) if change.has_before else None,
        after=_json(change.after) if change.has_after else None,
    )


def _json(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _findings(found: Sequence[Finding], reads: str) -> tuple[FindingRow, ...]:
    return tuple(
        FindingRow(
            severity=each.severity,
            rule=each.rule,
            path=each.path,
            message=each.message,
            reads=reads,
            example=tuple(_example(each.counterexample)),
        )
        for each in found
    )


def _example(found: Counterexample | None) -> Iterator[str]:
    if found is None:
        return
    # Two branches may have the same plain JSON; Avro's names the branch.
    as_json = _in_json(found, "plain") or _in_json(found, "avro")
    written, read, elsewhere = as_json or _in_python(found)
    yield f"written  {cut(written, _LONG)}"
    yield f"read     {cut(read, _LONG)}"
    if elsewhere is not None:
        yield f"elsewhere, {cut(elsewhere, _LONG)}"


def _in_json(
    found: Counterexample, encoding: Literal["plain", "avro"]
) -> tuple[str, str, str | None] | None:
    """What was written, read, and read elsewhere; None if JSON does not show that they differ."""
    codec: JsonCodec[Any] = JsonCodec(found.reader, encoding=encoding)
    try:
        written = _dumped(JsonCodec(found.writer, encoding=encoding).decoder()(found.data))
        read = _failed(found.error) or _dumped(codec.decoder(found.writer)(found.data))
        if found.elsewhere is None or not found.differs_elsewhere:
            return None if found.is_changed and written == read else (written, read, None)
        there = found.elsewhere.outcome
        other = _failed(there.error) or _dumped(codec.dump(there.value))
    except StreamContractError:
        return None
    return None if read == other else (written, read, f"{found.elsewhere.rule}: {other}")


def _in_python(found: Counterexample) -> tuple[str, str, str | None]:
    example = example_of(found)
    return example.value, example.after, example.elsewhere


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _failed(error: Exception | None) -> str:
    return "" if error is None else f"{type(error).__name__}: {error}"
