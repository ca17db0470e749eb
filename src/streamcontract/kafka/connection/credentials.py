"""Credentials for the brokers: properties from the environment, secrets from files."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any, Final

from streamcontract.errors import ConfigurationError
from streamcontract.registry.secret_files import read_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "SECURITY_PREFIXES",
    "TokenSource",
    "environment_security",
    "read_secret_files",
    "require_token_source",
]

_log = logging.getLogger("streamcontract.kafka")

_PREFIX: Final = "STREAMCONTRACT_"
SECURITY_PREFIXES: Final = ("SASL_", "SSL_", "SECURITY_PROTOCOL")
"""The names after ``STREAMCONTRACT_`` of variables that :func:`environment_security` reads."""

# The names of librdkafka's secret properties, without the ending.
_SECRETS: Final = (
    "sasl.password",
    "sasl.oauthbearer.client.secret",
    "ssl.key.password",
    "ssl.keystore.password",
)
_FILE: Final = ".location"

# Each of them configures a source of tokens in librdkafka, besides ``oauth_cb``.
_TOKEN_SOURCES: Final = (
    "oauth_cb",
    "sasl.oauthbearer.method",
    "enable.sasl.oauthbearer.unsecure.jwt",
)


def environment_security(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The client properties of security in the environment.

    They are ``sasl.*``, ``ssl.*`` and ``security.protocol``: in capitals, with ``_`` for ``.``,
    after ``STREAMCONTRACT_``. No such property of librdkafka has a ``_`` in its name.

    Args:
        environment: The variables; those of this process if left out. An empty one is not set.

    Example:
        >>> environment_security({"STREAMCONTRACT_SASL_USERNAME": "ann", "HOME": "/home/ann"})
        {'sasl.username': 'ann'}
    """
    variables = os.environ if environment is None else environment
    return {
        name.removeprefix(_PREFIX).lower().replace("_", "."): value
        for name, value in variables.items()
        if value
        and name.startswith(_PREFIX)
        and name.removeprefix(_PREFIX).startswith(SECURITY_PREFIXES)
    }


def read_secret_files(properties: dict[str, Any]) -> None:
    """Replace files by the secrets in them: ``sasl.password.location`` and others.

    Each file has one line of UTF-8 text; the line end is not part of the secret.

    Raises:
        ConfigurationError: A file cannot be read, or the secret is given too; no message shows a
        secret.
    """
    for name in _SECRETS:
        if name + _FILE not in properties:
            continue
        file = properties.pop(name + _FILE)
        if name in properties:
            raise ConfigurationError(
                f"{name} and {name + _FILE} are both given: leave one of them out"
            )
        if not isinstance(file, str | os.PathLike):
            raise ConfigurationError(f"{name + _FILE} has to be a path")
        properties[name] = read_secret(name + _FILE, file)


class TokenSource:
    """An ``oauth_cb`` whose failures are logged, because librdkafka reports only a missing token.

    Args:
        callback: The application's ``oauth_cb``.
    """

    def __init__(self, callback: Callable[[str], tuple[Any, ...]]) -> None:
        self._callback = callback

    def __call__(self, config: str) -> tuple[Any, ...]:
        """The token, with its properties."""
        try:
            token = self._callback(config)
            _check_answer(token)
        except Exception as error:
            # Only its type, because the message of the application's code may contain a secret.
            _log.warning("oauth_cb raised %s", type(error).__name__)
            raise
        return token


def _check_answer(answer: object) -> None:
    if not isinstance(answer, tuple) or len(answer) < 2:
        raise TypeError("oauth_cb returns (token, seconds since the epoch when it expires)")


def require_token_source(properties: Mapping[str, Any]) -> None:
    """Refuse OAUTHBEARER without a source of tokens, for which librdkafka would wait for ever.

    Raises:
        ConfigurationError: There is no source of tokens.
    """
    mechanism = properties.get("sasl.mechanism", properties.get("sasl.mechanisms"))
    if mechanism == "OAUTHBEARER" and not any(name in properties for name in _TOKEN_SOURCES):
        raise ConfigurationError(
            "sasl.mechanism is OAUTHBEARER without a source of tokens: set oauth_cb to a callable "
            "(config: str) -> (token, seconds since the epoch when it expires), or "
            "sasl.oauthbearer.method to oidc"
        )
