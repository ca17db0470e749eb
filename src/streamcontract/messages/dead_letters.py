"""Dead letters in summary and in full, with their values as they can be read now."""

from __future__ import annotations

import contextlib
import itertools
import pprint
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from streamcontract.errors import DataError, EncodeError, FrameError, RegistryError
from streamcontract.json_codec import JsonCodec
from streamcontract.kafka.contract.project_deserializers import project_readers
from streamcontract.kafka.contract.serializers import ContractDeserializer
from streamcontract.kafka.dead_letters.dead_letter import DeadLetter
from streamcontract.kafka.dead_letters.topic import DeadLetterTopic
from streamcontract.kafka.errors import MessageDecodeError
from streamcontract.schema import parse_schema
from streamcontract.wire import IdKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from streamcontract.kafka.connection.cluster import Cluster
    from streamcontract.kafka.connection.config import Settings
    from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
    from streamcontract.kafka.dead_letters.topic import Entry
    from streamcontract.project import Project
    from streamcontract.registry import SchemaRegistry
    from streamcontract.schema import Schema

__all__ = ["Decoded", "Summary", "decode_letter", "summaries", "summaries_of"]


@attrs.define
class Summary:
    """Open messages of one topic with the same source and error.

    Attributes:
        topic: The dead letter topic.
        source: The topic that they come from.
        error: The class of the error.
        count: The number of messages.
        attempts: The most failed attempts of one of them.
        places: Partition and offset of the first and the last.
        times: When the first and the last became dead letters, of other messages their own time,
            in milliseconds since the epoch; empty if there is none.
    """

    topic: str
    source: str
    error: str
    count: int = 0
    attempts: int = 1
    places: list[tuple[int, int]] = attrs.field(factory=list)
    times: list[int] = attrs.field(factory=list)

    def add(self, entry: Entry) -> None:
        """Count one more."""
        self.count += 1
        place = _number(entry.raw.partition()), _number(entry.raw.offset())
        # The first and the last, instead of a list of thousands.
        self.places = [min([place, *self.places]), max([place, *self.places])]
        kind, milliseconds = entry.raw.timestamp()
        times = [milliseconds] if kind else []
        if isinstance(entry.letter, DeadLetter):
            self.attempts = max(self.attempts, entry.letter.attempt)
            times = [int(entry.letter.time.timestamp() * 1000)]
        if times:
            self.times = [min([*times, *self.times]), max([*times, *self.times])]

    @property
    def document(self) -> dict[str, Any]:
        """The values for JSON output."""
        first, last = ({"partition": each[0], "offset": each[1]} for each in self.places)
        return {
            "topic": self.topic,
            "source": self.source,
            "error": self.error,
            "count": self.count,
            "attempts": self.attempts,
            "first": first,
            "last": last,
        }


def summaries(topic: str, cluster: Cluster) -> list[Summary]:
    """The open messages of a dead letter topic, by source and error."""
    with DeadLetterTopic(topic, cluster=cluster) as letters:
        return summaries_of(topic, letters.open())


def summaries_of(topic: str, batches: Iterable[Iterable[Entry]]) -> list[Summary]:
    """Messages of a dead letter topic by source and error, copies not counted."""
    found: dict[tuple[str, str], Summary] = {}
    for entry in itertools.chain.from_iterable(batches):
        if entry.is_copy:
            continue
        letter = entry.letter
        what = (
            (letter.source.topic, letter.error)
            if isinstance(letter, DeadLetter)
            else ("-", "not a dead letter")
        )
        found.setdefault(what, Summary(topic, *what)).add(entry)
    return [found[what] for what in sorted(found)]


@attrs.frozen(kw_only=True)
class Decoded:
    """The present decoding of a dead letter's value.

    Attributes:
        reader: ``"contract"`` or ``"writer"``, the owner of the schema it was read with; None for
        neither.
        value: The value, of plain Python types.
        schemas: The schema, or those of a topic's contracts. None without a reader.
        errors: The errors of the contract, of the writer's schema, or of both.
        lines: All of that as text.
    """

    reader: str | None = None
    value: Any = None
    schemas: Sequence[Schema] = ()
    errors: Sequence[str] = ()
    lines: Sequence[str] = ()

    @property
    def document(self) -> dict[str, Any]:
        """The values for JSON output, in the plain encoding of docs/json.md."""
        return {"reader": self.reader, "value": self._value, "errors": list(self.errors)}

    @property
    def _value(self) -> Any:
        for schema in self.schemas:
            # A codec that does not take it belongs to another contract of the topic.
            with contextlib.suppress(EncodeError):
                return JsonCodec(schema).dump(self.value)
        return None

    @property
    def in_words(self) -> Iterator[str]:
        """The lines of the value."""
        yield from self.lines
        if self.reader is not None:
            shown = pprint.pformat(self.value, sort_dicts=False)
            yield from (f"  {line}" for line in shown.splitlines())


def decode_letter(
    entry: Entry,
    letter: DeadLetter,
    project: Project | None,
    registry: SchemaRegistry,
    settings: Settings,
    readers: Mapping[str, TopicDeserializer[Any]] | None = None,
) -> Decoded:
    """The value read with the present contract, else with the writer schema, else the errors.

    Args:
        entry: The message of the dead letter topic.
        letter: The dead letter in it.
        project: The project, if there is one: its contract of the source topic counts.
        registry: The registry.
        settings: The client's.
        readers: The project's deserializers by topic, where they are made already.
    """
    if letter.value is None:
        return Decoded(lines=["the value is null: a tombstone"])
    errors: list[str] = []
    lines = ["no contract of a project here has this topic"]
    try:
        made = _readers_of(project, registry, settings) if readers is None else readers
        reader = made.get(letter.source.topic)
        if reader is not None:
            try:
                message = reader.read(entry.raw)
            except MessageDecodeError as error:
                errors = [str(error.reason)]
                lines = [f"today's contract cannot read it: {error.reason}"]
            else:
                return Decoded(
                    reader="contract",
                    value=message.value,
                    schemas=_schemas_of(letter.source.topic, project),
                    lines=["as today's contract reads it:"],
                )
        frame = settings.wire.value.frame(letter.value, letter.headers)
        writer = registry.stored(frame.schema_id, is_global=frame.kind is IdKind.GLOBAL_ID).schema
        reads: ContractDeserializer[Any] = ContractDeserializer(
            writer, registry, framing=settings.wire, rules_ignored=settings.rules_ignored
        )
        _, decode = reads.decoder(letter.value, letter.headers)
        value: Any = decode(letter.value)
    except (DataError, FrameError, RegistryError) as error:
        reason = "for the same reason" if str(error) in errors else str(error)
        return Decoded(
            errors=list(dict.fromkeys([*errors, str(error)])),
            lines=[*lines, f"not even as it was written: {reason}"],
        )
    return Decoded(
        reader="writer",
        value=value,
        schemas=[writer],
        errors=errors,
        lines=[*lines, f"as it was written, with {writer.name or 'a schema without a name'}:"],
    )


def _readers_of(
    project: Project | None, registry: SchemaRegistry, settings: Settings
) -> Mapping[str, TopicDeserializer[Any]]:
    """The project's deserializers by topic; none without a project."""
    if project is None:
        return {}
    return project_readers(project, registry, settings)


def _schemas_of(topic: str, project: Project | None) -> list[Schema]:
    contracts = () if project is None else project.contracts
    return [
        parse_schema(each.schema, folders=each.folders) for each in contracts if each.topic == topic
    ]


def _number(value: Any) -> int:
    return int(value)
