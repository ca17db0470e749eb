"""Publish three orders: nested records, a list, a map, an enum, a union, decimals and times."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timezone
from decimal import Decimal

from contracts.order import (
    Address,
    CardPayment,
    InvoicePayment,
    Order,
    OrderLine,
    OrderProducer,
    OrderStatus,
)

HOME = Address(street="Am Markt 1", city="Weimar", country="DE")
OFFICE = Address(street="Rue de la Paix 5", city="Paris", country="FR")

# A uuid of version 5 is computed from a name, so that every run publishes the same orders.
SHOP = uuid.uuid5(uuid.NAMESPACE_DNS, "shop.example.com")

ORDERS = [
    Order(
        order_id=uuid.uuid5(SHOP, "1"),
        placed_at=datetime(2026, 5, 1, 9, 30, 0, 123456, tzinfo=timezone.utc),
        status=OrderStatus.PAID,
        lines=[
            OrderLine(sku="TEA-100", quantity=2, price=Decimal("4.90")),
            OrderLine(sku="CUP-7", quantity=1, price=Decimal("12.00")),
        ],
        ship_to=HOME,
        payment=CardPayment(
            last_digits="4242",
            authorised_at=datetime(2026, 5, 1, 9, 30, 1, tzinfo=timezone.utc),
        ),
        tags={"gift": "yes", "wrapping": "blue"},
    ),
    Order(
        order_id=uuid.uuid5(SHOP, "2"),
        placed_at=datetime(2026, 5, 1, 9, 31, tzinfo=timezone.utc),
        status=OrderStatus.PLACED,
        lines=[OrderLine(sku="POT-3", quantity=10, price=Decimal("39.95"))],
        ship_to=OFFICE,
        bill_to=HOME,
        payment=InvoicePayment(due=date(2026, 5, 31), reference="PO-2026-17"),
    ),
    Order(
        order_id=uuid.uuid5(SHOP, "3"),
        placed_at=datetime(2026, 5, 1, 9, 32, tzinfo=timezone.utc),
        status=OrderStatus.CANCELLED,
        lines=[],
        ship_to=HOME,
        payment=InvoicePayment(due=date(2026, 5, 31), reference="none"),
    ),
]


def main() -> None:
    """Publish every order."""
    with OrderProducer() as producer:
        for order in ORDERS:
            producer.produce(order)
    print(f"published {len(ORDERS)} orders")


if __name__ == "__main__":
    main()
