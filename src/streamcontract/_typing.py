"""Names of ``typing`` that Python 3.10 does not have, for annotations that are evaluated.

Frameworks evaluate the annotations of public functions (``typing.get_type_hints``). On Python 3.10
these names are the nearest that its ``typing`` has: ``typing_extensions`` would be a dependency,
and takes milliseconds to load.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar

if TYPE_CHECKING:
    from typing_extensions import Never, Self, Unpack
elif sys.version_info >= (3, 11):
    from typing import Never, Self, Unpack
else:
    Never = NoReturn
    Self = TypeVar("Self")
    _Options = TypeVar("_Options")

    class Unpack(Generic[_Options]):
        """The options of a ``TypedDict``, as keyword arguments."""


__all__ = ["Never", "Self", "Unpack"]
