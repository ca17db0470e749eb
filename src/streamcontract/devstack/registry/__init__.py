"""The embedded schema registry: Redpanda's API in this process, for a machine without one.

It answers with the endpoints, status codes, error codes and message shapes of Redpanda's registry
of release 26.2 (from its documentation, and as its own tests of 2026 expect), so that a client
cannot tell the two apart by how they answer. What it does otherwise, on purpose:

- A schema is kept and given back as it was sent. Redpanda re-orders and rewrites it.
- Verdicts follow the Avro specification through ``streamcontract.compatibility``: aliases and the
  insides of maps count, namespaces alone do not. Redpanda differs there.
- JSON Schema and Protobuf are named by ``/schemas/types`` but refused with 422.
- ``GET /schemas``, ``includeSubjects`` and ``fetchMaxId`` are Confluent's and are there too.
- A version cannot be deleted permanently while a soft-deleted schema refers to it, nor be replaced
  in mode IMPORT while any does (42206): an id never changes its meaning.
- Every answer is JSON, whatever ``Accept`` asks for; there is no authentication and no TLS.
- Bodies are limited to 1 MiB and need a ``Content-Length``; requests must name a loopback host.

With ``confluent=True`` it keeps and answers what Confluent's registry does beyond this.
"""

from __future__ import annotations

from streamcontract.devstack.registry.application import Answer, Control, Request
from streamcontract.devstack.registry.server import RegistryServer

__all__ = ["Answer", "Control", "RegistryServer", "Request"]
