"""Timeouts of clients' calls, in seconds."""

from __future__ import annotations

from typing import Final

__all__ = ["BROKER_TIMEOUT", "TRANSACTION_TIMEOUT"]

BROKER_TIMEOUT: Final = 30.0
"""That one question to the brokers (metadata, offsets) may take."""

TRANSACTION_TIMEOUT: Final = 60.0
"""For each of beginning, committing and aborting: ``transaction.timeout.ms`` as it is."""
