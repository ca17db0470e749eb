"""Stream processing: bars become running statistics of each stock, exactly once.

Consumes the topic ``stocks`` and produces to ``stock-statistics``, one result for each bar. Each
transaction has the results of a batch and the committed offsets of its bars: both are there, or
neither. Kill the program at any time and start it again; no bar is left out or counted twice.

The program keeps no file. Its state, the newest statistics of each symbol, is what it has
produced: at the start it reads its own results back.
"""

from __future__ import annotations

from itertools import islice

from results.statistics import Statistics, StatisticsConsumer, StatisticsProducer
from running import add, deviation
from streamcontract import StockConsumer
from streamcontract.kafka import TransactionAbortedError, describe_topics, ensure_topic

RESULTS = "stock-statistics"
NAME = "stock-statistics"  # of the consumer group, and of the one producer that may write
BATCH = 500


def restore() -> dict[str, Statistics]:
    """Read the newest result of each symbol."""
    with StatisticsConsumer() as results:
        return {each.value.symbol: each.value for each in results.until_end() if each.value}


def check_offsets(consumer: StockConsumer, state: dict[str, Statistics]) -> None:
    """Refuse to count bars again: with results there are committed offsets, or they were lost."""
    if state and not any(offset is not None for offset in consumer.committed().values()):
        raise SystemExit(
            f"the topic {RESULTS} has results, and the group {NAME} has no committed offsets."
            " librdkafka's mock cluster does not keep those of transactions: start over on it, or"
            " run Apache Kafka (streamcontract dev --broker kafka)"
        )


def summarise(
    producer: StatisticsProducer, consumer: StockConsumer, state: dict[str, Statistics]
) -> int:
    """Process all bars up to the end of the topic; return their number.

    Args:
        producer: Writes the results.
        consumer: Reads the bars.
        state: The newest statistics of each symbol; updated with each committed transaction.
    """
    messages, processed = consumer.until_end(), 0
    while True:
        changed: dict[str, Statistics] = {}
        count = 0
        try:
            with producer.transaction(consumer):
                for message in islice(messages, BATCH):
                    count += 1
                    if (bar := message.value) is None:  # a tombstone: there is no bar to count
                        continue
                    result = add(changed.get(bar.symbol) or state.get(bar.symbol), bar)
                    changed[bar.symbol] = result
                    producer.produce(result)
        except TransactionAbortedError:
            continue  # nothing of it was committed, and the messages come again
        if not count:
            return processed
        state.update(changed)
        processed += count


def main() -> None:
    """Continue where the last run ended, up to the end of the topic, and print the state."""
    ensure_topic(RESULTS, partitions=3, topic_config={"cleanup.policy": "compact"})
    [stocks] = describe_topics(["stocks"]).topics
    reading = {"enable.auto.commit": False}  # the transactions commit
    with StatisticsProducer({"transactional.id": NAME}) as producer:
        # A predecessor with this id, alive or killed, cannot commit any more, and all that it has
        # committed can be read. Only then is the state read.
        state = restore()
        print(f"state: {len(state)} symbols, {sum(each.bars for each in state.values())} bars")
        partitions = [each.number for each in stocks.partitions]
        with StockConsumer(reading, group=NAME, partitions=partitions) as consumer:
            check_offsets(consumer, state)
            processed = summarise(producer, consumer, state)
    print(f"processed {processed} bars")
    for symbol, each in sorted(state.items()):
        print(
            f"{symbol:5} {each.bars:5} bars  lowest {each.lowest:8.2f}"
            f"  highest {each.highest:8.2f}  mean {each.mean_close:8.2f} ± {deviation(each):.2f}"
        )


if __name__ == "__main__":
    main()
