"""Hypothesis strategies for schemas and their values, and how schemas evolve.

    from hypothesis import given
    from streamcontract import Stock
    from streamcontract.testing.strategies import records

    @given(records(Stock))
    def test_every_bar_is_priced(bar): ...

They need the extra ``streamcontract[test]``; no other module of the library imports Hypothesis.
"""

from streamcontract.testing.strategies.documents import (
    schema_documents,
    schemas,
    schemas_with_references,
)
from streamcontract.testing.strategies.evolving import evolutions, histories
from streamcontract.testing.strategies.values import from_schema, keys, records

__all__ = [
    "evolutions",
    "from_schema",
    "histories",
    "keys",
    "records",
    "schema_documents",
    "schemas",
    "schemas_with_references",
]
