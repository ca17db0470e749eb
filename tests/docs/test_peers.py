"""Statements of docs/peers.md and the README about the peers, tried on the installed versions."""

from __future__ import annotations

import datetime as dt
import io
import json
from typing import TYPE_CHECKING, Any

import fastavro
import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient, topic_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from tests.peers import said_of_others

from streamcontract import Codec
from streamcontract.errors import EncodeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.devstack import DevStack

    RoundTrip = Callable[..., Any]

SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Reading",
    "fields": [
        {"name": "count", "type": "int"},
        {"name": "note", "type": ["null", "string"], "default": None},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    ],
}
MOMENT = dt.datetime(2026, 5, 1, 12, tzinfo=dt.timezone.utc)
FITTING = {"count": 1, "note": "n", "at": MOMENT}


@pytest.fixture(params=["fastavro", "confluent"])
def round_trip(request: pytest.FixtureRequest) -> RoundTrip:
    """A function that encodes a record with a peer, and decodes it again."""
    if request.param == "fastavro":
        return _with_fastavro
    stack: DevStack = request.getfixturevalue("stack")
    return lambda value, **options: _with_confluent(stack.registry_url, value, **options)


def _with_fastavro(value: dict[str, Any], *, strict: bool = False) -> Any:
    schema = fastavro.parse_schema(SCHEMA)
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, schema, value, strict=strict)
    buffer.seek(0)
    return fastavro.schemaless_reader(buffer, schema, None)


def _with_confluent(url: str, value: dict[str, Any], *, strict: bool = False) -> Any:
    with SchemaRegistryClient({"url": url}) as client:
        settings = {
            "subject.name.strategy": topic_subject_name_strategy,
            "validate.strict": strict,
        }
        serialize = AvroSerializer(client, json.dumps(SCHEMA), conf=settings)
        deserialize = AvroDeserializer(
            client, conf={"subject.name.strategy": topic_subject_name_strategy}
        )
        context = SerializationContext("peers", MessageField.VALUE)
        return deserialize(serialize(value, context), context)


def after(call: Callable[[], Any]) -> Any:
    """What a peer gives, or the error that it raises."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - whatever another version refuses it with
        return error


def test_what_fits(round_trip: RoundTrip) -> None:
    """A record that fits comes back as it was, from the peers as from here."""
    assert round_trip(FITTING) == FITTING
    codec = Codec[Any](SCHEMA)
    assert codec.decode(codec.encode(FITTING)) == FITTING


def test_a_fraction_for_an_int(round_trip: RoundTrip) -> None:
    """The peers write 1.5 as 1; here it is an error."""
    with pytest.raises(EncodeError, match="count"):
        Codec[Any](SCHEMA).encode({**FITTING, "count": 1.5})
    with said_of_others("docs/peers.md: the peers write 1.5 as 1"):
        assert after(lambda: round_trip({**FITTING, "count": 1.5})["count"]) == 1


def test_a_misspelt_optional_field(round_trip: RoundTrip) -> None:
    """The peers write null for it unless told to be strict; here it is an error."""
    misspelt = {"count": 1, "note_": "lost", "at": MOMENT}
    with pytest.raises(EncodeError, match="note_"):
        Codec[Any](SCHEMA).encode(misspelt)
    with said_of_others("docs/peers.md: the peers write null for a misspelt field, unless strict"):
        assert after(lambda: round_trip(misspelt)["note"]) is None
        assert isinstance(after(lambda: round_trip(misspelt, strict=True)), ValueError)


def test_a_naive_datetime(round_trip: RoundTrip) -> None:
    """The peers take the host's time zone; here it is an error."""
    naive = MOMENT.replace(tzinfo=None)
    with pytest.raises(EncodeError, match="at"):
        Codec[Any](SCHEMA).encode({**FITTING, "at": naive})
    theirs = after(lambda: round_trip({**FITTING, "at": naive})["at"])
    with said_of_others("docs/peers.md: the peers take a naive datetime for the host's time"):
        assert theirs == naive.astimezone(dt.timezone.utc)
