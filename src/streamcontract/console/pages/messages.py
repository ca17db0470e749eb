"""Messages of a topic: a row for each, with its record, its verdict and where it came from."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.console.looking_up import LookUp, look_up, ranges_of
from streamcontract.console.pages.contracts import parsed
from streamcontract.console.pages.fields import type_in_words
from streamcontract.console.pages.shown import (
    Notice,
    Undecoded,
    compact,
    cut,
    headers_in_words,
    json_in_words,
    key_in_words,
    moment,
    size,
    undecoded,
    visible,
)
from streamcontract.console.reading import TopicReader
from streamcontract.console.verdicts import top_name
from streamcontract.errors import ConfigurationError, RegistryError, SchemaParseError
from streamcontract.kafka.errors import NotSupportedError
from streamcontract.registry.errors import RegistryRequestError
from streamcontract.schema.model import ArrayType, MapType, RecordType, UnionType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from streamcontract.console.reading import Seen
    from streamcontract.console.sources import Sources
    from streamcontract.console.verdicts import Verdict
    from streamcontract.errors import StreamContractError
    from streamcontract.kafka.admin.describe import TopicState
    from streamcontract.schema import AvroType

__all__ = [
    "MessageRow",
    "Messages",
    "ValueRow",
    "example_condition",
    "leaderless_notices",
    "messages_page",
    "row_of",
    "tail_notices",
]

_SECONDS: Final = 1.0
"""Seconds that a page looks for messages before it shows what it has."""

_MOST_ITEMS: Final = 50
_LONG_TEXT: Final = 2_000

_MOST_VALUES: Final = 200
"""Rows of one record: a page has 50 records, and a browser has to show them."""

_REFUSED: Final = (ConfigurationError, NotSupportedError, SchemaParseError, RegistryError)
_EMPTY: Final = '"" (empty)'


@attrs.frozen
class ValueRow:
    """One value of a record.

    Attributes:
        name: Its field, or its index or key.
        depth: How many values it is in.
        text: The value; ``""`` where its parts follow.
        type: Its type in words.
        mark: What reading it changed, such as ``"default"``, or ``""``.
        is_null: Whether it is null, not the text of that name.
    """

    name: str
    depth: int
    text: str
    type: str
    mark: str
    is_null: bool = False


@attrs.frozen(kw_only=True)
class MessageRow:
    """One message.

    Attributes:
        partition: Its partition.
        offset: Its offset.
        time: Its time in UTC.
        key: Its key.
        preview: The beginning of its value.
        is_reason: Whether the preview is why there is no value.
        size: The size of its value.
        schema: Its schema id, or ``""``.
        version: Its schema's subject and version, or ``""``.
        subject: That subject, or ``""``.
        headers: Its headers.
        values: Its record.
        undecoded: A value that could not be decoded, or None.
        json: Its value as JSON, or ``""``.
        verdict: Its verdict.
        is_as_written: Whether the value is shown as it was written: today's contract cannot read
            it.
    """

    partition: int
    offset: int
    time: str
    key: str
    preview: str
    is_reason: bool
    size: str
    schema: str
    version: str
    subject: str
    headers: tuple[tuple[str, str], ...]
    values: tuple[ValueRow, ...]
    undecoded: Undecoded | None
    json: str
    verdict: Verdict
    is_as_written: bool


@attrs.frozen(kw_only=True)
class Messages:
    """The messages of a page.

    Attributes:
        rows: The messages.
        asked: The look-up.
        order: The order of the rows in words.
        scanned: How many offsets were read.
        total: How many there were to read.
        rest: Where the look-up goes on, or None at its end.
        is_complete: Whether as many were found as were asked for, or everything was read.
        contract: What the messages were read with, in words.
        notices: What failed.
    """

    rows: tuple[MessageRow, ...] = ()
    asked: LookUp
    order: str = ""
    scanned: int = 0
    total: int = 0
    rest: str | None = None
    is_complete: bool = True
    contract: str = ""
    notices: tuple[Notice, ...] = ()


def messages_page(
    asked: LookUp, sources: Sources, state: TopicState, *, seconds: float = _SECONDS
) -> Messages:
    """Look messages up.

    Args:
        asked: Which.
        sources: The brokers, the registry and the project.
        state: The topic.
        seconds: How long to look before the page shows what it has.

    Raises:
        ClientError: The brokers did not answer, or there is no such topic.
    """
    try:
        reader = TopicReader(asked.topic, sources, asked.wanted)
        ranges = ranges_of(asked, sources, state)
        found = look_up(reader, asked, ranges, sources, seconds=seconds)
    except _REFUSED as error:
        return Messages(asked=asked, notices=(_refusal(error),))
    return Messages(
        rows=tuple(map(row_of, found.messages)),
        asked=asked,
        order="newest first" if ranges.is_backward else "oldest first",
        scanned=found.scanned,
        total=ranges.size,
        rest=str(found.rest) if found.rest.size else None,
        is_complete=len(found.messages) >= asked.count or not found.rest.size,
        contract=_contract(reader),
        notices=(*_before(reader, asked), *leaderless_notices(state)),
    )


def tail_notices(asked: LookUp, sources: Sources) -> tuple[Notice, ...]:
    """What there is to say of a live tail before it begins; a ``"bad"`` one is why it cannot.

    Args:
        asked: Which messages.
        sources: The brokers, the registry and the project.
    """
    try:
        return tuple(_before(TopicReader(asked.topic, sources, asked.wanted), asked))
    except _REFUSED as error:
        return (_refusal(error),)


def example_condition(contracts: Iterable[str], sources: Sources) -> str:
    """A condition on a field of the first of a topic's contracts that can be read."""
    project = sources.project()
    for name in contracts:
        schema = None if project is None else parsed(project.contract(name))
        fields = getattr(getattr(schema, "root", None), "fields", ())
        if fields:
            return f"{fields[0].name} = '...'"
    return "field = 'value'"


