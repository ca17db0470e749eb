"""The one way from JSON to a :class:`~streamcontract.schema.schema.Schema`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from streamcontract.errors import SchemaFault, SchemaParseError
from streamcontract.schema.builder import Builder
from streamcontract.schema.document import Document, read_document, read_value
from streamcontract.schema.imports import Folder, Imports
from streamcontract.schema.model import PRIMITIVE_NAMES
from streamcontract.schema.positions import line_and_column, offsets
from streamcontract.schema.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["parse_schema", "parse_text"]


def parse_schema(
    source: str | dict[str, Any] | list[Any] | Path,
    *,
    references: Iterable[Schema] = (),
    ignore_bad_defaults: bool = False,
) -> Schema:
    """Parse an Avro schema and check all of it.

    Args:
        source: JSON text (or the bare name of a primitive type), the JSON as Python values, or
            the path of an ``.avsc`` file. Named types that a file does not define are looked up
            in the other ``.avsc`` files of its folder, and nowhere else.
        references: Schemas whose named types ``source`` may use without defining them; the types
            of their own references are known too. They come before the folder's files.
        ignore_bad_defaults: Take a default that is no value of its field's type for none, as
            registries hold such schemas from parsers that did not look. Data written with one can
            be read all the same: only a reader needs defaults. Likewise a decimal of more digits
            than the 1,000 that are supported is then read as its bytes, as the specification
            wants a logical type ignored that does not hold; otherwise it is a fault. Files of a
            folder are always checked in full.

    Returns:
        The schema.

    Raises:
        SchemaParseError: The schema breaks the Avro 1.12 specification, or cannot be read. Its
            ``faults`` are all there are, in the order of the text, each with a JSON pointer and,
            for text and files, line and column.
        TypeError: ``source`` is none of these.

    Example:
        >>> from streamcontract import parse_schema
        >>> schema = parse_schema('''{
        ...   "type": "record", "name": "io.streamcontract.Point",
        ...   "fields": [{"name": "x", "type": "int"}]
        ... }''')
        >>> schema.name
        'io.streamcontract.Point'
        >>> parse_schema('["null", "strng"]')
        Traceback (most recent call last):
            ...
        streamcontract.errors.SchemaParseError: schema:1:10: at /1: unknown type "strng"; did you \
mean "string"?
    """
    known = tuple(references)
    if isinstance(source, Path):
        return _parse_file(source, known)
    if isinstance(source, str):
        bare = source.strip()
        text = json.dumps(bare) if bare in PRIMITIVE_NAMES else source
        return parse_text(text, references=known, ignore_bad_defaults=ignore_bad_defaults)
    if isinstance(source, dict | list):
        return _build(
            read_value(source),
            Imports(known),
            positions=False,
            ignore_bad_defaults=ignore_bad_defaults,
        )
    raise TypeError(f"a schema is a str, dict, list or pathlib.Path, not {type(source).__name__}")


def parse_text(
    text: str,
    *,
    references: Iterable[Schema],
    source: str | None = None,
    ignore_bad_defaults: bool = False,
) -> Schema:
    """Parse JSON text that came from ``source``; :func:`parse_schema` with less choice.

    Raises:
        SchemaParseError: As there.
    """
    return _build(
        read_document(text), Imports(references), source, ignore_bad_defaults=ignore_bad_defaults
    )


def _parse_file(path: Path, references: tuple[Schema, ...]) -> Schema:
    """Parse a file, and with it those files of its folder that it needs."""

    def load(file: Path) -> Schema:
        imports = Imports(references, folder, file)
        return _build(_read(file), imports, str(file))

    folder = Folder(path.parent, load)
    return folder.loading(path)


def _read(path: Path) -> Document:
    try:
        # With a byte order mark, which editors on Windows write, or without.
        text = path.read_text("utf-8-sig")
    except OSError as error:
        fault = SchemaFault("", f"cannot read the file: {error.strerror}")
    except UnicodeDecodeError as error:
        fault = SchemaFault("", f"not UTF-8, as JSON has to be: {error.reason}")
    else:
        return read_document(text)
    return Document("", None, (fault,), is_readable=False)


def _build(
    document: Document,
    imports: Imports,
    source: str | None = None,
    *,
    positions: bool = True,
    ignore_bad_defaults: bool = False,
) -> Schema:
    builder = Builder(imports, source, is_stored=ignore_bad_defaults)
    faults = document.faults
    if document.is_readable:
        root = builder.build(document.value)
        faults += tuple(builder.faults)
    if faults or builder.foreign_faults:
        own = _in_text_order(document, faults, source, positions=positions)
        raise SchemaParseError((*own, *builder.foreign_faults))
    return Schema(
        root=root,
        json=document.text,
        definitions=builder.definitions,
        references=builder.references,
        source=source,
    )


def _in_text_order(
    document: Document, faults: tuple[SchemaFault, ...], source: str | None, *, positions: bool
) -> list[SchemaFault]:
    """The faults with their places filled in, sorted by them."""
    if not document.is_readable:
        return [attrs.evolve(fault, source=source) for fault in faults]
    where = offsets(document.text)
    placed = []
    for fault in sorted(faults, key=lambda fault: where[fault.pointer]):
        line, column = (
            line_and_column(document.text, where[fault.pointer]) if positions else (None, None)
        )
        placed.append(attrs.evolve(fault, source=source, line=line, column=column))
    return placed
