"""Log of librdkafka, with each repeated error at most every 30 seconds.

A client that waits for brokers tries to connect up to twenty times a second, and librdkafka logs a
line each time: hundreds of lines before the error with the advice.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LIBRDKAFKA_LOG", "LibrdkafkaLog"]

_SILENCE: Final = 30.0
"""Seconds for which a line is not logged again."""
# The application did not poll in time, which the consumer logs itself.
_LOGGED_ELSEWHERE: Final = "MAXPOLL"
# "(after 0ms in state CONNECT, 1 identical error(s) suppressed)": the differences between repeated
# lines. The second part is optional.
_DIFFERENCE: Final = re.compile(r"after \d+ms|, \d+ identical error\(s\) suppressed")


class LibrdkafkaLog:
    """A ``logger`` for confluent_kafka, which logs a repeated error at most every 30 seconds.

    Args:
        logger: The logger for the lines.
        clock: A clock in seconds.

    Example:
        >>> log = LibrdkafkaLog(logging.getLogger("example"))
        >>> log.log(logging.ERROR, "%s [%s] %s", "FAIL", "rdkafka#producer-1", "refused")
    """

    def __init__(
        self, logger: logging.Logger, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._logger = logger
        self._clock = clock
        self._lock = threading.Lock()  # clients of several threads share it
        self._told: dict[str, float] = {}

    def log(self, level: int, message: str, *args: object) -> None:
        """Log a line, unless it is an error that was logged recently."""
        if args and args[0] == _LOGGED_ELSEWHERE:
            return
        # Lower levels are from the property "debug", of which each line may be needed.
        if level < logging.ERROR or self._is_due(message % args):
            self._logger.log(level, message, *args)

    def _is_due(self, line: str) -> bool:
        fault = _DIFFERENCE.sub("", line)
        with self._lock:
            now = self._clock()
            recent = {each: at for each, at in self._told.items() if now - at < _SILENCE}
            is_due = fault not in recent
            if is_due:
                recent[fault] = now
            self._told = recent
        return is_due


LIBRDKAFKA_LOG: Final = LibrdkafkaLog(logging.getLogger("streamcontract.kafka"))
"""The logger of every client without one of its own."""
