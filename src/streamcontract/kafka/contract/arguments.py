"""Arguments of clients for contracts: ``record``, ``records``, ``schema``, ``topics``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from streamcontract.errors import ConfigurationError
from streamcontract.kafka.contract.binding import Binding, bind, bind_each, checked_topic
from streamcontract.kafka.contract.dispatch import RecordsBinding, bind_records, bind_topics

if TYPE_CHECKING:
    from streamcontract.codec.contract import Contract
    from streamcontract.kafka.contract.binding import SchemaSource
    from streamcontract.kafka.contract.unions import Classes

__all__ = ["ContractArguments"]


@attrs.frozen(kw_only=True)
class ContractArguments:
    """The arguments of a producer or consumer.

    Attributes:
        contract: The contract that its class has built in.
        union: The classes in the brackets of its class.
        topic: The topic.
        record: The class of records.
        records: Several of them.
        schema: The schema of plain values; or what a client of this package's own is bound to.
    """

    contract: Contract | None
    union: Classes[Any]
    topic: str | None
    record: Any
    records: Classes[Any]
    schema: SchemaSource | Binding[Any] | RecordsBinding[Any] | None

    def for_producer(self) -> dict[type | None, tuple[Binding[Any], ...]]:
        """The contracts of a producer, by class of record; None for the only one.

        Raises:
            ConfigurationError: There is none, or the arguments contradict each other.
        """
        topic = checked_topic(self.topic)
        records = self._several("ContractProducer", "producer writes")
        if records is None:
            if isinstance(self.schema, Binding):
                return {None: (self.schema,)}
            return {None: (self._one(topic),)}
        return bind_each(records, topic)

    def for_consumer(self) -> Binding[Any] | RecordsBinding[Any]:
        """The contract or contracts of a consumer of one topic.

        Raises:
            ConfigurationError: As for a producer.
        """
        records = self._several("ContractConsumer", "consumer reads")
        if records is None:
            if isinstance(self.schema, Binding | RecordsBinding):
                return self.schema
            return self._one(self.topic)
        return bind_records(records, self.topic)

    def for_topics(
        self, topics: Mapping[str, Any]
    ) -> Mapping[str, Callable[[str], Binding[Any] | RecordsBinding[Any]]]:
        """The contracts of a consumer of several topics, by topic or pattern.

        Raises:
            ConfigurationError: As for a producer.
        """
        others = (self.contract, self.topic, self.record, self.records, self.schema)
        if others != (None, None, None, None, None):
            raise ConfigurationError(
                "topics= replaces topic=, record=, records= and schema=, and is for "
                "ContractConsumer itself: a generated consumer reads its own contract"
            )
        return bind_topics(topics)

    def _one(self, topic: str | None) -> Binding[Any]:
        schema: Any = self.schema
        return bind(self.contract, topic=topic, record=self.record, schema=schema)

    def _several(self, client: str, does: str) -> Classes[Any]:
        """Several classes of records, or None for one contract."""
        records = self.records
        if (self.record, records, self.schema) == (None, None, None):
            records = self.union
        if records is None or (self.contract, self.record, self.schema) == (None, None, None):
            return records
        raise ConfigurationError(
            f"records= replaces record= and schema=, and is for {client} itself: a generated "
            f"{does} its own contract"
        )
