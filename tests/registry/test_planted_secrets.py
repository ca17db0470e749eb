"""Secrets are planted wherever settings take them, and all that comes out is searched for them."""

from __future__ import annotations

import base64
import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.registry.scripted import Act, ScriptedServer, answer, echo, half_a_body, reset

from streamcontract.cli import main
from streamcontract.devstack.registry import Answer, RegistryServer
from streamcontract.errors import StreamContractError
from streamcontract.registry import SchemaRegistry, errors
from streamcontract.schema import parse_schema

SECRET = "pl4nted/s3cret"  # noqa: S105 - of no registry
QUOTED = "pl4nted%2Fs3cret"
# As it is, percent-encoded, and in every way it can stand in a header of basic authentication.
SPELLINGS = (
    "pl4nted",
    "s3cret",
    base64.b64encode(f"me:{SECRET}".encode()).decode("ascii"),
    base64.b64encode(SECRET.encode()).decode("ascii"),
)

PROJECT = """\
[contracts.order]
schema = "order.avsc"
topic = "orders"
"""


@pytest.fixture(autouse=True)
def _hear_everything(caplog: pytest.LogCaptureFixture) -> None:
    """Every logger of every library, at its most talkative."""
    caplog.set_level(logging.DEBUG)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one contract, in the current folder."""
    (tmp_path / "streamcontract.toml").write_text(PROJECT, encoding="utf-8")
    schema = '{"type": "record", "name": "shop.Order", "fields": []}'
    (tmp_path / "order.avsc").write_text(schema, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("streamcontract.registry.transport.sleep", lambda _: None)
    monkeypatch.setenv("STREAMCONTRACT_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    return tmp_path


def _found_in(text: str) -> list[str]:
    return [spelling for spelling in SPELLINGS if spelling in text]


def test_the_search_finds_what_it_looks_for() -> None:
    """A search that never finds anything would prove nothing."""
    token = base64.b64encode(f"me:{SECRET}".encode()).decode("ascii")
    assert token in _found_in(f"Authorization: Basic {token}")
    assert _found_in(f"http://me:{QUOTED}@h") == ["pl4nted", "s3cret"]


COMMANDS = {
    "register": ("register",),
    "register, environment": ("register", "--environment", "prod"),
    "register, dry": ("register", "--dry-run"),
    "lock": ("lock", "--environment", "prod"),
    "lock, check": ("lock", "--environment", "prod", "--check"),
    "doctor": ("doctor", "--timeout", "0.2"),
}


def _refuse(status: int) -> Callable[[object], Answer]:
    def refuse(request: object) -> Answer:
        return Answer.plain(status, "no")

    return refuse


DAYS: dict[str, Callable[[object], Answer] | None] = {
    "healthy": None,
    "401": _refuse(401),
    "500": _refuse(500),
}


@pytest.mark.parametrize("day", DAYS.values(), ids=DAYS)
@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_commands_show_no_secret(
    project: Path,
    server: RegistryServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    arguments: tuple[str, ...],
    day: Callable[[object], Answer] | None,
) -> None:
    """What a command prints, logs, raises and writes holds no password of the registry's URL."""
    url = server.url.replace("://", f"://me:{QUOTED}@")
    monkeypatch.setenv("STREAMCONTRACT_REGISTRY_URL", url)
    CliRunner().invoke(main, ["register", "--environment", "prod"])
    server.before = day
    result = CliRunner().invoke(main, arguments)
    shown = [result.output, caplog.text]
    if result.exc_info is not None:
        shown += traceback.format_exception(*result.exc_info)
    shown += [file.read_text(encoding="utf-8") for file in project.iterdir()]
    assert _found_in("\n".join(shown)) == []
    assert "127.0.0.1" in result.output or day is None


SETTINGS: dict[str, Callable[[str], Mapping[str, object]]] = {
    "url": lambda url: {"url": url.replace("://", f"://me:{QUOTED}@")},
    "two urls": lambda url: {
        "url": f"http://me:{QUOTED}@127.0.0.1:1,{url.replace('://', f'://me:{QUOTED}@')}"
    },
    "user info": lambda url: {"url": url, "basic.auth.user.info": f"me:{SECRET}"},
    "token": lambda url: {"url": url, "bearer.auth.token": SECRET},
    "token callable": lambda url: {"url": url, "bearer.auth.token": lambda: SECRET},
    "header": lambda url: {"url": url, "bearer.auth.identity.pool.id": SECRET},
    "proxy": lambda url: {"url": "http://registry.invalid", "proxy": _with_user(url)},
    "dead proxy": lambda url: {"url": url, "proxy": _with_user("http://127.0.0.1:1")},
}

