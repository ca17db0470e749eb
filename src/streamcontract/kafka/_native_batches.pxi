# The metadata of raw messages as Avro, for batches/decoder.py: included by _native.pyx.

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.stdint cimport INT32_MAX, int64_t
from libc.string cimport memcpy


@cython.final
cdef class Text:
    """Bytes that are being written."""

    cdef char *start
    cdef Py_ssize_t size, room

    def __dealloc__(self):
        PyMem_Free(self.start)

    cdef int need(self, Py_ssize_t more) except -1:
        """Make room for more bytes."""
        cdef char *larger
        if more <= self.room - self.size:
            return 0
        larger = <char *>PyMem_Realloc(self.start, 2 * (self.size + more))
        if larger == NULL:
            raise MemoryError
        self.start, self.room = larger, 2 * (self.size + more)
        return 0

    cdef int number(self, int64_t value) except -1:
        """A long of Avro ("Binary encoding: primitive types", Avro 1.12)."""
        cdef uint64_t bits = (<uint64_t>value << 1) ^ <uint64_t>(value >> 63)
        self.need(10)
        while bits >= 0x80:
            self.start[self.size] = <char>(bits & 0x7F | 0x80)
            self.size += 1
            bits >>= 7
        self.start[self.size] = <char>bits
        self.size += 1
        return 0

    cdef int sized(self, const char *start, Py_ssize_t size) except -1:
        """Bytes or text of Avro."""
        self.number(size)
        self.need(size)
        memcpy(self.start + self.size, start, size)
        self.size += size
        return 0

    cdef int optional(self, data) except -1:
        """A union of null and bytes, or text."""
        if data is None:
            return self.number(0)
        self.number(1)
        return self.sized(PyBytes_AS_STRING(<bytes?>data), PyBytes_GET_SIZE(data))

    cdef int headers(self, headers) except -1:
        """An array of pairs of name and value."""
        cdef Py_ssize_t size = 0
        cdef const char *name
        if headers:
            self.number(len(headers))
            for pair in headers:
                name = PyUnicode_AsUTF8AndSize(pair[0], &size)
                self.sized(name, size)
                self.optional(pair[1])
        return self.number(0)

    cdef object taken(self):
        """What was written, from which on it is empty."""
        found = PyBytes_FromStringAndSize(self.start, self.size)
        self.size = 0
        return found


cdef enum Part:
    KEY
    TOPIC
    PARTITION
    OFFSET
    TIMESTAMP
    HEADERS
    SCHEMA_ID

_PARTS = {
    "key": KEY, "topic": TOPIC, "partition": PARTITION, "offset": OFFSET, "timestamp": TIMESTAMP,
    "headers": HEADERS, "schema_id": SCHEMA_ID,
}


def describe(list raws not None, list schema_ids not None, tuple names not None):
    """The metadata of messages, each as a record of Avro; see ``kafka.batches.metadata``.

    ``names`` are the fields of the record, and ``schema_ids`` those of the messages.
    """
    cdef RawMethods of = RawMethods()
    cdef Text text = Text()
    cdef list found = []
    cdef object raw, kind, milliseconds, schema_id
    cdef Py_ssize_t i, j, n = len(names)
    cdef int[16] parts
    if n > 16:
        raise ValueError(names)
    for j in range(n):
        parts[j] = _PARTS[names[j]]
    for i in range(len(raws)):
        raw = raws[i]
        of.look_at(raw)
        for j in range(n):
            if parts[j] == KEY:
                text.optional(of.key(raw))
            elif parts[j] == TOPIC:
                text.number(0)
            elif parts[j] == PARTITION:
                text.number(of.partition(raw))
            elif parts[j] == OFFSET:
                text.number(of.offset(raw))
            elif parts[j] == TIMESTAMP:
                kind, milliseconds = of.timestamp(raw)
                text.number(1 if kind else 0)
                if kind:
                    text.number(milliseconds)
            elif parts[j] == HEADERS:
                text.headers(of.headers(raw))
            else:
                schema_id = schema_ids[i]
                # A GUID is no number, and ids of 8 bytes may be larger.
                if isinstance(schema_id, int) and 0 <= schema_id <= INT32_MAX:
                    text.number(1)
                    text.number(schema_id)
                else:
                    text.number(0)
        found.append(text.taken())
    return found
