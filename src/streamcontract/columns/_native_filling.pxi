# Columns that are filled with values that are there already: included by _native.pyx.


cdef class Filling:
    """Fills the columns of a batch with as many rows of given values, one column after the other.

    ``OverflowError`` is raised if a column cannot hold them; the batch is of no use then.
    """

    cdef Batch batch
    cdef int64_t n

    def __cinit__(self, Batch batch not None, int64_t n):
        self.batch, self.n = batch, n

    cdef Builder *column(self, Py_ssize_t number, int layout) except NULL:
        cdef Builder *found
        if not 0 <= number < self.batch.store.shape.n:
            raise ValueError(number)
        found = self.batch.store.columns + number
        if found.layout != layout:
            raise ValueError(number)
        return found

    def numbers(self, Py_ssize_t number, data not None, valid=None):
        """Fill a column of numbers of 4 or 8 bytes; those with a 0 in ``valid`` are null."""
        cdef Builder *column = self.column(number, WIDTH)
        cdef const char *start = PyBytes_AS_STRING(data)
        cdef const char *is_valid = NULL if valid is None else PyBytes_AS_STRING(valid)
        cdef int64_t i, n = len(data) / column.width
        cdef int status = 0
        if column.width not in (4, 8) or (valid is not None and len(valid) != n):
            raise ValueError(number)
        for i in range(n):
            if is_valid != NULL and not is_valid[i]:
                status = add_missing(column)
            elif column.width == 4:
                status = add_32(column, (<const uint32_t *>start)[i])
            else:
                status = add_64(column, (<const uint64_t *>start)[i])
            check(status)

    def text(self, Py_ssize_t number, list items not None):
        """Fill a column of text with UTF-8 or None, up to what is neither; its index, or their number."""
        return self.sized(number, items, True)

    def bytes(self, Py_ssize_t number, list items not None):
        """Fill a column of bytes with bytes or None."""
        self.sized(number, items, False)

    cdef Py_ssize_t sized(self, Py_ssize_t number, list items, bint is_text) except -1:
        cdef Builder *column = self.column(number, SIZED)
        cdef const unsigned char *start
        cdef Py_ssize_t i, size
        for i in range(len(items)):
            item = items[i]
            if item is None:
                check(add_missing(column))
                continue
            if not PyBytes_CheckExact(item):
                raise TypeError(type(item))
            start = <const unsigned char *>PyBytes_AS_STRING(item)
            size = PyBytes_GET_SIZE(item)
            if is_text and not is_utf8(start, size):
                return i
            check(add_sized(column, start, size))
        return len(items)

    def lists(self, Py_ssize_t number, counts not None):
        """Fill a column of lists of structs, whose fields are filled, with int32 counts of items."""
        cdef Builder *column = self.column(number, LIST)
        cdef const int32_t *count = <const int32_t *>PyBytes_AS_STRING(counts)
        cdef Py_ssize_t i
        cdef int32_t j
        for i in range(len(counts) / 4):
            for j in range(count[i]):
                check(add_struct(column.children[0]))
            check(add_list(column))
        if column.children[0].length != column.children[0].children[0].length:
            raise ValueError(number)

    def end(self):
        """Make rows of what the columns were filled with."""
        cdef Builder *root = self.batch.store.columns
        cdef Py_ssize_t i
        for i in range(root.n):
            if root.children[i].length != self.n:
                raise ValueError(i)
        for i in range(self.n):
            check(add_struct(root))


cdef int check(int status) except -1:
    if status == NO_MEMORY:
        raise MemoryError
    if status < 0:
        raise OverflowError
    return 0
