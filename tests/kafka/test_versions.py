"""Which versions of confluent-kafka are taken, and what is said of the others."""

from __future__ import annotations

import subprocess
import sys

import confluent_kafka
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.errors import ConfigurationError
from streamcontract.kafka import ContractShareConsumer
from streamcontract.kafka.versions import OLDEST, UnsupportedVersionError, check_version

MAKE_IT_OLD = """
import confluent_kafka
confluent_kafka.__version__ = "2.3.0"
from streamcontract import Stock
"""


@given(
    st.tuples(st.integers(0, 9), st.integers(0, 99), st.integers(0, 9)),
    st.sampled_from(["", "rc1"]),
)
def test_older_versions_are_refused(version: tuple[int, int, int], suffix: str) -> None:
    """By number, and not by text: 2.9 is older than 2.12."""
    text = ".".join(map(str, version)) + suffix
    if version[:2] >= OLDEST:
        check_version(text)
    else:
        with pytest.raises(UnsupportedVersionError, match=f"and {text} is installed"):
            check_version(text)


def test_the_one_that_is_installed_is_taken() -> None:
    """Otherwise nothing here would run."""
    check_version(str(confluent_kafka.__version__))


def test_the_error_of_the_import_says_what_to_install() -> None:
    """It was "cannot import name 'Stock'"."""
    command = [sys.executable, "-c", MAKE_IT_OLD]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert done.returncode == 1
    assert "and 2.3.0 is installed: pip install --upgrade 'confluent-kafka[avro]>=" in done.stderr


def test_share_consumers_name_the_version_that_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only they need it."""
    monkeypatch.delattr(confluent_kafka, "ShareConsumer", raising=False)
    with pytest.raises(ConfigurationError, match=r"share groups need confluent-kafka 2\.16"):
        ContractShareConsumer(group="g", topic="t", schema={"type": "string"})
