"""Embedded schema registry: Redpanda's API in this process.

It answers with the endpoints, status codes, error codes and message shapes of Redpanda's registry
of release 26.2 (from its documentation, and as its own tests of 2026 expect), so that a client
gets the same answers from both. Deliberate differences:

- A schema is stored and returned as it was sent. Redpanda re-orders and rewrites it.
- Verdicts follow the Avro specification through ``streamcontract.compatibility``: aliases and the
  insides of maps count, namespaces alone do not. Redpanda differs there.
- JSON Schema and Protobuf are named by ``/schemas/types`` but refused with 422.
- ``GET /schemas``, ``includeSubjects`` and ``fetchMaxId`` of Confluent's registry are supported.
- A version cannot be deleted permanently while a soft-deleted schema refers to it, nor be replaced
  in mode IMPORT while any does (42206): an id never changes its meaning.
- Every answer is JSON, for any ``Accept``; there is no authentication and no TLS.
- Bodies are limited to 1 MiB and need a ``Content-Length``; requests must name a loopback host.

With ``confluent=True`` it supports the additional features of Confluent's registry.
"""

from __future__ import annotations

from streamcontract.devstack.registry.application import Answer, Control, Request
from streamcontract.devstack.registry.server import RegistryServer

__all__ = ["Answer", "Control", "RegistryServer", "Request"]
