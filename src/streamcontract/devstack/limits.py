"""Limits of the embedded broker, in short; ``docs/devstack.md`` has all of them."""

from __future__ import annotations

from typing import Final

__all__ = ["LIMITS"]

LIMITS: Final = (
    "Messages live in memory: the newest 5 MiB of each partition, older batches are dropped.",
    "No offsets by time, no retention or other topic configuration, no compaction.",
    "AdminClient cannot create topics: use `streamcontract topics create` or ensure_topic.",
    "Groups cannot be listed or described; the committed offsets of a known group can.",
    "A member that joins or leaves a group stalls it for session.timeout.ms less 1 s (44 s).",
    "Retries may write a message twice, idempotent producer or not.",
    "Messages of aborted transactions stay readable.",
    "No TLS, no authentication; reachable from this machine only.",
)
"""One sentence for each limit that users should know."""
