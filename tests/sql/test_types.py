"""Types of topics' columns in DuckDB."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import duckdb
import pyarrow as pa
from hypothesis import given
from tests.columns.conversion import has_columns

from streamcontract import Codec, parse_schema, sql
from streamcontract.integrations.duckdb_types import shown_type
from streamcontract.kafka import ContractProducer
from streamcontract.schema import Schema
from streamcontract.testing.fixtures.stacks import Stack
from streamcontract.testing.fixtures.topics import TopicMaker
from streamcontract.testing.strategies import schemas

ID = {"type": "string", "logicalType": "uuid"}
PLACES: dict[str, Any] = {
    "plain": ID,
    "nullable": ["null", ID],
    "either": [ID, "int"],
    "list": {"type": "array", "items": ID},
    "map": {"type": "map", "values": {"type": "array", "items": ["null", ID]}},
    "inner": {"type": "record", "name": "Inner", "fields": [{"name": "n", "type": ID}]},
    "none": {"type": "fixed", "name": "Other", "size": 16},
}
HOLDER = parse_schema(
    {
        "type": "record",
        "name": "Holder",
        "fields": [{"name": name, "type": each} for name, each in PLACES.items()],
    }
)
ONE, TWO = UUID(int=1), UUID(int=2)
VALUE = {
    "plain": ONE,
    "nullable": TWO,
    "either": ONE,
    "list": [ONE, TWO],
    "map": {"a": [None, TWO]},
    "inner": {"n": ONE},
    "none": bytes(16),
}


def test_uuids_are_uuids(stack: Stack, topic: TopicMaker) -> None:
    """In every place, and equal to what is written as text; other bytes stay bytes."""
    name = topic("ids")
    config = {
        "bootstrap.servers": stack.bootstrap_servers,
        "schema.registry.url": stack.registry_url,
    }
    with ContractProducer(config, topic=name, schema=HOLDER) as producer:
        producer.produce(VALUE)
    with sql.connect(config) as topics:
        query = f"select columns('^[^_]') from \"{name}\" where plain = '{ONE}'"
        (row,) = topics.execute(query).fetchall()
        assert row == (*(VALUE | {"either": {"string": ONE, "int": None}}).values(),)


@given(schemas().filter(has_columns))
def test_only_uuids_have_other_types(schema: Schema) -> None:
    """All else has the type that DuckDB reads."""
    if "uuid" in schema.inlined_json:
        return
    with duckdb.connect() as connection:
        columns = pa.schema(Codec[Any](schema).decode_columns([]))
        try:
            read = connection.from_arrow(columns.empty_table()).types
        except duckdb.Error:  # decimals of more than 38 digits, which it does not have
            return
    fields = getattr(schema.root, "fields", None)
    nodes = [schema.root] if fields is None else [field.type for field in fields]
    for node, kind in zip(nodes, read, strict=True):
        assert str(shown_type(node, kind)) == str(kind)
