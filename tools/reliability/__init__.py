"""Faults under load on Apache Kafka, judged by what came; see ``docs/reliability.md``."""
