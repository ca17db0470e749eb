# The producer's step for each plain record, for producer/plain_records.py: included by _native.pyx.

from posix.time cimport clock_gettime, clockid_t, timespec

cdef extern from *:
    """
    /* Exact to some milliseconds, and four times as quick to read: intervals here are longer. */
    #ifdef CLOCK_MONOTONIC_COARSE
    #define SC_CLOCK CLOCK_MONOTONIC_COARSE
    #else
    #define SC_CLOCK CLOCK_MONOTONIC
    #endif
    """
    const clockid_t SC_CLOCK


cdef inline double monotonic() noexcept nogil:
    cdef timespec now
    clock_gettime(SC_CLOCK, &now)  # cannot fail with this clock and this pointer
    return <double>now.tv_sec + <double>now.tv_nsec * 1e-9


cdef class Sender:
    """See ``streamcontract.kafka.producer.plain_records.Sender``."""

    cdef object topic, encode, derive, produce, report, headers
    cdef double interval, due_at

    def __init__(self, topic, encode, derive, produce, report, double interval, headers=None):
        self.headers = headers
        self.topic, self.encode, self.derive = topic, encode, derive
        self.produce, self.report, self.interval = produce, report, interval
        self.due_at = 0

    def send(self, value):
        """Queue a record; return False, with nothing queued, if it needs the full path."""
        return self._send(value, self.report)

    def send_reported(self, value, report):
        """Queue a record whose delivery is reported elsewhere."""
        return self._send(value, report)

    cdef bint _send(self, value, report) except -1:
        if value is None or monotonic() >= self.due_at:
            return False
        try:
            payload = self.encode(value)
            key = self.derive(value)
            if self.headers is None:
                self.produce(self.topic, payload, key, -1, report)
            else:
                self.produce(self.topic, payload, key, -1, report, None, 0, self.headers)
        except Exception:
            return False  # the full path raises the error again
        return True

    def is_due(self):
        """Whether it is time to serve delivery reports; true starts the next interval."""
        cdef double now = monotonic()
        if now < self.due_at:
            return False
        self.due_at = now + self.interval
        return True


cdef class Report:
    """See ``streamcontract.kafka.producer.plain_records.reporter``."""

    cdef object failed, index, value

    def __init__(self, failed, index, value):
        self.failed, self.index, self.value = failed, index, value

    def __call__(self, error, raw):
        if error is not None:
            self.failed(self.index, self.value, error, raw)
