"""Command lines in messages, to be copied: a shell reads the names in them as they are."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from confluent_kafka import KafkaError
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.searching import examples

from streamcontract import parse_schema
from streamcontract.errors import ConfigurationError
from streamcontract.export.target import way_without
from streamcontract.kafka.connection.cluster import advice_on
from streamcontract.registry.lock_file import find_lock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)


def _words(command: str) -> list[str]:
    """The words of a command line, as a shell has them."""
    script = f"for word in {command}\ndo printf '%s\\0' \"$word\"\ndone"
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=True)  # noqa: S603, S607 - what is tested
    return done.stdout.decode().split("\0")[:-1]


def _create(topic: str) -> str:
    code: Any = KafkaError.UNKNOWN_TOPIC_OR_PART
    _, _, rest = advice_on(KafkaError(code), topic).partition(", and `")
    return rest.removesuffix("` creates it")


def _describe(topic: str) -> str:
    code: Any = KafkaError._UNKNOWN_PARTITION
    _, _, rest = advice_on(KafkaError(code), topic).partition("(`")
    return rest.removesuffix("`), and is it assigned to this consumer?")


@pytest.mark.parametrize(
    ("command_of", "words"),
    [
        (_create, ["streamcontract", "topics", "create"]),
        (_describe, ["streamcontract", "topics", "describe"]),
    ],
)
@settings(deadline=None, max_examples=examples(100))
@given(topic=_TEXTS)
@example(topic="$(touch /tmp/x); 'a'")
@example(topic="-x")
def test_a_topic_is_one_word(
    command_of: Callable[[str], str], words: list[str], topic: str
) -> None:
    """Applications ask for any name; one like an option comes after the dashes that end them."""
    end = ["--"] if topic.startswith("-") else []
    assert _words(command_of(topic)) == [*words, *end, topic]


@pytest.mark.parametrize("environment", ["a b", "$HOME", "`id`"])
def test_an_environment_is_one_word(tmp_path: Path, environment: str) -> None:
    """Of an environment variable, which may be anything."""
    file = tmp_path / "streamcontract.lock"
    file.write_text('{"format": 1, "environments": {}}', "utf-8")
    with pytest.raises(ConfigurationError) as error:
        find_lock(file, environment)
    _, _, rest = str(error.value).partition("; `")
    assert _words(rest.removesuffix("` adds it"))[-2:] == ["--environment", environment]


def test_columns_are_one_word() -> None:
    """Names of stored schemas may be outside Avro's grammar."""
    schema = parse_schema({"type": "record", "name": "R", "fields": []})
    content: Any = attrs.make_class("Content", ["schema"])(schema)
    said = way_without(content, ["a", "b c", "$d"])
    _, _, rest = said.partition("with ")
    assert _words(rest.removesuffix(", or export to parquet")) == ["--columns", "a,b c,$d"]
