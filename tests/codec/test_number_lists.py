"""Lists of numbers: what the portable engine encodes and decodes together is as one by one."""

from __future__ import annotations

import io
from typing import Any

import fastavro
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.codec.test_engines import JUNK, Pair, damaged, needs_native
from tests.searching import examples

from streamcontract import Codec
from streamcontract.codec.engine import ENGINE_VARIABLE
from streamcontract.codec.number_lists import FEWEST, list_decoder, list_encoder
from streamcontract.errors import DecodeError, EncodeError
from streamcontract.resolution import ReadPrimitive
from streamcontract.schema import PrimitiveType
from streamcontract.schema.model import INTEGER_LIMITS, PrimitiveName

deep = settings(deadline=None, max_examples=examples(60))
LENGTHS = [1, FEWEST - 1, FEWEST, 40, 130, 700, 1023, 1024, 1025, 2100]


@pytest.fixture(autouse=True, scope="module")
def portable() -> Any:
    """The native engine has no need of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ENGINE_VARIABLE, "portable")
        yield


@st.composite
def numbers(draw: st.DrawFn, name: str) -> list[int]:
    """A list of any length, of numbers that are all short, all long, or both."""
    low, high = INTEGER_LIMITS[name]
    bits = draw(st.integers(1, high.bit_length()))
    around = [sign * 2**power + by for power in range(bits) for sign in (1, -1) for by in (-1, 0)]
    pool = draw(
        st.lists(
            st.sampled_from([0, *around]) | st.integers(max(low, -(2**bits)), 2**bits - 1),
            min_size=1,
            max_size=8,
        )
    )
    pool = [number for number in pool if low <= number <= high] or [low]
    length = draw(st.sampled_from(LENGTHS))
    shift = draw(st.integers(0, 7))
    return [pool[(at * at + shift) % len(pool)] for at in range(length)]


def array(name: str) -> dict[str, Any]:
    """The schema of a list of numbers."""
    return {"type": "array", "items": name}


def fastavros(schema: Any, value: Any) -> bytes:
    """What fastavro makes of it."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
    return out.getvalue()


@pytest.mark.parametrize("name", ["int", "long"])
@deep
@given(st.data())
def test_integers_are_written_as_by_fastavro_and_come_back(name: str, data: st.DataObject) -> None:
    """Whatever their lengths, and how many bytes they take."""
    values = data.draw(numbers(name))
    codec = Codec(array(name))
    encoded = codec.encode(values)
    assert encoded == fastavros(array(name), values)
    assert codec.decode(encoded) == values


@pytest.mark.parametrize("name", ["float", "double"])
@deep
@given(st.integers(1, 60), st.floats(width=32), st.floats(width=32))
def test_floats_are_written_as_by_fastavro_and_come_back(
    name: str, length: int, one: float, other: float
) -> None:
    """NaN and infinities among them."""
    values = [one, other] * length
    codec = Codec(array(name))
    encoded = codec.encode(values)
    assert encoded == fastavros(array(name), values)
    assert repr(codec.decode(encoded)) == repr(values)


@pytest.mark.parametrize("name", ["int", "long", "float", "double"])
@deep
@given(st.data())
def test_one_value_that_does_not_fit_is_refused_with_its_place(
    name: str, data: st.DataObject
) -> None:
    """As it is in a list of its own; what fits though it is no int or float is written as there."""
    codec: Codec[Any] = Codec(array(name))
    high = INTEGER_LIMITS.get(name, (0, 1))[1]
    other = data.draw(st.sampled_from([*JUNK, high + 1, -high - 2, 2**31, -(2**31) - 1]))
    fitting: Any = 1.5 if name in ("float", "double") else data.draw(st.sampled_from([0, 5, high]))
    length = data.draw(st.sampled_from(LENGTHS[1:]))
    at = data.draw(st.integers(0, length - 1))
    values = [fitting] * length
    values[at] = other
    try:
        single = codec.encode([other])[1:-1]
    except EncodeError:
        with pytest.raises(EncodeError) as caught:
            codec.encode(values)
        assert [fault.path for fault in caught.value.faults] == [f"value[{at}]"]
        return
    one = codec.encode([fitting])[1:-1]
    assert codec.encode(values)[:-1].endswith(one * at + single + one * (length - at - 1))


