# Skipping of writer fields that the reader does not have: included by the native engines of records
# and of columns. schema/skips.py makes the skippers. No Python object is touched while they run.

cdef enum SkipKind:
    SKIP_PLAIN
    SKIP_ARRAY
    SKIP_MAP
    SKIP_UNION
    SKIP_RECORD
    SKIP_FIELDS

cdef dict SKIP_KINDS = {
    "plain": SKIP_PLAIN, "array": SKIP_ARRAY, "map": SKIP_MAP, "union": SKIP_UNION,
    "record": SKIP_RECORD, "fields": SKIP_FIELDS,
}

cdef enum:
    A_NUMBER = -1
    A_SIZE = -2  # and as many bytes
    A_CHOICE = -3  # then the number of branches, and each of them: a union of values like the above

cdef struct Skip:
    int kind
    int64_t item_size
    Py_ssize_t n
    int64_t *plain  # of each value: its bytes, A_NUMBER, A_SIZE or A_CHOICE
    const Skip **parts


cdef class Skipper:
    """Passes over the values of one type, or over fields in a row.

    ``plain`` are those that hold no others, a tuple for a union of them; ``item_size`` is the
    fewest bytes of an item.
    """

    cdef Skip step
    cdef tuple parts

    def __init__(self, str kind not None, tuple plain=(), int64_t item_size=0):
        cdef Py_ssize_t i
        cdef list codes = []
        for value in plain:
            branches = value if isinstance(value, tuple) else (value,)
            if any(each < A_SIZE for each in branches):
                raise ValueError(plain)
            if branches is value:
                codes += A_CHOICE, len(branches)
            codes += branches
        self.step.kind, self.step.item_size = SKIP_KINDS[kind], item_size
        if self.step.plain != NULL or item_size < 0:
            raise ValueError(item_size)
        self.step.plain = <int64_t *>malloc(<size_t>(len(codes) + 1) * sizeof(int64_t))
        if self.step.plain == NULL:
            raise MemoryError
        for i in range(len(codes)):
            self.step.plain[i] = codes[i]
        self.step.n = len(codes)

    def __dealloc__(self):
        free(self.step.plain)
        free(self.step.parts)

    def fill(self, tuple parts not None):
        """Give it the skippers of items, branches or fields: they may lead back to it."""
        cdef Py_ssize_t i
        if self.step.parts != NULL or self.step.kind == SKIP_PLAIN:
            raise ValueError("filled once, if it is not plain")
        if self.step.kind in (SKIP_ARRAY, SKIP_MAP) and len(parts) != 1:
            raise ValueError(parts)
        self.parts = parts
        self.step.parts = <const Skip **>malloc(<size_t>(len(parts) + 1) * sizeof(Skip *))
        if self.step.parts == NULL:
            raise MemoryError
        for i in range(len(parts)):
            self.step.parts[i] = &(<Skipper?>parts[i]).step
        self.step.n = len(parts)


cdef inline int skip(const Skip *step, In *data, int depth) noexcept nogil:
    """Pass over a value; gives -1 for what Avro does not allow, and -2 for what nests too deep."""
    return skip_plain(step, data) if step.kind == SKIP_PLAIN else skip_inside(step, data, depth)


cdef int skip_plain(const Skip *step, In *data) noexcept nogil:
    """Pass over values that hold no others; what is frequent is read here, without a call."""
    cdef const int64_t *plain = step.plain
    cdef const int64_t *last = plain + step.n
    cdef const unsigned char *at = data.pos
    cdef const unsigned char *end = data.end
    cdef int64_t each
    cdef uint64_t index, long_index = 0
    cdef Py_ssize_t size = 0
    cdef int taken
    while plain != last:
        each = plain[0]
        plain += 1
        if each == A_CHOICE:
            if at != end and at[0] < 128:
                index = at[0] >> 1
                if at[0] & 1 or index >= <uint64_t>plain[0]:
                    return -1
                at += 1
            else:
                data.pos = at
                if take_index(data, <uint64_t>plain[0], &long_index) < 0:
                    return -1
                index, at = long_index, data.pos
            each = plain[index + 1]
            plain += plain[0] + 1
        if each >= 0:
            if end - at < each:
                return -1
            at += each
        elif each == A_NUMBER:
            taken = sc_size_of_number(at) if end - at >= 8 else 0
            at += taken
            if taken == 0:
                data.pos = at
                if skip_number(data) < 0:
                    return -1
                at = data.pos
        elif at != end and at[0] < 128:
            each = at[0] >> 1
            at += 1
            if at[-1] & 1 or end - at < each:
                return -1
            at += each
        else:
            data.pos = at
            if take_size(data, &size) < 0:
                return -1
            at = data.pos + size
    data.pos = at
    return 0


cdef int skip_inside(const Skip *step, In *data, int depth) noexcept nogil:
    """Pass over a value that holds others."""
    cdef int kind = step.kind, status = 0
    cdef uint64_t number = 0
    if data.frames >= MAX_FRAMES:
        return -2
    data.frames += 1
    if kind == SKIP_FIELDS:
        status = skip_fields(step, data, depth)
    elif kind == SKIP_UNION:
        if take_index(data, <uint64_t>step.n, &number) < 0:
            return -1
        status = skip(step.parts[number], data, depth)
    elif kind == SKIP_RECORD:
        status = -1 if depth >= data.max_depth else skip_fields(step, data, depth + 1)
    elif step.n:
        status = skip_blocks(step, data, depth)
    data.frames -= 1
    return status


cdef inline int skip_fields(const Skip *step, In *data, int depth) noexcept nogil:
    cdef Py_ssize_t i
    cdef int status
    for i in range(step.n):
        status = skip(step.parts[i], data, depth)
        if status < 0:
            return status
    return 0


cdef inline bint has_one_size(const Skip *step) noexcept nogil:
    """Whether all values have the same size, of at least a byte."""
    return step.kind == SKIP_PLAIN and step.n == 1 and step.plain[0] > 0


cdef int skip_blocks(const Skip *step, In *data, int depth) noexcept nogil:
    """An array or a map; blocks that give their size are skipped whole."""
    cdef uint64_t count = 0
    cdef Py_ssize_t size = 0
    cdef int status
    while True:
        if take_skipped_block(data, <uint64_t>step.item_size, &count) < 0:
            return -1
        if count == 0:
            return 0
        if step.kind == SKIP_ARRAY and has_one_size(step.parts[0]):
            if count > <uint64_t>((data.end - data.pos) / step.parts[0].plain[0]):
                return -1
            data.pos += <int64_t>count * step.parts[0].plain[0]
            continue
        while count:
            if step.kind == SKIP_MAP:
                if take_size(data, &size) < 0:
                    return -1
                data.pos += size
            status = skip(step.parts[0], data, depth)
            if status < 0:
                return status
            count -= 1
