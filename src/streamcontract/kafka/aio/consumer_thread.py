"""Thread of a consumer for asyncio: calls of the synchronous one, in turn, without loss."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import Future
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from streamcontract.errors import ClientError, RegistryError
from streamcontract.kafka.aio.worker import Closing, Interrupted, Worker
from streamcontract.kafka.connection.forks import ForkGuard
from streamcontract.kafka.consumer import ContractConsumer
from streamcontract.kafka.contract.unions import K, P, T
from streamcontract.kafka.errors import DeadLetterError, MessageDecodeError, StalledError
from streamcontract.kafka.telemetry import NO_TELEMETRY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import ParamSpec

    from streamcontract.kafka.consumer.delivery import Delivery
    from streamcontract.kafka.message import Message
    from streamcontract.kafka.telemetry import Receiving

    A = ParamSpec("A")

__all__ = ["ConsumerThread", "InnerConsumer"]

R = TypeVar("R")

_log = logging.getLogger("streamcontract.kafka")

# The number of messages, which take about a millisecond, after which other tasks run.
_MESSAGES_A_TURN: Final = 256

_NO_ENDS: Final[Mapping[Any, int]] = MappingProxyType({})

# The next call raises these again by itself, if they still apply.
_MET_AGAIN = (Interrupted, RegistryError, StalledError, DeadLetterError, MessageDecodeError)


class InnerConsumer(ContractConsumer[T, K, P]):
    """The synchronous consumer, with the part that the asynchronous one uses itself."""

    @property
    def delivery(self) -> Delivery[T]:
        """The delivery of messages, for waits, and for messages that need none."""
        return self._delivery

    def hand_over_telemetry(self) -> Receiving:
        """Take over the telemetry of its calls, which the asynchronous consumer then records."""
        receiving = self._receiving
        self._record_calls(NO_TELEMETRY)
        return receiving


def observed(receiving: Receiving) -> Callable[[Awaitable[R]], Awaitable[R]]:
    """The calls with their telemetry, or the calls themselves if there is none."""

    async def awaited(found: Awaitable[R]) -> R:
        with receiving.call() as call:
            return call.gives(await found)

    return _unobserved if receiving is NO_TELEMETRY else awaited


def _unobserved(found: Awaitable[R]) -> Awaitable[R]:
    return found


class ConsumerThread(Generic[T, K, P]):
    """The thread in which a consumer for asyncio calls a synchronous one.

    Calls take turns. A cancelled call ends at once; the next one returns its messages, and raises
    its error.

    Args:
        consumer: The synchronous consumer.

    Attributes:
        consumer: The same.
    """

    def __init__(self, consumer: InnerConsumer[T, K, P]) -> None:
        self.consumer = consumer
        self._at_once = consumer.delivery.at_once
        # A message counts as consumed when a task gets it, not when the thread reads it.
        self._observed = observed(consumer.hand_over_telemetry())
        self._worker = Worker("streamcontract-consumer")
        consumer.delivery.check = self._worker.check
        self._left_of_turn = _MESSAGES_A_TURN
        self._untold: Exception | None = None
        self._closing = Closing()
        self._guard = ForkGuard("AsyncContractConsumer", owner=self)  # for iterators

    async def call(self, function: Callable[A, R], *args: A.args, **kwargs: A.kwargs) -> R:
        """Call a function in the thread, after earlier calls, as ``asyncio.to_thread`` does it.

        Raises:
            ClientError: The consumer is closed.
            Exception: The error of the call.
        """
        return await self.run(functools.partial(function, *args, **kwargs))

    async def take_one(
        self, call: Callable[[], R], ends: Mapping[Any, int] | None = _NO_ENDS
    ) -> Message[T, K] | R:
        """The next message; without the thread if it is fetched already, which saves 0.1 ms.

        Args:
            call: The call for the thread otherwise, as for :meth:`take`.
            ends: The end offset of each partition, after which messages are skipped; None if it is
                not known yet.
        """
        self._left_of_turn -= 1
        if self._left_of_turn <= 0:
            self._left_of_turn = _MESSAGES_A_TURN
            await asyncio.sleep(0)  # before a message is returned, so that cancellation loses none
        if (
            ends is not None
            and self._observed is _unobserved
            and self._untold is None
            and not self._closing.has_begun
            and self._worker.is_idle
        ):
            message = self._at_once(ends)
            if message is not None:
                return message
        return await self.take(call)

    def take(self, call: Callable[[], R]) -> Awaitable[R]:
        """Run a call that returns messages; if it is cancelled, the next call returns them."""

        def tell_first() -> R:
            error, self._untold = self._untold, None
            if error is not None:
                self.consumer.delivery.settle()
                raise error
            return call()

        return self._observed(self.run(tell_first, settle=self._take_back))

    async def run(
        self, call: Callable[[], R], *, settle: Callable[[Future[R]], None] | None = None
    ) -> R:
        """Run a call in the thread; see :meth:`.AsyncContractConsumer.run`."""
        with self._closed_if_interrupted():
            return await self._worker.run(call, settle=settle)

    async def run_with(
        self,
        others: Iterable[ConsumerThread[Any, Any, Any]],
        call: Callable[[], R],
        *,
        settle: Callable[[Future[R]], None] | None = None,
    ) -> R:
        """Run a call that uses other consumers too, whose threads are blocked meanwhile.

        Raises:
            ClientError: One of them is closed.
            Exception: The error of the call.
        """
        # Always in one order, so that no two of these wait for each other.
        *held, last = sorted({self, *others}, key=id)
        released = threading.Event()
        try:
            for each in held:
                with each._closed_if_interrupted():  # noqa: SLF001 - of this class
                    await each._worker.hold(released)  # noqa: SLF001 - likewise
        except BaseException:
            released.set()
            raise
        try:
            return await last.run(call, settle=settle)
        finally:
            # After the thread has ended a cancelled call.
            last._worker.afterwards(released.set)  # noqa: SLF001 - of this class

    @contextlib.contextmanager
    def _closed_if_interrupted(self) -> Iterator[None]:
        try:
            yield
        except Interrupted:
            raise ClientError(f"this consumer of topic {self.consumer.topic!r} is closed") from None

    def _take_back(self, future: Future[Any]) -> None:
        """Keep the messages of a cancelled call for the next one; runs in the worker's thread."""
        self.consumer.take_back()
        error = future.exception()
        if isinstance(error, Exception) and not isinstance(error, _MET_AGAIN):
            self._untold = error

    async def close(self, close: Callable[[], None]) -> None:
        """End waiting calls, and run the last one, once; it continues if this is cancelled.

        Args:
            close: The last call.

        Raises:
            Exception: The error of the last call.
        """
        if not self._closing.has_begun:
            self._worker.stop_waiting()
        await self._closing.run(functools.partial(self._finish, close))

    async def _finish(self, close: Callable[[], None]) -> None:
        await self._worker.finish(close)
        if self._untold is not None:
            _log.error(
                "not raised by a call before the consumer was closed: %s",
                self._untold,
                extra={"topic": self.consumer.topic},
            )
