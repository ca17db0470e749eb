"""Decimals of as many digits as are supported, and of more."""

from __future__ import annotations

import decimal
import pickle
import sys
from typing import Any

import pytest

from streamcontract import Codec, find_incompatibilities, parse_schema
from streamcontract.errors import DecodeError, ResolutionError, SchemaParseError
from streamcontract.schema.logical.decimals import MOST_DIGITS

MORE: list[tuple[int, int]] = [
    (MOST_DIGITS + 1, 0),
    (4_301, 4_300),
    (10**8, 10**7),
    (2**31, 2),
    (10**4_000, 10**3_999),
]
BASES: list[dict[str, Any]] = [{"type": "bytes"}, {"type": "fixed", "name": "F", "size": 500}]


def decimal_type(precision: int, scale: int = 0, **base: Any) -> dict[str, Any]:
    """A decimal, on bytes if nothing else is said."""
    digits = {"logicalType": "decimal", "precision": precision, "scale": scale}
    return {"type": "bytes", **base, **digits}


@pytest.mark.parametrize(("precision", "scale"), MORE)
def test_more_digits_are_a_fault(precision: int, scale: int) -> None:
    """Whoever writes such a schema is told where, how many and what to do, in a short line."""
    with pytest.raises(SchemaParseError) as caught:
        parse_schema(["null", decimal_type(precision, scale)])
    (fault,) = caught.value.faults
    assert fault.pointer == "/1/precision"
    assert fault.message.startswith("a decimal has at most 1,000 digits here, not ")
    assert "lower the precision" in fault.message
    assert len(fault.message) < 160


@pytest.mark.parametrize("base", BASES)
def test_stored_schema_with_more_digits_is_read_as_bytes(base: dict[str, Any]) -> None:
    """The logical type is ignored and kept as an attribute; no number is made of the digits."""
    document = decimal_type(MOST_DIGITS + 1, 10, **base)
    schema = parse_schema(document, ignore_bad_defaults=True)
    root: Any = schema.root
    assert root.logical is None
    assert root.attributes["precision"] == MOST_DIGITS + 1
    assert pickle.loads(pickle.dumps(schema)) == schema  # noqa: S301 - our own bytes
    data = Codec[Any](base).encode(bytes(500))
    assert Codec[Any](schema).decode(data) == bytes(500)
    assert Codec[Any](base).decode(data, writer=schema) == bytes(500)


def test_fixed_too_short_for_its_digits_is_ignored_as_ever() -> None:
    """Where the specification itself has no decimal, there is none to be refused."""
    root: Any = parse_schema(decimal_type(10**6, type="fixed", name="F", size=4)).root
    assert root.logical is None


@pytest.mark.parametrize(("precision", "scale"), MORE)
def test_more_digits_are_not_read_at_another_scale(precision: int, scale: int) -> None:
    """The bytes of a decimal that is none here do not become a number of the reader's scale."""
    written = parse_schema(decimal_type(precision, scale), ignore_bad_defaults=True)
    reader = parse_schema(decimal_type(9, 2))
    with pytest.raises(ResolutionError, match="too many digits to be read as a decimal"):
        Codec[Any](reader).decode(b"\x04\x01\x00", writer=written)
    (finding,) = find_incompatibilities(reader=reader, writer=written, drift=True)
    assert (finding.severity, finding.rule, finding.path) == ("breaking", "TYPE_MISMATCH", "/")
    assert "too many digits" in finding.message
    assert finding.counterexample is not None
    assert isinstance(finding.counterexample.error, ResolutionError)
    assert find_incompatibilities(reader=parse_schema("bytes"), writer=written, drift=True) == []


def test_scales_far_apart() -> None:
    """The greatest factor there is between two scales is no number that fills the screen."""
    fine, coarse = (parse_schema(decimal_type(MOST_DIGITS, scale)) for scale in (MOST_DIGITS, 0))
    for reader, writer in ((fine, coarse), (coarse, fine)):
        (finding,) = find_incompatibilities(reader=reader, writer=writer, drift=True)
        assert finding.rule == "DECIMAL_SCALE_CHANGED"
        assert "an amount 10**1000 times off" in finding.message
        assert finding.counterexample is not None
        assert len(str(finding.counterexample.error)) < 500


def test_most_digits_come_back() -> None:
    """A value of all digits is written and read exactly, whatever Python's own limits are."""
    codec: Codec[Any] = Codec(decimal_type(MOST_DIGITS, MOST_DIGITS))
    value = decimal.Decimal((1, (9,) * MOST_DIGITS, -MOST_DIGITS))
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        assert codec.decode(codec.encode(value)) == value
        longer = Codec[Any]({"type": "bytes"}).encode(b"\x7f" * 3_000)
        with pytest.raises(DecodeError, match="at most 1000 digits"):
            codec.decode(longer)
        coarse = parse_schema(decimal_type(MOST_DIGITS, 0))
        with pytest.raises(DecodeError, match=r"in units of 1/10\*\*1000 of its"):
            Codec[Any](coarse).decode(b"\x02\x01", writer=codec.schema)
    finally:
        sys.set_int_max_str_digits(before)


@pytest.mark.parametrize("digits", [4_301, 100_000])
def test_numbers_with_thousands_of_digits(digits: int) -> None:
    """They are a fault of the schema, as text and as Python values."""
    text = '{"type": "bytes", "logicalType": "decimal", "precision": 1' + "0" * digits + "}"
    values = {"type": "bytes", "logicalType": "decimal", "precision": 10**digits}
    for source in (text, values):
        with pytest.raises(SchemaParseError, match="thousands of digits"):
            parse_schema(source)
