"""Where Confluent's registry client and ours, or its registry and Redpanda's, part, and why.

The deciding document is Redpanda's API of the Schema Registry, whose endpoints the class
``streamcontract.registry.protocol.Path`` lists.
"""

from __future__ import annotations

from typing import Final

LACKING: Final = {
    "create_association": "POST /associations: Confluent's alone",
    "delete_associations": "DELETE /associations/resources/{id}: Confluent's alone",
    "get_associations_by_resource_name": "GET /associations/resources/{...}: Confluent's alone",
    "get_latest_with_metadata": "GET /subjects/{subject}/metadata: Confluent's data contracts",
    "get_schema_by_guid": "GET /schemas/guids/{guid}: Redpanda's schemas have ids only",
}
"""Calls of Confluent's client whose endpoint Redpanda does not have; 404 there and here."""

WITHOUT_REQUEST: Final = {
    "clear_caches": "our ids never change their meaning, so the cache needs no clearing",
    "clear_latest_caches": "likewise; versions are not cached",
    "close": "ends the session in both",
    "config": "what the client was configured with",
    "new_client": "a constructor for clients of mock registries too",
    "register_schema_full_response": "what register_schema is made of",
}
"""Public names of Confluent's client that are no calls of the API."""
