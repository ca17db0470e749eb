"""TLS: a CA of one's own, and a client certificate with an encrypted key."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.registry.authority import Authority
from tests.registry.scripted import ScriptedServer, answer

from streamcontract.errors import ConfigurationError
from streamcontract.registry import SchemaRegistry, errors

PASSWORD = "key-pa55"  # noqa: S105 - of a key that lives as long as the test


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority that nobody but the test trusts."""
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def secured(authority: Authority) -> Iterator[ScriptedServer]:
    """A server with a certificate of the authority, which wants one of it from clients."""
    own = authority.issue("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate, own.key)
    context.load_verify_locations(authority.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    server = ScriptedServer(context)
    yield server
    server.close()


def test_a_client_certificate_opens_the_registry(
    secured: ScriptedServer, authority: Authority
) -> None:
    """With the CA and a certificate whose key is encrypted, a request is answered."""
    me = authority.issue("me", PASSWORD)
    secured.then(answer(200, ["a"]))
    with SchemaRegistry(
        secured.url,
        ca=authority.certificate,
        client_certificate=me.certificate,
        client_key=me.key,
        client_key_password=PASSWORD,
    ) as registry:
        assert registry.subjects() == ["a"]


def test_an_authority_that_is_not_trusted_is_refused(
    secured: ScriptedServer, authority: Authority, pauses: list[float]
) -> None:
    """Without the CA the registry's certificate is not believed, and not asked for again."""
    with (
        SchemaRegistry(secured.url) as registry,
        pytest.raises(errors.RegistryUnreachableError, match="certificate verify failed"),
    ):
        registry.subjects()
    assert pauses == []


def test_a_custom_authority_wins_over_the_environment(
    secured: ScriptedServer,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """What the caller names counts, whatever REQUESTS_CA_BUNDLE says."""
    other = Authority(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other.certificate))
    me = authority.issue("me")
    secured.then(answer(200, []))
    config = {
        "schema.registry.url": secured.url,
        "schema.registry.ssl.ca.location": str(authority.certificate),
        "schema.registry.ssl.certificate.location": str(me.certificate),
        "schema.registry.ssl.key.location": str(me.key),
    }
    with SchemaRegistry.from_config(config) as registry:
        assert registry.subjects() == []


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"ca": "none.pem"}, "none.pem (ssl.ca.location)"),
        ({"ca": "locked.key"}, "CA certificates"),
        ({"key": "locked.key"}, "needs its certificate too"),
        ({"certificate": "locked.pem"}, "ssl.key.location"),
        ({"certificate": "locked.pem", "key": "locked.key"}, "ssl.key.password"),
    ],
    ids=["no file", "no certificate", "key alone", "certificate alone", "no password"],
)
def test_files_are_checked_at_once(
    authority: Authority, files: dict[str, str], expected: str
) -> None:
    """A file that is missing or does not fit is named when the client is made."""
    folder = authority.issue("locked", PASSWORD).key.parent
    config = {
        f"schema.registry.ssl.{kind}.location": str(folder / name) for kind, name in files.items()
    }
    with pytest.raises(ConfigurationError) as caught:
        SchemaRegistry.from_config(config)
    assert expected in str(caught.value)
