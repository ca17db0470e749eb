"""docs/messages.md: each of its commands prints what the page says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from tests.docs.markdown import REPOSITORY, blocks
from tests.docs.shell import Shell, calls, is_there
from tests.messages.conftest import SALE

from streamcontract.devstack import DevStack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = REPOSITORY / "docs" / "messages.md"


@pytest.fixture
def stack() -> Iterator[DevStack]:
    """A stack for the page alone, which shows the ids of schemas."""
    with DevStack() as stack:
        yield stack


@pytest.mark.searching
def test_commands_print_what_the_page_says(stack: DevStack, tmp_path: Path) -> None:
    """In their order."""
    for name in ("sales", "copies"):
        stack.create_topic(name)
    (tmp_path / "sale.avsc").write_text(json.dumps(SALE), "utf-8")
    (tmp_path / "streamcontract.toml").write_text(
        '[contracts.sale]\nschema = "sale.avsc"\ntopic = "sales"\nkey = "shop"\n', "utf-8"
    )
    for block in blocks(PAGE):
        if block.title is not None:
            (tmp_path / block.title).write_text(block.text, "utf-8")
    with Shell(tmp_path, stack.environment, is_terminal=False) as shell:
        for block in blocks(PAGE):
            if all(is_there(command) for command, _ in calls(block)):
                shell.check(block, PAGE.name)


def test_the_options_of_consume_are_on_the_page() -> None:
    """Those that choose messages, each in the table."""
    text = PAGE.read_text("utf-8")
    for option in ("--from", "--partition", "--key", "--where", "--limit", "--follow", "--group"):
        assert re.search(rf"^\| `{option}\b", text, re.MULTILINE), option
