"""Deserializer of one topic: typed messages, or the error that says why there is none."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from streamcontract.errors import ConfigurationError, DecodeError, FrameError
from streamcontract.kafka.connection.cluster import consume_error
from streamcontract.kafka.contract.dispatch import DispatchingDeserializer, RecordsBinding
from streamcontract.kafka.contract.keys import KeyCodec
from streamcontract.kafka.contract.message_deserializer import PortableMessageReader, message_reader
from streamcontract.kafka.contract.serializers import ContractDeserializer, KeyDeserializer
from streamcontract.kafka.errors import MessageDecodeError
from streamcontract.kafka.telemetry import NO_TELEMETRY
from streamcontract.registry.errors import (
    SchemaNotFoundError,
    StoredSchemaError,
    SubjectNotFoundError,
    UnsupportedRequestError,
    VersionNotFoundError,
)
from streamcontract.registry.subjects import STRATEGIES, topic_name_strategy
from streamcontract.wire import CONFLUENT

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import confluent_kafka

    from streamcontract.codec import Codec
    from streamcontract.kafka.contract.binding import Binding
    from streamcontract.kafka.contract.framed import FramedDeserializer
    from streamcontract.kafka.message import Message, SchemaId
    from streamcontract.kafka.telemetry import TopicReceiving
    from streamcontract.registry import SchemaRegistry
    from streamcontract.registry.subjects import SubjectNameStrategy
    from streamcontract.wire import WireFormat

__all__ = ["POISON", "TopicDeserializer"]

T = TypeVar("T")

POISON: Final = (
    FrameError,
    DecodeError,
    SchemaNotFoundError,
    SubjectNotFoundError,
    VersionNotFoundError,
    StoredSchemaError,
    UnsupportedRequestError,  # it names its schema by a GUID, and this registry has none
)
"""The message is at fault. Every other error, such as a registry that does not answer, leaves the
message where it is, to be tried again. Of "not found" only the registry's own codes count: a proxy
that lost its way to the registry answers with a bare 404."""


class TopicDeserializer(Generic[T]):
    """Makes typed messages of raw ones of one topic.

    Args:
        binding: The topic, and the contract or contracts that its messages are of.
        registry: The registry; the caller closes it.
        receiving: Gets the schemas that are met, and the time that decoding takes.
        subject_name_strategy: Names the subjects of the topic's schemas, in whose context its
            messages' schema ids are.
        wire: Where messages say which schema they were written with.
        rules_ignored: The types of rules that are not this reader's business.

    Attributes:
        topic: Where all of them come from.
        deserializer: Reads their values.
        plain: Reads what is well, and nothing else.
        read_key: Reads keys; it plugs into confluent_kafka's clients.
    """

    def __init__(
        self,
        binding: Binding[T] | RecordsBinding[T],
        registry: SchemaRegistry,
        receiving: TopicReceiving = NO_TELEMETRY,
        subject_name_strategy: SubjectNameStrategy = topic_name_strategy,
        wire: WireFormat = CONFLUENT,
        rules_ignored: Collection[str] = (),
    ) -> None:
        topic, key = binding.topic, binding.key
        subject_of = partial(_subject_in_context, registry, subject_name_strategy, topic)
        deserializer: FramedDeserializer[T] = (
            DispatchingDeserializer(
                binding.codecs,
                registry,
                subject=subject_of(*binding.codecs, is_key=False),
                framing=wire,
                rules_ignored=rules_ignored,
            )
            if isinstance(binding, RecordsBinding)
            else ContractDeserializer(
                binding.codec,
                registry,
                subject=subject_of(binding.codec, is_key=False),
                framing=wire,
                rules_ignored=rules_ignored,
            )
        )
        deserializer.report_to(receiving)
        self.topic = topic
        self.deserializer = deserializer
        read_plain: Callable[..., Any]
        read_strict: Callable[..., Any]
        has_frame = not isinstance(key, KeyCodec)
        if isinstance(key, KeyCodec):
            self.read_key: Any = KeyDeserializer(key)
            read_plain, read_strict = key.read_plain, key.read
        else:
            self.read_key = ContractDeserializer(
                key,
                registry,
                subject=subject_of(key, is_key=True),
                framing=wire,
                rules_ignored=rules_ignored,
            )
            read_plain = read_strict = self.read_key.read_key
        self._frames = wire.value
        decoders = deserializer.decoders
        self.plain = message_reader(
            topic, decoders, read_plain, wire.value, key_has_frame=has_frame
        )
        self._strict = PortableMessageReader(
            topic, decoders, read_strict, wire.value, key_has_frame=has_frame
        )

    def read(self, raw: confluent_kafka.Message) -> Message[T]:
        """Read a message with care: say what is wrong with it, or learn how its like is read.

        Raises:
            MessageDecodeError: It is not of this contract.
            ConsumeError: It is no message, but what librdkafka reports in place of one.
            RegistryError: Its schema could not be fetched.
        """
        error = raw.error()
        if error is not None:
            raise consume_error(self.topic, error, raw.partition())
        partition: int = raw.partition()  # type: ignore[assignment] # only errors have none
        offset: int = raw.offset()  # type: ignore[assignment] # likewise
        try:
            data = raw.value()
            if data is not None:
                # Makes the frame known, or says why it cannot be.
                self.deserializer.decoder(data, raw.headers())
            return self._strict.assemble(raw)
        except POISON as reason:
            schema_id = self.schema_id_of(raw)
            raise MessageDecodeError(
                self.topic, partition, offset, raw, reason, schema_id
            ) from reason

    def schema_id_of(self, raw: confluent_kafka.Message) -> SchemaId | None:
        """The id of the schema that a message's value was written with; None where none is said."""
        data = raw.value()
        with contextlib.suppress(FrameError):
            return None if data is None else self._frames.frame(data, raw.headers()).schema_id
        return None


def _subject_in_context(
    registry: SchemaRegistry,
    strategy: SubjectNameStrategy,
    topic: str,
    *codecs: Codec[Any],
    is_key: bool,
) -> str | None:
    """A subject of the context in which a topic's schema ids are; None for the registry's own."""
    if strategy in STRATEGIES:  # none of these names a context
        return None
    subjects = [strategy(topic, codec.schema.name, is_key=is_key) for codec in codecs]
    contexts = {registry.qualified(subject).context for subject in subjects}
    if len(contexts) > 1:
        raise ConfigurationError(
            f"the types of topic {topic!r} have subjects in several contexts "
            f"({', '.join(sorted(contexts))}), so that a schema id means several schemas: "
            f"{', '.join(subjects)}"
        )
    return subjects[0]
