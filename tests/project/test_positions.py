"""Where keys are in a project file."""

from __future__ import annotations

import sys
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streamcontract.project.positions import key_offsets

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# What a reader that looks for keys with less than all of TOML's grammar would take for one.
NOISE = ["[a]", "a.b = 1", "# no", '"', "'", "=", "{", "]", ",", "\\", "\n", "é"]
TEXTS = st.lists(st.sampled_from(NOISE), max_size=4).map("".join)
COMMENTS = st.sampled_from(["", " # [not.a.table]", '  # """', "\t# a = 1"])


def basic(text: str) -> str:
    """A basic string; JSON's escapes are among TOML's."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def multi_line(text: str) -> str:
    """A basic string of several lines, with quotes that need no escape."""
    escaped = text.replace("\\", "\\\\").replace('"""', '""\\"')
    return f'"""\n{escaped}"""' if not escaped.endswith('"') else f'"""{escaped[:-1]}\\""""'


STRINGS = TEXTS.map(basic) | TEXTS.map(multi_line)
STRINGS |= TEXTS.filter(lambda text: not set(text) & {"'", "\n"}).map("'{}'".format)
STRINGS |= TEXTS.filter(lambda text: "'" not in text).map("'''{}'''".format)
SCALARS = STRINGS | st.sampled_from(
    ["1", "-0.5e3", "true", "1979-05-27 07:32:00Z", "0xff", "[]", "{}", '""', "''"]
)


class Names:
    """Keys of which each is written once in a whole document."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self.written: list[str] = []

    def new(self) -> str:
        """A new key, bare or quoted."""
        name = f"k{len(self.written)}x"
        forms = [name, f'"{name}"', f"'{name}'", f'"{name}.y"', f"'{name} z'", f'"{name}\\u0041"']
        self.written.append(self._draw(st.sampled_from(forms)))
        return self.written[-1]


def a_value(draw: st.DrawFn, names: Names, depth: int) -> str:
    """A value: a string, an array over several lines, an inline table."""
    kind = draw(st.sampled_from(["scalar", "array", "table"])) if depth else "scalar"
    if kind == "scalar":
        return draw(SCALARS)
    if kind == "table":
        pairs = (f"{names.new()} = {a_value(draw, names, depth - 1)}" for _ in range(2))
        return f"{{ {' , '.join(pairs)} }}"
    items = [a_value(draw, names, depth - 1) for _ in range(draw(st.integers(0, 3)))]
    end = draw(st.sampled_from(["", ",", " , "])) if items else ""
    return f"[{draw(COMMENTS)}\n  {', '.join(items)}{end}\n]"


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A TOML document, and its keys as they are written, each once."""
    names = Names(draw)
    lines: list[str] = []

    def pairs() -> None:
        for _ in range(draw(st.integers(0, 3))):
            key = " . ".join(names.new() for _ in range(draw(st.integers(1, 2))))
            lines.append(f"  {key} = {a_value(draw, names, 2)}{draw(COMMENTS)}")

    pairs()
    for _ in range(draw(st.integers(0, 3))):
        header = ".".join(names.new() for _ in range(draw(st.integers(1, 2))))
        form = draw(st.sampled_from(["[{}]", "[[ {} ]]", "[ {}]"]))
        lines.append(f"{form.format(header)}{draw(COMMENTS)}")
        pairs()
    return draw(st.sampled_from(["\n", "\n\n"])).join(lines), names.written


def paths(value: Any) -> set[tuple[str | int, ...]]:
    """The path of everything below a value."""
    if isinstance(value, dict):
        items = list(value.items())
    else:
        items = list(enumerate(value)) if isinstance(value, list) else []
    found: set[tuple[str | int, ...]] = set()
    for key, below in items:
        found |= {(key,)} | {(key, *path) for path in paths(below)}
    return found


@given(documents())
def test_every_key_is_where_it_is_written(document: tuple[str, list[str]]) -> None:
    """Every path that tomllib finds has an offset, and at a key's offset is that key."""
    text, written = document
    offsets = key_offsets(text)
    assert set(offsets) == paths(tomllib.loads(text))
    keys = {offset for path, offset in offsets.items() if isinstance(path[-1], str)}
    assert keys == {text.index(key) for key in written}


def test_items_are_where_they_begin() -> None:
    """Of an array, and of an array of tables its header."""
    text = 'a = [ "x",\n # "no"\n "y" ]\n[[b]]\nc = 1\n[[b]]\nc = 2\n[b.d]\ne = 1'
    offsets = key_offsets(text)
    assert text[offsets["a", 1] :].startswith('"y"')
    assert offsets["b", 1] == text.rindex("b]]")
    assert offsets["b", 1, "d", "e"] == text.index("e = 1")


def test_unknown_syntax_ends_it() -> None:
    """What follows has no position of its own."""
    assert list(key_offsets("a = 1\n!\nb = 2")) == [("a",)]
