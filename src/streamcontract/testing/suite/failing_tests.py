"""A failure as a test that can be pasted: imports, the values, and what should hold of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from streamcontract.reporting import shown
from streamcontract.testing.suite.pasting import module_of, source_of

if TYPE_CHECKING:
    from streamcontract.evolution import Problem
    from streamcontract.schema import Schema
    from streamcontract.testing.suite.contracts import Generated, TestedContract
    from streamcontract.testing.suite.history import History

__all__ = [
    "broker_test",
    "decoding_test",
    "problem_test",
    "round_trip_test",
]

_HEADING: Final = "To see it in a test of your own, paste:\n\n"


_READING: Final = frozenset({"from pathlib import Path", "from streamcontract import parse_schema"})


def _read(contract: TestedContract) -> str:
    return f"parse_schema(Path({shown(contract.file)!r}))"


def _homes(generated: Generated | None) -> dict[type, str]:
    types = {} if generated is None else generated.contract.types
    return {} if generated is None else dict.fromkeys(types.values(), generated.home)


def round_trip_test(contract: TestedContract, generated: Generated | None, value: Any) -> str:
    """A test of one value: a record of the generated class, or a plain value without one."""
    pasted = source_of(value, _homes(generated))
    imports = {*pasted.imports, "from streamcontract import Codec"}
    schema = "" if generated is None else generated.record.__name__
    if generated is None:
        schema = _read(contract)
        imports |= _READING
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
    imports = set(pasted.imports) | {
        "from streamcontract.kafka import Message",
        "from streamcontract.testing import assert_messages",
    }
    if generated is None:
        imports |= {
            "from pathlib import Path",
            "from streamcontract.kafka import ContractConsumer, ContractProducer",
        }
        names, options = ("ContractProducer", "ContractConsumer"), "schema=schema, topic=topic"
        first = f"schema, topic = Path({shown(contract.file)!r}), streamcontract_topic()\n"
    else:
        names = (f"{generated.record.__name__}Producer", f"{generated.record.__name__}Consumer")
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
        "expected = [\n"
        "    value if key is None else Message(value, key, topic, 0, 0) for key, value in batch\n"
        "]\n"
        f"assert_messages(consumer, expected, order={order!r})"
    )
    fixtures = "streamcontract_topic, streamcontract_producer, streamcontract_consumer"
    name = f"{contract.name}_through_the_broker"
    return _HEADING + module_of(name, body, imports, fixtures)


def problem_test(contract: TestedContract, history: History, problem: Problem) -> str | None:
    """A test that decodes the example of a problem; None where it has none."""
    version = history.compared(contract).get(problem.against[0])
    example = problem.example
    if example is None or version is None:
        return None
    data = bytes.fromhex(example.data)
    if problem.direction == "new reads old":
        writer, reader = version.schema, None
    else:
        writer, reader = contract.schema, version.schema
    expected = example.before if problem.severity == "drift" else None
    return decoding_test(
        contract, writer, version.label, data, example.value, reader=reader, expected=expected
    )


def decoding_test(
    contract: TestedContract,
    writer: Schema,
    label: str,
    data: bytes,
    value: Any,
    *,
    reader: Schema | None = None,
    expected: str | None = None,
) -> str:
    """A test that decodes data with another schema than that of their writer.

    Args:
        contract: The contract.
        writer: The schema they were written with.
        label: What the other version is called.
        data: The data.
        value: What they stand for; or that as text.
        reader: The schema that reads them; the contract's own if left out.
        expected: What is to be read, as text; whatever can be read if left out.
    """
    shown_value = value if isinstance(value, str) else source_of(value, {}).text
    comment = " ".join(shown_value.split())
    reads = _read(contract)
    if reader is not None:
        reads = f"parse_schema({reader.inlined_json!r})"
    call = "Codec(reader).decode(data, writer=writer)"
    body = (
        f"writer = parse_schema({writer.inlined_json!r})\n"
        f"reader = {reads}\n"
        f"data = bytes.fromhex({data.hex()!r})  # {comment}\n"
        + (call if expected is None else f"assert {call} == {expected}")
    )
    imports = {"from streamcontract import Codec", *_READING, *_imports_of(expected or "")}
    if reader is not None:
        imports.remove("from pathlib import Path")
    name = f"{contract.name}_and_{label}"
    return _HEADING + module_of(name, body, imports)


def _imports_of(text: str) -> set[str]:
    """The imports of a value as ``repr`` writes it."""
    known = {
        "datetime.": "import datetime",
        "Decimal(": "from decimal import Decimal",
        "UUID(": "from uuid import UUID",
        "Duration(": "from streamcontract import Duration",
    }
    return {line for word, line in known.items() if re.search(rf"\b{re.escape(word)}", text)}
