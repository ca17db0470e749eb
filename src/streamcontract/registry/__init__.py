"""The schema registry: its protocol, a client, and subject names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamcontract._lazy import lazy_names

if TYPE_CHECKING:
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

if not TYPE_CHECKING:  # which would take any name for one of the package
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "CONFIG_PREFIX": "registry.config",
            "CompatibilityResult": "registry.results",
            "DEFAULT_URL": "registry.config",
            "Lock": "registry.lock",
            "Metadata": "registry.data_contracts",
            "QualifiedSubject": "registry.contexts",
            "RegisteredSchema": "registry.results",
            "Rule": "registry.data_contracts",
            "RuleSet": "registry.data_contracts",
            "SchemaReference": "registry.protocol",
            "SchemaRegistry": "registry.client",
            "SubjectConfig": "registry.results",
            "SubjectVersion": "registry.results",
            "URL_VARIABLE": "registry.config",
            "find_lock": "registry.lock_file",
        },
    )
