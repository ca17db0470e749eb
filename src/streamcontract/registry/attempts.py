"""Attempts of a registry's call: the request, and its answer or failure."""

from __future__ import annotations

import enum
import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING, Final, TypeVar

import attrs
import requests
from urllib3.exceptions import InvalidHeader, MaxRetryError, ProtocolError, ReadTimeoutError

from streamcontract.registry.auth import strip_credentials
from streamcontract.registry.error_answers import clip, error_from_answer
from streamcontract.registry.errors import (
    RegistryRejectedError,
    RegistryRequestError,
    RegistryResponseError,
    RegistryUnreachableError,
)
from streamcontract.registry.masking import Mask
from streamcontract.registry.protocol import BodyError, ErrorCode
from streamcontract.registry.received import BodyRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from urllib3.util.retry import Retry

__all__ = [
    "Answer",
    "FailedAttempt",
    "PendingRequest",
    "Received",
    "Repeat",
    "Timeouts",
    "failure_of",
    "judge",
    "pause_before",
    "summary_of",
]

T = TypeVar("T")

log = logging.getLogger("streamcontract.registry")

MAX_RETRY_AFTER: Final = 30.0
"""The longest pause in seconds, if a registry requests a longer one."""


@attrs.frozen
class Answer:
    """A successful answer, with its parsed JSON.

    Attributes:
        method: The HTTP method.
        url: The URL, without credentials.
        status: The HTTP status.
        shown: The body as text, for messages: without credentials.
        value: The body as parsed JSON.
        mask: Removes credentials from a text.
    """

    method: str
    url: str
    status: int
    shown: str
    value: object
    mask: Mask

    def read(self, parse: Callable[[object], T]) -> T:
        """Read the value with a function that raises BodyError for another structure.

        Raises:
            RegistryResponseError: It has another structure.
        """
        try:
            return parse(self.value)
        except BodyError as error:
            raise self.error(
                f"the answer's structure is wrong, {error}: {clip(self.shown)!r}"
            ) from error

    def error(self, reason: str) -> RegistryResponseError:
        """An error about this answer."""
        return RegistryResponseError(
            self.mask(reason), self.method, self.url, self.status, None, self.shown
        )


class Repeat(enum.Enum):
    """Whether a failed request may be repeated."""

    NEVER = enum.auto()  # it would fail again
    IF_IDEMPOTENT = enum.auto()  # it may have had its effect
    ALWAYS = enum.auto()  # it certainly had none


@attrs.frozen
class FailedAttempt:
    """A failed attempt.

    Attributes:
        error: The error.
        repeat: Whether the request may be repeated.
        retry_after: The header Retry-After.
    """

    error: RegistryRequestError
    repeat: Repeat
    retry_after: str | None = None

    @property
    def log_fields(self) -> dict[str, object]:
        """The fields of its log records."""
        return {"method": self.error.method, "url": self.error.url, "status": self.error.status}


@attrs.frozen
class PendingRequest:
    """The request of a call, which each attempt sends.

    Attributes:
        method: The HTTP method.
        path: The path, percent-encoded.
        query: Parameters of the query.
        body: The body, or None.
        is_idempotent: Whether sending it twice does what sending it once does.
        gives_up_at: The deadline, on the monotonic clock.
    """

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes | None
    is_idempotent: bool
    gives_up_at: float

    def has_time_for(self, pause: float) -> bool:
        """Whether a pause, in seconds, ends before the deadline."""
        return monotonic() + pause < self.gives_up_at

    def may_repeat(self, failure: FailedAttempt) -> bool:
        """Whether to repeat it after a failure."""
        return failure.repeat is Repeat.ALWAYS or (
            failure.repeat is Repeat.IF_IDEMPOTENT and self.is_idempotent
        )


@attrs.frozen
class Received:
    """A raw answer."""

    response: requests.Response
    body: bytes


@attrs.frozen
class Timeouts:
    """The timeouts of one attempt, in seconds."""

    connect: float
    read: float


