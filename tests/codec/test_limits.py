"""What a codec takes at most is the user's to set, and holds on either engine, both ways."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

from streamcontract import Codec, Limits, parse_schema
from streamcontract.codec.engine import ENGINE_VARIABLE
from streamcontract.errors import ConfigurationError, DecodeError, EncodeError

NODE: dict[str, Any] = {
    "type": "record",
    "name": "Node",
    "fields": [{"name": "next", "type": ["null", "Node"]}],
}
NULLS: dict[str, Any] = {"type": "array", "items": "null"}
HIGHEST = Limits(depth=1000)


@pytest.fixture(params=["portable", "native"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each engine in turn."""
    name: str = request.param
    monkeypatch.setenv(ENGINE_VARIABLE, name)
    try:
        Codec("null")
    except ConfigurationError:
        pytest.skip("the native engine is not built here")
    return name


def chain(nodes: int) -> tuple[Any, bytes]:
    """So many nodes inside one another, and their bytes."""
    value: Any = None
    for _ in range(nodes):
        value = {"next": value}
    return value, b"\2" * (nodes - 1) + b"\0"


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("depth", [0, 1, 7, 400])
def test_depth(depth: int) -> None:
    """As many records inside the root as the limit says, and none more."""
    codec: Codec[Any] = Codec(NODE, limits=Limits(depth=depth))
    value, data = chain(depth + 1)
    assert codec.encode(value) == data
    assert codec.decode(data) == value
    value, data = chain(depth + 2)
    with pytest.raises(EncodeError, match=f"nested at most {depth} deep"):
        codec.encode(value)
    with pytest.raises(DecodeError, match=f"nested at most {depth} deep"):
        codec.decode(data)


@pytest.mark.usefixtures("engine")
def test_depth_of_what_is_skipped() -> None:
    """What the reader does not ask for is no deeper either."""
    codec: Codec[Any] = Codec({"type": "record", "name": "R", "fields": []}, limits=Limits(depth=7))
    writer = parse_schema({"type": "record", "name": "R", "fields": [{"name": "n", "type": NODE}]})
    assert codec.decode(chain(7)[1], writer=writer) == {}
    with pytest.raises(DecodeError, match="nested at most 7 deep"):
        codec.decode(chain(8)[1], writer=writer)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("most", [0, 1, 100_000])
def test_empty_items(most: int) -> None:
    """As many items of no bytes as the limit says, and none more."""
    codec: Codec[Any] = Codec(NULLS, limits=Limits(empty_items=most))
    nulls = [None] * most
    data: bytes = codec.encode(nulls)
    assert codec.decode(data) == nulls
    more: Codec[Any] = Codec(NULLS, limits=Limits(empty_items=most + 1))
    nulls = [None] * (most + 1)
    data = more.encode(nulls)
    with pytest.raises(EncodeError, match=f"at most {most} items of no bytes"):
        codec.encode(nulls)
    with pytest.raises(DecodeError, match=f"at most {most} items of no bytes"):
        codec.decode(data)


def test_limits_of_each_codec() -> None:
    """One codec's limits are not another's."""
    low: Codec[Any] = Codec(NODE, limits=Limits(depth=1))
    high: Codec[Any] = Codec(NODE, limits=Limits(depth=20))
    value, data = chain(20)
    assert high.decode(data) == value
    with pytest.raises(DecodeError, match="at most 1 deep"):
        low.decode(data)


@pytest.mark.parametrize(
    "limits",
    [
        *({"depth": wrong} for wrong in (-1, 1001, 1.0, True, "7")),
        *({"empty_items": wrong} for wrong in (-1, 2**31, None)),
    ],
)
def test_limits_out_of_range(limits: Any) -> None:
    """A limit that is no number in its range is refused with the range."""
    (name,) = limits
    with pytest.raises(ConfigurationError, match=rf"Limits\.{name} is an int from 0 to [0-9]+"):
        Limits(**limits)


def _in_a_small_stack(run: Any) -> None:
    """Run in a thread with 1 MiB of stack, which is what some C libraries give to every thread."""
    failed: list[BaseException] = []

    def body() -> None:
        try:
            run()
        except BaseException as error:  # noqa: BLE001 - raised by the thread that waits
            failed.append(error)

    before = threading.stack_size(1 << 20)
    try:
        thread = threading.Thread(target=body)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    if failed:
        raise failed[0]


