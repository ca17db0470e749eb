"""Hostile texts, numbers and objects for every public argument; run as a program of its own.

C code that is given one may end the process, so ``test_hostile_arguments.py`` runs this in another.
Each call has to return or to raise an error of the library, which must be printable. What is wrong
is printed to standard output, a line each; the call that is made is noted on standard error, so
that whoever finds the process dead knows which it was.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import decimal
import faulthandler
import fractions
import functools
import logging
import random
import sys
from typing import TYPE_CHECKING, Any, Final, cast

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.kafka.applications import ScriptedRegistry, bar

from streamcontract import (
    AsyncContractProducer,
    ContractConsumer,
    ContractProducer,
    SchemaRegistry,
    Stock,
    StockConsumer,
    StockProducer,
    StreamContractError,
)
from streamcontract.kafka import (
    ContractSerializer,
    DeadLetters,
    describe_groups,
    describe_topics,
    ensure_topic,
)
from streamcontract.kafka.connection.config import split_config

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[[Any], object]

NOWHERE: Final = {"bootstrap.servers": "127.0.0.1:9", "message.timeout.ms": 60_000}
REGISTRY: Final = cast("SchemaRegistry", ScriptedRegistry())


class _Broken:
    """An object of which nobody can make text."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class _BrokenText(str):
    """A text of which str() makes none."""

    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


TEXTS: Final = st.one_of(
    st.text(st.characters(), max_size=8),
    st.sampled_from(
        ["\ud800", "a\udfff", "a\0b", "\0", "", " ", "\n", "\t ", "^a.*", "../x", "a" * 300]
    ),
    st.builds(_BrokenText, st.sampled_from(["stocks", "\ud800", "\0"])),
)
NUMBERS: Final = st.one_of(
    st.integers(),
    st.floats(),
    st.booleans(),
    st.sampled_from([2**31 - 1, 2**31, 2**63 - 1, 2**63, -(2**63), -1, 0, 10**5000]),
    st.sampled_from([decimal.Decimal(1), fractions.Fraction(1, 2), 1j]),
)
TIMES: Final = st.one_of(
    st.dates(),
    st.times(),
    st.datetimes(),
    st.datetimes(timezones=st.just(dt.timezone.utc)),
    st.timedeltas(),
)
OTHERS: Final = st.one_of(
    st.none(),
    st.binary(max_size=4),
    st.builds(bytearray, st.binary(max_size=4)),
    st.builds(_Broken),
    st.sampled_from([[], {}, (), set(), [()], {"a": []}, object(), bool, id, range(3), ...]),
)
SCALARS: Final = st.one_of(TEXTS, NUMBERS, TIMES, OTHERS)
PAIRS: Final = st.tuples(SCALARS, SCALARS)
VALUES: Final = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=2),
    st.lists(PAIRS, max_size=2),
    st.dictionaries(TEXTS, SCALARS, max_size=2),
)

PROPERTIES: Final = (
    *("acks", "client.id", "group.id", "transactional.id", "linger.ms", "sasl.password"),
    *("bootstrap.servers", "error_cb", "stats_cb", "oauth_cb", "logger", "on_delivery"),
    *("default.topic.config", "subject.name.strategy", "auto.register.schemas"),
    *("enable.auto.commit", "auto.offset.reset", "schema.registry.url", "security.protocol"),
    *("schema.registry.timeout", "streamcontract.lock.file", "value.serializer", "ssl.key.pem"),
    "streamcontract.auto.commit.interval.messages",
)


def producer() -> StockProducer:
    """One that reaches no broker."""
    return StockProducer(NOWHERE, registry=REGISTRY)


def _closed(client: Any) -> None:
    if isinstance(client, StockProducer):
        with contextlib.suppress(StreamContractError):
            client.close(0)
    else:
        client.close()


def _producer_calls(client: StockProducer, empty: StockProducer) -> dict[str, Call]:
    calls: dict[str, Call] = {
        f"produce({name}=)": functools.partial(_produce, client, name)
        for name in ("key", "topic", "headers", "timestamp", "partition", "on_delivery", "callback")
    }
    return {
        **calls,
        "produce(header name)": lambda value: client.produce(bar(0), headers=[(value, b"")]),
        "produce(header value)": lambda value: client.produce(bar(0), headers={"name": value}),
        "produce(value)": client.produce,
        "produce_all(values)": lambda value: _swallow(empty, values=value),
        "produce_all(options=)": lambda value: _swallow(empty, options=value),
        "produce_all(progress=)": lambda value: _swallow(empty, progress=value),
        "produce_all(max_in_flight=)": lambda value: _swallow(empty, max_in_flight=value),
        "produce_all(max_failures=)": lambda value: _swallow(empty, max_failures=value),
        "transaction(timeout=)": lambda value: client.transaction(timeout=value),
        "transaction(consumer)": client.transaction,
        "init_transactions(timeout)": client.init_transactions,
    }


