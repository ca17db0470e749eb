# Skipping of writer fields that the reader does not have: included by _native_reading.pxi.

cdef class Skipper:
    """Passes over the values of one type, and builds nothing."""

    cdef int skip(self, In *data, int depth) except -1:
        raise NotImplementedError


cdef class NumberSkipper(Skipper):
    cdef int skip(self, In *data, int depth) except -1:
        cdef uint64_t number = 0
        return read_unsigned(data, &number)


cdef class SizedSkipper(Skipper):
    """Bytes and text."""

    cdef int skip(self, In *data, int depth) except -1:
        cdef Py_ssize_t size = 0
        read_size(data, &size)
        data.pos += size
        return 0


cdef class FixedSkipper(Skipper):
    """Types whose values always have the same size."""

    cdef Py_ssize_t size

    def __init__(self, Py_ssize_t size):
        if size < 0:
            raise ValueError(size)
        self.size = size

    cdef int skip(self, In *data, int depth) except -1:
        if data.end - data.pos < self.size:
            return refuse()
        data.pos += self.size
        return 0


cdef class BlocksSkipper(Skipper):
    """An array, or a map if it has keys; blocks that give their size are skipped whole."""

    cdef uint64_t item_size
    cdef bint has_keys
    cdef Skipper items

    def __init__(self, uint64_t item_size, bint has_keys):
        self.item_size = item_size
        self.has_keys = has_keys

    def fill(self, Skipper items not None):
        """Give it its items' skipper: it may lead back to it."""
        self.items = items

    cdef int skip(self, In *data, int depth) except -1:
        cdef uint64_t number = 0
        cdef Py_ssize_t size = 0
        enter(&data.frames)
        while True:
            if take_skipped_block(data, self.item_size, &number) < 0:
                return refuse()
            if number == 0:
                break
            while number:
                if self.has_keys:
                    read_size(data, &size)
                    data.pos += size
                self.items.skip(data, depth)
                number -= 1
        data.frames -= 1
        return 0


cdef class BranchSkipper(Skipper):
    cdef Children branches

    def fill(self, tuple branches not None):
        """Give it its branches' skippers: they may lead back to it."""
        for branch in branches:
            if not isinstance(branch, Skipper):
                raise TypeError(type(branch))
        self.branches = Children(branches)

    cdef int skip(self, In *data, int depth) except -1:
        cdef uint64_t number = 0
        read_index(data, self.branches.size, &number)
        enter(&data.frames)
        (<Skipper>self.branches.items[number]).skip(data, depth)
        data.frames -= 1
        return 0


cdef class RecordSkipper(Skipper):
    cdef Children fields

    def fill(self, tuple fields not None):
        """Give it its fields' skippers: they may lead back to it."""
        for field in fields:
            if not isinstance(field, Skipper):
                raise TypeError(type(field))
        self.fields = Children(fields)

    cdef int skip(self, In *data, int depth) except -1:
        cdef Py_ssize_t i
        depth += 1
        enter_record(data, depth)
        for i in range(self.fields.size):
            (<Skipper>self.fields.items[i]).skip(data, depth)
        data.frames -= 1
        return 0


cdef class Splitter:
    """Divides encoded values that follow each other; ``otherwise`` is called with what is refused."""

    cdef Skipper root
    cdef int depth
    cdef object otherwise
    cdef int max_depth

    def __init__(self, Skipper root not None, object otherwise, int max_depth):
        self.root = root
        # A record at the root is at depth 0, one inside anything else is at 1.
        self.depth = -1 if isinstance(root, RecordSkipper) else 0
        self.otherwise = otherwise
        self.max_depth = max_depth

    def split(self, bytes data not None, Py_ssize_t pos, Py_ssize_t count, list found not None):
        """Append the bytes of each of ``count`` values from ``pos`` on; give where the last ends."""
        cdef In inside
        cdef const unsigned char *first
        cdef const unsigned char *start = <const unsigned char *>PyBytes_AS_STRING(data)
        cdef Py_ssize_t left = count
        if not 0 <= pos <= PyBytes_GET_SIZE(data):
            raise ValueError(pos)
        inside.pos, inside.end = start + pos, start + PyBytes_GET_SIZE(data)
        inside.budget, inside.max_depth = 0, self.max_depth
        try:
            while left > 0:
                first = inside.pos
                inside.frames = 0
                self.root.skip(&inside, self.depth)
                found.append(PyBytes_FromStringAndSize(<const char *>first, inside.pos - first))
                left -= 1
            return inside.pos - start
        except REFUSALS:
            found.clear()
        return self.otherwise(data, pos, count, found)
