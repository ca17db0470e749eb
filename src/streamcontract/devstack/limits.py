"""The mock cluster in one line: what it is, what it cannot do. ``docs/devstack.md`` has it all."""

from __future__ import annotations

from typing import Final

__all__ = ["MOCK_CLUSTER"]

MOCK_CLUSTER: Final = (
    "This broker is librdkafka's mock cluster, for confluent-kafka and other clients on librdkafka:"
    " not for Java, kafka-python or rpk; no topics created by clients, groups listed, offsets by"
    " time or topic configuration; in memory, the newest 5 MiB of each partition."
)
"""The limits of the mock cluster, in the sentence that ``dev`` prints."""
