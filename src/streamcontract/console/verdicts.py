"""Verdicts: whether a message keeps today's contract of its topic, and what reading it changes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Literal

import attrs

from streamcontract.compatibility import find_incompatibilities
from streamcontract.errors import DataError, FrameError
from streamcontract.kafka.errors import MessageDecodeError
from streamcontract.messages.envelopes import reason_of
from streamcontract.resolution import (
    Action,
    IntoUnion,
    Plan,
    ReadArray,
    ReadEnum,
    ReadFixed,
    ReadMap,
    ReadPrimitive,
    ReadRecord,
    ReadUnion,
    resolve,
)

if TYPE_CHECKING:
    from streamcontract.schema import Schema

__all__ = [
    "KINDS",
    "NO_CONTRACT",
    "NO_VALUE",
    "TOMBSTONE",
    "Kind",
    "Verdict",
    "poison",
    "top_name",
    "verdict_of_pair",
]

Kind = Literal["fits", "older", "newer", "drift", "poison", "tombstone", "none"]

KINDS: Final[dict[Kind, str]] = {
    "fits": "fits",
    "older": "older version",
    "newer": "newer version",
    "drift": "drift",
    "poison": "poison",
    "tombstone": "tombstone",
    "none": "no contract",
}
"""The label of each kind of verdict."""


@attrs.frozen(kw_only=True)
class Verdict:
    """The verdict on a message.

    Attributes:
        kind: The kind.
        summary: It in one sentence.
        defaulted: Paths of fields that the message lacks, and that take their defaults.
        dropped: Paths of fields of the message that the contract does not have.
        converted: Paths of values that are read as another type, with both types.
        drift: What the contract reads with another meaning.
        path: Where a poisonous message breaks, such as ``Order.lines[3].price``.
        reason: Why it cannot be read.
    """

    kind: Kind
    summary: str
    defaulted: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    converted: tuple[str, ...] = ()
    drift: tuple[str, ...] = ()
    path: str | None = None
    reason: str | None = None

    @property
    def label(self) -> str:
        """The kind in words."""
        return KINDS[self.kind]

    @property
    def is_misfit(self) -> bool:
        """Whether there is a contract, which the message does not fit as it is."""
        return self.kind not in {"fits", "tombstone", "none"}


TOMBSTONE: Final = Verdict(kind="tombstone", summary="No value: it deletes its key.")
NO_VALUE: Final = Verdict(kind="tombstone", summary="Neither key nor value: it deletes nothing.")
NO_CONTRACT: Final = Verdict(
    kind="none", summary="No contract names the topic; the value is shown as it was written."
)
_NO_SCHEMA: Final = Verdict(
    kind="none", summary="No contract names the topic, and the value names no schema."
)
_FITS: Final = Verdict(kind="fits", summary="Written with today's contract.")


def poison(error: MessageDecodeError, *, has_contract: bool = True) -> Verdict:
    """The verdict on a message that cannot be read.

    Args:
        error: Why.
        has_contract: Whether a contract or a schema is known for its topic.
    """
    reason = error.reason
    if not has_contract and error.schema_id is None and isinstance(reason, FrameError):
        return attrs.evolve(_NO_SCHEMA, reason=reason_of(error))
    path = reason.path if isinstance(reason, DataError) else None
    return Verdict(
        kind="poison",
        summary="A consumer of today's contract cannot read it."
        if has_contract
        else "No contract names the topic, and a consumer of records cannot read it.",
        path=path,
        reason=reason_of(error).removeprefix(f"{path}: "),
    )


def verdict_of_pair(writer: Schema, reader: Schema, *, is_newer: bool = False) -> Verdict:
    """The verdict on messages of one schema that can be read with another.

    Args:
        writer: The schema they were written with.
        reader: Today's contract.
        is_newer: Whether the writer schema has a later version than the contract.

    Example:
        >>> from streamcontract import parse_schema
        >>> verdict_of_pair(parse_schema("int"), parse_schema("long")).converted
        ('value: int as long',)
    """
    if writer == reader:
        return _FITS
    drift = tuple(
        f"{_place(reader, each.path)}: {each.message}"
        for each in find_incompatibilities(reader=reader, writer=writer, drift=True)
        if each.severity == "drift"
    )
    changes = _Changes(resolve(writer, reader))
    facts: dict[str, Any] = {
        "defaulted": tuple(dict.fromkeys(changes.defaulted)),
        "dropped": tuple(dict.fromkeys(changes.dropped)),
        "converted": tuple(dict.fromkeys(changes.converted)),
    }
    if drift:
        summary = "It can be read, but parts of it mean something else in today's contract."
        return Verdict(kind="drift", summary=summary, drift=drift, **facts)
    if not any(facts.values()):
        return _FITS
    kind: Kind = "newer" if is_newer else "older"
    return Verdict(kind=kind, summary=_in_words(kind, **facts), **facts)


def top_name(schema: Schema) -> str:
    """The name that the paths of a schema's values begin with.

    Example:
        >>> from streamcontract import parse_schema
        >>> record = {"type": "record", "name": "shop.Order", "fields": []}
        >>> top_name(parse_schema(record)), top_name(parse_schema(["int"]))
        ('Order', 'value')
    """
    return schema.name.rpartition(".")[2] if schema.name else "value"


def _place(schema: Schema, pointer: str) -> str:
    """The path of what a JSON pointer into a schema names, such as ``Order.lines[].price``.

    The pointer itself where it leads into another schema, to which this one refers.
    """
    node: Any = json.loads(schema.json)
    path = top_name(schema)
    before = ""
    for token in pointer.split("/")[1:]:
        try:
            node = node[int(token)] if isinstance(node, list) else node[token]
        except (KeyError, ValueError, TypeError, IndexError):
            return pointer
        if before == "fields":
            path += f".{node['name']}"
        path += {"items": "[]", "values": "{}"}.get(token, "")
        before = token
    return path


def _in_words(
    kind: Kind, defaulted: tuple[str, ...], dropped: tuple[str, ...], converted: tuple[str, ...]
) -> str:
    counts = {"defaulted": defaulted, "dropped": dropped, "converted": converted}
    done = ", ".join(f"{_fields(len(each))} {name}" for name, each in counts.items() if each)
    return f"Written with a{'n older' if kind == 'older' else ' newer'} version: {done}."


def _fields(count: int) -> str:
    return "1 field" if count == 1 else f"{count} fields"


class _Changes:
    """What executing a plan changes, collected in one walk over it."""

    def __init__(self, plan: Plan) -> None:
        self.defaulted: list[str] = []
        self.dropped: list[str] = []
        self.converted: list[str] = []
        self._seen: set[int] = set()
        self._walk(plan.root, top_name(plan.reader))

    def _walk(self, action: Action, path: str) -> None:
        match action:
            case ReadPrimitive() | ReadFixed():
                self._leaf(action, path)
            case ReadEnum() if action.writer.symbols and None not in action.symbols:
                self._enum(action, path)
            case ReadArray():
                self._walk(action.items, f"{path}[]")
            case ReadMap():
                self._walk(action.values, f"{path}{{}}")
            case ReadUnion():
                for branch in action.branches:
                    self._walk(branch, path)
            case IntoUnion():
                self._walk(action.action, path)
            case ReadRecord() if id(action) not in self._seen:
                self._seen.add(id(action))
                self._record(action, path)

    def _record(self, action: ReadRecord, path: str) -> None:
        self.defaulted += (f"{path}.{action.reader.fields[each].name}" for each in action.defaults)
        for step in action.steps:
            if step.action is None or step.target is None:
                self.dropped.append(f"{path}.{step.field.name}")
            else:
                self._walk(step.action, f"{path}.{action.reader.fields[step.target].name}")

    def _leaf(self, action: ReadPrimitive | ReadFixed, path: str) -> None:
        if action.rescale is not None:
            self.converted.append(f"{path}: rescaled by {action.rescale.factor}")
        elif isinstance(action, ReadPrimitive) and action.writer.name != action.reader.name:
            self.converted.append(f"{path}: {action.writer.name} as {action.reader.name}")

    def _enum(self, action: ReadEnum, path: str) -> None:
        read = zip(action.writer.symbols, action.symbols, strict=True)
        changed = [f"{before} as {after}" for before, after in read if before != after]
        if changed:
            self.converted.append(f"{path}: {', '.join(changed)}")
