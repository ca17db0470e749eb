"""Many cases in one test: each is checked, and what is reported names those that fail."""

from __future__ import annotations

import pytest
from tests.in_one_test import check_each, in_one_test


def test_every_case_is_checked() -> None:
    """Also those after one that fails, which are all named."""
    seen: list[int] = []

    @in_one_test(range(4))
    def check(case: int) -> None:
        seen.append(case)
        if case == 1:
            raise KeyError("one")
        if case == 2:
            with pytest.raises(KeyError):
                pass

    with pytest.raises(
        AssertionError, match=r"(?s)2 of 4 cases\n1: KeyError.*\n2: .*RAISE"
    ) as found:
        check()
    assert seen == [0, 1, 2, 3]
    assert isinstance(found.value.__cause__, KeyError)


def test_a_case_that_is_skipped_hides_none_that_fails() -> None:
    """The test is skipped where nothing fails."""
    with pytest.raises(pytest.skip.Exception, match="1: not here"):
        check_each([1, 2], lambda case: pytest.skip("not here") if case == 1 else None)
    with pytest.raises(AssertionError, match="1 of 2"):
        check_each([1, 2], lambda case: pytest.skip("not here") if case == 1 else 1 / 0)


def test_no_case_is_an_error() -> None:
    """A list that is empty by mistake checks nothing."""
    with pytest.raises(AssertionError, match="no case"):
        check_each([], str)
