# The metadata of raw messages, for the columns of batches/metadata_columns.py: included by
# _native.pyx.

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport INT32_MAX, int32_t, int64_t

from itertools import compress


cdef class Part:
    """One part of each of up to ``most`` messages.

    It has numbers of ``width`` bytes, or values of any size; ``valid`` has a byte for each number.
    """

    cdef readonly list keys, values
    cdef bytes _numbers, _valid
    cdef Py_ssize_t n  # numbers
    cdef int width

    def __cinit__(self, Py_ssize_t most, int width):
        self._numbers = PyBytes_FromStringAndSize(NULL, most * width)
        self._valid = PyBytes_FromStringAndSize(NULL, most)
        self.keys, self.values = [], []
        self.width = width

    @property
    def numbers(self):
        return self._numbers[:self.n * self.width]

    @property
    def valid(self):
        return self._valid[:self.n]

    cdef void add_32(self, int32_t value, bint is_valid) noexcept:
        (<int32_t *>PyBytes_AS_STRING(self._numbers))[self.n] = value
        PyBytes_AS_STRING(self._valid)[self.n] = is_valid
        self.n += 1

    cdef void add_64(self, int64_t value, bint is_valid) noexcept:
        (<int64_t *>PyBytes_AS_STRING(self._numbers))[self.n] = value
        PyBytes_AS_STRING(self._valid)[self.n] = is_valid
        self.n += 1

    cdef Part of(self, bytes is_row, Py_ssize_t rows):
        """The part of the messages that are rows, of which there is this number."""
        cdef Part found = Part(rows, self.width)
        cdef const char *start = PyBytes_AS_STRING(self._numbers)
        cdef const char *marks = PyBytes_AS_STRING(is_row)
        cdef Py_ssize_t index
        if not self.width:
            found.values = [*compress(self.values, is_row)]
            return found
        for index in range(self.n):
            if not marks[index]:
                continue
            if self.width == 4:
                found.add_32((<const int32_t *>start)[index], PyBytes_AS_STRING(self._valid)[index])
            else:
                found.add_64((<const int64_t *>start)[index], PyBytes_AS_STRING(self._valid)[index])
        if self.keys:
            self.give_lists(found, marks)
        return found

    cdef int give_lists(self, Part found, const char *marks) except -1:
        """Add the keys and values of the marked messages, of which the numbers are counts."""
        cdef const int32_t *counts = <const int32_t *>PyBytes_AS_STRING(self._numbers)
        cdef Py_ssize_t index, first = 0
        for index in range(self.n):
            if marks[index]:
                found.keys += self.keys[first:first + counts[index]]
                found.values += self.values[first:first + counts[index]]
            first += counts[index]
        return 0


@cython.final
cdef class Parts:
    """The named metadata of up to ``most`` messages, each as a ``Part``.

    Schema ids, which are given, are not valid where they are no numbers of 32 bits: GUIDs, and some
    of 8 bytes. Headers are a number of them for each message, and all their names and values.
    """

    cdef readonly Part key, topic, partition, offset, timestamp, headers, schema_id
    cdef RawMethods of
    cdef Py_ssize_t n, most
    cdef tuple names

    def __cinit__(self, tuple names not None, Py_ssize_t most):
        self.of, self.most, self.names = RawMethods(), most, names
        self.key = Part(0, 0) if "key" in names else None
        self.topic = Part(most, 4) if "topic" in names else None
        self.partition = Part(most, 4) if "partition" in names else None
        self.offset = Part(most, 8) if "offset" in names else None
        self.timestamp = Part(most, 8) if "timestamp" in names else None
        self.headers = Part(most, 4) if "headers" in names else None
        self.schema_id = Part(most, 4) if "schema_id" in names else None

    cpdef add(self, raw, schema_id):
        """Add the metadata of a message, with the schema id of its value."""
        self.of.look_at(raw)
        self.take(self.of, raw, self.of.key(raw), self.of.headers(raw), schema_id)

    def at(self, bytes is_row not None):
        """Those of the messages that are rows: a byte for each, 1 or 0."""
        cdef Parts found
        cdef Py_ssize_t rows = self.n - is_row.count(0)
        if len(is_row) != self.n:
            raise IndexError(len(is_row))
        if rows == self.n:
            return self
        found = Parts(self.names, 0)
        found.n = found.most = rows
        found.key = None if self.key is None else self.key.of(is_row, rows)
        found.topic = None if self.topic is None else self.topic.of(is_row, rows)
        found.partition = None if self.partition is None else self.partition.of(is_row, rows)
        found.offset = None if self.offset is None else self.offset.of(is_row, rows)
        found.timestamp = None if self.timestamp is None else self.timestamp.of(is_row, rows)
        found.headers = None if self.headers is None else self.headers.of(is_row, rows)
        found.schema_id = None if self.schema_id is None else self.schema_id.of(is_row, rows)
        return found

    cdef int take(self, RawMethods of, raw, key, headers, schema_id) except -1:
        """Add the metadata of a message whose methods were looked at."""
        cdef object kind, milliseconds
        cdef bint is_id
        if self.n == self.most:
            raise IndexError(self.most)
        self.n += 1
        if self.key is not None:
            self.key.values.append(key)
        if self.topic is not None:
            self.topic.add_32(0, True)
        if self.partition is not None:
            self.partition.add_32(of.partition(raw), True)
        if self.offset is not None:
            self.offset.add_64(of.offset(raw), True)
        if self.timestamp is not None:
            kind, milliseconds = of.timestamp(raw)
            self.timestamp.add_64(milliseconds if kind else 0, bool(kind))
        if self.headers is not None:
            headers = headers or NO_HEADERS
            self.headers.add_32(len(headers), True)
            for name, value in headers:
                self.headers.keys.append(name.encode())
                self.headers.values.append(value)
        if self.schema_id is not None:
            is_id = isinstance(schema_id, int) and 0 <= schema_id <= INT32_MAX
            self.schema_id.add_32(schema_id if is_id else 0, is_id)
        return 0
