"""Damaged and hostile container files: each fault is an error that names its place."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.codec.equality import same
from tests.refusals import none_logged
from tests.searching import examples

from streamcontract import Codec, ContainerFileReader, ContainerFileWriter, parse_schema
from streamcontract.codec.engine import ENGINE_VARIABLE
from streamcontract.codec.varint import long_bytes, read_long
from streamcontract.container_files import COMPRESSIONS
from streamcontract.container_files.header import Header, header_bytes
from streamcontract.errors import (
    ArgumentError,
    ConfigurationError,
    ContainerFileError,
    EncodeError,
)
from streamcontract.schema import Schema
from streamcontract.testing.strategies import from_schema, schemas

deep = settings(deadline=None, max_examples=examples(100))
PING = {"type": "record", "name": "Ping", "fields": [{"name": "n", "type": "long"}]}
SYNC = bytes(range(16))


def file_of(
    schema: Any, values: list[Any], compression: str = "null", block_size: int = 64_000
) -> bytes:
    """A file of these values."""
    file = io.BytesIO()
    with ContainerFileWriter(
        file, schema, compression=compression, block_size=block_size
    ) as writer:
        for value in values:
            writer.write(value)
    return file.getvalue()


def raw_file(schema: str, *blocks: tuple[int, int, bytes], codec: bytes = b"null") -> bytes:
    """A file of blocks with any counts and sizes."""
    header = Header({"avro.schema": schema.encode(), "avro.codec": codec}, SYNC)
    parts = [long_bytes(count) + long_bytes(size) + data + SYNC for count, size, data in blocks]
    return header_bytes(header) + b"".join(parts)


def read(data: bytes, **options: Any) -> list[Any]:
    """The records of a file."""
    with ContainerFileReader(io.BytesIO(data), **options) as reader:
        return list(reader)


@deep
@given(schemas(), st.sampled_from(COMPRESSIONS), st.sampled_from(("native", "portable")), st.data())
def test_any_damage_is_an_error_or_other_values(
    schema: Schema, compression: str, engine: str, data: st.DataObject
) -> None:
    """Bytes that are changed, inserted or cut off: no other exception, and no engine differs."""
    values = data.draw(st.lists(from_schema(schema, tag_unions=True), max_size=4))
    file = bytearray(file_of(schema, values, compression, block_size=20))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(file)))
        stop = at + data.draw(st.integers(0, 3))
        file[at:stop] = data.draw(st.binary(max_size=3))
    with pytest.MonkeyPatch.context() as patch, none_logged("streamcontract.codec"):
        patch.setenv(ENGINE_VARIABLE, engine)
        with contextlib.suppress(ContainerFileError):
            read(bytes(file), block_limit=100_000)


@deep
@given(schemas(), st.sampled_from(COMPRESSIONS), st.data())
def test_a_file_that_is_cut_off(schema: Schema, compression: str, data: st.DataObject) -> None:
    """Only at the end of a block it is a whole file; everything before the cut is read."""
    values = data.draw(st.lists(from_schema(schema, tag_unions=True), max_size=4))
    file = file_of(schema, values, compression, block_size=1)
    with ContainerFileReader(io.BytesIO(file)) as whole:
        everything = list(whole)
    with ContainerFileReader(io.BytesIO(file)) as whole:
        ends = {len(file), *(block.offset for block in whole.blocks())}
    cut = data.draw(st.integers(0, len(file)))
    found: list[Any] = []
    fails = contextlib.nullcontext() if cut in ends else pytest.raises(ContainerFileError)
    with fails, ContainerFileReader(io.BytesIO(file[:cut])) as reader:
        found.extend(reader)
    assert same(found, everything[: len(found)])


@deep
@given(schemas(), st.data())
def test_engines_split_alike(schema: Schema, data: st.DataObject) -> None:
    """Encoded values that follow each other are divided where they were put together."""
    codec = Codec[Any](schema)
    values = data.draw(st.lists(from_schema(schema, tag_unions=True), max_size=4))
    payloads = [codec.encode(value) for value in values]
    file = file_of(schema, values)
    for engine in ("native", "portable"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(ENGINE_VARIABLE, engine)
            with ContainerFileReader(io.BytesIO(file)) as reader:
                assert list(reader.payloads()) == payloads


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (b"PAR1", "the file: header at offset 0: not an Avro container file, which begins with"),
        (b"", "the file: header at offset 0: the file ends in the magic: 0 of 4 bytes are there"),
        (b"Obj\x01\x00" + SYNC, "header at offset 5: the metadata have no avro.schema"),
        (raw_file("long", codec=b"lzo"), "avro.codec is 'lzo', expected one of null, deflate,"),
        (raw_file('"long"', codec=b"null\n" * 99), "... (596 characters), expected one of null"),
        (raw_file('"lnog"'), 'avro.schema cannot be used: schema:1:1: at /: unknown type "lnog"'),
        (raw_file('"long"', (1, 2**60, b"")), "block 0 at offset 57: the block has 1,152,921,504"),
        (raw_file('"long"', (1, -1, b"")), "block 0 at offset 57: the block has -1 bytes"),
        (raw_file('"long"', (2**60, 1, b"\0")), "expected at most 1 that 1 bytes hold"),
        (raw_file('"null"', (2**60, 0, b"")), "expected at most 65,536 of no bytes in one block"),
        (raw_file('"long"', (-1, 1, b"\0")), "-1 records, expected at most 1"),
        (raw_file('"long"', (1, 2, b"\0\0")), "1 bytes are left after its 1 records"),
        (
            raw_file('"string"', (1, 2, b"\x02a"), (2, 3, b"\x02a\x04")),
            "block 1 at offset 79, record 1: value: the data end in the middle of this value",
        ),
        (raw_file('"string"', (1, 2, b"\x02\xff")), "record 0: value: expected text in UTF-8"),
        (raw_file('"long"', (1, 1, b"\0"))[:-1] + b"x", "the sync marker after the block is not"),
        (
            raw_file('"long"', (1, 3, b"\xffbc"), codec=b"deflate"),
            "the compressed data are damaged",
        ),
        (raw_file('"long"', (1, 3, b"abc"), codec=b"snappy"), "the compressed data end too early"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_faults_and_their_places(file: bytes, message: str) -> None:
    """The error names the block, its offset, the record, and what is wrong."""
    with pytest.raises(ContainerFileError) as caught:
        read(file)
    assert message in str(caught.value)


SHORT = r"the (compressed )?data (end|are damaged \()"


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ({"data": lambda data: data[: len(data) // 2]}, SHORT),
        ({"data": lambda data: data[:-1]}, SHORT),
        ({"data": lambda _data: b""}, f"{SHORT}|2 records, expected at most 0"),
        ({"data": lambda data: data + b"later"}, "left after|are damaged"),
        ({"sync": SYNC}, "the sync marker after the block is not that of the header"),
        ({"count": 0}, "40 bytes are left after its 0 records"),
        ({"count": 1}, "20 bytes are left after its 1 records"),
        ({"count": 3}, "record 2: value: the data end in the middle of this value"),
        ({"count": 2**62}, "4,611,686,018,427,387,904 records, expected at most 40 that 40 bytes"),
        ({"count": -1}, "-1 records, expected at most 40"),
        ({"size": 2**62}, "the block has 4,611,686,018,427,387,904 bytes, expected at most"),
        ({"size": 2**26}, "the file ends in the block: [0-9]+ of 67,108,864 bytes are there"),
        ({"size": -1}, "the block has -1 bytes"),
    ],
    ids=lambda given: "" if isinstance(given, str) else "".join(given),
)
def test_faults_of_a_block(compression: str, damage: dict[str, Any], message: str) -> None:
    """With every codec each fault is one line, and the block before it is read."""
    whole = file_of("string", ["abcdefghi jklmnopqr"] * 2, compression)
    with ContainerFileReader(io.BytesIO(whole)) as reader:
        (block,) = reader.blocks()
    head, body = whole[: block.offset], whole[block.offset :]
    count, at = read_long(body, 0)
    size, at = read_long(body, at)
    data = damage.get("data", bytes)(body[at : at + size])
    counts = long_bytes(damage.get("count", count)) + long_bytes(damage.get("size", len(data)))
    file = head + body + counts + data + damage.get("sync", head[-16:])
    found: list[Any] = []
    with (
        pytest.raises(ContainerFileError, match=message) as caught,
        ContainerFileReader(io.BytesIO(file)) as reader,
    ):
        found.extend(reader)
    assert len(found) >= 2
    assert str(caught.value).startswith(f"the file: block 1 at offset {len(whole)}")
    assert "\n" not in str(caught.value)


def test_a_block_of_no_records() -> None:
    """It is no damage: the specification gives no least count, and other libraries read it."""
    file = raw_file('"long"', (1, 1, b"\2"), (0, 0, b""), (1, 1, b"\4"))
    assert read(file) == [1, 2] == list(fastavro.reader(io.BytesIO(file)))


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_bomb_is_not_decompressed(compression: str) -> None:
    """A block of a megabyte from a few bytes is refused by a reader that takes less."""
    file = file_of("bytes", [bytes(1_000_000)], compression)
    assert read(file) == [bytes(1_000_000)]
    too_large = r"block 0 at offset \d+: the block has (more than 999,999|1,000,003) bytes"
    with pytest.raises(ContainerFileError, match=too_large):
        read(file, block_limit=999_999)


def test_a_checksum_of_snappy_is_checked() -> None:
    """What decompresses to something else is no block."""
    file = bytearray(file_of("bytes", [b"a" * 20], "snappy"))
    file[-17] ^= 1
    with pytest.raises(ContainerFileError, match="the checksum \\(CRC32\\) does not match"):
        read(bytes(file))


def test_a_fault_of_a_record_in_columns() -> None:
    """A sound block with a record that cannot be decoded: beside the rows, as for messages."""
    file = raw_file('"string"', (3, 6, b"\x02a\x02\xff\x02b"))
    with ContainerFileReader(io.BytesIO(file)) as reader:
        (batch,) = reader.batches()
    assert (len(batch), [fault.index for fault in batch.faults]) == (2, [1])


def test_a_writer_refuses_what_is_no_record() -> None:
    """The file has what was written before and after."""
    file = io.BytesIO()
    with ContainerFileWriter(file, PING) as writer:
        writer.write({"n": 1})
        with pytest.raises(EncodeError, match=r"Ping\.n: expected an int from"):
            writer.write({"n": "1"})
        writer.write_encoded([b"\x04"])
        with pytest.raises(EncodeError, match="Ping: the data end in the middle of this value"):
            writer.write_encoded([b""])
        with pytest.raises(EncodeError, match="one encoded value, but 1 bytes are left over"):
            writer.write_encoded([b"\x06", b"\x06\x06"])
    assert read(file.getvalue()) == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_a_failure_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    """The draft beside it is removed."""
    path = tmp_path / "pings.avro"
    with ContainerFileWriter(path, PING) as writer:
        writer.write({"n": 1})
    before = path.read_bytes()

    def fail() -> None:
        with ContainerFileWriter(path, PING) as writer:
            writer.write({"n": 2})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["pings.avro"]


def test_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is refused with what it has to be; without its extra, a codec names it."""
    for metadata in ({"avro.codec": b"null"}, {"a": "b"}):
        with pytest.raises(ArgumentError, match="metadata has to be"):
            ContainerFileWriter(io.BytesIO(), "long", metadata=metadata)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="compression has to be one of null, deflate, snappy"):
        ContainerFileWriter(io.BytesIO(), "long", compression="gzip")
    with pytest.raises(ArgumentError, match="source has to be a path"):
        ContainerFileReader(3)  # type: ignore[call-overload]
    file = file_of("long", [1], "snappy")
    monkeypatch.setitem(sys.modules, "cramjam", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'streamcontract\[avro\]'"):
        read(file)


def test_metadata_in_blocks_with_sizes() -> None:
    """A map may be written in several blocks, each with its size ("Maps", Binary Encoding)."""
    pairs = [(b"avro.schema", b'"long"'), (b"a", b"b")]
    items = [long_bytes(len(k)) + k + long_bytes(len(v)) + v for k, v in pairs]
    blocks = b"".join(long_bytes(-1) + long_bytes(len(item)) + item for item in items)
    with ContainerFileReader(io.BytesIO(b"Obj\x01" + blocks + b"\0" + SYNC)) as reader:
        assert (reader.metadata, reader.compression) == ({"a": b"b"}, "null")
        assert reader.writer == parse_schema("long")
    twice = b"Obj\x01" + blocks + blocks + b"\0" + SYNC
    with pytest.raises(ContainerFileError, match=r"the metadata have 'avro\.schema' twice"):
        read(twice)
