"""Transactions of one producer, whose messages are committed together or aborted.

With a consumer the positions of its group are part of the transaction (KIP-98, KIP-447): consumed
messages are committed if, and only if, the results are.
"""

from __future__ import annotations

import contextlib
import logging
import time
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka

from streamcontract._lazy import Later
from streamcontract.errors import ClientError, ConfigurationError
from streamcontract.kafka.connection.authentication_errors import authentication_advice
from streamcontract.kafka.connection.error_codes import FENCED, LocalErrorCode
from streamcontract.kafka.connection.flushing import close_producer
from streamcontract.kafka.connection.waits import SLICE, Waiting, interruptible
from streamcontract.kafka.errors import (
    BrokerError,
    ConsumeError,
    DeliveryError,
    ProduceError,
    ProducerFencedError,
    TransactionAbortedError,
    TransactionError,
    kafka_error_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamcontract.kafka.connection.authentication_errors import AuthenticationErrors
    from streamcontract.kafka.consumer import types
else:
    types = Later("streamcontract.kafka.consumer.types")

__all__ = ["Transaction", "Transactions"]

_log = logging.getLogger("streamcontract.kafka")

_RETRY_PAUSE: Final = 0.05


class Transactions:
    """The transactions of one producer, one at a time.

    Args:
        client: The producer's client.
        topic: The producer's topic, for errors.
        transactional_id: ``transactional.id`` of its configuration, or None.
        take_failures: Returns the failed deliveries that were not raised yet, once.
        authentication: The authentication errors of the client's ``error_cb``.

    Attributes:
        is_open: Whether there is an open transaction.
    """

    def __init__(
        self,
        client: Any,
        topic: str,
        transactional_id: str | None,
        take_failures: Callable[[], DeliveryError | None],
        authentication: AuthenticationErrors,
    ) -> None:
        self._client = client
        self._topic = topic
        self._authentication = authentication
        self._id = transactional_id
        self._take_failures = take_failures
        self._is_initialised = False
        self._broken: TransactionError | None = None
        self.is_open = False

    @property
    def are_on(self) -> bool:
        """Whether the producer is transactional."""
        return self._id is not None

    def init(self, timeout: float) -> None:
        """Fence other producers with the transactional id; later calls have no effect.

        Raises:
            ConfigurationError: The producer has no transactional id.
            ProducerFencedError: Another producer has the id now.
            BrokerError: The brokers do not accept this client.
            TransactionError: The brokers refused, or did not answer in time.
        """
        if self._id is None:
            raise ConfigurationError(
                f"the producer of topic {self._topic!r} has no transactions: give it a "
                f"'transactional.id', which stays the same when it is started again and which no "
                f"other producer has"
            )
        if self._broken is not None:
            raise self._broken
        if self._is_initialised:
            return
        try:
            _resume(self._init_once, timeout, self._waiting("begin"))
        except confluent_kafka.KafkaException as error:
            raise self._failed(kafka_error_of(error)) from error
        self._is_initialised = True

    def _init_once(self, timeout: float) -> None:
        try:
            self._client.init_transactions(timeout)
        except confluent_kafka.KafkaException as error:
            # Only polling serves the callback of the client's errors.
            interruptible(self._client.poll, 0)
            refusal = self._authentication.take()
            if refusal is not None:
                raise BrokerError(
                    self._topic, refusal, advice=authentication_advice(refusal)
                ) from error
            raise

    def begin(self, timeout: float) -> None:
        """Begin a transaction.

        Raises:
            ClientError: There is an open one already.
            Exception: An error of ``init``.
        """
        if self.is_open:
            raise ClientError(
                f"the producer with transactional.id {self._id!r} is in a transaction already: "
                f"it has one at a time"
            )
        self.init(timeout)
        try:
            self._client.begin_transaction()
        except confluent_kafka.KafkaException as error:
            raise self._failed(kafka_error_of(error)) from error
        self.is_open = True

    def commit(
        self,
        sources: Sequence[types.TransactionInput],
        timeout: float,
        flush: Callable[[float], int],
    ) -> None:
        """Flush the queue, then commit the transaction, with the positions of ``sources``.

        Args:
            sources: The consumers of the processed messages.
            timeout: Seconds to wait.
            flush: Flushes for a number of seconds; returns the number of remaining messages, and
            raises errors.

        Raises:
            TransactionAbortedError: It cannot be committed; ``abort`` it.
            ProducerFencedError: Another producer has the id now.
            TransactionError: It failed for good, or the outcome of the commit is unknown.
        """
        deadline = time.monotonic() + timeout
        try:
            if flush(timeout):
                late = confluent_kafka.KafkaError(
                    LocalErrorCode.TIMED_OUT, f"not all was delivered within {timeout:g} s"
                )
                raise self._aborted(late)
            for source in sources:
                self._send_offsets(source.offsets(), source.group_metadata(), deadline)
        except (DeliveryError, ConsumeError) as error:
            reason = error.first.error if isinstance(error, DeliveryError) else error.error
            assert reason is not None  # noqa: S101 - a delivery that failed has its error
            raise self._aborted(reason) from error
        except confluent_kafka.KafkaException as error:
            reason = kafka_error_of(error)
            failed = self._failed(reason)
            raise (self._aborted(reason) if self._broken is None else failed) from error
        try:
            left = deadline - time.monotonic()
            _resume(self._client.commit_transaction, left, self._waiting("be committed"))
        except confluent_kafka.KafkaException as error:
            failed = self._failed(kafka_error_of(error))
            if not isinstance(failed, TransactionAbortedError):
                # The outcome is unknown, and no other call is allowed any more.
                self._broken = failed
            raise failed from error
        self.is_open = False

    def _send_offsets(self, offsets: list[Any], metadata: Any, deadline: float) -> None:
        if not offsets:
            return
        # Not in slices: it cannot be resumed, only repeated.
        _again(
            lambda left: self._client.send_offsets_to_transaction(offsets, metadata, left),
            deadline,
            self._waiting("add the positions of its consumers"),
        )

    def abort(self, timeout: float) -> TransactionError | None:
        """Abort the open transaction; without one it has no effect.

        Returns:
            The error after which this producer cannot continue, if there is one.
        """
        if not self.is_open:
            return self._broken
        self.is_open = False
        if self._broken is None:
            try:
                self._abort(timeout)
            except confluent_kafka.KafkaException as error:
                # The transaction is still open: this producer cannot begin another. The brokers
                # abort it after transaction.timeout.ms.
                self._broken = self._failed(kafka_error_of(error))
        # The messages are aborted on purpose, so their failures are not raised.
        self._take_failures()
        return self._broken

    def explain(self, error: BaseException) -> TransactionError | None:
        """The error to raise instead of the block's one; None to keep that.

        Called when the transaction is aborted. A failed message makes its transaction fail, which
        librdkafka reports later with another error.
        """
        if not isinstance(error, (DeliveryError, ProduceError)):
            return None
        if self._broken is not None:
            return self._broken
        if isinstance(error, DeliveryError):
            reason = error.first.error
        else:
            reason = error.error if error.code == LocalErrorCode.STATE else None
        return None if reason is None else self._aborted(reason)

    @property
    def log_fields(self) -> dict[str, object]:
        """The fields of log records about this producer's transactions."""
        return {"topic": self._topic, "transactional_id": self._id}

    def block(
        self,
        inputs: Sequence[types.TransactionInput],
        timeout: float,
        flush: Callable[[float], int],
    ) -> Transaction:
        """One transaction; see ``ContractProducer.transaction``."""
        return Transaction(self, inputs, timeout, flush)

    def close_client(self) -> None:
        """Close the client, whose messages were delivered or have failed."""
        with self._closing():
            close_producer(self._client)

    @contextlib.contextmanager
    def _closing(self) -> Iterator[None]:
        """A context around the closing of the client."""
        if self._id is None or (self._broken is None and self._is_initialised):
            yield
            return
        with warnings.catch_warnings():
            # The failed abort was raised already; and a producer that was never initialized has no
            # transaction.
            warnings.filterwarnings("ignore", "Producer abort_transaction failed", RuntimeWarning)
            yield

    def _abort(self, timeout: float) -> None:
        try:
            _resume(self._client.abort_transaction, timeout, self._waiting("be aborted"))
        except confluent_kafka.KafkaException:
            raise
        except Exception:  # noqa: BLE001 - whatever an on_delivery raises
            # An error of an on_delivery, whose message is aborted. The abort takes precedence.
            _log.exception(
                "on_delivery failed while a transaction was aborted", extra=self.log_fields
            )
            try:
                _resume(self._client.abort_transaction, timeout, self._waiting("be aborted"))
            except confluent_kafka.KafkaException as error:
                if kafka_error_of(error).code() != LocalErrorCode.STATE:  # else it was done already
                    raise

    def _waiting(self, to: str) -> Waiting:
        what = f"the transactions of transactional.id {self._id!r} to {to}"
        return Waiting(what, self._topic, self._authentication.state)

    def _failed(self, reason: confluent_kafka.KafkaError) -> TransactionError:
        """The typed error for librdkafka's error, which is kept if it is final."""
        if reason.txn_requires_abort() and not reason.fatal():
            return self._aborted(reason)  # the abort shows whether this producer is fenced
        if reason.code() in FENCED:
            failed: TransactionError = ProducerFencedError(
                self._topic,
                self._id or "",
                reason,
                "Another producer was started with this transactional.id. Nothing of this "
                "transaction is committed; this producer has to be closed",
            )
        else:
            failed = TransactionError(self._topic, self._id or "", reason)
        if reason.fatal() or isinstance(failed, ProducerFencedError):
            self._broken = failed
        return failed

    def _aborted(self, reason: confluent_kafka.KafkaError) -> TransactionAbortedError:
        return TransactionAbortedError(
            self._topic,
            self._id or "",
            reason,
            "Nothing of this transaction is committed. The producer can continue, and messages "
            "that were consumed in the transaction are read again",
        )


class Transaction:
    """One transaction, for one ``with`` block; see ``ContractProducer.transaction``."""

    def __init__(
        self,
        transactions: Transactions,
        sources: Sequence[types.TransactionInput],
        timeout: float,
        flush: Callable[[float], int],
    ) -> None:
        self._transactions = transactions
        self._flush = flush
        self._sources = sources
        self._timeout = timeout

    def __enter__(self) -> None:
        self._transactions.begin(self._timeout)

    def __exit__(self, error_type: object, error: BaseException | None, traceback: object) -> None:
        if error is not None:
            self._give_up(error)
            return
        try:
            self._transactions.commit(self._sources, self._timeout, self._flush)
        except BaseException as failure:
            self._give_up(failure)
            raise
        for source in self._sources:
            source.settle()

    @property
    def log_fields(self) -> dict[str, object]:
        """The fields of log records about this transaction."""
        return self._transactions.log_fields

    def _give_up(self, error: BaseException) -> None:
        """Abort and rewind; raise the block's error, unless there is a better one."""
        in_doubt = True
        try:
            broken = self._transactions.abort(self._timeout)
            in_doubt = broken is not None
        finally:
            with contextlib.ExitStack() as rewinding:  # each, even if another raises
                for source in self._sources:
                    rewinding.callback(source.rewind, in_doubt=in_doubt)
        better = self._transactions.explain(error)
        if broken is None:
            if better is not None:
                raise better from error
            return
        if better is not None or isinstance(error, TransactionAbortedError):
            raise broken from error
        if broken is not error:
            # The next transaction raises it.
            _log.error("a transaction could not be aborted: %s", broken, extra=self.log_fields)


def _resume(call: Callable[[float], None], timeout: float, waiting: Waiting) -> None:
    """Make a call in slices; the next resumes one that timed out."""
    _again(call, time.monotonic() + timeout, waiting, SLICE)


def _again(
    call: Callable[[float], None],
    deadline: float,
    waiting: Waiting,
    at_once: float | None = None,
) -> None:
    """Repeat a call while librdkafka's error is retriable, up to a deadline."""
    while True:
        left = max(0.0, deadline - time.monotonic())
        try:
            call(left if at_once is None else min(left, at_once))
        except confluent_kafka.KafkaException as error:
            reason = kafka_error_of(error)
            if not reason.retriable() or not left:
                raise
            waiting.note()
            if reason.code() != LocalErrorCode.TIMED_OUT:
                time.sleep(_RETRY_PAUSE)
        else:
            return
