"""Credentials: they reach the registry, and nothing and nobody else."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.registry.scripted import (
    Act,
    ScriptedServer,
    answer,
    echo,
    half_a_body,
    refusal,
    reset,
)

from streamcontract.errors import ConfigurationError
from streamcontract.registry import SchemaRegistry, errors

SUBJECTS = answer(200, ["a"])
TOKEN = "t0ken.abc"  # noqa: S105 - of no registry


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(
    scripted: ScriptedServer, other: ScriptedServer, status: int, host: str
) -> None:
    """A redirect sends neither credentials nor schemas to a host or port nobody configured."""
    elsewhere = other.url.replace("127.0.0.1", host)
    target = elsewhere.replace("://", "://x:y@")
    scripted.then(answer(status, Location=f"{target}/subjects?z=1"))
    with (
        SchemaRegistry(scripted.url, bearer_token=TOKEN) as client,
        pytest.raises(errors.RegistryResponseError) as caught,
    ):
        client.subjects()
    assert f"{elsewhere}/subjects'" in str(caught.value)
    assert other.received == []


@pytest.mark.parametrize("target", ["http://[::1", "\xff\xfe", ""])
def test_a_redirect_to_what_is_no_url_is_a_response_error(
    scripted: ScriptedServer, target: str
) -> None:
    """Nobody looks where it leads; its body is shown as any other."""
    scripted.then(answer(302, "moved", Location=target))
    with (
        SchemaRegistry(scripted.url) as client,
        pytest.raises(errors.RegistryResponseError, match="redirect") as caught,
    ):
        client.subjects()
    assert caught.value.body == '"moved"'


SECRETS = ("pa55:w/rd", "pa55%3Aw%2Frd", TOKEN, "bWU6cGE1NTp3L3Jk", "key-pa55")


def _with_credentials(url: str) -> Iterator[SchemaRegistry]:
    """Clients that carry credentials in every way there is."""
    yield SchemaRegistry(url.replace("://", "://me:pa55%3Aw%2Frd@"), max_retries=0)
    yield SchemaRegistry(url, basic_auth=("me", "pa55:w/rd"), max_retries=0)
    yield SchemaRegistry(url, bearer_token=TOKEN, max_retries=0)
    yield SchemaRegistry(url, bearer_token=lambda: TOKEN, max_retries=0)
    yield SchemaRegistry.from_config(
        {
            "schema.registry.url": url,
            "schema.registry.basic.auth.user.info": "me:pa55:w/rd",
            "schema.registry.max.retries": 0,
        }
    )


@pytest.mark.parametrize(
    "act",
    [
        echo(401),
        echo(403),
        echo(500),
        echo(200),
        refusal(404, 40401),
        reset,
        half_a_body,
    ],
    ids=["401", "403", "500", "200", "404", "reset", "half a body"],
)
def test_credentials_are_never_shown(
    scripted: ScriptedServer, act: Act, caplog: pytest.LogCaptureFixture
) -> None:
    """No error, traceback, repr or log line shows a password or token, even if a body does."""
    caplog.set_level(logging.DEBUG)
    shown = []
    for client in _with_credentials(scripted.url):
        scripted.then(act)
        with client, pytest.raises(errors.RegistryRequestError) as caught:
            client.subjects()
        error = caught.value
        shown += [str(error), repr(error), error.url, error.body, repr(client), repr(vars(client))]
        shown += traceback.format_exception(error)
    text = "\n".join([*shown, caplog.text])
    assert [secret for secret in SECRETS if secret in text] == []
    assert all("authorization" in request.headers for request in scripted.received)


def test_credentials_reach_the_registry(scripted: ScriptedServer) -> None:
    """Basic credentials in UTF-8 and bearer tokens are sent; a callable is asked each time."""
    tokens = iter(["one", "two"])
    scripted.then(*[SUBJECTS] * 4)
    with SchemaRegistry(scripted.url, basic_auth=("mé", "pä:ss")) as client:
        client.subjects()
    with SchemaRegistry(scripted.url.replace("://", "://m%C3%A9:p%C3%A4:ss@")) as client:
        client.subjects()
    with SchemaRegistry(scripted.url, bearer_token=lambda: next(tokens)) as client:
        client.subjects()
        client.subjects()
    sent = [request.headers["authorization"] for request in scripted.received]
    assert sent == ["Basic bcOpOnDDpDpzcw=="] * 2 + ["Bearer one", "Bearer two"]


def test_without_credentials_none_are_sent(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What ~/.netrc says of the host is not sent behind anyone's back."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    scripted.then(SUBJECTS)
    with SchemaRegistry(scripted.url) as client:
        client.subjects()
    assert "authorization" not in scripted.received[0].headers


def test_cookies_are_not_kept(scripted: ScriptedServer) -> None:
    """A cookie is shared state between threads and hosts that the protocol does not know."""
    scripted.then(answer(200, [], Set_Cookie="a=b"), SUBJECTS)
    with SchemaRegistry(scripted.url) as client:
        client.subjects()
        client.subjects()
    assert "cookie" not in scripted.received[1].headers


@pytest.mark.parametrize("token", ["", "a b", "line\n", "ü"])
def test_a_token_that_is_no_header_is_refused_unseen(token: str) -> None:
    """A token with a line break, say, is refused with what to do, and not shown."""
    with pytest.raises(ConfigurationError, match="bearer token") as caught:
        SchemaRegistry("http://localhost", bearer_token=token)
    assert not token or repr(token) not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "basic_auth"),
    [("http://me:s3cret%E4@localhost", None), ("http://localhost", ("me", "s3cret\udce4"))],
    ids=["in a URL", "as an argument"],
)
def test_a_password_that_is_no_text_is_refused_unseen(
    url: str, basic_auth: tuple[str, str] | None
) -> None:
    """Replacing what is not UTF-8 would send another password, and nobody would know why not."""
    with pytest.raises(ConfigurationError, match="not Unicode text") as caught:
        SchemaRegistry(url, basic_auth=basic_auth)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_token_that_expired_on_the_way_is_renewed_once(scripted: ScriptedServer) -> None:
    """A refused token is replaced where the callable has another one by now."""
    tokens = iter(["old", "new", "new", "newer"])
    scripted.then(refusal(401, 40101), SUBJECTS, refusal(401, 40101))
    scripted.then(refusal(401, 40101))
    with SchemaRegistry(scripted.url, bearer_token=lambda: next(tokens)) as client:
        assert client.subjects() == ["a"]
        tokens = iter(["newer", "newest", "newest"])
        with pytest.raises(errors.RegistryAuthenticationError):
            client.subjects()
    sent = [request.headers["authorization"] for request in scripted.received]
    assert sent == ["Bearer old", "Bearer new", "Bearer newer", "Bearer newest"]


def test_a_token_that_is_still_the_same_is_not_tried_again(scripted: ScriptedServer) -> None:
    """A second refusal of the same token would say nothing new, and may lock an account."""
    scripted.then(refusal(401, 40101), refusal(401, 40101))
    for token in (TOKEN, lambda: TOKEN):
        with (
            SchemaRegistry(scripted.url, bearer_token=token) as client,
            pytest.raises(errors.RegistryAuthenticationError),
        ):
            client.subjects()
    assert len(scripted.received) == 2


def test_who_gives_tokens_may_be_down_too(scripted: ScriptedServer, pauses: list[float]) -> None:
    """A callable that fails in passing is asked again; nothing was sent without a token."""
    answers: Iterator[Exception | str] = iter([OSError("no route"), "", TOKEN])

    def token() -> str:
        given = next(answers)
        if isinstance(given, Exception):
            raise given
        return given

    scripted.then(SUBJECTS)
    with SchemaRegistry(scripted.url, bearer_token=token) as client:
        assert client.subjects() == ["a"]
    assert len(scripted.received) == 1
    assert len(pauses) == 2


def test_a_callable_that_goes_on_failing_is_an_authentication_error(pauses: list[float]) -> None:
    """What it raised is the cause; its words, which may hold a secret, are in no message."""

    def token() -> str:
        raise ValueError("client_secret=pa55 was refused")

    with (
        SchemaRegistry("http://localhost:1", bearer_token=token, max_retries=1) as client,
        pytest.raises(errors.RegistryAuthenticationError, match="raised ValueError") as caught,
    ):
        client.subjects()
    assert isinstance(caught.value.__cause__, ValueError)
    assert "pa55" not in str(caught.value)
    assert len(pauses) == 1
