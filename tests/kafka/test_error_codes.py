"""librdkafka's error codes: one table, under librdkafka's names."""

import ast

import pytest
from confluent_kafka import KafkaError
from tests.sources import modules_with

from streamcontract.kafka.connection.error_codes import LocalErrorCode


@pytest.mark.parametrize("code", LocalErrorCode)
def test_librdkafka_calls_each_local_code_by_its_name(code: LocalErrorCode) -> None:
    """An error made of a member is the one that librdkafka raises under that name."""
    error = KafkaError(code)
    assert error.name() == f"_{code.name}"
    assert error.code() == code
    assert hash(error.code()) == hash(code), "both are the same element of a set"


def test_no_other_module_reads_codes_of_librdkafka() -> None:
    """Private attributes of ``KafkaError`` are read in one module, where the reason is written."""
    readers = {
        name
        for name, tree in modules_with("KafkaError")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and ast.unparse(node.value).rpartition(".")[2] == "KafkaError"
    }
    assert readers == {"kafka/connection/error_codes.py"}
