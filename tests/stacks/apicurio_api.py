"""Apicurio's own API beside the one that is Confluent's, as the oracle of its ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from streamcontract.devstack.kafka import ApicurioRegistry

__all__ = ["own_api", "versions_of"]


def own_api(apicurio: ApicurioRegistry, release: int) -> str:
    """Where the API of a release is."""
    return apicurio.url.replace("/apis/ccompat/v7", f"/apis/registry/v{release}")


def versions_of(apicurio: ApicurioRegistry, artifact: str) -> list[dict[str, Any]]:
    """An artifact's versions, the oldest first, each with its ``globalId`` and ``contentId``."""
    url = f"{own_api(apicurio, 3)}/groups/default/artifacts/{artifact}/versions"
    answer = requests.get(url, timeout=30)
    answer.raise_for_status()
    return sorted(answer.json()["versions"], key=lambda each: each["globalId"])
