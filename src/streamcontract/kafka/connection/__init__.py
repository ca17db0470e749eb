"""Connections of librdkafka's clients: configuration, credentials, requests, error codes, waits."""
