"""Apicurio's own serdes for Java and our clients read what the other has written."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, ClassVar, Final

import pytest
from click.testing import CliRunner
from tests.kafka.observed import Observed
from tests.stacks.apicurio_api import own_api, versions_of
from tests.stacks.apicurio_serdes import Keyed, Serdes, Value

from streamcontract import (
    Codec,
    ContractConsumer,
    ContractProducer,
    SchemaRegistry,
    parse_schema,
)
from streamcontract.cli import main
from streamcontract.codec import Contract
from streamcontract.errors import StackError
from streamcontract.kafka import DeadLetters, Skip
from streamcontract.kafka.contract.binding import Binding
from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
from streamcontract.kafka.dead_letters.dead_letter import DeadLetter
from streamcontract.kafka.dead_letters.replay import Replayed, replay_dead_letters
from streamcontract.kafka.dead_letters.topic import DeadLetterTopic
from streamcontract.otel import names
from streamcontract.wire import FRAMINGS, IdKind, wire_format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from streamcontract.devstack.kafka import ApicurioRegistry, KafkaStack

Config = dict[str, Any]

HANDLERS: Final = {
    2: {4: "Legacy4ByteIdHandler", 8: "DefaultIdHandler"},
    3: {4: "Default4ByteIdHandler", 8: "Legacy8ByteIdHandler"},
}
APICURIOS: Final = [name for name in FRAMINGS if name.startswith("apicurio")]
CONTENT_IDS: Final = [name for name in APICURIOS if FRAMINGS[name].kind is IdKind.ID]
# With no settings: what each release does by default.
DEFAULTS: Final = {2: "apicurio-header-global-id", 3: "confluent"}


def _version(number: int) -> Any:
    """One version of a record, which under the schema of another one reads as something else."""
    fields = [
        *({"name": f"pad{each}", "type": "long", "default": 0} for each in range(number)),
        {"name": "said", "type": "string"},
        {"name": "version", "type": "int", "default": number},
    ]
    return {"type": "record", "name": "Order", "namespace": "serdes", "fields": fields}


VERSIONS: Final = [_version(number) for number in range(3)]
KEY: Final = {"type": "record", "name": "serdes.Key", "fields": [{"name": "id", "type": "long"}]}
NOTE: Final = {"type": "record", "name": "Note", "fields": [{"name": "text", "type": "string"}]}
COUNT: Final = 9


def _order(number: int) -> dict[str, Any]:
    """What is written with a version."""
    pads = {f"pad{each}": each for each in range(number)}
    return {**pads, "said": f"by version {number}", "version": number}


RECORDS: Final = [
    Keyed(Value(KEY, {"id": each}), Value(VERSIONS[each % 3], _order(each % 3)))
    for each in range(COUNT)
]
READ: Final = [
    ({"id": each}, {"said": f"by version {each % 3}", "version": each % 3}) for each in range(COUNT)
]


class OrderConsumer(ContractConsumer[Any]):
    """Reads orders as the first version has them, and their keys."""

    contract: ClassVar = Contract(
        json.dumps(VERSIONS[0]), topic="orders", key_schema=json.dumps(KEY)
    )


class NoteConsumer(ContractConsumer[Any]):
    """Reads what is no order."""

    contract: ClassVar = Contract(json.dumps(NOTE), topic="orders", key_schema=json.dumps(KEY))


def _producer(number: int) -> type[ContractProducer[Any]]:
    class OrderProducer(ContractProducer[Any]):
        contract: ClassVar = Contract(
            json.dumps(VERSIONS[number]), topic="orders", key_schema=json.dumps(KEY)
        )

    return OrderProducer


@pytest.fixture(scope="module")
def serdes(
    cluster: KafkaStack, apicurio: ApicurioRegistry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[int], Serdes]]:
    """The serdes of a release; a test is skipped where Maven cannot fetch them."""
    started: dict[int, Serdes] = {}

    def start(release: int) -> Serdes:
        if release not in started:
            log = tmp_path_factory.mktemp("serdes") / f"release-{release}.log"
            url = own_api(apicurio, release)
            try:
                started[release] = Serdes(release, cluster.bootstrap_servers, url, log)
            except StackError as error:
                pytest.skip(f"Apicurio's serdes of release {release} are not to be had: {error}")
        return started[release]

    yield start
    for each in started.values():
        each.close()


@pytest.fixture
def config(cluster: KafkaStack, apicurio: ApicurioRegistry) -> Config:
    """Apache Kafka and Apicurio Registry."""
    return {
        "bootstrap.servers": cluster.bootstrap_servers,
        "schema.registry.url": apicurio.url,
    }


@pytest.fixture
def topic(cluster: KafkaStack) -> str:
    """A topic with one partition that no other test uses."""
    name = f"orders-{uuid.uuid4().hex[:12]}"
    assert cluster.create_topic(name, 1, 3)
    return name


def _settings(release: int, framing: str) -> dict[str, str]:
    """The settings with which Apicurio's serdes write and read a framing."""
    row = FRAMINGS[framing]
    use_id = "globalId" if row.kind is IdKind.GLOBAL_ID else "contentId"
    settings = {
        "apicurio.registry.use-id": use_id,
        "apicurio.registry.headers.enabled": str(row.is_in_header).lower(),
    }
    if row.is_in_header:
        return settings
    handler = HANDLERS[release][row.size]
    return {**settings, "apicurio.registry.id-handler": f"io.apicurio.registry.serde.{handler}"}


