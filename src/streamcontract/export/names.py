"""Names of exported files: topic, partition, and the offsets that a file covers.

    stocks-00003-00000000000000001000-00000000000000001999.parquet

They sort by partition and offset. The faults of a file have its name after an underscore: readers
of whole folders (pyarrow, Spark) pass over such names. So a topic whose own name begins like that,
or is too long for a file, has another one there, with a tilde, which no topic has.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

import attrs

__all__ = ["FileName", "data_name_of", "draft_names", "topic_in_names"]

_FAULTS: Final = "faults.jsonl"
_NAME: Final = re.compile(
    r"(?P<topic>.+)-(?P<partition>\d{5,})-(?P<first>\d{20})-(?P<last>\d{20})"
    r"\.(?P<extension>\w+(\.jsonl)?)",
    re.ASCII,
)

_HIDING: Final = ("_", ".")
"""The beginnings of names of files that readers of whole folders pass over."""

_LONGEST: Final = 180
"""Characters of a topic in a name: of the 255 of a file system, less those of the rest of it."""

_KEPT: Final = 160
_DIGITS: Final = 16


def topic_in_names(topic: str) -> str:
    """A topic as the names of its files have it.

    Example:
        >>> topic_in_names("stocks"), topic_in_names("_audit"), len(topic_in_names("a" * 249))
        ('stocks', '~_audit', 177)
    """
    if len(topic) > _LONGEST:
        digest = hashlib.sha256(topic.encode()).hexdigest()[:_DIGITS]
        topic = f"{topic[:_KEPT]}~{digest}"
    return f"~{topic}" if topic.startswith(_HIDING) else topic


@attrs.frozen(kw_only=True)
class FileName:
    """The name of a file.

    Attributes:
        topic: The topic, as :func:`topic_in_names` gives it.
        partition: The partition.
        first: The first offset that the file covers; the message there need not be a row.
        last: The last one.
        extension: The extension of the format, without a dot.
    """

    topic: str
    partition: int
    first: int
    last: int
    extension: str

    def __str__(self) -> str:
        return f"{self._stem}.{self.extension}"

    @property
    def of_faults(self) -> str:
        """The name of the file of its faults."""
        return f"_{self._stem}.{_FAULTS}"

    @property
    def _stem(self) -> str:
        return f"{self.topic}-{self.partition:05}-{self.first:020}-{self.last:020}"

    @classmethod
    def parse(cls, text: str) -> FileName | None:
        """The name of a data file that a text is; None if it is none.

        Example:
            >>> name = FileName(topic="a-1", partition=0, first=5, last=9, extension="csv")
            >>> str(name)
            'a-1-00000-00000000000000000005-00000000000000000009.csv'
            >>> FileName.parse(str(name)) == name, FileName.parse(name.of_faults)
            (True, None)
        """
        found = _NAME.fullmatch(text)
        if found is None or found["extension"] == _FAULTS:
            return None
        return cls(
            topic=found["topic"],
            partition=int(found["partition"]),
            first=int(found["first"]),
            last=int(found["last"]),
            extension=found["extension"],
        )


def data_name_of(faults: str, extension: str) -> str | None:
    """The name of the data file that a file of faults belongs to; None if it is no such file.

    Args:
        faults: The name of the file.
        extension: The extension of data files.

    Example:
        >>> name = FileName(topic="a", partition=0, first=5, last=9, extension="csv")
        >>> data_name_of(name.of_faults, "csv") == str(name)
        True
    """
    if not (faults.startswith("_") and faults.endswith(f".{_FAULTS}")):
        return None
    name = f"{faults[1:].removesuffix(_FAULTS)}{extension}"
    return None if FileName.parse(name) is None else name


def draft_names(topic: str, partition: int, extension: str) -> tuple[str, str]:
    """The names that stand for a partition's data file and its faults before they are whole."""
    stem = f"{topic_in_names(topic)}-{partition:05}"
    return f"{stem}.{extension}", f"_{stem}.{_FAULTS}"
