"""One codec in many threads, and values that change while they are encoded: on either engine."""

from __future__ import annotations

import datetime as dt
import decimal
import logging
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import pytest

from streamcontract import Codec
from streamcontract.codec.engine import choose_engine
from streamcontract.errors import EncodeError

THREADS = 4
TIMESTAMP = {"type": "long", "logicalType": "timestamp-micros"}
CONTAINERS: dict[str, dict[str, Any]] = {
    "array": {"type": "array", "items": TIMESTAMP},
    "map": {"type": "map", "values": TIMESTAMP},
    "record": {
        "type": "record",
        "name": "R",
        "fields": [{"name": f"k{i}", "type": TIMESTAMP, "default": 0} for i in range(20)],
    },
}
NODE = {
    "type": "record",
    "name": "Node",
    "fields": [
        {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "at", "type": TIMESTAMP},
        {
            "name": "price",
            "type": {"type": "bytes", "logicalType": "decimal", "precision": 30, "scale": 2},
        },
        {"name": "tags", "type": {"type": "map", "values": ["null", "string", "long"]}},
        {"name": "inner", "type": {"type": "array", "items": "Node"}},
    ],
}


class Zone(dt.tzinfo):
    """UTC, but in Python: code runs, and threads take turns, in the middle of encoding."""

    def __init__(self, meddle: Callable[[], object] = lambda: None) -> None:
        self._meddle = meddle

    def utcoffset(self, _: dt.datetime | None) -> dt.timedelta:
        """Zero, after whatever is to happen meanwhile."""
        self._meddle()
        return dt.timedelta()

    def dst(self, _: dt.datetime | None) -> None:
        """None."""

    def tzname(self, _: dt.datetime | None) -> str:
        """Its name."""
        return "zone"


@pytest.fixture(autouse=True)
def short_turns() -> Iterator[None]:
    """Threads take turns as often as the interpreter lets them."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def node(seed: int, depth: int = 2) -> dict[str, Any]:
    """A value of NODE, another one for each seed."""
    return {
        "id": uuid.UUID(int=seed * 7919),
        "at": dt.datetime(2024, 1, 1, 0, 0, seed % 60, tzinfo=Zone()),
        "price": decimal.Decimal(seed * 10 ** (seed % 25)).scaleb(-2),
        "tags": {f"t{i}": [None, "x" * seed, seed * i][i % 3] for i in range(seed % 7)},
        "inner": [node(seed + i, depth - 1) for i in range(2)] if depth else [],
    }


def test_shared() -> None:
    """What threads encode and decode at once is what each of them does alone."""
    codec = Codec[Any](NODE)
    values = [node(seed) for seed in range(60)]
    alone = [codec.encode(value) for value in values]
    shared = Codec[Any](NODE)  # not compiled yet: threads race for that too
    ready = threading.Barrier(THREADS)

    def work(_: int) -> tuple[list[bytes], list[Any]]:
        ready.wait()
        encoded = [shared.encode(value) for value in values]
        return encoded, [shared.decode(data) for data in encoded]

    with ThreadPoolExecutor(THREADS) as pool:
        for encoded, decoded in pool.map(work, range(THREADS)):
            assert encoded == alone
            assert decoded == values


def test_encoding_within_encoding() -> None:
    """A value whose own code uses the codec that is at work on it."""
    codec = Codec[Any](NODE)
    inner, inside = node(3), []
    value = {**node(5), "at": dt.datetime(2024, 1, 1, tzinfo=Zone())}
    expected = codec.encode(value), codec.encode(inner)

    def meddle() -> None:
        encoded = codec.encode(inner)
        inside.append(encoded)
        codec.decode(encoded)

    value["at"] = dt.datetime(2024, 1, 1, tzinfo=Zone(meddle))
    assert codec.encode(value) == expected[0]
    assert inside
    assert set(inside) == {expected[1]}


@pytest.mark.parametrize("kind", sorted(CONTAINERS))
def test_changed_by_another_thread(kind: str) -> None:
    """What another thread fills and empties is written as it was at one moment."""
    codec = Codec[Any](CONTAINERS[kind])
    moments = {f"k{i}": dt.datetime(2024, 1, 1, 0, 0, i, tzinfo=Zone()) for i in range(20)}
    container: Any = [] if kind == "array" else {}
    stop = threading.Event()

    def change() -> None:
        while not stop.is_set():
            for key, moment in moments.items():
                if kind == "array":
                    container.append(moment)
                else:
                    container[key] = dt.datetime(2024, 1, 1, 0, 0, moment.second, tzinfo=Zone())
            container.clear()

    changer = threading.Thread(target=change)
    changer.start()
    try:
        for _ in range(300):
            found = codec.decode(codec.encode(container))
            if kind == "record":
                found = {key: moment for key, moment in found.items() if moment.year > 1970}
            # What there was at one moment: the first so many.
            in_order = list(found if kind == "array" else found.values())
            assert in_order == list(moments.values())[: len(in_order)]
    finally:
        stop.set()
        changer.join()


class _Key:
    """A key that collides with a field's name, and empties the dict when it is compared."""

    def __init__(self, values: dict[Any, Any]) -> None:
        self._values = values

    def __hash__(self) -> int:
        return hash("k7")

    def __eq__(self, _: object) -> bool:
        self._values.clear()
        return False


def test_changed_by_a_comparison(caplog: pytest.LogCaptureFixture) -> None:
    """A dict that empties itself while a field is looked up in it."""
    # One engine refuses the key, the next one finds it gone: that is logged.
    caplog.set_level(logging.ERROR, "streamcontract.codec")
    values: dict[Any, Any] = {}
    values[_Key(values)] = None
    values["k6"] = dt.datetime(2024, 1, 1, tzinfo=Zone())
    codec = Codec[Any](CONTAINERS["record"])
    # Encoded is what the dict was when an engine was asked; the portable one may be the second.
    is_first = choose_engine().name == "portable"
    with pytest.raises(EncodeError, match="_Key") if is_first else nullcontext():
        assert codec.decode(codec.encode(values)).keys() == {f"k{i}" for i in range(20)}