def _name_of(part: object) -> str | None:
    return ("by settings" if part else "by default") if isinstance(part, dict) else None


WRITTEN: Final = [
    *((release, name, _settings(release, name)) for release in HANDLERS for name in APICURIOS),
    *((release, name, {}) for release, name in DEFAULTS.items()),
]


@pytest.mark.parametrize(("release", "framing", "settings"), WRITTEN, ids=_name_of)
def test_our_consumer_reads_apicurios(
    serdes: Callable[[int], Serdes],
    config: Config,
    apicurio: ApicurioRegistry,
    topic: str,
    release: int,
    framing: str,
    settings: dict[str, str],
) -> None:
    """Keys and values of three versions, each under the schema whose id its writer gave it."""
    serdes(release).write(topic, RECORDS, settings)
    observed = Observed()
    with OrderConsumer(
        {**config, "schema.id.framing": framing}, topic=topic, telemetry=observed.telemetry
    ) as consumer:
        messages = list(consumer.until_end())
    assert [(message.key, message.value) for message in messages] == READ
    kind = "globalId" if framing.endswith("global-id") else "contentId"
    ids = [each[kind] for each in versions_of(apicurio, f"{topic}-value")]
    assert [message.schema_id for message in messages] == [ids[n % 3] for n in range(COUNT)]
    counted = {point[names.SCHEMA_ID] for point, _ in observed.points(names.SCHEMA_VERSIONS)}
    assert counted == set(ids)


def test_framings_of_one_topic(serdes: Callable[[int], Serdes], config: Config, topic: str) -> None:
    """Those that cannot be mistaken for each other are read by one consumer."""
    framings = [
        "apicurio-header-content-id",
        "apicurio-header-global-id",
        "apicurio-prefix8-global-id",
    ]
    for framing in framings:
        serdes(3).write(topic, RECORDS, _settings(3, framing))
    with OrderConsumer({**config, "schema.id.framing": framings}, topic=topic) as consumer:
        assert [(message.key, message.value) for message in consumer.until_end()] == READ * 3


READABLE: Final = [
    *((release, name, _settings(release, name)) for release in HANDLERS for name in CONTENT_IDS),
    (3, "confluent", {}),
]


@pytest.mark.parametrize(("release", "framing", "settings"), READABLE, ids=_name_of)
def test_apicurios_deserializer_reads_ours(
    serdes: Callable[[int], Serdes],
    config: Config,
    topic: str,
    release: int,
    framing: str,
    settings: dict[str, str],
) -> None:
    """Keys and values of three versions, each as it was written, with its writer's schema."""
    for number in range(3):
        with _producer(number)({**config, "schema.id.framing": framing}, topic=topic) as producer:
            for each in range(number, COUNT, 3):
                producer.produce(_order(number), key={"id": each})
    found = serdes(release).read(topic, COUNT, settings)
    order = sorted(range(COUNT), key=lambda each: each % 3)
    assert [_canonical(each) for each in found] == [_canonical(RECORDS[each]) for each in order]


