"""docker-compose.yml, as a compose implementation reads it.

podman-compose parses the file and fills in its variables without any engine; it asks its engine
for nothing but ``--version``, so the running Python stands in for one. Where Docker's own compose
plugin is installed it reads the file too.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

COMPOSE_FILE = Path(__file__).parents[2] / "docker-compose.yml"
Resolved = dict[str, Any]


def _run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("STREAMCONTRACT_")}
    return subprocess.run(  # noqa: S603 - fixed commands, no shell
        command, env=environment | variables, capture_output=True, text=True, check=False
    )


def resolve(**variables: str) -> Resolved:
    """Give the file as podman-compose understands it under these environment variables."""
    result = _run(
        *(sys.executable, "-m", "podman_compose", "--podman-path", sys.executable),
        *("--file", str(COMPOSE_FILE), "config"),
        **variables,
    )
    assert result.returncode == 0, result.stderr
    resolved: Resolved = yaml.safe_load(result.stdout)
    return resolved


@pytest.fixture(scope="module")
def resolved() -> Resolved:
    """The file with every variable at its default."""
    return resolve()


def _flag(resolved: Resolved, name: str) -> dict[str, str]:
    """Give the listeners of one ``redpanda start`` flag, by listener name."""
    prefix = f"--{name}="
    [value] = [
        argument.removeprefix(prefix)
        for argument in resolved["services"]["redpanda"]["command"]
        if argument.startswith(prefix)
    ]
    return dict(listener.split("://") for listener in value.split(","))


def test_services_and_volume(resolved: Resolved) -> None:
    """Redpanda and its console, the broker's data in a named volume."""
    assert set(resolved["services"]) == {"redpanda", "console"}
    assert list(resolved["volumes"]) == ["redpanda-data"]
    [mount] = resolved["services"]["redpanda"]["volumes"]
    assert mount == "redpanda-data:/var/lib/redpanda/data"


def test_images_are_pinned(resolved: Resolved) -> None:
    """Every image names one release, never a moving tag."""
    for service in resolved["services"].values():
        assert re.fullmatch(r"redpandadata/[a-z]+:v\d+\.\d+\.\d+", service["image"])


def test_every_port_is_loopback_only(resolved: Resolved) -> None:
    """Nothing of the development stack can be reached from another machine."""
    published = [port for service in resolved["services"].values() for port in service["ports"]]
    assert sorted(published) == [
        "127.0.0.1:18081:18081",
        "127.0.0.1:19092:19092",
        "127.0.0.1:8080:8080",
        "127.0.0.1:9644:9644",
    ]


def test_listeners_match_the_published_ports(resolved: Resolved) -> None:
    """The address advertised to the host is the one published there, and the library's default."""
    assert _flag(resolved, "advertise-kafka-addr")["external"] == "localhost:19092"
    assert _flag(resolved, "kafka-addr")["external"] == "0.0.0.0:19092"
    assert _flag(resolved, "schema-registry-addr")["external"] == "0.0.0.0:18081"


def test_console_is_wired_to_the_internal_listeners(resolved: Resolved) -> None:
    """The console reaches broker, registry and admin API inside the network, once healthy."""
    console = resolved["services"]["console"]
    environment = console["environment"]
    assert environment["KAFKA_BROKERS"] == _flag(resolved, "advertise-kafka-addr")["internal"]
    registry_port = _flag(resolved, "schema-registry-addr")["internal"].rpartition(":")[2]
    assert environment["SCHEMAREGISTRY_ENABLED"] == "true"
    assert environment["SCHEMAREGISTRY_URLS"] == f"http://redpanda:{registry_port}"
    assert environment["REDPANDA_ADMINAPI_ENABLED"] == "true"
    assert environment["REDPANDA_ADMINAPI_URLS"] == "http://redpanda:9644"
    assert console["depends_on"] == {"redpanda": {"condition": "service_healthy"}}
    assert "rpk cluster health" in resolved["services"]["redpanda"]["healthcheck"]["test"][-1]


@pytest.mark.searching
def test_one_variable_moves_the_console() -> None:
    """Where 8080 is taken, STREAMCONTRACT_CONSOLE_PORT moves the console and nothing else."""
    moved = resolve(STREAMCONTRACT_CONSOLE_PORT="8085")
    assert moved["services"]["console"]["ports"] == ["127.0.0.1:8085:8080"]
    moved["services"]["console"]["ports"] = ["127.0.0.1:8080:8080"]
    assert moved == resolve()


def test_docker_compose_reads_it() -> None:
    """Docker's own plugin, where there is one, accepts the file."""
    if shutil.which("docker") is None or _run("docker", "compose", "version").returncode != 0:
        pytest.skip("docker compose is not installed here")
    result = _run("docker", "compose", "--file", str(COMPOSE_FILE), "config", "--quiet")
    assert result.returncode == 0, result.stderr
