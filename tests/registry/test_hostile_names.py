"""A subject is one segment of a URL, whatever is in it."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import requests
from hypothesis import example, given
from hypothesis import strategies as st
from urllib3.util import parse_url

from streamcontract.registry.calls import path_of
from streamcontract.registry.errors import InvalidSubjectError
from streamcontract.registry.protocol import Path

hostile = st.lists(
    st.sampled_from(["..", ".", "/", "\\", "%2e", "%2F", "%", "?", "#", ";", "@", ":", "\n", "\0"])
    | st.text(max_size=3),
    max_size=6,
).map("".join)


@given(subject=hostile, template=st.sampled_from([Path.SUBJECT, Path.VERSION, Path.SUBJECT_CONFIG]))
@example(subject="..", template=Path.VERSION)
@example(subject="../config", template=Path.SUBJECT)
@example(subject="%2e%2e", template=Path.SUBJECT)
def test_a_subject_stays_in_its_segment(subject: str, template: str) -> None:
    """What the HTTP library makes of the path has the subject where the template has it."""
    try:
        path = path_of(template, subject=subject, version=1)
    except InvalidSubjectError:
        assert subject in {"", ".", ".."} or not _is_text(subject)
        return
    prepared = requests.Request("GET", f"http://registry{path}").prepare().url or ""
    for url in (prepared, parse_url(prepared).url):
        parts = urlsplit(url)
        assert (parts.netloc, parts.query, parts.fragment) == ("registry", "", "")
        found = [unquote(segment) for segment in parts.path.split("/")]
        wanted = [{"{subject}": subject, "{version}": "1"}.get(s, s) for s in template.split("/")]
        assert found == wanted


def _is_text(subject: str) -> bool:
    return not any(0xD800 <= ord(char) <= 0xDFFF for char in subject)
