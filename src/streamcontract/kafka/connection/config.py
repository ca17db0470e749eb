"""Configuration of a client: one dict, split into the parts for client, registry and serializer."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs
import confluent_kafka

from streamcontract.errors import ArgumentError, ConfigurationError, shown
from streamcontract.kafka.connection.credentials import (
    TokenSource,
    environment_security,
    read_secret_files,
    require_token_source,
)
from streamcontract.kafka.connection.forks import keep_from_child, weakly_referable
from streamcontract.kafka.connection.librdkafka_log import LIBRDKAFKA_LOG
from streamcontract.kafka.connection.properties import check_properties, refuse_unused
from streamcontract.kafka.errors import PropertyError
from streamcontract.registry.config import CONFIG_PREFIX, LOCK_PREFIX
from streamcontract.registry.subjects import (
    checked_strategy,
    record_name_strategy,
    topic_name_strategy,
    topic_record_name_strategy,
)
from streamcontract.wire import CONFLUENT, wire_format

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.registry.subjects import SubjectNameStrategy
    from streamcontract.wire import Location, WireFormat

__all__ = [
    "BOOTSTRAP_VARIABLE",
    "CONSUMER_DEFAULTS",
    "DEFAULT_BOOTSTRAP",
    "NO_GROUP",
    "Settings",
    "build_client",
    "build_reader",
    "split_config",
]

Config = Mapping[str, Any] | None
"""Client properties; those that are left out come from the environment."""

BOOTSTRAP_VARIABLE: Final = "STREAMCONTRACT_BOOTSTRAP_SERVERS"
DEFAULT_BOOTSTRAP: Final = "localhost:19092"

NO_GROUP: Final = "streamcontract.no-group"
"""The group of a client without one, which never joins or commits: librdkafka requires a name."""

CONSUMER_DEFAULTS: Final[Mapping[str, Any]] = {
    # CONFIGURATION.md: for how long the next fetch is postponed where the local queue has
    # queued.min.messages (100,000) or queued.max.messages.kbytes. By default that is a second, for
    # most of which a consumer waits that has taken all of them meanwhile.
    "fetch.queue.backoff.ms": 10,
}
"""The properties of a consumer that its configuration may replace."""

_WITHOUT_GROUP: Final[Mapping[str, Any]] = {
    "group.id": NO_GROUP,
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
}

_REGISTRY_PREFIXES: Final = (CONFIG_PREFIX, LOCK_PREFIX)
_STRATEGIES: Final[Mapping[str, SubjectNameStrategy]] = {
    "topic": topic_name_strategy,
    "record": record_name_strategy,
    "topic-record": topic_record_name_strategy,
}
# librdkafka's own aliases for bootstrap.servers, and its built-in test cluster, which needs none.
_BOOTSTRAP_KEYS: Final = ("bootstrap.servers", "metadata.broker.list", "test.mock.num.brokers")
# "Alias for" in librdkafka's CONFIGURATION.md.
_ALIASES: Final = {
    "acks": "request.required.acks",
    "bootstrap.servers": "metadata.broker.list",
    "compression.type": "compression.codec",
    "delivery.timeout.ms": "message.timeout.ms",
    "fetch.max.wait.ms": "fetch.wait.max.ms",
    "linger.ms": "queue.buffering.max.ms",
    "max.in.flight": "max.in.flight.requests.per.connection",
    "max.partition.fetch.bytes": "fetch.message.max.bytes",
    "retries": "message.send.max.retries",
    "sasl.mechanism": "sasl.mechanisms",
}
# The protocols that librdkafka takes before an address (rd_kafka_secproto_names).
_PROTOCOLS: Final = frozenset({"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"})
# Candidates for misspelt names, because librdkafka has no list of all.
_OFTEN_USED: Final = (
    *_ALIASES,
    "auto.offset.reset",
    "auto.register.schemas",
    "client.id",
    "enable.auto.commit",
    "enable.idempotence",
    "group.id",
    "normalize.schemas",
    "rules.ignored",
    "sasl.password",
    "sasl.username",
    "schema.id.framing",
    "schema.id.location",
    "security.protocol",
    "session.timeout.ms",
    "ssl.ca.location",
    "subject.name.strategy",
    "transactional.id",
)
_QUOTED_PROPERTY: Final = re.compile(r'property:? "([^"]+)"|(ssl\.[a-z.]+) failed')
_CREDENTIALS_SOURCE: Final = CONFIG_PREFIX + "basic.auth.credentials.source"
# The error of confluent_kafka if oauth_cb has returned no token for ten seconds.
_NO_TOKEN: Final = confluent_kafka.KafkaError.SASL_AUTHENTICATION_FAILED
# This error is raised directly as an exception, unlike in the stubs.
_BARE: Final[type[Exception]] = confluent_kafka.KafkaError  # type: ignore[assignment] # see above
_INHERITED: Final = ("sasl.username", "sasl.password")

Client = TypeVar("Client")


@attrs.frozen
class Settings:
    """A configuration, split.

    Attributes:
        client: The properties for librdkafka.
        registry: The ``schema.registry.*`` and ``streamcontract.lock.*`` entries.
        auto_register: Whether schemas are registered, or only looked up.
        normalize: Whether the registry normalizes schemas that are registered or looked up.
        subject_name_strategy: Names the subject of a topic's schema.
        wire: The wire format of messages.
        location: Whether the schema id is written as a prefix or into a header; None for the place
        of the first framing.
        rules_ignored: The types of rules, in capitals, that are executed elsewhere or not at all.
    """

    client: dict[str, Any] = attrs.field(repr=False)
    registry: dict[str, object] = attrs.field(repr=False)
    auto_register: bool = True
    normalize: bool = False
    subject_name_strategy: SubjectNameStrategy = topic_name_strategy
    wire: WireFormat = CONFLUENT
    location: Location | None = None
    rules_ignored: frozenset[str] = frozenset()


def split_config(
    config: Mapping[str, Any] | None, *, defaults: Mapping[str, Any] | None = None
) -> Settings:
    """Split a configuration; missing values come from ``defaults``, then the environment.

    Args:
        config: Client properties with librdkafka's names ("Global configuration properties" in its
        CONFIGURATION.md), secrets among them in a file if ``.location`` is appended to their
        name (docs/security.md), ``schema.registry.*`` with confluent_kafka's names,
            ``streamcontract.lock.*`` (docs/lock-file.md), for consumers
            ``streamcontract.auto.commit.interval.messages`` (docs/delivery.md), and
            ``auto.register.schemas``, ``normalize.schemas`` and ``subject.name.strategy``
            (``"topic"``, ``"record"``, ``"topic-record"`` or a callable), which confluent_kafka
            takes in its serializers' configuration, ``schema.id.framing`` and
            ``schema.id.location`` (docs/wire-formats.md), and ``rules.ignored``
            (docs/registry-client.md).
        defaults: Client properties that the configuration may replace.

    Raises:
        PropertyError: A value is not a text, number or callable for a client, or a property would
        not be used, such as ``value.serializer``.
        ConfigurationError: One of streamcontract's own entries has an invalid value.

    Example:
        >>> settings = split_config({"bootstrap.servers": "localhost:9092", "acks": "all"})
        >>> settings.client["acks"], settings.auto_register
        ('all', True)
    """
    if config is not None and not isinstance(config, Mapping):
        raise ConfigurationError(
            f"a configuration is a dict of client properties, such as "
            f'{{"bootstrap.servers": "host:9092"}}, not a {type(config).__name__}'
        )
    given = check_properties(config or {})
    refuse_unused(given)
    registry = {key: given.pop(key) for key in [*given] if key.startswith(_REGISTRY_PREFIXES)}
    auto_register = _flag(given, "auto.register.schemas", default=True)
    normalize = _flag(given, "normalize.schemas", default=False)
    strategy = _strategy(given.pop("subject.name.strategy", "topic"))
    wire = wire_format(given.pop("schema.id.framing", CONFLUENT))
    location = _location(given.pop("schema.id.location", None))
    ignored = _types_of_rules(given.pop("rules.ignored", ()))
    client = {**(defaults or {}), **given}
    if not any(key in client for key in _BOOTSTRAP_KEYS):
        client["bootstrap.servers"] = os.environ.get(BOOTSTRAP_VARIABLE) or DEFAULT_BOOTSTRAP
        # Only in this case: the environment's credentials are for the environment's brokers, and
        # must not be sent to others.
        client = {**environment_security(), **client}
    _check_servers(client)
    read_secret_files(client)
    require_token_source(client)
    tokens = client.get("oauth_cb")
    if callable(tokens) and not isinstance(tokens, TokenSource):
        client["oauth_cb"] = TokenSource(tokens)
    if registry.get(_CREDENTIALS_SOURCE) == "SASL_INHERIT":
        # The registry's credentials may be inherited from these.
        registry.update({key: client[key] for key in _INHERITED if key in client})
    # librdkafka writes to standard error by default; a library uses logging instead.
    client.setdefault("logger", LIBRDKAFKA_LOG)
    return Settings(client, registry, auto_register, normalize, strategy, wire, location, ignored)


def build_reader(properties: Mapping[str, Any], own: Mapping[str, Any]) -> confluent_kafka.Consumer:
    """Create a consumer that is assigned its partitions, and commits nothing.

    Args:
        properties: The client properties, before which the defaults of consumers come.
        own: The properties that are the caller's to set, whatever the others are.

    Raises:
        PropertyError: librdkafka refuses a property, or two that contradict each other.
    """
    return build_client(
        confluent_kafka.Consumer, {**CONSUMER_DEFAULTS, **properties, **_WITHOUT_GROUP, **own}
    )


def build_client(kind: Callable[[dict[str, Any]], Client], properties: dict[str, Any]) -> Client:
    """Create a confluent_kafka client.

    Raises:
        PropertyError: librdkafka refuses a property, or two that contradict each other.
    """
    properties = check_properties(properties)
    made = weakly_referable(kind) if isinstance(kind, type) else kind
    try:
        client: Client = made(properties)
    except (confluent_kafka.KafkaException, _BARE) as error:
        found: Any = error if isinstance(error, _BARE) else error.args[0]
        reason = found.str()
        if found.code() == _NO_TOKEN:
            raise PropertyError("oauth_cb", reason) from error
        quoted = _QUOTED_PROPERTY.search(reason)
        named = _as_given(quoted[1] or quoted[2], properties) if quoted else None
        raise PropertyError(named, reason + _suggestion(named, reason)) from error
    except SystemError as error:
        # A callback raised it while C code wrote a line to the log.
        if not isinstance(error.__cause__, Exception):
            raise
        raise PropertyError(None, f"a callback failed: {error.__cause__}") from error
    except (TypeError, ValueError, ImportError) as error:
        # confluent_kafka's own checks, such as of a callback that is not callable, or a property
        # that needs one of its extras: sasl.oauthbearer.metadata.authentication.type=aws_iam.
        raise PropertyError(None, str(error)) from error
    keep_from_child(client)
    return client


def _as_given(named: str, properties: Mapping[str, Any]) -> str:
    """The name in the configuration, for which librdkafka's message may have the alias's target."""
    aliases = (alias for alias, meant in _ALIASES.items() if meant == named)
    return next((alias for alias in aliases if alias in properties), named)


def _suggestion(named: str | None, reason: str) -> str:
    """The property that may be meant by an unknown name."""
    if named is None or not reason.startswith("No such configuration property"):
        return ""
    near = difflib.get_close_matches(named, _OFTEN_USED, n=1, cutoff=0.8)
    return f"; did you mean {near[0]!r}?" if near else ""


def _check_servers(client: Mapping[str, Any]) -> None:
    """Refuse a URL in place of an address, which librdkafka ignores."""
    for key in ("bootstrap.servers", "metadata.broker.list"):
        for server in str(client.get(key, "")).split(","):
            protocol, mark, _ = server.strip().partition("://")
            if mark and protocol.lower() not in _PROTOCOLS:
                advice = f"leave {protocol}:// out"
                reason = f"{server.strip()!r} is not a broker's address: {advice}"
                raise PropertyError(key, reason)


def _flag(given: dict[str, Any], key: str, *, default: bool) -> bool:
    value = given.pop(key, default)
    if isinstance(value, bool):
        return value
    # As text, if a configuration was read from a properties file.
    if isinstance(value, str) and value in {"true", "false"}:
        return value == "true"
    raise ConfigurationError(f"{key!r} is True or False, not {shown(value)}")


def _location(value: object) -> Location | None:
    match value:
        case None | "prefix" | "header":
            return value
    raise ConfigurationError(f"'schema.id.location' is 'prefix' or 'header', not {value!r}")


def _types_of_rules(value: object) -> frozenset[str]:
    types = value.split(",") if isinstance(value, str) else value
    if isinstance(types, list | tuple | set | frozenset):
        names = [each.strip().upper() for each in types if isinstance(each, str)]
        if all(names) and len(names) == len(types):
            return frozenset(names)
    raise ConfigurationError(
        f"'rules.ignored' is types of rules, such as 'CEL, ENCRYPT', not {value!r}"
    )


def _strategy(value: object) -> SubjectNameStrategy:
    if isinstance(value, str) and value in _STRATEGIES:
        return _STRATEGIES[value]
    try:
        return checked_strategy(value)
    except ArgumentError as error:
        names = ", ".join(map(repr, _STRATEGIES))
        raise ConfigurationError(
            f"'subject.name.strategy' is one of {names}, or {error.expected}; not {error.found}"
        ) from None
