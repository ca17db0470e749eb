"""The list of the files that Apache Kafka runs on: paths in a Maven repository, sizes, SHA-256.

``make kafka-artifacts`` has Maven fetch what ``kafka.pom.xml`` names, and writes the list beside
it. It is run when a version in the POM changes; the tests say when the two do not agree.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tempfile
from pathlib import Path

import attrs

from streamcontract.atomic_file import write_atomically
from streamcontract.devstack.kafka.cluster import KAFKA_POM
from streamcontract.devstack.kafka.distribution import artifacts_file
from streamcontract.devstack.kafka.download import Artifact


def main() -> None:
    """Write the list."""
    with tempfile.TemporaryDirectory() as scratch:
        artifacts = _fetch(Path(scratch))
    rows = [json.dumps(attrs.asdict(artifact)) for artifact in artifacts]
    file = artifacts_file(KAFKA_POM)
    write_atomically(file, "[\n" + ",\n".join(f"  {row}" for row in rows) + "\n]\n")
    print(f"{file}: {len(artifacts)} files, {sum(each.size for each in artifacts):,} bytes")


def _fetch(folder: Path) -> list[Artifact]:
    pom, fetched = folder / "pom.xml", folder / "fetched"
    pom.write_bytes(KAFKA_POM.read_bytes())
    maven = ["mvn", "--batch-mode", "--quiet", "--strict-checksums", f"--file={pom}"]
    layout = "-Dmdep.useRepositoryLayout=true"
    command = [*maven, f"-Dfolder={fetched}", layout, "process-resources"]
    subprocess.run(command, check=True)  # noqa: S603 - this machine's own Maven
    return [
        Artifact(
            path=file.relative_to(fetched).as_posix(),
            size=file.stat().st_size,
            sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        )
        for file in sorted(fetched.rglob("*.jar"))
    ]


if __name__ == "__main__":
    main()
