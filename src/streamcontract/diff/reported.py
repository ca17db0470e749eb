"""Changes between two schemas as a report for the output formats."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs

from streamcontract.reporting.places import Place
from streamcontract.reporting.report import ChangeEntry, Report, Side, Summary, counted
from streamcontract.schema.positions import line_and_column, offsets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamcontract.diff.changes import At, Change
    from streamcontract.schema.schema import Schema

__all__ = ["Labelled", "report_of"]


@attrs.frozen(slots=False)
class Labelled:
    """One of the two schemas, for finding lines.

    Attributes:
        label: Its name for people.
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

    def place(self, at: At) -> Place:
        """File, line and column of a position."""
        text = self._texts[at.source]
        if at.source not in self._offsets:
            self._offsets[at.source] = offsets(text)
        line, column = line_and_column(text, self._offsets[at.source][at.pointer])
        label = self.label if at.source == self.schema.source else str(at.source)
        return Place(label=label, pointer=at.pointer, line=line, column=column, file=at.source)


def report_of(changes: Sequence[Change], old: Labelled, new: Labelled) -> Report:
    """The report of what changed from one schema to another."""
    placed = [(each, old.place(each.before_at), new.place(each.after_at)) for each in changes]
    count = len(changes)
    return Report(
        command="diff",
        summary=Summary(counted(count, "change") if count else "no changes", "neutral"),
        document={
            "equal": not changes,
            "changes": [_document(*each) for each in placed],
            "unjudged": [],
            "findings": [],
        },
        cases=(new.label,),
        changes=tuple(_entry(*each, new.label) for each in placed),
    )


def _entry(change: Change, before: Place, after: Place, case: str) -> ChangeEntry:
    sides: list[Side] = []
    if change.has_before:
        sides.append(Side(sign="-", value=_json(change.before), place=before))
    if change.has_after:
        sides.append(Side(sign="+", value=_json(change.after), place=after))
    return ChangeEntry(
        path=change.path, words=change.words, sides=tuple(sides), place=after, case=case
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _document(change: Change, before: Place, after: Place) -> dict[str, Any]:
    entry: dict[str, Any] = {"kind": change.kind, "path": change.path}
    if change.attribute is not None:
        entry["attribute"] = change.attribute
    # A null value and a missing one differ: the key is present for null only.
    if change.has_before:
        entry["before"] = change.before
    if change.has_after:
        entry["after"] = change.after
    entry["before_at"] = before.document
    entry["after_at"] = after.document
    return entry
