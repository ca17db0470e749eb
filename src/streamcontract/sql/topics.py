"""Topics that a statement may name: which there are, and the table that each is."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from streamcontract.errors import ConfigurationError, ProjectError
from streamcontract.kafka.connection.cluster import Cluster
from streamcontract.kafka.connection.config import split_config
from streamcontract.messages.topics import schema_of
from streamcontract.project import find_project
from streamcontract.registry import SchemaRegistry
from streamcontract.sql.ranges import TopicRanges
from streamcontract.sql.table import TopicTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyarrow as pa

    from streamcontract.project import Project
    from streamcontract.sql.intervals import Intervals
    from streamcontract.sql.ranges import Filters

__all__ = ["Topics"]


class Topics:
    """The topics of a cluster.

    Args:
        config: Client properties.
        project: The project: its contracts are read with their schemas. None for that of the
            current folder, if there is one.
        contracts: The names of the contracts to take for topics that have several.
        prefix: What the names of metadata columns begin with.
        lateness: Milliseconds, as for :class:`TopicRanges`.

    Raises:
        ConfigurationError: The configuration is wrong, or there is no such contract.
        ProjectError: The project file is wrong.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        *,
        project: Project | None,
        contracts: Sequence[str],
        prefix: str,
        lateness: int | None,
    ) -> None:
        self._config = config
        self._prefix = prefix
        self._lateness = lateness
        self._settings = split_config(config)
        self._cluster = Cluster(self._settings.client)
        self._project = find_project() if project is None else project
        if self._project is not None and self._project.faults:
            raise ProjectError(self._project.faults)
        self._contracts = _by_topic(contracts, self._project)
        self._registry = SchemaRegistry.from_config(self._settings.registry)

    def close(self) -> None:
        """Close the registry's client."""
        self._registry.close()

    def leave_requests(self) -> None:
        """Leave the connections to the brokers to a request that is not waited for any more."""
        self._cluster = Cluster(self._settings.client)

    def table(self, name: str, statement: str) -> tuple[TopicTable, pa.Schema]:
        """The table of a topic, and its columns.

        Args:
            name: The name of a table that DuckDB does not know.
            statement: The statement that has it.

        Raises:
            LookupError: There is no such topic, or DuckDB would take two of the statement for one.
            ConfigurationError: The topic has no schema, or a field with the name of a metadata
                column.
            SchemaParseError: The contract's schema breaks the Avro specification.
            RegistryError: The registry did not answer.
            ConsumeError: The brokers did not answer.
        """
        topics = self._cluster.topics()
        if name not in topics:
            near = difflib.get_close_matches(name, topics, n=1)
            hint = f"; did you mean topic {near[0]!r}?" if near else ""
            raise LookupError(f"there is no topic and no table {name!r}{hint}")
        for other in topics:
            if other != name and other.lower() == name.lower() and other in statement:
                raise LookupError(
                    f"DuckDB does not tell topics {name!r} and {other!r} apart, which differ only "
                    "in case: read them with two statements"
                )
        contract = self._contracts.get(name)
        schema = schema_of(name, self._project, self._registry, self._settings, contract=contract)
        table = TopicTable(name, schema, self._config, self._registry, prefix=self._prefix)
        return table, table.columns()

    def ranges(
        self, topic: str, scans: Iterable[Filters]
    ) -> tuple[TopicRanges, dict[int, Intervals]]:
        """The offsets that a topic has now, and those of them that some scans can use.

        Raises:
            ConsumeError: The brokers did not answer.
        """
        with self._cluster.connected() as cluster:
            found = TopicRanges(cluster, topic, self._lateness)
            return found, found.needed(scans)


def _by_topic(contracts: Sequence[str], project: Project | None) -> dict[str | None, str]:
    if project is None and contracts:
        raise ConfigurationError(f"there is no project file with a contract {contracts[0]!r} here")
    return {} if project is None else {project.contract(each).topic: each for each in contracts}
