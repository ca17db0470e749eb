"""Counterexamples of findings as text: the written value, and the value that was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from streamcontract.evolution.report import Example

if TYPE_CHECKING:
    from streamcontract.compatibility import Counterexample
    from streamcontract.errors import DecodeError

__all__ = ["example_of"]


@overload
def example_of(counterexample: Counterexample) -> Example: ...
@overload
def example_of(counterexample: None) -> None: ...


def example_of(counterexample: Counterexample | None) -> Example | None:
    """The counterexample as text, with values as Python literals."""
    if counterexample is None:
        return None
    after = _outcome(counterexample.after, counterexample.error)
    there = counterexample.elsewhere
    elsewhere = None if there is None else _outcome(there.outcome.value, there.outcome.error)
    return Example(
        value=repr(counterexample.value),
        data=counterexample.data.hex(),
        before=repr(counterexample.before),
        after=after,
        error=None if counterexample.error is None else str(counterexample.error),
        elsewhere=None if there is None or elsewhere == after else f"{there.rule}: {elsewhere}",
    )


def _outcome(value: object, error: DecodeError | None) -> str:
    return repr(value) if error is None else f"{type(error).__name__}: {error}"