WIDE: dict[str, Any] = {
    "type": "record",
    "name": "Tree",
    "fields": [
        {
            "name": "inner",
            "type": {
                "type": "array",
                "items": ["null", {"type": "map", "values": {"type": "array", "items": "Tree"}}],
            },
        }
    ],
}


def _trees(levels: int) -> Any:
    value: Any = {"inner": []}
    for _ in range(levels):
        value = {"inner": [{"k": [value]}]}
    return value


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("recursion_limit", [None, 100_000])
def test_the_highest_depth_in_a_small_stack(recursion_limit: int | None) -> None:
    """Even the highest limit, met by ever deeper bytes, ends in an answer and not in a crash."""
    opening = bytes.fromhex("0202" + "0202" + "6b02")  # an array of a branch, a map, its key

    def run() -> None:
        nodes: Codec[Any] = Codec(NODE, limits=HIGHEST)
        with pytest.raises(DecodeError, match="nested"):
            nodes.decode(b"\2" * 1_000_000)
        with pytest.raises(EncodeError, match="nested"):
            nodes.encode(chain(1500)[0])
        trees: Codec[Any] = Codec(WIDE, limits=HIGHEST)
        with pytest.raises(DecodeError, match="nested"):
            trees.decode(opening * 100_000)
        with pytest.raises(EncodeError, match="nested"):
            trees.encode(_trees(1500))
        skip: Codec[Any] = Codec({"type": "record", "name": "R", "fields": []}, limits=HIGHEST)
        field = {"name": "tree", "type": WIDE}
        writer = parse_schema({"type": "record", "name": "R", "fields": [field]})
        with pytest.raises(DecodeError, match="nested"):
            skip.decode(opening * 100_000, writer=writer)

    before = sys.getrecursionlimit()
    sys.setrecursionlimit(recursion_limit or before)
    try:
        _in_a_small_stack(run)
    finally:
        sys.setrecursionlimit(before)


def _doubling(levels: int, leaf: str) -> Any:
    """A record that holds a record twice, which holds one twice, and so on."""
    inner: Any = {"type": "record", "name": "R0", "fields": [{"name": "leaf", "type": leaf}]}
    for level in range(1, levels + 1):
        fields = [{"name": "a", "type": inner}, {"name": "b", "type": f"R{level - 1}"}]
        inner = {"type": "record", "name": f"R{level}", "fields": fields}
    return inner


@pytest.mark.usefixtures("engine")
def test_the_size_of_a_schema_that_doubles() -> None:
    """How few bytes an item takes is found without going through each, and fits any number."""
    codec: Codec[Any] = Codec({"type": "array", "items": _doubling(50, "int")})
    assert codec.decode(codec.encode([])) == []
    with pytest.raises(DecodeError, match="no more items than the 9 bytes"):
        codec.decode(b"\2" + bytes(9))


@pytest.mark.usefixtures("engine")
def test_skipping_a_schema_that_doubles() -> None:
    """No bytes, however many records they stand for, are skipped in no time."""
    fields = [{"name": "gone", "type": _doubling(50, "null")}, {"name": "kept", "type": "int"}]
    writer = parse_schema({"type": "record", "name": "R", "fields": fields})
    codec: Codec[Any] = Codec({"type": "record", "name": "R", "fields": fields[1:]})
    assert codec.decode(b"\2", writer=writer) == {"kept": 1}


@pytest.mark.usefixtures("engine")
def test_skipping_what_never_ends() -> None:
    """A record that holds itself has no values, so no bytes are one."""
    endless = {"type": "record", "name": "A", "fields": [{"name": "a", "type": "A"}]}
    fields = [{"name": "gone", "type": endless}, {"name": "kept", "type": "int"}]
    writer = parse_schema({"type": "record", "name": "R", "fields": fields})
    codec: Codec[Any] = Codec({"type": "record", "name": "R", "fields": fields[1:]})
    with pytest.raises(DecodeError, match="nested at most"):
        codec.decode(b"\2", writer=writer)