def failure_of(
    call: PendingRequest, url: str, error: Exception, timeouts: Timeouts
) -> FailedAttempt:
    """The failure of an attempt, and whether it may be repeated."""
    kind: type[RegistryRequestError] = RegistryUnreachableError
    reason = str(_root_of(error)) or type(error).__name__
    match error:
        case requests.exceptions.SSLError():
            repeat, reason = Repeat.NEVER, f"no TLS connection: {reason}"
        case requests.ConnectTimeout():
            repeat = Repeat.ALWAYS
            reason = f"no connection within {timeouts.connect:.3g} s"
        case requests.ReadTimeout() | ReadTimeoutError():
            repeat = Repeat.IF_IDEMPOTENT
            reason = f"no answer within {timeouts.read:.3g} s"
            if not call.has_time_for(0):
                reason = "the answer was not complete when the call's time was over"
        case BodyRefusedError():
            kind, repeat, reason = RegistryResponseError, Repeat.NEVER, str(error)
        case ProtocolError():
            kind, repeat = RegistryResponseError, Repeat.IF_IDEMPOTENT
            reason = f"the answer broke off: {reason}"
        case requests.ConnectionError(args=[MaxRetryError(), *_]):
            repeat = Repeat.ALWAYS  # no connection was made
        case requests.ConnectionError():
            repeat = Repeat.IF_IDEMPOTENT
        case _:
            repeat = Repeat.NEVER
    failure = kind(reason, call.method, url)
    failure.__cause__ = error
    return FailedAttempt(failure, repeat)


def judge(call: PendingRequest, url: str, received: Received, mask: Mask) -> Answer | FailedAttempt:
    """Distinguish an answer from a failure."""
    response, body = received.response, received.body
    status = response.status_code
    if status >= 400:
        error = error_from_answer(call.method, url, status, body, mask)
        return FailedAttempt(error, _repeat_of(error), response.headers.get("Retry-After"))
    answer = Answer(call.method, url, status, mask(body.decode("utf-8", "replace")), None, mask)
    if status >= 300:
        target = strip_credentials(response.headers.get("Location", ""))
        return FailedAttempt(answer.error(_REDIRECTED.format(target=target)), Repeat.NEVER)
    if status == HTTPStatus.NO_CONTENT:
        return answer
    try:
        return attrs.evolve(answer, value=json.loads(body))
    except (ValueError, RecursionError) as error:
        failure = answer.error(f"the answer is not JSON: {clip(answer.shown)!r}")
        failure.__cause__ = error
        return FailedAttempt(failure, Repeat.NEVER)


_REDIRECTED: Final = (
    "answered with a redirect to {target!r}, which is not followed: schemas and credentials go to "
    "the configured hosts only. If that is the registry, configure its URL"
)


def _repeat_of(error: RegistryRequestError) -> Repeat:
    if error.status == HTTPStatus.TOO_MANY_REQUESTS or error.code == ErrorCode.WRITE_COLLISION:
        return Repeat.ALWAYS
    if isinstance(error, RegistryRejectedError):  # even if its status is 5xx
        return Repeat.NEVER
    if error.status is not None and error.status >= 500:
        return Repeat.IF_IDEMPOTENT
    return Repeat.NEVER


def summary_of(failures: list[FailedAttempt]) -> FailedAttempt:
    """One failure for a round: an answer has more information than a missing one."""
    answered = [failure for failure in failures if failure.error.status is not None]
    last = (answered or failures)[-1]
    if len(failures) == 1 or answered:
        return last
    reasons = [f"{failure.error.reason} at {failure.error.url}" for failure in failures]
    error = type(last.error)("; ".join(reasons), last.error.method, last.error.url)
    error.__cause__ = last.error.__cause__
    return attrs.evolve(last, error=error)


def pause_before(retry: Retry, failure: FailedAttempt) -> float:
    """Seconds until the next round: the registry's Retry-After, else the back-off."""
    if failure.retry_after is not None:
        try:
            return min(retry.parse_retry_after(failure.retry_after), MAX_RETRY_AFTER)
        except (InvalidHeader, ValueError, OverflowError):  # the last two for dates beyond time_t
            log.debug(
                "the Retry-After header %r is neither seconds nor a date",
                failure.retry_after,
                extra=failure.log_fields,
            )
    return retry.get_backoff_time()


def _root_of(error: BaseException) -> BaseException:
    """The innermost error: requests and urllib3 wrap the operating system's error."""
    inner = getattr(error, "reason", None)
    if not isinstance(inner, BaseException):
        wrapped = [arg for arg in error.args if isinstance(arg, BaseException)]
        inner = wrapped[-1] if wrapped else error.__cause__
    return error if inner is None else _root_of(inner)
