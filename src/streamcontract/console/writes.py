"""Writes of a console that may: a record, a topic, a replay of dead letters."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, Final

import attrs

from streamcontract.console.forms import (
    FormFault,
    controls_of,
    document_of,
    headers_of,
    is_blank,
    parse_json,
    with_faults,
    without_control,
)
from streamcontract.console.pages.replays import readers_for
from streamcontract.console.pages.shown import Notice, cut
from streamcontract.errors import (
    ConfigurationError,
    DataError,
    RegistryError,
    StreamContractError,
)
from streamcontract.kafka.admin.topics import ensure_topic
from streamcontract.kafka.dead_letters.replay import replay_dead_letters
from streamcontract.messages.envelopes import MARK, TYPE
from streamcontract.messages.keys import BASE64, FieldKeys, SchemaKeys
from streamcontract.messages.topics import writer_of
from streamcontract.messages.values import Form
from streamcontract.messages.writing import Plan, Writing
from streamcontract.project.rules import topic_fault
from streamcontract.registry.errors import NotFoundError
from streamcontract.registry.subjects import topic_name_strategy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from streamcontract.console.forms import Control
    from streamcontract.console.sources import Sources
    from streamcontract.kafka.admin.topics import TopicOutcome
    from streamcontract.kafka.message import Delivery
    from streamcontract.messages.keys import Keys
    from streamcontract.registry import SchemaRegistry
    from streamcontract.schema import Schema
    from streamcontract.schema.model import JsonValue

__all__ = [
    "Done",
    "Sent",
    "Target",
    "create_topic",
    "declared_partitions",
    "registrations",
    "replay",
    "send",
    "target_of",
]


_DELIVERY_MS: Final = 15_000
"""Milliseconds for a record: a browser does not wait for librdkafka's five minutes."""

_DELIVERY_TIMEOUTS: Final = frozenset({"message.timeout.ms", "delivery.timeout.ms"})
_CHANGED: Final = FormFault(
    "", "the schema has changed since this form was loaded: look it through, and send it again"
)


@attrs.frozen(kw_only=True)
class Sent:
    """The result of sending one record.

    Attributes:
        topic: The topic.
        partition: The partition that the brokers have it in; None if it was not sent.
        offset: Its offset there.
        faults: Why it was not sent.
    """

    topic: str
    partition: int | None = None
    offset: int | None = None
    faults: Sequence[FormFault] = ()


@attrs.frozen(kw_only=True)
class Done:
    """The result of a replay.

    Attributes:
        topic: The dead letter topic.
        replayed: How many went back.
        left: How many stay open.
    """

    topic: str
    replayed: int
    left: int


@attrs.frozen(kw_only=True)
class Target:
    """What a record for a topic is checked against.

    Attributes:
        topic: The topic.
        schema: The schema of its value: the contract's, else the registry's latest.
        key_schema: The schema of its key, or None.
        contract: The name of the contract, or None.
        subject: The subject of the topic's values.
        key_in_words: What to fill in for its key.
        keys: The keys of the topic.
    """

    topic: str
    schema: Schema
    key_schema: Schema | None = None
    contract: str | None
    subject: str
    key_in_words: str
    keys: Keys

    @property
    def version(self) -> str:
        """A digest of what its form shows: a contract may change while one is open."""
        key = "" if self.key_schema is None else self.key_schema.json
        parts = [self.contract or "", self.schema.json, key, self.key_in_words]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def target_of(topic: str, sources: Sources, contract: str | None = None) -> Target:
    """What a record for a topic is checked against.

    Args:
        topic: The topic.
        sources: The registry and the project.
        contract: The contract, where the topic has several.

    Raises:
        ConfigurationError: There is no schema, or there are several contracts.
        RegistryError: The registry did not answer.
    """
    found = writer_of(
        topic, sources.project(), sources.registry, sources.settings, Form(), contract=contract
    )
    subject = topic_name_strategy(topic, is_key=False)
    if found is None or found.schema is None:
        raise ConfigurationError(
            f"There is no schema for the topic {topic!r}: no contract names it, and the registry "
            f"has no subject {subject}. Name the topic in a contract of `streamcontract.toml`, or "
            f"register its schema: `streamcontract register`"
        )
    return Target(
        topic=topic,
        schema=found.schema,
        key_schema=getattr(found.keys.writing, "schema", None),
        contract=found.contract,
        subject=subject,
        key_in_words=_key_in_words(found.keys),
        keys=found.keys,
    )


