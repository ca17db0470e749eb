"""Text that a serializer writes directly is that of the JSON codec, whichever serializer it is."""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.searching import examples

from streamcontract import Codec, JsonCodec, parse_schema
from streamcontract.json_codec import direct
from streamcontract.json_codec.direct import direct_text, is_direct
from streamcontract.testing.strategies import from_schema, schemas


@pytest.fixture(params=["orjson", "json"], scope="module")
def serializer(request: pytest.FixtureRequest) -> Any:
    """Both serializers, each for all of a test."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "json":
            patch.setattr(direct, "orjson", None)
        yield request.param


@settings(max_examples=examples(200))
@given(st.data())
def test_values_are_written_as_the_json_codec_has_them(
    serializer: str, data: st.DataObject
) -> None:
    """Of every schema that is said to be direct."""
    schema = data.draw(schemas(ill_fitting=False))
    assume(is_direct(schema))
    encoded = Codec(schema).encode(data.draw(from_schema(schema)))
    codec: JsonCodec[Any] = JsonCodec(schema)
    value = Codec(schema).decode(encoded)
    assert json.loads(direct_text({"value": value})) == {"value": codec.dump(value)}


DIRECT: list[tuple[Any, Any]] = [
    ({"type": "int", "logicalType": "date"}, dt.date(1, 1, 1)),
    (
        {"type": "long", "logicalType": "timestamp-micros"},
        dt.datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=dt.timezone.utc),
    ),
    ({"type": "long", "logicalType": "local-timestamp-millis"}, dt.datetime(2024, 5, 17, 9, 30)),  # noqa: DTZ001 - it has no zone
    (["null", "double"], math.inf),
    ("double", -math.inf),
    ({"type": "map", "values": "double"}, {"null": 1.5}),
]


@pytest.mark.parametrize(("schema", "value"), DIRECT)
def test_leaves_are_written_as_the_json_codec_has_them(
    serializer: str, schema: Any, value: Any
) -> None:
    """Each kind, and numbers that JSON has no token for."""
    parsed = parse_schema(schema)
    assert is_direct(parsed)
    assert json.loads(direct_text([value, None], 1)) == [JsonCodec(parsed).dump(value), None]


@pytest.mark.parametrize(
    "schema",
    [
        "bytes",
        "float",
        ["string", "long"],
        {"type": "long", "logicalType": "time-micros"},
        {"type": "long", "logicalType": "timestamp-nanos"},
        {"type": "record", "name": "Node", "fields": [{"name": "next", "type": ["null", "Node"]}]},
    ],
)
def test_what_the_serializer_writes_otherwise_is_not_direct(schema: Any) -> None:
    """Also times of day, one of which orjson writes wrong, and units below a microsecond."""
    assert not is_direct(parse_schema(schema))


def test_json_that_is_nested_deeper_than_orjson_goes_is_written(serializer: str) -> None:
    """As the JSON codec writes it."""
    document: Any = 1
    for _ in range(300):
        document = [document]
    assert json.loads(direct_text(document)) == document
