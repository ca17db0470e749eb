"""Raw messages become typed ones, the same on both engines, or are left to be read with care."""

from __future__ import annotations

import datetime as dt
import gc
import importlib.util
import itertools
import sys
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamcontract import Codec, Stock
from streamcontract.errors import FrameError
from streamcontract.kafka.connection.runs import splitter
from streamcontract.kafka.contract.message_deserializer import PortableMessageReader, message_reader
from streamcontract.kafka.message import Message
from streamcontract.wire import CONFLUENT, header, wire_format

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.kafka.contract.message_deserializer import MessageReader

HAS_NATIVE = importlib.util.find_spec("streamcontract.kafka._native") is not None
ENGINES = [
    "portable",
    pytest.param("native", marks=pytest.mark.skipif(not HAS_NATIVE, reason="it was not built")),
]
PRICES = ("open", "high", "low", "close", "adjusted_close")
KNOWN = (1, 2**31 - 1)


class Raw:
    """A message as confluent_kafka gives it, which cannot be made in Python with all of this."""

    def __init__(
        self,
        value: bytes | None = header(1) + b"a",
        key: bytes | None = None,
        place: tuple[int, int] = (0, 0),
        timestamp: tuple[int, int] = (0, 0),
        headers: list[tuple[str, bytes | None]] | None = None,
        error: str | None = None,
    ) -> None:
        self.parts = (value, key, place, timestamp, headers, error)

    def __repr__(self) -> str:
        return f"Raw{self.parts}"

    def value(self) -> bytes | None:
        """Framed."""
        return self.parts[0]

    def key(self) -> bytes | None:
        """Plain."""
        return self.parts[1]

    def topic(self) -> str:
        """It follows from the offset."""
        return "ab"[self.parts[2][1] % 2]

    def partition(self) -> int:
        """The first part of the place."""
        return self.parts[2][0]

    def offset(self) -> int:
        """The second part of the place."""
        return self.parts[2][1]

    def timestamp(self) -> tuple[int, int]:
        """Its kind, and milliseconds."""
        return self.parts[3]

    def headers(self) -> list[tuple[str, bytes | None]] | None:
        """None if there are none."""
        return self.parts[4]

    def error(self) -> str | None:
        """None for a message."""
        return self.parts[5]


def decode(data: bytes) -> str:
    """The payload as text; what is no UTF-8 raises."""
    return data[5:].decode()


def interrupted(data: bytes) -> str:
    """The same, but here somebody presses Ctrl-C."""
    if data.endswith(b"ctrl-c"):
        raise KeyboardInterrupt
    return decode(data)


def read_key(data: bytes) -> int:
    """A number; what is none raises."""
    return int(data)


RAWS: st.SearchStrategy[Any] = st.builds(
    Raw,
    st.none()
    | st.builds(bytes.__add__, st.sampled_from([header(each) for each in KNOWN]), st.binary())
    | st.binary(max_size=6)
    | st.just(header(9)),
    st.none() | st.sampled_from([b"1", b"22", b"", b"x"]),
    st.tuples(st.integers(0, 3), st.integers(0, 2**63 - 1)),
    st.tuples(st.integers(0, 2), st.integers(-1, 2**53)),
    st.none() | st.just([]) | st.just([("a", b"b"), ("a", None)]),
    st.none() | st.none() | st.none() | st.just("broken"),
)


