"""Messages in every wire format: each is read under the schema that it says, and no other."""

from __future__ import annotations

import json
import uuid
from contextlib import closing
from typing import TYPE_CHECKING, Any

import confluent_kafka
import pytest
from click.testing import CliRunner
from confluent_kafka.schema_registry import (
    SchemaRegistryClient,
    header_schema_id_serializer,
    prefix_schema_id_serializer,
    topic_subject_name_strategy,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from tests.kafka.dlq_io import produce_raw, read_all
from tests.kafka.installed import skip_without_messages
from tests.kafka.observed import Observed
from tests.registry.scripted import ScriptedServer, answer

from streamcontract import (
    Codec,
    ContractConsumer,
    ContractProducer,
    SchemaRegistry,
    parse_schema,
)
from streamcontract.cli import main
from streamcontract.codec import Contract
from streamcontract.codec.engine import ENGINE_VARIABLE
from streamcontract.devstack.registry import RegistryServer
from streamcontract.errors import ConfigurationError, FrameError
from streamcontract.kafka import (
    ContractDeserializer,
    ContractSerializer,
    DeadLetters,
    MessageDecodeError,
)
from streamcontract.kafka.contract.binding import Binding, bind
from streamcontract.kafka.contract.topic_deserializer import TopicDeserializer
from streamcontract.kafka.dead_letters.dead_letter import DeadLetter
from streamcontract.kafka.dead_letters.replay import Replayed, replay_dead_letters
from streamcontract.kafka.dead_letters.topic import DeadLetterTopic
from streamcontract.otel import names
from streamcontract.registry.errors import SchemaNotFoundError, UnsupportedRequestError
from streamcontract.wire import Frame, OwnFraming, Written, frame, wire_format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Config = dict[str, Any]
VALUE, KEY = "__value_schema_id", "__key_schema_id"


def _version(number: int) -> Any:
    """One version of a record: each has a field that says it, in a place of its own."""
    fields = [
        *({"name": f"pad{each}", "type": "long", "default": 0} for each in range(number)),
        {"name": "said", "type": "string"},
        {"name": "version", "type": "int", "default": number},
    ]
    return parse_schema({"type": "record", "name": "shop.Order", "fields": fields})


VERSIONS = [_version(number) for number in range(4)]
READER = _version(0)


def _values(number: int) -> dict[str, Any]:
    pads = {f"pad{each}": each for each in range(number)}
    return {**pads, "said": f"by version {number}", "version": number}


@pytest.fixture
def confluent() -> Iterator[RegistryServer]:
    """A registry with GUIDs."""
    with RegistryServer(confluent=True) as server:
        yield server


@pytest.fixture
def properties(config: Config, confluent: RegistryServer) -> Config:
    """The stack's brokers, and that registry."""
    return {**config, "schema.registry.url": confluent.url}


@pytest.fixture(params=["native", "portable"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both readers of messages."""
    if request.param == "native":
        pytest.importorskip("streamcontract.codec._native")
    monkeypatch.setenv(ENGINE_VARIABLE, request.param)


@pytest.mark.usefixtures("engine")
def test_one_consumer_reads_a_topic_in_all_of_confluents_formats(
    properties: Config, topic: Callable[..., str], confluent: RegistryServer
) -> None:
    """Written by its serializers and by ours, each message by another version of the schema."""
    name = topic(partitions=1)
    writers = [
        _confluents(properties, VERSIONS[0], prefix_schema_id_serializer),
        _confluents(properties, VERSIONS[1], header_schema_id_serializer),
        _ours(properties, VERSIONS[2], {"schema.id.framing": "header-id"}),
        _ours(properties, VERSIONS[3], {"schema.id.framing": "prefix-guid"}),
    ]
    for _ in range(2):
        for number, write in enumerate(writers):
            write(name, _values(number))
    asked: list[str] = []
    confluent.before = lambda request: asked.append(request.target)
    with ContractConsumer(properties, topic=name, schema=READER) as consumer:
        messages = list(consumer.until_end())
    confluent.before = None
    assert len(asked) == 4 == len(set(asked))  # each schema once, GUIDs too
    expected = [{"said": f"by version {n}", "version": n} for n in range(4)]
    assert [message.value for message in messages] == [*expected, *expected]
    with SchemaRegistry(properties["schema.registry.url"]) as registry:
        found = [registry.lookup(f"{name}-value", each) for each in VERSIONS]
    guids = [uuid.UUID(each.guid or "") for each in found]
    ids = [found[0].id, guids[1], found[2].id, guids[3]]
    assert [message.schema_id for message in messages] == [*ids, *ids]
    frames = [message.headers for message in messages[:4]]
    assert [bool(each) for each in frames] == [False, True, True, False]


def _confluents(properties: Config, schema: Any, serializer: Any) -> Callable[[str, Any], None]:
    def write(topic: str, value: Any) -> None:
        conf = {
            "subject.name.strategy": topic_subject_name_strategy,
            "schema.id.serializer": serializer,
        }
        with SchemaRegistryClient({"url": properties["schema.registry.url"]}) as client:
            serialize = AvroSerializer(client, schema.json, conf=conf)
            context = SerializationContext(topic, MessageField.VALUE, [])
            data = serialize(value, context)
        producer = confluent_kafka.Producer({"bootstrap.servers": properties["bootstrap.servers"]})
        producer.produce(topic, data, headers=context.headers or None)
        assert producer.flush(30) == 0

    return write


def _ours(properties: Config, schema: Any, more: Config) -> Callable[[str, Any], None]:
    def write(topic: str, value: Any) -> None:
        with ContractProducer({**properties, **more}, topic=topic, schema=schema) as producer:
            producer.produce(value)

    return write


@pytest.mark.parametrize("more", [{}, {"schema.id.framing": "header-id"}])
@pytest.mark.parametrize("headers", [None, [("a", b"b"), (VALUE, b"\0\0\0\0\1")]])
def test_confluents_dual_deserializer_reads_our_headers(
    properties: Config, topic: Callable[..., str], more: Config, headers: Any
) -> None:
    """Key and value each by its own header; those of a message that is forwarded are left out."""
    name = topic(partitions=1)
    settings = {**properties, "schema.id.location": "header", **more}
    with SchemaRegistry(properties["schema.registry.url"]) as registry:
        registry.register("others-value", parse_schema("int"))
        binding = _with_key(name, "string")
        for side, kind in ((binding.codec.schema, "value"), (binding.key.schema, "key")):
            registry.register(f"{name}-{kind}", side)
    _produce_keyed(settings, name, headers)
    (raw,) = read_all(properties, name)
    found: Any = raw.headers()
    assert [header for header, _ in found] == [*(["a"] if headers else []), VALUE, KEY]
    with SchemaRegistryClient({"url": properties["schema.registry.url"]}) as client:
        conf = {"subject.name.strategy": topic_subject_name_strategy}
        deserialize = AvroDeserializer(client, conf=conf)
        value, key = (
            deserialize(data, SerializationContext(name, field, found))
            for data, field in ((raw.value(), MessageField.VALUE), (raw.key(), MessageField.KEY))
        )
    assert (value, key) == (_values(0), "a key that is long")


def _with_key(topic: str, key: Any) -> Any:
    return Binding(topic, Codec[Any](READER), Codec[Any](parse_schema(key)), None)


def _produce_keyed(settings: Config, topic: str, headers: Any) -> None:
    """Through ContractProducer's own client, as a generated one with a key schema would."""

    class Orders(ContractProducer[Any]):
        contract = Contract(READER.json, topic=topic, key_schema='"string"')

    with Orders(settings) as producer:
        producer.produce(_values(0), key="a key that is long", headers=headers)


@pytest.mark.usefixtures("engine")
def test_keys_in_headers(properties: Config, topic: Callable[..., str]) -> None:
    """A key with a schema of its own is read by its header; a plain key has none."""
    name = topic(partitions=1)
    _produce_keyed({**properties, "schema.id.location": "header"}, name, None)
    with SchemaRegistry(properties["schema.registry.url"]) as registry:
        (raw,) = read_all(properties, name)
        reader: TopicDeserializer[Any] = TopicDeserializer(_with_key(name, "string"), registry)
        assert reader.plain.read(raw) is None
        message = reader.read(raw)
        assert (message.key, message.value) == ("a key that is long", _values(0))
        assert reader.plain.read(raw) == message
        plain: TopicDeserializer[Any] = TopicDeserializer(
            bind(None, topic=name, record=None, schema=READER), registry
        )
        for _ in range(2):
            with pytest.raises(MessageDecodeError, match=f"by the header {KEY} the key"):
                plain.read(raw)
            assert plain.plain.read(raw) is None


@pytest.mark.usefixtures("engine")
def test_a_payload_that_looks_framed_is_not_read_so(
    properties: Config, topic: Callable[..., str]
) -> None:
    """The first bytes of what a header is about may be any, such as those of a known prefix."""
    name = topic(partitions=1)
    with SchemaRegistry(properties["schema.registry.url"]) as registry:
        schema_id = registry.register(f"{name}-value", parse_schema("bytes"))
        guid = uuid.UUID(registry.version(f"{name}-value").guid or "")
        payload = frame(schema_id, b"")
        _send(properties, name, payload, [(VALUE, b"\1" + guid.bytes)])
        _send(properties, name, payload, [])
        _send(properties, name, payload, [(VALUE, b"\1" + uuid.uuid4().bytes)])
        _send(properties, name, payload, [("apicurio.value.contentId", bytes(8))])
        _send(properties, name, payload, [(VALUE, b"")])
        with ContractConsumer(properties, topic=name, schema="bytes") as consumer:
            reads = consumer.until_end()
            first, second = next(reads), next(reads)
            assert (first.value, second.value) == (payload, b"")
            for reason in (SchemaNotFoundError, FrameError, FrameError):
                with pytest.raises(MessageDecodeError) as refused:
                    next(reads)
                assert type(refused.value.reason) is reason
            with pytest.raises(StopIteration):
                next(reads)


def _send(config: Config, topic: str, value: bytes, headers: Any) -> None:
    produce_raw(config, topic, (value, None, headers, 0))


def test_a_registry_without_guids(config: Config, topic: Callable[..., str]) -> None:
    """Headers hold ids there, and a message that names a GUID is poison, not a failure."""
    name = topic(partitions=1)
    with RegistryServer() as server:
        properties = {**config, "schema.registry.url": server.url}
        _ours(properties, READER, {"schema.id.location": "header"})(name, _values(0))
        _send(properties, name, b"\1" + uuid.uuid4().bytes + b"\0", [])
        with ContractConsumer(properties, topic=name, schema=READER) as consumer:
            message, *_ = (next(consumer),)
            assert message.value == _values(0)
            assert message.headers == [(VALUE, b"\0\0\0\0\1")]
            with pytest.raises(MessageDecodeError, match="finds no schemas by GUID") as refused:
                next(consumer)
            assert isinstance(refused.value.reason, UnsupportedRequestError)
        with (
            ContractProducer(
                {**properties, "schema.id.framing": "prefix-guid"}, topic=name, schema=READER
            ) as producer,
            pytest.raises(ConfigurationError, match="no schema id can be written as a prefix"),
        ):
            producer.produce(_values(0))


@pytest.mark.usefixtures("engine")
def test_apicurios_formats(config: Config, topic: Callable[..., str]) -> None:
    """Content ids as Confluent's API has them; global ids from Apicurio's own, references in."""
    skip_without_messages()
    name = topic(partitions=1)
    encoded = Codec(READER).encode(_values(0))
    by_content = answer(200, {"schema": VERSIONS[0].json})
    by_global = answer(200, json.loads(VERSIONS[0].json))
    cases: dict[str, Any] = {
        "apicurio-prefix-content-id": (b"\0\0\0\0\7", [], by_content),
        "apicurio-prefix8-content-id": (b"\0" + bytes(7) + b"\7", [], by_content),
        "apicurio-prefix8-global-id": (b"\0" + bytes(7) + b"\7", [], by_global),
        "apicurio-header-content-id": (
            b"",
            [("apicurio.value.contentId", bytes(7) + b"\7")],
            by_content,
        ),
        "apicurio-header-global-id": (
            b"",
            [("apicurio.value.globalId", bytes(7) + b"\7"), ("apicurio.value.encoding", b"BINARY")],
            by_global,
        ),
    }
    for framing, (prefix, headers, found) in cases.items():
        with closing(ScriptedServer()) as server:
            server.then(found)
            settings = {"url": f"{server.url}/apis/ccompat/v7"}
            with SchemaRegistry(settings["url"]) as registry:
                reader: TopicDeserializer[Any] = TopicDeserializer(
                    bind(None, topic=name, record=None, schema=READER),
                    registry,
                    wire=wire_format(framing),
                )
                raw = confluent_kafka.Message(
                    topic=name, partition=0, offset=0, value=prefix + encoded, headers=headers
                )
                assert reader.plain.read(raw) is None
                assert reader.read(raw).value == _values(0)
                message = reader.plain.read(raw)
                assert message is not None
                assert (message.value, message.schema_id) == (_values(0), 7)
            path = "/apis/ccompat/v7/schemas/ids/7"
            if found is by_global:
                path = "/apis/registry/v3/ids/globalIds/7?references=DEREFERENCE"
            assert [each.path for each in server.received] == [path]


def test_global_ids_of_another_registry(properties: Config) -> None:
    """Only Apicurio's knows them; an id that it does not know is poison like any other."""
    with (
        SchemaRegistry(properties["schema.registry.url"]) as registry,
        pytest.raises(ConfigurationError, match="only an Apicurio Registry has global ids"),
    ):
        registry.stored(7, is_global=True)
    missing = answer(404, {"message": "none", "error_code": 404, "name": "NotFoundException"})
    with (
        closing(ScriptedServer()) as server,
        SchemaRegistry(f"{server.url}/apis/ccompat/v7") as registry,
    ):
        server.then(*[missing] * 4)
        with pytest.raises(SchemaNotFoundError):
            registry.stored(7, is_global=True)


class Bracketed(OwnFraming):
    """The id between brackets, as text."""

    def read(self, data: bytes, headers: Any, *, is_key: bool) -> Frame:
        """Up to the closing bracket."""
        del headers, is_key
        end = data.find(b"]")
        if not data.startswith(b"[") or not data[1:end].isdigit():
            raise FrameError("it does not begin with [ and a number")
        return Frame(int(data[1:end]), end + 1)

    def write(self, schema_id: int, guid: uuid.UUID | None, *, is_key: bool) -> Written:
        """Likewise."""
        del guid, is_key
        return Written(b"[%d]" % schema_id)


@pytest.mark.usefixtures("engine")
def test_a_framing_of_ones_own(properties: Config, topic: Callable[..., str]) -> None:
    """Written, read, and poison where it is not there."""
    name = topic(partitions=1)
    settings = {**properties, "schema.id.framing": Bracketed()}
    with ContractProducer(settings, topic=name, schema=READER) as producer:
        for _ in range(3):
            producer.produce(_values(0))
    _send(properties, name, frame(1, b""), [])
    assert (read_all(properties, name)[0].value() or b"")[:3] == b"[1]"
    with ContractConsumer(settings, topic=name, schema=READER) as consumer:
        assert [message.value for message in consumer.consume(3, 30)] == [_values(0)] * 3
        with pytest.raises(MessageDecodeError, match="does not begin with"):
            next(consumer)


def test_serializers_of_their_own(confluent: RegistryServer) -> None:
    """As they plug into confluent_kafka's clients, which give them the headers."""
    with SchemaRegistry(confluent.url) as registry:
        serialize = ContractSerializer[Any](READER, registry, location="header")
        read = ContractDeserializer[Any](READER, registry)
        given: list[Any] = [[(VALUE, b"old"), ("a", b"b")], {VALUE: b"old", "a": b"b"}]
        for headers in given:
            context = SerializationContext("orders", MessageField.VALUE, headers)
            data = serialize(_values(0), context)
            assert data == Codec(READER).encode(_values(0))
            assert dict(headers)[VALUE][:1] == b"\1"
            assert len(headers) == 2
            assert read(data, context) == _values(0)
        with pytest.raises(ConfigurationError, match=r"give produce\(\) headers="):
            serialize(_values(0), SerializationContext("orders", MessageField.VALUE))
        stale: list[Any] = [(VALUE, b"old"), (KEY, b"the key's")]
        prefixed = ContractSerializer[Any](READER, registry)
        prefixed(_values(0), SerializationContext("orders", MessageField.VALUE, stale))
        assert stale == [(KEY, b"the key's")]
        assert registry.schema_by_guid(registry.version("orders-value").guid or "") == READER


@pytest.mark.usefixtures("engine")
def test_a_tombstone_has_no_schema(properties: Config, topic: Callable[..., str]) -> None:
    """Neither where it is written nor where it is read, whatever its headers say."""
    name = topic(partitions=1)
    settings = {**properties, "schema.id.location": "header"}
    with ContractProducer(settings, topic=name, schema=READER) as producer:
        producer.produce(None, key=b"k")
    (raw,) = read_all(properties, name)
    assert not raw.headers()
    produce_raw(properties, name, (None, b"k", [(VALUE, b"junk")], 0))
    with ContractConsumer(properties, topic=name, schema=READER) as consumer:
        messages = list(consumer.until_end())
    assert [(message.value, message.schema_id) for message in messages] == [(None, None)] * 2


@pytest.mark.usefixtures("own_producer_ids")
def test_dead_letters_keep_what_says_their_schema(
    properties: Config, topic: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Listed by id or GUID, shown as they were written, and sent back with their headers."""
    name = topic(partitions=1)
    text = parse_schema("string")
    with SchemaRegistry(properties["schema.registry.url"]) as registry:
        _ours(properties, text, {"schema.id.location": "header"})(name, "no order")
        guid = uuid.UUID(registry.version(f"{name}-value").guid or "")
        with ContractConsumer(
            properties, topic=name, schema=READER, poison=DeadLetters()
        ) as consumer:
            assert list(consumer.until_end()) == []
        with DeadLetterTopic(f"{name}.dlq", properties) as letters:
            ((entry,),) = letters.open()
        assert isinstance(entry.letter, DeadLetter)
        assert entry.letter.schema_id == guid
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("STREAMCONTRACT_BOOTSTRAP_SERVERS", properties["bootstrap.servers"])
        monkeypatch.setenv("STREAMCONTRACT_REGISTRY_URL", properties["schema.registry.url"])
        place = [str(entry.letter.partition), str(entry.letter.offset)]
        shown = CliRunner().invoke(main, ["dlq", "show", name, *place], catch_exceptions=False)
        assert f"schema id: {guid}" in shown.output
        assert "'no order'" in shown.output
        binding: Any = bind(None, topic=name, record=None, schema=text)
        readers = {name: TopicDeserializer(binding, registry)}
        assert replay_dead_letters(f"{name}.dlq", readers, properties) == Replayed(replayed=1)
        with ContractConsumer(properties, topic=name, schema=text) as consumer:
            values = [(message.value, message.schema_id) for message in consumer.until_end()]
        assert values == [("no order", guid)] * 2


def test_decoders_are_kept_up_to_a_number(confluent: RegistryServer) -> None:
    """As many as the registry client keeps schemas; what went is found again."""
    with SchemaRegistry(confluent.url, cache_capacity=3) as registry:
        ids = [registry.register(f"s{number}-value", each) for number, each in enumerate(VERSIONS)]
        read = ContractDeserializer[Any](READER, registry)
        for _ in range(2):
            for number, schema_id in enumerate(ids):
                payload = Codec(VERSIONS[number]).encode(_values(number))
                assert read(frame(schema_id, payload)) == {
                    "said": f"by version {number}",
                    "version": number,
                }
                assert len(read.decoders) <= 3
        assert list(read.decoders) == [frame(each, b"") for each in ids[1:]]


@pytest.mark.parametrize(
    ("name", "value"),
    [("schema.id.location", "body"), ("schema.id.framing", "apicurio"), ("schema.id.location", 1)],
)
def test_a_setting_that_is_none_is_refused(config: Config, name: str, value: object) -> None:
    """When the client is made, with what there is."""
    with pytest.raises(ConfigurationError, match=name):
        ContractConsumer({**config, name: value}, topic="t", schema=READER)


def test_telemetry_names_the_schema(properties: Config, topic: Callable[..., str]) -> None:
    """By its id, or the text of its GUID, where it is written and where it is read."""
    name = topic(partitions=1)
    observed = Observed()
    for more in ({}, {"schema.id.location": "header"}):
        with ContractProducer(
            {**properties, **more}, topic=name, schema=READER, telemetry=observed.telemetry
        ) as producer:
            producer.produce(_values(0), headers={"a": b"b"})
            producer.produce(_values(0))
    with ContractConsumer(
        properties, topic=name, schema=READER, telemetry=observed.telemetry
    ) as consumer:
        ids = [message.schema_id for message in consumer.until_end()]
    expected = [each if isinstance(each, int) else str(each) for each in ids]
    assert [isinstance(each, str) for each in expected] == [False, False, True, True]
    for kind in (names.SEND, names.POLL):
        spans = observed.spans(f"{kind} {name}")
        found = [dict(span.attributes or {}).get(names.SCHEMA_ID) for span in spans]
        assert [each for each in found if each is not None] == expected
    counted = {point[names.SCHEMA_ID] for point, _ in observed.points(names.SCHEMA_VERSIONS)}
    assert counted == set(expected)
