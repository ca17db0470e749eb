"""Mock cluster inside librdkafka, bound with ctypes.

librdkafka contains a Kafka cluster for its own tests. Its interface, ``rdkafka_mock.h``
(https://github.com/confluentinc/librdkafka/blob/master/src/rdkafka_mock.h), is exported by the
shared library in every confluent-kafka wheel, but upstream calls it experimental, so that it may
change. So the binding is small, checks the library's version against the client's, and treats a
library without these functions as missing.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import functools
import signal
from typing import TYPE_CHECKING, Any

import attrs
import confluent_kafka
import confluent_kafka.cimpl

from streamcontract.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HANDLE = ctypes.c_void_p  # rd_kafka_t *, rd_kafka_conf_t *, rd_kafka_mock_cluster_t *
_TEXT = ctypes.c_char_p
_ERROR = ctypes.c_int  # rd_kafka_resp_err_t, an enum
_INT32 = ctypes.c_int32
_ERRORS = ctypes.POINTER(_ERROR)

_PRODUCER = 0  # RD_KAFKA_PRODUCER, rdkafka.h
_CONF_OK = 0  # RD_KAFKA_CONF_OK, rdkafka.h
_CONTROLLER = 1  # the first broker: ids count from 1 (rdkafka_mock.h)
_HEARTBEAT_MS = 100
_MESSAGE_SIZE = 512

# The newest version of a request that the mock cluster reads as the protocol has it, where it
# advertises newer ones (rdkafka_mock_handlers.c): there it has no arrays of flexible versions,
# nor the list of members with which a group is left, and reads past them. Clients then use these.
_NEWEST_VERSIONS = {
    11: 5,  # JoinGroup
    13: 2,  # LeaveGroup
    14: 3,  # SyncGroup
}

# name -> (result, arguments): from rdkafka.h and rdkafka_mock.h.
_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "rd_kafka_version": (ctypes.c_int, ()),
    "rd_kafka_conf_new": (_HANDLE, ()),
    "rd_kafka_conf_destroy": (None, (_HANDLE,)),
    "rd_kafka_conf_set": (ctypes.c_int, (_HANDLE, _TEXT, _TEXT, _TEXT, ctypes.c_size_t)),
    "rd_kafka_new": (_HANDLE, (ctypes.c_int, _HANDLE, _TEXT, ctypes.c_size_t)),
    "rd_kafka_destroy": (None, (_HANDLE,)),
    "rd_kafka_mock_cluster_new": (_HANDLE, (_HANDLE, ctypes.c_int)),
    "rd_kafka_mock_cluster_destroy": (None, (_HANDLE,)),
    "rd_kafka_mock_cluster_bootstraps": (_TEXT, (_HANDLE,)),
    "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, (_HANDLE, _INT32)),
    "rd_kafka_mock_set_apiversion": (
        _ERROR,
        (_HANDLE, ctypes.c_int16, ctypes.c_int16, ctypes.c_int16),
    ),
    "rd_kafka_mock_topic_create": (_ERROR, (_HANDLE, _TEXT, ctypes.c_int, ctypes.c_int)),
    "rd_kafka_mock_partition_set_leader": (_ERROR, (_HANDLE, _TEXT, _INT32, _INT32)),
    "rd_kafka_mock_broker_set_down": (_ERROR, (_HANDLE, _INT32)),
    "rd_kafka_mock_broker_set_up": (_ERROR, (_HANDLE, _INT32)),
    "rd_kafka_mock_broker_set_rtt": (_ERROR, (_HANDLE, _INT32, ctypes.c_int)),
    "rd_kafka_mock_push_request_errors_array": (
        None,
        (_HANDLE, ctypes.c_int16, ctypes.c_size_t, _ERRORS),
    ),
    "rd_kafka_mock_clear_request_errors": (None, (_HANDLE, ctypes.c_int16)),
}
# Newer than the oldest confluent-kafka that this package supports; optional.
_OPTIONAL_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "rd_kafka_mock_set_controller_id": (None, (_HANDLE, _INT32)),
    "rd_kafka_mock_set_group_consumer_heartbeat_interval_ms": (None, (_HANDLE, ctypes.c_int)),
}


@attrs.frozen
class MockCluster:
    """One running mock cluster: C pointers, which are destroyed once and then not used.

    Calls are thread-safe in the library (it passes them to the cluster's own thread), but not
    together with ``destroy``, which the caller has to prevent.
    """

    _library: ctypes.CDLL
    _client: int
    _cluster: int

    @property
    def bootstrap_servers(self) -> str:
        """``host:port`` of every broker, separated by commas."""
        text: bytes = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster)
        return text.decode("ascii")

    def call(self, function: str, *arguments: object) -> int:
        """Call ``rd_kafka_mock_<function>`` on this cluster.

        Returns:
            The error code of functions that have one (0 is success), else 0.
        """
        return getattr(self._library, f"rd_kafka_mock_{function}")(self._cluster, *arguments) or 0

    def push_request_errors(self, api_key: int, errors: Sequence[int]) -> None:
        """Let the next ``len(errors)`` requests of a kind fail, one error each, in order."""
        self.call(
            "push_request_errors_array", api_key, len(errors), (_ERROR * len(errors))(*errors)
        )

    def destroy(self) -> None:
        """Stop the brokers and free everything, the cluster before its client."""
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._client)


def start_cluster(library: ctypes.CDLL, brokers: int, *, group_join_delay_ms: int) -> MockCluster:
    """Start a mock cluster of ``brokers`` brokers on free loopback ports.

    Raises:
        StackError: librdkafka could not start it.
    """
    message = ctypes.create_string_buffer(_MESSAGE_SIZE)
    conf = library.rd_kafka_conf_new()
    # The cluster needs a client, which has no brokers to connect to: its notice about that
    # (syslog level 5) would confuse; errors (level 3) still reach stderr.
    if library.rd_kafka_conf_set(conf, b"log_level", b"3", message, _MESSAGE_SIZE) != _CONF_OK:
        library.rd_kafka_conf_destroy(conf)
        raise StackError(f"librdkafka refused a setting: {message.value.decode()}")
    client = library.rd_kafka_new(_PRODUCER, conf, message, _MESSAGE_SIZE)
    if not client:  # in this case the configuration still belongs to the caller (rdkafka.h)
        library.rd_kafka_conf_destroy(conf)
        raise StackError(f"librdkafka could not start a client: {message.value.decode()}")
    with _signals_blocked():
        cluster = library.rd_kafka_mock_cluster_new(client, brokers)
    if not cluster:
        library.rd_kafka_destroy(client)
        raise StackError(
            f"librdkafka could not start {brokers} mock broker(s); see its own log on stderr"
            " (each needs a free loopback port and a few file descriptors)"
        )
    library.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, group_join_delay_ms)
    for api_key, newest in _NEWEST_VERSIONS.items():
        library.rd_kafka_mock_set_apiversion(cluster, api_key, 0, newest)
    if hasattr(library, "rd_kafka_mock_set_controller_id"):
        # By default there is no controller, and AdminClient waits for one until it times out. With
        # one, requests work, or are refused at once if the mock cluster lacks them.
        library.rd_kafka_mock_set_controller_id(cluster, _CONTROLLER)
    if hasattr(library, "rd_kafka_mock_set_group_consumer_heartbeat_interval_ms"):
        # In groups of the newer protocol (KIP-848) members get their partitions with their
        # heartbeats, whose interval the broker sets: 3 s by default.
        library.rd_kafka_mock_set_group_consumer_heartbeat_interval_ms(cluster, _HEARTBEAT_MS)
    return MockCluster(library, client, cluster)


@functools.cache
def find_library() -> ctypes.CDLL | None:
    """Find the librdkafka that confluent-kafka uses, with the mock cluster's functions bound.

    Returns:
        The library, or None if the mock cluster's functions cannot be found.
    """
    for name in _candidates():
        with contextlib.suppress(OSError, AttributeError):  # no such file; no such function
            library = bind(ctypes.CDLL(name))
            if library.rd_kafka_version() == confluent_kafka.libversion()[1]:
                return library
    return None


def bind(library: ctypes.CDLL) -> ctypes.CDLL:
    """Declare the types of every function used.

    Raises:
        AttributeError: The library does not export one of them.
    """
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    for name, (result, arguments) in _OPTIONAL_SIGNATURES.items():
        if hasattr(library, name):
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    return library


def _candidates() -> Iterator[str]:
    # Symbols are looked up in a library and in the libraries it was linked against (dlsym(3)),
    # so the client's extension module gives the copy of librdkafka that it loaded itself:
    # bundled in the wheel or the system's, on Linux and on macOS.
    yield confluent_kafka.cimpl.__file__
    # If it is linked into the extension module with hidden symbols, the system may have the
    # same version as a library of its own.
    system = ctypes.util.find_library("rdkafka")
    if system is not None:
        yield system


@contextlib.contextmanager
def _signals_blocked() -> Iterator[None]:
    """Block all signals in this thread, and in threads that start meanwhile, which inherit that.

    A signal that interrupts poll(2) of the cluster's thread would end it, and the cluster.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