def _consumer_calls(client: StockConsumer) -> dict[str, Call]:
    # None of them gets as far as asking the brokers.
    return {
        "pause(partitions)": client.pause,
        "resume(partitions)": client.resume,
        "seek(partition)": lambda value: client.seek(value, 0),
        "commit(message)": lambda value: client.commit(value) if value is not None else None,
        "commit(offsets=)": lambda value: client.commit(offsets=value) if value else None,
        "commit(offsets={partition})": lambda value: client.commit(offsets=_hashed(value, 0)),
        "commit(offsets={offset})": lambda value: client.commit(offsets={0: value}),
    }


def _produce(client: StockProducer, name: str, value: Any) -> None:
    with contextlib.suppress(StreamContractError):
        client.poll(0)
    client.produce(bar(0), **{name: value})


def _swallow(client: StockProducer, **arguments: Any) -> None:
    client.produce_all(**{"values": (), **arguments})


def _made(make: Callable[..., Any], *given: Any, **named: Any) -> None:
    _closed(make(*given, **named))


_GENERIC: Final[dict[str, Any]] = {"producer": ContractProducer, "consumer": ContractConsumer}


def _construction_calls() -> dict[str, Call]:
    calls: dict[str, Call] = {}
    for kind, make in (("producer", StockProducer), ("consumer", StockConsumer)):
        for name in PROPERTIES:
            calls[f"{kind}({name!r})"] = functools.partial(_with_property, make, name)
        for name in ("topic", "telemetry", "registry", "config"):
            calls[f"{kind}({name}=)"] = functools.partial(_with_argument, make, name)
        calls[f"{kind}(property's name)"] = functools.partial(_with_name, make)
        calls[f"{kind}(record=)"] = functools.partial(_with_argument, _GENERIC[kind], "record")
        calls[f"{kind}(records=)"] = functools.partial(_with_argument, _GENERIC[kind], "records")
    for name in ("group", "start", "partitions", "poison", "on_assign", "on_revoke", "on_lost"):
        calls[f"consumer({name}=)"] = functools.partial(_with_argument, StockConsumer, name)
    calls["consumer(topics=)"] = functools.partial(_with_argument, ContractConsumer, "topics")
    calls["consumer(topics={name})"] = lambda value: _with_argument(
        ContractConsumer, "topics", _hashed(value, Stock)
    )
    calls["consumer(topics={class})"] = lambda value: _with_argument(
        ContractConsumer, "topics", {"t": value}
    )
    calls["consumer(start={partition})"] = lambda value: _with_argument(
        StockConsumer, "start", _hashed(value, 0)
    )
    calls["consumer(start={offset})"] = lambda value: _with_argument(
        StockConsumer, "start", {0: value}
    )
    calls["async producer(topic=)"] = lambda value: AsyncContractProducer(
        NOWHERE, record=Stock, registry=REGISTRY, topic=value
    )
    calls["DeadLetters(config=)"] = lambda value: _made(
        StockConsumer, NOWHERE, registry=REGISTRY, poison=DeadLetters(config=value)
    )
    calls["DeadLetters(topic=)"] = lambda value: _made(
        StockConsumer, NOWHERE, registry=REGISTRY, poison=DeadLetters(topic=value)
    )
    calls["SchemaRegistry.from_config"] = lambda value: SchemaRegistry.from_config(value).close()
    calls["split_config"] = split_config
    calls["ContractSerializer(subject_name_strategy=)"] = lambda value: ContractSerializer(
        {"type": "string"}, REGISTRY, subject_name_strategy=value
    ).encoder("topic")
    return calls


def _with_property(make: Callable[..., Any], name: str, value: Any) -> None:
    _made(make, {**NOWHERE, name: value}, registry=REGISTRY)


def _with_argument(make: Callable[..., Any], name: str, value: Any) -> None:
    _made(make, **{"config": NOWHERE, "registry": REGISTRY, name: value})


