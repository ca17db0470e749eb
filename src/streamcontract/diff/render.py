"""Changes as text for people and as JSON for machines."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs

from streamcontract.schema.positions import line_and_column, offsets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.text import Text

    from streamcontract.diff.changes import At, Change
    from streamcontract.schema.model import JsonValue
    from streamcontract.schema.schema import Schema

__all__ = ["Side", "as_json", "as_text"]


@attrs.frozen(slots=False)
class Side:
    """One of the two schemas, for finding lines.

    Attributes:
        label: What people call it.
        schema: The schema.
    """

    label: str
    schema: Schema

    @cached_property
    def _texts(self) -> Mapping[str | None, str]:
        """The text of each file that the schema and its references were read from."""
        return {each.source: each.json for each in reversed(list(self.schema.closure()))}

    @cached_property
    def _offsets(self) -> dict[str | None, Mapping[str, int]]:
        return {}

    def position(self, at: At) -> tuple[str, int, int]:
        """File, line and column of a place."""
        text = self._texts[at.source]
        if at.source not in self._offsets:
            self._offsets[at.source] = offsets(text)
        line, column = line_and_column(text, self._offsets[at.source][at.pointer])
        is_root = at.source == self.schema.source
        return self.label if is_root else str(at.source), line, column


def as_text(changes: Sequence[Change], old: Side, new: Side) -> Text:
    """Each change with what was and what is now, and where."""
    from rich.text import Text  # noqa: PLC0415 - JSON does without

    text = Text()
    for change in changes:
        text.append(change.path, "bold")
        text.append(f": {change.words}\n")
        if change.has_before:
            _add_side(text, "-", "red", change.before, old.position(change.before_at))
        if change.has_after:
            _add_side(text, "+", "green", change.after, new.position(change.after_at))
        text.append("\n")
    count = len(changes)
    return text.append(f"{count or 'no'} change{'' if count == 1 else 's'}\n", "bold")


def _add_side(
    text: Text, sign: str, style: str, value: JsonValue, position: tuple[str, int, int]
) -> None:
    file, line, column = position
    text.append(f"  {sign} {json.dumps(value, ensure_ascii=False)}", style)
    text.append(f"  {file}:{line}:{column}\n", "dim")


def as_json(changes: Sequence[Change], old: Side, new: Side) -> str:
    """One JSON document; keys are only ever added to it."""
    document = {"equal": not changes, "changes": [_entry(each, old, new) for each in changes]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _entry(change: Change, old: Side, new: Side) -> dict[str, Any]:
    entry: dict[str, Any] = {"kind": change.kind, "path": change.path}
    if change.attribute is not None:
        entry["attribute"] = change.attribute
    # A value that is null and one that is not there are two things: the key tells them apart.
    if change.has_before:
        entry["before"] = change.before
    if change.has_after:
        entry["after"] = change.after
    entry["before_at"] = _place(change.before_at, old)
    entry["after_at"] = _place(change.after_at, new)
    return entry


def _place(at: At, side: Side) -> dict[str, Any]:
    file, line, column = side.position(at)
    return {"file": file, "line": line, "column": column, "pointer": at.pointer}
