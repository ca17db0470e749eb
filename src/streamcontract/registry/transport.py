"""HTTP to the registry: several URLs in turn, time-outs, and retries where repeating is safe."""

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
    Call,
    Failure,
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
from streamcontract.registry.errors import RegistryAuthenticationError
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
"""Seconds: no time-out may be 0, which means something else to sockets."""

_LONG: Final = 3.0
"""Seconds after which a request that is repeated is logged at level WARNING."""

_CONFLUENT_API: Final = "/apis/ccompat/"
_APICURIO_API: Final = "/apis/registry/v3"
"""Confluent's API and its own, in the URLs of Apicurio Registry 3 ("REST API" in its docs)."""


class Transport:
    """Sends requests to the first URL that answers, and stays with it as long as it does.

    Args:
        endpoints: The registry's URLs.
        settings: How to talk to them.
        session: The connections to use; left out, it makes its own.

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
        """Leave the connections to whoever has them too, and make others."""
        self._session = _session(self._settings)

    def in_haste(self, seconds: float) -> Transport:
        """The same connections for what can be done without: one round, soon given up.

        Args:
            seconds: The longest wait in all.
        """
        settings = attrs.evolve(
            self._settings, deadline=min(seconds, self._settings.deadline), max_retries=0
        )
        return Transport(self._endpoints, settings, self._session)

    def of_apicurio(self) -> Transport:
        """The same connections to Apicurio's own API, beside the one that is Confluent's.

        Raises:
            ConfigurationError: A URL is not that of Confluent's API of an Apicurio Registry.
        """
        found = []
        for endpoint in self._endpoints:
            base, api, _ = endpoint.url.partition(_CONFLUENT_API)
            if not api:
                raise ConfigurationError(
                    f"only an Apicurio Registry knows global ids, and {endpoint.url} is none: "
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
        """Send one request, again and elsewhere where that can help and cannot harm.

        Args:
            method: The HTTP method.
            path: The path, percent-encoded.
            query: Parameters of the query.
            body: A value for JSON; None sends no body.
            is_idempotent: Whether sending it twice does what sending it once does.

        Raises:
            RegistryRequestError: Its subclass for what went wrong.
        """
        encoded = None if body is None else json.dumps(body).encode()
        begun = monotonic()
        gives_up_at = begun + self._settings.deadline
        call = Call(method, path, query or {}, encoded, is_idempotent, gives_up_at)
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
            # One that takes long is said to whoever waits.
            level = logging.WARNING if monotonic() - begun >= _LONG else logging.DEBUG
            log.log(level, "%s; again in %.1f s", outcome.error, pause, extra=outcome.log_fields)
            sleep(pause)

    def _go_round(self, call: Call) -> Answer | Failure:
        """Try each URL once; what cannot be repeated is raised."""
        failures: list[Failure] = []
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

    def _attempt(self, endpoint: Endpoint, call: Call) -> Answer | Failure:
        url = endpoint.url + call.path
        timeouts = self._timeouts(call)
        try:
            received = self._request(endpoint.auth, call, url, timeouts)
            if _may_be_let_in(endpoint.auth, received.response):
                # The token expired on the way; a refused request had no effect.
                received = self._request(endpoint.auth, call, url, timeouts)
        except TokenError as error:
            # Nothing was sent, and who gives tokens can be down as well as a registry.
            failure = RegistryAuthenticationError(str(error), call.method, url)
            failure.__cause__ = error.__cause__
            return Failure(failure, Repeat.ALWAYS)
        except (requests.RequestException, HTTPError, UnicodeError, BodyRefusedError) as error:
            return failure_of(call, url, error, timeouts)
        return judge(call, url, received, self._mask(received.response))

    def _timeouts(self, call: Call) -> Timeouts:
        left = max(call.gives_up_at - monotonic(), _SHORTEST_TIMEOUT)
        return Timeouts(
            connect=min(self._settings.connect_timeout, left),
            read=min(self._settings.read_timeout, left),
        )

    def _request(self, auth: Auth, call: Call, url: str, timeouts: Timeouts) -> Received:
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
                # Given here, as the environment's would win over the session's.
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


class _Session(requests.Session):
    """Does not look where a redirect leads, as none is followed.

    requests would, take the answer's body on the way, and fail where that is no URL.
    """

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - as in the base
        """Nowhere."""
        return


_transports: weakref.WeakSet[Transport] = weakref.WeakSet()


def _reconnect() -> None:
    """This is a forked child: on the parent's connections each would get the other's answers."""
    for transport in list(_transports):
        transport.reconnect()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reconnect)


def _session(settings: TransportSettings) -> requests.Session:
    session = _Session()
    adapter = TlsAdapter(settings.tls.context())
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    # The cookie jar is the one part of a session that threads would change under each other.
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
