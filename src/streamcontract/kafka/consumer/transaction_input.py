"""Consumers as input of transactions: the positions to commit, and the rewind after an abort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import confluent_kafka

from streamcontract.kafka.errors import ConsumeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from confluent_kafka import TopicPartition

    from streamcontract.kafka.consumer.contact import Contact
    from streamcontract.kafka.consumer.delivery import Delivery
    from streamcontract.kafka.consumer.partition import Partition

__all__ = ["TransactionInput", "why_not_transactional"]


class TransactionInput:
    """The input of a transaction: one consumer, which is a member of a group.

    Args:
        client: The consumer's client.
        contact: The contact, with the partitions, which can rewind.
        delivery: The delivery, with the messages in hand.
        positions: Returns the consumer's positions, or raises if a dead letter before them is not
        delivered.
    """

    def __init__(
        self,
        client: Any,
        contact: Contact,
        delivery: Delivery[Any],
        positions: Callable[[], dict[Partition, int]],
    ) -> None:
        self._client = client
        self._contact = contact
        self._delivery = delivery
        self._positions = positions

    def offsets(self) -> list[TopicPartition]:
        """The offsets of the group after the transaction is committed.

        Raises:
            ConsumeError: The group revoked partitions after their messages were returned. Their
            next owner reads them again, so the transaction must not be committed.
            DeadLetterError: A dead letter before a position is not delivered.
            ClientError: The consumer is closed.
        """
        positions = self._positions()
        taken = sorted(self._contact.assignment.revoked)
        if taken:
            # The broker does not detect this: after a rebalance the group's metadata have the new
            # generation, and are valid.
            moved = ", ".join(str(number) for _, number in taken)
            reason = confluent_kafka.KafkaError(
                confluent_kafka.KafkaError.REBALANCE_IN_PROGRESS,
                f"the group revoked partition {moved} while its messages were processed",
            )
            topic, number = taken[0]
            raise ConsumeError(topic, reason, number, "Their next owner reads them again")
        return [partition.place(offset) for partition, offset in positions.items()]

    def group_metadata(self) -> Any:
        """The group metadata of this consumer, with which the broker fences zombies."""
        return self._client.consumer_group_metadata()

    def settle(self) -> None:
        """Note that the positions are committed."""
        self._delivery.settle()
        for partition in self._contact.assignment.table.values():
            partition.committed = partition.position

    def rewind(self, *, in_doubt: bool) -> None:
        """Rewind the consumer to the committed offsets after an abort.

        Args:
            in_doubt: Whether the positions may be committed nevertheless, so that the group is
                asked.
        """
        self._contact.rewind(ask=in_doubt)


def why_not_transactional(
    client: Mapping[str, Any], *, has_group: bool, auto_commit: bool
) -> str | None:
    """The reason why such a consumer cannot be in a transaction; None if it can."""
    if not has_group:
        return "it has no group for the committed offsets: give it one with group="
    if auto_commit:
        return (
            "it commits automatically, also messages of aborted transactions: set "
            "'enable.auto.commit' to False"
        )
    if client.get("isolation.level") == "read_uncommitted":
        return (
            "it reads messages of aborted transactions, so results cannot be exactly once: leave "
            "'isolation.level' at read_committed"
        )
    return None
