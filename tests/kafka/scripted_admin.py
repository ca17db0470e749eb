"""confluent_kafka's admin client over a :class:`ScriptedBroker`."""

# ruff: noqa: D102, ARG002 - the methods and parameters are confluent_kafka's, documented there

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, ClassVar

from confluent_kafka import KafkaError, TopicPartition
from tests.kafka.scripted_broker import ScriptedBroker
from tests.kafka.scripted_calls import client_call, exception_of, metadata_of, spec_offset

__all__ = ["ScriptedAdminClient"]


class ScriptedAdminClient:
    """``confluent_kafka.admin.AdminClient``."""

    broker: ClassVar[ScriptedBroker]

    def __init__(self, config: Mapping[str, Any]) -> None:
        del config

    @client_call
    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        return metadata_of(self.broker, topic)

    @client_call
    def list_offsets(
        self, topic_partition_offsets: dict[TopicPartition, Any], **options: Any
    ) -> dict[TopicPartition, Future[Any]]:
        found: dict[TopicPartition, Future[Any]] = {}
        for place, spec in topic_partition_offsets.items():
            future: Future[Any] = Future()
            logs = self.broker.topics.get(place.topic, [])
            if place.partition >= len(logs):
                future.set_exception(
                    exception_of(KafkaError.UNKNOWN_TOPIC_OR_PART, "there is no such partition")
                )
            else:
                future.set_result(SimpleNamespace(offset=spec_offset(logs[place.partition], spec)))
            found[place] = future
        return found

    @client_call
    def describe_configs(self, resources: list[Any], **options: Any) -> dict[Any, Future[Any]]:
        found = {}
        for each in resources:
            future: Future[Any] = Future()
            future.set_result({})
            found[each] = future
        return found

    @client_call
    def create_topics(self, topics: list[Any], **options: Any) -> dict[str, Future[None]]:
        found = {}
        for each in topics:
            future: Future[None] = Future()
            if each.topic in self.broker.missing:
                future.set_exception(
                    exception_of(KafkaError.TOPIC_AUTHORIZATION_FAILED, "not allowed")
                )
            else:
                self.broker.create_topic(each.topic, max(1, each.num_partitions))
                future.set_result(None)
            found[each.topic] = future
        return found

    @client_call
    def poll(self, timeout: float = -1) -> int:
        return 0
