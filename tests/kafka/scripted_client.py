"""confluent_kafka's clients over a :class:`ScriptedBroker`, as far as this library calls them.

``test_client_behaviour.py`` runs one set of tests against these and against the real ones.
"""

from __future__ import annotations

import time

import confluent_kafka
import pytest
from tests.kafka.installed import skip_without_messages
from tests.kafka.scripted_admin import ScriptedAdminClient
from tests.kafka.scripted_broker import ScriptedBroker
from tests.kafka.scripted_consumer import ScriptedConsumer
from tests.kafka.scripted_producer import ScriptedProducer

from streamcontract.kafka.connection import cluster

__all__ = ["Clients", "script"]


def script(patch: pytest.MonkeyPatch) -> ScriptedBroker:
    """Put scripted clients in the place of confluent_kafka's, and their clock in that of time's.

    The library finds the classes as attributes of ``confluent_kafka``, and calls methods of a base
    class on a client too, so it is there that they are replaced.
    """
    skip_without_messages()
    broker = ScriptedBroker()
    clients = Clients(broker)
    patch.setattr(confluent_kafka, "Consumer", clients.consumer_class)
    patch.setattr(confluent_kafka, "DeserializingConsumer", clients.consumer_class)
    patch.setattr(confluent_kafka, "Producer", clients.producer_class)
    patch.setattr(confluent_kafka, "SerializingProducer", clients.producer_class)
    patch.setattr(cluster, "WatchedAdminClient", clients.admin_class)
    patch.setattr(time, "monotonic", broker.clock.monotonic)
    patch.setattr(time, "sleep", broker.clock.sleep)
    return broker


class Clients:
    """The client classes of one broker."""

    def __init__(self, broker: ScriptedBroker) -> None:
        skip_without_messages()
        self.consumer_class = type("Consumer", (ScriptedConsumer,), {"broker": broker})
        self.producer_class = type("Producer", (ScriptedProducer,), {"broker": broker})
        self.admin_class = type("AdminClient", (ScriptedAdminClient,), {"broker": broker})
