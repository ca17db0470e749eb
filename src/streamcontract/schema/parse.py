"""The parser of schemas: from JSON to a :class:`~streamcontract.schema.schema.Schema`."""

from __future__ import annotations

import copyreg
import json
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from streamcontract.errors import SchemaFault, SchemaParseError
from streamcontract.schema.builder import Builder
from streamcontract.schema.document import Document, read_document, read_value
from streamcontract.schema.folders import SchemaFolders
from streamcontract.schema.imports import Files, Imports
from streamcontract.schema.leniency import STORED, STORED_DEFAULTS, STRICT, Forgiven, Leniency
from streamcontract.schema.model import PRIMITIVE_NAMES
from streamcontract.schema.positions import line_and_column, offsets
from streamcontract.schema.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["parse_schema", "parse_text"]


def parse_schema(
    source: str | dict[str, Any] | list[Any] | Path,
    *,
    references: Iterable[Schema] = (),
    folders: SchemaFolders | None = None,
    leniency: Leniency = STRICT,
    ignore_bad_defaults: bool = False,
) -> Schema:
    """Parse an Avro schema and check all of it.

    Args:
        source: JSON text (or the bare name of a primitive type), the JSON as Python values, or
            the path of an ``.avsc`` file. Named types that a file does not define are looked up
            in the other ``.avsc`` files of its folder.
        references: Schemas whose named types ``source`` may use without defining them; the types
            of their own references are known too. They come before the files of folders.
        folders: Other folders whose files define named types; definitions in ``source`` itself
            come first, and definitions of one name that are not the same are a fault.
        leniency: What is forgiven, in ``source`` and the files that it uses:
            :data:`~streamcontract.schema.STRICT` nothing, for schemas as authors write them,
            :data:`~streamcontract.schema.STORED` every fault that leaves the meaning of the data
            clear, for schemas that are stored already. The schema's ``forgiven`` has each fault.
        ignore_bad_defaults: Apply only the clauses ``bad-default`` and ``logical-limit``: ignore
            a default that is not a value of its field's type, and read a decimal of more than the
            1,000 supported digits as its bytes.

    Returns:
        The schema.

    Raises:
        SchemaParseError: The schema breaks the Avro 1.12 specification, or cannot be read. Its
            ``faults`` has every fault in the order of the text, each with a JSON pointer and, for
            text and files, line and column.
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
    if ignore_bad_defaults:
        leniency = leniency | STORED_DEFAULTS
    if isinstance(source, Path):
        return _parse_file(source, known, leniency, folders or SchemaFolders())
    if isinstance(source, str):
        bare = source.strip()
        text = json.dumps(bare) if bare in PRIMITIVE_NAMES else source
        return _parse_value(read_document(text, leniency), known, leniency, folders)
    if isinstance(source, dict | list):
        document = read_value(source, leniency)
        return _parse_value(document, known, leniency, folders, positions=False)
    raise TypeError(f"a schema is a str, dict, list or pathlib.Path, not {type(source).__name__}")


def parse_text(
    text: str,
    *,
    references: Iterable[Schema],
    source: str | None = None,
    leniency: Leniency = STRICT,
) -> Schema:
    """Parse JSON text that came from ``source``; :func:`parse_schema` with less choice.

    Raises:
        SchemaParseError: As there.
    """
    return _build(read_document(text, leniency), Imports(references), leniency, source)


def _parse_value(
    document: Document,
    references: tuple[Schema, ...],
    leniency: Leniency,
    folders: SchemaFolders | None,
    *,
    positions: bool = True,
) -> Schema:
    files = None if folders is None else _files(references, leniency, folders)
    return _build(document, Imports(references, files), leniency, positions=positions)


def _parse_file(
    path: Path, references: tuple[Schema, ...], leniency: Leniency, folders: SchemaFolders
) -> Schema:
    """Parse a file and the files that it needs."""
    return _files(references, leniency, folders).loading(path)


def _files(references: tuple[Schema, ...], leniency: Leniency, folders: SchemaFolders) -> Files:
    def load(file: Path) -> Schema:
        imports = Imports(references, files, file)
        return _build(_read(file, leniency), imports, leniency, str(file))

    files = Files(load, leniency, folders)
    return files


def _read(path: Path, leniency: Leniency) -> Document:
    try:
        # With a byte order mark, which editors on Windows write, or without.
        text = path.read_text("utf-8-sig")
    except OSError as error:
        fault = SchemaFault("", f"cannot read the file: {error.strerror}")
    except UnicodeDecodeError as error:
        fault = SchemaFault("", f"not UTF-8, as JSON has to be: {error.reason}")
    else:
        return read_document(text, leniency)
    return Document("", None, (fault,), is_readable=False)


def _build(
    document: Document,
    imports: Imports,
    leniency: Leniency,
    source: str | None = None,
    *,
    positions: bool = True,
) -> Schema:
    builder = Builder(imports, source, leniency)
    faults, forgiven = document.faults, document.forgiven
    if document.is_readable:
        root = builder.build(document.value)
        faults += tuple(builder.faults)
        forgiven += tuple(builder.forgiven)
    places = _Places(document, source, has_text=positions)
    if faults or builder.named.foreign_faults:
        own = map(places.filled_in, sorted(faults, key=places.offset))
        raise SchemaParseError((*own, *builder.named.foreign_faults))
    return Schema(
        root=root,
        json=document.text,
        definitions=builder.named.definitions,
        references=builder.named.references,
        source=source,
        forgiven=tuple(
            attrs.evolve(each, fault=places.filled_in(each.fault))
            for each in sorted(forgiven, key=lambda each: places.offset(each.fault))
        ),
    )


class _Places:
    """The places of faults in the text of a schema.

    Args:
        document: The text.
        source: The file that it was read from.
        has_text: Whether the schema was given as text, and not only as values.
    """

    def __init__(self, document: Document, source: str | None, *, has_text: bool) -> None:
        self._document = document
        self._source = source
        self._has_text = has_text

    @cached_property
    def _offsets(self) -> Mapping[str, int]:
        return offsets(self._document.text)

    def offset(self, fault: SchemaFault) -> int:
        """The offset of a fault; 0 in a text that is not JSON."""
        return self._offsets[fault.pointer] if self._document.is_readable else 0

    def filled_in(self, fault: SchemaFault) -> SchemaFault:
        """A fault with file, line and column."""
        line, column = fault.line, fault.column
        if line is None and self._document.is_readable and self._has_text:
            line, column = line_and_column(self._document.text, self.offset(fault))
        return attrs.evolve(fault, source=self._source, line=line, column=column)


def _copied(schema: Schema) -> tuple[Callable[..., Schema], tuple[object, ...]]:
    # Models are cyclic graphs compared by identity: parsing again is the sound copy.
    return _parse_again, (schema.json, schema.references, schema.source, schema.forgiven)


def _parse_again(
    text: str,
    references: tuple[Schema, ...],
    source: str | None,
    forgiven: tuple[Forgiven, ...],
) -> Schema:
    # It was parsed before, and what was forgiven then is forgiven again; but for the comments,
    # which are not in the text any more.
    schema = parse_text(text, references=references, source=source, leniency=STORED)
    return attrs.evolve(schema, forgiven=forgiven)


# For copies and pickles: the class itself knows nothing of parsing.
copyreg.pickle(Schema, _copied)
