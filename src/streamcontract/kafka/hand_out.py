"""What a consumer gives its application next, and how far it was given."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Generic, TypeVar

from streamcontract.errors import ClientError
from streamcontract.kafka.batch import Batch
from streamcontract.kafka.cluster import consume_error
from streamcontract.kafka.errors import MessageDecodeError
from streamcontract.kafka.interrupts import SLICE

if TYPE_CHECKING:
    from collections.abc import Callable

    import confluent_kafka

    from streamcontract.kafka.access import AccessWatch
    from streamcontract.kafka.assembly import MessageReader
    from streamcontract.kafka.fetcher import Fetcher
    from streamcontract.kafka.message import Message
    from streamcontract.kafka.poison import PoisonHandler
    from streamcontract.kafka.reading import TypedReader

__all__ = ["HandOut", "deadline_of"]

T = TypeVar("T")


def deadline_of(timeout: float) -> float:
    """When so many seconds are over, by ``time.monotonic``; never if they are below zero."""
    return float("inf") if timeout < 0 else time.monotonic() + timeout


class HandOut(Generic[T]):
    """Takes messages out of a fetcher's buffer, and counts what the application got.

    Args:
        fetcher: Where messages come from.
        careful: Reads a message that takes care, or says what is wrong with it.
        fast: Reads what is well.
        poison: What becomes of a message that is not of the contract.
        access: What the client's ``error_cb`` heard.

    Attributes:
        buffer: The fetcher's.
        is_open: Whether it goes on giving.
        in_hand: By partition, the offset of the first message that the application works on now.
        check: Called before anything is waited for; what it raises ends the wait, and nothing was
            taken out of the buffer then that would not be put back.
    """

    check: Callable[[], None] | None = None

    def __init__(
        self,
        fetcher: Fetcher,
        careful: TypedReader[T],
        fast: MessageReader,
        poison: PoisonHandler,
        access: AccessWatch,
    ) -> None:
        self._fetcher = fetcher
        self._careful = careful
        self._fast = fast
        self._poison = poison
        self._access = access
        self.is_open = True
        # What the loop over messages touches, without a detour for each of them.
        self._handed_out = fetcher.handed_out
        self.buffer = fetcher.buffer
        self.in_hand: dict[int, int] = {}
        # Poison that a broken-off batch gave back after the policy had dealt with it.
        self._dealt_with: dict[tuple[int, int], confluent_kafka.Message] = {}

    def require_open(self) -> None:
        """Raise a ClientError if this is closed."""
        if not self.is_open:
            raise ClientError(f"this consumer of topic {self._careful.topic!r} is closed")

    def close(self) -> None:
        """Give nothing more."""
        self.is_open = False
        self.buffer.clear()

    def fetch(self, timeout: float, *, bounded: bool = False) -> None:
        """Put what has arrived into the buffer, waiting up to ``timeout`` seconds for something.

        All that was handed out before counts as worked on from here.

        Args:
            timeout: Seconds.
            bounded: Whether a bounded read asks, for which messages behind its end are held.

        Raises:
            ConsumeError: The brokers do not let the client in, ...
            Exception: As :meth:`Fetcher.step` does.
        """
        if self.check is not None:
            self.check()
        self.require_open()
        self.in_hand = {}
        if not bounded and self._fetcher.release():
            return  # what a bounded read held that was left before its end
        self._fetcher.step(timeout)
        if not self.buffer and (refusal := self._access.take()) is not None:
            raise consume_error(self._careful.topic, refusal)

    def wait(self, deadline: float) -> bool:
        """Whether a message is in the buffer before the deadline."""
        while not self.buffer:
            left = deadline - time.monotonic()
            self.fetch(max(0.0, min(SLICE, left)))
            if left <= 0:
                break
        return bool(self.buffer)

    def first(self) -> Message[T] | None:
        """The first message in the buffer; the hot path of iteration.

        None if it was poison, and the policy has taken it.
        """
        raw = self.buffer.popleft()
        message: Message[T] | None = self._fast.read(raw)
        if message is None:
            message = self._read_in_turn(raw)
            if message is None:
                return None
        partition, offset = message.partition, message.offset
        self.in_hand = {partition: offset}
        self._handed_out[partition] = offset + 1
        return message

    def batch(self, num_messages: int, timeout: float) -> list[Message[T]]:
        """Up to so many messages, waiting for them up to ``timeout`` seconds, or without end."""
        deadline = deadline_of(timeout)
        batch: Batch[T] = Batch()
        messages = batch.messages
        self._fetcher.revoked.clear()
        try:
            while len(messages) < num_messages and (
                self.buffer or self._wait_for_more(deadline, batch)
            ):
                self._fast.read_many(
                    self.buffer,
                    num_messages - len(messages),
                    messages,
                    batch.raws,
                    batch.first,
                    batch.last,
                )
                if self.buffer and len(messages) < num_messages:
                    raw = self.buffer[0]
                    message, may_go_on = self._read_behind(messages, raw)
                    if not may_go_on:
                        break
                    self.buffer.popleft()
                    if message is None and not messages:
                        continue  # poison whose turn it was: done and counted
                    batch.take(raw, message)
        except BaseException:
            # Such as Ctrl-C while it waited: what the application did not get comes again.
            self._fetcher.give_back(batch.raws)
            self._dealt_with.update(batch.poison)
            raise
        if batch.raws:
            # Not before: what is counted may be committed while more is waited for.
            self._fetcher.count(batch.last)
            self.in_hand = batch.first
        return messages

    def take_back(self) -> None:
        """What the application works on now was not worked on: it comes again."""
        self._handed_out.update(self.in_hand)

    def _wait_for_more(self, deadline: float, batch: Batch[T]) -> bool:
        """As ``wait``; what the group takes away meanwhile is no longer in the batch."""
        try:
            return self.wait(deadline)
        finally:
            batch.drop(self._fetcher.revoked)
            self._fetcher.revoked.clear()

    def _read_in_turn(self, raw: confluent_kafka.Message) -> Message[T] | None:
        """Read with care a message that was taken out of the buffer; an error is its turn too."""
        try:
            return self._careful.read(raw)
        except MessageDecodeError as error:
            # Counted first: whatever the policy raises, the application was told, and its next
            # call goes on behind the message. If it does not call again, the message comes again.
            self.in_hand = {error.partition: error.offset}
            self._handed_out[error.partition] = error.offset + 1
            self._deal_with(raw, error)
            self.in_hand = {}
            return None
        except BaseException:
            # A registry that does not answer, Ctrl-C while it was waited for: the message is not
            # at fault. What librdkafka reports in place of a message is told once.
            if raw.error() is None:
                self.buffer.appendleft(raw)
            raise

    def _read_behind(
        self, messages: list[Message[T]], raw: confluent_kafka.Message
    ) -> tuple[Message[T] | None, bool]:
        """Read with care the first message in the buffer.

        Returns:
            The message, or None if it is poison that the policy has taken; and False if it must
            wait for its turn, since an error is raised only when those before it are worked on.
        """
        if not messages:
            self.buffer.popleft()
            message = self._read_in_turn(raw)
            self.buffer.appendleft(raw)
            return message, True
        try:
            return self._careful.read(raw), True
        except MessageDecodeError as error:
            try:
                self._deal_with(raw, error)
            except Exception:  # noqa: BLE001 - raised anew by the next call
                return None, False
            return None, True
        except Exception:  # noqa: BLE001 - likewise
            return None, False

    def _deal_with(self, raw: confluent_kafka.Message, error: MessageDecodeError) -> None:
        """Carry out the policy for a message, once, however often it is given back."""
        if self._dealt_with.pop((error.partition, error.offset), None) is not raw:
            self._poison.take(error)