def padded(number: int, length: int) -> bytes:
    """The encoding of a number in at least so many bytes; more than needed say nothing."""
    rest = number << 1 if number >= 0 else ~(number << 1)
    out = bytearray()
    while rest > 127 or len(out) + 1 < length:
        out.append(rest & 127 | 128)
        rest >>= 7
    return bytes([*out, rest])


@needs_native
@pytest.mark.parametrize("name", ["int", "long"])
@deep
@given(st.data())
def test_numbers_that_are_long_too_long_or_cut_off(name: str, data: st.DataObject) -> None:
    """The native engine reads one number after the other: the same values, the same refusals."""
    values = data.draw(numbers(name))
    lengths = data.draw(st.lists(st.integers(1, 11), min_size=1, max_size=4))
    length = data.draw(st.sampled_from([1, 2, 3, 5]))
    written = [padded(value, length) for value in values]
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(values) - 1))
        odd = data.draw(st.sampled_from([values[at], 2**31, -(2**31) - 1, 2**63, 2**64, 2**69]))
        written[at : at + len(lengths)] = [padded(odd, each) for each in lengths]
    message = Codec("long").encode(len(written)) + b"".join(written) + b"\0"
    pair = Pair(array(name))
    pair.decode(message)
    pair.decode(data.draw(st.composite(damaged)(message)))


@pytest.mark.parametrize(
    ("name", "number", "length"),
    [
        ("int", 2**31, 5),
        ("int", -(2**31) - 1, 5),
        ("int", 1, 6),
        ("long", 2**63, 10),
        ("long", 1, 11),
    ],
)
@pytest.mark.parametrize("at", [0, 250, 399])
def test_a_number_beyond_its_bits_or_bytes_is_refused(
    name: str, number: int, length: int, at: int
) -> None:
    """Among as many others as are read together, and with its place."""
    written = [padded(500_000, 1)] * 400
    written[at] = padded(number, length)
    data = Codec("long").encode(len(written)) + b"".join(written) + b"\0"
    with pytest.raises(DecodeError) as caught:
        Codec(array(name)).decode(data)
    assert [fault.path for fault in caught.value.faults] == [f"value[{at}]"]


@needs_native
@pytest.mark.parametrize("reader", ["long", "float", "double"])
@deep
@given(numbers("int"))
def test_promoted_numbers(reader: str, values: list[int]) -> None:
    """A list of ints read as what they are promoted to."""
    writer = Codec(array("int"))
    Pair(array(reader)).decode(writer.encode(values), writer.schema)


@pytest.mark.parametrize("before", [0, 1023])
def test_an_endless_number_is_refused_at_its_place(before: int) -> None:
    """Its bytes go on up to the end of the data."""
    data = Codec("long").encode(2000) + b"\2" * before + b"\xff" * 100_000
    with pytest.raises(DecodeError, match=rf"\[{before}\].*at most 10 bytes"):
        Codec(array("long")).decode(data)


@given(st.integers(1, 9))
@example(1)
def test_the_number_that_stands_for_zero_may_be_there(length: int) -> None:
    """Zeros are put in last, for an encoding of all ones that no number of the list has."""
    ones = -(2 ** (7 * length - 1))
    values = [ones, 0, ones, 0, -ones - 1] * 200
    encode = list_encoder(PrimitiveType(name="long"))
    assert encode is not None
    assert encode(values) == b"".join(padded(value, 1) for value in values)


@pytest.mark.parametrize("name", ["int", "long"])
@given(st.integers(400, 5_000), st.integers(1, 2**31 - 1), st.booleans())
def test_long_lists_are_made_together(
    name: PrimitiveName, length: int, limit: int, zero: bool
) -> None:
    """Whatever their length, and whatever numbers are in them: none is left for one by one."""
    values = [(at * 7_919 + (not zero)) % (limit + 1) - limit // 2 for at in range(length)]
    node = PrimitiveType(name=name)
    encode = list_encoder(node)
    decode = list_decoder(ReadPrimitive(writer=node, reader=node))
    assert encode is not None
    assert decode is not None
    encoded = encode(values)
    assert encoded is not None
    decoded = decode(encoded, 0, len(encoded), length)
    assert decoded is not None
    assert ([*decoded[0]], decoded[1]) == (values, len(encoded))
