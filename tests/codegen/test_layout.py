"""Long lines are broken where ``ruff format`` breaks them."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import attrs
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.searching import examples

from streamcontract.codegen.layout import (
    Alternatives,
    Group,
    Subscript,
    columns,
    lay_out,
    lay_out_field,
    lay_out_return,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamcontract.codegen.layout import Annotation, Expression


def formatted(source: str, settings_file: Path) -> str:
    """What ``ruff format`` makes of it, with this project's settings."""
    options = ["--no-cache", "--config", str(settings_file)]
    command = [sys.executable, "-m", "ruff", "format", *options, "-"]
    done = subprocess.run(command, input=source, capture_output=True, text=True, check=True)  # noqa: S603 - our own interpreter
    return done.stdout


def blown_up(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts of which some are so long that lines have to break."""
    return st.builds(lambda text, times: text * times, strategy, st.sampled_from([1, 4, 12, 30]))


classes = blown_up(st.sampled_from(["A", "Bb"]))
strings = blown_up(st.sampled_from(["s", "é", "株"])).map('"{}"'.format)


def union(members: list[Annotation]) -> Annotation:
    """Alternatives of which none is one of alternatives, as a union cannot hold a union."""
    flat = tuple(member for member in members if not isinstance(member, Alternatives))
    return Alternatives(flat) if len(flat) > 1 else "None"


types: st.SearchStrategy[Annotation] = st.recursive(
    classes | classes.map('"list[{}]"'.format),
    lambda inner: st.one_of(
        inner.map(lambda item: Subscript("list", (item,))),
        inner.map(lambda value: Subscript("dict", ("str", value))),
        st.lists(inner, min_size=2, max_size=4).map(union),
    ),
    max_leaves=6,
)


def bracketed(
    start: str, end: str, label: st.SearchStrategy[str], *, is_tuple: bool = False
) -> Callable[[st.SearchStrategy[Expression]], st.SearchStrategy[Expression]]:
    """Brackets round any number of items."""
    return lambda inner: st.lists(st.tuples(label, inner), max_size=4).map(
        lambda items: Group(start, tuple(items), end, is_tuple)
    )


def compound(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    """Lists, tuples, dicts and calls."""
    return st.one_of(
        bracketed("(", ")", st.just(""), is_tuple=True)(inner),
        bracketed("[", "]", st.just(""))(inner),
        bracketed("{", "}", strings.map("{}: ".format))(inner),
        bracketed("Record(", ")", classes.map("{}=".format))(inner),
    )


expressions = st.recursive(strings | st.sampled_from(["None", "0"]), compound, max_leaves=8)


@st.composite
def fields(draw: st.DrawFn) -> list[str]:
    """The lines of an attribute."""
    default = draw(st.none() | expressions)
    arguments: list[tuple[str, Expression]] = []
    if isinstance(default, str):
        arguments.append(("default=", default))
    elif default is not None and default.items:
        arguments.append(("factory=", attrs.evolve(default, start=f"lambda: {default.start}")))
    if draw(st.booleans()):
        arguments.append(("alias=", draw(strings)))
    call = Group("attrs.field(", tuple(arguments), ")")
    return lay_out_field(draw(classes).lower(), draw(types), call, indent=4)


@st.composite
def functions(draw: st.DrawFn) -> list[str]:
    """The lines of a function that gives a list or a dict."""
    annotation = draw(types.filter(lambda node: not isinstance(node, Alternatives)))
    value = draw(compound(expressions))
    return [*lay_out_return("def f() -> ", annotation), *lay_out("    return ", value, indent=4)]


@pytest.mark.hypothesis
def test_layout_is_that_of_the_formatter(pytestconfig: pytest.Config) -> None:
    """Attributes and functions of all lengths are left alone by the formatter."""
    blocks: list[str] = []

    @settings(
        max_examples=examples(500),
        derandomize=True,  # one run of the formatter for all of them: nothing to shrink
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(fields().map(lambda lines: ["class A:", *lines]), functions()))
    def collect(lines: list[str]) -> None:
        blocks.append("\n".join(lines))

    collect()
    source = "\n\n\n".join(blocks) + "\n"
    settings_file = pytestconfig.rootpath / "pyproject.toml"
    assert formatted(source, settings_file).split("\n\n\n") == source.split("\n\n\n")


@pytest.mark.parametrize(
    ("text", "expected"), [("", 0), ("abc", 3), ("é", 1), ("e\u0301", 1), ("株式", 4)]
)
def test_columns_are_what_a_terminal_shows(text: str, expected: int) -> None:
    """Wide characters take two columns and combining marks none."""
    assert columns(text) == expected
