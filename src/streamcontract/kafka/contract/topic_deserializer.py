"""Deserializer of one topic: typed messages, or the error of a message."""

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
    from streamcontract.kafka.connection.config import Settings
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
    UnsupportedRequestError,  # it has a GUID, and this registry has none
)
"""Errors of the message itself. After any other error, such as of a registry that does not answer,
the message is tried again. Of "not found" only the registry's own codes count: a misconfigured
proxy answers with a bare 404."""


class TopicDeserializer(Generic[T]):
    """Deserializes raw messages of one topic to typed ones.

    Args:
        binding: The topic, and the contract or contracts of its messages.
        registry: The registry; the caller closes it.
        receiving: Records the schemas, and the time of decoding.
        subject_name_strategy: Names the subjects of the topic's schemas, whose context is that of
        its messages' schema ids.
        wire: The wire format of messages.
        rules_ignored: The types of rules that are executed elsewhere.

    Attributes:
        topic: The topic.
        deserializer: The deserializer of the values.
        key: The codec of the keys.
        codecs: The codecs of the values, one for each type.
        frames: Finds the frames of values.
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
        deserializer.receiving = receiving
        self.topic = topic
        self.deserializer = deserializer
        self.key = key
        self.codecs = binding.codecs if isinstance(binding, RecordsBinding) else (binding.codec,)
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
        self.frames = wire.value
        decoders = deserializer.decoders
        self.plain = message_reader(
            topic, decoders, read_plain, wire.value, key_has_frame=has_frame
        )
        self._strict = PortableMessageReader(
            topic, decoders, read_strict, wire.value, key_has_frame=has_frame
        )

    @classmethod
    def configured(
        cls,
        binding: Binding[T] | RecordsBinding[T],
        registry: SchemaRegistry,
        settings: Settings,
        receiving: TopicReceiving = NO_TELEMETRY,
    ) -> TopicDeserializer[T]:
        """The deserializer that a client with a configuration has."""
        return cls(
            binding,
            registry,
            receiving,
            settings.subject_name_strategy,
            settings.wire,
            settings.rules_ignored,
        )

    def read(self, raw: confluent_kafka.Message) -> Message[T]:
        """Deserialize a message with all checks, and raise its error if it has one.

        Raises:
            MessageDecodeError: It is not of this contract.
            ConsumeError: It is an error of librdkafka in place of a message.
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
                # Caches the frame, or raises its error.
                self.deserializer.decoder(data, raw.headers())
            self._check_key(raw, data)
            return self._strict.assemble(raw)
        except POISON as reason:
            schema_id = self.schema_id_of(raw)
            raise MessageDecodeError(
                self.topic, partition, offset, raw, reason, schema_id
            ) from reason

    def read_key_of(self, raw: confluent_kafka.Message) -> Any:
        """The key of a message, with all checks.

        Raises:
            Exception: One of ``POISON``, or of a registry that does not answer.
        """
        key = raw.key()
        return None if key is None else self._strict.read_key(key, raw.headers())

    def _check_key(self, raw: confluent_kafka.Message, data: bytes | None) -> None:
        """Raise the error of a message's key, or of its value if both have one."""
        try:
            self.read_key_of(raw)
        except Exception:
            if data is not None:
                self.deserializer.check(data, raw.headers())
            raise

    def schema_id_of(self, raw: confluent_kafka.Message) -> SchemaId | None:
        """The id of a message's writer schema; None if it has none."""
        data = raw.value()
        with contextlib.suppress(FrameError):
            return None if data is None else self.frames.frame(data, raw.headers()).schema_id
        return None


def _subject_in_context(
    registry: SchemaRegistry,
    strategy: SubjectNameStrategy,
    topic: str,
    *codecs: Codec[Any],
    is_key: bool,
) -> str | None:
    """A subject of the context in which a topic's schema ids are; None for the registry's own."""
    if strategy in STRATEGIES:  # these do not use contexts
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
