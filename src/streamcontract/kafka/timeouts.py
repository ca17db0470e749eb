"""Timeouts of clients' calls, in seconds."""

from __future__ import annotations

from typing import Final

from streamcontract.errors import ArgumentError
from streamcontract.guards import seconds

__all__ = ["BROKER_TIMEOUT", "TRANSACTION_TIMEOUT", "request_time"]

BROKER_TIMEOUT: Final = 30.0
"""The timeout of one request to the brokers (metadata, offsets)."""

TRANSACTION_TIMEOUT: Final = 60.0
"""The timeout of beginning, committing and aborting: the default of ``transaction.timeout.ms``."""


def request_time(timeout: float) -> float:
    """Seconds for a request, limited to librdkafka's maximum of an hour (rdkafka_admin.c).

    Raises:
        ArgumentError: It is no number above 0.
    """
    given = seconds(timeout)
    if given <= 0:
        raise ArgumentError("timeout", timeout, "a number of seconds above 0")
    return min(given, 3600.0)
