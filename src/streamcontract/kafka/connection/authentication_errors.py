"""Authentication and authorisation errors, raised once, with the property to fix.

librdkafka treats a wrong password or a missing certificate like an outage: it reconnects for ever,
and reports the reason only to ``error_cb``. That is right for one broker of several, whose
certificate may be renewed. If no broker is left, waiting does not help.
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

# With TLS 1.3 a broker checks the client's certificate after the client has completed the
# handshake, so librdkafka reports its alert as a broken connection, with OpenSSL's message.
_ALERT: Final = re.compile(r"SSL alert number (\d+)")
# handshake_failure, bad_certificate to certificate_unknown, unknown_ca, access_denied and
# certificate_required (RFC 8446, 6.2; RFC 5246, 7.2): the client's certificate is wrong.
_CERTIFICATE_ALERTS: Final = frozenset({40, 42, 43, 44, 45, 46, 48, 49, 116})

_FIRST_WAIT: Final = 1.0
"""Seconds for the first request for metadata, doubled for each one after it."""


class AuthenticationErrors:
    """The authentication errors from a client's ``error_cb``.

    Args:
        properties: The client's properties; an ``error_cb`` in them is called too.
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
        # "All brokers are down" comes after the reason of one, and has less information.
        if self._last is None or error.code() != LocalErrorCode.ALL_BROKERS_DOWN:
            self._last = error
        if error.code() == LocalErrorCode.ALL_BROKERS_DOWN:
            # Never reset, because librdkafka does not report when a broker is up again: after an
            # outage the next refusal is raised even if only one broker of several refuses.
            self._is_cut_off = True
        else:
            self._refusal = error if authentication_advice(error) else None
        if self._others is not None:
            self._others(error)

    def state(self) -> str:
        """The state of the connection, for the log: the client's last error, if there was one."""
        if self._last is None:
            return ""
        return (
            f"the brokers are {self._servers}, and the client's last error was {self._last.str()} "
            f"({self._last.name()})"
        )

    @property
    def is_refused(self) -> bool:
        """Whether there is a refusal to raise, and no broker accepts the client."""
        return self._is_cut_off and self._refusal is not None

    def take(self) -> confluent_kafka.KafkaError | None:
        """The refusal, once: librdkafka reconnects, and reports another refusal."""
        if not self._is_cut_off:
            return None
        refusal, self._refusal = self._refusal, None
        return refusal


class WatchedAdminClient(AdminClient):
    """An AdminClient whose request for metadata ends at once if no broker accepts the client."""

    def __init__(self, properties: Mapping[str, Any]) -> None:
        self._watch = AuthenticationErrors(properties)
        watched: dict[str, Any] = {**properties, "error_cb": self._watch.hear}
        super().__init__(watched)

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        """Metadata, as from the base class.

        Raises:
            confluent_kafka.KafkaException: No broker answered, or none accepts this client.
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
    """A cluster's metadata, with a wait that ends if no broker accepts the client.

    Args:
        client: The client, which has no other events to poll yet.
        ask: Requests the metadata, with a timeout in seconds.
        watch: Its ``error_cb``.
        timeout: Seconds; without end if negative.

    Raises:
        confluent_kafka.KafkaException: No broker answered, or none accepts this client.
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
            # An error before the timeout is not a matter of waiting.
            now = time.monotonic()
            if now >= deadline or now < begin + span:
                raise
        waiting.note()
        wait *= 2


def authentication_advice(error: confluent_kafka.KafkaError) -> str:
    """The property to fix if a broker did not accept the client; ``""`` for other errors.

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
            "The broker refuses this client's certificate: are ssl.certificate.location and "
            "ssl.key.location those of one that it trusts?"
        )
    if code == LocalErrorCode.SSL:
        return (
            "Does ssl.ca.location name the authority that signed the broker's certificate, does "
            "the certificate name the host of bootstrap.servers, and does the broker speak TLS "
            "there (security.protocol)?"
        )
    return ""
