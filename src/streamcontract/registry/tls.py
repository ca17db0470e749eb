"""TLS of the registry client: a custom CA and a client certificate, read at construction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
from requests.adapters import HTTPAdapter
from urllib3.util.ssl_ import create_urllib3_context

from streamcontract.errors import ConfigurationError
from streamcontract.registry.deadlines import POOL_CLASSES

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

__all__ = ["TlsAdapter", "TlsSettings"]


@attrs.frozen(kw_only=True)
class TlsSettings:
    """Settings of TLS.

    Attributes:
        ca: File or folder with the CA certificates (PEM) to trust instead of the usual ones.
        certificate: File with the client's certificate (PEM), and its key unless ``key`` has it.
        key: File with the client's private key (PEM).
        key_password: The password of the private key.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    key_password: str | None = attrs.field(default=None, repr=False)

    def context(self) -> ssl.SSLContext | None:
        """The context for these settings; None for the defaults.

        Raises:
            ConfigurationError: A file is missing, is not PEM, or does not fit the others.
        """
        if self.certificate is None and (self.key or self.key_password) is not None:
            raise ConfigurationError(
                "a client key (ssl.key.location, ssl.key.password) needs its certificate too: "
                "give client_certificate (ssl.certificate.location)"
            )
        if self.ca is None and self.certificate is None:
            return None
        context = create_urllib3_context()
        if self.ca is not None:
            self._load_ca(context, self.ca)
        if self.certificate is not None:
            self._load_certificate(context, self.certificate)
        return context

    def _load_ca(self, context: ssl.SSLContext, ca: Path) -> None:
        try:
            if ca.is_dir():
                context.load_verify_locations(capath=ca)
            else:
                context.load_verify_locations(cafile=ca)
        except OSError as error:  # ssl.SSLError is one
            raise ConfigurationError(
                f"cannot read CA certificates (PEM) from {ca} (ssl.ca.location): {error}"
            ) from error

    def _load_certificate(self, context: ssl.SSLContext, certificate: Path) -> None:
        try:
            # An empty password fails; without one, OpenSSL would prompt on the terminal.
            context.load_cert_chain(certificate, self.key, self.key_password or "")
        except OSError as error:
            raise ConfigurationError(
                f"cannot use the client certificate {certificate} (ssl.certificate.location) with "
                f"the key {self.key or certificate} (ssl.key.location, ssl.key.password): {error}"
            ) from error


class TlsAdapter(HTTPAdapter):
    """Uses one TLS context for all connections, including those through proxies, and the deadlines.

    requests takes the names of a certificate and a key file, but no password for the key.
    """

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._pool_options: dict[str, Any] = {} if context is None else {"ssl_context": context}
        super().__init__()

    # Both signatures are those of requests, which passes the options on to urllib3.
    def init_poolmanager(
        self,
        connections: int,
        maxsize: int,
        block: bool = False,  # noqa: FBT001, FBT002 - as in the base
        **options: Any,
    ) -> None:
        """Make the pool of direct connections."""
        super().init_poolmanager(connections, maxsize, block, **options, **self._pool_options)
        self.poolmanager.pool_classes_by_scheme = POOL_CLASSES

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Make the pool of connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **options, **self._pool_options)
        if not proxy.lower().startswith("socks"):  # SOCKS has its own connections
            manager.pool_classes_by_scheme = POOL_CLASSES
        return manager
