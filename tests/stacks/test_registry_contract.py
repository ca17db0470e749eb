"""What the client needs of a registry, the same on this project's own and on somebody else's."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka.serialization import MessageField, SerializationContext
from tests.peers import said_of_others
from tests.stacks.apicurio_api import versions_of

from streamcontract import (
    Codec,
    SchemaRegistry,
    Stock,
    StockConsumer,
    StockProducer,
    find_incompatibilities,
    parse_schema,
)
from streamcontract.devstack import DevStack
from streamcontract.devstack.registry import RegistryServer
from streamcontract.kafka import ContractDeserializer
from streamcontract.registry import SubjectVersion, errors
from streamcontract.registry.description import describe_subject
from streamcontract.wire import FRAMINGS, IdKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.devstack.kafka import ApicurioRegistry

POINT = parse_schema(
    {"type": "record", "name": "io.example.Point", "fields": [{"name": "x", "type": "int"}]}
)
WIDER = parse_schema(
    {
        "type": "record",
        "name": "io.example.Point",
        "fields": [{"name": "x", "type": "int"}, {"name": "y", "type": "int", "default": 0}],
    }
)
OTHER = parse_schema(
    {"type": "record", "name": "io.example.Point", "fields": [{"name": "z", "type": "string"}]}
)
# Those whose schemas stand by themselves: others are about how Redpanda looks at references.
GOLDEN = [
    path
    for path in sorted((Path(__file__).parents[1] / "compatibility").glob("golden*/*.json"))
    if "_references" not in path.read_text("utf-8")
]


@pytest.fixture(scope="module", params=["embedded", "apicurio"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of each registry in turn."""
    if request.param == "apicurio":
        yield request.getfixturevalue("apicurio").url
        return
    with RegistryServer() as server:
        yield server.url


@pytest.fixture
def registry(url: str) -> Iterator[SchemaRegistry]:
    """A client that knows nothing yet."""
    with SchemaRegistry(url) as client:
        yield client


@pytest.fixture
def subject() -> str:
    """A subject that nobody uses; its name needs escaping in a URL."""
    return f"a/b c%é-{uuid.uuid4().hex[:12]}"


def test_what_is_registered_is_found(url: str, registry: SchemaRegistry, subject: str) -> None:
    """By id, by version, by look-up and by name; registering twice changes nothing."""
    first = registry.register(subject, POINT)
    second = registry.register(subject, WIDER)
    assert first != second
    assert registry.register(subject, POINT) == first
    assert registry.versions(subject) == [1, 2]
    assert subject in registry.subjects()
    assert SubjectVersion(subject, 1) in registry.versions_of_id(first)
    with SchemaRegistry(url) as fresh:
        assert fresh.schema_by_id(first) == POINT
        assert fresh.version(subject).schema == WIDER
        assert fresh.version(subject, 1).id == first
        assert fresh.lookup(subject, WIDER).version == 2


def test_one_schema_has_one_id(registry: SchemaRegistry, subject: str) -> None:
    """The same schema in two subjects is the same schema."""
    assert registry.register(subject, POINT) == registry.register(f"{subject}-2", POINT)


def test_what_is_not_there(registry: SchemaRegistry, subject: str) -> None:
    """Each kind of absence is an error of its own."""
    with pytest.raises(errors.SubjectNotFoundError):
        registry.versions(subject)
    with pytest.raises(errors.SubjectNotFoundError):
        registry.version(subject)
    with pytest.raises(errors.SubjectNotFoundError):
        registry.lookup(subject, POINT)
    with pytest.raises(errors.SchemaNotFoundError):
        registry.schema_by_id(2**30)
    registry.register(subject, POINT)
    with pytest.raises(errors.VersionNotFoundError):
        registry.version(subject, 9)
    with pytest.raises(errors.SchemaNotFoundError):
        registry.lookup(subject, OTHER)


def test_what_the_level_forbids(registry: SchemaRegistry, subject: str) -> None:
    """A schema that cannot read what was written is refused, and the check says so before."""
    registry.register(subject, POINT)
    registry.set_compatibility("BACKWARD", subject)
    assert registry.compatibility(subject) == "BACKWARD"
    assert registry.test_compatibility(subject, WIDER)
    assert not registry.test_compatibility(subject, OTHER)
    with pytest.raises(errors.IncompatibleSchemaError):
        registry.register(subject, OTHER)
    assert registry.versions(subject) == [1]


def test_deleting_takes_two_steps(registry: SchemaRegistry, subject: str) -> None:
    """Soft first, still listed when asked for; then for good."""
    registry.register(subject, POINT)
    registry.register(subject, WIDER)
    assert registry.delete_version(subject, 1) == 1
    assert registry.versions(subject) == [2]
    assert registry.versions(subject, deleted=True) == [1, 2]
    with pytest.raises(errors.SubjectNotSoftDeletedError):
        registry.delete_subject(subject, permanent=True)
    registry.delete_subject(subject)
    assert subject not in registry.subjects()
    assert subject in registry.subjects(deleted=True)
    registry.delete_subject(subject, permanent=True)
    assert subject not in registry.subjects(deleted=True)


