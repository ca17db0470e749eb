"""Settings of the registry under confluent-kafka's names: schema.registry.*.

The names after the prefix are those of confluent-kafka's ``SchemaRegistryClient`` for Python
(2.16), and ``basic.auth.credentials.source`` that of Confluent's Java clients. The two that end in
``.location`` are this project's: a file with the value of the key without the ending. So is
``max.answer.bytes``.
"""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypedDict

from streamcontract.errors import ArgumentError, ConfigurationError
from streamcontract.registry.lock_file import find_lock
from streamcontract.registry.secret_files import read_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streamcontract.registry.lock import Lock

__all__ = [
    "CONFIG_PREFIX",
    "DEFAULT_URL",
    "LOCK_PREFIX",
    "URL_VARIABLE",
    "ClientOptions",
    "default_url",
    "options",
]

CONFIG_PREFIX: Final = "schema.registry."
"""The prefix of the registry's keys in a Kafka client's properties."""

LOCK_PREFIX: Final = "streamcontract.lock."
"""The prefix of the lock file's keys in a Kafka client's properties."""

URL_VARIABLE: Final = "STREAMCONTRACT_REGISTRY_URL"
"""The environment variable with the registry's URL, or several separated by commas."""

DEFAULT_URL: Final = "http://localhost:18081"
"""The default URL of the registry."""


class ClientOptions(TypedDict, total=False):
    """The arguments of :class:`streamcontract.registry.SchemaRegistry`."""

    url: str | Sequence[str]
    basic_auth: tuple[str, str]
    bearer_token: str | Callable[[], str]
    headers: dict[str, str]
    ca: str
    client_certificate: str
    client_key: str
    client_key_password: str
    proxy: str
    connect_timeout: float
    read_timeout: float
    max_retries: int
    backoff: float
    max_backoff: float
    max_answer_bytes: int
    cache_capacity: int
    lock: Lock


def default_url() -> str:
    """The URL from the environment, else :data:`DEFAULT_URL`."""
    return os.environ.get(URL_VARIABLE) or DEFAULT_URL


def options(config: Mapping[str, object]) -> ClientOptions:
    """The arguments for the ``schema.registry.*`` keys of a client's properties.

    Args:
        config: The properties; keys without the prefix are ignored, except
        ``streamcontract.lock.*``, and ``sasl.username`` and ``sasl.password`` if the
        credentials are inherited.

    Raises:
        ConfigurationError: A key with the prefix is unknown, a value does not fit its key, or the
        lock cannot be used; no message shows a secret.

    Example:
        >>> options({"schema.registry.url": "http://localhost:18081", "group.id": "readers"})
        {'url': 'http://localhost:18081'}
    """
    if not isinstance(config, Mapping):
        raise ArgumentError("config", config, "a dict of properties", secret=True)
    found = ClientOptions()
    for name, value in config.items():
        if not isinstance(name, str):
            raise ArgumentError("the name of a property", name, "a str")
        if not name.startswith(CONFIG_PREFIX):
            continue
        key = name.removeprefix(CONFIG_PREFIX)
        if key in _HEADERS:
            found.setdefault("headers", {})[_HEADERS[key]] = _text(key, value)
        elif key in _READERS:
            read = _READERS[key](key, value)
            if read.keys() & found.keys():
                raise _wrong(key, "left out, or the other setting for the same value")
            found.update(read)
        else:
            raise ConfigurationError(_unknown(key))
    if config.get(CONFIG_PREFIX + _SOURCE) == "SASL_INHERIT":
        if "basic_auth" in found:
            raise _wrong(_SOURCE, "USER_INFO, as credentials for the registry are given")
        found["basic_auth"] = _sasl_credentials(config)
    lock = _lock(config)
    if lock is not None:
        found["lock"] = lock
    return found


def _lock(config: Mapping[str, object]) -> Lock | None:
    for name in config:
        if name.startswith(LOCK_PREFIX) and name not in {_LOCK_FILE, _ENVIRONMENT}:
            raise ConfigurationError(
                f"there is no setting {name}: known are {_LOCK_FILE} and {_ENVIRONMENT}"
            )
    file, environment = config.get(_LOCK_FILE), config.get(_ENVIRONMENT)
    if file is not None and not isinstance(file, str | os.PathLike):
        raise ConfigurationError(f"{_LOCK_FILE} has to be a path, not {file!r}")
    if environment is not None and not isinstance(environment, str):
        raise ConfigurationError(f"{_ENVIRONMENT} has to be a text, not {environment!r}")
    return find_lock(file, environment)


def _unknown(key: str) -> str:
    if key in _NEEDLESS:
        return f"{CONFIG_PREFIX}{key} has no effect, leave it out: {_NEEDLESS[key]}"
    known = [CONFIG_PREFIX + each for each in (*_READERS, *_HEADERS)]
    close = difflib.get_close_matches(CONFIG_PREFIX + key, known, n=1, cutoff=0.8)
    meant = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
    return f"there is no setting {CONFIG_PREFIX}{key}: {meant}"


