"""Handler of poison for a consumer, the base of all policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamcontract.kafka.dead_letters.dead_letter import Partition
    from streamcontract.kafka.errors import MessageDecodeError

__all__ = ["PoisonHandler"]

_ADVICE: Final = (
    "The next call continues after it; poison=Skip(callback) skips such messages, and "
    "poison=DeadLetters() puts them into a dead letter topic"
)


class PoisonHandler:
    """Implements a policy; this one raises each error."""

    def take(self, partition: Partition, error: MessageDecodeError) -> Exception | None:
        """Handle a poison message, which may be handled again if the call is interrupted.

        Returns:
            The error to raise in the message's turn; None to continue.
        """
        del partition
        error.advice = _ADVICE
        return error

    def settle(self, partition: Partition, errors: Sequence[MessageDecodeError]) -> None:
        """Note that the consumer is past these messages; may be called several times."""

    def is_full(self, partition: Partition, more: int) -> bool:
        """Whether ``more`` messages of a partition are the limit for now."""
        del partition, more
        return False

    def serve(self) -> None:
        """Continue background work without waiting.

        Raises:
            DeadLetterError: It failed; raised once for each lasting failure.
        """

    def wait(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds for a delivery; return False if none is in flight."""
        del timeout
        return False

    def release(self, partitions: Sequence[Partition], timeout: float) -> None:
        """Handle revoked partitions: wait up to ``timeout`` seconds for deliveries in flight."""

    def confirm(self) -> None:
        """Wait until all handled messages are safe, before offsets are committed.

        Raises:
            DeadLetterError: One is not.
        """

    def close(self) -> None:
        """Close without waiting."""
