"""HTTP to the registry: several URLs in turn, time-outs, and retries where repeating is safe."""

from __future__ import annotations

import enum
import json
import logging
import os
import sys
import weakref
from collections.abc import Mapping
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from time import monotonic, sleep
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.request import getproxies

import attrs
import requests
from urllib3.exceptions import (
    HTTPError,
    InvalidHeader,
    MaxRetryError,
    ProtocolError,
    ReadTimeoutError,
)
from urllib3.util.retry import Retry

from streamcontract import guards
from streamcontract._version import __version__
from streamcontract.errors import ArgumentError, ConfigurationError
from streamcontract.registry.auth import BearerAuth, TokenError, strip_credentials
from streamcontract.registry.deadlines import deadline
from streamcontract.registry.errors import (
    RegistryAuthenticationError,
    RegistryRejectedError,
    RegistryRequestError,
    RegistryResponseError,
    RegistryUnreachableError,
    clip,
    error_from_answer,
)
from streamcontract.registry.masking import Mask, mask_for
from streamcontract.registry.protocol import CONTENT_TYPE, BodyError, ErrorCode
from streamcontract.registry.received import ACCEPTED_ENCODING, BodyRefusedError, read_body
from streamcontract.registry.tls import TlsAdapter, TlsSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract.registry.auth import Auth, Endpoint

__all__ = ["Answer", "Transport", "TransportSettings"]

T = TypeVar("T")

log = logging.getLogger("streamcontract.registry")

_SHORTEST_TIMEOUT: Final = 0.001
"""Seconds: no time-out may be 0, which means something else to sockets."""

_LONG: Final = 3.0
"""Seconds after which a request that is repeated is logged at level WARNING."""

MAX_TIMEOUT: Final = 86_400.0
"""Seconds: a day. Sockets take no infinity, and no call waits behind its deadline anyway."""

MAX_ANSWER_BYTES: Final = 2**24
"""The largest answer by default: 16 MiB. A registry's longest ones are lists of subjects."""

MAX_RETRY_AFTER: Final = 30.0
"""Seconds: a registry that asks for a longer pause gets this one; nobody waits for hours here."""


_CONFLUENT_API: Final = "/apis/ccompat/"
_APICURIO_API: Final = "/apis/registry/v3"
"""Confluent's API and its own, in the URLs of Apicurio Registry 3 ("REST API" in its docs)."""


def _check_timeout(_: object, field: attrs.Attribute[float], seconds: float) -> None:
    guards.seconds(seconds, field.name)
    # 0 would not wait at all, and the HTTP library refuses it, but not as an error of ours.
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
    """How to talk to the registry, whichever URL it is.

    Attributes:
        connect_timeout: Seconds to wait for a connection.
        read_timeout: Seconds to wait for the next bytes of an answer.
        max_retries: How often to go through the URLs again after none gave a lasting answer.
        backoff: Seconds of pause before the second retry, doubled with each one (the first comes
            at once), with up to as much again at random, so that clients do not return in step.
        max_backoff: The longest such pause, in seconds.
        deadline: Seconds after which a call is given up, whatever is left of the above.
        tls: Certificates.
        proxy: URL of a proxy to go through; else the environment's.
        headers: Headers to send with each request.
        max_answer_bytes: The largest body of an answer, before and after it is unpacked.
    """

    connect_timeout: float = attrs.field(default=5.0, validator=_check_timeout)
    read_timeout: float = attrs.field(default=30.0, validator=_check_timeout)
    max_retries: int = attrs.field(default=4, validator=_check_count)
    backoff: float = attrs.field(default=0.2, validator=_check_pause)
    max_backoff: float = attrs.field(default=10.0, validator=_check_pause)
    deadline: float = attrs.field(default=60.0, validator=_check_pause)
    tls: TlsSettings = attrs.field(factory=TlsSettings)
    proxy: str | None = attrs.field(default=None, repr=False, validator=_check_proxy)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False, validator=_check_headers)
    max_answer_bytes: int = attrs.field(default=MAX_ANSWER_BYTES, validator=_check_size)

    def retry_policy(self) -> Retry:
        """The count, back-off and jitter of urllib3, whose loop would know one URL only."""
        return Retry(
            total=self.max_retries,
            backoff_factor=self.backoff,
            backoff_jitter=self.backoff,
            backoff_max=self.max_backoff,
        )


