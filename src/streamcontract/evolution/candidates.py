"""Candidates of a check: the schemas of a project's contracts, or of single files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from streamcontract.registry.subjects import topic_name_strategy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from streamcontract.project import ContractConfig
    from streamcontract.schema import Schema

__all__ = ["Candidate", "Slot", "slots"]


@attrs.frozen(kw_only=True)
class Slot:
    """The use of a schema: for the values or the keys of a contract, or unknown.

    Attributes:
        contract: The contract's name, which ends in ``" (key)"`` for keys; for a single file its
        path.
        is_key: Whether it is the schema of the keys.
        file: The schema's file, absolute.
        subject: Its subject in a registry, or None without a topic.
        level: The contract's compatibility level, or None.
        is_contract: Whether it is from a project; else it is a single file.
    """

    contract: str
    is_key: bool = False
    file: Path
    subject: str | None = None
    level: str | None = None
    is_contract: bool = True


@attrs.frozen(kw_only=True)
class Candidate:
    """A schema in its present version.

    Attributes:
        slot: Its use.
        schema: The schema.
    """

    slot: Slot
    schema: Schema


def slots(contracts: Iterable[ContractConfig]) -> Iterator[Slot]:
    """The schemas of values and keys of contracts, in order."""
    for contract in contracts:
        for is_key, file in ((False, contract.schema), (True, contract.key_schema)):
            if file is None:
                continue
            topic = contract.topic
            yield Slot(
                contract=f"{contract.name} (key)" if is_key else contract.name,
                is_key=is_key,
                file=file,
                subject=None if topic is None else topic_name_strategy(topic, is_key=is_key),
                level=contract.compatibility,
            )
