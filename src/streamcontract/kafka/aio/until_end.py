"""Bounded read for asyncio, up to the end offsets at its start."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Any

from streamcontract._lazy import Later
from streamcontract._typing import Self
from streamcontract.kafka.aio.consumer_thread import ConsumerThread
from streamcontract.kafka.message import K, Keyed, Message, T

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.kafka.consumer import types
else:
    types = Later("streamcontract.kafka.consumer.types")

__all__ = ["AsyncUntilEnd"]


class AsyncUntilEnd(Keyed[T, K]):
    """Iterates over the messages before the end offsets at the time of the first one.

    An error or a cancelled wait does not end it: the next call continues.
    """

    def __init__(
        self, thread: ConsumerThread[T, K, Any], begin: Callable[[], types.UntilEnd[T, K]]
    ) -> None:
        self._thread = thread
        self._begin = begin
        self._messages: types.UntilEnd[T, K] | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message[T, K]:
        """The next message, or StopAsyncIteration at the ends."""
        ends = None if self._messages is None else self._messages.ends
        message = await self._thread.take_one(self._next, ends)
        if message is None:
            raise StopAsyncIteration
        return message

    async def batches(
        self,
        num_messages: int = 10_000,
        *,
        columns: Sequence[str] | None = None,
        metadata: types.MetadataChoice = (),
        tombstones: types.Tombstones = "drop",
        threads: int = 1,
    ) -> AsyncIterator[types.ConsumedBatch]:
        """Iterate over the same messages as batches: :meth:`.UntilEnd.batches`."""
        found: Iterator[types.ConsumedBatch] | None = None

        def take() -> types.ConsumedBatch | None:
            nonlocal found
            if found is None:
                found = self._opened().batches(
                    num_messages,
                    columns=columns,
                    metadata=metadata,
                    tombstones=tombstones,
                    threads=threads,
                )
            return next(found, None)

        while (batch := await self._thread.take(take)) is not None:
            yield batch

    async def remaining(self) -> dict[Any, tuple[int | None, int]]:
        """Position and end of each partition before its end: :meth:`.UntilEnd.remaining`."""
        return await self._thread.run(lambda: self._opened().remaining())

    def _next(self) -> Message[T, K] | None:
        return next(self._opened(), None)

    def _opened(self) -> types.UntilEnd[T, K]:
        if self._messages is None:
            self._messages = self._begin()
        return self._messages