def _key_in_words(keys: Keys) -> str:
    match keys:
        case FieldKeys(field=field):
            return f"empty: the field {field}"
        case SchemaKeys():
            return "required: JSON, by the key's schema"
        case _:
            return "text; empty for none"


def registrations(target: Target, sources: Sources) -> tuple[Notice, ...]:
    """What sending a record registers: schemas of a contract that the registry does not have."""
    if target.contract is None:
        return ()
    strategy = sources.settings.subject_name_strategy
    schemas = [(target.schema, False), (target.key_schema, True)]
    found = [
        _registration(strategy(target.topic, schema.name, is_key=is_key), schema, sources)
        for schema, is_key in schemas
        if schema is not None
    ]
    return tuple(each for each in found if each is not None)


def _registration(subject: str, schema: Schema, sources: Sources) -> Notice | None:
    registry, settings = sources.registry, sources.settings
    try:
        registry.id_of(subject, schema, auto_register=False, normalize=settings.normalize)
    except NotFoundError:
        title = f"The registry does not have the contract's schema under {subject}"
        if not settings.auto_register:
            text = "auto.register.schemas is false, so nothing is sent: register the schema first."
            return Notice("bad", title, text)
        try:
            return _next_version(subject, schema, registry, title)
        except RegistryError as error:
            return Notice("bad", title, str(error))
    except RegistryError as error:
        title = "Whether the registry has the contract's schema is not known"
        return Notice("warn", title, str(error))
    return None


def _next_version(subject: str, schema: Schema, registry: SchemaRegistry, title: str) -> Notice:
    try:
        versions = registry.versions(subject, deleted=True)
        if all(each is schema for each in schema.closure()):  # references may be unregistered too
            refusal = registry.test_compatibility(subject, schema)
            if not refusal.is_compatible:
                text = "It is not compatible with the latest version, so nothing is sent."
                return Notice("bad", title, "\n".join([text, *refusal.messages]))
    except NotFoundError:
        versions = []
    first, number = ("a", max(versions) + 1) if versions else ("the first", 1)
    text = f"Sending {first} record registers the schema as version {number} of {subject}."
    return Notice("warn", title, text)


def send(form: Mapping[str, str], target: Target, sources: Sources) -> Sent:
    """Check a filled-in form against the contract, and send its record if it fits.

    Args:
        form: What was filled in.
        target: What the record is checked against.
        sources: The brokers, the registry and the project.

    Raises:
        StreamContractError: The record could not be sent.
    """
    controls = controls_of(target.schema, form)
    envelope, faults = _envelope(form, target)
    faults += _outdated(form, target, controls)
    partition = form.get("partition", "")
    if partition and not re.fullmatch("[0-9]{1,9}", partition):
        faults.append(FormFault("partition", f"{partition!r} is no partition", "partition"))
        partition = ""
    plan = Plan(
        topic=target.topic,
        contract=target.contract,
        kind="messages",
        partition=int(partition) if partition else None,
    )
    config = dict(sources.config)
    if not _DELIVERY_TIMEOUTS & config.keys():
        config["message.timeout.ms"] = _DELIVERY_MS
    with Writing(plan, config, sources.project(), sources.registry) as writing:
        if writing.schemas is None or writing.schemas.schema != target.schema:
            faults.append(_CHANGED)
        found = {
            fault.path: str(fault)
            for error in writing.check([_line(envelope, faults)])
            for fault in error.faults
        }
        faults = with_faults(target.schema, controls, found, faults)
        if not faults:
            faults = _unknown_partition(target.topic, plan.partition, sources)
        if faults:
            return Sent(topic=target.topic, faults=faults)
        reports: list[Delivery] = []
        failures = writing.send(on_delivery=reports.append).failures
    if failures:
        faults = [FormFault("", each.reason) for each in failures]
        return Sent(topic=target.topic, faults=faults)
    return Sent(topic=target.topic, partition=reports[0].partition, offset=reports[0].offset)


def _outdated(
    form: Mapping[str, str], target: Target, controls: Sequence[Control]
) -> Iterator[FormFault]:
    """What was filled in for a form that the contract gave before it changed."""
    if form.get("version", target.version) != target.version:
        yield _CHANGED
    for path, value in without_control(controls, form):
        yield FormFault(path, f"there is no such field in the form: {cut(value)!r} was filled in")


