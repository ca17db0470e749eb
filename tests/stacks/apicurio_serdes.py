"""Apicurio's serdes for Java in a process of their own, which writes and reads as it is asked."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import attrs

from streamcontract.devstack.kafka.distribution import fetch
from streamcontract.devstack.kafka.java import find_java

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Keyed", "Serdes", "Value"]

_HERE: Final = Path(__file__).parent
_OPTIONS: Final = ("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


@attrs.frozen
class Value:
    """A record and the schema that it is written with, or that it was read with.

    Attributes:
        schema: The schema, as its JSON.
        data: The record in Avro's JSON encoding.
    """

    schema: Any
    data: Any


@attrs.frozen
class Keyed:
    """The key and the value of one message."""

    key: Value
    value: Value


class Serdes:
    """``AvroKafkaSerializer`` and ``AvroKafkaDeserializer`` of one release.

    Args:
        release: 2 or 3; the POMs beside this module have the exact versions.
        bootstrap_servers: The brokers.
        registry_url: Apicurio's own API of that release.
        log: A file for what the process writes to its standard error.

    Raises:
        StackError: Maven cannot fetch them, or there is no Java.
    """

    def __init__(self, release: int, bootstrap_servers: str, registry_url: str, log: Path) -> None:
        jars = fetch(_HERE / f"apicurio-serdes-{release}.pom.xml")
        self._properties = {
            "bootstrap.servers": bootstrap_servers,
            "apicurio.registry.url": registry_url,
            "apicurio.registry.auto-register": "true",
        }
        self._log = log
        program = str(_HERE / "ApicurioSerdes.java")
        with log.open("ab") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - the user's own Java
                [str(find_java().path), *_OPTIONS, "-cp", f"{jars}/*", program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
            )

    def write(self, topic: str, records: Sequence[Keyed], properties: Mapping[str, str]) -> None:
        """Write records to partition 0 of a topic, and register their schemas."""
        self._ask({"topic": topic, "records": list(map(attrs.asdict, records))}, properties)

    def read(self, topic: str, count: int, properties: Mapping[str, str]) -> list[Keyed]:
        """Read the first records of partition 0 of a topic, each with its writer's schema."""
        answer = self._ask({"topic": topic, "count": count}, properties)
        return [
            Keyed(**{name: Value(**value) for name, value in record.items()})
            for record in answer["records"]
        ]

    def _ask(self, request: Mapping[str, Any], properties: Mapping[str, str]) -> Any:
        requests, answers = self._pipes
        asked = {**request, "properties": {**self._properties, **properties}}
        requests.write(json.dumps(asked) + "\n")
        requests.flush()
        line = answers.readline()
        assert line, f"the process of the serdes ended:\n{self._log.read_text('utf-8')}"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer

    @property
    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout

    def close(self) -> None:
        """End the process; it ends by itself where this one is killed."""
        self._process.communicate()
