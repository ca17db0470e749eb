"""The two records that are measured, with the conversions that users of dict codecs write."""

from __future__ import annotations

import datetime as dt
import decimal
import importlib
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from streamcontract import Schema, Stock
from streamcontract.codec import Contract

__all__ = ["SHAPES", "Shape"]

_ROOT = Path(__file__).resolve().parents[2]


@attrs.frozen
class Shape:
    """A record to measure.

    Attributes:
        name: What it is called in the tables.
        record: An instance of the generated class.
        to_dict: From the record to the dict that fastavro and its like take.
        from_dict: Back.
    """

    name: str
    record: Any
    to_dict: Callable[[Any], dict[str, Any]]
    from_dict: Callable[[dict[str, Any]], Any]

    @property
    def schema(self) -> Schema:
        """The record's schema."""
        contract: Contract = type(self.record).__contract__
        return contract.schema


def _stock_to_dict(stock: Stock) -> dict[str, Any]:
    return {
        "symbol": stock.symbol,
        "date": stock.date,
        "open": stock.open,
        "high": stock.high,
        "low": stock.low,
        "close": stock.close,
        "volume": stock.volume,
        "adjusted_close": stock.adjusted_close,
    }


def _stock_from_dict(value: dict[str, Any]) -> Stock:
    return Stock(**value)


_STOCK = Shape(
    name="stock",
    record=Stock(
        symbol="AAPL",
        date=dt.date(2000, 3, 1),
        open=118.56,
        high=132.06,
        low=118.5,
        close=130.31,
        volume=9_616_100,
        adjusted_close=4.186662803811,
    ),
    to_dict=_stock_to_dict,
    from_dict=_stock_from_dict,
)

# The example project is an import root of its own, as another project's would be.
sys.path.insert(0, str(_ROOT / "examples" / "orders"))
_orders: Any = importlib.import_module("contracts.order")
sys.path.pop(0)


def _order_to_dict(order: Any) -> dict[str, Any]:
    payment = order.payment
    return {
        "order_id": order.order_id,
        "placed_at": order.placed_at,
        "status": order.status.value,
        "lines": [
            {"sku": line.sku, "quantity": line.quantity, "price": line.price}
            for line in order.lines
        ],
        "ship_to": _address_to_dict(order.ship_to),
        "bill_to": None if order.bill_to is None else _address_to_dict(order.bill_to),
        "payment": {"last_digits": payment.last_digits, "authorised_at": payment.authorised_at}
        if isinstance(payment, _orders.CardPayment)
        else {"due": payment.due, "reference": payment.reference},
        "tags": order.tags,
    }


def _address_to_dict(address: Any) -> dict[str, Any]:
    return {"street": address.street, "city": address.city, "country": address.country}


def _order_from_dict(value: dict[str, Any]) -> Any:
    bill_to, payment = value["bill_to"], value["payment"]
    order_id = value["order_id"]
    return _orders.Order(
        # Apache avro for Python gives a UUID in a string as text.
        order_id=order_id if isinstance(order_id, uuid.UUID) else uuid.UUID(order_id),
        placed_at=value["placed_at"],
        status=_orders.OrderStatus(value["status"]),
        lines=[_orders.OrderLine(**line) for line in value["lines"]],
        ship_to=_orders.Address(**value["ship_to"]),
        bill_to=None if bill_to is None else _orders.Address(**bill_to),
        payment=_orders.CardPayment(**payment)
        if "last_digits" in payment
        else _orders.InvoicePayment(**payment),
        tags=value["tags"],
    )


_ORDER = Shape(
    name="order",
    record=_orders.Order(
        order_id=uuid.UUID("6f1c5f0e-8f5a-4a59-9b1d-0d6a0f3e2c11"),
        placed_at=dt.datetime(2026, 3, 1, 9, 30, 12, 345678, tzinfo=dt.timezone.utc),
        status=_orders.OrderStatus.PAID,
        lines=[
            _orders.OrderLine(sku="TEA-0042", quantity=2, price=decimal.Decimal("8.90")),
            _orders.OrderLine(sku="CUP-0007", quantity=4, price=decimal.Decimal("12.50")),
            _orders.OrderLine(sku="POT-0001", quantity=1, price=decimal.Decimal("149.00")),
        ],
        ship_to=_orders.Address(street="1 Quay Street", city="Galway", country="IE"),
        bill_to=_orders.Address(street="2 Main Street", city="Cork", country="IE"),
        payment=_orders.CardPayment(
            last_digits="4242",
            authorised_at=dt.datetime(2026, 3, 1, 9, 30, 14, 500000, tzinfo=dt.timezone.utc),
        ),
        tags={"gift": "yes", "channel": "web"},
    ),
    to_dict=_order_to_dict,
    from_dict=_order_from_dict,
)

SHAPES = (_STOCK, _ORDER)
