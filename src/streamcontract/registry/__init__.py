"""The schema registry: its protocol, a client, and subject names."""

from streamcontract.registry.client import SchemaRegistry
from streamcontract.registry.config import CONFIG_PREFIX, DEFAULT_URL, URL_VARIABLE
from streamcontract.registry.contexts import QualifiedSubject
from streamcontract.registry.data_contracts import Metadata, Rule, RuleSet
from streamcontract.registry.lock import Lock
from streamcontract.registry.lock_file import find_lock
from streamcontract.registry.protocol import SchemaReference
from streamcontract.registry.results import (
    CompatibilityResult,
    RegisteredSchema,
    SubjectConfig,
    SubjectVersion,
)

__all__ = [
    "CONFIG_PREFIX",
    "DEFAULT_URL",
    "URL_VARIABLE",
    "CompatibilityResult",
    "Lock",
    "Metadata",
    "QualifiedSubject",
    "RegisteredSchema",
    "Rule",
    "RuleSet",
    "SchemaReference",
    "SchemaRegistry",
    "SubjectConfig",
    "SubjectVersion",
    "find_lock",
]
