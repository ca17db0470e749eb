"""Sources of the pages: brokers, registry and project, with waits that a browser can bear."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from streamcontract.kafka.connection.cluster import Cluster
from streamcontract.kafka.connection.config import split_config
from streamcontract.project import find_project
from streamcontract.registry import SchemaRegistry
from streamcontract.registry.config import options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confluent_kafka.admin import AdminClient
    from typing_extensions import Self

    from streamcontract.project import Project

__all__ = ["Sources"]

_PATIENCE: Final = 3.0
"""Seconds that a page waits for the brokers, and again for the registry."""


class _KeptCluster(Cluster):
    """Requests over one client that is kept: a new one needs 0.1 s for its connection."""

    def __init__(self, properties: Mapping[str, Any]) -> None:
        super().__init__(properties, timeout=_PATIENCE)
        self._lock = threading.Lock()
        self._admin: AdminClient | None = None

    def admin(self) -> AdminClient:
        with self._lock:
            if self._admin is None:
                self._admin = super().admin()
            return self._admin


class Sources:
    """What the pages are made from.

    Args:
        config: Client properties; see :func:`streamcontract.kafka.connection.config.split_config`.
        project_file: The project file, or a folder to search for one from; None for the current
            folder.

    Attributes:
        config: The client properties.
        settings: The client properties, split.
        cluster: The brokers.
        registry: The registry.

    Raises:
        ConfigurationError: The configuration is wrong.
    """

    def __init__(self, config: Mapping[str, Any], project_file: Path | None = None) -> None:
        self.config = dict(config)
        self.settings = split_config(config)
        self.cluster = _KeptCluster(self.settings.client)
        waits = dict.fromkeys(("connect_timeout", "read_timeout", "deadline"), _PATIENCE)
        given: Any = {
            **options(self.settings.registry),
            **waits,
            "max_retries": 1,
            # A page makes several calls, and waits for a registry that does not answer once.
            "failure_pause": _PATIENCE,
        }
        self.registry = SchemaRegistry(**given)
        self._project_file = project_file or Path.cwd()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the registry."""
        self.registry.close()

    @property
    def brokers(self) -> str:
        """The brokers' addresses, as configured."""
        client = self.settings.client
        return str(client.get("bootstrap.servers") or client.get("metadata.broker.list"))

    def project(self) -> Project | None:
        """The project as it is now, with its faults: contracts change while a console is open.

        Raises:
            ConfigurationError: There is no such file or folder any more.
        """
        return find_project(self._project_file)
