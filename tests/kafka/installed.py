"""What is installed: the confluent-kafka that newer tests need, and native code."""

from __future__ import annotations

from typing import Final

import confluent_kafka
import pytest

from streamcontract.codec.engine import require_columns
from streamcontract.errors import ConfigurationError

__all__ = [
    "HAS_SHARE_GROUPS",
    "MAKES_MESSAGES",
    "SHARE_GROUPS",
    "needs",
    "skip_without_columns",
    "skip_without_messages",
]

_VERSION: Final = tuple(map(int, str(confluent_kafka.__version__).split(".")[:2]))


def needs(major: int, minor: int, reason: str) -> pytest.MarkDecorator:
    """Skip a test on older versions of confluent-kafka."""
    return pytest.mark.skipif((major, minor) > _VERSION, reason=reason)


def _makes_messages() -> bool:
    try:
        confluent_kafka.Message(topic="t")
    except TypeError:
        return False
    return True


MAKES_MESSAGES: Final = _makes_messages()
"""Whether a test can make messages of what it wants in them."""


def skip_without_messages() -> None:
    """Skip a test that needs such messages."""
    if not MAKES_MESSAGES:
        pytest.skip("this confluent-kafka makes no messages for tests")


HAS_SHARE_GROUPS: Final = _VERSION >= (2, 16)
SHARE_GROUPS: Final = needs(2, 16, "this confluent-kafka has no share groups")
"""For tests of share consumers."""


def skip_without_columns() -> None:
    """Skip the tests of a module where native code is not built, or not asked for."""
    try:
        require_columns()
    except ConfigurationError as reason:
        pytest.skip(str(reason), allow_module_level=True)
