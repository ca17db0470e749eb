"""Contracts for engines that pass Arrow batches of messages to Python. Needs pyarrow."""

from __future__ import annotations

from streamcontract.integrations.arrow.decoder import ArrowDecoder, arrow_decoder

__all__ = ["ArrowDecoder", "arrow_decoder"]
