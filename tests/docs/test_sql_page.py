"""docs/sql.md: each of its commands prints what the page says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.docs.console import check_console
from tests.docs.markdown import REPOSITORY
from tests.messages.conftest import SALE

if TYPE_CHECKING:
    from pathlib import Path

    from streamcontract.devstack import DevStack


@pytest.mark.searching
def test_commands_print_what_the_page_says(
    stack: DevStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In their order; ``...`` stands for anything."""
    stack.create_topic("sales")
    (tmp_path / "sale.avsc").write_text(json.dumps(SALE), "utf-8")
    (tmp_path / "streamcontract.toml").write_text(
        '[contracts.sale]\nschema = "sale.avsc"\ntopic = "sales"\nkey = "shop"\n', "utf-8"
    )
    monkeypatch.chdir(tmp_path)
    check_console(REPOSITORY / "docs" / "sql.md", stack, tmp_path)
