"""The structure of a page does not depend on data: no element or attribute comes from them."""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import confluent_kafka
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.console.markup import Page

from streamcontract import parse_schema
from streamcontract.console.catalogue import FieldUse, TypeRow
from streamcontract.console.forms import FormFault, controls_of
from streamcontract.console.looking_up import LookUp
from streamcontract.console.pages.dead_letters import DeadLetters, SummaryRow
from streamcontract.console.pages.fields import field_rows
from streamcontract.console.pages.groups import AllGroups, GroupRow, OfTopic
from streamcontract.console.pages.letters import LetterRow, Letters
from streamcontract.console.pages.messages import Messages, row_of
from streamcontract.console.pages.replays import Outcome, Replay
from streamcontract.console.pages.shown import Notice, Paging, undecoded, visible
from streamcontract.console.pages.topic import Head
from streamcontract.console.pages.topics import TopicRow, Topics
from streamcontract.console.queries import query_of
from streamcontract.console.reading import Seen, Wanted
from streamcontract.console.rendering import ConsoleLinks, Renderer
from streamcontract.console.verdicts import Verdict
from streamcontract.console.writes import Done, Sent, Target
from streamcontract.kafka.admin.describe import GroupState, PartitionState, TopicState
from streamcontract.kafka.admin.groups import GroupMember
from streamcontract.kafka.admin.topics import ensure_topic
from streamcontract.kafka.dead_letters.replay import Replayed
from streamcontract.messages.keys import RawKeys

if TYPE_CHECKING:
    from tests.console.conftest import Shop

_UNSENT = re.compile(r"<[^>]*>")
"""Tags, whose attributes are no text of a page."""

_RENDERER = Renderer(
    ConsoleLinks(),
    sections=(("", "Overview"),),
    where=[("Brokers", "localhost:9092")],
    allow_writes=True,
    token="token",  # noqa: S106 - of no console
    query=query_of,
    has_topics=True,
)
_HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</pre></table><h1>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "\x00\x1b[2J\u202e\u2028",
    "&lt;b&gt;&#x3c;b&#x3e;",
    "]]><!--",
)
# Neither empty nor blank nor of several lines, which pages show otherwise; no lone surrogates,
# which are no UTF-8.
_CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\n")
_TEXTS = st.sampled_from(_HOSTILE) | st.text(_CHARACTERS, min_size=1, max_size=40).map("x{}".format)


def _message(text: str) -> Seen:
    schema = parse_schema(
        {
            "type": "record",
            "name": "R",
            "fields": [
                {"name": "a", "type": "string"},
                {"name": "m", "type": {"type": "map", "values": "string"}},
            ],
        }
    )
    return Seen(
        partition=0,
        offset=1,
        timestamp_ms=None,
        key=text,
        headers=((text, text),),
        schema_id=UUID(int=1),
        version=f"{text} version 1",
        value={"a": text, "m": {text: text}},
        schema=schema,
        size=1,
        undecoded=None,
        verdict=Verdict(
            kind="drift",
            summary=text,
            defaulted=(text,),
            dropped=(text,),
            converted=(text,),
            drift=(text,),
            path=text,
            reason=text,
        ),
    )


def _schema(text: str) -> Any:
    """A schema whose documentation, examples, default and attributes are a text."""
    return parse_schema(
        {
            "type": "record",
            "name": "R",
            "doc": text,
            "fields": [
                {"name": "a", "type": "string", "doc": text, "example": text, "default": text}
            ],
        }
    )


def _messages(text: str) -> str:
    asked = LookUp(topic=text, start=text, wanted=Wanted(key=text, where=text, verdict=text))
    state = TopicState(text, (PartitionState(0, None, (), (), None, None),))
    head = Head(
        name=text,
        state=state,
        contracts=(text,),
        subject=text,
        is_dead_letters=False,
        is_embedded=True,
    )
    page = Messages(
        rows=(row_of(_message(text)),), asked=asked, contract=text, order=text, rest="on:0=1-2"
    )
    return _RENDERER.page(
        "messages.html", section="topics", head=head, tab="topic", page=page, example=text
    )


def _failed(text: str) -> str:
    return _RENDERER.page(
        "error.html",
        section="",
        title=text,
        text=text,
        again=ConsoleLinks().to("topic", name=text),
        new_topic=text,
    )


def _topics(text: str) -> str:
    row = TopicRow(name=text, partitions=1, messages=1, contracts=(text,), health=text)
    page = Topics(
        rows=(row,),
        paging=Paging(1, 1, 2),
        sought=text,
        with_internal=False,
        notices=(Notice("bad", text, text),),
    )
    return _RENDERER.page("topics.html", section="topics", page=page)


