# Splitting of encoded values that follow each other: included by _native.pyx.

cdef class Splitter:
    """Divides encoded values that follow each other; ``otherwise`` is called with what is refused."""

    cdef Skipper root
    cdef int depth
    cdef object otherwise
    cdef int max_depth

    def __init__(self, Skipper root not None, object otherwise, int max_depth):
        self.root = root
        # A record at the root is at depth 0, one inside anything else is at 1.
        self.depth = -1 if root.step.kind == SKIP_RECORD else 0
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
        while left > 0:
            first = inside.pos
            inside.frames = 0
            if skip(&self.root.step, &inside, self.depth) < 0:
                found.clear()
                return self.otherwise(data, pos, count, found)
            found.append(PyBytes_FromStringAndSize(<const char *>first, inside.pos - first))
            left -= 1
        return inside.pos - start
