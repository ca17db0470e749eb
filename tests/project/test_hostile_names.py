"""Names from a project file lead to no file outside of the project's folders."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from streamcontract.codegen.files import changes
from streamcontract.errors import ConfigurationError
from streamcontract.project import load_project

# TOML takes no surrogates and no DEL in a string; json.dumps escapes the rest as TOML does.
_words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x7f"), max_size=4)
hostile = st.lists(
    st.sampled_from(["..", ".", "/", "\\", "~", "C:", "\n", "\0", "order", "__init__", "_"])
    | _words,
    max_size=5,
).map("".join)


@given(name=hostile, topic=hostile)
@example(name="order", topic="orders")
@example(name="../order", topic="orders")
@example(name="/tmp/order", topic="orders")  # noqa: S108 - is refused
@example(name="order\n", topic="orders")
@example(name="order", topic="../orders")
def test_a_contract_stays_in_its_folder(name: str, topic: str) -> None:
    """A contract's name becomes a file's: either it is refused, or the file is in the folder."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "order.avsc").write_text('"int"', "utf-8")
        text = (
            f"[contracts.{json.dumps(name, ensure_ascii=False)}]\n"
            f'schema = "order.avsc"\ntopic = {json.dumps(topic, ensure_ascii=False)}\n'
        )
        (folder / "streamcontract.toml").write_text(text, "utf-8")
        try:
            [contract] = load_project(folder).contracts
        except ConfigurationError:
            assert (name, topic) != ("order", "orders")
            return
        [package, module] = changes(folder / "generated", {contract.name: ""}, complete=True)
        assert package.path.parent == folder / "generated"
        assert module.path.resolve().parent == (folder / "generated").resolve()
        assert module.path != package.path
        assert not {"/", "\\"} & set(topic)
        assert topic not in {".", ".."}