ACTS: dict[str, Act] = {
    "echo 401": echo(401),
    "echo 500": echo(500),
    "echo 200": echo(200),
    "redirect": answer(302, Location=f"http://me:{QUOTED}@127.0.0.1:1/"),
    "reset": reset,
    "half a body": half_a_body,
}


def _with_user(url: str) -> str:
    return url.replace("://", f"://me:{QUOTED}@")


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_errors_show_no_secret(
    scripted: ScriptedServer,
    caplog: pytest.LogCaptureFixture,
    setting: Callable[[str], Mapping[str, object]],
    act: Act,
) -> None:
    """Messages, causes, notes, fields, representations and logs are free of every secret."""
    given = setting(scripted.url)
    config = {f"schema.registry.{key}": value for key, value in given.items()}
    if not str(given.get("proxy")).endswith(":1"):
        scripted.then(act)
    client = SchemaRegistry.from_config({**config, "schema.registry.max.retries": 0})
    with client, pytest.raises(StreamContractError) as caught:
        client.register("orders-value", parse_schema("int"))
    shown = [*_all_of(caught.value), repr(client), repr(vars(client)), caplog.text]
    assert _found_in("\n".join(shown)) == []


def _all_of(error: BaseException) -> Iterator[str]:
    yield from traceback.format_exception(error)
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield repr(each)
        yield repr(each.args)
        # The HTTP library's own errors hold the request that was made, headers and all: those
        # who take it out know what they do. Ours hold values only.
        if isinstance(each, StreamContractError):
            yield repr(vars(each))
        waiting += [each.__cause__, each.__context__]


def test_an_environments_proxy_shows_no_secret(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy of the environment may echo its credentials as well as a configured one."""
    monkeypatch.setenv("http_proxy", _with_user(scripted.url))
    monkeypatch.setenv("no_proxy", "")

    def echo_proxy_credentials(handler: BaseHTTPRequestHandler) -> None:
        assert "Proxy-Authorization" in handler.headers
        echo(500)(handler)

    scripted.then(echo_proxy_credentials)
    with (
        SchemaRegistry("http://registry.invalid", max_retries=0) as client,
        pytest.raises(StreamContractError) as caught,
    ):
        client.subjects()
    assert _found_in("\n".join(_all_of(caught.value))) == []


def test_a_token_that_is_a_part_of_an_answer_does_not_spoil_it(scripted: ScriptedServer) -> None:
    """Only what is shown is masked: a token such as 7 must not take the id out of an answer."""
    scripted.then(answer(200, {"id": 17}), answer(404, {"error_code": 40401, "message": "17"}))
    with SchemaRegistry(scripted.url, bearer_token="7") as client:  # noqa: S106 - of no registry
        assert client.register("s", parse_schema("int")) == 17
        with pytest.raises(errors.SubjectNotFoundError) as caught:
            client.versions("s")
    assert caught.value.reason == "1***"


@pytest.mark.parametrize(
    "url",
    [
        f"http://me:{SECRET}@host",
        f"htp://me:{QUOTED}@host",
        f"http://host/{QUOTED}@x",
        f"http://me:{QUOTED}@host:port",
        f"http://me:{QUOTED}@host?x",
        f"me:{QUOTED}@host",
    ],
)
def test_a_mistyped_url_is_refused_unseen(url: str) -> None:
    """Wherever a typing mistake puts the password, the error does not repeat it."""
    with pytest.raises(StreamContractError) as caught:
        SchemaRegistry(url)
    assert _found_in("\n".join(_all_of(caught.value))) == []


def test_a_key_password_is_not_shown(tmp_path: Path) -> None:
    """A certificate that cannot be used is named; the password of its key is not."""
    config = {
        "schema.registry.url": "https://localhost:1",
        "schema.registry.ssl.certificate.location": str(tmp_path / "none.pem"),
        "schema.registry.ssl.key.password": SECRET,
    }
    with pytest.raises(StreamContractError, match=r"none\.pem") as caught:
        SchemaRegistry.from_config(config)
    assert _found_in("\n".join(_all_of(caught.value))) == []
