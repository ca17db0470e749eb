# The metadata of raw messages, for the columns that batches/metadata.py fills with them: included
# by _native.pyx.

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport INT32_MAX, int32_t, int64_t
from libc.string cimport memset


cdef class Part:
    """One part of each of ``n`` messages.

    It has numbers of ``width`` bytes, or values of any size; ``valid`` has a byte for each number.
    """

    cdef readonly bytes numbers, valid
    cdef readonly list keys, values
    cdef char *number  # where the next one goes
    cdef char *is_valid

    def __cinit__(self, Py_ssize_t n, int width):
        self.numbers = PyBytes_FromStringAndSize(NULL, n * width)
        self.valid = PyBytes_FromStringAndSize(NULL, n)
        self.keys, self.values = [], []
        self.number = PyBytes_AS_STRING(self.numbers)
        self.is_valid = PyBytes_AS_STRING(self.valid)
        memset(self.number, 0, n * width)

    cdef void add_32(self, int32_t value, bint is_valid) noexcept:
        (<int32_t *>self.number)[0], self.is_valid[0] = value, is_valid
        self.number += 4
        self.is_valid += 1

    cdef void add_64(self, int64_t value, bint is_valid) noexcept:
        (<int64_t *>self.number)[0], self.is_valid[0] = value, is_valid
        self.number += 8
        self.is_valid += 1


def parts_of(list raws not None, tuple names not None, list schema_ids not None):
    """The metadata of messages by name, each as a ``Part``; only those that are named.

    Schema ids, which are given, are not valid where they are no numbers of 32 bits: GUIDs, and some
    of 8 bytes. Headers are a number of them for each message, and all their names and values.
    """
    cdef RawMethods of = RawMethods()
    cdef Py_ssize_t i, n = len(raws)
    cdef Part key = Part(0, 0), topic = Part(n, 4), partition = Part(n, 4), offset = Part(n, 8)
    cdef Part timestamp = Part(n, 8), headers = Part(n, 4), schema_id = Part(n, 4)
    cdef bint has_key = "key" in names, has_partition = "partition" in names
    cdef bint has_offset = "offset" in names, has_timestamp = "timestamp" in names
    cdef bint has_headers = "headers" in names, has_schema_id = "schema_id" in names
    cdef object raw, kind, milliseconds, given
    for i in range(n):
        raw = raws[i]
        of.look_at(raw)
        if has_key:
            key.values.append(of.key(raw))
        if has_partition:
            partition.add_32(of.partition(raw), True)
        if has_offset:
            offset.add_64(of.offset(raw), True)
        if has_timestamp:
            kind, milliseconds = of.timestamp(raw)
            timestamp.add_64(milliseconds if kind else 0, bool(kind))
        if has_headers:
            given = of.headers(raw) or ()
            headers.add_32(len(given), True)
            for name, value in given:
                headers.keys.append(name.encode())
                headers.values.append(value)
        if has_schema_id:
            given = schema_ids[i]
            if isinstance(given, int) and 0 <= given <= INT32_MAX:
                schema_id.add_32(given, True)
            else:
                schema_id.add_32(0, False)
    return {
        "key": key, "topic": topic, "partition": partition, "offset": offset,
        "timestamp": timestamp, "headers": headers, "schema_id": schema_id,
    }
