"""Hypothesis strategies for schemas, their values and bytes, and how both evolve.

    from hypothesis import given
    from streamcontract import Stock
    from streamcontract.testing.strategies import records

    @given(records(Stock))
    def test_every_bar_is_priced(bar): ...

They need the extra ``streamcontract[test]``; no other module of the library imports Hypothesis.
"""

from streamcontract.testing.strategies.breaking import BreakingEvolution, breaking_evolutions
from streamcontract.testing.strategies.documents import (
    schema_documents,
    schemas,
    schemas_with_references,
)
from streamcontract.testing.strategies.evolving import evolutions, histories
from streamcontract.testing.strategies.invalid import (
    SCHEMA_RULES,
    InvalidSchema,
    invalid_schemas,
)
from streamcontract.testing.strategies.payloads import (
    CORRUPTIONS,
    CorruptPayload,
    Payload,
    corrupt_payloads,
    payloads,
)
from streamcontract.testing.strategies.stored import (
    STORED_CLAUSES,
    StoredSchema,
    stored_schemas,
)
from streamcontract.testing.strategies.values import from_schema, keys, records

__all__ = [
    "CORRUPTIONS",
    "SCHEMA_RULES",
    "STORED_CLAUSES",
    "BreakingEvolution",
    "CorruptPayload",
    "InvalidSchema",
    "Payload",
    "StoredSchema",
    "breaking_evolutions",
    "corrupt_payloads",
    "evolutions",
    "from_schema",
    "histories",
    "invalid_schemas",
    "keys",
    "payloads",
    "records",
    "schema_documents",
    "schemas",
    "schemas_with_references",
    "stored_schemas",
]
