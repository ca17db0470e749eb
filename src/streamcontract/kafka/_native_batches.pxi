# The metadata of raw messages, for the columns of batches/metadata_columns.py: included by
# _native.pyx. Indexes are ascending.

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport INT32_MAX, int32_t, int64_t


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

    cdef Part of(self, indexes):
        """The part of the messages at indexes."""
        cdef Part found = Part(len(indexes), self.width)
        cdef const char *start = PyBytes_AS_STRING(self._numbers)
        cdef bint is_valid
        cdef Py_ssize_t index
        if not self.width:
            found.values = [self.values[each] for each in indexes]
            return found
        for index in indexes:
            if not 0 <= index < self.n:
                raise IndexError(index)
            is_valid = PyBytes_AS_STRING(self._valid)[index]
            if self.width == 4:
                found.add_32((<const int32_t *>start)[index], is_valid)
            else:
                found.add_64((<const int64_t *>start)[index], is_valid)
        if self.keys:
            self.give_lists(found, indexes)
        return found

    cdef int give_lists(self, Part found, indexes) except -1:
        """Add the keys and values at indexes, of which the numbers are counts."""
        cdef const int32_t *counts = <const int32_t *>PyBytes_AS_STRING(self._numbers)
        cdef Py_ssize_t index, row = 0, first = 0
        for index in indexes:
            while row < index:
                first += counts[row]
                row += 1
            found.keys += self.keys[first:first + counts[index]]
            found.values += self.values[first:first + counts[index]]
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

    def at(self, indexes not None):
        """Those of the messages at indexes."""
        cdef Parts found
        if len(indexes) == self.n:
            return self
        found = Parts(self.names, 0)
        found.n = found.most = len(indexes)
        found.key = None if self.key is None else self.key.of(indexes)
        found.topic = None if self.topic is None else self.topic.of(indexes)
        found.partition = None if self.partition is None else self.partition.of(indexes)
        found.offset = None if self.offset is None else self.offset.of(indexes)
        found.timestamp = None if self.timestamp is None else self.timestamp.of(indexes)
        found.headers = None if self.headers is None else self.headers.of(indexes)
        found.schema_id = None if self.schema_id is None else self.schema_id.of(indexes)
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
