"""Connections to brokers: configuration, credentials, waits and errors of librdkafka's clients."""
