"""HTTP transport to the registry, with several URLs, timeouts, and retries of safe requests."""

from __future__ import annotations

import json
import logging
import os
import weakref
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from time import monotonic, sleep
from typing import TYPE_CHECKING, Final
from urllib.request import getproxies

import attrs
import requests
from urllib3.exceptions import HTTPError, MaxRetryError

from streamcontract._version import __version__
from streamcontract.errors import ConfigurationError
from streamcontract.registry.attempts import (
    Answer,
    FailedAttempt,
    PendingRequest,
    Received,
    Repeat,
    Timeouts,
    failure_of,
    judge,
    pause_before,
    summary_of,
)
from streamcontract.registry.auth import BearerAuth, TokenError
from streamcontract.registry.deadlines import deadline
from streamcontract.registry.errors import (
    RegistryAuthenticationError,
    RegistryRequestError,
    RegistryUnreachableError,
)
from streamcontract.registry.masking import Mask, mask_for
from streamcontract.registry.protocol import CONTENT_TYPE
from streamcontract.registry.received import ACCEPTED_ENCODING, BodyRefusedError, read_body
from streamcontract.registry.tls import TlsAdapter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamcontract.registry.auth import Auth, Endpoint
    from streamcontract.registry.transport_settings import TransportSettings

__all__ = ["Transport"]

log = logging.getLogger("streamcontract.registry")

_SHORTEST_TIMEOUT: Final = 0.001
"""Seconds: no timeout may be 0, which has another meaning for sockets."""

_LONG: Final = 3.0
"""Seconds after which a retry is logged at level WARNING."""

_CONFLUENT_API: Final = "/apis/ccompat/"
_APICURIO_API: Final = "/apis/registry/v3"
"""Confluent's API and its own, in the URLs of Apicurio Registry 3 ("REST API" in its docs)."""


class Transport:
    """Sends requests to the first URL that answers, and keeps to it while it does.

    Args:
        endpoints: The registry's URLs.
        settings: The settings of connections.
        session: The session to use; its own if left out.

    Raises:
        ConfigurationError: A certificate cannot be read.
    """

    def __init__(
        self,
        endpoints: tuple[Endpoint, ...],
        settings: TransportSettings,
        session: requests.Session | None = None,
    ) -> None:
        self._endpoints = endpoints
        self._settings = settings
        self._retry = settings.retry_policy()
        self._first = 0
        self._outage = _Outage(settings.failure_pause)
        self._is_hasty = False
        self._session = _session(settings) if session is None else session
        _transports.add(self)

    @property
    def urls(self) -> tuple[str, ...]:
        """The registry's URLs, without credentials."""
        return tuple(endpoint.url for endpoint in self._endpoints)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def reconnect(self) -> None:
        """Use new connections, and leave the old ones to other users of them."""
        self._session = _session(self._settings)

    def in_haste(self, seconds: float) -> Transport:
        """The same connections for optional requests: one round, with a short timeout.

        Args:
            seconds: The longest wait in all.
        """
        settings = attrs.evolve(
            self._settings, deadline=min(seconds, self._settings.deadline), max_retries=0
        )
        hasty = Transport(self._endpoints, settings, self._session)
        hasty._outage = self._outage
        hasty._is_hasty = True
        return hasty

    def of_apicurio(self) -> Transport:
        """The same connections for Apicurio's own API, besides Confluent's.

        Raises:
            ConfigurationError: A URL is not that of Confluent's API of an Apicurio Registry.
        """
        found = []
        for endpoint in self._endpoints:
            base, api, _ = endpoint.url.partition(_CONFLUENT_API)
            if not api:
                raise ConfigurationError(
                    f"only an Apicurio Registry has global ids, and {endpoint.url} is not one: "
                    f"its URL ends in {_CONFLUENT_API}v7"
                )
            found.append(attrs.evolve(endpoint, url=base + _APICURIO_API))
        return Transport(tuple(found), self._settings, self._session)

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        is_idempotent: bool = True,
    ) -> Answer:
        """Send one request, with retries and other URLs if that is safe.

        Args:
            method: The HTTP method.
            path: The path, percent-encoded.
            query: Parameters of the query.
            body: A value for JSON; None sends no body.
            is_idempotent: Whether it can be repeated without another effect.

        Raises:
            RegistryRequestError: A subclass of it, by the failure.
        """
        self._outage.check()
        last_answer = self._outage.last_answer
        try:
            answer = self._send(method, path, query or {}, body, is_idempotent=is_idempotent)
        except RegistryUnreachableError as error:
            if not self._is_hasty:  # else a slow registry would be taken for one without answers
                self._outage.note(error, last_answer)
            raise
        except RegistryRequestError as error:
            if error.status is not None:
                self._outage.end()
            raise
        self._outage.end()
        return answer

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: object,
        *,
        is_idempotent: bool,
    ) -> Answer:
        encoded = None if body is None else json.dumps(body).encode()
        begun = monotonic()
        gives_up_at = begun + self._settings.deadline
        call = PendingRequest(method, path, query, encoded, is_idempotent, gives_up_at)
        retry = self._retry
        while True:
            outcome = self._go_round(call)
            if isinstance(outcome, Answer):
                return outcome
            try:
                retry = retry.increment(method, path)
            except MaxRetryError:
                raise outcome.error from outcome.error.__cause__
            pause = pause_before(retry, outcome)
            if not call.has_time_for(pause):
                raise outcome.error from outcome.error.__cause__
            # A long retry is logged at a higher level.
            level = logging.WARNING if monotonic() - begun >= _LONG else logging.DEBUG
            log.log(level, "%s; again in %.1f s", outcome.error, pause, extra=outcome.log_fields)
            sleep(pause)

    def _go_round(self, call: PendingRequest) -> Answer | FailedAttempt:
        """Try each URL once; raise failures that cannot be retried."""
        failures: list[FailedAttempt] = []
        count = len(self._endpoints)
        first = self._first
        for index in (*range(first, count), *range(first)):
            outcome = self._attempt(self._endpoints[index], call)
            if isinstance(outcome, Answer):
                self._first = index
                return outcome
            if not call.may_repeat(outcome):
                raise outcome.error from outcome.error.__cause__
            failures.append(outcome)
            if not call.has_time_for(0):
                break
        return summary_of(failures)

    def _attempt(self, endpoint: Endpoint, call: PendingRequest) -> Answer | FailedAttempt:
        url = endpoint.url + call.path
        timeouts = self._timeouts(call)
        try:
            received = self._request(endpoint.auth, call, url, timeouts)
            if _may_be_let_in(endpoint.auth, received.response):
                # The token expired meanwhile; a refused request had no effect.
                received = self._request(endpoint.auth, call, url, timeouts)
        except TokenError as error:
            # Nothing was sent, and the source of tokens can fail like a registry.
            failure = RegistryAuthenticationError(str(error), call.method, url)
            failure.__cause__ = error.__cause__
            return FailedAttempt(failure, Repeat.ALWAYS)
        except (requests.RequestException, HTTPError, UnicodeError, BodyRefusedError) as error:
            return failure_of(call, url, error, timeouts)
        return judge(call, url, received, self._mask(received.response))

    def _timeouts(self, call: PendingRequest) -> Timeouts:
        left = max(call.gives_up_at - monotonic(), _SHORTEST_TIMEOUT)
        return Timeouts(
            connect=min(self._settings.connect_timeout, left),
            read=min(self._settings.read_timeout, left),
        )

    def _request(self, auth: Auth, call: PendingRequest, url: str, timeouts: Timeouts) -> Received:
        with deadline(call.gives_up_at):
            response = self._session.request(
                call.method,
                url,
                params=call.query,
                data=call.body,
                headers=None if call.body is None else {"Content-Type": CONTENT_TYPE},
                auth=auth,
                timeout=(timeouts.connect, timeouts.read),
                allow_redirects=False,
                # Given here, because the environment's would have precedence over the session's.
                verify=None if self._settings.tls.ca is None else str(self._settings.tls.ca),
                proxies=_proxies(self._settings.proxy),
                stream=True,
            )
            with response:
                body = read_body(response, self._settings.max_answer_bytes)
        return Received(response, body)

    def _mask(self, response: requests.Response) -> Mask:
        proxy = self._settings.proxy
        return mask_for(
            str(response.request.headers.get("Authorization", "")),
            self._settings.headers.values(),
            getproxies().values() if proxy is None else [proxy],
        )


