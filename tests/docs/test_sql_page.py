"""docs/sql.md: each of its commands prints what the page says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.docs.markdown import REPOSITORY, blocks
from tests.docs.shell import Shell

if TYPE_CHECKING:
    from pathlib import Path

    from streamcontract.devstack import DevStack

PAGE = REPOSITORY / "docs" / "sql.md"


@pytest.mark.searching
def test_commands_print_what_the_page_says(stack: DevStack, tmp_path: Path) -> None:
    """In their order."""
    for block in blocks(PAGE):
        if block.title is not None:
            (tmp_path / block.title).write_text(block.text, "utf-8")
    with Shell(tmp_path, stack.environment, is_terminal=False) as shell:
        for block in blocks(PAGE):
            shell.check(block, PAGE.name)
