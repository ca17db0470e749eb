"""Apache Kafka and Apicurio Registry as child processes, for development and tests.

Both are downloaded by their Maven coordinates and run on Java; see ``docs/stacks.md``.
"""

from __future__ import annotations

from streamcontract.devstack.kafka.apicurio import ApicurioRegistry
from streamcontract.devstack.kafka.durable import DurableStack
from streamcontract.devstack.kafka.stack import KafkaStack

__all__ = ["ApicurioRegistry", "DurableStack", "KafkaStack"]
