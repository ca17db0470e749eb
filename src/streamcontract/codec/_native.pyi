"""The extension module ``_native.pyx``, whose arguments are checked as it runs."""

from typing import Any

def __getattr__(name: str) -> Any: ...
