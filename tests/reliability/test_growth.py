"""The judge of the soak finds what grows, and is not led astray by what merely moves."""

from __future__ import annotations

import queue
import random
import subprocess
import sys
import uuid

import attrs
import hypothesis.strategies as st
import pytest
from hypothesis import given

from reliability.growth import BYTES_PER_MESSAGE, Sample, judge_growth, sample_of
from reliability.load import client_config
from reliability.poison import open_letters
from reliability.poisonous import EVERY
from reliability.soaked import VERSIONS, soaked
from reliability.verdict import Verdict
from streamcontract import SchemaRegistry
from streamcontract.devstack import DevStack

pytestmark = pytest.mark.searching  # runs of some seconds each

RATE = 500.0
MINUTES = 30
MIB = 2**20
SERIES = range(0, MINUTES * 60, 5)


def healthy(seed: int) -> list[Sample]:
    """A process that warms up for some minutes, and whose numbers move by chance after that."""
    chance = random.Random(seed)
    samples = []
    for seconds in SERIES:
        warm = min(1.0, seconds / 300)
        memory = 40 * MIB + warm * 12 * MIB + chance.uniform(-0.2, 0.2) * MIB
        # Now and then a client is caught while it is exchanged for another.
        moving = chance.choice([0] * 9 + [-3, 2])
        samples.append(Sample(seconds, int(memory), 12 + moving, 30 + moving, 7 + moving))
    return samples


def found(samples: list[Sample]) -> set[str]:
    """What the judge says of a series."""
    verdict = Verdict()
    judge_growth(samples, RATE, verdict)
    return {kind for kind, count in verdict.counts.items() if count}


@given(st.integers(0, 2**32))
def test_a_healthy_process_holds(seed: int) -> None:
    """However its numbers move."""
    assert found(healthy(seed)) == set()


@given(st.integers(0, 2**32), st.floats(1.5, 1000))
def test_a_leak_of_memory(seed: int, times: float) -> None:
    """A little more for each message than is allowed, from the beginning on."""
    more = RATE * BYTES_PER_MESSAGE * times
    leaking = [
        attrs.evolve(each, memory=each.memory + int(more * each.seconds)) for each in healthy(seed)
    ]
    assert found(leaking) == {"growth of memory"}


@given(
    st.integers(0, 2**32),
    st.sampled_from(["threads", "descriptors", "sockets"]),
    st.floats(1, 600),
)
def test_a_leak_of_one_thing_now_and_then(seed: int, name: str, every: float) -> None:
    """One more each second, or each ten minutes."""
    leaking = [
        attrs.evolve(each, **{name: getattr(each, name) + int(each.seconds / every)})
        for each in healthy(seed)
    ]
    assert found(leaking) == {f"growth of {name}"}


def test_growth_while_it_warms_up_is_none() -> None:
    """What is more in the first third than ever after does not count."""
    warming = [
        attrs.evolve(each, memory=each.memory * 2, threads=99) if each.seconds < 500 else each
        for each in healthy(1)
    ]
    assert found(warming) == set()


def test_too_few_samples_are_no_proof() -> None:
    """A run that ended early does not hold by having shown nothing."""
    assert found(healthy(1)[:2]) == {"too few samples"}


def test_the_clients_that_are_watched_do_their_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Typed ones, poison, an evolving schema: each good message is processed once."""
    monkeypatch.setattr("reliability.soaked._LOOKUP_SECONDS", 0.02)
    monkeypatch.setattr("reliability.soaked.TERMS", VERSIONS)
    answers: queue.Queue[Verdict | str] = queue.Queue()
    topic = uuid.uuid4().hex
    with DevStack() as stack:
        config = client_config(stack)
        stack.create_topic(topic, 2)
        soaked(config, topic, 600, 1.0, answers)
        answer = answers.get_nowait()
        assert isinstance(answer, Verdict), answer
        assert answer.holds, answer.lines()
        assert sum(1 for _ in open_letters(config, topic)) == 600 // EVERY
        with SchemaRegistry(stack.registry_url) as registry:
            assert registry.versions(f"{topic}-value") == [*range(1, VERSIONS + 1)]


# What importing takes, and gives back, lies before the first sample.
GROWING = """
import socket, tempfile, threading
print("there", flush=True)
input()
held = [*socket.socketpair(), tempfile.TemporaryFile(), b"1" * (64 << 20)]
threading.Thread(target=threading.Event().wait, daemon=True).start()
print("grown", flush=True)
input()
"""


def test_what_a_process_gets_is_seen() -> None:
    """A thread, two sockets, a file and memory, each where it belongs; from outside."""
    with subprocess.Popen(  # noqa: S603 - this interpreter, and the program above
        [sys.executable, "-c", GROWING],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        before = sample_of(process.pid, 0.0)
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "grown\n"
        during = sample_of(process.pid, 1.0)
        process.stdin.write("\n")
    assert during.threads - before.threads == 1
    assert during.sockets - before.sockets == 2
    assert during.descriptors - before.descriptors == 3
    assert during.memory - before.memory == pytest.approx(64 * MIB, rel=0.1)
