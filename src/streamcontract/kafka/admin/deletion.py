"""Topics deleted, with all their messages."""

from __future__ import annotations

import confluent_kafka

from streamcontract.kafka.connection.cluster import Cluster, advice_on, is_embedded
from streamcontract.kafka.connection.waits import Waiting, result_of
from streamcontract.kafka.errors import NotSupportedError, TopicError, kafka_error_of

__all__ = ["delete_topic_of"]


def delete_topic_of(cluster: Cluster, name: str) -> None:
    """Delete a topic and all its messages.

    Raises:
        TopicError: There is no such topic, the brokers refused, or did not answer.
        NotSupportedError: This is the embedded broker, which keeps its topics until it ends.
    """
    admin = cluster.admin()
    try:
        if is_embedded(admin.list_topics(timeout=cluster.timeout)):
            raise NotSupportedError(
                f"the embedded broker cannot delete topic {name!r}: it keeps topics until it ends"
            )
        asked = admin.delete_topics(
            [name], operation_timeout=cluster.timeout, request_timeout=cluster.timeout
        )
        result_of(asked[name], Waiting(f"topic {name!r} to be deleted", name))
    except confluent_kafka.KafkaException as error:
        reason = kafka_error_of(error)
        raise TopicError(name, reason, advice=advice_on(reason, name)) from error
