"""The base of what carries out a policy for poison, as a consumer calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamcontract.kafka.dead_letters.dead_letter import Partition
    from streamcontract.kafka.errors import MessageDecodeError

__all__ = ["PoisonHandler"]

_ADVICE: Final = (
    "The next call goes on after it; poison=Skip(callback) passes over such messages, and "
    "poison=DeadLetters() puts them into a dead letter topic"
)


class PoisonHandler:
    """Carries out a policy; this one raises each error, and keeps nothing."""

    def take(self, partition: Partition, error: MessageDecodeError) -> Exception | None:
        """Deal with a message that is read; it may be read again, if the call is broken off.

        Returns:
            What to raise when the message's turn comes; None for nothing.
        """
        del partition
        error.advice = _ADVICE
        return error

    def settle(self, partition: Partition, errors: Sequence[MessageDecodeError]) -> None:
        """The consumer has passed these; called once or several times."""

    def is_full(self, partition: Partition, more: int) -> bool:
        """Whether no more than ``more`` messages of a partition can be passed for now."""
        del partition, more
        return False

    def serve(self) -> None:
        """Go on with what takes time, without waiting.

        Raises:
            DeadLetterError: It failed; raised once for each failure that lasts.
        """

    def wait(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds for something that is on its way; False if nothing is."""
        del timeout
        return False

    def release(self, partitions: Sequence[Partition], timeout: float) -> None:
        """These are revoked: wait up to ``timeout`` seconds for what is on its way, no longer."""

    def confirm(self) -> None:
        """Wait until all that was passed is safe, before it is committed.

        Raises:
            DeadLetterError: It is not.
        """

    def close(self) -> None:
        """Let go of what is left, without waiting."""
