"""Rules that a registry keeps beside a schema: refused where Confluent's clients would run them."""

from __future__ import annotations

import uuid
from contextlib import closing
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient, topic_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.serde import RuleError
from confluent_kafka.serialization import MessageField, SerializationContext, SerializationError
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kafka.dlq_io import produce_raw
from tests.registry.scripted import ScriptedServer, answer
from tests.searching import examples

from streamcontract import (
    Codec,
    ContractConsumer,
    ContractProducer,
    SchemaRegistry,
    parse_schema,
)
from streamcontract.devstack.registry import RegistryServer
from streamcontract.errors import ConfigurationError
from streamcontract.kafka import (
    ContractDeserializer,
    ContractSerializer,
    DeadLetters,
    DispatchingDeserializer,
)
from streamcontract.registry.data_contracts import Rule, RuleSet
from streamcontract.registry.errors import RulesNotRunError
from streamcontract.registry.lock import (
    Lock,
    LockedSchema,
    LockedSubject,
    canonical_fingerprint,
    source_fingerprint,
)
from streamcontract.wire import frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Config = dict[str, Any]

SCHEMA = parse_schema(
    {"type": "record", "name": "shop.Sale", "fields": [{"name": "n", "type": "int"}]}
)
WIDER = parse_schema(
    {"type": "record", "name": "shop.Sale", "fields": [{"name": "n", "type": "long"}]}
)
VALUE = {"n": -5}
POSITIVE = Rule(name="positive", kind="CONDITION", mode="WRITE", type="CEL", expr="message.n > 0")
SECRET = Rule(name="secret", kind="TRANSFORM", mode="WRITEREAD", type="ENCRYPT", tags=("PII",))


@pytest.fixture(scope="module")
def server() -> Iterator[RegistryServer]:
    """A registry that keeps rules."""
    with RegistryServer(confluent=True) as server:
        yield server


@pytest.fixture(scope="module")
def registry(server: RegistryServer) -> Iterator[SchemaRegistry]:
    """Its client."""
    with SchemaRegistry(server.url) as registry:
        yield registry


@pytest.fixture(scope="module")
def theirs(server: RegistryServer) -> Iterator[SchemaRegistryClient]:
    """Confluent's client of it."""
    with SchemaRegistryClient({"url": server.url}) as client:
        yield client


RULES = st.builds(
    Rule,
    name=st.just("r"),
    # No executor of theirs has this type.
    type=st.just("NOBODY"),
    kind=st.sampled_from(["CONDITION", "TRANSFORM"]),
    mode=st.sampled_from(["WRITE", "READ", "WRITEREAD", "UPGRADE", "DOWNGRADE", "UPDOWN"]),
    on_failure=st.sampled_from(["", "ERROR", "NONE", "NONE,ERROR", "ERROR,NONE"]),
    disabled=st.booleans(),
)
# At most one: theirs pass over all that follow one that they cannot run and are not to fail by.
SOME = st.lists(RULES, max_size=1).map(tuple)


@given(
    rule_set=st.builds(
        RuleSet,
        migration_rules=SOME,
        domain_rules=SOME,
        encoding_rules=SOME,
        enable_at=st.sampled_from(["", "ALL", "CLIENT", "GATEWAY"]),
    )
)
@settings(max_examples=examples(60), deadline=None)
def test_what_confluents_clients_would_run_is_refused(
    registry: SchemaRegistry, theirs: SchemaRegistryClient, rule_set: RuleSet
) -> None:
    """Both ways, and nothing else, but for a transformation that they leave out if they cannot."""
    topic = f"t{uuid.uuid4().hex}"
    context = SerializationContext(topic, MessageField.VALUE)
    schema_id = registry.register(f"{topic}-value", SCHEMA, rule_set=rule_set)
    naming = {"subject.name.strategy": topic_subject_name_strategy}
    latest = {**naming, "auto.register.schemas": False, "use.latest.version": True}
    data = frame(schema_id, Codec(SCHEMA).encode(VALUE))
    serialize = ContractSerializer[Any](SCHEMA, registry)
    deserialize = ContractDeserializer[Any](SCHEMA, registry)
    for ours, confluents, writes in (
        (
            lambda: serialize(VALUE, context),
            lambda: AvroSerializer(theirs, SCHEMA.json, conf=latest)(VALUE, context),
            True,
        ),
        (
            lambda: deserialize(data, context),
            lambda: AvroDeserializer(theirs, conf=naming)(data, context),
            False,
        ),
    ):
        ours_refuses, theirs_refuses = _raises(ours), _raises(confluents)
        if not _has_a_transformation_left_out(rule_set, writes=writes):
            assert ours_refuses == theirs_refuses
        else:
            assert ours_refuses