@attrs.frozen
class Answer:
    """A successful answer: parsed JSON, and where it came from.

    Attributes:
        method: The HTTP method.
        url: The URL, without credentials.
        status: The HTTP status.
        shown: The body as text, for messages: without credentials.
        value: The body as parsed JSON.
        mask: Takes credentials out of a text.
    """

    method: str
    url: str
    status: int
    shown: str
    value: object
    mask: Mask

    def read(self, parse: Callable[[object], T]) -> T:
        """Read the value with a function that raises BodyError where it has another shape.

        Raises:
            RegistryResponseError: It has another shape.
        """
        try:
            return parse(self.value)
        except BodyError as error:
            raise self.error(
                f"the answer's shape is wrong, {error}: {clip(self.shown)!r}"
            ) from error

    def error(self, reason: str) -> RegistryResponseError:
        """The error that says what is wrong with this answer."""
        return RegistryResponseError(
            self.mask(reason), self.method, self.url, self.status, None, self.shown
        )


class _Repeat(enum.Enum):
    """Whether a request that failed may be sent again."""

    NEVER = enum.auto()  # it would fail again
    IF_IDEMPOTENT = enum.auto()  # it may have had its effect
    ALWAYS = enum.auto()  # it certainly had none


@attrs.frozen
class _Failure:
    error: RegistryRequestError
    repeat: _Repeat
    retry_after: str | None = None

    @property
    def log_fields(self) -> dict[str, object]:
        """What log records of it carry."""
        return {"method": self.error.method, "url": self.error.url, "status": self.error.status}


@attrs.frozen
class _Call:
    method: str
    path: str
    query: Mapping[str, str]
    body: bytes | None
    is_idempotent: bool
    gives_up_at: float

    def has_time_for(self, pause: float) -> bool:
        return monotonic() + pause < self.gives_up_at

    def may_repeat(self, failure: _Failure) -> bool:
        return failure.repeat is _Repeat.ALWAYS or (
            failure.repeat is _Repeat.IF_IDEMPOTENT and self.is_idempotent
        )


@attrs.frozen
class _Received:
    """An answer as it came, whatever it is."""

    response: requests.Response
    body: bytes


@attrs.frozen
class _Timeouts:
    """Seconds for one attempt."""

    connect: float
    read: float


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
        call = _Call(method, path, query or {}, encoded, is_idempotent, gives_up_at)
        retry = self._retry
        while True:
            outcome = self._go_round(call)
            if isinstance(outcome, Answer):
                return outcome
            try:
                retry = retry.increment(method, path)
            except MaxRetryError:
                raise outcome.error from outcome.error.__cause__
            pause = _pause(retry, outcome)
            if not call.has_time_for(pause):
                raise outcome.error from outcome.error.__cause__
            # One that takes long is said to whoever waits.
            level = logging.WARNING if monotonic() - begun >= _LONG else logging.DEBUG
            log.log(level, "%s; again in %.1f s", outcome.error, pause, extra=outcome.log_fields)
            sleep(pause)

    def _go_round(self, call: _Call) -> Answer | _Failure:
        """Try each URL once; what cannot be repeated is raised."""
        failures: list[_Failure] = []
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
        return _summary(failures)

    def _attempt(self, endpoint: Endpoint, call: _Call) -> Answer | _Failure:
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
            return _Failure(failure, _Repeat.ALWAYS)
        except (requests.RequestException, HTTPError, UnicodeError, BodyRefusedError) as error:
            return _failure_of(call, url, error, timeouts)
        return _judge(call, url, received, self._mask(received.response))

    def _timeouts(self, call: _Call) -> _Timeouts:
        left = max(call.gives_up_at - monotonic(), _SHORTEST_TIMEOUT)
        return _Timeouts(
            connect=min(self._settings.connect_timeout, left),
            read=min(self._settings.read_timeout, left),
        )

    def _request(self, auth: Auth, call: _Call, url: str, timeouts: _Timeouts) -> _Received:
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
        return _Received(response, body)

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


