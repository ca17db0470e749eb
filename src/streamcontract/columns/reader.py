"""The two sides of a plan as the executor takes them: a reader's columns, a writer's program."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import attrs

from streamcontract.codec.bindings import Bindings
from streamcontract.codec.decode import compile_locator
from streamcontract.codec.encode import compile_encoder
from streamcontract.codec.limits import Limits
from streamcontract.columns import _native
from streamcontract.columns.layout import Column, columns_of
from streamcontract.columns.program import compile_program
from streamcontract.resolution import resolve
from streamcontract.schema.schema import Schema

__all__ = ["Reader", "Writer"]


@attrs.frozen(eq=False)
class Writer:
    """What reads the payloads of one writer.

    Attributes:
        schema: The writer's schema; kept, so that its id stays its own.
        program: What the executor runs.
        locate: From a start to the portable decoder, which raises where a payload does not fit.
    """

    schema: Schema
    program: _native.Program
    locate: Callable[[int], Callable[[bytes, str], Any]]


class Reader:
    """A reader's schema and its columns.

    Args:
        schema: The schema.
        limits: What is taken at most of what a few bytes can ask for.
        root_path: What errors call the value.
        most_bytes: Where a batch ends: the bytes of a buffer, and the items of lists.

    Raises:
        ColumnsError: A type of the schema has no columns.
    """

    def __init__(self, schema: Schema, *, limits: Limits, root_path: str, most_bytes: int) -> None:
        self.schema = schema
        self.limits = limits
        self.root_path = root_path
        self.most_bytes = most_bytes
        self._batch = columns_of(schema.root, root_path)
        self.columns = _native.Columns(_rows(self._batch))

    def new_batch(self) -> _native.Batch:
        """A batch without any rows."""
        return _native.Batch(self.columns, self.most_bytes)

    def writer(self, schema: Schema) -> Writer:
        """What reads the payloads of a writer."""
        root = resolve(schema, self.schema).root
        program = compile_program(root, self.schema.root, self._batch, self.columns)
        # Compiled at the first error only, then kept: poison seldom comes alone.
        locate = functools.lru_cache(maxsize=4)(
            lambda start: compile_locator(
                root, Bindings(), start=start, tag_unions=True, limits=self.limits
            )
        )
        return Writer(schema, program, locate)

    @functools.cached_property
    def plain_program(self) -> _native.Program:
        """What reads the payloads that :attr:`encode` makes."""
        return self.writer(self.schema).program

    @functools.cached_property
    def encode(self) -> Callable[[Any], bytes]:
        """What encodes a decoded value again, in the plainest form."""
        return compile_encoder(self.schema, Bindings(), _must_fit, self.limits)(b"")


def _must_fit(value: Any, error: BaseException) -> None:
    raise AssertionError(f"a value that was decoded is not encoded: {value!r}") from error


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
