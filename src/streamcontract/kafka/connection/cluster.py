"""Requests to the cluster over connections of their own.

A consumer's connection to a broker is busy with long fetches: a request on it waits for up to
``fetch.wait.max.ms`` for each partition in turn (0.5 s each, measured on the embedded broker). An
AdminClient has connections of its own, and requests all partitions at once.
"""

from __future__ import annotations

import contextlib
import difflib
import logging
import time
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka
from confluent_kafka import IsolationLevel, TopicCollection, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined] # OffsetSpec is documented there
    ConfigResource,
    OffsetSpec,
    ResourceType,
)

from streamcontract.errors import last_word
from streamcontract.kafka.connection.authentication_errors import (
    WatchedAdminClient,
    authentication_advice,
)
from streamcontract.kafka.connection.config import build_client
from streamcontract.kafka.connection.error_codes import (
    LEADER_MOVES,
    NO_SUCH_TOPIC,
    UNREACHABLE,
    LocalErrorCode,
)
from streamcontract.kafka.connection.librdkafka_log import LIBRDKAFKA_LOG
from streamcontract.kafka.connection.waits import Waiting, result_of
from streamcontract.kafka.errors import ConsumeError, NotSupportedError, kafka_error_of
from streamcontract.kafka.timeouts import BROKER_TIMEOUT, request_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from confluent_kafka.admin import AdminClient

__all__ = [
    "END",
    "FIRST",
    "Cluster",
    "advice_on",
    "consume_error",
    "is_embedded",
    "offsets_of",
    "offsets_of_topics",
]

_RETRY_PAUSE: Final = 0.1
"""Seconds before a repeated request for partitions with an unknown leader."""

_log = logging.getLogger("streamcontract.kafka")

# rdkafka_mock.c: the cluster id of librdkafka's mock cluster.
_MOCK_CLUSTER: Final = "mockCluster"
# Properties of confluent_kafka itself, beside librdkafka's: these belong to the original client, or
# are refused by an AdminClient.
_NOT_FOR_ADMIN: Final = frozenset(
    {
        "error_cb",
        "key.deserializer",
        "key.serializer",
        "logger",
        "on_commit",
        "on_delivery",
        "delivery.report.only.error",
        "stats_cb",
        "throttle_cb",
        "value.deserializer",
        "value.serializer",
    }
)
FIRST: Final = OffsetSpec.earliest()  # type: ignore[no-untyped-call] # typed only in part
END: Final = OffsetSpec.latest()  # type: ignore[no-untyped-call] # likewise
# librdkafka's level "err". Above it are warnings that an AdminClient does not use a consumer's
# properties, and that a broker has closed an idle connection.
_LOG_LEVEL: Final = 3
_NO_TOPIC_ID: Final = "A" * 22
"""The zero UUID in Base64, as librdkafka writes it."""


