"""Settings of the connection to the registry: timeouts, retries, headers, certificates."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

import attrs
from urllib3.util.retry import Retry

from streamcontract import guards
from streamcontract.errors import ArgumentError, ConfigurationError
from streamcontract.registry.tls import TlsSettings

__all__ = ["MAX_ANSWER_BYTES", "MAX_TIMEOUT", "TransportSettings"]

MAX_TIMEOUT: Final = 86_400.0
"""Seconds: a day. Sockets do not take infinity, and no call waits after its deadline anyway."""

MAX_ANSWER_BYTES: Final = 2**24
"""The largest answer by default: 16 MiB. A registry's longest ones are lists of subjects."""


def _check_timeout(_: object, field: attrs.Attribute[float], seconds: float) -> None:
    guards.seconds(seconds, field.name)
    # 0 would not wait, and the HTTP library refuses it with an error of its own.
    if not 0 < seconds <= MAX_TIMEOUT:
        raise ConfigurationError(
            f"{field.name} (schema.registry.timeout) has to be more than 0 and at most "
            f"{MAX_TIMEOUT:.0f} seconds, not {seconds!r}"
        )


def _check_pause(_: object, field: attrs.Attribute[float], seconds: float) -> None:
    if guards.seconds(seconds, field.name) < 0:
        raise ArgumentError(field.name, seconds, "seconds from 0")


def _check_count(_: object, field: attrs.Attribute[int], count: int) -> None:
    guards.whole_number(count, field.name, 0, sys.maxsize, "a number from 0")


def _check_headers(
    _: object, field: attrs.Attribute[Mapping[str, str]], headers: Mapping[str, str]
) -> None:
    if not isinstance(headers, Mapping):
        raise ArgumentError(field.name, headers, "a mapping of names to values", secret=True)
    for name, value in headers.items():
        for each in (guards.text(name, "the name of a header"), value):
            text = guards.text(each, f"header {name!r}", secret=True)
            # RFC 9110, 5.5; http.client sends Latin-1.
            if not text.isprintable() or not text.isascii():
                raise ArgumentError(f"header {name!r}", each, "one line of ASCII text", secret=True)


def _check_proxy(_: object, field: attrs.Attribute[str | None], proxy: str | None) -> None:
    if proxy is not None:
        guards.text(proxy, field.name, secret=True)


def _check_size(_: object, field: attrs.Attribute[int], size: int) -> None:
    guards.whole_number(size, field.name, -sys.maxsize, sys.maxsize, "a number of bytes")
    if size < 1:
        raise ConfigurationError(
            f"{field.name} (schema.registry.max.answer.bytes) has to be at least 1, not {size!r}"
        )


@attrs.frozen(kw_only=True)
class TransportSettings:
    """The settings for connections to all URLs of the registry.

    Attributes:
        connect_timeout: Seconds to wait for a connection.
        read_timeout: Seconds to wait for the next bytes of an answer.
        max_retries: The number of retries of all URLs after temporary failures.
        backoff: Seconds of pause before the second retry, doubled with each one (the first comes
            at once), with up to as much again at random, so that clients do not retry together.
        max_backoff: The longest such pause, in seconds.
        deadline: Seconds after which a call is given up, whatever is left of the above.
        failure_pause: Seconds after a call without an answer in which others fail at once.
        tls: Certificates.
        proxy: URL of a proxy to go through; else the environment's.
        headers: Headers to send with each request.
        max_answer_bytes: The maximum size of an answer's body, before and after decompression.
    """

    connect_timeout: float = attrs.field(default=5.0, validator=_check_timeout)
    read_timeout: float = attrs.field(default=30.0, validator=_check_timeout)
    max_retries: int = attrs.field(default=4, validator=_check_count)
    backoff: float = attrs.field(default=0.2, validator=_check_pause)
    max_backoff: float = attrs.field(default=10.0, validator=_check_pause)
    deadline: float = attrs.field(default=60.0, validator=_check_pause)
    failure_pause: float = attrs.field(default=0.0, validator=_check_pause)
    tls: TlsSettings = attrs.field(factory=TlsSettings)
    proxy: str | None = attrs.field(default=None, repr=False, validator=_check_proxy)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False, validator=_check_headers)
    max_answer_bytes: int = attrs.field(default=MAX_ANSWER_BYTES, validator=_check_size)

    def retry_policy(self) -> Retry:
        """The count, back-off and jitter of urllib3, whose own loop supports only one URL."""
        return Retry(
            total=self.max_retries,
            backoff_factor=self.backoff,
            backoff_jitter=self.backoff,
            backoff_max=self.max_backoff,
        )
