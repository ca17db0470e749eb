"""A broker that wants TLS, a certificate and a password, and a registry that wants them too."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import http.client
import json
import logging
import ssl
import time
import traceback
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import attrs
import pytest
from click.testing import CliRunner
from confluent_kafka.admin import (  # type: ignore[attr-defined] # documented there
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from tests.registry.authority import Authority, Identity
from tests.registry.scripted import Act, Received, ScriptedServer, answer

from streamcontract import (
    AsyncContractConsumer,
    AsyncContractProducer,
    ContractConsumer,
    ContractProducer,
    Stock,
    StockConsumer,
    StockProducer,
)
from streamcontract.cli import main
from streamcontract.devstack.kafka import KafkaStack
from streamcontract.errors import StreamContractError
from streamcontract.kafka import DeadLetters, describe_topics, ensure_topic
from streamcontract.kafka.errors import BrokerError
from streamcontract.registry import SchemaRegistry
from streamcontract.registry.errors import RegistryAuthenticationError, RegistryUnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.server import BaseHTTPRequestHandler

PASSWORD: Final = "pl4nted-broker"  # noqa: S105 - of a broker that lives as long as the test
KEY_PASSWORD: Final = "pl4nted-key"  # noqa: S105 - of a key that does
REGISTRY_PASSWORD: Final = "pl4nted-registry"  # noqa: S105 - of a registry that does
WRONG: Final = "pl4nted-wrong"
WAIT: Final = 30.0

_CLIENT: Final = "listener.name.client."
_LOGIN: Final = "sasl.jaas.config"
_MODULE: Final = "org.apache.kafka.common.security."
_SCRAM: Final = (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512)

BAR: Final = Stock(
    symbol="AAPL", date=dt.date(2026, 5, 4), open=1.5, high=2.0, low=1.0, close=1.75, volume=1
)


class GuardedRegistry(ScriptedServer):
    """TLS, a client certificate and basic authentication in front of a registry without any."""

    def __init__(self, url: str, tls: ssl.SSLContext) -> None:
        self._behind = urlsplit(url).netloc
        super().__init__(tls)

    def take(self, received: Received) -> Act:
        """Pass the request on, or refuse it."""
        login = base64.b64encode(f"ann:{REGISTRY_PASSWORD}".encode()).decode("ascii")
        if received.headers.get("authorization") != f"Basic {login}":
            return answer(401, {"error_code": 401, "message": "Unauthorized"})
        return self._forward(received)

    def _forward(self, received: Received) -> Act:
        def act(handler: BaseHTTPRequestHandler) -> None:
            connection = http.client.HTTPConnection(self._behind, timeout=WAIT)
            headers = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
            connection.request(received.method, received.path, received.body, headers)
            response = connection.getresponse()
            answer(response.status, response.read())(handler)
            connection.close()

        return act


@attrs.frozen
class Secured:
    """What the tests need to know of the servers.

    Attributes:
        stack: Apache Kafka, whose clients' listener is secured.
        registry_url: The registry, behind TLS.
        me: A certificate that both trust.
        ca: The authority's own certificate.
        stranger: A certificate of an authority that nobody trusts, and that authority's own.
    """

    stack: KafkaStack
    registry_url: str
    me: Identity
    ca: Path
    stranger: Identity
    strange_ca: Path

    def config(self, **changes: Any) -> dict[str, Any]:
        """Client properties that open both servers, with changes; None leaves one out.

        Args:
            **changes: Properties, with ``_`` for ``.`` in their names.
        """
        files = {
            "ssl.ca.location": str(self.ca),
            "ssl.certificate.location": str(self.me.certificate),
            "ssl.key.location": str(self.me.key),
            "ssl.key.password": KEY_PASSWORD,
        }
        config: dict[str, Any] = {
            "bootstrap.servers": self.stack.bootstrap_servers,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": "ann",
            "sasl.password": PASSWORD,
            **files,
            "schema.registry.url": self.registry_url,
            "schema.registry.basic.auth.user.info": f"ann:{REGISTRY_PASSWORD}",
            **{f"schema.registry.{name}": value for name, value in files.items()},
        }
        config.update({name.replace("_", "."): value for name, value in changes.items()})
        return {name: value for name, value in config.items() if value is not None}


@pytest.fixture(scope="module")
def secured(real_servers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """A broker and a registry that let nobody in who does not prove who it is."""
    folder = tmp_path_factory.mktemp("secured")
    authority, other = Authority(folder), Authority(tmp_path_factory.mktemp("stranger"))
    own = authority.issue("server")
    store = folder / "store.pem"
    store.write_bytes(own.key.read_bytes() + own.certificate.read_bytes())
    properties = {
        "listener.security.protocol.map": "CLIENT:SASL_SSL,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
        f"{_CLIENT}ssl.keystore.type": "PEM",
        f"{_CLIENT}ssl.keystore.location": str(store),
        f"{_CLIENT}ssl.truststore.type": "PEM",
        f"{_CLIENT}ssl.truststore.location": str(authority.certificate),
        f"{_CLIENT}ssl.client.auth": "required",
        f"{_CLIENT}sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
        f"{_CLIENT}plain.{_LOGIN}": (
            f'{_MODULE}plain.PlainLoginModule required user_ann="{PASSWORD}";'
        ),
        f"{_CLIENT}scram-sha-256.{_LOGIN}": f"{_MODULE}scram.ScramLoginModule required;",
        f"{_CLIENT}scram-sha-512.{_LOGIN}": f"{_MODULE}scram.ScramLoginModule required;",
        # Without a validator of its own Kafka takes unsecured JWS tokens (KIP-255).
        f"{_CLIENT}oauthbearer.{_LOGIN}": (
            f"{_MODULE}oauthbearer.OAuthBearerLoginModule required "
            'unsecuredLoginStringClaim_sub="broker";'
        ),
    }
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(own.certificate, own.key)
    tls.load_verify_locations(authority.certificate)
    tls.verify_mode = ssl.CERT_REQUIRED
    with KafkaStack(properties=properties) as stack:
        admin = AdminClient({"bootstrap.servers": stack.internal_servers})
        for mechanism in _SCRAM:
            user = UserScramCredentialUpsertion(
                "ann", ScramCredentialInfo(mechanism, 4096), PASSWORD.encode()
            )
            admin.alter_user_scram_credentials([user])["ann"].result(WAIT)
        registry = GuardedRegistry(stack.registry_url, tls)
        yield Secured(
            stack,
            registry.url,
            authority.issue("me", KEY_PASSWORD),
            authority.certificate,
            other.issue("stranger", KEY_PASSWORD),
            other.certificate,
        )
        registry.close()


@pytest.fixture
def topic(secured: Secured) -> str:
    """A topic that nobody else uses."""
    name = f"stocks-{uuid.uuid4().hex[:12]}"
    assert secured.stack.create_topic(name)
    return name


def token(config: str) -> tuple[str, float]:
    """An unsecured JWS (RFC 7515, appendix A.5), which says who asks, and proves nothing."""
    del config
    now = int(time.time())
    claims = {"sub": "ann", "iat": now, "exp": now + 600}
    return ".".join([*map(_base64url, ({"alg": "none"}, claims)), ""]), now + 600


def _base64url(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode("ascii")


MECHANISMS: dict[str, dict[str, Any]] = {
    "PLAIN": {"sasl_mechanism": "PLAIN"},
    "SCRAM-SHA-256": {"sasl_mechanism": "SCRAM-SHA-256"},
    "SCRAM-SHA-512": {"sasl_mechanism": "SCRAM-SHA-512"},
    "OAUTHBEARER": {"sasl_mechanism": "OAUTHBEARER", "sasl_username": None, "sasl_password": None},
}


def with_token(config: dict[str, Any], callback: Callable[[str], Any]) -> dict[str, Any]:
    """The configuration with a source of tokens where its mechanism needs one."""
    is_needed = config["sasl.mechanism"] == "OAUTHBEARER"
    return {**config, "oauth_cb": callback} if is_needed else config


@pytest.mark.parametrize("changes", MECHANISMS.values(), ids=MECHANISMS)
def test_whoever_proves_who_it_is_gets_in(
    secured: Secured, topic: str, changes: dict[str, Any]
) -> None:
    """Each mechanism, over TLS with certificates on both sides, to the broker and the registry."""
    config = with_token(secured.config(**changes), token)
    with StockProducer(config, topic=topic) as producer:
        producer.produce(BAR)
    with StockConsumer(config, topic=topic) as consumer:
        assert [message.value for message in consumer.until_end()] == [BAR]
    with StockConsumer(config, topic=topic, group=topic) as consumer:
        [message] = consumer.consume(1, WAIT)
        assert message.value == BAR
    assert not ensure_topic(topic, config).created
    [state] = describe_topics([topic], config).topics
    assert state.name == topic


def _produce(config: dict[str, Any], topic: str) -> None:
    with StockProducer(config, topic=topic) as producer:
        producer.produce(BAR)


def _flush(config: dict[str, Any], topic: str) -> None:
    with StockProducer(config, topic=topic) as producer:
        producer.produce(BAR)
        producer.flush()


def _transact(config: dict[str, Any], topic: str) -> None:
    with StockProducer({**config, "transactional.id": topic}, topic=topic) as producer:
        producer.init_transactions()


def _read(config: dict[str, Any], topic: str) -> None:
    with StockConsumer(config, topic=topic) as consumer:
        next(consumer)


def _join(config: dict[str, Any], topic: str) -> None:
    with StockConsumer(config, topic=topic, group=topic) as consumer:
        next(consumer)


def _produce_async(config: dict[str, Any], topic: str) -> None:
    async def produce() -> None:
        async with AsyncContractProducer(config, topic=topic, record=Stock) as producer:
            await producer.produce(BAR)
            await producer.flush()

    asyncio.run(produce())


def _read_async(config: dict[str, Any], topic: str) -> None:
    async def read() -> None:
        async with AsyncContractConsumer(config, topic=topic, record=Stock) as consumer:
            await consumer.poll()

    asyncio.run(read())


CALLS: dict[str, Callable[[dict[str, Any], str], object]] = {
    "produce": _produce,
    "flush": _flush,
    "init_transactions": _transact,
    "consume": _read,
    "consume in a group": _join,
    "produce, asyncio": _produce_async,
    "consume, asyncio": _read_async,
    "ensure_topic": lambda config, topic: ensure_topic(topic, config),
    "describe_topics": lambda config, topic: describe_topics([topic], config),
}


def _foreign_certificate(secured: Secured) -> dict[str, Any]:
    return secured.config(
        ssl_certificate_location=str(secured.stranger.certificate),
        ssl_key_location=str(secured.stranger.key),
    )


REFUSED: dict[str, tuple[Callable[[Secured], dict[str, Any]], str]] = {
    "PLAIN, wrong password": (
        lambda secured: secured.config(sasl_mechanism="PLAIN", sasl_password=WRONG),
        "sasl.password",
    ),
    "SCRAM, wrong password": (
        lambda secured: secured.config(sasl_password=WRONG),
        "sasl.password",
    ),
    "no such user": (lambda secured: secured.config(sasl_username=WRONG), "sasl.username"),
    "a token that is none": (
        lambda secured: with_token(
            secured.config(**MECHANISMS["OAUTHBEARER"]), lambda _: (WRONG, time.time() + 600)
        ),
        "oauth_cb",
    ),
    "no certificate": (
        lambda secured: secured.config(
            ssl_certificate_location=None, ssl_key_location=None, ssl_key_password=None
        ),
        "ssl.certificate.location",
    ),
    "a certificate that is not trusted": (_foreign_certificate, "ssl.certificate.location"),
    "a broker that is not trusted": (
        lambda secured: secured.config(ssl_ca_location=str(secured.strange_ca)),
        "ssl.ca.location",
    ),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(("make", "to_mend"), REFUSED.values(), ids=REFUSED)
def test_whoever_is_refused_is_told_what_to_mend(
    secured: Secured,
    topic: str,
    make: Callable[[Secured], dict[str, Any]],
    to_mend: str,
    call: Callable[[dict[str, Any], str], object],
) -> None:
    """One typed error that names the property, though no call here has a time-out of its own."""
    with pytest.raises(BrokerError) as caught:
        call(make(secured), topic)
    assert to_mend in caught.value.advice
    assert caught.value.advice in str(caught.value)


def test_a_queued_message_is_not_lost_in_silence(secured: Secured, topic: str) -> None:
    """Closing gives up what cannot be delivered, and says how much that is."""
    producer = StockProducer(secured.config(sasl_password=WRONG), topic=topic)
    producer.produce(BAR)
    producer.produce(BAR)
    with pytest.raises(BrokerError) as caught:
        producer.close()
    assert "2 messages were not delivered" in str(caught.value.__cause__)


def test_the_registry_wants_certificate_and_password(secured: Secured) -> None:
    """Each is refused with an error that says which one is missing."""
    wrong = secured.config(schema_registry_basic_auth_user_info=f"ann:{WRONG}")
    with (
        SchemaRegistry.from_config(wrong) as registry,
        pytest.raises(RegistryAuthenticationError),
    ):
        registry.subjects()
    nobody = secured.config(
        **{
            f"schema_registry_ssl_{name}": None
            for name in ("certificate_location", "key_location", "key_password")
        },
        **{"schema.registry.max.retries": 0},
    )
    with SchemaRegistry.from_config(nobody) as registry, pytest.raises(RegistryUnreachableError):
        registry.subjects()


# Beside the passwords: what stands in headers, and half of a token.
SPELLINGS: Final = (
    "pl4nted",
    base64.b64encode(f"ann:{REGISTRY_PASSWORD}".encode()).decode("ascii"),
    base64.b64encode(f"\0ann\0{PASSWORD}".encode()).decode("ascii"),
)

PROJECT: Final = """\
[contracts.order]
schema = "order.avsc"
topic = "{topic}"
"""
ORDER: Final = '{"type": "record", "name": "shop.Order", "fields": [{"name": "n", "type": "int"}]}'

OTHER: Final = '{"type": "record", "name": "shop.Other", "fields": []}'


def _environment(secured: Secured, config: dict[str, Any]) -> dict[str, str]:
    """The variables that stand for a configuration, and for the registry without its guard."""
    registry = secured.stack.registry_url.replace("://", f"://ann:{REGISTRY_PASSWORD}@")
    own = ("sasl.", "ssl.", "security.", "bootstrap.")
    return {
        "STREAMCONTRACT_REGISTRY_URL": registry,
        **{
            "STREAMCONTRACT_" + name.upper().replace(".", "_"): str(value)
            for name, value in config.items()
            if name.startswith(own)
        },
    }


@pytest.mark.parametrize("password", [PASSWORD, WRONG], ids=["let in", "refused"])
def test_nothing_shows_a_secret(
    secured: Secured,
    topic: str,
    password: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Commands and clients, their errors with causes, their logs, their files, dead letters."""
    caplog.set_level(logging.DEBUG)
    (tmp_path / "streamcontract.toml").write_text(PROJECT.format(topic=topic), "utf-8")
    (tmp_path / "order.avsc").write_text(ORDER, "utf-8")
    monkeypatch.chdir(tmp_path)
    # Everything that librdkafka can be made to say.
    config = secured.config(sasl_password=password, debug="all")
    shown: list[str] = []

    def attempt(act: Callable[[], object]) -> None:
        try:
            shown.append(repr(act()))
        except StreamContractError as error:
            shown.extend(traceback.format_exception(error))
            shown.append(repr(vars(error)))

    def poison() -> object:
        # Under another subject, so that the contract itself can be registered.
        named = {**config, "subject.name.strategy": "record"}
        with ContractProducer(named, topic=topic, schema=OTHER) as producer:
            producer.produce({}, key=None)
            return producer

    def consume() -> object:
        letters = DeadLetters()
        with ContractConsumer(
            config, topic=topic, group=topic, schema=ORDER, poison=letters
        ) as consumer:
            consumer.poll(WAIT if password == WRONG else 5)
            return consumer

    attempt(poison)
    attempt(consume)
    for name, value in _environment(secured, config).items():
        monkeypatch.setenv(name, value)
    for arguments in (
        ("doctor",),
        ("topics", "list"),
        ("topics", "describe", topic),
        ("topics", "create", topic),
        ("register", "--environment", "prod"),
        ("dlq", "list", topic),
        ("dlq", "show", topic, "0", "0"),
        ("dlq", "replay", topic),
    ):
        result = CliRunner().invoke(main, arguments)
        shown.append(result.output)
        if result.exc_info is not None:
            shown += traceback.format_exception(*result.exc_info)
    shown += [file.read_text("utf-8") for file in tmp_path.iterdir()]
    shown += [caplog.text, *capfd.readouterr()]
    text = "\n".join(shown)
    assert [spelling for spelling in SPELLINGS if spelling in text] == []
    assert ("_AUTHENTICATION" in text) == (password == WRONG)
    # The search had something to search: the commands got as far as they should.
    assert ("1 still cannot be read" in text) == (password == PASSWORD)
    assert f"{topic}-value" in (tmp_path / "streamcontract.lock").read_text("utf-8")
