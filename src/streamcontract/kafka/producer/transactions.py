"""Transactions of one producer: all of what is produced in one is read, or none of it.

With a consumer the positions of its group are part of the transaction (KIP-98, KIP-447): what was
consumed counts as consumed if, and only if, what was made of it is there.
"""

from __future__ import annotations

import contextlib
import logging
import time
import warnings
from typing import TYPE_CHECKING, Any, Final

import confluent_kafka

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
    from collections.abc import Callable, Iterator, Sequence

    from streamcontract.kafka.connection.authentication_errors import AuthenticationErrors
    from streamcontract.kafka.consumer.transaction_input import TransactionInput

__all__ = ["Transaction", "Transactions"]

_log = logging.getLogger("streamcontract.kafka")

_RETRY_PAUSE: Final = 0.05


class Transactions:
    """The transactions of one producer, one at a time.

    Args:
        client: The producer's client.
        topic: The producer's topic, for errors.
        transactional_id: ``transactional.id`` of its configuration, or None.
        take_failures: Gives the deliveries that failed and nobody was told of, once.
        authentication: What the client's ``error_cb`` heard.

    Attributes:
        is_open: Whether there is a transaction that is neither committed nor aborted.
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
        """Whether the producer is configured for transactions."""
        return self._id is not None

    def init(self, timeout: float) -> None:
        """Make this producer the one of its transactional id; later calls do nothing.

        Raises:
            ConfigurationError: The producer has no transactional id.
            ProducerFencedError: Another producer took the id over.
            BrokerError: The brokers do not let this client in.
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
            # The callback of the client's errors is served by polling alone.
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
            ClientError: There is one already.
            Exception: As ``init`` does.
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
        self, sources: Sequence[TransactionInput], timeout: float, flush: Callable[[float], int]
    ) -> None:
        """Deliver all that was produced, then commit it, with the positions of ``sources``.

        Args:
            sources: The consumers that were read.
            timeout: Seconds to wait.
            flush: Waits so many seconds until all is delivered; gives how many messages are left,
                and raises what went wrong.

        Raises:
            TransactionAbortedError: It cannot be committed; ``abort`` it.
            ProducerFencedError: Another producer took the id over.
            TransactionError: It failed for good, or nobody knows whether it was committed.
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
                # Nobody knows whether it is committed, and no other call is allowed any more.
                self._broken = failed
            raise failed from error
        self.is_open = False

    def _send_offsets(self, offsets: list[Any], metadata: Any, deadline: float) -> None:
        if not offsets:
            return
        # Not in slices: it cannot be resumed, only done again.
        _again(
            lambda left: self._client.send_offsets_to_transaction(offsets, metadata, left),
            deadline,
            self._waiting("take the positions of its consumers"),
        )

    def abort(self, timeout: float) -> TransactionError | None:
        """Make void all that was produced; without an open transaction it does nothing.

        Returns:
            What keeps this producer from going on, if anything does.
        """
        if not self.is_open:
            return self._broken
        self.is_open = False
        if self._broken is None:
            try:
                self._abort(timeout)
            except confluent_kafka.KafkaException as error:
                # Whatever the reason, the transaction is still there: this producer cannot begin
                # another. The brokers abort it after transaction.timeout.ms.
                self._broken = self._failed(kafka_error_of(error))
        # The messages are void by intention: nobody needs to be told of each.
        self._take_failures()
        return self._broken

    def explain(self, error: BaseException) -> TransactionError | None:
        """The error to raise instead of one that left the block; None if that is as good.

        Called when the transaction is aborted. A message that fails spoils its transaction, of
        which librdkafka tells later and by other words.
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
        """What log records of this producer's transactions carry."""
        return {"topic": self._topic, "transactional_id": self._id}

    def block(
        self,
        inputs: Sequence[TransactionInput],
        timeout: float,
        flush: Callable[[float], int],
    ) -> Transaction:
        """One transaction; see ``ContractProducer.transaction``."""
        return Transaction(self, inputs, timeout, flush)

    def close_client(self) -> None:
        """Let go of the client, whose messages were delivered or given up."""
        with self._closing():
            close_producer(self._client)

    @contextlib.contextmanager
    def _closing(self) -> Iterator[None]:
        """Around the closing of the client."""
        if self._id is None or (self._broken is None and self._is_initialised):
            yield
            return
        with warnings.catch_warnings():
            # That it cannot abort, which is an error that was raised already; and nothing was
            # begun by a producer that never got as far as that.
            warnings.filterwarnings("ignore", "Producer abort_transaction failed", RuntimeWarning)
            yield

    def _abort(self, timeout: float) -> None:
        try:
            _resume(self._client.abort_transaction, timeout, self._waiting("be aborted"))
        except confluent_kafka.KafkaException:
            raise
        except Exception:  # noqa: BLE001 - whatever an on_delivery raises
            # Of an on_delivery, which is told that its message is void. Aborting goes first.
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
        """The error for what librdkafka says; one that ends this producer is kept."""
        if reason.txn_requires_abort() and not reason.fatal():
            return self._aborted(reason)  # aborting shows whether this producer is fenced
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
            "Nothing of this transaction is committed. The producer can go on, and what was "
            "consumed in the transaction comes again",
        )


class Transaction:
    """One transaction, for one ``with`` block; see ``ContractProducer.transaction``."""

    def __init__(
        self,
        transactions: Transactions,
        sources: Sequence[TransactionInput],
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
        """What log records of this transaction carry."""
        return self._transactions.log_fields

    def _give_up(self, error: BaseException) -> None:
        """Abort and rewind; what raised goes first, unless there is a better word for it."""
        in_doubt = True
        try:
            broken = self._transactions.abort(self._timeout)
            in_doubt = broken is not None
        finally:
            with contextlib.ExitStack() as rewinding:  # each, whatever another raises
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
    """Make a call in slices; one that timed out is resumed by the next."""
    _again(call, time.monotonic() + timeout, waiting, SLICE)


def _again(
    call: Callable[[float], None],
    deadline: float,
    waiting: Waiting,
    at_once: float | None = None,
) -> None:
    """Make a call as often as librdkafka says that the next one may succeed, up to a deadline."""
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
