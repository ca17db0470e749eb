"""Credentials from the environment and from files, and what is heard of brokers that refuse."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import confluent_kafka
import pytest
from click.testing import CliRunner
from confluent_kafka import KafkaError
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.cli import main
from streamcontract.errors import ConfigurationError
from streamcontract.kafka import DeadLetters
from streamcontract.kafka.connection.authentication_errors import (
    AuthenticationErrors,
    authentication_advice,
    watched_metadata,
)
from streamcontract.kafka.connection.config import build_client, split_config
from streamcontract.kafka.connection.credentials import environment_security
from streamcontract.kafka.errors import PropertyError
from streamcontract.registry import SchemaRegistry

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "pl4nted-s3cret"  # noqa: S105 - of no broker

DOWN = KafkaError(KafkaError._ALL_BROKERS_DOWN)
REFUSED = KafkaError(KafkaError._AUTHENTICATION, "wrong password")
AWAY = KafkaError(KafkaError._TRANSPORT, "Connect to 127.0.0.1:1 failed: Connection refused")


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    """A file with the secret, as an editor leaves it."""
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n", "utf-8")
    return file


@pytest.mark.parametrize(
    "name",
    [
        "sasl.password",
        "sasl.oauthbearer.client.secret",
        "ssl.key.password",
        "ssl.keystore.password",
    ],
)
def test_a_secret_from_a_file(secret_file: Path, name: str) -> None:
    """The line of the file, without its end, takes the place of the file's name."""
    client = split_config({f"{name}.location": str(secret_file)}).client
    assert client[name] == SECRET
    assert f"{name}.location" not in client


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "cannot be read"),
        (b"", "not one line"),
        (f"{SECRET}\n{SECRET}".encode(), "not one line"),
        (SECRET.encode() + b"\xff", "not UTF-8"),
    ],
    ids=["no file", "empty", "two lines", "no text"],
)
def test_a_file_that_holds_no_secret(tmp_path: Path, content: bytes | None, expected: str) -> None:
    """It is named with its setting, and nothing of it is shown."""
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=expected) as caught:
        split_config({"sasl.password.location": str(file)})
    assert "sasl.password.location" in str(caught.value)
    assert str(file) in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_secret_given_twice(secret_file: Path) -> None:
    """Which of the two counts is not guessed."""
    with pytest.raises(ConfigurationError, match="both given"):
        split_config({"sasl.password": "x", "sasl.password.location": str(secret_file)})