@pytest.fixture(params=ENGINES)
def make(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """A maker of readers that know two frames, of one engine and the other."""
    monkeypatch.setenv("STREAMCONTRACT_ENGINE", request.param)

    def make(decode: Callable[[bytes], str] = decode) -> MessageReader:
        return message_reader("t", {header(each): (each, decode) for each in KNOWN}, read_key)

    return make


def expected(raw: Any) -> Message[str] | None:
    """What a raw message says, taken apart by other means than the readers'."""
    value, key, (partition, offset), (kind, milliseconds), headers, error = raw.parts
    if error is not None:
        return None
    text = schema_id = number = None
    if value is not None:
        schema_id = int.from_bytes(value[1:5], "big")
        if len(value) < 5 or value[0] or schema_id not in KNOWN:
            return None
        text = value[5:].decode(errors="replace")
        if text.encode() != value[5:]:
            return None
    if key is not None:
        if not key.isdigit():
            return None
        number = int(key)
    moment = milliseconds if kind else None
    return Message(text, number, "t", partition, offset, schema_id, moment, headers or ())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it only makes
@given(raws=st.lists(RAWS, max_size=20))
def test_every_message_is_what_was_received(
    make: Callable[[], MessageReader], raws: list[Any]
) -> None:
    """All of its parts, whichever came before; what takes care gives None, and breaks nothing."""
    reader = make()
    for raw in raws:
        assert reader.read(raw) == expected(raw)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it only makes
@given(raws=st.lists(RAWS, max_size=20), start=st.integers(0, 22), stop=st.integers(-1, 25))
def test_a_batch_ends_before_what_takes_care(
    make: Callable[[], MessageReader], raws: list[Any], start: int, stop: int
) -> None:
    """It gives the same messages as one by one, from any index on, and takes nothing out."""
    start = min(start, len(raws))
    stop = min(stop, len(raws))
    plain = []
    for raw in raws[start : max(start, stop)]:
        message = expected(raw)
        if message is None:
            break
        plain.append(message)
    before, messages = list(raws), list[Any]()
    assert make().read_many(raws, start, stop, messages) == start + len(plain)
    assert messages == plain
    assert raws == before


@pytest.mark.parametrize("engine", ENGINES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it only sets a variable
@given(raws=st.lists(RAWS, max_size=20), by_topic=st.booleans())
def test_runs_are_of_one_partition(
    monkeypatch: pytest.MonkeyPatch, engine: str, raws: list[Any], by_topic: bool
) -> None:
    """All messages in their order; errors alone; and no two runs that could be one."""
    monkeypatch.setenv("STREAMCONTRACT_ENGINE", engine)

    def of(raw: Any) -> tuple[object, ...] | None:
        if raw.error() is not None:
            return None
        return (raw.partition(), raw.topic()) if by_topic else (raw.partition(),)

    runs = splitter()(raws, by_topic=by_topic)
    assert [raw for run in runs for raw in run] == raws
    for run in runs:
        keys = {of(raw) for raw in run}
        assert len(keys) == 1
        assert keys != {None} or len(run) == 1
    for run, after in itertools.pairwise(runs):
        assert of(run[-1]) != of(after[0]) or of(run[-1]) is None


GUID = b"\1" + bytes(range(16))
FRAMES: dict[Any, tuple[Any, Any]] = {
    header(1): (1, decode),
    GUID: ("in front", lambda data: data[17:].decode()),
    b"\0" + bytes(7) + b"\1": ("eight bytes", lambda data: data[9:].decode()),
    ("__value_schema_id", GUID): ("GUID in a header", bytes.decode),
    ("__value_schema_id", header(1)): ("id in a header", bytes.decode),
    ("apicurio.value.contentId", bytes(7) + b"\1"): ("Apicurio's", bytes.decode),
}
FORMATS = [
    CONFLUENT,
    *map(
        wire_format,
        [
            "prefix-id",
            "header-guid, header-id",
            "apicurio-header-content-id, apicurio-prefix8-content-id",
            "apicurio-header-content-id, confluent",
        ],
    ),
]
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "__value_schema_id",
                "__key_schema_id",
                "apicurio.value.contentId",
                "apicurio.value.globalId",
                "apicurio.value.encoding",
                "a",
                "\u00e4" * 17,
                "x" * 100,
            ]
        ),
        st.none()
        | st.sampled_from([GUID, header(1), header(9), bytes(7) + b"\1", b"BINARY", b"JSON", b""]),
    ),
    max_size=3,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it only sets a variable
@given(
    raws=st.lists(
        st.builds(
            Raw,
            st.none()
            | st.binary(max_size=6)
            | st.builds(
                bytes.__add__,
                st.sampled_from([key for key in FRAMES if isinstance(key, bytes)]),
                st.sampled_from([b"", b"a", b"\xff"]),
            ),
            st.none() | st.just(b"1"),
            headers=st.none() | HEADERS,
        ),
        max_size=8,
    ),
    wire=st.sampled_from(FORMATS),
    has_frame=st.booleans(),
)
@pytest.mark.parametrize("engine", ENGINES)
def test_headers_say_how_a_message_is_read(
    monkeypatch: pytest.MonkeyPatch, engine: str, raws: list[Any], wire: Any, has_frame: bool
) -> None:
    """On both engines as the wire format has it, whatever came before; else with care."""
    monkeypatch.setenv("STREAMCONTRACT_ENGINE", engine)
    reads = (lambda data, headers: (data, headers)) if has_frame else read_key
    frames = wire.value
    met = {  # as a deserializer of this format could have met them
        key: known
        for key, known in FRAMES.items()
        if (
            key[0] in frames.names
            if isinstance(key, tuple)
            else frames.sizes.get(key[0]) == len(key)
        )
    }
    reader = message_reader("t", met, reads, frames, key_has_frame=has_frame)
    for raw in raws:
        value, key, _, _, headers, _ = raw.parts
        try:
            frame = None if value is None else frames.frame(value, headers)
            schema_id, read = met[frames.key(value, headers)] if frame else (None, None)
            text = read(value) if read is not None else None
        except (FrameError, KeyError, UnicodeDecodeError):
            assert reader.read(raw) is None
            continue
        is_plain = key is None or has_frame or not frames.names
        said = any(name == "__key_schema_id" and held is not None for name, held in headers or ())
        if said and not is_plain:
            assert reader.read(raw) is None
            continue
        message = reader.read(raw)
        if message is None:
            # A header that is not read takes care, beside one that is.
            assert any(name.startswith("apicurio") for name, _ in headers or ())
            careful = PortableMessageReader("t", met, reads, frames, key_has_frame=has_frame)
            message = careful.assemble(raw)
        known = (key, headers) if has_frame else 1
        expected = None if key is None else known
        assert (message.value, message.schema_id, message.key) == (text, schema_id, expected)


