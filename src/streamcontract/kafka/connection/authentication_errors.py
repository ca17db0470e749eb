"""Authentication and authorisation errors, raised once, with the property to mend.

librdkafka takes a wrong password or a missing certificate for an outage: it connects again, for
ever, and says why to ``error_cb`` alone. That is right for one broker of several, whose certificate
may be renewed; where no broker is left, waiting helps nobody.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka
from confluent_kafka.admin import AdminClient

from streamcontract.kafka.connection.error_codes import LocalErrorCode
from streamcontract.kafka.connection.waits import Waiting, deadline_of, interruptible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "AuthenticationErrors",
    "WatchedAdminClient",
    "authentication_advice",
    "watched_metadata",
]

# With TLS 1.3 a broker looks at the client's certificate when the client takes the handshake for
# done already, so librdkafka calls its alert a broken connection, with OpenSSL's words.
_ALERT: Final = re.compile(r"SSL alert number (\d+)")
# handshake_failure, bad_certificate to certificate_unknown, unknown_ca, access_denied and
# certificate_required (RFC 8446, 6.2; RFC 5246, 7.2): what is wrong is the client's certificate.
_CERTIFICATE_ALERTS: Final = frozenset({40, 42, 43, 44, 45, 46, 48, 49, 116})

_FIRST_WAIT: Final = 1.0
"""Seconds of the first question for metadata; each one after it may take twice as long."""


class AuthenticationErrors:
    """What a client's ``error_cb`` hears about brokers that do not let it in.

    Args:
        properties: The client's properties; an ``error_cb`` among them hears everything too.
    """

    def __init__(self, properties: Mapping[str, Any]) -> None:
        self._others: Callable[[confluent_kafka.KafkaError], object] | None = properties.get(
            "error_cb"
        )
        self._servers = properties.get("bootstrap.servers", properties.get("metadata.broker.list"))
        self._last: confluent_kafka.KafkaError | None = None
        self._is_cut_off = False
        self._refusal: confluent_kafka.KafkaError | None = None

    def hear(self, error: confluent_kafka.KafkaError) -> None:
        """The ``error_cb``."""
        # That all are down comes after why one is, and says less.
        if self._last is None or error.code() != LocalErrorCode.ALL_BROKERS_DOWN:
            self._last = error
        if error.code() == LocalErrorCode.ALL_BROKERS_DOWN:
            # Never taken back, as librdkafka does not tell when a broker is up again: once cut
            # off, a client hears of the next refusal even if only one broker of several refuses.
            self._is_cut_off = True
        else:
            self._refusal = error if authentication_advice(error) else None
        if self._others is not None:
            self._others(error)

    def state(self) -> str:
        """How the connection stands, for the log: the client's last error, if there was one."""
        if self._last is None:
            return ""
        return (
            f"the brokers are {self._servers}, and the client's last error was {self._last.str()} "
            f"({self._last.name()})"
        )

    @property
    def is_refused(self) -> bool:
        """Whether there is a refusal to tell, and no broker was left that let the client in."""
        return self._is_cut_off and self._refusal is not None

    def take(self) -> confluent_kafka.KafkaError | None:
        """The refusal, once: librdkafka connects again, and is heard again if it is refused."""
        if not self._is_cut_off:
            return None
        refusal, self._refusal = self._refusal, None
        return refusal


class WatchedAdminClient(AdminClient):
    """An AdminClient whose question for metadata ends at once where no broker lets it in."""

    def __init__(self, properties: Mapping[str, Any]) -> None:
        self._watch = AuthenticationErrors(properties)
        watched: dict[str, Any] = {**properties, "error_cb": self._watch.hear}
        super().__init__(watched)

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        """Metadata, as of the base class.

        Raises:
            confluent_kafka.KafkaException: No broker answered, or none lets this client in.
        """
        of_one = {} if topic is None else {"topic": topic}
        ask = super().list_topics
        return watched_metadata(
            self, lambda seconds: ask(timeout=seconds, **of_one), self._watch, timeout
        )


def watched_metadata(
    client: Any,
    ask: Callable[[float], Any],
    watch: AuthenticationErrors,
    timeout: float,
) -> Any:
    """A cluster's metadata, waited for only as long as some broker may let the client in.

    Args:
        client: The client, which has nothing else to poll yet.
        ask: Asks for the metadata, with so many seconds to wait.
        watch: Its ``error_cb``.
        timeout: Seconds; below zero without end.

    Raises:
        confluent_kafka.KafkaException: No broker answered, or none lets this client in.
    """
    deadline = deadline_of(timeout)
    waiting = Waiting("the cluster's metadata", "", watch.state)
    wait = _FIRST_WAIT
    while True:
        begin = time.monotonic()
        span = max(0.0, min(wait, deadline - begin))
        try:
            return ask(span)
        except confluent_kafka.KafkaException as error:
            # The callback is served by polling alone.
            interruptible(client.poll, 0)
            refusal = watch.take()
            if refusal is not None:
                raise confluent_kafka.KafkaException(refusal) from error
            # What failed before its time is no matter of waiting.
            now = time.monotonic()
            if now >= deadline or now < begin + span:
                raise
        waiting.note()
        wait *= 2


def authentication_advice(error: confluent_kafka.KafkaError) -> str:
    """The property to mend where a broker did not let the client in; ``""`` for other errors.

    Example:
        >>> from confluent_kafka import KafkaError
        >>> error = KafkaError(LocalErrorCode.SSL, "certificate verify failed")
        >>> authentication_advice(error).partition(" the authority")[0]
        'Does ssl.ca.location name'
    """
    code, text = error.code(), error.str()
    if code == LocalErrorCode.AUTHENTICATION:
        return (
            "Are sasl.username and sasl.password (with OAUTHBEARER: oauth_cb) right, and "
            "sasl.mechanism?"
        )
    is_tls = code in {LocalErrorCode.SSL, LocalErrorCode.TRANSPORT}
    alert = _ALERT.search(text) if is_tls else None
    if alert is not None and int(alert[1]) in _CERTIFICATE_ALERTS:
        return (
            "The broker does not take this client's certificate: are ssl.certificate.location and "
            "ssl.key.location those of one that it trusts?"
        )
    if code == LocalErrorCode.SSL:
        return (
            "Does ssl.ca.location name the authority that signed the broker's certificate, does "
            "the certificate name the host of bootstrap.servers, and does the broker speak TLS "
            "there (security.protocol)?"
        )
    return ""
