"""Settings: confluent-kafka's names, and mistakes that are told apart from settings."""

from __future__ import annotations

import json
import traceback
from pathlib import Path
from typing import Any

import pytest
from tests.registry.scripted import ScriptedServer, answer

from streamcontract.errors import ConfigurationError
from streamcontract.registry import SchemaRegistry
from streamcontract.registry.config import options
from streamcontract.registry.transport_settings import TransportSettings

PREFIX = "schema.registry."


def test_every_setting_has_its_argument() -> None:
    """Each key becomes the argument that means the same, in its unit."""
    config = {
        "bootstrap.servers": "localhost:19092",
        PREFIX + "url": "http://a,http://b",
        PREFIX + "basic.auth.user.info": "me:pa:ss",
        PREFIX + "basic.auth.credentials.source": "USER_INFO",
        PREFIX + "ssl.ca.location": "ca.pem",
        PREFIX + "ssl.certificate.location": "me.pem",
        PREFIX + "ssl.key.location": "me.key",
        PREFIX + "ssl.key.password": "secret",
        PREFIX + "proxy": "http://proxy:3128",
        PREFIX + "timeout": 3,
        PREFIX + "max.retries": "5",
        PREFIX + "retries.wait.ms": 250,
        PREFIX + "retries.max.wait.ms": 4000.0,
    }
    assert options(config) == {
        "url": "http://a,http://b",
        "basic_auth": ("me", "pa:ss"),
        "ca": "ca.pem",
        "client_certificate": "me.pem",
        "client_key": "me.key",
        "client_key_password": "secret",
        "proxy": "http://proxy:3128",
        "connect_timeout": 3.0,
        "read_timeout": 3.0,
        "max_retries": 5,
        "backoff": 0.25,
        "max_backoff": 4.0,
    }


def test_bearer_settings_are_sent(scripted: ScriptedServer) -> None:
    """A token, given or fetched, goes with the cluster and pool it is for."""
    scripted.then(answer(200, []), answer(200, []))
    for token in ("abc", lambda: "abc"):
        config = {
            PREFIX + "url": [scripted.url],
            PREFIX + "bearer.auth.token": token,
            PREFIX + "bearer.auth.credentials.source": "STATIC_TOKEN",
            PREFIX + "bearer.auth.logical.cluster": "lsrc-1",
            PREFIX + "bearer.auth.identity.pool.id": "pool-1",
        }
        with SchemaRegistry.from_config(config) as registry:
            registry.subjects()
    for request in scripted.received:
        assert request.headers["authorization"] == "Bearer abc"
        assert request.headers["target-sr-cluster"] == "lsrc-1"
        assert request.headers["confluent-identity-pool-id"] == "pool-1"


def test_sasl_credentials_can_be_inherited() -> None:
    """The broker's credentials serve for the registry where the settings say so."""
    source = {PREFIX + "basic.auth.credentials.source": "SASL_INHERIT"}
    sasl = {"sasl.username": "me", "sasl.password": "secret"}
    assert options(source | sasl) == {"basic_auth": ("me", "secret")}
    with pytest.raises(ConfigurationError, match=r"sasl\.username"):
        options(source)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"ulr": "http://a"}, "did you mean schema.registry.url?"),
        ({"basic.auth.userinfo": "a:b"}, "did you mean schema.registry.basic.auth.user.info?"),
        ({"nothing.like.it": 1}, "known are schema.registry.url, "),
        ({"cache.latest.ttl.sec": 10}, "are not cached"),
        ({"url": 7}, "schema.registry.url has to be a text"),
        ({"basic.auth.user.info": "secret"}, "of the form user:password"),
        ({"basic.auth.credentials.source": "FILE"}, "USER_INFO, URL or SASL_INHERIT"),
        ({"bearer.auth.credentials.source": "OAUTHBEARER"}, "a callable"),
        ({"ssl.ca.location": False}, "schema.registry.ssl.ca.location has to be a text"),
        ({"timeout": "long"}, "a number from 0 on, not 'long'"),
        ({"timeout": -1}, "a number from 0 on, not -1"),
        ({"max.retries": True}, "a number from 0 on, not True"),
        ({"timeout": float("nan")}, "a number from 0 on, not nan"),
    ],
)
def test_mistakes_are_named(config: dict[str, object], expected: str) -> None:
    """An unknown key suggests the right one; a value that does not fit says what does."""
    with pytest.raises(ConfigurationError) as caught:
        SchemaRegistry.from_config({PREFIX + key: value for key, value in config.items()})
    assert expected in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "localhost:18081",
        "ftp://host",
        "http://",
        "http://host:port",
        "http://host:99999",
        "http://me:se/cret@host",
        "http://host?secret=1",
        "http://me:12/secret@host",
        "",
        "http://[secret",
        ",",
        [],
    ],
    ids=json.dumps,
)
def test_a_url_that_is_none_is_refused_unseen(url: str | list[str]) -> None:
    """A URL that cannot be used is refused; as it may hold a password, it is not shown."""
    with pytest.raises(ConfigurationError, match="URL") as caught:
        SchemaRegistry(url)
    assert "secret" not in str(caught.value)
    assert "se/cret" not in str(caught.value)