def test_messages_are_whole(make: Callable[[], MessageReader]) -> None:
    """Like any other of their class: shown, and seen by the garbage collector."""
    message = make().read(Raw(key=b"7", place=(2, 3), timestamp=(1, 5)))  # type: ignore[arg-type] # it has the methods
    assert repr(message) == repr(Message("a", 7, "t", 2, 3, 1, 5, ()))
    assert gc.is_tracked(message)


def test_messages_are_frozen(make: Callable[[], MessageReader]) -> None:
    """Nobody assigns to what came: whatever reads it next finds what was sent."""
    message: Any = make().read(Raw())  # type: ignore[arg-type] # it has the methods
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        message.value = message


@pytest.mark.skipif(not HAS_NATIVE, reason="the native engine is not built here")
def test_messages_that_hold_no_list_cost_the_collector_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor do tombstones; what has headers, or a key that is more than text, is tracked."""
    monkeypatch.setenv("STREAMCONTRACT_ENGINE", "native")
    codec = Codec(Stock)
    stock = Stock(symbol="A", date=dt.date(2024, 1, 2), **dict.fromkeys(PRICES, 1.0), volume=1)
    data = codec.encoder(header(1))(stock)
    decoders: Any = {header(1): (1, codec.decoder(start=len(header(1))))}
    raws: list[Any] = [Raw(data, b"A"), Raw(None, b"A"), Raw(data, b"A", headers=[("a", b"")])]
    text, other = (
        message_reader("t", decoders, read) for read in (bytes.decode, lambda key: [key])
    )
    assert [gc.is_tracked(text.read(raw)) for raw in raws] == [False, False, True]
    assert [gc.is_tracked(other.read(raw)) for raw in raws] == [True, True, True]


def test_an_interrupted_batch_loses_nothing(make: Callable[..., MessageReader]) -> None:
    """Ctrl-C while a message is decoded: those before it are read, and all of them stay."""
    reader: Any = make(interrupted)
    raws: list[Any] = [Raw(place=(0, 1)), Raw(header(1) + b"ctrl-c", place=(0, 2)), Raw()]
    before, messages = list(raws), list[Any]()
    with pytest.raises(KeyboardInterrupt):
        reader.read_many(raws, 0, 3, messages)
    assert raws == before
    assert messages == [expected(raws[0])]


def test_nothing_is_kept(make: Callable[[], MessageReader]) -> None:
    """Neither reader nor message holds the raw message, its bytes or their parts twice."""
    reader: Any = make()
    raw = Raw(header(1) + b"x" * 100, b"7", (2**40, 2**50), (1, 2**50), [("a", b"b")])
    parts = [raw, raw.parts[0], raw.parts[4]]
    before = [sys.getrefcount(part) for part in parts]
    for _ in range(100):
        message = reader.read(raw)
    assert message.headers is raw.parts[4]
    del message
    assert [sys.getrefcount(part) for part in parts] == before


def test_a_reader_of_a_changed_class_is_refused() -> None:
    """The native reader fills slots only, and says so of a class that has none."""
    native = pytest.importorskip("streamcontract.kafka._native")
    with pytest.raises(TypeError, match="slots"):
        native.MessageReader(Raw, ("value",) * 8, "t", {}, read_key)


def test_the_portable_reader_says_what_is_wrong() -> None:
    """Reading with care goes through it: a frame not met before is a KeyError."""
    reader = PortableMessageReader("t", {}, read_key)
    with pytest.raises(KeyError):
        reader.assemble(Raw())  # type: ignore[arg-type] # it has the methods
