"""Hypothesis strategies for schemas, and for the values of any schema.

    from hypothesis import given
    from streamcontract import Stock
    from streamcontract.testing.strategies import records

    @given(records(Stock))
    def test_every_bar_is_priced(bar): ...

Needs the extra ``streamcontract[test]``; nothing else in the library imports Hypothesis.
"""

from streamcontract.testing.strategies.documents import schema_documents, schemas
from streamcontract.testing.strategies.values import from_schema, records

__all__ = ["from_schema", "records", "schema_documents", "schemas"]
