"""Delivery reports of a thread, passed to the event loop in batches."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from streamcontract.guards import call_back

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.kafka.message import Delivery

__all__ = ["Reports"]


class Reports:
    """Calls callbacks for deliveries in the event loop, from any thread.

    The loop is woken once for all reports that arrive before it runs, because waking it takes
    longer than most callbacks. Callbacks are called in the order of the reports, and before any
    later event of the thread, such as the end of a flush. Their errors go to the loop's exception
    handler.

    Args:
        loop: The event loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._came: deque[tuple[Callable[[Delivery], None], Delivery]] = deque()
        self._is_woken = False

    def to(self, on_delivery: Callable[[Delivery], None]) -> Callable[[Delivery], None]:
        """The function that a thread calls instead of a callback.

        Raises:
            ArgumentError: It cannot be called with a delivery.
        """
        call_back(on_delivery, "on_delivery", "(delivery)")

        def tell(delivery: Delivery) -> None:
            self._came.append((on_delivery, delivery))
            if not self._is_woken:
                self._is_woken = True
                self.loop.call_soon_threadsafe(self._call_back)

        return tell

    def _call_back(self) -> None:
        # First, so that reports that arrive from now on and are not seen below wake the loop again.
        self._is_woken = False
        while self._came:
            on_delivery, delivery = self._came.popleft()
            try:
                on_delivery(delivery)
            except Exception as error:  # noqa: BLE001 - as the loop does with a callback of its own
                self.loop.call_exception_handler(
                    {"message": f"Exception in on_delivery {on_delivery!r}", "exception": error}
                )