def _with_name(make: Callable[..., Any], value: Any) -> None:
    _made(make, _keyed(value), registry=REGISTRY)


def _keyed(value: Any) -> dict[Any, Any]:
    return {**NOWHERE, **_hashed(value, "x")}


def _hashed(key: Any, value: Any) -> dict[Any, Any]:
    try:
        return {key: value}
    except TypeError:  # it is not hashable, so that it cannot be a key at all
        return {}


def _topic_calls() -> dict[str, Call]:
    soon = 0.01
    return {
        "ensure_topic(name)": lambda value: ensure_topic(value, NOWHERE, timeout=soon),
        "ensure_topic(partitions=)": lambda value: ensure_topic(
            "t", NOWHERE, partitions=value, timeout=soon
        ),
        "ensure_topic(replication=)": lambda value: ensure_topic(
            "t", NOWHERE, replication=value, timeout=soon
        ),
        "ensure_topic(topic_config=)": lambda value: ensure_topic(
            "t", NOWHERE, topic_config=value, timeout=soon
        ),
        "describe_topics(names)": lambda value: describe_topics(value, NOWHERE, timeout=soon),
        "describe_groups(topic)": lambda value: describe_groups(value, NOWHERE, timeout=soon),
    }


def _registry_calls(registry: SchemaRegistry) -> dict[str, Call]:
    calls: dict[str, Call] = {
        f"SchemaRegistry({name}=)": functools.partial(_registry_with, name)
        for name in (
            *("url", "basic_auth", "bearer_token", "ca", "proxy", "headers", "lock"),
            *("connect_timeout", "read_timeout", "max_retries", "backoff", "deadline"),
            *("max_answer_bytes", "cache_capacity", "client_key_password"),
        )
    }
    for name in (
        *("versions", "delete_subject", "compatibility", "config", "mode", "qualified"),
        *("schema_by_id", "latest_version", "set_compatibility", "set_mode", "referenced_by"),
        *("versions_of_id", "subjects_of_id", "delete_context"),
    ):
        if hasattr(registry, name):
            calls[f"registry.{name}"] = getattr(registry, name)
    return calls


def _registry_with(name: str, value: Any) -> None:
    SchemaRegistry(**{"url": "http://127.0.0.1:9", name: value}).close()


def main(examples: int, seed: int) -> int:
    """Try each call with so many values; 1 if something is wrong with one."""
    logging.disable()
    faulthandler.enable()
    random.seed(seed)
    client = producer()
    reader = StockConsumer(NOWHERE, registry=REGISTRY, group="g")
    empty = producer()  # there is nothing to wait for
    registry = SchemaRegistry(
        "http://127.0.0.1:9", max_retries=0, connect_timeout=0.1, read_timeout=0.1, deadline=0.2
    )
    calls = {
        **_producer_calls(client, empty),
        **_consumer_calls(reader),
        **_construction_calls(),
        **_topic_calls(),
        **_registry_calls(registry),
    }
    wrong = [
        f"{name}: {fault}"
        for name, call in calls.items()
        if (fault := _fault_of(name, call, examples))
    ]
    registry.close()
    _closed(client)
    _closed(empty)
    _closed(reader)
    sys.stdout.writelines(f"{line}\n" for line in wrong)
    return 1 if wrong else 0


def _fault_of(name: str, call: Call, examples: int) -> str:
    found: list[str] = []

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(VALUES)
    def attempt(value: Any) -> None:
        if found:
            return
        sys.stderr.write(f"{name} {_text_of(value)!a}\n")
        faulthandler.dump_traceback_later(20, exit=True)
        try:
            call(value)
        except StreamContractError as error:
            if not _is_printable(error):
                found.append(f"{_text_of(value)!a} -> {type(error).__name__} cannot be printed")
        except Exception as error:  # noqa: BLE001 - it is what is looked for
            found.append(f"{_text_of(value)!a} -> {error!a}")
        finally:
            faulthandler.cancel_dump_traceback_later()

    attempt()
    return found[0] if found else ""


def _is_printable(error: StreamContractError) -> bool:
    try:
        return bool(str(error) and repr(error))
    except Exception:  # noqa: BLE001 - it is what is looked for
        return False


def _text_of(value: object) -> str:
    try:
        return repr(value)[:200]
    except Exception:  # noqa: BLE001 - it is meant to
        return f"<{type(value).__name__}>"


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
