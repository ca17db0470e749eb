"""Failing tests to paste: imports, values, and assertions for a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from streamcontract.codec import Codec
from streamcontract.compatibility import find_incompatibilities
from streamcontract.errors import DecodeError
from streamcontract.reporting import shown
from streamcontract.testing.assertions import differences
from streamcontract.testing.suite.pasting import module_of, source_of

if TYPE_CHECKING:
    from streamcontract.compatibility import Finding
    from streamcontract.evolution import Problem
    from streamcontract.schema import Schema
    from streamcontract.testing.suite.contracts import Generated, TestedContract
    from streamcontract.testing.suite.history import History
    from streamcontract.testing.suite.pasting import Pasted

__all__ = [
    "broker_test",
    "decoding_test",
    "finding_test",
    "problem_test",
    "round_trip_test",
]

_HEADING: Final = "To see it in a test of your own, paste:\n\n"


_READING: Final = frozenset({"from pathlib import Path", "from streamcontract import parse_schema"})


def _read(contract: TestedContract) -> str:
    return f"parse_schema(Path({shown(contract.file)!r}))"


def _literal(schema: Schema) -> str:
    """The text of a schema as Python; unchanged if it is valid Python."""
    text = schema.inlined_json.strip()
    return repr(text) if "\\" in text or "'''" in text else f"'''{text}'''"


def _homes(generated: Generated | None) -> dict[type, tuple[str, str]]:
    if generated is None:
        return {}
    return {cls: (generated.home, name) for cls, name in generated.names.items()}


def round_trip_test(
    contract: TestedContract, generated: Generated | None, value: Any, *, is_key: bool = False
) -> str:
    """A test of one value: of the generated classes, or a plain value without them."""
    pasted = source_of(value, _homes(generated))
    imports = {*pasted.imports, "from streamcontract import Codec"}
    if generated is None:
        schema = _read(contract)
        imports |= _READING
    elif is_key:
        schema = "CONTRACT.keys"
        imports.add(f"from {generated.home} import CONTRACT")
    else:
        schema = generated.names[generated.record]
    body = (
        f"codec = Codec({schema})\n"
        f"value = {pasted.text}\n"
        "assert codec.decode(codec.encode(value)) == value"
    )
    return _HEADING + module_of(f"{contract.name}_round_trip", body, imports)


def broker_test(
    contract: TestedContract,
    generated: Generated | None,
    batch: list[tuple[Any, Any]],
    order: str,
) -> str:
    """A test that produces a batch and consumes it."""
    homes = _homes(generated)
    pasted = source_of(batch, homes)
    imports = {*pasted.imports, "from streamcontract.testing import assert_messages"}
    expected = "value"
    if generated is not None and generated.contract.key_schema is not None:
        imports.add("from streamcontract.kafka import Message")
        expected = "Message(value, key, topic, 0, 0)"
    if generated is None:
        imports |= {
            "from pathlib import Path",
            "from streamcontract.kafka import ContractConsumer, ContractProducer",
        }
        names, options = ("ContractProducer", "ContractConsumer"), "schema=schema, topic=topic"
        first = f"schema, topic = Path({shown(contract.file)!r}), streamcontract_topic()\n"
    else:
        names = (generated.client_name("Producer"), generated.client_name("Consumer"))
        options, first = "topic=topic", f"topic = streamcontract_topic.of({names[0]})\n"
        imports |= {f"from {generated.home} import {name}" for name in names}
    body = (
        f"{first}"
        f"batch = {pasted.text}\n"
        f"producer = streamcontract_producer({names[0]}, {options})\n"
        "for key, value in batch:\n"
        '    producer.produce(value, **({} if key is None else {"key": key}))\n'
        "producer.flush()\n"
        f"consumer = streamcontract_consumer({names[1]}, {options})\n"
        f"expected = [{expected} for key, value in batch]\n"
        f"assert_messages(consumer, expected, order={order!r})"
    )
    fixtures = "streamcontract_topic, streamcontract_producer, streamcontract_consumer"
    name = f"{contract.name}_through_the_broker"
    return _HEADING + module_of(name, body, imports, fixtures)


def problem_test(contract: TestedContract, history: History, problem: Problem) -> str | None:
    """A test that the example of a problem fails; None without an example that changes."""
    version = history.compared(contract).get(problem.against[0])
    if version is None:
        return None
    reader, writer = contract.schema, version.schema
    if problem.direction == "old reads new":
        reader, writer = writer, reader
    for finding in find_incompatibilities(reader=reader, writer=writer, drift=True):
        if (finding.rule, finding.message) == (problem.rule, problem.message):
            return finding_test(contract, finding, version.label)
    return None


def finding_test(contract: TestedContract, finding: Finding, label: str) -> str | None:
    """A test that the counterexample of a finding fails; None without one that changes."""
    example = finding.counterexample
    if example is None:
        return None
    if finding.severity == "breaking":
        return decoding_test(contract, label, example.writer, example.reader, example.data)
    # Untagged values, which a user's test would read.
    before = Codec[Any](example.writer).decode(example.data)
    try:
        after = Codec[Any](example.reader).decode(example.data, writer=example.writer)
    except DecodeError:
        return decoding_test(contract, label, example.writer, example.reader, example.data)
    if not any(differences(before, after)):
        return None  # only other implementations read another value
    expected = source_of(before, {})
    return decoding_test(contract, label, example.writer, example.reader, example.data, expected)


def decoding_test(
    contract: TestedContract,
    label: str,
    writer: Schema,
    reader: Schema,
    data: bytes,
    expected: Pasted | None = None,
) -> str:
    """A test that decodes data with another schema than the writer's.

    Args:
        contract: The contract.
        label: The name of the other version.
        writer: The schema they were written with.
        reader: The schema that reads them.
        data: The data.
        expected: The expected value; any value if left out.
    """
    imports = {"from streamcontract import Codec", *_READING}
    texts = []
    for schema in (writer, reader):
        if schema is contract.schema:
            texts.append(_read(contract))
        elif any(each.forgiven for each in schema.closure()):
            texts.append(f"parse_schema({_literal(schema)}, leniency=STORED)")
            imports.add("from streamcontract.schema import STORED")
        else:
            texts.append(f"parse_schema({_literal(schema)})")
    if contract.schema not in {writer, reader}:
        imports.remove("from pathlib import Path")
    call = "Codec(reader).decode(data, writer=writer)"
    if expected is not None:
        imports |= expected.imports
        call = f"assert {call} == {expected.text}"
    body = f"writer = {texts[0]}\nreader = {texts[1]}\ndata = bytes.fromhex({data.hex()!r})\n{call}"
    return _HEADING + module_of(f"{contract.name}_and_{label}", body, imports)
