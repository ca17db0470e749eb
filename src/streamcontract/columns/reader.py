"""The two sides of a plan as the executor takes them: a reader's columns, a writer's program."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

import attrs

from streamcontract.columns import _native
from streamcontract.columns.layout import Column
from streamcontract.columns.program import compile_program, missing_program
from streamcontract.resolution import Action, resolve
from streamcontract.schema.schema import Schema

__all__ = ["MOST_BYTES", "Portable", "Reader", "Writer", "native_columns"]

MOST_BYTES: Final = 2**31 - 1
"""Bytes of a buffer and items of lists where a batch ends: what offsets of 32 bits count."""


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
        batch: Its columns.
        portable: The codec's part.
        most_bytes: Where a batch ends: the bytes of a buffer, and the items of lists.
        is_whole: Whether the batch has one column with the whole value, even of a record.
        keeps_tombstones: Whether tombstones are rows of nulls; all columns are nullable then.
    """

    def __init__(
        self,
        schema: Schema,
        batch: Column,
        portable: Portable,
        most_bytes: int = MOST_BYTES,
        *,
        is_whole: bool = False,
        keeps_tombstones: bool = False,
    ) -> None:
        self.portable = portable
        self.most_bytes = most_bytes
        self._schema = schema
        self._batch = batch
        self._is_whole = is_whole
        self._keeps_tombstones = keeps_tombstones
        self.columns = native_columns(batch)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self._batch.children)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the columns."""
        return tuple(column.number for column in self._batch.children)

    def new_batch(self, rows: int) -> _native.Batch:
        """A batch without any rows, with room for as many from the start."""
        return _native.Batch(self.columns, self.most_bytes, rows, self._keeps_tombstones)

    def writer(self, schema: Schema) -> Writer:
        """What reads the payloads of a writer."""
        root = resolve(schema, self._schema).root
        program = compile_program(
            root, self._schema.root, self._batch, self.columns, is_whole=self._is_whole
        )
        # Compiled at the first error only, then kept: poison seldom comes alone.
        decoder = functools.lru_cache(maxsize=4)(functools.partial(self.portable.decoder, root))
        return Writer(schema, program, decoder)

    @functools.cached_property
    def missing(self) -> Writer:
        """What adds a null to the only column, which is nullable; its payload has no bytes."""
        program = missing_program(self._batch, self.columns)
        return Writer(self._schema, program, self.plain.decoder)

    @functools.cached_property
    def plain(self) -> Writer:
        """What reads the payloads that :attr:`encode` makes."""
        return self.writer(self._schema)

    @functools.cached_property
    def encode(self) -> Callable[[Any], bytes]:
        """What encodes a decoded value again, in the plainest form."""
        return self.portable.encoder(self._schema)


def native_columns(batch: Column) -> _native.Columns:
    """The columns of a batch as the executor has them."""
    rows = sorted(batch.walk(), key=lambda column: column.number)
    return _native.Columns(
        tuple(
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
    )
