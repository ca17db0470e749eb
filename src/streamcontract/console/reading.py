"""Messages of one topic as the console shows them: read with today's contract, with a verdict."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.console.verdicts import (
    NO_CONTRACT,
    NO_VALUE,
    TOMBSTONE,
    Verdict,
    poison,
    verdict_of_pair,
)
from streamcontract.errors import (
    ConfigurationError,
    DataError,
    FrameError,
    RegistryError,
)
from streamcontract.json_codec.direct import direct_text
from streamcontract.kafka.contract.dispatch import RecordsBinding
from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
from streamcontract.kafka.errors import MessageDecodeError
from streamcontract.messages.keys import WantedKey, bytes_as_json
from streamcontract.messages.reading import is_wanted
from streamcontract.messages.topics import readers_of, readers_without_registry
from streamcontract.messages.values import DocumentCodec, Form
from streamcontract.registry.errors import RegistryRequestError
from streamcontract.resolution import resolve

if TYPE_CHECKING:
    import confluent_kafka

    from streamcontract.console.sources import Sources
    from streamcontract.kafka.message import Message, SchemaId
    from streamcontract.messages.keys import Keys
    from streamcontract.schema import Schema
    from streamcontract.schema.model import JsonValue

__all__ = ["MISFIT", "Seen", "TopicReader", "Wanted"]

_NO_KEY: Final = object()

MISFIT: Final = "misfit"
"""The verdicts of messages that do not fit the contract as they are."""


@attrs.frozen(kw_only=True)
class Wanted:
    """Which messages to show.

    Attributes:
        key: Their key, as the command line has it, or None for all.
        where: The condition that their values meet, or None for all.
        verdict: The kind of their verdict, or None for all; ``"misfit"`` for all but those that
            fit.
    """

    key: str | None = None
    where: str | None = None
    verdict: str | None = None

    @property
    def is_all(self) -> bool:
        """Whether every message is."""
        return self.key is None and self.where is None and self.verdict is None

    def has(self, verdict: Verdict, *, is_readable: bool) -> bool:
        """Whether a verdict is wanted.

        A condition has no result for a message that cannot be read: it has to be asked for.
        """
        if self.verdict is None and self.where is not None:
            return is_readable
        if self.verdict == MISFIT:
            return verdict.is_misfit
        return self.verdict is None or self.verdict == verdict.kind


@attrs.frozen(kw_only=True)
class Seen:
    """One message.

    Attributes:
        partition: Its partition.
        offset: Its offset.
        timestamp_ms: Milliseconds since the epoch, or None.
        key: Its key as JSON, or None.
        headers: Its headers, values as JSON.
        schema_id: The id of the schema it was written with, or None.
        version: That schema's subject and version, such as ``"orders-value version 2"``, or None.
        value: Its value as JSON; of a message that cannot be read, as it was written; else None.
        schema: The schema that the value was read with; None without a value.
        size: Bytes of the value.
        undecoded: The bytes of a value that could not be decoded, or None.
        verdict: The verdict.
    """

    partition: int
    offset: int
    timestamp_ms: int | None
    key: JsonValue
    headers: tuple[tuple[str, JsonValue], ...]
    schema_id: SchemaId | None
    version: str | None
    value: JsonValue
    schema: Schema | None
    size: int
    undecoded: bytes | None
    verdict: Verdict


class TopicReader:
    """Reads raw messages of a topic.

    Args:
        topic: The topic.
        sources: Where contracts and schemas come from.
        wanted: Which messages.

    Attributes:
        contract: The name of the contract, or None.
        is_registry_away: Whether the registry did not answer, so that no schema is known.
        has_foreign_key: Whether the wanted key is none that the contract allows.
        schemas: Today's contracts of the topic: of the project, else the registry's latest schema.

    Raises:
        ConfigurationError: The condition does not fit the contract.
        SchemaParseError: The contract's schema breaks the Avro specification.
        RegistryError: The registry did not answer.
    """

    def __init__(self, topic: str, sources: Sources, wanted: Wanted) -> None:
        self._registry = sources.registry
        self._wire = sources.settings.wire
        self._wanted = wanted
        self._form = Form(where=wanted.where)
        given = (topic, sources.project(), sources.registry, sources.settings, self._form)
        self.is_registry_away = False
        try:
            found = readers_of(*given, latest=True)
        except RegistryRequestError:
            if wanted.where is not None:
                raise
            self.is_registry_away = True  # text and JSON need none
            found = readers_without_registry(topic, self._form)
        self.contract = found.contract
        binding: Any = found.binding
        codecs = binding.codecs if isinstance(binding, RecordsBinding) else [binding.codec]
        known = found.contract is not None or found.schema is not None
        self.schemas: tuple[Schema, ...] = tuple(each.schema for each in codecs) if known else ()
        self.has_foreign_key = False
        self._key = None if wanted.key is None else self._parsed_key(wanted.key, found.keys)
        self._deserializer: TopicDeserializer[Any] = TopicDeserializer.configured(
            binding, sources.registry, sources.settings
        )
        self._subjects = {f"{topic}-value", f"{topic}-key"}
        self._verdicts: dict[SchemaId, Verdict] = {}
        self._versions: dict[SchemaId, tuple[str, int] | None] = {}

    def _parsed_key(self, text: str, keys: Keys) -> WantedKey:
        """A key; one that the contract does not allow is that of messages that cannot be read."""
        try:
            return keys.parse(text)
        except ConfigurationError:
            self.has_foreign_key = True
            return WantedKey(_NO_KEY, text.encode())

    def read(self, raw: confluent_kafka.Message) -> Seen | None:
        """The message, or None if it is not wanted.

        Raises:
            RegistryError: The registry did not answer.
        """
        found: Message[Any] | MessageDecodeError
        try:
            found = self._deserializer.plain.read(raw) or self._deserializer.read(raw)
        except MessageDecodeError as error:
            found = error
        if not is_wanted(found, self._key, self._form):
            return None
        verdict = self._verdict(found)
        if not self._wanted.has(verdict, is_readable=not isinstance(found, MessageDecodeError)):
            return None
        if isinstance(found, MessageDecodeError):
            return self._poison(raw, found, verdict)
        schema = self._schema_of(found.schema_id)
        return Seen(
            partition=found.partition,
            offset=found.offset,
            timestamp_ms=found.timestamp_ms,
            key=_json(found.key),
            headers=_headers(found.headers),
            schema_id=found.schema_id,
            version=self._version(found.schema_id),
            value=_json(found.value),
            schema=None if schema is None else self._reader_for(schema) or schema,
            size=len(raw.value() or b""),
            undecoded=None,
            verdict=verdict,
        )

    def _poison(
        self, raw: confluent_kafka.Message, error: MessageDecodeError, verdict: Verdict
    ) -> Seen:
        payload: Any = raw.value() or b""
        kind, milliseconds = raw.timestamp()
        key: Any = raw.key()
        writer, value = self._as_written(raw)
        return Seen(
            partition=error.partition,
            offset=error.offset,
            timestamp_ms=milliseconds if kind else None,
            key=None if key is None else bytes_as_json(key),
            headers=_headers(raw.headers() or ()),
            schema_id=error.schema_id,
            version=self._version(error.schema_id),
            value=value,
            schema=writer,
            size=len(payload),
            undecoded=payload if writer is None else None,
            verdict=verdict,
        )

    def _as_written(self, raw: confluent_kafka.Message) -> tuple[Schema | None, JsonValue]:
        """The value of a message that today's contract cannot read, by the schema it names."""
        data: Any = raw.value()
        with contextlib.suppress(FrameError, DataError, RegistryError):
            frame = self._wire.value.frame(data, raw.headers())
            writer = self._schema_of(frame.schema_id)
            if writer is not None:
                decode = DocumentCodec(writer, Form()).decoder(None, frame.size)
                return writer, _json(decode(data))
        return None, None

    def _verdict(self, found: Message[Any] | MessageDecodeError) -> Verdict:
        if isinstance(found, MessageDecodeError):
            return poison(found, has_contract=bool(self.schemas))
        if found.schema_id is None:
            return NO_VALUE if found.key is None else TOMBSTONE
        known = self._verdicts.get(found.schema_id)
        if known is None:
            known = self._verdicts[found.schema_id] = self._verdict_of(found.schema_id)
        return known

    def _verdict_of(self, schema_id: SchemaId) -> Verdict:
        writer = self._schema_of(schema_id)
        reader = None if writer is None else self._reader_for(writer)
        if writer is None or reader is None:
            return NO_CONTRACT
        return verdict_of_pair(writer, reader, is_newer=self._is_newer(schema_id, reader))

    def _schema_of(self, schema_id: SchemaId | None) -> Schema | None:
        if schema_id is None:
            return None
        with contextlib.suppress(RegistryError):
            return self._registry.stored(schema_id).schema
        return None

    def _reader_for(self, writer: Schema) -> Schema | None:
        """Today's contract for messages of a schema: that of its name, where there are several."""
        named = [each for each in self.schemas if each.name == writer.name]
        readable = (each for each in self.schemas if not resolve(writer, each).faults)
        return next(iter(named), None) or next(readable, None)

    def _is_newer(self, schema_id: SchemaId, reader: Schema) -> bool:
        written = self._subject_version(schema_id)
        if written is None:
            return False
        with contextlib.suppress(RegistryError):
            return written[1] > self._registry.lookup(written[0], reader).version
        return False

    def _version(self, schema_id: SchemaId | None) -> str | None:
        found = None if schema_id is None else self._subject_version(schema_id)
        return None if found is None else f"{found[0]} version {found[1]}"

    def _subject_version(self, schema_id: SchemaId) -> tuple[str, int] | None:
        if schema_id not in self._versions:
            self._versions[schema_id] = self._find_version(schema_id)
        return self._versions[schema_id]

    def _find_version(self, schema_id: SchemaId) -> tuple[str, int] | None:
        if not isinstance(schema_id, int):
            return None
        with contextlib.suppress(RegistryError):
            found = self._registry.versions_of_id(schema_id)
            own = [each for each in found if each.subject in self._subjects]
            for each in own or found:
                return each.subject, each.version
        return None


def _json(value: Any) -> JsonValue:
    """What a document means as JSON."""
    found: JsonValue = json.loads(direct_text(value))
    return found


def _headers(headers: Any) -> tuple[tuple[str, JsonValue], ...]:
    return tuple((name, None if value is None else bytes_as_json(value)) for name, value in headers)