def _unknown_partition(topic: str, partition: int | None, sources: Sources) -> list[FormFault]:
    """The fault of a partition that the topic does not have.

    Raises:
        ConsumeError: There is no such topic, which the brokers might create, or they did not
            answer, which a producer would wait for, for minutes.
    """
    known = sources.cluster.partitions(topic)
    if partition is None or partition in known:
        return []
    text = f"the topic has no partition {partition}: they are 0 to {max(known)}"
    return [FormFault("partition", text, "partition")]


def _envelope(form: Mapping[str, str], target: Target) -> tuple[dict[str, Any], list[FormFault]]:
    """The message of a form as JSON, and what is no value of a control."""
    headers, wrong_headers = headers_of(form.get("headers", ""))
    envelope: dict[str, Any] = {
        TYPE: MARK,
        "headers": [{"name": name, "value": value} for name, value in headers],
        "value": None,
    }
    faults: list[FormFault] = []
    if "tombstone" not in form:
        envelope["value"], faults = document_of(target.schema, form)
    elif is_blank(target.schema, form):
        envelope["tombstone"] = True
    else:
        text = "a tombstone has no value, and fields are filled in: empty them, or send a record"
        faults = [FormFault("tombstone", text, "tombstone")]
        envelope["tombstone"] = True
    if form.get("key"):
        envelope["key"] = _key(form["key"], target.keys)
    return envelope, [*faults, *wrong_headers]


def _line(envelope: dict[str, Any], faults: list[FormFault]) -> bytes:
    try:
        return json.dumps(envelope, allow_nan=False).encode()
    except RecursionError:
        text = "the record is nested too deeply"
    except ValueError:
        text = 'a number is beyond 64 bits of floating point; as text, "Infinity" is one'
    faults.append(FormFault("", text))
    return b""


def _key(text: str, keys: Keys) -> JsonValue:
    """A key as JSON: the first of its meanings that is a key of the topic, else the first.

    A text is itself, unless it is bytes as pages show them. Where keys have a schema it is JSON,
    and a text needs no quotes.
    """
    try:
        found = parse_json(text)
    except ValueError:
        return text
    is_bytes = isinstance(found, dict) and found.keys() == {BASE64}
    is_json = isinstance(keys, SchemaKeys) or is_bytes
    meanings = (found, text) if is_json else (text, found)
    return next((each for each in meanings if _is_key(each, keys)), meanings[0])


def _is_key(json: JsonValue, keys: Keys) -> bool:
    try:
        keys.encode(json)
    except DataError:
        return False
    return True


def declared_partitions(topic: str, sources: Sources) -> int | None:
    """The partitions that the topic's contract asks for, as `streamcontract topics create` does."""
    project = sources.project()
    contracts = () if project is None else project.contracts
    found = (each.partitions for each in contracts if each.topic == topic)
    return next((each for each in found if each is not None), None)


def create_topic(name: str, partitions: str, sources: Sources) -> TopicOutcome:
    """Create a topic unless it exists.

    Args:
        name: The topic.
        partitions: Their number; ``""`` for that of the topic's contract, else the brokers'.
        sources: The brokers and the project.

    Raises:
        ConfigurationError: The name or the number cannot be used.
        TopicError: The brokers refused, or did not answer.
    """
    fault = topic_fault(name)
    if fault is not None:
        raise ConfigurationError(fault)
    if partitions and not re.fullmatch(r"[0-9]{1,10}", partitions):
        raise ConfigurationError(f"{partitions!r} is no number of partitions")
    count = int(partitions) if partitions else declared_partitions(name, sources)
    return ensure_topic(name, sources.config, partitions=count, timeout=10.0)


def replay(topic: str, sources: Sources) -> Done:
    """Send the dead letters of a topic back that can be read now.

    Raises:
        StreamContractError: There is no project with contracts, or the replay failed.
    """
    readers = readers_for(sources.project(), sources)
    if not readers:
        raise StreamContractError("no contract here names a topic, so nothing could be read")
    done = replay_dead_letters(topic, readers, sources.config)
    return Done(topic=topic, replayed=done.replayed, left=done.left)
