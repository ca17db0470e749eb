"""Threads, and blocks of a list, each take their own payloads, writers and indexes."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pyarrow as pa
import pytest

from streamcontract import Codec, parse_schema
from streamcontract.errors import ArgumentError

CODEC: Codec[Any] = Codec("string")
BYTES = parse_schema("bytes")
BLOCK = "streamcontract.columns.run._BLOCK"


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("kind", [list, tuple])
def test_payloads_writers_and_faults(kind: Any, threads: int) -> None:
    """Only bytes may be empty of text: what one writer wrote is a fault of the other."""
    optional = parse_schema(["null", "string"])
    payloads = kind([b"\2a", b"\2\2b", b"\2c", b"\0", b"\2d", b"\2", b"\2\2e"])
    writers = [BYTES, optional, BYTES, optional, BYTES, BYTES, optional]
    with mock.patch(BLOCK, 2):
        decoded = CODEC.decode_columns(payloads, writer=writers, threads=threads)
    assert pa.table(decoded)["value"].to_pylist() == ["a", "b", "c", "d", "e"]
    assert [fault.index for fault in decoded.faults] == [3, 5]


@pytest.mark.parametrize("threads", [1, 2])
def test_one_writer(threads: int) -> None:
    """The same where one writer wrote all; other kinds of bytes are among them."""
    payloads: Any = [b"\2a", bytearray(b"\2b"), b"", memoryview(b"\2c"), b"\2d", bytearray(b"\4")]
    for each in (payloads, tuple(payloads)):
        with mock.patch(BLOCK, 2):
            decoded = CODEC.decode_columns(each, threads=threads)
        assert pa.table(decoded)["value"].to_pylist() == ["a", "b", "c", "d"]
        assert [fault.index for fault in decoded.faults] == [2, 5]


def test_a_list_that_becomes_shorter() -> None:
    """It is an error, and no payload is lost without one."""

    class Shortens(bytearray):
        def __bytes__(self) -> bytes:
            del payloads[2:]
            return b"\2a"

    payloads: Any = [b"\2a", Shortens(), b"\2c", b"\2d"]
    with mock.patch(BLOCK, 2), pytest.raises(ArgumentError, match="a list that does not change"):
        CODEC.decode_columns(payloads)
