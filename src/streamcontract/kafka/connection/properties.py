"""Client properties, checked before confluent_kafka converts them to C text with ``str()``."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from numbers import Integral
from typing import Any, Final

from streamcontract.errors import ArgumentError
from streamcontract.guards import call_back, text
from streamcontract.kafka.errors import PropertyError

__all__ = ["check_properties", "refuse_unused"]

_CALLBACKS: Final = {
    "error_cb": "(error)",
    "oauth_cb": "(config: str) -> (token, seconds since the epoch when it expires)",
    "on_commit": "(error, partitions)",
    "stats_cb": "(json: str)",
    "throttle_cb": "(event)",
}
"""The callbacks that confluent_kafka itself takes besides librdkafka's properties."""

_SERIALIZERS: Final = (
    "the contract has the serializers of keys and values, so it would not be used: leave it out. A "
    "serializer of your own plugs into confluent_kafka.SerializingProducer or "
    "DeserializingConsumer, and a contract's into those by streamcontract.kafka."
    "ContractSerializer and ContractDeserializer"
)
_OWN_SCHEMA: Final = (
    "records are written with the schema of their contract, so that the type checker's types are "
    "the sent ones: leave it out. With 'auto.register.schemas' set to False the registry has to "
    "have the same schema; for a new version run `streamcontract generate`"
)
_REPORTS: Final = "it would not be called: give on_delivery= to produce(), which gets a Delivery"
_UNUSED: Final = {
    # Confluent's AvroSerializer and AvroDeserializer take those that begin with use.
    "dr_cb": _REPORTS,
    "dr_msg_cb": _REPORTS,
    "key.deserializer": _SERIALIZERS,
    "key.serializer": _SERIALIZERS,
    "on_delivery": _REPORTS,
    "value.deserializer": _SERIALIZERS,
    "use.latest.version": _OWN_SCHEMA,
    "use.latest.with.metadata": _OWN_SCHEMA,
    "use.schema.id": _OWN_SCHEMA,
    "value.serializer": _SERIALIZERS,
}
# The registry's settings, the lock's, and those that split_config uses.
_CHECKED_ELSEWHERE: Final = (
    *("schema.registry.", "schema.id.", "rules.ignored"),
    *("streamcontract.", "subject.name.strategy"),
)
_TOPIC_CONFIG: Final = "default.topic.config"  # a dict in the dict, librdkafka's older form
_BLANKS: Final = " \t\n\v\f\r"  # those of isspace() in C
_SECRET: Final = re.compile(r"password|secret|\.pem$|token|oauthbearer|user\.info")


def refuse_unused(given: dict[str, Any]) -> None:
    """Refuse properties that a typed client does not use; drop those with a value of no effect.

    Args:
        given: The properties.

    Raises:
        PropertyError: One would not be used.
    """
    for name in _UNUSED.keys() & given.keys():
        value = given.pop(name)
        if not (value is None or value is False):
            raise PropertyError(name, _UNUSED[name])


def check_properties(given: Mapping[Any, object]) -> dict[str, Any]:
    """Check client properties: names are text, and values plain text, numbers, callables or None.

    Raises:
        ArgumentError: A name is not text.
        PropertyError: A value cannot be used.

    Example:
        >>> check_properties({"acks": "all", "linger.ms": 5})
        {'acks': 'all', 'linger.ms': 5}
    """
    checked = {}
    for each, value in given.items():
        name = text(each, "the name of a client property")
        try:
            checked[name] = _value(name, value)
        except ArgumentError as error:
            raise PropertyError(name, f"it has to be {error.expected}, not {error.found}") from None
    return checked


def _value(name: str, value: object) -> Any:
    if name in _UNUSED:
        return value
    if name in _CALLBACKS:
        if value is not None:
            call_back(value, name, _CALLBACKS[name])
        return value
    if name == "logger":
        if value is not None and not callable(getattr(value, "log", None)):
            raise ArgumentError(name, value, "an object with a method log(level, message, *args)")
        return value
    if name.startswith(_CHECKED_ELSEWHERE):
        return value
    if name == _TOPIC_CONFIG:
        if not isinstance(value, Mapping):
            raise ArgumentError(name, value, "a dict of topic properties")
        return check_properties(value)
    if value is None:
        return value
    if isinstance(value, bool):
        return value
    secret = _SECRET.search(name) is not None
    plain = os.fspath(value) if isinstance(value, os.PathLike) else value
    if isinstance(plain, str):
        checked = text(plain, name, secret=secret)
        if checked and not checked.strip(_BLANKS):
            # A consumer without a group, for one, ends the process (confluent-kafka 2.16).
            raise ArgumentError(name, value, "more than blanks, which librdkafka ignores")
        return checked
    if isinstance(plain, float):
        return float(plain)
    # Python refuses to convert an int of thousands of digits to text.
    if isinstance(plain, Integral) and -(2**63) <= int(plain) < 2**63:
        return int(plain)
    raise ArgumentError(name, value, "text, a number, True or False", secret=secret)
