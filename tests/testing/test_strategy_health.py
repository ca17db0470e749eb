"""Every strategy is healthy at default settings."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.searching import examples
from tests.strategies.breaking import breaking_evolutions
from tests.strategies.invalid import invalid_schemas
from tests.strategies.payloads import corrupt_payloads, payloads
from tests.strategies.stored import stored_schemas

from streamcontract import Stock, parse_schema
from streamcontract.testing.strategies import (
    evolutions,
    from_schema,
    histories,
    records,
    schema_documents,
    schemas,
    schemas_with_references,
)

# As a project has it that sets nothing; only what a busy machine makes slow is no fault of ours.
DEFAULT = settings(
    settings.get_profile("default"),
    max_examples=examples(100),
    derandomize=settings().derandomize,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
ORDER = parse_schema(
    {
        "type": "record",
        "name": "Order",
        "fields": [
            {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
            {
                "name": "lines",
                "type": {
                    "type": "array",
                    "items": {
                        "type": "record",
                        "name": "Line",
                        "fields": [
                            {"name": "sku", "type": "string"},
                            {"name": "related", "type": {"type": "array", "items": "Line"}},
                        ],
                    },
                },
            },
            {"name": "tags", "type": {"type": "map", "values": ["null", "string"]}},
        ],
    }
)
STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "records": records(Stock),
    "from_schema": from_schema(ORDER),
    "from_schema of any": schemas().flatmap(from_schema),
    "schema_documents": schema_documents(),
    "schemas": schemas(),
    "schemas_with_references": schemas_with_references(),
    "invalid_schemas": invalid_schemas(),
    "stored_schemas": stored_schemas(),
    "evolutions": evolutions(ORDER),
    "breaking_evolutions": breaking_evolutions(ORDER),
    "histories": histories(level="FULL_TRANSITIVE"),
    "payloads": payloads(ORDER),
    "corrupt_payloads": corrupt_payloads(ORDER),
}


@pytest.mark.hypothesis
@pytest.mark.parametrize("name", STRATEGIES)
def test_health(name: str) -> None:
    """Nothing is filtered too much or too large, with no health check of these suppressed."""
    drawn = 0

    @DEFAULT
    @given(STRATEGIES[name])
    def draw(value: object) -> None:
        nonlocal drawn
        del value
        drawn += 1

    draw()
    assert drawn >= DEFAULT.max_examples
