"""kafka-python: a consumer in a group, then a producer."""

from __future__ import annotations

from framed import BOOTSTRAP, NAME, TOPIC, answer_to, decode, encode
from kafka import KafkaConsumer, KafkaProducer

consumer = KafkaConsumer(
    TOPIC, bootstrap_servers=BOOTSTRAP, group_id=NAME, auto_offset_reset="earliest"
)
record = decode(next(consumer).value)
consumer.commit()
consumer.close()

producer = KafkaProducer(bootstrap_servers=BOOTSTRAP, acks="all")
producer.send(TOPIC, encode(answer_to(record))).get(timeout=30)
producer.close()
