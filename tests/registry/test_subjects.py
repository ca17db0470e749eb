"""Subject names: the strategies give what confluent-kafka's give."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest
from confluent_kafka.schema_registry import (
    record_subject_name_strategy,
    topic_record_subject_name_strategy,
    topic_subject_name_strategy,
)
from confluent_kafka.serialization import MessageField, SerializationContext

from streamcontract.errors import ConfigurationError
from streamcontract.registry.subjects import (
    SubjectNameStrategy,
    record_name_strategy,
    topic_name_strategy,
    topic_record_name_strategy,
)

Theirs: TypeAlias = Callable[[SerializationContext | None, str | None], str | None]

PAIRS = [
    (topic_name_strategy, topic_subject_name_strategy),
    (record_name_strategy, record_subject_name_strategy),
    (topic_record_name_strategy, topic_record_subject_name_strategy),
]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
@pytest.mark.parametrize("field", [MessageField.KEY, MessageField.VALUE])
def test_strategies_agree_with_confluents(
    ours: SubjectNameStrategy, theirs: Theirs, field: MessageField
) -> None:
    """A topic written by either library has its schemas under the same subjects."""
    expected = theirs(SerializationContext("stocks", field), "io.example.Stock")
    subject = ours("stocks", "io.example.Stock", is_key=field == MessageField.KEY)
    assert subject == expected


@pytest.mark.parametrize("strategy", [record_name_strategy, topic_record_name_strategy])
def test_a_type_without_a_name_needs_the_topic_strategy(strategy: SubjectNameStrategy) -> None:
    """Record strategies refuse a schema without a name and say which strategy fits."""
    with pytest.raises(ConfigurationError, match="topic_name_strategy"):
        strategy("stocks", None, is_key=False)
