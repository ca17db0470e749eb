"""Client properties of a consumer, from its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from streamcontract.errors import ConfigurationError, shown
from streamcontract.guards import text
from streamcontract.kafka.connection.config import NO_GROUP
from streamcontract.kafka.consumer.start import Starts, check_start
from streamcontract.kafka.errors import PropertyError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streamcontract.kafka.consumer.partition import Key
    from streamcontract.kafka.consumer.start import Start

__all__ = [
    "COMMIT_COUNT",
    "check_topic",
    "is_incremental",
    "refuse_deserializers",
    "set_commit",
    "set_group",
    "set_start",
    "take_commit_count",
]

COMMIT_COUNT: Final = "streamcontract.auto.commit.interval.messages"

_DESERIALIZERS: Final = tuple(
    f"{what}.deserializer{suffix}" for what in ("key", "value") for suffix in ("", ".builder")
)


def check_topic(topic: str, instead: str) -> None:
    """Refuse a name that librdkafka reads as a pattern, which matches other topics too.

    Args:
        topic: The given topic.
        instead: The advice.

    Raises:
        ConfigurationError: It is a pattern.
    """
    if topic.startswith("^"):
        raise ConfigurationError(
            f"topic= is the name of one topic, and {topic!r} a pattern of names: {instead}"
        )


def refuse_deserializers(client: Mapping[str, Any]) -> None:
    """Refuse deserializers, which would be ignored: the contract has them.

    Raises:
        PropertyError: There is one.
    """
    for name in _DESERIALIZERS:
        if name in client:
            raise PropertyError(
                name,
                "keys and values are deserialized by the contract, with record=, records= or "
                "schema=; leave it out, or give a ContractDeserializer to a "
                "confluent_kafka.DeserializingConsumer",
            )


def set_group(client: dict[str, Any], group: str | None, partitions: Sequence[Key] | None) -> bool:
    """Set librdkafka's property for the group; return whether there is one."""
    configured = client.get("group.id")
    if group is not None:
        group = text(group, "group")
    if group is not None and configured not in {None, group}:
        raise ConfigurationError(
            f"the group is {shown(group)} by group= and {shown(configured)} by 'group.id': "
            f"give one of them"
        )
    # Such as a variable of the environment that is not set: without a group nothing is committed.
    if group == "":
        raise ConfigurationError(
            "group= is empty: name a group, or leave it out to read without one"
        )
    if partitions is not None and not partitions:
        raise ConfigurationError("partitions= is empty: name some, or leave it out to read all")
    if partitions is not None and len(set(partitions)) < len(partitions):
        raise ConfigurationError(f"partitions= names one twice: {partitions}")
    name = group or configured
    client["group.id"] = name or NO_GROUP
    return bool(name)


def set_start(
    client: dict[str, Any],
    start: Start | Mapping[Any, Start] | None,
    partitions: Sequence[Key] | None,
    key_of: Callable[[object], Key],
) -> Starts:
    """The start offsets, and whether to reset to them if an offset does not exist any more.

    librdkafka is configured to report such an offset, so that missing messages are counted.
    """
    reset = client.get("auto.offset.reset", "earliest")
    client["auto.offset.reset"] = "error"
    own: dict[Key, Start] = {}
    if isinstance(start, Mapping):
        own = {key_of(name): check_start(each) for name, each in start.items()}
        for topic, number in own:
            if partitions is not None and (topic, number) not in partitions:
                raise ConfigurationError(
                    f"start= names topic {shown(topic)}, partition {number}, which is not among "
                    f"partitions="
                )
        start = None
    if start is None and reset == "error":
        return Starts("earliest", resets_by_default=False, by_partition=own)
    return Starts(check_start(reset if start is None else start), by_partition=own)


def set_commit(client: dict[str, Any], *, has_group: bool, count: int | None) -> bool:
    """Set librdkafka's properties for commits; return whether it commits automatically."""
    if client.get("enable.auto.offset.store") in {True, "true"}:
        raise ConfigurationError(
            "'enable.auto.offset.store' cannot be True: librdkafka would commit messages that "
            "were fetched and not yet returned; leave it out, and returned messages are "
            "committed"
        )
    auto_commit = has_group and client.get("enable.auto.commit", True) not in {False, "false"}
    if count is not None and not auto_commit:
        raise ConfigurationError(
            f"{COMMIT_COUNT!r} is for a consumer with a group that commits automatically "
            f"('enable.auto.commit'); otherwise it would have no effect"
        )
    client["enable.auto.commit"] = auto_commit
    client["enable.auto.offset.store"] = False
    client["enable.partition.eof"] = True
    return auto_commit


def take_commit_count(client: dict[str, Any]) -> int | None:
    """Remove and return the number of messages after which to commit, or None."""
    given = client.pop(COMMIT_COUNT, None)
    if given is None:
        return None
    # As text, if a configuration was read from a properties file.
    count = int(given) if isinstance(given, str) and given.isdecimal() else given
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise ConfigurationError(
            f"{COMMIT_COUNT!r} is a number of messages from 1, not {shown(given)}"
        )
    return count


def is_incremental(client: Mapping[str, Any]) -> bool:
    """Whether rebalances of the group are incremental (KIP-429, KIP-848)."""
    strategy = str(client.get("partition.assignment.strategy", ""))
    return "cooperative" in strategy or client.get("group.protocol") == "consumer"
