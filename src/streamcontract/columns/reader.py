"""The two sides of a plan as the executor takes them: a reader's columns, a writer's program."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import attrs

from streamcontract.columns import _native
from streamcontract.columns.layout import Column, columns_of
from streamcontract.columns.options import ColumnOptions
from streamcontract.columns.program import compile_program
from streamcontract.resolution import Action, resolve
from streamcontract.schema.schema import Schema

__all__ = ["Portable", "Reader", "Writer"]


@attrs.frozen(eq=False, kw_only=True)
class Portable:
    """The codec's part: its limits, and its portable engine for what the executor refuses.

    Attributes:
        path: What errors call the value.
        depth: Records inside the root record, each inside the one before, that are taken.
        empty_items: Array items of no bytes that are taken of one payload.
        as_bytes: From what else holds bytes to ``bytes``; raises ``TypeError`` of what does not.
        decoder: From a plan's action, and the bytes of each payload to pass over, to what decodes a
            payload into plain values with tagged unions; that raises ``DecodeError``.
        encoder: From a schema to what encodes such values.
    """

    path: str
    depth: int
    empty_items: int
    as_bytes: Callable[[object], bytes]
    decoder: Callable[[Action, int], Callable[[bytes], Any]]
    encoder: Callable[[Schema], Callable[[Any], bytes]]


@attrs.frozen(eq=False)
class Writer:
    """What reads the payloads of one writer.

    Attributes:
        schema: The writer's schema; kept, so that its id stays its own.
        program: What the executor runs.
        decoder: From a start to the portable decoder.
    """

    schema: Schema
    program: _native.Program
    decoder: Callable[[int], Callable[[bytes], Any]]


class Reader:
    """A reader's schema and its columns.

    Args:
        schema: The schema.
        options: Forms of the columns.
        portable: The codec's part.
        most_bytes: Where a batch ends: the bytes of a buffer, and the items of lists.

    Raises:
        ColumnsError: A type of the schema has no columns.
    """

    def __init__(
        self, schema: Schema, options: ColumnOptions, portable: Portable, most_bytes: int
    ) -> None:
        self.portable = portable
        self.most_bytes = most_bytes
        self._schema = schema
        self._keeps_tombstones = options.tombstones == "null"
        self._batch = columns_of(schema.root, portable.path, is_nullable=self._keeps_tombstones)
        self.columns = _native.Columns(_rows(self._batch))

    def new_batch(self, rows: int) -> _native.Batch:
        """A batch without any rows, with room for as many from the start."""
        return _native.Batch(self.columns, self.most_bytes, rows, self._keeps_tombstones)

    def writer(self, schema: Schema) -> Writer:
        """What reads the payloads of a writer."""
        root = resolve(schema, self._schema).root
        program = compile_program(root, self._schema.root, self._batch, self.columns)
        # Compiled at the first error only, then kept: poison seldom comes alone.
        decoder = functools.lru_cache(maxsize=4)(functools.partial(self.portable.decoder, root))
        return Writer(schema, program, decoder)

    @functools.cached_property
    def plain_program(self) -> _native.Program:
        """What reads the payloads that :attr:`encode` makes."""
        return self.writer(self._schema).program

    @functools.cached_property
    def encode(self) -> Callable[[Any], bytes]:
        """What encodes a decoded value again, in the plainest form."""
        return self.portable.encoder(self._schema)


def _rows(batch: Column) -> tuple[Any, ...]:
    """The columns as the executor takes them, in the order of their numbers."""
    rows = sorted(batch.walk(), key=lambda column: column.number)
    return tuple(
        (
            column.layout,
            column.format,
            column.name,
            column.is_nullable,
            column.width,
            tuple(child.number for child in column.children),
            column.symbols,
        )
        for column in rows
    )