@pytest.mark.parametrize("wrong", ["me:secret", "me", ("me", "secret", "more")])
def test_basic_auth_is_a_pair(wrong: Any) -> None:
    """The error says so, and shows nothing of what was given."""
    with pytest.raises(ConfigurationError, match="pair") as caught:
        SchemaRegistry("http://h", basic_auth=wrong)
    assert "secret" not in str(caught.value)


def test_credentials_are_given_once() -> None:
    """Two kinds of credentials, or one kind in two places, leave open which one counts."""
    with pytest.raises(ConfigurationError, match="both given"):
        SchemaRegistry("http://h", basic_auth=("a", "b"), bearer_token=lambda: "c")
    with pytest.raises(ConfigurationError, match="http://h are given in its URL and as a setting"):
        SchemaRegistry("http://me:secret@h", basic_auth=("a", "b"))
    with pytest.raises(ConfigurationError, match="RFC 7617"):
        SchemaRegistry("http://h", basic_auth=("a:b", "c"))


def test_settings_do_not_show_secrets() -> None:
    """The settings' own repr leaves out what can hold a credential."""
    settings = TransportSettings(proxy="http://a:secret@p", headers={"X-Api-Key": "secret"})
    assert "secret" not in repr(settings)


def test_headers_and_proxy_are_used(scripted: ScriptedServer) -> None:
    """A request goes to the proxy, whole, with the headers that were given."""
    scripted.then(answer(200, []))
    with SchemaRegistry("http://nowhere.invalid", proxy=scripted.url, headers={"X-A": "b"}) as it:
        assert it.subjects() == []
    assert scripted.calls == ["GET http://nowhere.invalid/subjects"]
    assert scripted.received[0].headers["x-a"] == "b"


def test_secrets_come_from_files(scripted: ScriptedServer, tmp_path: Path) -> None:
    """A password is read once, a token for each request; a line break at the end is no part."""
    scripted.then(*[answer(200, [])] * 3)
    password, token = tmp_path / "password", tmp_path / "token"
    password.write_text("me:pa:ss\n", encoding="utf-8")
    token.write_text("first\r\n", encoding="utf-8")
    url = {PREFIX + "url": scripted.url}
    basic = {PREFIX + "basic.auth.user.info.location": str(password)}
    with SchemaRegistry.from_config(url | basic) as client:
        client.subjects()
    bearer = {PREFIX + "bearer.auth.token.location": str(token)}
    with SchemaRegistry.from_config(url | bearer) as client:
        client.subjects()
        token.write_text("second", encoding="utf-8")
        client.subjects()
    sent = [request.headers["authorization"] for request in scripted.received]
    assert sent == ["Basic bWU6cGE6c3M=", "Bearer first", "Bearer second"]


@pytest.mark.parametrize("content", [None, b"", b"two\nlines:pl4nted\n", b"pl4nted:\xff\n"])
@pytest.mark.parametrize("key", ["basic.auth.user.info.location", "bearer.auth.token.location"])
def test_a_secret_file_that_holds_none_is_named_unread(
    tmp_path: Path, key: str, content: bytes | None
) -> None:
    """Missing, empty or garbled: the error names setting and file, and shows nothing of it."""
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        options({PREFIX + key: str(file)})
    assert str(file) in str(caught.value)
    assert PREFIX + key in str(caught.value)
    assert "pl4nted" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "second",
    [
        {PREFIX + "basic.auth.user.info.location": "FILE"},
        {
            PREFIX + "basic.auth.credentials.source": "SASL_INHERIT",
            "sasl.username": "you",
            "sasl.password": "other",
        },
    ],
    ids=["file", "sasl"],
)
def test_credentials_given_twice_leave_open_which_count(
    tmp_path: Path, second: dict[str, str]
) -> None:
    """Two settings that say the same are an error, whichever comes first."""
    file = tmp_path / "secret"
    file.write_text("me:pl4nted", encoding="utf-8")
    given = {key: value.replace("FILE", str(file)) for key, value in second.items()}
    first = {PREFIX + "basic.auth.user.info": "me:pl4nted"}
    for config in ({**first, **given}, {**given, **first}):
        with pytest.raises(ConfigurationError, match=r"schema\.registry\.basic\.auth") as caught:
            options(config)
        assert "pl4nted" not in str(caught.value)
