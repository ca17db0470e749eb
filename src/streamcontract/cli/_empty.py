"""Empty values on the command line, which are mostly variables of a shell that are not set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.types import StringParamType

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    ParamType = click.ParamType[Any, Any]
else:
    ParamType = click.ParamType

__all__ = ["refuse_empty"]


class _NotEmpty(ParamType):
    """Another type, without the empty text."""

    def __init__(self, of: ParamType) -> None:
        self.name = of.name
        self._of = of

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("it is empty", param, ctx)
        return self._of.convert(value, param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return self._of.shell_complete(ctx, param, incomplete)


def refuse_empty(command: click.Command) -> None:
    """Refuse the empty text for each path and each text that a command takes.

    An empty path would be the current folder: `check --against "$REF"` would compare the contracts
    with themselves. What may be empty, such as a message's key, has the type ``click.UNPROCESSED``.
    """
    if isinstance(command, click.Group):
        for each in command.commands.values():
            refuse_empty(each)
    for param in command.params:
        if isinstance(param.type, click.Path | StringParamType):
            param.type = _NotEmpty(param.type)
