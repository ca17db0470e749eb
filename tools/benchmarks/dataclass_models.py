"""The same two records as dataclasses-avroschema models: there the class is the schema.

No ``from __future__ import annotations`` here: the library reads the annotations as types.
"""

import dataclasses
import datetime as dt
import decimal
import enum
import uuid

from dataclasses_avroschema import AvroModel, DateTimeMicro, types

__all__ = ["MODELS"]


@dataclasses.dataclass
class Stock(AvroModel):
    """The stock record."""

    symbol: str
    date: dt.date
    open: float
    high: float
    low: float
    close: float
    volume: int
    adjusted_close: float | None = None


class OrderStatus(enum.Enum):
    """The status of an order."""

    UNKNOWN = "UNKNOWN"
    PLACED = "PLACED"
    PAID = "PAID"
    SHIPPED = "SHIPPED"
    CANCELLED = "CANCELLED"


@dataclasses.dataclass
class OrderLine(AvroModel):
    """A line of an order."""

    sku: str
    quantity: types.Int32
    price: types.condecimal(max_digits=12, decimal_places=2)  # type: ignore[valid-type]


@dataclasses.dataclass
class Address(AvroModel):
    """An address."""

    street: str
    city: str
    country: str


@dataclasses.dataclass
class CardPayment(AvroModel):
    """A payment by card."""

    last_digits: str
    authorised_at: dt.datetime


@dataclasses.dataclass
class InvoicePayment(AvroModel):
    """A payment on account."""

    due: dt.date
    reference: str


@dataclasses.dataclass
class Order(AvroModel):
    """The order record."""

    order_id: uuid.UUID
    placed_at: DateTimeMicro
    status: OrderStatus
    lines: list[OrderLine]
    ship_to: Address
    payment: CardPayment | InvoicePayment
    bill_to: Address | None = None
    tags: dict[str, str] = dataclasses.field(default_factory=dict)


MODELS: dict[str, AvroModel] = {
    "stock": Stock(
        symbol="AAPL",
        date=dt.date(2000, 3, 1),
        open=118.56,
        high=132.06,
        low=118.5,
        close=130.31,
        volume=9_616_100,
        adjusted_close=4.186662803811,
    ),
    "order": Order(
        order_id=uuid.UUID("6f1c5f0e-8f5a-4a59-9b1d-0d6a0f3e2c11"),
        placed_at=dt.datetime(2026, 3, 1, 9, 30, 12, 345678, tzinfo=dt.timezone.utc),
        status=OrderStatus.PAID,
        lines=[
            OrderLine("TEA-0042", 2, decimal.Decimal("8.90")),
            OrderLine("CUP-0007", 4, decimal.Decimal("12.50")),
            OrderLine("POT-0001", 1, decimal.Decimal("149.00")),
        ],
        ship_to=Address("1 Quay Street", "Galway", "IE"),
        bill_to=Address("2 Main Street", "Cork", "IE"),
        payment=CardPayment(
            "4242", dt.datetime(2026, 3, 1, 9, 30, 14, 500000, tzinfo=dt.timezone.utc)
        ),
        tags={"gift": "yes", "channel": "web"},
    ),
}