class Cluster:
    """Requests topics and offsets from the brokers, each time over connections of its own.

    Inside :meth:`connected` they are the same for all requests.

    Args:
        properties: Client properties of a producer or consumer.
        timeout: Seconds for one request.
    """

    def __init__(self, properties: Mapping[str, Any], *, timeout: float = BROKER_TIMEOUT) -> None:
        self._properties = {
            **{key: value for key, value in properties.items() if key not in _NOT_FOR_ADMIN},
            "log_level": _LOG_LEVEL,
            "logger": LIBRDKAFKA_LOG,
        }
        self._isolation = (
            IsolationLevel.READ_UNCOMMITTED
            if properties.get("isolation.level") == "read_uncommitted"
            else IsolationLevel.READ_COMMITTED
        )
        self.timeout = request_time(timeout)
        self._connected: AdminClient | None = None

    @contextlib.contextmanager
    def connected(self) -> Iterator[Cluster]:
        """Keep the connections until the end: to open them takes longer than most requests.

        For one thread; inside itself it keeps those that it has.

        Raises:
            PropertyError: librdkafka refuses a property.
        """
        outer, self._connected = self._connected, self.admin()
        try:
            yield self
        finally:
            self._connected = outer

    @property
    def properties(self) -> dict[str, Any]:
        """The properties of any client for these brokers, without warnings about ignored ones."""
        return dict(self._properties)

    def topic_properties(self, topic: str) -> dict[str, str | None]:
        """A topic's properties; none if the brokers do not return them, like the embedded one."""
        return {name: entry.value for name, entry in self.topic_entries(topic).items()}

    def topic_entries(self, topic: str) -> Mapping[str, Any]:
        """As :meth:`topic_properties`, each a ``ConfigEntry`` of confluent_kafka."""
        admin, metadata = self._meet(topic)
        if is_embedded(metadata):
            return {}
        resource = ConfigResource(ResourceType.TOPIC, topic)
        try:
            asked = admin.describe_configs([resource], request_timeout=self.timeout)[resource]
            found: Mapping[str, Any] = result_of(
                asked, Waiting(f"the properties of topic {topic!r}", topic)
            )
        except confluent_kafka.KafkaException as error:
            # Reading them needs a permission of its own, which a consumer may lack.
            _log.info("topic %r: properties not read: %s", topic, error, extra={"topic": topic})
            return {}
        return found

    def admin(self) -> AdminClient:
        """An AdminClient with these properties.

        Raises:
            PropertyError: librdkafka refuses a property.
        """
        if self._connected is not None:  # which is false while its queue is empty
            return self._connected
        return build_client(WatchedAdminClient, self._properties)

    def is_embedded(self) -> bool:
        """Whether this is the embedded broker; False too if it does not answer."""
        try:
            return is_embedded(self.admin().list_topics(timeout=self.timeout))
        except confluent_kafka.KafkaException:
            return False

    def topics(self) -> list[str]:
        """The names of the topics.

        Raises:
            ConsumeError: The brokers did not answer.
        """
        return sorted(self._topics(""))

    def partitions(self, topic: str) -> list[int]:
        """The numbers of a topic's partitions.

        Raises:
            ConsumeError: There is no such topic, or the brokers did not answer.
        """
        topics = self._topics(topic)
        found = topics.get(topic)
        if found is None or found.error is not None:
            missing = confluent_kafka.KafkaError(
                confluent_kafka.KafkaError.UNKNOWN_TOPIC_OR_PART,
                f"there is no such topic{_near(topic, topics)}",
            )
            raise consume_error(topic, missing)
        return sorted(found.partitions)

    def topic_id(self, topic: str) -> str | None:
        """The id of a topic, which one created anew under its name does not have (KIP-516).

        None if the brokers have no ids: before Kafka 2.8, and the embedded one.

        Raises:
            ConsumeError: There is no such topic, or the brokers did not answer.
        """
        admin, metadata = self._meet(topic)
        if is_embedded(metadata):
            return None
        asked = admin.describe_topics(TopicCollection([topic]), request_timeout=self.timeout)[topic]
        try:
            found = str(result_of(asked, Waiting(f"the id of topic {topic!r}", topic)).topic_id)
        except confluent_kafka.KafkaException as error:
            reason = kafka_error_of(error)
            if reason.code() == LocalErrorCode.UNSUPPORTED_FEATURE:
                return None
            raise consume_error(topic, reason) from error
        return None if found == _NO_TOPIC_ID else found

    def _topics(self, topic: str) -> Mapping[str, Any]:
        """The metadata of all topics: asking for one by name could create it."""
        try:
            found: Mapping[str, Any] = self.admin().list_topics(timeout=self.timeout).topics
        except confluent_kafka.KafkaException as error:
            raise consume_error(topic, kafka_error_of(error)) from error
        return found

    def first_offsets(self, topic: str, partitions: Iterable[int]) -> dict[int, int]:
        """The beginning offset of each partition.

        Raises:
            ConsumeError: The brokers did not answer, or there is no such partition.
        """
        return self._offsets(self._meet(topic)[0], topic, partitions, FIRST)

    def end_offsets(self, topic: str, partitions: Iterable[int]) -> dict[int, int]:
        """The end offset of each partition, which its next message will get.

        With ``isolation.level`` at the default ``read_committed`` it is the last stable offset,
        which an open transaction holds back.

        Raises:
            ConsumeError: The brokers did not answer, or there is no such partition.
        """
        return self._offsets(self._meet(topic)[0], topic, partitions, END)

    def bounds(
        self, topic: str, partitions: Iterable[int]
    ) -> tuple[dict[int, int], dict[int, int]]:
        """The beginning and the end offset of each partition, over one connection.

        Raises:
            ConsumeError: The brokers did not answer, or there is no such partition.
        """
        admin, wanted = self._meet(topic)[0], tuple(partitions)
        # The ends first: what is sent meanwhile is after them.
        ends = self._offsets(admin, topic, wanted, END)
        return self._offsets(admin, topic, wanted, FIRST), ends

    def offsets_at_time(
        self, topic: str, partitions: Iterable[int], milliseconds: int
    ) -> dict[int, int]:
        """The first offset with a message of that time or later; the end offset if there is none.

        Args:
            topic: The topic.
            partitions: The partitions.
            milliseconds: Milliseconds since the epoch.

        Raises:
            NotSupportedError: This is the embedded broker, which would return the end offset.
            ConsumeError: The brokers did not answer, or there is no such partition.
        """
        admin, metadata = self._meet(topic)
        if is_embedded(metadata):
            raise NotSupportedError(
                f"topic {topic!r}: the embedded broker cannot look offsets up by time; start from "
                f"an offset, or use a Kafka or Redpanda cluster"
            )
        wanted = tuple(partitions)
        found = self._offsets(admin, topic, wanted, OffsetSpec.for_timestamp(milliseconds))
        old = [partition for partition, offset in found.items() if offset < 0]
        return {**found, **self._offsets(admin, topic, old, END)}

    def _meet(self, topic: str) -> tuple[AdminClient, Any]:
        """An AdminClient that is connected, and the topic's metadata.

        A request of one that is not connected yet is delayed for 1 to 3 seconds (measured).
        """
        admin = self.admin()
        try:
            return admin, admin.list_topics(topic, timeout=self.timeout)
        except confluent_kafka.KafkaException as error:
            raise consume_error(topic, kafka_error_of(error)) from error

    def _offsets(
        self, admin: AdminClient, topic: str, partitions: Iterable[int], spec: OffsetSpec
    ) -> dict[int, int]:
        return offsets_of(
            admin, topic, partitions, spec, isolation=self._isolation, timeout=self.timeout
        )


