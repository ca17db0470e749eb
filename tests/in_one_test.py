"""Many small cases in one test.

A test of its own takes milliseconds: each worker collects it, sets it up, tears it down and reports
it. For hundreds of cases that is longer than the cases take.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["check_each", "in_one_test"]

Case = TypeVar("Case")


def check_each(
    cases: Iterable[Case], check: Callable[[Case], Any], name: Callable[[Case], str] = str
) -> None:
    """Check all cases, also those after one that fails.

    Args:
        cases: The cases; there has to be one at least.
        check: Fails, or skips, for one case.
        name: How a case is called in what is reported.

    Raises:
        AssertionError: Some fail; it names each of them with its error, and has the first one's
            traceback. If none fails and some are skipped, the test is skipped with their reasons.
    """
    count = 0
    failed: list[str] = []
    skipped: list[str] = []
    first: BaseException | None = None
    for case in cases:
        count += 1
        try:
            check(case)
        except pytest.skip.Exception as reason:
            skipped.append(f"{name(case)}: {reason}")
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - all are reported
            first = first or error
            failed.append(f"{name(case)}: {error!r}")
    assert count, "there is no case"
    if failed:
        raise AssertionError(f"{len(failed)} of {count} cases\n" + "\n".join(failed)) from first
    if skipped:
        pytest.skip("; ".join(skipped))


def in_one_test(
    cases: Iterable[Case], name: Callable[[Case], str] = str
) -> Callable[[Callable[[Case], None]], Callable[[], None]]:
    """Decorate a test of one case, so that it checks all of them: see :func:`check_each`."""

    def decorate(check: Callable[[Case], None]) -> Callable[[], None]:
        def test() -> None:
            check_each(cases, check, name)

        # Without what pytest would take for the test's parameters.
        functools.update_wrapper(test, check)
        del test.__wrapped__  # type: ignore[attr-defined]
        return test

    return decorate