class _Outage:
    """The last call that got no answer, whose error the next calls raise at once for a while.

    Any answer to another call ends it, or disproves it if it came after the call began.
    """

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._last: tuple[float, RegistryUnreachableError, object] | None = None
        self.last_answer = object()  # another one with each answer

    def note(self, error: RegistryUnreachableError, last_answer: object) -> None:
        """Note a call without an answer, and the last answer to another call at its begin."""
        if self._pause and last_answer is self.last_answer:
            self._last = monotonic() + self._pause, error, last_answer

    def end(self) -> None:
        self.last_answer = object()

    def check(self) -> None:
        last = self._last  # read once: threads share a transport
        # Compared here too, since an answer to another thread may come while note() runs.
        if last is not None and monotonic() < last[0] and last[2] is self.last_answer:
            raise type(last[1])(*last[1].args)


class _Session(requests.Session):
    """Ignores the target of a redirect, because none is followed.

    requests would read the answer's body and fail for a target that is not a URL.
    """

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - as in the base
        """Nowhere."""
        return


_transports: weakref.WeakSet[Transport] = weakref.WeakSet()


def _reconnect() -> None:
    """Reconnect in a forked child: on shared connections each would get the other's answers."""
    for transport in list(_transports):
        transport.reconnect()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reconnect)


def _session(settings: TransportSettings) -> requests.Session:
    session = _Session()
    adapter = TlsAdapter(settings.tls.context())
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    # The cookie jar is the one part of a session that is not safe for threads.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.update(
        {
            "Accept": f"{CONTENT_TYPE}, application/json",
            "Accept-Encoding": ACCEPTED_ENCODING,
            "User-Agent": f"streamcontract/{__version__}",
        }
    )
    session.headers.update(settings.headers)
    return session


def _may_be_let_in(auth: Auth, response: requests.Response) -> bool:
    return (
        response.status_code == HTTPStatus.UNAUTHORIZED
        and isinstance(auth, BearerAuth)
        and auth.has_other(response.request.headers.get("Authorization"))
    )


def _proxies(proxy: str | None) -> dict[str, str] | None:
    return None if proxy is None else {"http": proxy, "https": proxy}