def _refusal(error: StreamContractError) -> Notice:
    is_away = isinstance(error, RegistryRequestError)
    title = "The registry does not answer, so no message was read" if is_away else "Not looked up"
    return Notice("bad", title, str(error), error=error)


def _before(reader: TopicReader, asked: LookUp) -> Iterator[Notice]:
    """What there is to say before the messages."""
    if reader.has_foreign_key:
        title = f"{asked.wanted.key!r} is not a key that the contract allows"
        text = "Messages that cannot be read may have it: it is compared with their bytes."
        yield Notice("note", title, text)
    if asked.wanted.where is not None and not reader.schemas:
        text = "A condition reads only messages that name a schema: text and JSON are left out."
        yield Notice("warn", "No contract and no subject has this topic", text)
    if reader.is_registry_away:
        text = "Whether the topic has a schema is not known: only values that name none are shown."
        yield Notice("warn", "The registry does not answer", text)


def leaderless_notices(state: TopicState) -> Iterator[Notice]:
    """That messages of partitions without a leader are not shown."""
    silent = [str(each.number) for each in state.partitions if each.leader is None]
    if silent:
        title = f"{len(silent)} of {len(state.partitions)} partitions have no leader"
        text = f"Their messages are not shown: {', '.join(silent[:_MOST_ITEMS])}"
        yield Notice("warn", title, text)


def _contract(reader: TopicReader) -> str:
    if reader.contract is not None:
        return f"contract {reader.contract}"
    return "the registry's latest schema" if reader.schemas else ""


def row_of(seen: Seen) -> MessageRow:
    """The row of a message."""
    verdict = seen.verdict
    is_as_written = verdict.kind == "poison" and seen.schema is not None
    has_value = seen.schema is not None
    raw = None if seen.undecoded is None else undecoded(seen.undecoded)
    preview = _preview(seen) if has_value else ""
    if raw is not None:
        preview = cut(raw.text or (raw.bytes if verdict.kind == "none" else ""))
    return MessageRow(
        partition=seen.partition,
        offset=seen.offset,
        time=moment(seen.timestamp_ms),
        key=key_in_words(seen.key),
        preview=preview or cut(verdict.reason or verdict.summary),
        is_reason=not preview,
        size=size(seen.size),
        schema="" if seen.schema_id is None else str(seen.schema_id),
        version=seen.version or "",
        subject=(seen.version or "").rpartition(" version ")[0],
        headers=tuple(headers_in_words(seen.headers)),
        values=tuple(_values(seen, is_as_written=is_as_written)) if has_value else (),
        undecoded=raw,
        json=json_in_words(seen.value, f"{seen.partition}:{seen.offset}") if has_value else "",
        verdict=verdict,
        is_as_written=is_as_written,
    )


