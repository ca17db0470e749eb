"""Checks of the suite, each for one contract, with their failures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from streamcontract.codec import Codec
from streamcontract.codegen import changes
from streamcontract.compatibility import find_incompatibilities
from streamcontract.errors import ProjectError, StreamContractError
from streamcontract.kafka import ContractConsumer, ContractProducer, Message
from streamcontract.levels import compatibility_level
from streamcontract.reporting import shown
from streamcontract.testing.assertions import Order, assert_messages, differences
from streamcontract.testing.strategies import from_schema, records
from streamcontract.testing.strategies import keys as keys_of
from streamcontract.testing.suite.documentation import faults
from streamcontract.testing.suite.failing_tests import (
    broker_test,
    decoding_test,
    finding_test,
    problem_test,
    round_trip_test,
)
from streamcontract.wire import frame, unframe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streamcontract.compatibility import Finding
    from streamcontract.evolution import Problem, Version
    from streamcontract.testing.suite.contracts import TestedContract
    from streamcontract.testing.suite.history import History

__all__ = [
    "Failure",
    "Suite",
    "check_broker",
    "check_codec",
    "check_decodes",
    "check_deleted",
    "check_examples",
    "check_generated",
    "check_level",
    "check_lossless",
    "check_project",
    "check_schema",
]

_SCHEMA_ID: Final = 2**31 - 1  # an id without zero bytes
_FEWEST_EXAMPLES: Final = 10
_BROKER_EXAMPLES: Final = 10
_MAX_BATCH: Final = 20


class Failure(Exception):  # noqa: N818 - an outcome, as pytest's own
    """A failed check; its text is the whole text of the failed test."""


@attrs.frozen(kw_only=True)
class Suite:
    """Settings of the checks.

    Attributes:
        max_examples: The number of examples of a property; None for Hypothesis's own number.
    """

    max_examples: int | None = None

    def settings(self, share: int = 1, most: int | None = None) -> settings:
        """Hypothesis's settings, for one of ``share`` properties of a test."""
        wanted = self.max_examples or settings().max_examples
        if most is not None:
            wanted = min(wanted, most)
        return settings(
            # Hypothesis's explanation of an example is not shown: the failure has a test to paste.
            phases=[phase for phase in settings().phases if phase is not Phase.explain],
            deadline=None,  # the speed of a busy machine is not a fault of a contract
            max_examples=max(wanted // share, min(wanted, _FEWEST_EXAMPLES)),
            suppress_health_check=[HealthCheck.too_slow],
            report_multiple_bugs=False,
        )


def check_schema(contract: TestedContract, _suite: Suite) -> None:
    """The schema is valid Avro."""
    _ = contract.schema


def check_generated(contract: TestedContract, _suite: Suite) -> None:
    """The committed module is what ``streamcontract generate`` writes now."""
    project, config = contract.project, contract.config
    if contract.code is None or project is None or config is None:
        _ = contract.generated  # nothing is committed, but code generation must be possible
        return
    wanted = contract.code.to_commit.of([config.name]).require_all()
    pending = changes(project.output, wanted, complete=False)
    for change in pending:
        if change.path.stem not in wanted:
            continue
        state = "is missing" if change.before is None else "is out of date with its schema"
        raise Failure(
            f"{shown(change.path)} {state}: the schema is {shown(contract.file)}; run"
            f" `streamcontract generate` and commit the result\n\n{change.diff(project.root)}"
        )


def check_codec(contract: TestedContract, suite: Suite) -> None:
    """Every value and key is equal after encoding, framing and decoding, plain and as record."""

    def holds(codec: Codec[Any], value: Any, paste: Callable[[], str]) -> None:
        try:
            number, payload = unframe(frame(_SCHEMA_ID, codec.encode(value)))
            back = codec.decode(payload)
        except StreamContractError as error:
            raise Failure(
                f"a value of {contract.name} cannot be sent: {error}\n\n{paste()}"
            ) from None
        different = list(differences(value, back))
        if different or number != _SCHEMA_ID:
            lines = "\n  ".join(different)
            raise Failure(f"a value of {contract.name} is changed:\n  {lines}\n\n{paste()}")

    @suite.settings(share=2)
    @given(from_schema(contract.schema))
    def plain(value: Any) -> None:
        holds(contract.codec, value, lambda: round_trip_test(contract, None, value))

    plain()
    generated = contract.generated
    if generated is None:
        return
    codec: Codec[Any] = Codec(generated.record)

    @suite.settings(share=2)
    @given(records(generated.record))
    def typed(value: Any) -> None:
        holds(codec, value, lambda: round_trip_test(contract, generated, value))

    typed()
    if generated.contract.key_schema is None:
        return
    of_keys: Codec[Any] = Codec(generated.contract.keys)

    @suite.settings(share=2)
    @given(keys_of(generated.record))
    def typed_key(key: Any) -> None:
        holds(of_keys, key, lambda: round_trip_test(contract, generated, key, is_key=True))

    typed_key()


def check_examples(contract: TestedContract, _suite: Suite) -> None:
    """The examples and defaults in the schema are values of their types."""
    found = faults(contract.schema)
    if found:
        raise Failure("\n".join(found))


def check_broker(contract: TestedContract, suite: Suite, request: pytest.FixtureRequest) -> None:
    """Consumed records are the produced ones, in the same order per key."""
    generated, config = contract.generated, contract.config
    partitions = (config.partitions if config else None) or 1
    topic = request.getfixturevalue("streamcontract_topic")(
        (config.topic if config else None) or "contract", partitions=partitions
    )
    clients: tuple[type[Any], type[Any]] = (ContractProducer, ContractConsumer)
    options: dict[str, Any] = {"schema": contract.schema}
    values: st.SearchStrategy[Any] = from_schema(contract.schema)
    keys: st.SearchStrategy[Any] = st.none()
    has_own_keys = generated is not None and generated.contract.key_schema is not None
    if generated is not None:
        clients, options = (generated.client("Producer"), generated.client("Consumer")), {}
        values = records(generated.record)
        if has_own_keys:
            keys = keys_of(generated.record)
    producer = request.getfixturevalue("streamcontract_producer")(
        clients[0], topic=topic, **options
    )
    consumer = request.getfixturevalue("streamcontract_consumer")(
        clients[1], topic=topic, **options
    )
    # Without a key, messages of several partitions have any order.
    has_key = generated is not None and not (
        generated.contract.key is None and generated.contract.key_schema is None
    )
    order: Order = "per key" if has_key or partitions == 1 else "any"

    # Not shrunk: that would send hundreds of batches through the broker. Missing and changed
    # messages are named anyway.
    @settings(
        suite.settings(most=_BROKER_EXAMPLES), phases=(Phase.explicit, Phase.reuse, Phase.generate)
    )
    @given(st.lists(st.tuples(keys, values), min_size=1, max_size=_MAX_BATCH))
    def arrives(batch: list[tuple[Any, Any]]) -> None:
        for key, value in batch:
            producer.produce(value, **({} if key is None else {"key": key}))
        producer.flush()
        expected = [
            Message(value, key, topic, 0, 0) if has_own_keys else value for key, value in batch
        ]
        kept: Order = order
        if has_own_keys and partitions > 1 and any(key is None for key, _ in batch):
            kept = "any"  # messages without a key may be in any partition
        try:
            assert_messages(consumer, expected, order=kept)
        except AssertionError as error:
            paste = broker_test(contract, generated, batch, kept)
            raise Failure(f"{contract.name} through the broker: {error}\n\n{paste}") from None

    arrives()


def check_decodes(contract: TestedContract, suite: Suite, history: History) -> None:
    """Data of every earlier version can be read with the present schema."""
    level = history.level(contract)
    if "backward" not in compatibility_level(level).directions:
        pytest.skip(f"level {level} does not require that earlier data can be read")
    versions = _known(contract, history, history.versions(contract))
    problems = [
        _cannot_be_read(contract, version, finding)
        for version in versions
        for finding in find_incompatibilities(reader=contract.schema, writer=version.schema)
    ]
    if problems:
        raise Failure("\n\n".join(problems))
    generated = contract.generated
    reader: Codec[Any] = contract.codec if generated is None else Codec(generated.record)
    for version in versions:
        _check_decodes_values(contract, suite.settings(share=len(versions)), version, reader)


def _check_decodes_values(
    contract: TestedContract, how: settings, version: Version, reader: Codec[Any]
) -> None:
    writer = Codec(version.schema, tag_unions=True)

    @how
    @given(from_schema(version.schema, tag_unions=True))
    def decodes(value: Any) -> None:
        data = writer.encode(value)
        try:
            reader.decode(data, writer=version.schema)
        except StreamContractError as error:
            paste = decoding_test(contract, version.label, version.schema, contract.schema, data)
            raise Failure(f"data of {version.label}: {error}\n\n{paste}") from None

    decodes()


def check_level(contract: TestedContract, _suite: Suite, history: History) -> None:
    """The declared level holds against the earlier versions."""
    level = history.level(contract)
    if not compatibility_level(level).directions:
        pytest.skip("level NONE requires nothing")
    _known(contract, history, list(history.compared(contract).values()))
    problems = history.problems(contract, "breaking")
    if problems:
        pastes = [
            paste for problem in problems if (paste := problem_test(contract, history, problem))
        ]
        raise Failure(
            f"{contract.name} breaks its level {level} against {history.source}:\n\n"
            + "\n\n".join([history.rendered(contract, problems), *pastes])
        )


def check_lossless(contract: TestedContract, _suite: Suite, history: History) -> None:
    """Data from and to earlier versions keep their meaning."""
    _known(contract, history, list(history.compared(contract).values()))
    problems = history.problems(contract, "drift")
    if problems:
        pastes = [
            paste for problem in problems if (paste := problem_test(contract, history, problem))
        ]
        raise Failure(
            f"{contract.name} loses or changes data against {history.source}:\n\n"
            + "\n\n".join([history.rendered(contract, problems), *pastes])
        )


def check_project(contract: TestedContract, _suite: Suite) -> None:
    """The project file is valid."""
    if contract.project is not None and contract.project.faults:
        raise ProjectError(contract.project.faults)


def check_deleted(contract: TestedContract, _suite: Suite, history: History) -> None:
    """No contract of the project was deleted."""
    if contract.project is None:
        raise AssertionError("only a whole project can have deleted contracts")
    problems = history.deleted(contract.project)
    if problems:
        raise Failure(history.rendered(None, problems))


def _known(
    contract: TestedContract, history: History, versions: Sequence[Version]
) -> Sequence[Version]:
    if not versions:
        pytest.skip(f"{contract.name} has no earlier version in {history.source}")
    return versions


def _described(contract: TestedContract, history: History, problems: Sequence[Problem]) -> str:
    tests = (problem_test(contract, history, problem) for problem in problems)
    return "\n\n".join([history.rendered(contract, problems), *filter(None, tests)])


def _cannot_be_read(contract: TestedContract, version: Version, finding: Finding) -> str:
    text = f"data of {version.label} cannot be read, at {finding.path}: {finding.message}"
    test = finding_test(contract, finding, version.label)
    return text if test is None else f"{text}\n\n{test}"
