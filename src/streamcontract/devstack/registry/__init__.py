"""The embedded schema registry: Redpanda's API in this process, for a machine without one.

It answers with the endpoints, status codes, error codes and message shapes of Redpanda's registry
(read from its sources of December 2024; mode IMPORT as its documentation of release 25.3 has it),
so that a client cannot tell the two apart by how they answer. What it does otherwise, on purpose:

- A schema is kept and given back as it was sent. Redpanda re-orders and rewrites it.
- Verdicts follow the Avro specification through ``streamcontract.compatibility``: aliases and the
  insides of maps count, namespaces alone do not. Redpanda differs there.
- JSON Schema and Protobuf are named by ``/schemas/types`` but refused with 422.
- An invalid schema in a look-up is 422 or 42201 as everywhere else; Redpanda answers 500.
- An id or version in a registration needs mode IMPORT (42205), as in Confluent's registry.
- A version cannot be deleted permanently while a soft-deleted schema refers to it (42206).
- Every answer is JSON, whatever ``Accept`` asks for; there is no authentication and no TLS.
- Bodies are limited to 1 MiB and need a ``Content-Length``; requests must name a loopback host.
"""

from __future__ import annotations

from streamcontract.devstack.registry.application import Answer, Control, Request
from streamcontract.devstack.registry.server import RegistryServer

__all__ = ["Answer", "Control", "RegistryServer", "Request"]
