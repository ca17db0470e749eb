"""Consume the orders of ``publish.py`` and print a bill for each."""

from __future__ import annotations

from decimal import Decimal

from contracts.order import CardPayment, Order, OrderConsumer, OrderStatus


def bill(order: Order) -> str:
    """One line: what is owed, how it is paid, where it goes."""
    total = sum((line.price * line.quantity for line in order.lines), Decimal("0.00"))
    match order.payment:
        case CardPayment(last_digits=digits):
            how = f"card ending in {digits}"
        case invoice:
            how = f"invoice {invoice.reference}, due {invoice.due}"
    billed_to = order.bill_to or order.ship_to
    return f"{order.placed_at:%H:%M} {order.status.value:9} {total:>8} EUR  {how}, {billed_to.city}"


def main() -> None:
    """Print the bills of all orders that were not cancelled."""
    seen = 0
    # Only for librdkafka's mock cluster, where a second run waits this long, by default 45 s, until
    # it gets partitions. With any other broker leave it out: a second run does not wait.
    config = {"session.timeout.ms": 6000}
    with OrderConsumer(config, group="billing") as consumer:
        for message in consumer.until_end():
            seen += 1
            if message.value is not None and message.value.status is not OrderStatus.CANCELLED:
                print(bill(message.value))
    if not seen:
        print("nothing is new: group 'billing' has read everything already")


if __name__ == "__main__":
    main()