def _preview(seen: Seen) -> str:
    """A value on one line: of a record the fields that are not null, without the key's."""
    value = seen.value
    if not isinstance(value, dict):
        return cut(compact(value)) or _EMPTY
    there = {name: each for name, each in value.items() if each is not None}
    others = {name: each for name, each in there.items() if each != seen.key}
    begin = islice((others or there or value).items(), _MOST_ITEMS)
    return cut(", ".join(f"{name}: {compact(each)}" for name, each in begin)) or "{}"


def _values(seen: Seen, *, is_as_written: bool) -> Iterator[ValueRow]:
    assert seen.schema is not None  # noqa: S101 - only called where there is a value
    root = seen.schema.root
    top = top_name(seen.schema)
    marks = {} if is_as_written else dict.fromkeys(seen.verdict.defaulted, "default")
    if isinstance(root, RecordType) and isinstance(seen.value, dict):
        rows = _record(root, seen.value, top, 0, marks)
    else:
        rows = _parts("value", root, seen.value, top, 0, marks)
    yield from islice(rows, _MOST_VALUES)
    if next(rows, None) is not None:
        yield ValueRow("…", 0, "and more: see the JSON", "", "")


def _record(
    node: RecordType, value: dict[str, Any], path: str, depth: int, marks: dict[str, str]
) -> Iterator[ValueRow]:
    for field in node.fields:
        if field.name in value:
            own = f"{path}.{field.name}"
            yield from _parts(field.name, field.type, value[field.name], own, depth, marks)


def _parts(
    name: str, node: AvroType, value: Any, path: str, depth: int, marks: dict[str, str]
) -> Iterator[ValueRow]:
    """The row of a value, and those of its parts."""
    mark = marks.get(path, "")
    inner = _branch(node, value)
    label = type_in_words(node)
    match inner:
        case RecordType() if isinstance(value, dict) and value:
            yield ValueRow(name, depth, "", label, mark)
            yield from _record(inner, value, path, depth + 1, marks)
        case ArrayType() if isinstance(value, list) and _has_records(inner.items):
            yield ValueRow(name, depth, "[]" if not value else "", label, mark)
            for number, each in enumerate(value[:_MOST_ITEMS]):
                own = f"{path}[]"
                yield from _parts(f"[{number}]", inner.items, each, own, depth + 1, marks)
        case MapType() if isinstance(value, dict) and _has_records(inner.values):
            yield ValueRow(name, depth, "{}" if not value else "", label, mark)
            for key in list(value)[:_MOST_ITEMS]:
                name, own = cut(visible(key)), f"{path}{{}}"
                yield from _parts(name, inner.values, value[key], own, depth + 1, marks)
        case _:
            text = compact(value) or _EMPTY
            shown = text if len(text) <= _LONG_TEXT else cut(text, _LONG_TEXT)
            yield ValueRow(name, depth, shown, label, mark, value is None)


def _branch(node: AvroType, value: Any) -> AvroType:
    """The branch that a value shows, where a union has one record, array or map."""
    if not isinstance(node, UnionType):
        return node
    shapes = RecordType | ArrayType | MapType
    found = [each for each in node.branches if isinstance(each, shapes)]
    is_shape = isinstance(value, list | dict)
    return found[0] if len(found) == 1 and is_shape else node


def _has_records(node: AvroType) -> bool:
    match node:
        case RecordType():
            return True
        case UnionType():
            return any(map(_has_records, node.branches))
        case ArrayType():
            return _has_records(node.items)
        case MapType():
            return _has_records(node.values)
        case _:
            return False
