"""Contracts for engines that pass Arrow batches of messages to Python. Needs pyarrow."""

from __future__ import annotations

from streamcontract.integrations.arrow.decoder import BatchDecoder, batch_decoder

__all__ = ["BatchDecoder", "batch_decoder"]
