"""Lines of faults: the JSON of any fault, one line each."""

from __future__ import annotations

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from streamcontract.export.target import Fault

text = st.text(max_size=20)
data = st.none() | st.binary(max_size=20)
faults = st.builds(
    Fault,
    topic=text,
    partition=st.integers(0, 2**31 - 1),
    offset=st.integers(0, 2**63 - 1),
    path=text,
    error=text,
    key=data,
    value=data,
)


def in_base64(found: bytes | None) -> str | None:
    """Bytes as the line has them."""
    return None if found is None else base64.b64encode(found).decode()


@given(faults)
def test_a_fault_is_a_line_of_json(fault: Fault) -> None:
    """As json.dumps() writes it, whatever characters and bytes it has."""
    expected = {
        "topic": fault.topic,
        "partition": fault.partition,
        "offset": fault.offset,
        "path": fault.path,
        "error": fault.error,
        "key": in_base64(fault.key),
        "value": in_base64(fault.value),
    }
    line = fault.line()
    assert line == json.dumps(expected).encode() + b"\n"
    assert line.count(b"\n") == 1
    assert json.loads(line) == expected
