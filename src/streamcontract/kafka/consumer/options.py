"""Options of consumers, as keyword arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from streamcontract.kafka.consumer.start import Start
    from streamcontract.kafka.dead_letters.poison import Poison
    from streamcontract.kafka.telemetry import Telemetry
    from streamcontract.registry import SchemaRegistry

__all__ = [
    "ConsumerOptions",
    "ShareConsumerOptions",
    "TopicConsumerOptions",
    "TopicShareConsumerOptions",
    "check_options",
]


class ShareConsumerOptions(TypedDict, total=False):
    """The options of any consumer besides configuration, contract and topic.

    See :class:`streamcontract.kafka.consumer.share_consumer.ContractShareConsumer`.
    """

    group: str | None
    registry: SchemaRegistry | None
    poison: Poison
    telemetry: Telemetry | None


class TopicShareConsumerOptions(ShareConsumerOptions, total=False):
    """The same with the topic, which a contract may have too."""

    topic: str | None


class ConsumerOptions(ShareConsumerOptions, total=False):
    """The options of a consumer that is not a share consumer.

    See :class:`streamcontract.kafka.consumer.ContractConsumer`.
    """

    start: Start | Mapping[Any, Start] | None
    partitions: Sequence[Any] | None
    on_assign: Callable[[Any, tuple[Any, ...]], object] | None
    on_revoke: Callable[[Any, tuple[Any, ...]], object] | None
    on_lost: Callable[[Any, tuple[Any, ...]], object] | None


class TopicConsumerOptions(ConsumerOptions, total=False):
    """The same with the topic, which a contract may have too."""

    topic: str | None


def check_options(given: Mapping[str, object], known: type[Any]) -> None:
    """Refuse keyword arguments that a signature does not have, as Python does.

    Raises:
        TypeError: One is unknown.
    """
    for name in given:
        if name not in known.__annotations__:
            raise TypeError(f"got an unexpected keyword argument {name!r}")
