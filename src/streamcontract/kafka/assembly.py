"""Raw messages to typed ones: what a consumer does for each message, and nothing else.

Plain cases only. Whatever is not one (an error of the client, a frame not met before, bytes that
are not of the contract) is left to the consumer's careful way, which finds out why; so nothing
here has to tell errors apart, and errors cost nothing before they happen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from streamcontract.codec.engine import choose_engine
from streamcontract.kafka.message import Message
from streamcontract.wire import HEADER_SIZE

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Mapping

    import confluent_kafka

__all__ = ["MessageReader", "PortableMessageReader", "message_reader"]

# The parameters of Message's constructor, which are its slots.
_SLOTS = ("value", "key", "topic", "partition", "offset", "schema_id", "timestamp_ms", "headers")


class MessageReader(Protocol):
    """What makes typed messages; one thread at a time may use it."""

    def read(self, raw: confluent_kafka.Message) -> Message[Any] | None:
        """The message, or None where it takes care to read it."""

    def read_many(
        self,
        buffer: deque[confluent_kafka.Message],
        limit: int,
        messages: list[Message[Any]],
        raws: list[confluent_kafka.Message],
        first: dict[int, int],
        last: dict[int, int],
    ) -> None:
        """Take messages from the front of the buffer, up to one that takes care to read.

        Args:
            buffer: Where they are.
            limit: How many at most.
            messages: Gets the typed messages.
            raws: Gets the raw ones they were made of.
            first: Gets, for each partition that ``last`` lacks, the offset of its first message.
            last: Gets the offset of each partition's last message.
        """


def message_reader(
    topic: str,
    decoders: Mapping[bytes, tuple[int, Callable[[bytes], Any]]],
    read_key: Callable[[bytes], Any],
) -> MessageReader:
    """The reader that goes with the codec's engine; both make the same messages.

    Args:
        topic: Where all messages come from.
        decoders: Schema id and decoding function by frame, for those met so far.
        read_key: Makes the key of its bytes; what it raises is never shown.
    """
    if choose_engine().name == "native":
        from streamcontract.codec import _native  # noqa: PLC0415 - an installation may lack it

        return _native.MessageReader(Message, _SLOTS, topic, decoders, read_key)
    return PortableMessageReader(topic, decoders, read_key)


class PortableMessageReader:
    """Makes typed messages in Python."""

    def __init__(
        self,
        topic: str,
        decoders: Mapping[bytes, tuple[int, Callable[[bytes], Any]]],
        read_key: Callable[[bytes], Any],
    ) -> None:
        self._topic = topic
        self._decoders = decoders
        self._read_key = read_key

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
            Exception: What decoders and ``read_key`` raise.
        """
        data: bytes | None = raw.value()
        key = raw.key()
        value = schema_id = None
        if data is not None:
            schema_id, decode = self._decoders[data[:HEADER_SIZE]]
            value = decode(data)
        if key is not None:
            key = self._read_key(key)
        kind, milliseconds = raw.timestamp()
        return Message(
            value,
            key,
            self._topic,
            raw.partition(),  # type: ignore[arg-type] # only errors have none
            raw.offset(),  # type: ignore[arg-type] # likewise
            schema_id,
            milliseconds if kind else None,
            raw.headers() or (),  # type: ignore[arg-type] # received ones are pairs of name and bytes
        )

    def read_many(
        self,
        buffer: deque[confluent_kafka.Message],
        limit: int,
        messages: list[Message[Any]],
        raws: list[confluent_kafka.Message],
        first: dict[int, int],
        last: dict[int, int],
    ) -> None:
        """See :class:`MessageReader`."""
        read, take = self.read, buffer.popleft
        add_message, add_raw = messages.append, raws.append
        for _ in range(min(limit, len(buffer))):
            message = read(buffer[0])
            if message is None:
                return
            add_raw(take())
            add_message(message)
            partition, offset = message.partition, message.offset
            if partition not in last:
                first[partition] = offset
            last[partition] = offset
