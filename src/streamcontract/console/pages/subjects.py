"""Subjects of the registry: their versions, and the differences of any two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from streamcontract.console.pages.differences import Differences, differences
from streamcontract.console.pages.fields import FieldRow, field_rows
from streamcontract.console.pages.shown import NONE, Notice, Paging, moment, pretty_json
from streamcontract.errors import ConfigurationError, RegistryError, StreamContractError
from streamcontract.levels import LEVELS, compatibility_level
from streamcontract.registry.description import describe_subject

if TYPE_CHECKING:
    from streamcontract.console.sources import Sources
    from streamcontract.registry.protocol import SchemaReference, VersionAnswer
    from streamcontract.schema import Schema

__all__ = ["Subject", "SubjectRow", "Subjects", "VersionRow", "subject_page", "subjects_page"]

_PER_PAGE = 25


@attrs.frozen
class SubjectRow:
    """One subject of the list.

    Attributes:
        name: The subject.
        version: Its latest version; None if it could not be read.
        id: The id of that version's schema.
        type: The schema type.
        topic: The topic that it is of by name, or ``""``.
    """

    name: str
    version: int | None
    id: int | None
    type: str
    topic: str


@attrs.frozen(kw_only=True)
class Subjects:
    """The subjects of a page.

    Attributes:
        rows: The subjects.
        paging: Which of them.
        sought: What their names contain.
    """

    rows: tuple[SubjectRow, ...]
    paging: Paging
    sought: str


@attrs.frozen(kw_only=True)
class VersionRow:
    """One version.

    Attributes:
        version: Its number.
        id: The id of its schema.
        type: The schema type.
        references: The versions of other subjects that it uses.
        time: The time of its registration, or a dash.
    """

    version: int
    id: int
    type: str
    references: tuple[SchemaReference, ...]
    time: str


@attrs.frozen(kw_only=True)
class Subject:
    """One subject.

    Attributes:
        name: The subject.
        level: The compatibility level that applies.
        own_level: Whether the subject has a level of its own.
        level_in_words: What the level guarantees.
        mode: The mode that applies, or None.
        versions: Its versions, newest first.
        new: The version that is shown.
        old: The version that it is compared with, or None.
        compared: Their differences, or None.
        fields: The fields of the shown version.
        doc: Its documentation.
        json: Its text.
        notices: What failed.
    """

    name: str
    level: str
    own_level: bool
    level_in_words: str
    mode: str | None
    versions: tuple[VersionRow, ...]
    new: int
    old: int | None
    compared: Differences | None
    fields: tuple[FieldRow, ...]
    doc: str
    json: str
    notices: tuple[Notice, ...]


def subjects_page(sources: Sources, sought: str, page: int) -> Subjects:
    """The subjects whose names contain a text.

    Raises:
        RegistryError: The registry did not answer.
    """
    found = [each for each in sorted(sources.registry.subjects()) if sought.lower() in each.lower()]
    paging = Paging.of(page, len(found), _PER_PAGE)
    rows = tuple(_row(sources, each) for each in found[paging.first : paging.end])
    return Subjects(rows=rows, paging=paging, sought=sought)


def _row(sources: Sources, name: str) -> SubjectRow:
    own, mark, side = name.rpartition("-")
    topic = own if mark and side in {"value", "key"} else ""
    try:
        latest = sources.registry.describe_version(name)
    except RegistryError:
        return SubjectRow(name, None, None, NONE, topic)
    return SubjectRow(name, latest.version, latest.id, latest.schema_type, topic)


def subject_page(sources: Sources, name: str, old: int | None, new: int | None) -> Subject:
    """A subject, one of its versions, and its differences from another.

    Args:
        sources: The registry.
        name: The subject.
        old: The version to compare with; None for the one before.
        new: The version to show; None for the latest.

    Raises:
        ConfigurationError: The name is empty.
        RegistryError: The registry did not answer, or there is no such subject.
    """
    if not name:
        raise ConfigurationError("the address names no subject")
    found = describe_subject(sources.registry, name)
    numbers = [each.version for each in found.versions]
    shown = new if new in numbers else numbers[-1]
    before = [each for each in numbers if each < shown]
    other = old if old in numbers else (before[-1] if before else None)
    notices: list[Notice] = []
    for each in dict.fromkeys((old, new)):
        if each is not None and each not in numbers:
            text = f"Versions {other} and {shown} are shown." if other else f"It shows {shown}."
            notices.append(Notice("warn", f"There is no version {each}", text))
    now = _schema(sources, name, shown, notices)
    then = None if other is None else _schema(sources, name, other, notices)
    level = found.config.compatibility or "NONE"
    answer = next(each for each in found.versions if each.version == shown)
    return Subject(
        name=name,
        level=level,
        own_level=found.own_config is not None,
        level_in_words=_in_words(level),
        mode=found.mode,
        versions=tuple(map(_version, reversed(found.versions))),
        new=shown,
        old=other,
        compared=None if now is None or then is None else differences(then, now),
        fields=() if now is None else field_rows(now),
        doc="" if now is None else getattr(now.root, "doc", None) or "",
        json=pretty_json(answer.schema),
        notices=tuple(dict.fromkeys(notices)),
    )


def _schema(sources: Sources, name: str, version: int, notices: list[Notice]) -> Schema | None:
    try:
        return sources.registry.version(name, version).schema
    except StreamContractError as error:
        notices.append(Notice("bad", f"Version {version} was not read", str(error)))
        return None


def _version(answer: VersionAnswer) -> VersionRow:
    return VersionRow(
        version=answer.version,
        id=answer.id,
        type=answer.schema_type,
        references=answer.references,
        time=moment(answer.timestamp),
    )


def _in_words(level: str) -> str:
    if level not in LEVELS:
        return ""
    row = compatibility_level(level)
    if not row.directions:
        return "any schema may follow"
    whom = "all earlier versions" if row.is_transitive else "the version before"
    return {
        ("backward",): f"a new version reads the data of {whom}",
        ("forward",): f"{whom} can read the data of a new version",
        ("backward", "forward"): f"a new version and {whom} read each other's data",
    }[row.directions]
