"""A pytest plugin: a failing example is enough, nobody will read it, so it need not be small."""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Leave shrinking and explaining out of the profile that the tests' conftest has loaded."""
    del config
    phases = (Phase.explicit, Phase.generate)
    settings.register_profile("without_shrinking", settings(phases=phases, database=None))
    settings.load_profile("without_shrinking")