def test_subjects_are_described(registry: SchemaRegistry, subject: str) -> None:
    """Versions, deleted ones too, with the configuration and where it comes from."""
    first = registry.register(subject, POINT)
    second = registry.register(subject, WIDER)
    registry.delete_version(subject, 1)
    found = describe_subject(registry, subject, deleted=True)
    assert [(each.version, each.id, each.deleted) for each in found.versions] == [
        (1, first, True),
        (2, second, False),
    ]
    assert parse_schema(json.loads(found.versions[1].schema)) == WIDER
    # Whether it is its own is not asked: Apicurio answers NONE for a subject without a level.
    assert found.config.compatibility == registry.compatibility(subject, default_to_global=True)
    registry.set_compatibility("FULL", subject)
    found = describe_subject(registry, subject)
    assert found.own_config is not None
    assert (found.own_config.compatibility, found.config.compatibility) == ("FULL", "FULL")
    assert [each.version for each in found.versions] == [2]


def test_schemas_that_use_others(url: str, registry: SchemaRegistry, subject: str) -> None:
    """References are stored, resolved, and hold what they refer to."""
    name = f"io.example.In{uuid.uuid4().hex[:8]}"
    inner = parse_schema({"type": "record", "name": name, "fields": []})
    field = {"name": "inner", "type": name}
    outer = parse_schema(
        {"type": "record", "name": f"{name}Out", "fields": [field]}, references=[inner]
    )
    found = registry.register_with_references(subject, outer)
    [reference] = found.references
    assert (reference.name, reference.version) == (name, 1)
    with SchemaRegistry(url) as fresh:
        assert fresh.version(subject).references == (reference,)
        assert fresh.schema_by_id(found.id).canonical_form == outer.canonical_form
        assert fresh.referenced_by(reference.subject, 1) == [found.id]
        with pytest.raises(errors.ReferenceExistsError):
            fresh.delete_subject(reference.subject)


@pytest.mark.parametrize("case", GOLDEN, ids=lambda path: path.stem)
def test_apicurio_agrees_on_what_can_be_read(apicurio: ApicurioRegistry, case: Path) -> None:
    """An independent implementation gives the verdict of the specification, one case excepted.

    Where a reader's field matches two of the writer's, Avro for Java raises, and Apicurio with it.
    """
    pair = json.loads(case.read_text())
    reader, writer = parse_schema(pair["reader"]), parse_schema(pair["writer"])
    findings = find_incompatibilities(reader=reader, writer=writer)
    expected = not any(finding.severity == "breaking" for finding in findings)
    subject = uuid.uuid4().hex
    with SchemaRegistry(apicurio.url) as registry:
        registry.register(subject, writer)
        registry.set_compatibility("BACKWARD", subject)
        if case.stem.startswith("ambiguous-aliases"):
            with (
                said_of_others("docs/compatibility.md: Apicurio gives an error for it"),
                pytest.raises(errors.InvalidSchemaError),
            ):
                registry.test_compatibility(subject, reader)
            return
        assert bool(registry.test_compatibility(subject, reader)) is expected


def test_records_through_it(stack: Any, apicurio: ApicurioRegistry, topic: Any) -> None:
    """Producer and consumer meet at a registry that neither of them has built."""
    if isinstance(stack, DevStack):
        pytest.skip("on the embedded stack its own registry is enough")
    config = {"bootstrap.servers": stack.bootstrap_servers, "schema.registry.url": apicurio.url}
    name = topic(partitions=3)
    sent, came = defaultdict(list), defaultdict(list)
    with StockProducer(config, topic=name) as producer:
        for number in range(100):
            bar = Stock(
                symbol=f"S{number % 7}",
                date=dt.date(2026, 5, 4),
                open=1.5,
                high=2.0,
                low=1.0,
                close=1.75,
                volume=number,
            )
            producer.produce(bar)
            sent[bar.symbol].append(bar)
    with StockConsumer(config, topic=name) as consumer:
        for message in consumer.until_end():
            came[message.key].append(message.value)
    assert came == sent


def test_content_ids_and_global_ids_of_apicurio(apicurio: ApicurioRegistry) -> None:
    """Its framings as its documentation has them, whose ids its own server looks up."""
    address = _record("shop.Address", city="string")
    order = parse_schema(
        {
            "type": "record",
            "name": "shop.Order",
            "fields": [{"name": "to", "type": "shop.Address"}],
        },
        references=[address],
    )
    value = {"to": {"city": "Oslo"}}
    encoded = Codec[Any](order).encode(value)
    with SchemaRegistry(apicurio.url) as registry:
        # Each version has a global id of its own, and equal contents have one content id.
        subject = _subject()
        content_id = registry.register_with_references(_subject(), order).id
        assert registry.register_with_references(subject, order).id == content_id
        (version,) = versions_of(apicurio, subject)
        assert version["contentId"] == content_id
        number = {"content": content_id, "global": version["globalId"]}
        for name, framing in FRAMINGS.items():
            if not name.startswith("apicurio"):
                continue
            schema_id = number["global" if framing.kind is IdKind.GLOBAL_ID else "content"]
            held = schema_id.to_bytes(framing.size, "big")
            headers: Any = [] if framing.headers is None else [(framing.headers[0], held)]
            data = encoded if headers else b"\0" + held + encoded
            read = ContractDeserializer[Any](order, registry, framing=name)
            context = SerializationContext("orders", MessageField.VALUE, headers)
            assert read(data, context) == value
        with pytest.raises(errors.SchemaNotFoundError):
            registry.stored(2**31 - 1, is_global=True)


def _record(name: str, **fields: str) -> Any:
    listed = [{"name": field, "type": kind} for field, kind in fields.items()]
    return parse_schema({"type": "record", "name": name, "fields": listed})


def _subject() -> str:
    return f"wire-{uuid.uuid4().hex}-value"