def _failure_of(call: _Call, url: str, error: Exception, timeouts: _Timeouts) -> _Failure:
    kind: type[RegistryRequestError] = RegistryUnreachableError
    reason = str(_root_of(error)) or type(error).__name__
    match error:
        case requests.exceptions.SSLError():
            repeat, reason = _Repeat.NEVER, f"no TLS connection: {reason}"
        case requests.ConnectTimeout():
            repeat = _Repeat.ALWAYS
            reason = f"no connection within {timeouts.connect:.3g} s"
        case requests.ReadTimeout() | ReadTimeoutError():
            repeat = _Repeat.IF_IDEMPOTENT
            reason = f"no answer within {timeouts.read:.3g} s"
            if not call.has_time_for(0):
                reason = "the answer was not complete when the call's time was over"
        case BodyRefusedError():
            kind, repeat, reason = RegistryResponseError, _Repeat.NEVER, str(error)
        case ProtocolError():
            kind, repeat = RegistryResponseError, _Repeat.IF_IDEMPOTENT
            reason = f"the answer broke off: {reason}"
        case requests.ConnectionError(args=[MaxRetryError(), *_]):
            repeat = _Repeat.ALWAYS  # no connection was made
        case requests.ConnectionError():
            repeat = _Repeat.IF_IDEMPOTENT
        case _:
            repeat = _Repeat.NEVER
    failure = kind(reason, call.method, url)
    failure.__cause__ = error
    return _Failure(failure, repeat)


def _judge(call: _Call, url: str, received: _Received, mask: Mask) -> Answer | _Failure:
    """Tell an answer from a failure."""
    response, body = received.response, received.body
    status = response.status_code
    if status >= 400:
        error = error_from_answer(call.method, url, status, body, mask)
        return _Failure(error, _repeat_of(error), response.headers.get("Retry-After"))
    answer = Answer(call.method, url, status, mask(body.decode("utf-8", "replace")), None, mask)
    if status >= 300:
        target = strip_credentials(response.headers.get("Location", ""))
        return _Failure(answer.error(_REDIRECTED.format(target=target)), _Repeat.NEVER)
    if status == HTTPStatus.NO_CONTENT:
        return answer
    try:
        return attrs.evolve(answer, value=json.loads(body))
    except (ValueError, RecursionError) as error:
        failure = answer.error(f"the answer is not JSON: {clip(answer.shown)!r}")
        failure.__cause__ = error
        return _Failure(failure, _Repeat.NEVER)


_REDIRECTED: Final = (
    "answered with a redirect to {target!r}, which is not followed: schemas and credentials go to "
    "the configured hosts only. If that is the registry, configure its URL"
)


def _repeat_of(error: RegistryRequestError) -> _Repeat:
    if error.status == HTTPStatus.TOO_MANY_REQUESTS or error.code == ErrorCode.WRITE_COLLISION:
        return _Repeat.ALWAYS
    if isinstance(error, RegistryRejectedError):  # though its status may be 5xx
        return _Repeat.NEVER
    if error.status is not None and error.status >= 500:
        return _Repeat.IF_IDEMPOTENT
    return _Repeat.NEVER


def _summary(failures: list[_Failure]) -> _Failure:
    """One failure for a round: a registry that answered tells more than one that did not."""
    answered = [failure for failure in failures if failure.error.status is not None]
    last = (answered or failures)[-1]
    if len(failures) == 1 or answered:
        return last
    reasons = [f"{failure.error.reason} at {failure.error.url}" for failure in failures]
    error = type(last.error)("; ".join(reasons), last.error.method, last.error.url)
    error.__cause__ = last.error.__cause__
    return attrs.evolve(last, error=error)


def _pause(retry: Retry, failure: _Failure) -> float:
    """Seconds until the next round: what the registry asks for, else the back-off."""
    if failure.retry_after is not None:
        try:
            return min(retry.parse_retry_after(failure.retry_after), MAX_RETRY_AFTER)
        except (InvalidHeader, ValueError, OverflowError):  # the last two of dates beyond time_t
            log.debug(
                "the Retry-After header %r is neither seconds nor a date",
                failure.retry_after,
                extra=failure.log_fields,
            )
    return retry.get_backoff_time()


def _root_of(error: BaseException) -> BaseException:
    """The innermost error: requests and urllib3 wrap what the operating system said."""
    inner = getattr(error, "reason", None)
    if not isinstance(inner, BaseException):
        wrapped = [arg for arg in error.args if isinstance(arg, BaseException)]
        inner = wrapped[-1] if wrapped else error.__cause__
    return error if inner is None else _root_of(inner)
