"""FastStream over confluent-kafka: a subscriber that publishes what it is to answer."""

from __future__ import annotations

import asyncio
from typing import Any

from faststream import FastStream
from faststream.confluent import KafkaBroker, KafkaMessage

from framed import BOOTSTRAP, NAME, TOPIC, answer_to, decode, encode

broker = KafkaBroker(BOOTSTRAP, logger=None)
app = FastStream(broker, logger=None)


async def decoded(message: KafkaMessage) -> dict[str, Any]:
    """The typed record of a message."""
    return decode(message.body)


@broker.subscriber(TOPIC, group_id=NAME, auto_offset_reset="earliest", decoder=decoded)
async def answer(record: dict[str, Any]) -> None:
    """Answer the first record, and end."""
    if record["symbol"] != NAME:
        await broker.publish(encode(answer_to(record)), TOPIC)
        app.exit()


asyncio.run(app.run())