def _raises(call: Callable[[], object]) -> bool:
    try:
        call()
    except (RulesNotRunError, RuleError, SerializationError):
        return True
    return False


def _has_a_transformation_left_out(rule_set: RuleSet, *, writes: bool) -> bool:
    modes = {"WRITE", "WRITEREAD"} if writes else {"READ", "WRITEREAD"}
    found = [
        rule
        for rule in (*rule_set.domain_rules, *rule_set.encoding_rules)
        if rule.mode in modes and not rule.disabled
    ]
    in_clients = rule_set.enable_at != "GATEWAY"
    return in_clients and any(rule.kind == "TRANSFORM" for rule in found)


@pytest.fixture
def properties(config: Config, server: RegistryServer) -> Config:
    """The stack's brokers, and that registry."""
    return {**config, "schema.registry.url": server.url}


def test_a_producer_sends_nothing(
    properties: Config, topic: Callable[..., str], registry: SchemaRegistry
) -> None:
    """Also by rules that a new version inherits; the error names them, and the way out."""
    name = topic(partitions=1)
    rules = RuleSet(domain_rules=(POSITIVE, SECRET))
    registry.register(f"{name}-value", SCHEMA, rule_set=rules)
    for schema, more in ((SCHEMA, {}), (WIDER, {}), (SCHEMA, {"auto.register.schemas": False})):
        with (
            ContractProducer({**properties, **more}, topic=name, schema=schema) as producer,
            pytest.raises(RulesNotRunError) as refused,
        ):
            producer.produce(VALUE)
        assert (refused.value.place, refused.value.mode) == (f"{name}-value", "WRITE")
        assert refused.value.rules == (POSITIVE, SECRET)
        text = str(refused.value)
        assert "'positive' (CONDITION, type CEL, mode WRITE)" in text
        assert "'secret' (TRANSFORM, type ENCRYPT, mode WRITEREAD)" in text
        assert "'rules.ignored': 'CEL, ENCRYPT'" in text
    ignoring = {**properties, "rules.ignored": "CEL"}
    with (
        ContractProducer(ignoring, topic=name, schema=SCHEMA) as producer,
        pytest.raises(RulesNotRunError, match="ENCRYPT"),
    ):
        producer.produce(VALUE)
    ignoring = {**properties, "rules.ignored": ["cel", "ENCRYPT"]}
    with ContractProducer(ignoring, topic=name, schema=SCHEMA) as producer:
        producer.produce(VALUE)
    with ContractConsumer(ignoring, topic=name, schema=SCHEMA) as consumer:
        assert [message.value for message in consumer.until_end()] == [VALUE]


@pytest.mark.parametrize("poison", ["raise", DeadLetters()])
def test_a_consumer_stays_where_it_is(
    properties: Config, topic: Callable[..., str], registry: SchemaRegistry, poison: Any
) -> None:
    """It is no fault of the message, which is no dead letter: the next call says the same."""
    name = topic(partitions=1)
    schema_id = registry.register(f"{name}-value", SCHEMA, rule_set=RuleSet(domain_rules=(SECRET,)))
    produce_raw(properties, name, (frame(schema_id, b"\x0a"), None, [], 0))
    with ContractConsumer(properties, topic=name, schema=SCHEMA, poison=poison) as consumer:
        for _ in range(2):
            with pytest.raises(RulesNotRunError, match=rf"^schema id {schema_id} has rules"):
                consumer.poll(30)


