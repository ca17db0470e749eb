"""Secrets in files, for settings whose names end in ``.location``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from streamcontract.errors import ConfigurationError

if TYPE_CHECKING:
    import os

__all__ = ["read_secret"]


def read_secret(setting: str, file: str | os.PathLike[str]) -> str:
    """The single line of UTF-8 text in a file, without its line end.

    Args:
        setting: The whole name of the setting that names the file, for the error.
        file: The file.

    Raises:
        ConfigurationError: It cannot be read, or is not one line; the message shows none of it.
    """
    try:
        text = Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        # A decoding error contains the bytes, so it is not chained.
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(f"{setting}: the file {file} cannot be read: {reason}") from None
    if not text or "\n" in text:
        raise ConfigurationError(f"{setting}: the file {file} is not one line of text")
    return text
