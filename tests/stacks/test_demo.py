"""The project's main job on three brokers of Apache Kafka."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamcontract.devstack.kafka import KafkaStack


def test_demo(cluster: KafkaStack) -> None:
    """All 12,154 bars come back from a real cluster equal to what was published."""
    result = subprocess.run(
        [sys.executable, "-m", "streamcontract", "demo"],
        env=os.environ | cluster.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"Cluster: broker {cluster.bootstrap_servers}" in result.stdout
    assert "All 12,154 records came back equal to what was published" in result.stdout
