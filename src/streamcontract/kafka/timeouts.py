"""Timeouts of clients' calls, in seconds."""

from __future__ import annotations

from typing import Final

__all__ = ["BROKER_TIMEOUT", "TRANSACTION_TIMEOUT"]

BROKER_TIMEOUT: Final = 30.0
"""The timeout of one request to the brokers (metadata, offsets)."""

TRANSACTION_TIMEOUT: Final = 60.0
"""The timeout of beginning, committing and aborting: the default of ``transaction.timeout.ms``."""
