"""aiokafka: a consumer in a group, then a producer."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from framed import BOOTSTRAP, NAME, TOPIC, answer_to, decode, encode


async def main() -> None:
    """Read a record, and write another."""
    async with AIOKafkaConsumer(
        TOPIC, bootstrap_servers=BOOTSTRAP, group_id=NAME, auto_offset_reset="earliest"
    ) as consumer:
        record = decode((await consumer.getone()).value)
        await consumer.commit()
    async with AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, enable_idempotence=True) as producer:
        await producer.send_and_wait(TOPIC, encode(answer_to(record)))


asyncio.run(main())
