"""A broker and a schema registry for a machine that has none: no Docker, no installation."""

from __future__ import annotations

from streamcontract.devstack.broker import EmbeddedBroker
from streamcontract.devstack.stack import DevStack

__all__ = ["DevStack", "EmbeddedBroker"]
