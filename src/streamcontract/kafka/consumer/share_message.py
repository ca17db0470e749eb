"""Messages of a share consumer, with their acknowledgements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs

from streamcontract.errors import ClientError
from streamcontract.kafka.message import K, Message, T

__all__ = ["ACCEPT", "REJECT", "RELEASE", "RejectedError", "ShareMessage"]

# KIP-932, "ShareAcknowledgeRequest": as numbers, since confluent-kafka before 2.16 has no names.
ACCEPT: Final = 1
RELEASE: Final = 2
REJECT: Final = 3


class RejectedError(ClientError):
    """The application rejected a message; the error is the reason in its dead letter."""


@attrs.frozen
class ShareMessage(Message[T, K]):
    """A message to acknowledge with :meth:`accept`, :meth:`release` or :meth:`reject`.

    Attributes:
        delivery_count: The number of its deliveries, including this one. A broker archives a
            message after ``group.share.delivery.count.limit`` deliveries (5).
    """

    delivery_count: int = 1
    _answer: Callable[[ShareMessage[T, K], int, str], None] | None = attrs.field(
        default=None, repr=False, eq=False
    )

    def accept(self) -> None:
        """Acknowledge it as processed, so that it is not delivered again.

        Raises:
            ClientError: It was acknowledged already, or the next message was requested.
        """
        self._give(ACCEPT, "")

    def release(self) -> None:
        """Release it for another delivery, to any consumer of the group.

        Raises:
            ClientError: It was acknowledged already, or the next message was requested.
        """
        self._give(RELEASE, "")

    def reject(self, reason: str = "rejected by the application") -> None:
        """Reject it as unprocessable, so that it is not delivered again.

        With ``poison=DeadLetters()`` its dead letter is delivered before it is acknowledged.

        Args:
            reason: The reason, for the dead letter.

        Raises:
            ClientError: It was acknowledged already, or the next message was requested.
        """
        self._give(REJECT, reason)

    def _give(self, answer: int, reason: str) -> None:
        if self._answer is None:
            raise ClientError(
                "this message is not from a share consumer: it cannot be acknowledged"
            )
        self._answer(self, answer, reason)
