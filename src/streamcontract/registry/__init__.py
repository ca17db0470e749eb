"""The schema registry: its protocol, a client, and subject names."""

from streamcontract.registry.client import SchemaRegistry
from streamcontract.registry.config import CONFIG_PREFIX, DEFAULT_URL, URL_VARIABLE
from streamcontract.registry.lock import Lock
from streamcontract.registry.lockfile import find_lock
from streamcontract.registry.protocol import SchemaReference
from streamcontract.registry.results import CompatibilityResult, RegisteredSchema, SubjectVersion

__all__ = [
    "CONFIG_PREFIX",
    "DEFAULT_URL",
    "URL_VARIABLE",
    "CompatibilityResult",
    "Lock",
    "RegisteredSchema",
    "SchemaReference",
    "SchemaRegistry",
    "SubjectVersion",
    "find_lock",
]