def _groups(text: str) -> str:
    member = GroupMember(text, text, text, {text: (0,)})
    state = TopicState(text, (PartitionState(0, 1, (1,), (1,), 0, 1),))
    of = OfTopic(offsets=GroupState(text, state, {0: 0}), owners={0: member})
    row = GroupRow(name=text, state=text, protocol=text, members=(member,), topics=(of,))
    page = AllGroups(
        rows=(row,), paging=Paging(1, 1, 2), notices=(Notice("bad", text, text),), sought=text
    )
    return _RENDERER.page("all_groups.html", section="groups", page=page)


def _form(text: str) -> str:
    head = Head(
        name=text,
        state=TopicState(text, ()),
        contracts=(),
        subject=None,
        is_dead_letters=False,
        is_embedded=True,
    )
    given_values = {"field:a": text, "key": text}
    return _RENDERER.page(
        "produce.html",
        section="topics",
        head=head,
        tab="topic/produce",
        controls=controls_of(_schema(text), given_values),
        given=given_values,
        target=Target(
            topic=text,
            schema=_schema(text),
            contract=text,
            subject=text,
            key_in_words=f"empty: {text}",
            keys=RawKeys(),
        ),
        notices=(Notice("warn", text, text),),
        sent=Sent(topic=text, partition=0, offset=1),
        faults=[FormFault(text, text, "field:a"), FormFault(text, text, text), FormFault("", text)],
        wrong={"field:a": text},
    )


def _dead_letters(text: str) -> str:
    row = SummaryRow(
        topic=text,
        source=text,
        source_topic=text,
        error=text,
        meaning="",
        count=1,
        attempts=1,
        first="",
        last="",
    )
    page = DeadLetters(
        summaries=(row,),
        topics=(text,),
        empty=0,
        cut=(text,),
        paging=Paging(1, 1, 2),
        notices=(Notice("bad", text, text),),
    )
    return _RENDERER.page("dead_letters.html", section="dead-letters", page=page, most=9)


def _letters(text: str) -> str:
    row = LetterRow(
        partition=0,
        offset=1,
        source=text,
        source_topic=text,
        source_partition=0,
        source_offset=1,
        error=text,
        meaning="",
        path=f" {text}",
        text=text,
        time="",
        sent="",
        group=text,
        attempt=1,
        key=text[:12],
        now="writer",
        now_in_words=text,
        value=text,
        value_in_words=text,
        undecoded=undecoded(text.encode(errors="replace") + b"\xff"),
        headers=((text, text),),
    )
    page = Letters(
        topic=text,
        rows=(row,),
        scanned=1,
        total=2,
        reasons=((text, 1),),
        foreign=1,
        preview=_outcome(text),
        holds_dead_letters=True,
        rest="back:0=0-1",
        is_start=True,
        notices=(),
    )
    facts = {"error": text, "at": "", "done": Done(topic=text, replayed=1, left=0)}
    return _RENDERER.page("letters.html", section="dead-letters", page=page, **facts)


def _replay(text: str) -> str:
    page = Replay(topic=text, outcome=_outcome(text), is_whole=True, holds_dead_letters=True)
    return _RENDERER.page("replay.html", section="dead-letters", page=page)


def _outcome(text: str) -> Outcome:
    return Outcome(done=Replayed(replayed=1), topics=(text,))


def _fields(text: str) -> str:
    uses = [FieldUse(text, each) for each in field_rows(_schema(text))]
    return _RENDERER.page("fields.html", section="", fields=uses)


def _types(text: str) -> str:
    [row] = field_rows(_schema(text))
    uses = (FieldUse(text, None, of_key=True), FieldUse(text, row))
    types = [TypeRow(name="a.Type", doc=text, symbols=(text,), uses=uses)]
    return _RENDERER.page("types.html", section="", types=types)


@pytest.mark.parametrize(
    "page",
    [
        _messages,
        _failed,
        _topics,
        _groups,
        _form,
        _dead_letters,
        _letters,
        _replay,
        _fields,
        _types,
    ],
)
@given(text=_TEXTS)
def test_data_add_no_element_no_attribute_and_no_address(page: Any, text: str) -> None:
    """A hostile text gives the tags and attributes that a plain one gives, and no other host.

    But ``wbr``, where a long name may be broken.
    """
    found = Page.parse(page(text))
    assert _without_breaks(found) == _plain(page)
    assert all(re.match("[/#](?!/)", f"{each}.") for each in found.addresses)


@functools.cache
def _plain(page: Any) -> list[tuple[str, tuple[str, ...]]]:
    return _without_breaks(Page.parse(page("plain")))


def _without_breaks(found: Page) -> list[tuple[str, tuple[str, ...]]]:
    return [each for each in found.structure if each != ("wbr", ())]