def test_the_environments_credentials_go_to_its_brokers_only(
    monkeypatch: pytest.MonkeyPatch, secret_file: Path
) -> None:
    """They are used where the brokers are the environment's too, and may be replaced one by one."""
    monkeypatch.setenv("STREAMCONTRACT_BOOTSTRAP_SERVERS", "broker:9093")
    monkeypatch.setenv("STREAMCONTRACT_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("STREAMCONTRACT_SASL_USERNAME", "ann")
    monkeypatch.setenv("STREAMCONTRACT_SASL_PASSWORD_LOCATION", str(secret_file))
    client = split_config({"sasl.username": "bob"}).client
    assert client["security.protocol"] == "SASL_SSL"
    assert (client["sasl.username"], client["sasl.password"]) == ("bob", SECRET)
    for key in ("bootstrap.servers", "metadata.broker.list"):
        others = split_config({key: "other:9092"}).client
        assert not {name for name in others if name.startswith(("sasl.", "ssl.", "security."))}


@given(
    st.lists(st.sampled_from(["ssl", "key", "password"]), min_size=1, max_size=3).map(
        lambda words: ".".join(["ssl", *words])
    ),
    st.text(),
)
def test_variables_stand_for_properties(name: str, value: str) -> None:
    """In capitals, with an underscore for each dot; an empty variable stands for nothing."""
    variable = "STREAMCONTRACT_" + name.upper().replace(".", "_")
    found = environment_security({variable: value, variable.removeprefix("STREAMCONTRACT_"): "x"})
    assert found == ({name: value} if value else {})


def test_the_registry_inherits_the_brokers_credentials(secret_file: Path) -> None:
    """SASL_INHERIT finds them in the same configuration, wherever they came from."""
    settings = split_config(
        {
            "sasl.username": "ann",
            "sasl.password.location": str(secret_file),
            "schema.registry.url": "http://127.0.0.1:1",
            "schema.registry.basic.auth.credentials.source": "SASL_INHERIT",
        }
    )
    SchemaRegistry.from_config(settings.registry).close()
    assert settings.registry["sasl.password"] == SECRET


@pytest.mark.parametrize("key", ["sasl.mechanism", "sasl.mechanisms"])
def test_oauthbearer_needs_a_source_of_tokens(key: str) -> None:
    """Without one librdkafka would wait for ever, and say nothing."""
    with pytest.raises(ConfigurationError, match="oauth_cb"):
        split_config({key: "OAUTHBEARER"})
    assert split_config({key: "OAUTHBEARER", "sasl.oauthbearer.method": "oidc"}).client


def test_a_source_of_tokens_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """The log has the error's type and not its text; what librdkafka makes of it names oauth_cb."""

    def fail(config: str) -> tuple[str, float]:
        raise RuntimeError(SECRET)

    caplog.set_level(logging.DEBUG)
    callback = split_config({"oauth_cb": fail}).client["oauth_cb"]
    assert split_config({"oauth_cb": callback}).client["oauth_cb"] is callback
    with pytest.raises(RuntimeError):
        callback("")
    assert "RuntimeError" in caplog.text
    assert SECRET not in caplog.text

    def no_token(properties: dict[str, Any]) -> None:
        raise confluent_kafka.KafkaException(KafkaError(KafkaError.SASL_AUTHENTICATION_FAILED))

    with pytest.raises(PropertyError) as caught:
        build_client(no_token, {})
    assert caught.value.property == "oauth_cb"


@pytest.mark.parametrize("wrap", [lambda error: error, confluent_kafka.KafkaException])
def test_a_token_that_does_not_come(wrap: Any) -> None:
    """confluent_kafka raises the error by itself in some clients, and within another elsewhere."""

    def make(_properties: dict[str, Any]) -> object:
        raise wrap(KafkaError(KafkaError.SASL_AUTHENTICATION_FAILED, "no token in time"))

    with pytest.raises(PropertyError, match=r"'oauth_cb'.*no token in time"):
        build_client(make, {})


def test_a_property_that_needs_what_is_not_installed() -> None:
    """The package to install is named; older versions of confluent-kafka have no such property."""
    with pytest.raises(PropertyError, match="oauthbearer"):
        build_client(
            confluent_kafka.Producer,
            {
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": "OAUTHBEARER",
                "sasl.oauthbearer.method": "oidc",
                "sasl.oauthbearer.metadata.authentication.type": "aws_iam",
                "sasl.oauthbearer.config": "region=us-east-1,audience=https://example.com",
            },
        )


def test_a_file_that_librdkafka_cannot_use(tmp_path: Path) -> None:
    """The property is named, as it is for values that librdkafka refuses."""
    with pytest.raises(PropertyError) as caught:
        build_client(
            confluent_kafka.Producer,
            {"security.protocol": "SSL", "ssl.ca.location": str(tmp_path / "none.pem")},
        )
    assert caught.value.property == "ssl.ca.location"


def test_no_representation_shows_a_secret() -> None:
    """Nor does a complaint about an option whose name was forgotten."""
    settings = split_config(
        {"sasl.password": SECRET, "schema.registry.basic.auth.user.info": f"ann:{SECRET}"}
    )
    assert SECRET not in repr(settings)
    assert SECRET not in repr(DeadLetters(config={"sasl.password": SECRET}))
    result = CliRunner().invoke(main, ["topics", "list", "-X", SECRET])
    assert result.exit_code == 2
    assert "NAME=VALUE" in result.output
    assert SECRET not in result.output


def test_a_refusal_counts_when_no_broker_is_left() -> None:
    """One broker of several that refuses is an outage of that one; then a refusal is told once."""
    heard: list[KafkaError] = []
    watch = AuthenticationErrors({"error_cb": heard.append})
    watch.hear(REFUSED)
    assert (watch.is_refused, watch.take()) == (False, None)
    watch.hear(DOWN)
    assert watch.is_refused
    assert watch.take() is REFUSED
    assert watch.take() is None
    watch.hear(REFUSED)
    assert watch.take() is REFUSED
    assert heard == [REFUSED, DOWN, REFUSED]


def test_an_outage_is_no_refusal() -> None:
    """Brokers that are away are waited for, even if one of them had refused before."""
    watch = AuthenticationErrors({})
    for error in (REFUSED, AWAY, DOWN):
        watch.hear(error)
    assert (watch.is_refused, watch.take()) == (False, None)


@pytest.mark.parametrize(
    ("error", "to_mend"),
    [
        (REFUSED, "sasl.password"),
        (KafkaError(KafkaError._SSL, "certificate verify failed"), "ssl.ca.location"),
        (KafkaError(KafkaError._TRANSPORT, "... SSL alert number 116"), "ssl.certificate.location"),
        (KafkaError(KafkaError._SSL, "... SSL alert number 42"), "ssl.certificate.location"),
        (KafkaError(KafkaError._TRANSPORT, "... SSL alert number 0"), ""),
        (AWAY, ""),
        (DOWN, ""),
    ],
    ids=lambda value: value.name() if isinstance(value, KafkaError) else None,
)
def test_the_property_to_mend(error: KafkaError, to_mend: str) -> None:
    """By librdkafka's code, and by the TLS alert that it takes for a broken connection."""
    advice = authentication_advice(error)
    assert to_mend in advice
    assert bool(advice) == bool(to_mend)


class _Deaf:
    """A client that hears nothing when it is polled."""

    def poll(self, timeout: float) -> None:
        del timeout


def test_what_fails_before_its_time_is_not_asked_again() -> None:
    """An error that no waiting would mend is raised as it is."""
    asked: list[float] = []

    def ask(seconds: float) -> None:
        asked.append(seconds)
        raise confluent_kafka.KafkaException(AWAY)

    with pytest.raises(confluent_kafka.KafkaException):
        watched_metadata(_Deaf(), ask, AuthenticationErrors({}), 60)
    assert asked == [1.0]
