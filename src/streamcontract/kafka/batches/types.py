"""Types in the signatures of calls for batches, loaded when an annotation is evaluated."""

from __future__ import annotations

from streamcontract.kafka.batches.batch import ConsumedBatch
from streamcontract.kafka.batches.metadata import MetadataChoice, Tombstones

__all__ = ["ConsumedBatch", "MetadataChoice", "Tombstones"]
