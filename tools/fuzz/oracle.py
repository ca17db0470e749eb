"""What must hold for any bytes at all: one judge for the fuzzer and for Hypothesis.

Both engines give the same value, or the same error with the same words and paths; what was
decoded comes back when it is encoded and decoded again; columns have the values and faults of
records, and are encoded to the same bytes; and no more memory is taken than the bytes can justify.
Whatever else happens is a fault, and raised.
"""

from __future__ import annotations

import functools
import logging
import os
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import attrs
from tests.codec.equality import equal, same
from tests.columns.conversion import compare, has_columns

from fuzz.pool import Pair
from streamcontract import Codec
from streamcontract.codec.engine import ENGINE_VARIABLE, require_columns
from streamcontract.errors import ConfigurationError, DataError

__all__ = ["Judge", "Refusal", "engines", "outcome", "plain"]

_BYTES_FOR_A_BYTE = 4_000
"""Memory that one byte of data can justify: a null branch that stands for a record of defaults."""

_BYTES_FOR_AN_EMPTY_ITEM = 1_000
"""The same for an item of no bytes, of which the limits say how many there are."""

_BYTES_FOR_NOTHING = 200_000
"""What an error with its traceback takes, however short the data."""


@attrs.frozen
class Refusal:
    """An error of ours, as far as it can be compared."""

    kind: type
    message: str
    paths: tuple[str, ...]


def outcome(run: Callable[[Any], Any], given: Any) -> Any:
    """What a call gives or refuses."""
    try:
        return run(given)
    except DataError as error:
        return Refusal(type(error), str(error), tuple(fault.path for fault in error.faults))


def plain(value: Any) -> Any:
    """A value in which records are tuples, so that :func:`same` looks into them."""
    match value:
        case list():
            return [plain(each) for each in value]
        case tuple():
            return tuple(plain(each) for each in value)
        case dict():
            return {key: plain(each) for key, each in value.items()}
    if attrs.has(type(value)):
        names = [field.name for field in attrs.fields(type(value))]
        return (type(value), *(plain(getattr(value, name)) for name in names))
    return value


@functools.cache
def engines() -> tuple[str, ...]:
    """The engines that are here."""
    with mock.patch.dict(os.environ, {ENGINE_VARIABLE: "native"}):
        try:
            Codec("null")
        except ConfigurationError:
            return ("portable",)
    return ("portable", "native")


class _Disagreement(logging.Handler):
    """Makes an error of what the native engine logs: that it refused what the other one takes."""

    def emit(self, record: logging.LogRecord) -> None:
        raise AssertionError(record.getMessage())


@contextmanager
def _no_disagreement() -> Iterator[None]:
    logger, handler = logging.getLogger("streamcontract"), _Disagreement(logging.WARNING)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class Judge:
    """Judges bytes by one pair; what it compiles, it keeps.

    Args:
        pair: The reader, and the schema of the bytes.
    """

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._codecs: dict[str, Codec[Any]] = {}
        for engine in engines():
            with mock.patch.dict(os.environ, {ENGINE_VARIABLE: engine}):
                self._codecs[engine] = Codec(
                    pair.reader, tag_unions=pair.tag_unions, limits=pair.limits
                )
        self._decoders = {
            engine: codec.decoder(pair.writer, pair.start) for engine, codec in self._codecs.items()
        }

        self._columns = self._column_codec()

    def _column_codec(self) -> Codec[Any] | None:
        """A codec for columns; None if the schema has none, or they are not built."""
        pair, schema = self._pair, next(iter(self._codecs.values())).schema
        try:
            require_columns()
        except ConfigurationError:
            return None
        if not has_columns(schema):
            return None
        return Codec(schema, tag_unions=True, limits=pair.limits)

    def judge(self, data: bytes) -> Any:
        """The value or :class:`Refusal` that every engine agrees on.

        Raises:
            AssertionError: They do not agree, or the value does not come back.
        """
        with _no_disagreement():
            found = self._agreed(self._decoders, data)
            if not isinstance(found, Refusal):
                self._goes_round(found)
            if self._columns is not None and len(data) >= self._pair.start:
                self._as_columns(self._columns, data[self._pair.start :])
        return found

    def judge_memory(self, data: bytes) -> None:
        """Decoding takes no more memory than the data can justify.

        Raises:
            AssertionError: It does.
        """
        most = (
            _BYTES_FOR_NOTHING
            + len(data) * _BYTES_FOR_A_BYTE
            + self._pair.limits.empty_items * _BYTES_FOR_AN_EMPTY_ITEM
        )
        for engine, decode in self._decoders.items():
            outcome(decode, data)  # what is compiled at the first error is none of this one's
            tracemalloc.start()
            try:
                outcome(decode, data)
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            assert peak <= most, f"{engine}: {peak} bytes of memory for {len(data)} of data"

    def _as_columns(self, codec: Codec[Any], data: bytes) -> None:
        """Columns equal records, and have the same payloads."""
        columns = compare(codec, [data], self._pair.writer)
        encoded = codec.encode_columns(columns)
        assert not encoded.faults, f"decoded, but not to be encoded: {encoded.faults[0]}"
        wanted = [codec.encode(codec.decode(data, writer=self._pair.writer))] if columns else []
        assert list(encoded.payloads) == wanted

    def _goes_round(self, value: Any) -> None:
        encoded = self._agreed({name: each.encode for name, each in self._codecs.items()}, value)
        assert not isinstance(encoded, Refusal), f"decoded, but not to be encoded: {encoded}"
        again = self._agreed({name: each.decode for name, each in self._codecs.items()}, encoded)
        is_as_it_was = same if self._pair.tag_unions else equal
        assert is_as_it_was(plain(value), plain(again)), f"{value!r} came back as {again!r}"

    def _agreed(self, runs: dict[str, Callable[[Any], Any]], given: Any) -> Any:
        (first, expected), *others = ((engine, outcome(run, given)) for engine, run in runs.items())
        for engine, found in others:
            # The order of a dict's keys is in its repr.
            is_same = same(plain(expected), plain(found)) and repr(expected) == repr(found)
            assert is_same, f"{first}: {expected!r}\n{engine}: {found!r}"
        return expected
