"""Versions of confluent-kafka that the clients support."""

from __future__ import annotations

from typing import Final

from streamcontract.errors import ConfigurationError

__all__ = ["OLDEST", "UnsupportedVersionError", "check_version"]

OLDEST: Final = (2, 12)
"""The oldest supported version, with which the tests of the clients pass."""


class UnsupportedVersionError(ConfigurationError, ImportError):
    """The installed confluent-kafka is too old; an ImportError too, because it is raised on import.

    Attributes:
        installed: Its version.
    """

    def __init__(self, installed: str) -> None:
        super().__init__(installed)
        self.installed = installed

    def __str__(self) -> str:
        oldest = ".".join(map(str, OLDEST))
        return (
            f"streamcontract needs confluent-kafka {oldest} or newer, and {self.installed} is "
            f"installed: pip install --upgrade 'confluent-kafka[avro]>={oldest}'"
        )


def check_version(installed: str) -> None:
    """Refuse a version of confluent-kafka that is too old.

    Args:
        installed: The ``confluent_kafka.__version__``.

    Raises:
        UnsupportedVersionError: It is older than :data:`OLDEST`.

    Example:
        >>> check_version("2.16.1")
    """
    parts = tuple(int(part) for part in installed.split(".")[:2] if part.isdecimal())
    if parts < OLDEST:
        raise UnsupportedVersionError(installed)
