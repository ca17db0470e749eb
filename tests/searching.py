"""Searches: how many examples a property tries, and with which seeds."""

from __future__ import annotations

from typing import Final

from hypothesis import HealthCheck, Phase, settings

__all__ = ["PROFILES", "examples", "load_profiles"]

PROFILES: Final = {
    # make test: the same few examples each time.
    "quick": settings(max_examples=6, derandomize=True, database=None),
    # make test-all: the same many examples each time, so that CI fails for a change alone.
    "searching": settings(max_examples=100, derandomize=True, database=None),
    # make test-long: other examples each time.
    "long": settings(max_examples=1000, derandomize=False),
}
"""Hypothesis profiles; ``pytest --hypothesis-profile=NAME`` chooses one."""


def load_profiles() -> None:
    """Register the profiles, and load the first one."""
    for name, profile in PROFILES.items():
        # On a fresh clone Hypothesis first builds its tables of Unicode, which takes seconds; and a
        # machine that is busy with other things says nothing about the code. What is found and
        # shrunk is not explained: Hypothesis would draw hundreds of other examples for a remark in
        # the failure's text, each time that a test looks for something by find() or sees a planted
        # fault be found.
        settings.register_profile(
            name,
            profile,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
            phases=set(Phase) - {Phase.explain},
        )
    settings.load_profile(next(iter(PROFILES)))


def examples(share: int) -> int:
    """The number of examples for a property whose examples cost more, or less, than others.

    Args:
        share: How many to try where other properties try 100.

    Example:
        >>> settings.load_profile("searching")
        >>> examples(40)
        40
    """
    return max(1, share * settings().max_examples // 100)
