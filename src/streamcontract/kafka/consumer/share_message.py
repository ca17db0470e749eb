"""Messages of a share consumer: each waits for an answer."""

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
    """The application rejected a message: what its dead letter names as the reason."""


@attrs.frozen
class ShareMessage(Message[T, K]):
    """A message that waits for an answer: :meth:`accept`, :meth:`release` or :meth:`reject`.

    Attributes:
        delivery_count: How often it was delivered, this time included. A broker gives up a message
            after ``group.share.delivery.count.limit`` times (5).
    """

    delivery_count: int = 1
    _answer: Callable[[ShareMessage[T, K], int, str], None] | None = attrs.field(
        default=None, repr=False, eq=False
    )

    def accept(self) -> None:
        """It is worked on: nobody gets it again.

        Raises:
            ClientError: It was answered already, or the next message was asked for.
        """
        self._give(ACCEPT, "")

    def release(self) -> None:
        """It is to come again, here or to another consumer of the group.

        Raises:
            ClientError: It was answered already, or the next message was asked for.
        """
        self._give(RELEASE, "")

    def reject(self, reason: str = "rejected by the application") -> None:
        """It cannot be worked on: nobody gets it again.

        With ``poison=DeadLetters()`` it goes into the dead letter topic before the broker is told.

        Args:
            reason: Why, for the dead letter.

        Raises:
            ClientError: It was answered already, or the next message was asked for.
        """
        self._give(REJECT, reason)

    def _give(self, answer: int, reason: str) -> None:
        if self._answer is None:
            raise ClientError("this message comes from no share consumer: there is nobody to tell")
        self._answer(self, answer, reason)
