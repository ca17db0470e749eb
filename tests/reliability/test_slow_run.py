"""What the run with slow handlers counts, shown messages that are missing and repeated."""

from __future__ import annotations

import random
from array import array
from typing import TYPE_CHECKING

from reliability.slow import PARTITIONS, judge_processed
from reliability.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path


def test_missing_and_repeated_messages_are_counted(tmp_path: Path) -> None:
    """Whichever members processed them, and in whichever order."""
    places = [(partition, offset) for partition in range(PARTITIONS) for offset in range(10)]
    processed = [*places[:-4], *places[:7]]
    random.Random(0).shuffle(processed)
    for member in range(3):
        numbers = [number for place in processed[member::3] for number in place]
        (tmp_path / f"member-{member}").write_bytes(array("q", numbers).tobytes())
    verdict = Verdict()
    assert judge_processed(tmp_path, len(places), verdict) == 7
    assert verdict.counts == {"never processed": 4}
    verdict = Verdict()
    judge_processed(tmp_path, len(places) - 4, verdict)
    assert verdict.holds, verdict.lines()
