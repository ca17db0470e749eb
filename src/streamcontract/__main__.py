"""The process of the command line: ``streamcontract`` and ``python -m streamcontract``."""

from __future__ import annotations

import gc

from streamcontract.cli import main as command

__all__ = ["collect_seldom", "main"]


def collect_seldom() -> None:
    """Have the garbage collector look for cycles after 100,000 new objects instead of 700.

    Messages and records are in no cycles. By default their number makes it walk over all modules
    again and again, which took a fifth of the time of an export. It is the process's own choice, so
    the library never makes it.
    """
    gc.set_threshold(100_000)


def main() -> None:
    """Run the command line."""
    collect_seldom()
    command()


if __name__ == "__main__":
    main()
