"""A consumer's side of transactions: the positions to commit, and the way back."""

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
    """What a transaction reads from: one consumer, member of a group.

    Args:
        client: The consumer's client.
        contact: Knows the partitions, and goes back.
        delivery: Knows what is in hand.
        positions: Gives the consumer's positions, or raises if something in front of them is not
            safe.
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
        """Where the group is to go on, once the transaction is committed.

        Raises:
            ConsumeError: The group revoked partitions after their messages were returned.
                Their next owner reads them again, so what was made of them must not be committed.
            DeadLetterError: A dead letter in front of a position is not delivered.
            ClientError: The consumer is closed.
        """
        positions = self._positions()
        taken = sorted(self._contact.assignment.revoked)
        if taken:
            # The broker does not see this by itself: after a rebalance the group's metadata name
            # the new generation, and are valid.
            moved = ", ".join(str(number) for _, number in taken)
            reason = confluent_kafka.KafkaError(
                confluent_kafka.KafkaError.REBALANCE_IN_PROGRESS,
                f"the group took partition {moved} away while its messages were worked on",
            )
            topic, number = taken[0]
            raise ConsumeError(topic, reason, number, "Their next owner reads them again")
        return [partition.place(offset) for partition, offset in positions.items()]

    def group_metadata(self) -> Any:
        """Which member of the group this consumer is, by which the broker knows zombies."""
        return self._client.consumer_group_metadata()

    def settle(self) -> None:
        """The positions are committed."""
        self._delivery.settle()
        for partition in self._contact.assignment.table.values():
            partition.committed = partition.position

    def rewind(self, *, in_doubt: bool) -> None:
        """The positions are void: the consumer goes on from what is committed.

        Args:
            in_doubt: Whether they may be committed all the same, which the group is asked then.
        """
        self._contact.rewind(ask=in_doubt)


def why_not_transactional(
    client: Mapping[str, Any], *, has_group: bool, auto_commit: bool
) -> str | None:
    """Why a consumer with these properties cannot take part in transactions; None if it can."""
    if not has_group:
        return "it has no group, which keeps the positions: give it one with group="
    if auto_commit:
        return (
            "it commits by itself, also what the transaction may yet abort: set "
            "'enable.auto.commit' to False"
        )
    if client.get("isolation.level") == "read_uncommitted":
        return (
            "it reads what was never committed, so nothing made of it can be exactly once: leave "
            "'isolation.level' at read_committed"
        )
    return None
