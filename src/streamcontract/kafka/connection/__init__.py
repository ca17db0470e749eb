"""Librdkafka's clients: configuration, credentials, questions to the cluster, codes, waits."""
