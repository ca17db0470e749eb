"""Sample contract of a new project."""

from __future__ import annotations

from typing import Final

from streamcontract.scaffold.draft import SCHEMA_FOLDER, Draft, Planned

__all__ = ["draft_of_sample"]

_ORDER: Final = """\
{
  "type": "record",
  "name": "Order",
  "namespace": "com.example.orders",
  "doc": "An order, as the shop has accepted it.",
  "fields": [
    {
      "name": "order_id",
      "type": {"type": "string", "logicalType": "uuid"},
      "doc": "The order; also the key of its messages."
    },
    {"name": "customer", "type": "string", "doc": "The customer's number."},
    {
      "name": "total",
      "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2},
      "doc": "What the customer pays, in euros, taxes included."
    },
    {
      "name": "status",
      "type": {
        "type": "enum",
        "name": "OrderStatus",
        "doc": "How far an order has come.",
        "symbols": ["UNKNOWN", "ACCEPTED", "SHIPPED", "CANCELLED"],
        "default": "UNKNOWN"
      },
      "doc": "How far the order has come."
    },
    {
      "name": "accepted_at",
      "type": {"type": "long", "logicalType": "timestamp-millis"},
      "doc": "When the shop accepted the order."
    },
    {
      "name": "note",
      "type": ["null", "string"],
      "default": null,
      "doc": "What the customer wrote; null for nothing."
    }
  ]
}
"""


def draft_of_sample() -> Draft:
    """A project with one contract, of orders.

    Example:
        >>> [contract.topic for contract in draft_of_sample().contracts]
        ['orders']
    """
    path = f"{SCHEMA_FOLDER}/order.avsc"
    order = Planned(
        name="order",
        schema=path,
        topic="orders",
        key="order_id",
        compatibility="BACKWARD",
        partitions=3,
    )
    return Draft(contracts=(order,), schemas={path: _ORDER})
