"""A cluster that runs already: tests use it, and leave it as it was."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from confluent_kafka.admin import AdminClient

from streamcontract import SchemaRegistry, parse_schema
from streamcontract.testing.fixtures.stacks import RunningStack

if TYPE_CHECKING:
    from streamcontract.devstack.kafka import KafkaStack


def topics(cluster: KafkaStack) -> set[str]:
    """The names of all topics."""
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap_servers})
    return set(admin.list_topics(timeout=30).topics)


def test_what_tests_made_is_deleted(cluster: KafkaStack) -> None:
    """Topics and their subjects go; those that were there stay."""
    kept, made = (f"{word}-{uuid.uuid4().hex[:12]}" for word in ("kept", "made"))
    cluster.create_topic(kept)
    with SchemaRegistry(cluster.registry_url) as registry:
        for name in (kept, made):
            registry.register(f"{name}-value", parse_schema('"string"'))
        with RunningStack(cluster.bootstrap_servers, cluster.registry_url) as running:
            assert not running.create_topic(kept)
            for number in range(5):
                assert running.create_topic(f"{made}-{number}")
            assert running.create_topic(made)
            assert topics(cluster) >= {kept, made}
        assert [name for name in topics(cluster) if name.startswith(made)] == []
        assert kept in topics(cluster)
        assert f"{kept}-value" in registry.subjects()
        assert f"{made}-value" not in registry.subjects(deleted=True)
