"""Dead letters as text and as JSON."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.reporting.tables import Table, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streamcontract.kafka.dead_letters.dead_letter import DeadLetter
    from streamcontract.kafka.dead_letters.replay import Replayed
    from streamcontract.messages.dead_letters import Decoded, Summary

__all__ = [
    "letter_as_json",
    "letter_in_words",
    "replay_as_json",
    "replay_in_words",
    "summary_table",
]

_BYTES_A_LINE: Final = 16


def summary_table(found: Sequence[Summary]) -> Table:
    """A table with a row for each summary."""
    columns = ("topic", "source", "error", "count", "attempts", "first", "last")
    rows = [
        (
            each.topic,
            each.source,
            each.error,
            number(each.count),
            str(each.attempts),
            *(f"{partition} {offset}" for partition, offset in each.places),
        )
        for each in found
    ]
    return Table(columns, rows, frozenset(columns[3:]))


def letter_as_json(letter: DeadLetter, decoded: Decoded) -> dict[str, Any]:
    """A dead letter; bytes are in base64."""
    return {
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "source": {
            "topic": letter.source.topic,
            "partition": letter.source.partition,
            "offset": letter.source.offset,
            "timestamp_ms": letter.source.timestamp_ms,
        },
        "time": letter.time.isoformat(),
        "group": letter.group,
        "attempt": letter.attempt,
        "error": letter.error,
        "path": letter.path,
        "text": letter.text,
        "schema_id": None if letter.schema_id is None else str(letter.schema_id),
        "headers": [{"name": name, "value": _base64(value)} for name, value in letter.headers],
        "key": _base64(letter.key),
        "value": _base64(letter.value),
        "decoded": decoded.document,
    }


def letter_in_words(letter: DeadLetter, decoded: Decoded, limit: int) -> Iterator[str]:
    """A dead letter as lines.

    Args:
        letter: The dead letter.
        decoded: The decoding of its value.
        limit: The number of bytes of key and value to show in hexadecimal.
    """
    yield from _facts(letter)
    for title, part in (("key", letter.key), ("value", letter.value)):
        yield f"{title}: {_size(part)}"
        yield from (f"  {line}" for line in _hexdump((part or b"")[:limit]))
        if part is not None and len(part) > limit:
            yield f"  ... and {number(len(part) - limit)} bytes more; --bytes shows them"
    yield from decoded.in_words


def _facts(letter: DeadLetter) -> Iterator[str]:
    source = letter.source
    written = "no time" if source.timestamp_ms is None else f"{source.timestamp_ms} ms"
    by = f", by group {letter.group!r}" if letter.group else ""
    yield f"{letter.topic}, partition {letter.partition}, offset {letter.offset}"
    yield (
        f"from: topic {source.topic!r}, partition {source.partition}, offset {source.offset}, "
        f"timestamp {written}"
    )
    yield f"time: {letter.time.isoformat()}{by}, attempt {letter.attempt}"
    yield f"reason: {letter.error}{f' at {letter.path}' if letter.path else ''}"
    yield from (f"  {line}" for line in letter.text.splitlines())
    yield f"schema id: {'none' if letter.schema_id is None else letter.schema_id}"
    yield f"headers: {len(letter.headers)}"
    yield from (f"  {name}: {value!r}" for name, value in letter.headers)


def _hexdump(data: bytes) -> Iterator[str]:
    for start in range(0, len(data), _BYTES_A_LINE):
        line = data[start : start + _BYTES_A_LINE]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in line)
        yield f"{start:08x}  {line.hex(' '):<{3 * _BYTES_A_LINE}} {shown}"


def _size(part: bytes | None) -> str:
    return "null" if part is None else f"{number(len(part))} bytes"


def replay_as_json(topic: str, done: Replayed) -> dict[str, Any]:
    """The result of a replay."""
    counts = attrs.asdict(done, recurse=False)
    return {"topic": topic, **counts, "unknown": dict(done.unknown), "left": done.left}


def replay_in_words(done: Replayed) -> str:
    """The result of a replay."""
    counts = {
        "sent back": done.replayed,
        "still cannot be read, and stay open": done.failing,
        "still cannot be read, and were discarded": done.discarded,
        "copies": done.copies,
        "are not dead letters, and stay": done.foreign,
    }
    shown = [f"{number(count)} {what}" for what, count in counts.items() if count]
    if done.unknown:
        topics = ", ".join(map(repr, sorted(done.unknown)))
        count = sum(done.unknown.values())
        shown.append(f"{number(count)} of topics without a contract here ({topics}) stay open")
    return ", ".join(shown) or "nothing was open"


def _base64(part: bytes | None) -> str | None:
    return None if part is None else base64.b64encode(part).decode()
