"""Deserializer of plain messages: one step for each message of a consumer.

Plain cases only. Whatever is not one (an error of the client, a frame not met before, bytes that
are not of the contract) is left to the consumer's careful way, which finds out why; so nothing
here has to tell errors apart, and errors cost nothing before they happen.
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

__all__ = ["MessageReader", "PortableMessageReader", "message_reader", "portable_split", "splitter"]

# The parameters of Message's constructor, which are its slots.
_SLOTS = ("value", "key", "topic", "partition", "offset", "schema_id", "timestamp_ms", "headers")


class MessageReader(Protocol):
    """What makes typed messages; one thread at a time may use it."""

    def read(self, raw: confluent_kafka.Message) -> Message[Any] | None:
        """The message, or None where it takes care to read it."""

    def read_many(
        self,
        raws: list[confluent_kafka.Message],
        start: int,
        stop: int,
        messages: list[Message[Any]],
    ) -> int:
        """Read consecutive messages, up to one that takes care to read.

        Args:
            raws: Where they are; they stay there.
            start: The index of the first one.
            stop: The index after the last one.
            messages: Gets the typed messages.

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
    """The reader that goes with the codec's engine; both make the same messages.

    Args:
        topic: Where all messages come from.
        decoders: Schema id and decoding function by the key of a frame, for those met so far.
        read_key: Makes the key of its bytes; what it raises is never shown.
        frames: Finds the frames of values.
        key_has_frame: Whether keys are framed: then ``read_key`` is given the headers too.
    """
    native = native_part()
    if native is not None:
        forbidden = _forbidden(frames, key_has_frame=key_has_frame)
        reader: MessageReader = native.MessageReader(
            Message, _SLOTS, topic, decoders, read_key, frames, forbidden, key_has_frame
        )
        return reader
    return PortableMessageReader(topic, decoders, read_key, frames, key_has_frame=key_has_frame)


def _forbidden(frames: FrameReader, *, key_has_frame: bool) -> tuple[str, ...]:
    """The headers with which a key is no plain one, where headers count at all."""
    return tuple(schema_id_headers(is_key=True)) if frames.names and not key_has_frame else ()


class PortableMessageReader:
    """Makes typed messages in Python."""

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
        self._forbidden = _forbidden(frames, key_has_frame=key_has_frame)

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
            KeyError: Its frame was not met before.
            FrameError: A header says otherwise than the contract.
            Exception: What decoders and ``read_key`` raise.
        """
        data: bytes | None = raw.value()
        key = raw.key()
        headers: Any = raw.headers()
        value = schema_id = None
        if data is not None:
            # The plain case first: only Confluent's prefix has a key of five bytes.
            known = None if headers else self._decoders.get(data[:HEADER_SIZE])
            schema_id, decode = known or self._decoders[self._frames.key(data, headers)]
            value = decode(data)
        if key is not None:
            if headers and self._forbidden:
                self._check_plain_key(headers)
            key = self._read_key(key, headers) if self._key_has_frame else self._read_key(key)
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

    def _check_plain_key(self, headers: list[tuple[str, bytes | None]]) -> None:
        for name, value in headers:
            if value is not None and name in self._forbidden:
                raise FrameError(
                    f"the header {name} says that the key was written with a schema, and the "
                    f"contract's keys are plain: give it a key schema"
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


class Split(Protocol):
    """What makes runs of consecutive messages of one partition."""

    def __call__(
        self, raws: list[confluent_kafka.Message], *, by_topic: bool
    ) -> list[list[confluent_kafka.Message]]:
        """Split messages into runs; what librdkafka reports in place of one stands alone.

        Args:
            raws: The messages.
            by_topic: Whether they may be of several topics.
        """


def splitter() -> Split:
    """The one that goes with the codec's engine; both make the same runs."""
    native = native_part()
    if native is None:
        return portable_split
    split: Split = native.split
    return split


def portable_split(
    raws: list[confluent_kafka.Message], *, by_topic: bool
) -> list[list[confluent_kafka.Message]]:
    """The same in Python."""
    runs: list[list[confluent_kafka.Message]] = []
    current: object = None
    for raw in raws:
        key = None
        if raw.error() is None:
            key = (raw.partition(), raw.topic()) if by_topic else raw.partition()
        if key is not None and key == current:
            runs[-1].append(raw)
        else:
            runs.append([raw])
        current = key
    return runs