def offsets_of(
    admin: AdminClient,
    topic: str,
    partitions: Iterable[int],
    spec: OffsetSpec,
    *,
    isolation: IsolationLevel = IsolationLevel.READ_UNCOMMITTED,
    timeout: float = BROKER_TIMEOUT,
) -> dict[int, int]:
    """The offset of ``spec`` in each partition.

    Raises:
        ConsumeError: The brokers did not answer, or there is no such partition.
    """
    wanted = [(topic, partition) for partition in partitions]
    found = offsets_of_topics(admin, wanted, spec, isolation=isolation, timeout=timeout)
    return {partition: offset for (_, partition), offset in found.items()}


def offsets_of_topics(
    admin: AdminClient,
    partitions: Iterable[tuple[str, int]],
    spec: OffsetSpec,
    *,
    isolation: IsolationLevel = IsolationLevel.READ_UNCOMMITTED,
    timeout: float = BROKER_TIMEOUT,
) -> dict[tuple[str, int], int]:
    """As :func:`offsets_of`, for partitions of any topics at once.

    Raises:
        ConsumeError: The brokers did not answer, or there is no such partition.
    """
    wanted = {TopicPartition(*each): spec for each in partitions}
    deadline = time.monotonic() + timeout
    offsets: dict[tuple[str, int], int] = {}
    topics = sorted({place.topic for place in wanted})
    named = f"topic {topics[0]!r}" if len(topics) == 1 else f"{len(topics)} topics"
    waiting = Waiting(f"the offsets of {named}", topics[0] if len(topics) == 1 else "")
    while wanted:
        futures = admin.list_offsets(wanted, isolation_level=isolation, request_timeout=timeout)
        for place, future in futures.items():
            try:
                offsets[place.topic, place.partition] = result_of(future, waiting).offset
            except confluent_kafka.KafkaException as error:  # noqa: PERF203 - one per partition
                reason = kafka_error_of(error)
                if reason.code() not in LEADER_MOVES or time.monotonic() > deadline:
                    raise consume_error(place.topic, reason, place.partition) from error
            else:
                del wanted[place]
        if wanted:
            time.sleep(_RETRY_PAUSE)
    return offsets


def _near(topic: str, topics: Iterable[str]) -> str:
    near = difflib.get_close_matches(topic, topics, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def is_embedded(metadata: Any) -> bool:
    """Whether cluster metadata is that of the embedded broker, librdkafka's mock cluster."""
    return str(metadata.cluster_id).startswith(_MOCK_CLUSTER)


def consume_error(
    topic: str, error: confluent_kafka.KafkaError, partition: int | None = None
) -> ConsumeError:
    """The typed error, with advice if there is any."""
    return ConsumeError(topic, error, partition, advice_on(error, topic))


def advice_on(error: confluent_kafka.KafkaError, topic: str) -> str:
    """The advice for an error of the brokers, or ``""``."""
    if refused := authentication_advice(error):
        return refused
    if error.code() in NO_SUCH_TOPIC:
        return (
            f"`streamcontract topics list` lists those that are there, and "
            f"`streamcontract topics create {last_word(topic)}` creates it"
        )
    if error.code() == LocalErrorCode.UNKNOWN_PARTITION:
        # librdkafka's error also for an existing partition that is not assigned to this consumer.
        return (
            f"Has the topic such a partition (`streamcontract topics describe "
            f"{last_word(topic)}`), and is it assigned to this consumer?"
        )
    if error.code() == LocalErrorCode.QUEUE_FULL:
        return "It has no room even by itself: raise queue.buffering.max.kbytes"
    if error.code() in UNREACHABLE:
        return (
            "Are the brokers running (`streamcontract dev` starts one), and is the address right "
            "(STREAMCONTRACT_BOOTSTRAP_SERVERS, or bootstrap.servers), and security.protocol?"
        )
    return ""