@given(text=_TEXTS)
def test_the_text_itself_is_shown(text: str) -> None:
    """Escaped, not removed; controls such as those of direction as escapes."""
    shown = Page.parse(_failed(text)).text
    assert "".join(visible(text).split()) in "".join(shown.split())


@given(text=_TEXTS)
def test_a_command_is_code_and_the_rest_of_a_text_is_not(text: str) -> None:
    """A text adds the tags of its commands alone, and they have no attributes."""
    found = Page.parse(_failed(f"{text} `streamcontract {text}`")).structure
    assert [each for each in found if each not in {("code", ()), ("/code", ())}] == _plain(_failed)


@pytest.mark.parametrize("each", ["\u202e", "\u2066", "\x1b", "\x00", "\x85", "\ufeff"])
def test_controls_of_messages_are_shown_as_escapes(each: str) -> None:
    """Such as of direction, which would show another text than there is."""
    shown = _messages(f"pay 100{each}000")
    body = Page.parse(shown).text
    assert f"pay 100\\u{ord(each):04x}000" in body


@pytest.mark.parametrize("page", [_messages, _failed, _topics, _form, _fields])
@pytest.mark.parametrize("each", ["\u202e", "\u2066", "\u200f", "\x1b"])
def test_no_text_of_a_page_has_an_invisible_control(page: Any, each: str) -> None:
    """Neither data nor documentation; forms send back what was filled in, as it was."""
    found = Page.parse(page(f"pay 100{each}000"))
    assert each not in _UNSENT.sub("", page(f"pay 100{each}000"))
    assert f"pay 100\\u{ord(each):04x}000" in found.text


def test_a_form_sends_back_what_was_filled_in() -> None:
    """Also what a page shows as escapes."""
    found = Page.parse(_form("100\u202e000"))
    assert found.value_of("field:a") == found.value_of("key") == "100\u202e000"


def test_lone_surrogates_are_shown_as_escapes() -> None:
    """JSON may have them, such as that of a schema's documentation; UTF-8 cannot."""
    text = _failed("doc \ud800") + _messages("\udfff")
    assert "doc \\ud800" in text
    text.encode()


def test_null_and_an_empty_text_are_not_a_text_that_says_so() -> None:
    """Each of the three looks another way."""
    fields = [{"name": each, "type": ["null", "string"]} for each in "abc"]
    schema = parse_schema({"type": "record", "name": "R", "fields": fields})
    seen = attrs.evolve(_message("x"), value={"a": None, "b": "", "c": "null"}, schema=schema)
    rows = row_of(seen).values
    assert [(each.text, each.is_null) for each in rows] == [
        ("null", True),
        ('"" (empty)', False),
        ("null", False),
    ]


def test_a_page_of_huge_messages_is_bounded() -> None:
    """By text, by number of fields, headers and changes, and by the size of the JSON."""
    fields = [{"name": f"f{each}", "type": "string"} for each in range(3_000)]
    schema = parse_schema({"type": "record", "name": "R", "fields": fields})
    paths = tuple(f"R.f{each}" for each in range(3_000))
    seen = attrs.evolve(
        _message("x" * 100_000),
        value={each["name"]: "y" * 1_000 for each in fields},
        schema=schema,
        headers=(("h" * 10_000, "z" * 100_000),) * 3_000,
        verdict=Verdict(kind="older", summary="", defaulted=paths, dropped=paths),
    )
    shown = _RENDERER.page("rows.html", rows=[row_of(seen)])
    assert len(shown) < 600_000
    assert "and 2,980 more" in shown
    assert "and 2,950 more" in shown
    assert "… cut after 50,000 of" in shown


@pytest.mark.searching
def test_plain_text_is_shown_as_text(shop: Shop) -> None:
    """A topic without schemas is readable, also where the text is cut within a character."""
    brokers = {"bootstrap.servers": shop.config["bootstrap.servers"]}
    ensure_topic("plain-text", shop.config, partitions=1)
    producer = confluent_kafka.Producer(brokers)
    long = json.dumps({"list": ["x" * 300] * 9})
    for value in (b"189.5", b"\xff\x00", b"x" + "\u00e9".encode() * 30_000, long.encode(), None):
        producer.produce("plain-text", value=value)
    producer.flush()
    text = shop.page("/topic?name=plain-text").text
    assert "189.5" in text
    assert "x" + "\u00e9" * 24_999 + " … cut after 50,000 of 60,001 bytes" in text
    assert long in text
    assert " ".join(json.dumps(json.loads(long), indent=2).split()) in text
    assert "Its 2 bytes ff 00" in text
    assert f"The first 256 of its {len(long):,} bytes" in text
    assert "Neither key nor value: it deletes nothing." in text
    assert "? no contract" in text
    assert "No contract names the topic, and the value names no schema" in text
    assert "✕ poison" not in text