def _canonical(record: Keyed) -> Any:
    return [
        (parse_schema(part.schema).canonical_form, part.data) for part in (record.key, record.value)
    ]


def test_poison_of_apicurios_serializer(
    serdes: Callable[[int], Serdes],
    config: Config,
    topic: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Put aside with its headers, shown as it was written, and read when it is sent back."""
    framing = "apicurio-header-content-id"
    config["schema.id.framing"] = framing
    note = Keyed(RECORDS[0].key, Value(NOTE, {"text": "no order"}))
    in_json = RECORDS[1]
    settings = _settings(3, framing)
    serdes(3).write(topic, [note], settings)
    serdes(3).write(topic, [in_json], {**settings, "apicurio.registry.avro.encoding": "JSON"})
    with OrderConsumer(config, topic=topic, poison=DeadLetters()) as consumer:
        assert list(consumer.until_end()) == []
    with DeadLetterTopic(f"{topic}.dlq", config) as letters:
        entries = [entry for part in letters.open() for entry in part]
    first, second = (entry.letter for entry in entries)
    assert isinstance(first, DeadLetter)
    assert isinstance(second, DeadLetter)
    assert "encoded as b'JSON'" in second.text
    monkeypatch.chdir(tmp_path)
    properties = [f"--config={name}={value}" for name, value in config.items()]
    place = [str(first.partition), str(first.offset)]
    shown = CliRunner().invoke(
        main, ["dlq", "show", topic, *place, *properties], catch_exceptions=False
    )
    assert f"schema id: {first.schema_id}" in shown.output
    assert "'no order'" in shown.output
    with SchemaRegistry(config["schema.registry.url"]) as registry:
        assert first.schema_id == registry.version(f"{topic}-value", 1).id
        binding = Binding(
            topic, Codec[Any](parse_schema(NOTE)), Codec[Any](parse_schema(KEY)), None
        )
        reader: TopicDeserializer[Any] = TopicDeserializer(
            binding, registry, wire=wire_format(framing)
        )
        done = replay_dead_letters(f"{topic}.dlq", {topic: reader}, config)
        assert done == Replayed(replayed=1, failing=1)
    # The JSON is for Apicurio's own deserializer alone.
    found = serdes(3).read(topic, 3, settings)
    assert [each.value.data for each in found] == [
        each.value.data for each in (note, in_json, note)
    ]
    with NoteConsumer(config, topic=topic, poison=Skip(lambda _: None)) as consumer:
        notes = consumer.consume(2, 60.0)
    assert [(each.key, each.value) for each in notes] == [({"id": 0}, {"text": "no order"})] * 2
    assert [each.schema_id for each in notes] == [first.schema_id] * 2


def test_check_against_what_apicurios_serializer_registered(
    serdes: Callable[[int], Serdes],
    config: Config,
    topic: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The versions that its serializer registered are the subject's, with verdicts over them."""
    serdes(3).write(topic, RECORDS, {})
    monkeypatch.chdir(tmp_path)
    project = f'[contracts.order]\nschema = "order.avsc"\ntopic = "{topic}"\n'
    (tmp_path / "streamcontract.toml").write_text(project)
    url = config["schema.registry.url"]
    with SchemaRegistry(url) as registry:
        assert registry.versions(f"{topic}-value") == [1, 2, 3]
        registry.set_compatibility("BACKWARD_TRANSITIVE", f"{topic}-value")
    required = {"name": "customer", "type": "string"}
    candidate = {**VERSIONS[2], "fields": [*VERSIONS[2]["fields"], required]}
    for schema, code in ((VERSIONS[0], 0), (candidate, 1)):
        (tmp_path / "order.avsc").write_text(json.dumps(schema))
        checked = CliRunner().invoke(main, ["check", "--against", f"registry:{url}"])
        assert checked.exit_code == code, checked.output
    assert "customer" in checked.output
