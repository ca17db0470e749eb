"""Development stack: a broker and a schema registry without Docker or installation."""

from __future__ import annotations

from streamcontract.devstack.broker import EmbeddedBroker
from streamcontract.devstack.stack import DevStack

__all__ = ["DevStack", "EmbeddedBroker"]
