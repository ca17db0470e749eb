"""TLS: a CA of one's own, and a client certificate with an encrypted key."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path

import attrs
import pytest
from tests.registry.scripted import ScriptedServer, answer

from streamcontract.errors import ConfigurationError
from streamcontract.registry import SchemaRegistry, errors

pytest.importorskip("cryptography", reason="makes the certificates; comes with confluent-kafka")

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PASSWORD = "key-pa55"  # noqa: S105 - of a key that lives as long as the test


@attrs.frozen
class Identity:
    """A certificate and its key, in files."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = folder / "ca.pem"
        self._write(self.certificate, self._sign("ca", self._key, is_authority=True))

    def issue(self, name: str, password: str | None = None) -> Identity:
        """A certificate for 127.0.0.1, its key encrypted if there is a password."""
        key = ec.generate_private_key(ec.SECP256R1())
        identity = Identity(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        self._write(identity.certificate, self._sign(name, key, is_authority=False))
        encryption = (
            serialization.NoEncryption()
            if password is None
            else serialization.BestAvailableEncryption(password.encode())
        )
        identity.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
            )
        )
        return identity

    def _sign(
        self, name: str, key: ec.EllipticCurvePrivateKey, *, is_authority: bool
    ) -> x509.Certificate:
        now = datetime.now(timezone.utc)
        own_key = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(_common_name(name))
            .issuer_name(_common_name("ca"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]),
                critical=False,
            )
            .add_extension(own_key, critical=False)
            .add_extension(authority_key, critical=False)
            .sign(self._key, hashes.SHA256())
        )

    @staticmethod
    def _write(file: Path, certificate: x509.Certificate) -> None:
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


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
