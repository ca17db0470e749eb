"""Delivery of messages to the application.

The last returned messages are *in hand*: a call sets them at its very end, and the next call counts
them as processed and removes them from the queue. So an interrupted call has no effect.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import attrs

from streamcontract.errors import ClientError
from streamcontract.kafka.connection.cluster import consume_error
from streamcontract.kafka.connection.waits import SLICE, deadline_of
from streamcontract.kafka.consumer.partition import Partition
from streamcontract.kafka.consumer.queue import NOTHING, InHand, Move, Queue, Run, moves_of
from streamcontract.kafka.errors import ConsumeError, MessageDecodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streamcontract.kafka.connection.authentication_errors import AuthenticationErrors
    from streamcontract.kafka.dead_letters.handler import PoisonHandler
    from streamcontract.kafka.message import Message

__all__ = ["Delivery", "Found", "MessageSource"]

T = TypeVar("T")

Found = tuple[T, InHand, "Exception | None"]
"""The result of a call, the messages then in hand, and the error to raise instead."""


class MessageSource(Protocol):
    """The source of messages."""

    queue: Queue
    due: float

    def make(
        self, timeout: float | None, read: Mapping[Run, int], wanted: int | None = None
    ) -> None:
        """Queue new messages, after a wait of up to ``timeout`` seconds."""

    def is_live(self, partition: Partition) -> bool:
        """Whether messages of a partition may be delivered."""


@attrs.define
class _List:
    """Messages for one call, before they are returned.

    Attributes:
        messages: The messages.
        read: The index up to which each run was read for them.
        poison: The poison that was skipped, by run.
        stopped: Partitions that stop because they have too many undelivered dead letters.
        is_over: Whether an error is next, which is raised in its turn.
    """

    messages: list[Message[Any]] = attrs.field(factory=list)
    read: dict[Run, int] = attrs.field(factory=dict)
    poison: dict[Run, list[MessageDecodeError]] = attrs.field(factory=dict)
    stopped: set[Partition] = attrs.field(factory=set)
    is_over: bool = False

    def stops(self, poison: PoisonHandler, partition: Partition) -> bool:
        """Whether a partition stops."""
        more = sum(len(errors) for run, errors in self.poison.items() if run.partition is partition)
        if poison.is_full(partition, more):
            self.stopped.add(partition)
        return partition in self.stopped

    @property
    def is_blocked(self) -> bool:
        """Whether a partition stops for poison in this list, which the next call handles."""
        return any(run.partition in self.stopped for run in self.poison)

    @property
    def in_hand(self) -> InHand:
        """The messages in hand after the call."""
        return tuple(
            (run, index, tuple(self.poison.get(run, ())))
            for run, index in self.read.items()
            if index > run.next
        )


class Delivery(Generic[T]):
    """Returns messages to the application.

    Args:
        topic: The topic, for errors.
        source: The source of messages.
        poison: The handler of messages that are not of the contract.
        authentication: The authentication errors of the client's ``error_cb``.

    Attributes:
        in_hand: The messages that the application processes now.
        is_open: Whether it is open.
        check: Called before each wait; its exception ends the wait.
    """

    check: Callable[[], None] | None = None

    def __init__(
        self,
        topic: str,
        source: MessageSource,
        poison: PoisonHandler,
        authentication: AuthenticationErrors,
    ) -> None:
        self._topic = topic
        self._source = source
        self._queue = source.queue
        self._poison = poison
        self._authentication = authentication
        self.in_hand: InHand = NOTHING
        self.is_open = True

    def require_open(self) -> None:
        """Raise a ClientError if this is closed."""
        if not self.is_open:
            raise ClientError(f"this consumer of topic {self._topic!r} is closed")

    def close(self) -> None:
        """Count the messages in hand as processed, and close the delivery."""
        self.settle()
        self._queue.note_positions()
        self.is_open = False
        self._queue.clear()

    def settle(self) -> None:
        """Count the messages in hand as processed.

        Values are set, not incremented, so that it can be repeated after an interruption.
        """
        moves = moves_of(self.in_hand)
        self._put_aside(moves)
        self._queue.apply(moves)
        self.in_hand = NOTHING

    def _put_aside(self, moves: tuple[Move, ...]) -> None:
        for run, _, poison in moves:
            if poison:
                self._poison.settle(run.partition, poison)

    def confirm(self) -> None:
        """Make sure that the messages in hand may be committed.

        Raises:
            DeadLetterError: A dead letter before them is not delivered.
        """
        self._put_aside(moves_of(self.in_hand))
        self._poison.confirm()

    def begin(self) -> None:
        """Begin a call of the application."""
        self.settle()
        if self._queue.runs and time.monotonic() >= self._source.due:
            self._source.make(None, {})

    def wait(
        self, timeout: float, read: Mapping[Run, int] | None = None, wanted: int | None = None
    ) -> None:
        """Queue new messages, after a wait of up to ``timeout`` seconds.

        Args:
            timeout: Seconds.
            read: The index up to which each run was read for a list that is not returned yet.
            wanted: The number of messages to have in the queue then; if left out, as many as are
                soon delivered.

        Raises:
            ConsumeError: The brokers do not accept the client, ...
            ClientError: The consumer is closed.
        """
        if self.check is not None:
            self.check()
        self.require_open()
        if self._queue.runs and self._poison.wait(timeout):
            timeout = 0.0
        self._source.make(timeout, read or {}, wanted)
        if not self._queue.runs and (refusal := self._authentication.take()) is not None:
            raise consume_error(self._topic, refusal)

    def wait_until(self, is_done: Callable[[], bool], timeout: float) -> None:
        """Wait up to ``timeout`` seconds for a result of contact with librdkafka.

        Args:
            is_done: Returns whether there is the result.
            timeout: Seconds; without end if negative.
        """
        deadline = deadline_of(timeout)
        while not is_done():
            left = deadline - time.monotonic()
            self.wait(max(0.0, min(SLICE, left)))
            if left <= 0:
                return

    def one(self, timeout: float) -> Found[Message[T] | None]:
        """Wait up to ``timeout`` seconds for the next message; without end if negative."""
        # The hot path: begin() and first() for a plain message after the one in hand. Before the
        # next contact its partition cannot change, and does not stop: only messages that are not
        # plain become dead letters.
        run = self.in_hand
        if run.__class__ is Run and time.monotonic() < self._source.due:
            index = run.given
            if index < run.size:
                run.next = index
                self.in_hand = NOTHING
                message = run.read(run.raws[index])
                if message is not None:
                    run.given = index + 1
                    return message, run, None
        del run  # frees its messages
        self.begin()
        return self._first_of_all(timeout)

    def at_once(self, ends: Mapping[Any, int]) -> Message[T] | None:
        """The next message if it is plain and fetched, and no contact is due; else None.

        It is then in hand. This never waits for brokers, registry or threads.

        Args:
            ends: As for :meth:`first`.
        """
        in_hand = self.in_hand
        if in_hand.__class__ is not Run or time.monotonic() >= self._source.due:
            return None
        self.settle()
        run = self._following(ends)
        message = None if run is None else run.read(run.raws[run.next])
        if run is not None and message is not None:
            run.given = run.next + 1
            self.in_hand = run
        return message

    def _first_of_all(self, timeout: float) -> Found[Message[T] | None]:
        deadline, left = deadline_of(timeout), float("inf")
        while True:
            found = self.first({})
            if found is not None:
                return found
            if left <= 0:
                return None, NOTHING, None
            left = deadline - time.monotonic()
            self.wait(max(0.0, min(SLICE, left)))

    def first(self, ends: Mapping[Any, int]) -> Found[Message[T] | None] | None:
        """The first message in the queue; None if there is none.

        Args:
            ends: The end offset of each partition by its name, after which messages are skipped.
        """
        while (run := self._following(ends)) is not None:
            index = run.next
            message = run.read(run.raws[index])
            if message is not None:
                run.given = index + 1
                return message, run, None
            message, poison, error = self.read_strictly(run, index)
            in_hand: InHand = ((run, index + 1, poison),)
            if message is not None or error is not None:
                return message, in_hand, error
            self.in_hand = in_hand
            self.settle()
        return None

    def _following(self, ends: Mapping[Any, int]) -> Run | None:
        """The run with the next message, which may not be plain."""
        for run in self._queue.runs:
            partition, index = run.partition, run.next
            # A run that is in use stays after others, such as one that is read up to its end.
            if index >= run.size or (run.letters and self._poison.is_full(partition, 0)):
                continue
            end = ends.get(partition.name)
            if end is None or run.raws[index].offset() < end:  # type: ignore[operator] # only errors have none
                return run
        return None

    def many(self, limit: int, timeout: float) -> Found[list[Message[T]]]:
        """Wait up to ``timeout`` seconds for ``limit`` messages; without end if negative."""
        self.begin()
        deadline = deadline_of(timeout)
        found, left, count = _List(), float("inf"), -1
        while True:
            error, in_hand = self._collect(found, limit)
            if error is not None:
                return [], in_hand, error
            is_enough = found.is_over or len(found.messages) >= limit or found.is_blocked
            if is_enough or (left <= 0 and len(found.messages) == count):
                return found.messages, found.in_hand, None
            count = len(found.messages)
            left = deadline - time.monotonic()
            self.wait(max(0.0, min(SLICE, left)), found.read)
            if not all(self._source.is_live(run.partition) for run in found.read):
                # Messages of a partition that was revoked meanwhile belong to its next owner.
                found = _List()

    def _collect(self, found: _List, limit: int) -> tuple[Exception | None, InHand]:
        """Read queued messages into a list.

        Returns:
            The error that is next, if there is one, and the messages then in hand.
        """
        found.stopped.clear()
        for run in tuple(self._queue.runs):  # poison is removed meanwhile
            if len(found.messages) >= limit or found.is_over:
                break
            if run.letters and found.stops(self._poison, run.partition):
                continue
            error, in_hand = self._collect_run(found, run, limit)
            if error is not None:
                return error, in_hand
        return None, NOTHING

    def _collect_run(self, found: _List, run: Run, limit: int) -> tuple[Exception | None, InHand]:
        messages, read_many = found.messages, run.partition.reader.plain.read_many
        index = found.read.get(run, run.next)
        while index < run.size and len(messages) < limit:
            stop = min(run.size, index + limit - len(messages))
            index = read_many(run.raws, index, stop, messages)
            found.read[run] = index
            if index == stop:
                continue
            if found.stops(self._poison, run.partition):
                break
            try:
                message, poison, error = self.read_strictly(run, index)
            except Exception as reason:
                if not messages:
                    raise
                message, poison, error = None, (), reason
            if error is not None and messages:
                # The next call raises it, after the messages before it are processed.
                found.is_over = True
                break
            index += 1
            if error is not None:
                return error, ((run, index, poison),)
            if message is not None:
                messages.append(message)
            elif messages:
                found.poison.setdefault(run, []).extend(poison)
            else:
                self.in_hand = ((run, index, poison),)
                self.settle()
            found.read[run] = index
        return None, NOTHING

    def read_strictly(
        self, run: Run, index: int
    ) -> tuple[Message[T] | None, tuple[MessageDecodeError, ...], Exception | None]:
        """Read a message that is not plain.

        Returns:
            The message; or None, the poison, and the error for the application.

        Raises:
            RegistryError: The registry does not answer; the message itself may be valid.
        """
        partition = run.partition
        raw = run.raws[index]
        try:
            return partition.reader.read(raw), (), None
        except MessageDecodeError as error:
            return None, (error,), self._poison.take(partition, error)
        except ConsumeError as error:
            # An error of librdkafka in place of a message is raised once.
            return None, (), error
