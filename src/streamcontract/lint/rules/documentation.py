"""Rules about documentation: the readers of a topic have its schema, and often nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamcontract.lint.model import Remark, Rule, Settings
from streamcontract.schema.model import EnumType, RecordType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.lint.document import Document

__all__ = ["RULES"]

_COMMENTS: Final = "buf's lint rules COMMENT_MESSAGE, COMMENT_ENUM and COMMENT_FIELD; for Avro: "


def _record_doc(document: Document, _: Settings) -> Iterator[Remark]:
    for record in document.definitions(RecordType):
        if _is_blank(record.doc):
            message = f'the record {record.name} has no doc; add "doc": what one record means'
            yield Remark(record.pointer, message)


def _enum_doc(document: Document, _: Settings) -> Iterator[Remark]:
    for enum in document.definitions(EnumType):
        if _is_blank(enum.doc):
            message = f'the enum {enum.name} has no doc; add "doc": what its symbols mean'
            yield Remark(enum.pointer, message)


def _field_doc(document: Document, _: Settings) -> Iterator[Remark]:
    for place in document.fields:
        if _is_blank(place.field.doc):
            message = (
                f'the field {place.field.name} has no doc; add "doc": its meaning, its unit, and'
                " the meaning of a null or a default"
            )
            yield Remark(place.field.pointer, message)


def _duplicate_doc(document: Document, _: Settings) -> Iterator[Remark]:
    for record in document.definitions(RecordType):
        first: dict[str, str] = {}
        for field in record.fields:
            doc = " ".join((field.doc or "").split()).casefold()
            if not doc:
                continue
            other = first.setdefault(doc, field.name)
            if other != field.name:
                message = f"{field.name} has the doc of {other}; describe how the two fields differ"
                yield Remark(f"{field.pointer}/doc", message)


def _is_blank(doc: str | None) -> bool:
    return doc is None or not doc.strip()


RULES: Final = (
    Rule(
        id="record-doc",
        tier="standard",
        severity="warning",
        summary="Every record has a doc.",
        rationale=(
            "A consumer of a topic sees its schema and not the team that writes it. The doc of a"
            " record describes what one message, or one part of it, means; registries, consoles"
            " and code generators show it."
        ),
        source=_COMMENTS + 'Avro 1.12, "Records", attribute doc',
        check=_record_doc,
    ),
    Rule(
        id="enum-doc",
        tier="standard",
        severity="warning",
        summary="Every enum has a doc.",
        rationale=(
            "Avro has no place for the documentation of a single symbol, so the enum's doc is the"
            " only place for their meaning."
        ),
        source=_COMMENTS + 'Avro 1.12, "Enums", attribute doc',
        check=_enum_doc,
    ),
    Rule(
        id="field-doc",
        tier="standard",
        severity="warning",
        summary="Every field has a doc.",
        rationale=(
            "The type of a field is checked, its meaning is not: units, time zones, the meaning of"
            " null and dependencies on other fields are only in its doc."
        ),
        source=_COMMENTS + 'Avro 1.12, "Records", attribute doc of a field',
        check=_field_doc,
    ),
    Rule(
        id="duplicate-doc",
        tier="standard",
        severity="warning",
        summary="No two fields of a record have the same doc.",
        rationale=(
            "Two fields with the same doc are one field copied and not described, or two that"
            " readers cannot tell apart."
        ),
        check=_duplicate_doc,
    ),
)
