"""Subject names of topics' schemas in the registry.

The three strategies are those of Confluent's serializers ("Subject name strategy" in Confluent's
Schema Registry documentation). The topic name strategy is the default here and everywhere.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Final, Protocol

import attrs

from streamcontract.errors import ArgumentError, ConfigurationError
from streamcontract.guards import text

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "STRATEGIES",
    "SubjectNameStrategy",
    "checked_strategy",
    "record_name_strategy",
    "topic_name_strategy",
    "topic_record_name_strategy",
]


class SubjectNameStrategy(Protocol):
    """A strategy: the subject for a topic and the full name of the schema's root type."""

    def __call__(self, topic: str, record_name: str | None, *, is_key: bool) -> str:
        """The subject."""


def topic_name_strategy(topic: str, record_name: str | None = None, *, is_key: bool) -> str:
    """One subject for the values of a topic and one for its keys.

    Args:
        topic: The topic.
        record_name: Not used; here so that strategies are interchangeable.
        is_key: Whether the schema is that of the key.

    Example:
        >>> topic_name_strategy("stocks", is_key=False)
        'stocks-value'
    """
    del record_name
    return f"{topic}-{'key' if is_key else 'value'}"


def record_name_strategy(topic: str, record_name: str | None, *, is_key: bool) -> str:
    """One subject for a type in all topics.

    Args:
        topic: Not used, as is ``is_key``; here so that strategies are interchangeable.
        record_name: The full name of the schema's root type.
        is_key: Not used.

    Raises:
        ConfigurationError: The schema is of a type without a name.

    Example:
        >>> record_name_strategy("stocks", "io.example.Stock", is_key=False)
        'io.example.Stock'
    """
    del is_key
    return _named(topic, record_name)


def topic_record_name_strategy(topic: str, record_name: str | None, *, is_key: bool) -> str:
    """One subject for each type in a topic, so that a topic can have several types.

    Args:
        topic: The topic.
        record_name: The full name of the schema's root type.
        is_key: Not used; here so that strategies are interchangeable.

    Raises:
        ConfigurationError: The schema is of a type without a name.

    Example:
        >>> topic_record_name_strategy("stocks", "io.example.Stock", is_key=False)
        'stocks-io.example.Stock'
    """
    del is_key
    return f"{topic}-{_named(topic, record_name)}"


STRATEGIES: Final[tuple[SubjectNameStrategy, ...]] = (
    topic_name_strategy,
    record_name_strategy,
    topic_record_name_strategy,
)
"""The three strategies. Their subjects are in the context of the registry's URL."""


_OF_CONFLUENT: Final = {
    "topic_subject_name_strategy": topic_name_strategy,
    "record_subject_name_strategy": record_name_strategy,
    "topic_record_subject_name_strategy": topic_record_name_strategy,
}
"""The same by the names of confluent_kafka's functions, which take a SerializationContext."""


def checked_strategy(given: object) -> SubjectNameStrategy:
    """Check a strategy, and return one whose results are checked.

    Args:
        given: A strategy, or one of the three in ``confluent_kafka.schema_registry``, which are
        replaced by those above.

    Raises:
        ArgumentError: It cannot be called with ``(topic, record_name, is_key=...)``.

    Example:
        >>> checked_strategy(topic_name_strategy)("stocks", None, is_key=True)
        'stocks-key'
    """
    name = getattr(given, "__name__", "")
    home = str(getattr(given, "__module__", ""))
    if home.partition(".")[0] == "confluent_kafka" and name in _OF_CONFLUENT:
        return _OF_CONFLUENT[name]
    for known in STRATEGIES:
        if given is known:
            return known
    if isinstance(given, _Checked):
        return given
    if not callable(given) or not _takes_topics(given):
        raise ArgumentError(
            "subject_name_strategy",
            given,
            "a callable (topic, record_name, *, is_key) -> str, such as those of "
            "streamcontract.registry.subjects",
        )
    return _Checked(given)


def _takes_topics(given: Callable[..., object]) -> bool:
    try:
        inspect.signature(given).bind("topic", "record_name", is_key=False)
    except (TypeError, ValueError):  # ValueError for callables in C without a signature
        return False
    return True


@attrs.frozen
class _Checked:
    """The application's strategy, whose results are checked to be text."""

    given: Callable[..., object]

    def __call__(self, topic: str, record_name: str | None, *, is_key: bool) -> str:
        return text(
            self.given(topic, record_name, is_key=is_key),
            f"the subject that {getattr(self.given, '__name__', 'the strategy')} returns",
        )


def _named(topic: str, record_name: str | None) -> str:
    if not record_name:
        raise ConfigurationError(
            f"the schema for topic {topic!r} has no name (it is not a record, enum or fixed), and "
            f"the record name strategies need one: use topic_name_strategy"
        )
    return record_name
