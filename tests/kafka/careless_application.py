"""An application that forgets its producer, or forks; run as a program of its own.

Its first argument says which, the others are the broker, the registry and the topic.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import sys
from typing import TYPE_CHECKING, Any, Final, cast

from tests.kafka.applications import ScriptedRegistry, bar

from streamcontract import (
    AsyncContractConsumer,
    AsyncContractProducer,
    Stock,
    StockConsumer,
    StockProducer,
    StreamContractError,
)
from streamcontract.kafka.producer import unclosed

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamcontract import SchemaRegistry

COUNT: Final = 5
REGISTRY: Final = cast("SchemaRegistry", ScriptedRegistry())


def main(how: str, servers: str, registry: str, topic: str) -> None:
    """Be careless."""
    config = {"bootstrap.servers": servers, "schema.registry.url": registry, "linger.ms": 100}
    if how == "transaction":
        config["transactional.id"] = topic
    if how == "nowhere":
        producer = StockProducer({"bootstrap.servers": "127.0.0.1:9"}, registry=REGISTRY)
        atexit.unregister(unclosed.finish_all)
        atexit.register(unclosed.finish_all, 0.1)
    else:
        producer = StockProducer(config, topic=topic)
    if how == "transaction":
        producer.transaction().__enter__()
    for number in range(COUNT):
        producer.produce(bar(number))
    if how == "dropped":
        del producer
        with unclosed._serving:  # which the thread gives back that serves it
            assert not unclosed.waiting()
        os._exit(0)  # so that nothing else can deliver it
    if how == "forked":
        _fork(config, producer, topic)
    if how == "forked consumers":
        producer.close()
        _fork_others(config, topic)
    globals()["producer"] = producer  # it lives until the interpreter ends


def _fork(config: dict[str, Any], producer: StockProducer, topic: str) -> None:
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        producer.close()
        sys.exit(os.waitstatus_to_exitcode(status))
    calls: dict[str, Callable[[], object]] = {
        "produce": lambda: producer.produce(bar(100)),
        "produce with options": lambda: producer.produce(bar(100), partition=0),
        "produce_all": lambda: producer.produce_all([bar(100)]),
        "poll": lambda: producer.poll(0),
        "flush": lambda: producer.flush(3),
        "transaction": producer.transaction,
        "init_transactions": producer.init_transactions,
        "close": producer.close,
    }
    for name, call in calls.items():
        try:
            call()
        except StreamContractError as error:  # noqa: PERF203 - each is to raise
            sys.stdout.write(f"{name}: {type(error).__name__}\n")
    # A client of its own works, as does the registry's client that both share.
    with StockProducer(config, topic=topic) as own:
        own.produce(bar(COUNT))
    sys.exit(0)  # with an interpreter that ends as any other


def _fork_others(config: dict[str, Any], topic: str) -> None:
    consumer = StockConsumer(config, topic=topic)
    next(consumer)  # there are more in its queue
    rest = consumer.until_end()
    others = (
        AsyncContractProducer(config, record=Stock, topic=topic),
        AsyncContractConsumer(config, record=Stock, topic=topic),
    )
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        # What is the parent's is not touched.
        assert len(list(rest)) == COUNT - 1
        consumer.close()
        for each in others:
            asyncio.run(each.close())
        sys.exit(os.waitstatus_to_exitcode(status))
    calls: dict[str, Callable[[], object]] = {
        "next": lambda: next(consumer),
        "poll": lambda: consumer.poll(1),
        "consume": lambda: consumer.consume(5, 1),
        "until_end": consumer.until_end,
        "iterator of before": lambda: next(rest),
        "commit": consumer.commit,
        "close": consumer.close,
        "with": consumer.__enter__,
        "async produce": lambda: asyncio.run(others[0].produce(bar(0))),
        "async flush": lambda: asyncio.run(others[0].flush()),
        "async close": lambda: asyncio.run(others[0].close()),
        "async poll": lambda: asyncio.run(others[1].poll()),
    }
    for name, call in calls.items():
        try:
            call()
        except StreamContractError as error:  # noqa: PERF203 - each is to raise
            sys.stdout.write(f"{name}: {type(error).__name__}\n")
    with StockConsumer(config, topic=topic) as own:
        assert len(list(own.until_end())) == COUNT
    sys.exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