def _text(key: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise _wrong(key, "a text that is not empty")
    return value


def _number(key: str, value: object) -> float:
    number = math.nan
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            number = float(value)
        except ValueError:
            number = math.nan
    if not 0 <= number < math.inf:
        raise _wrong(key, f"a number from 0 on, not {value!r}")
    return number


def _count(key: str, value: object) -> int:
    number = _number(key, value)
    if number < 1 or number != int(number):
        raise _wrong(key, f"a whole number from 1 on, not {value!r}")
    return int(number)


def _wrong(key: str, expected: str) -> ConfigurationError:
    return ConfigurationError(f"{CONFIG_PREFIX}{key} has to be {expected}")


def _read_url(key: str, value: object) -> ClientOptions:
    if isinstance(value, list | tuple) and all(isinstance(url, str) for url in value):
        return {"url": value}
    return {"url": _text(key, value)}


def _read_user_info(key: str, value: object) -> ClientOptions:
    user, colon, password = _text(key, value).partition(":")
    if not colon:
        raise _wrong(key, "of the form user:password")
    return {"basic_auth": (user, password)}


def _read_user_info_file(key: str, value: object) -> ClientOptions:
    return _read_user_info(key, read_secret(CONFIG_PREFIX + key, _text(key, value)))


def _read_token_file(key: str, value: object) -> ClientOptions:
    file = _text(key, value)
    read_secret(CONFIG_PREFIX + key, file)
    # Read for each request, because the file is replaced before the token expires.
    return {"bearer_token": lambda: read_secret(CONFIG_PREFIX + key, file)}


def _read_source(key: str, value: object) -> ClientOptions:
    if value not in {"USER_INFO", "URL", "SASL_INHERIT"}:
        raise _wrong(key, f"USER_INFO, URL or SASL_INHERIT, not {value!r}")
    # The credentials themselves imply the first two.
    return {}


def _sasl_credentials(config: Mapping[str, object]) -> tuple[str, str]:
    user, password = config.get("sasl.username"), config.get("sasl.password")
    if not isinstance(user, str) or not isinstance(password, str):
        raise _wrong(_SOURCE, "USER_INFO or URL, as sasl.username and sasl.password are not set")
    return user, password


def _read_token(key: str, value: object) -> ClientOptions:
    return {"bearer_token": value if callable(value) else _text(key, value)}


def _read_token_source(key: str, value: object) -> ClientOptions:
    if value != "STATIC_TOKEN":
        raise _wrong(
            key,
            f"STATIC_TOKEN or left out, not {value!r}: for tokens that expire, set "
            f"{CONFIG_PREFIX}bearer.auth.token to a callable that returns the current one",
        )
    return {}


def _read_timeout(key: str, value: object) -> ClientOptions:
    seconds = _number(key, value)
    return {"connect_timeout": seconds, "read_timeout": seconds}


_LOCK_FILE: Final = LOCK_PREFIX + "file"
_ENVIRONMENT: Final = LOCK_PREFIX + "environment"
_SOURCE: Final = "basic.auth.credentials.source"

_READERS: Final[dict[str, Callable[[str, object], ClientOptions]]] = {
    "url": _read_url,
    "basic.auth.user.info": _read_user_info,
    "basic.auth.user.info.location": _read_user_info_file,
    _SOURCE: _read_source,
    "bearer.auth.token": _read_token,
    "bearer.auth.token.location": _read_token_file,
    "bearer.auth.credentials.source": _read_token_source,
    "ssl.ca.location": lambda key, value: {"ca": _text(key, value)},
    "ssl.certificate.location": lambda key, value: {"client_certificate": _text(key, value)},
    "ssl.key.location": lambda key, value: {"client_key": _text(key, value)},
    "ssl.key.password": lambda key, value: {"client_key_password": _text(key, value)},
    "proxy": lambda key, value: {"proxy": _text(key, value)},
    "timeout": _read_timeout,
    "max.retries": lambda key, value: {"max_retries": int(_number(key, value))},
    "retries.wait.ms": lambda key, value: {"backoff": _number(key, value) / 1000},
    "retries.max.wait.ms": lambda key, value: {"max_backoff": _number(key, value) / 1000},
    "cache.capacity": lambda key, value: {"cache_capacity": _count(key, value)},
    "max.answer.bytes": lambda key, value: {"max_answer_bytes": _count(key, value)},
}

_HEADERS: Final = {
    "bearer.auth.logical.cluster": "target-sr-cluster",
    "bearer.auth.identity.pool.id": "Confluent-Identity-Pool-Id",
}

_NEEDLESS: Final = {
    "cache.latest.ttl.sec": "values that can change are not cached",
}
