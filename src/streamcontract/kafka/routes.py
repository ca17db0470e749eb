"""What producing to a topic needs, prepared once: the encoder, the key, the way into the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import attrs

from streamcontract.errors import ConfigurationError, EncodeError
from streamcontract.kafka.derive import DERIVED, deriver, no_record
from streamcontract.kafka.errors import MessageEncodeError
from streamcontract.kafka.keys import KeyCodec
from streamcontract.kafka.sending import Sender, sender
from streamcontract.kafka.serializers import ContractSerializer, KeySerializer

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.codec import Codec
    from streamcontract.kafka.binding import Binding
    from streamcontract.kafka.config import Settings
    from streamcontract.registry import SchemaRegistry

__all__ = ["Route", "Routes"]

T = TypeVar("T")

# Seconds between two looks at delivery reports while messages are produced without a pause: rare
# enough to cost nothing, often enough to tell of failures soon. Reports wait in librdkafka's
# queue until then; when that is full they are served at once.
_SERVICE_INTERVAL: Final = 0.1


@attrs.frozen
class Route:
    """The way of records to one topic.

    Attributes:
        topic: The topic.
        sender: Queues plain records.
    """

    topic: str
    sender: Sender
    _encode: Callable[[Any], bytes]
    # Takes the key out of a record that was encoded, and so checked, already.
    _derive: Callable[[Any], str | bytes | None]
    _check: Callable[[Any], str | bytes]

    def encode(self, value: Any, key: Any) -> tuple[bytes | None, str | bytes | None]:
        """A record, or None for a tombstone, and its key, as they travel.

        Raises:
            MessageEncodeError: One of them does not fit the contract.
        """
        try:
            payload = None if value is None else self._encode(value)
            if key is DERIVED:
                return payload, no_record() if value is None else self._derive(value)
            return payload, None if key is None else self._check(key)
        except EncodeError as error:
            raise MessageEncodeError(self.topic, error.faults) from error


class Routes(Generic[T]):
    """The routes of one producer.

    Args:
        binding: The contract.
        registry: The registry; the caller closes it.
        settings: What the producer's configuration says of the registry.

    Attributes:
        key: Serializes keys; it plugs into confluent_kafka's clients.
        value: Serializes records, likewise.
    """

    def __init__(self, binding: Binding[T], registry: SchemaRegistry, settings: Settings) -> None:
        self._binding = binding
        self.value = _serializer(binding.codec, registry, settings)
        self.key = (
            KeySerializer(binding.key)
            if isinstance(binding.key, KeyCodec)
            else _serializer(binding.key, registry, settings)
        )

    def open(self, topic: str, produce: Callable[..., None], report: Callable[..., None]) -> Route:
        """Prepare for a topic, which asks the registry.

        Args:
            topic: The topic.
            produce: The method of ``confluent_kafka.Producer``, bound.
            report: The delivery callback of plain records.

        Raises:
            ConfigurationError: The topic has no name.
            RegistryError: The schema could not be registered or found.
        """
        if not topic:
            raise ConfigurationError("topic= is empty: name a topic, or leave it out")
        check: Callable[[Any], str | bytes]
        if isinstance(self.key, KeySerializer):
            check, send = self.key.codec.check, self.key.codec.send
        else:
            check = send = self.key.encoder(topic, is_key=True)
        derive = deriver(self._binding, send)
        encode = self.value.encoder(topic)
        plain = sender(topic, encode, derive, produce, report, _SERVICE_INTERVAL)
        return Route(topic, plain, encode, derive, check)


def _serializer(
    codec: Codec[T], registry: SchemaRegistry, settings: Settings
) -> ContractSerializer[T]:
    return ContractSerializer(
        codec,
        registry,
        auto_register=settings.auto_register,
        normalize=settings.normalize,
        subject_name_strategy=settings.subject_name_strategy,
    )
