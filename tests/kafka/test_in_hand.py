"""The last act of a call that gives messages: noting them as in hand, and nothing after it.

CPython 3.11 and newer run a signal's handler where a function begins, where a loop jumps back and
where a call returns (``CHECK_EVAL_BREAKER`` in ``Python/ceval.c``). If none of these comes between
noting and returning, Ctrl-C is heard before or after both. On 3.10 it may be heard between any two
instructions, so there the window of a few of them stays.
"""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Callable
from typing import Any, Final

import pytest

from streamcontract import ContractConsumer
from streamcontract.kafka import ContractShareConsumer, UntilEnd
from streamcontract.kafka.consumer.batches import Batches

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="CPython 3.10 may run a signal's handler anywhere"
)

GIVING: Final[list[Callable[..., Any]]] = [
    ContractConsumer.__next__,
    ContractConsumer.poll,
    ContractConsumer.consume,
    ContractShareConsumer.__next__,
    ContractShareConsumer.poll,
    UntilEnd.__next__,
    ContractConsumer.consume_batch,
    Batches.__next__,
]
MARK: Final = "in_hand"
QUIET: Final = ("LOAD_FAST", "LOAD_CONST", "NOP", "CACHE", "POP_TOP", "SWAP", "COPY")
"""What neither calls nor jumps, with any ending; ``LOAD_ATTR`` may call a property."""
ENDS: Final = ("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS")


@pytest.mark.parametrize("method", GIVING, ids=lambda method: method.__qualname__)
def test_nothing_comes_between_noting_messages_and_returning_them(
    method: Callable[..., Any],
) -> None:
    """Straight from each assignment to the return or raise, without a call or a jump."""
    assert inspect.isfunction(method), "a C function may run a signal's handler as it returns"
    instructions = list(dis.get_instructions(method))
    marks = [
        number
        for number, each in enumerate(instructions)
        if each.opname == "STORE_ATTR" and each.argval == MARK
    ]
    assert marks, "it notes nothing"
    for mark in marks:
        rest = iter(instructions[mark + 1 :])
        names: list[str] = []
        while not names or names[-1] not in ENDS:
            names.append(next(rest).opname)
        assert all(name.startswith(QUIET) for name in names[:-1]), names


@pytest.mark.parametrize("method", GIVING, ids=lambda method: method.__qualname__)
def test_every_way_out_notes_what_is_in_hand(method: Callable[..., Any]) -> None:
    """No message is returned but right after it was noted; an iterator may end without."""
    instructions = [
        each for each in dis.get_instructions(method) if not each.opname.startswith("CACHE")
    ]
    for number, each in enumerate(instructions):
        if each.opname in {"RETURN_VALUE", "RETURN_CONST"}:
            before = [other.opname for other in instructions[max(0, number - 3) : number]]
            assert "STORE_ATTR" in before, before


def test_the_note_is_a_plain_attribute() -> None:
    """No property and no ``__setattr__`` of Python runs when it is set."""
    from streamcontract.kafka.consumer.delivery import Delivery

    assert Delivery.__setattr__ is object.__setattr__
    assert not isinstance(inspect.getattr_static(Delivery, MARK, None), property)
