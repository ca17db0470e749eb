"""Deserializer of plain messages: one step for each message of a consumer.

Only plain messages. Other cases (an error of the client, an unknown frame, bytes that are not of
the contract) are left to :class:`TopicDeserializer`, which raises the error; so this code does not
distinguish errors, and messages without errors cost nothing extra.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from streamcontract.errors import FrameError
from streamcontract.kafka.message import Message
from streamcontract.kafka.native import native_part
from streamcontract.wire import CONFLUENT, HEADER_SIZE, schema_id_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    import confluent_kafka

    from streamcontract.kafka.message import SchemaId
    from streamcontract.wire import FrameReader

__all__ = [
    "MessageReader",
    "PortableMessageReader",
    "forbidden_headers",
    "message_reader",
]

# The parameters of Message's constructor, which are its slots.
_SLOTS = ("value", "key", "topic", "partition", "offset", "schema_id", "timestamp_ms", "headers")


class MessageReader(Protocol):
    """The protocol of deserializers of plain messages; one thread at a time may use one."""

    def read(self, raw: confluent_kafka.Message) -> Message[Any] | None:
        """The message, or None if it needs the full path."""

    def read_many(
        self,
        raws: list[confluent_kafka.Message],
        start: int,
        stop: int,
        messages: list[Message[Any]],
    ) -> int:
        """Read consecutive messages, up to one that needs the full path.

        Args:
            raws: The raw messages, which are not changed.
            start: The index of the first one.
            stop: The index after the last one.
            messages: The list to which typed messages are added.

        Returns:
            The index of the first one that was not read.
        """


def message_reader(
    topic: str,
    decoders: Mapping[Hashable, tuple[SchemaId, Callable[[bytes], Any]]],
    read_key: Callable[..., Any],
    frames: FrameReader = CONFLUENT.value,
    *,
    key_has_frame: bool = False,
) -> MessageReader:
    """The deserializer for the codec's engine; both have the same results.

    Args:
        topic: The topic.
        decoders: Schema id and decoding function by the key of a frame, for the frames so far.
        read_key: Decodes a key; its errors are never shown.
        frames: Finds the frames of values.
        key_has_frame: Whether keys are framed: then ``read_key`` gets the headers too.
    """
    native = native_part()
    if native is not None:
        forbidden = forbidden_headers(frames, key_has_frame=key_has_frame)
        reader: MessageReader = native.MessageReader(
            Message, _SLOTS, topic, decoders, read_key, frames, forbidden, key_has_frame
        )
        return reader
    return PortableMessageReader(topic, decoders, read_key, frames, key_has_frame=key_has_frame)


def forbidden_headers(frames: FrameReader, *, key_has_frame: bool) -> tuple[str, ...]:
    """The headers with which a key is not plain, if headers count."""
    return tuple(schema_id_headers(is_key=True)) if frames.names and not key_has_frame else ()


class PortableMessageReader:
    """Deserializes plain messages in Python."""

    def __init__(
        self,
        topic: str,
        decoders: Mapping[Hashable, tuple[SchemaId, Callable[[bytes], Any]]],
        read_key: Callable[..., Any],
        frames: FrameReader = CONFLUENT.value,
        *,
        key_has_frame: bool = False,
    ) -> None:
        self._topic = topic
        self._decoders = decoders
        self._read_key = read_key
        self._frames = frames
        self._key_has_frame = key_has_frame
        self._forbidden = forbidden_headers(frames, key_has_frame=key_has_frame)

    def read(self, raw: confluent_kafka.Message) -> Message[Any] | None:
        """See :class:`MessageReader`."""
        if raw.error() is not None:
            return None
        try:
            return self.assemble(raw)
        except Exception:  # noqa: BLE001 - whatever it is, reading with care raises it anew
            return None

    def assemble(self, raw: confluent_kafka.Message) -> Message[Any]:
        """The message.

        Raises:
            KeyError: Its frame is unknown.
            FrameError: A header contradicts the contract.
            Exception: An error of decoders and ``read_key``.
        """
        data: bytes | None = raw.value()
        key = raw.key()
        headers: Any = raw.headers()
        # Before the value: telemetry counts decoded values, of messages that are well.
        if key is not None:
            key = self.read_key(key, headers)
        value = schema_id = None
        if data is not None:
            # The plain case first: only Confluent's prefix has a key of five bytes.
            known = None if headers else self._decoders.get(data[:HEADER_SIZE])
            schema_id, decode = known or self._decoders[self._frames.key(data, headers)]
            value = decode(data)
        kind, milliseconds = raw.timestamp()
        return Message(
            value,
            key,
            self._topic,
            raw.partition(),  # type: ignore[arg-type] # only errors have none
            raw.offset(),  # type: ignore[arg-type] # likewise
            schema_id,
            milliseconds if kind else None,
            headers or (),
        )

    def read_key(self, key: bytes, headers: Any) -> Any:
        """A message's key.

        Raises:
            FrameError: A header contradicts the contract.
            Exception: An error of ``read_key``.
        """
        if headers and self._forbidden:
            self._check_plain_key(headers)
        return self._read_key(key, headers) if self._key_has_frame else self._read_key(key)

    def _check_plain_key(self, headers: list[tuple[str, bytes | None]]) -> None:
        for name, value in headers:
            if value is not None and name in self._forbidden:
                raise FrameError(
                    f"by the header {name} the key was written with a schema, but the contract's "
                    f"keys are plain: give it a key schema"
                )

    def read_many(
        self,
        raws: list[confluent_kafka.Message],
        start: int,
        stop: int,
        messages: list[Message[Any]],
    ) -> int:
        """See :class:`MessageReader`."""
        read, add = self.read, messages.append
        for index in range(start, stop):
            message = read(raws[index])
            if message is None:
                return index
            add(message)
        return max(start, stop)
