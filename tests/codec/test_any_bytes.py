"""Whatever bytes come, the engines agree and keep their word: the fuzzer's judge, by Hypothesis."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.codec.test_engines import damaged
from tests.searching import examples

from fuzz.inputs import judge_input
from fuzz.oracle import Judge, Refusal, engines
from fuzz.pool import POOL, Pair
from streamcontract import Codec
from streamcontract.testing.strategies import from_schema, schemas

PAIRS = pytest.mark.parametrize("pair", POOL, ids=[pair.name for pair in POOL])


@st.composite
def messages(draw: st.DrawFn, pair: Pair) -> bytes:
    """A message for a pair, perhaps damaged, or noise."""
    if draw(st.integers(0, 3)) == 0:
        return draw(st.binary(max_size=80))
    encode = Codec[Any](pair.writer).encode
    message: bytes = encode(draw(from_schema(pair.writer, tag_unions=True)))
    frame = draw(st.binary(min_size=pair.start, max_size=pair.start))
    return frame + (message if draw(st.booleans()) else damaged(draw, message))


@PAIRS
@settings(deadline=None, max_examples=examples(15))
@given(st.data())
def test_pool(pair: Pair, data: st.DataObject) -> None:
    """The pairs that the fuzzer has."""
    Judge(pair).judge(data.draw(messages(pair)))


@settings(deadline=None, max_examples=examples(60))
@given(schemas(), st.data())
def test_any_schema(schema: Any, data: st.DataObject) -> None:
    """And any other schema, memory included."""
    judge = Judge(Pair("any", schema))
    message = data.draw(messages(Pair("any", schema)))
    judge.judge(message)
    judge.judge_memory(message)


@PAIRS
def test_every_pair_decodes_something(pair: Pair) -> None:
    """What the judge praises is not only refusals."""
    judge, found = Judge(pair), []

    @settings(deadline=None, max_examples=5, derandomize=True, database=None)
    @given(from_schema(pair.writer, tag_unions=True))
    def collect(value: Any) -> None:
        data = b"\0" * pair.start + Codec[Any](pair.writer).encode(value)
        found.append(judge.judge(data))

    collect()
    assert any(not isinstance(each, Refusal) for each in found)


class _Liar(Judge):
    """A judge one of whose engines does otherwise."""

    def __init__(self, pair: Pair, instead: Any) -> None:
        super().__init__(pair)
        last = list(self._decoders)[-1]
        self._decoders = {"honest": self._decoders[last], "liar": instead}


@pytest.mark.parametrize("value", [2, 1.0, True, None])
def test_the_judge_sees_another_value(value: Any) -> None:
    """A judge that can find nothing is none."""
    with pytest.raises(AssertionError, match="liar"):
        _Liar(Pair("int", "int"), lambda _: value).judge(b"\2")


def test_the_judge_sees_other_words() -> None:
    """Nor may an error be in other words."""
    other: Codec[Any] = Codec("long")
    with pytest.raises(AssertionError, match="liar"):
        _Liar(Pair("int", "int"), other.decode).judge(b"\xff\xff\xff\xff\xff\1\2")


def test_the_judge_sees_other_errors() -> None:
    """An exception that is none of ours goes through."""

    def crash(_: bytes) -> Any:
        raise IndexError

    with pytest.raises(IndexError):
        _Liar(Pair("int", "int"), crash).judge(b"\2")


def test_the_judge_sees_memory() -> None:
    """Memory that the bytes cannot justify is found."""
    liar = _Liar(Pair("int", "int"), lambda _: [None] * 1_000_000)
    with pytest.raises(AssertionError, match="bytes of memory"):
        liar.judge_memory(b"\2")


def test_inputs_of_the_fuzzer() -> None:
    """The first two bytes of an input choose the pair and the checks; shorter ones are nothing."""
    index = [pair.name for pair in POOL].index("int")
    assert judge_input(bytes((index, 0)) + b"\2") == 1
    assert judge_input(bytes((index, 1)) + b"\2") == 1
    assert isinstance(judge_input(bytes((index, 0))), Refusal)
    assert judge_input(b"") is None
    assert judge_input(b"\0") is None


def test_engines_are_named() -> None:
    """There is always one to judge."""
    assert engines()[0] == "portable"