def test_migration_rules(registry: SchemaRegistry) -> None:
    """Those towards earlier versions count where another schema reads; several types as one."""
    migrations = tuple(
        Rule(name=mode.lower(), kind="TRANSFORM", mode=mode, type="JSONATA")
        for mode in ("UPGRADE", "DOWNGRADE", "UPDOWN")
    )
    topic = f"t{uuid.uuid4().hex}"
    schema_id = registry.register(
        f"{topic}-value", SCHEMA, rule_set=RuleSet(migration_rules=migrations)
    )
    data = frame(schema_id, Codec(SCHEMA).encode(VALUE))
    assert ContractDeserializer[Any](SCHEMA, registry)(data) == VALUE
    assert DispatchingDeserializer([Codec[Any](SCHEMA)], registry)(data) == VALUE
    for read in (
        ContractDeserializer[Any](WIDER, registry),
        DispatchingDeserializer([Codec[Any](WIDER)], registry),
    ):
        with pytest.raises(RulesNotRunError) as refused:
            read(data)
        assert [rule.mode for rule in refused.value.rules] == ["DOWNGRADE", "UPDOWN"]
    read = ContractDeserializer[Any](WIDER, registry, rules_ignored=["jsonata"])
    assert read(data) == VALUE


@pytest.mark.parametrize("value", ["", "CEL,", ["CEL", ""], [1], 7, True, None])
def test_a_setting_that_names_no_types_is_refused(config: Config, value: object) -> None:
    """When the client is made."""
    with pytest.raises(ConfigurationError, match=r"'rules\.ignored' is types of rules"):
        ContractProducer({**config, "rules.ignored": value}, topic="t", schema=SCHEMA)


def test_a_registration_that_is_answered_by_an_id_alone() -> None:
    """As before Confluent 7.7: the registry is asked what it keeps beside the schema."""
    context = SerializationContext("sales", MessageField.VALUE)
    stored = {"schema": SCHEMA.json, "ruleSet": RuleSet(domain_rules=(POSITIVE,)).to_json()}
    with closing(ScriptedServer()) as server, SchemaRegistry(server.url) as registry:
        server.then(answer(200, {"id": 7}), answer(200, stored))
        with pytest.raises(RulesNotRunError, match="positive"):
            ContractSerializer[Any](SCHEMA, registry)(VALUE, context)
        paths = [each.path for each in server.received]
    assert paths == ["/subjects/sales-value/versions", "/schemas/ids/7"]


def test_a_locked_schema(server: RegistryServer, registry: SchemaRegistry) -> None:
    """The registry, which confirms a locked id, says its rules; while it is away, the lock does."""
    topic = f"t{uuid.uuid4().hex}"
    subject, context = f"{topic}-value", SerializationContext(topic, MessageField.VALUE)
    rules = RuleSet(domain_rules=(SECRET,))
    schema_id = registry.register(subject, SCHEMA, rule_set=rules)
    locked = LockedSubject(
        subject=subject,
        version=1,
        id=schema_id,
        fingerprint=canonical_fingerprint(SCHEMA),
        source=source_fingerprint(SCHEMA),
        ids=(schema_id,),
    )
    text = LockedSchema(fingerprint=locked.fingerprint, schema=SCHEMA.json)
    lock = Lock(
        environment="test", contracts={"sale": {"value": locked}}, schemas={schema_id: text}
    )
    data = frame(schema_id, Codec(SCHEMA).encode(VALUE))
    with SchemaRegistry(server.url, lock=lock) as client:
        with pytest.raises(RulesNotRunError, match=subject):
            ContractSerializer[Any](SCHEMA, client)(VALUE, context)
        with pytest.raises(RulesNotRunError, match=f"schema id {schema_id} "):
            ContractDeserializer[Any](SCHEMA, client)(data)
    with SchemaRegistry("http://127.0.0.1:1", lock=lock) as client:
        assert ContractSerializer[Any](SCHEMA, client)(VALUE, context) == data
    with_rules = attrs.evolve(lock, schemas={schema_id: attrs.evolve(text, rule_set=rules)})
    with SchemaRegistry("http://127.0.0.1:1", lock=with_rules) as client:
        with pytest.raises(RulesNotRunError, match=subject):
            ContractSerializer[Any](SCHEMA, client)(VALUE, context)
        with pytest.raises(RulesNotRunError, match=f"schema id {schema_id} "):
            ContractDeserializer[Any](SCHEMA, client)(data)
