# Arrow data of other libraries, by the C data interface: included by _native.pyx.
#
# The interface gives no sizes of buffers, so that offsets into bytes cannot be checked against them;
# what has a length is checked: children, dictionaries, runs, the buffers of views. An array is moved
# out of its capsule, and released with the object that holds it.

from streamcontract.errors import ColumnsError

cdef enum:
    BROKEN = -5  # what no array may have, such as an index beyond its dictionary
    ABSENT = 1  # a null

cdef enum InLayout:
    IN_NULLS
    IN_BITS
    IN_SIGNED
    IN_UNSIGNED
    IN_FLOAT
    IN_WIDTH  # as many bytes each
    IN_SIZED  # offsets of 32 bits into bytes
    IN_LARGE  # the same of 64 bits
    IN_VIEW  # 16 bytes each, that have or lead to the bytes
    IN_LIST
    IN_LARGE_LIST
    IN_LIST_VIEW
    IN_LARGE_LIST_VIEW
    IN_FIXED_LIST  # ``width`` items each
    IN_STRUCT
    IN_SPARSE
    IN_DENSE
    IN_RUNS  # the children are the ends of runs, and their values
    IN_CODED  # indexes of ``width`` bytes into the child

SOURCE_LAYOUTS = {
    "nulls": IN_NULLS, "bits": IN_BITS, "signed": IN_SIGNED, "unsigned": IN_UNSIGNED,
    "float": IN_FLOAT, "width": IN_WIDTH, "sized": IN_SIZED, "large": IN_LARGE, "view": IN_VIEW,
    "list": IN_LIST, "large list": IN_LARGE_LIST, "list view": IN_LIST_VIEW,
    "large list view": IN_LARGE_LIST_VIEW, "fixed list": IN_FIXED_LIST, "struct": IN_STRUCT,
    "sparse": IN_SPARSE, "dense": IN_DENSE, "runs": IN_RUNS, "coded": IN_CODED,
}

cdef struct Source:
    int layout
    int64_t width
    bint is_signed  # the indexes of a CODED one
    const unsigned char *members  # of a union: for each type's number the child, 255 for none
    Py_ssize_t n
    Py_ssize_t *children
    int64_t offset
    int64_t length
    const unsigned char *validity  # NULL if there are no nulls
    const unsigned char *first  # values, offsets, views or types
    const unsigned char *second  # bytes, sizes, or the offsets of a DENSE one
    const void **more  # the buffers of views
    const int64_t *more_sizes
    int64_t n_more


cdef int malformed(str reason) except -1:
    """Refuse data that are not as the interface describes them."""
    raise ColumnsError("data", reason)


# ---- schemas

cdef object described(ArrowSchema *schema):
    """A schema as nested tuples: format, name, flags, children, and the dictionary's or None."""
    cdef int64_t i
    if schema == NULL or schema.release == NULL or schema.format == NULL:
        malformed("a released schema")
    children = tuple([described(schema.children[i]) for i in range(schema.n_children)])
    dictionary = None if schema.dictionary == NULL else described(schema.dictionary)
    name = "" if schema.name == NULL else (<bytes>schema.name).decode("utf-8", "replace")
    return (<bytes>schema.format).decode("utf-8", "replace"), name, children, dictionary


def describe(object capsule):
    """The schema in a capsule."""
    return described(<ArrowSchema *>PyCapsule_GetPointer(capsule, "arrow_schema"))


# ---- layouts

cdef class Sources:
    """The layout of a producer's arrays, by number; 0 is the root.

    Each row is a layout, a width, whether a dictionary's indexes are signed, the numbers of the
    children, and for a union 128 bytes: for each type's number the child, 255 for none.
    """

    cdef Source *sources
    cdef Py_ssize_t n
    cdef tuple rows

    def __cinit__(self, tuple rows not None):
        cdef Py_ssize_t i, j
        cdef Source *source
        self.rows = rows
        self.sources = <Source *>calloc(<size_t>len(rows) + 1, sizeof(Source))
        if self.sources == NULL:
            raise MemoryError
        self.n = len(rows)
        for i in range(self.n):
            layout, width, is_signed, children, members = rows[i]
            source = self.sources + i
            source.layout = SOURCE_LAYOUTS[layout]
            source.width, source.is_signed = width, is_signed
            source.children = <Py_ssize_t *>calloc(<size_t>len(children) + 1, sizeof(Py_ssize_t))
            if source.children == NULL:
                raise MemoryError
            source.n = len(children)
            for j in range(source.n):
                source.children[j] = children[j]
                if not i < source.children[j] < self.n:
                    raise ValueError(children)
            if members is not None:
                source.members = <const unsigned char *>PyBytes_AS_STRING(members)

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.n):
            free(self.sources[i].children)
        free(self.sources)


cdef class ArrowBatch:
    """An array that was moved here, whose parts are found by the numbers of ``Sources``."""

    cdef ArrowArray array
    cdef Sources layout
    cdef Source *sources

    def __dealloc__(self):
        if self.array.release != NULL:
            self.array.release(&self.array)
        free(self.sources)

    cdef int take(self, ArrowArray *array, Sources layout) except -1:
        if array.release == NULL:
            malformed("a released array")
        self.array = array[0]
        array.release = NULL
        self.layout = layout
        self.sources = <Source *>calloc(<size_t>layout.n + 1, sizeof(Source))
        if self.sources == NULL:
            raise MemoryError
        memcpy(self.sources, layout.sources, <size_t>layout.n * sizeof(Source))
        self.place(&self.array, 0)
        return 0

    cdef int place(self, ArrowArray *array, Py_ssize_t number) except -1:
        """Find the buffers of an array, and of those inside it; check all that has a length."""
        cdef Source *source = self.sources + number
        cdef Py_ssize_t i
        cdef int64_t buffers = buffers_in(source.layout)
        if array == NULL:
            malformed("an array without a child of its schema")
        if array.length < 0 or array.offset < 0 or array.n_buffers < buffers:
            malformed("an array whose length, offset or buffers are not those of its type")
        source.length, source.offset = array.length, array.offset
        if source.layout == IN_SPARSE or source.layout == IN_DENSE:
            # Buffers of old writers begin with a bitmap that nothing uses.
            i = <Py_ssize_t>(array.n_buffers - buffers)
            source.first = <const unsigned char *>array.buffers[i]
            source.second = <const unsigned char *>array.buffers[i + 1] if buffers > 1 else NULL
        elif buffers:
            source.validity = <const unsigned char *>array.buffers[0] if array.null_count else NULL
            source.first = <const unsigned char *>array.buffers[1] if buffers > 1 else NULL
            source.second = <const unsigned char *>array.buffers[2] if buffers > 2 else NULL
        if source.layout == IN_VIEW:
            source.n_more = array.n_buffers - 3
            source.more = array.buffers + 2
            source.more_sizes = <const int64_t *>array.buffers[array.n_buffers - 1]
        if source.length and needs_buffer(source) and source.first == NULL:
            malformed("an array without the buffer of its values")
        if source.layout == IN_CODED:
            if array.dictionary == NULL:
                malformed("an array without its dictionary")
            return self.place(array.dictionary, source.children[0])
        if array.n_children != source.n:
            malformed("an array with other children than its schema")
        for i in range(source.n):
            self.place(array.children[i], source.children[i])
            if self.sources[source.children[i]].length < least_of_child(source):
                malformed("an array with a child that is too short")
        return 0

    @property
    def rows(self):
        """How many rows there are."""
        return self.array.length

    def value(self, Py_ssize_t number, int64_t at):
        """A value as plain Python: text as bytes, structs as tuples, a union as its type and value.

        Nulls are None; moments and decimals are the numbers, or the bytes, that they are stored as.
        """
        if not (0 <= number < self.layout.n and 0 <= at < self.sources[number].length):
            raise IndexError(at)
        return python_of(self.sources, number, at)


    def nulls(self, Py_ssize_t number):
        """The rows that are null in a column of the root."""
        cdef Py_ssize_t inside
        cdef int64_t i, at
        cdef list found = []
        self.require_column(number)
        for i in range(self.array.length):
            inside, at = number, self.array.offset + i
            if locate(self.sources, &inside, &at) == ABSENT:
                found.append(i)
        return found

    cdef int require_column(self, Py_ssize_t number) except -1:
        if number not in [self.sources[0].children[i] for i in range(self.sources[0].n)]:
            raise IndexError(number)
        return 0

    def values(self, Py_ssize_t number):
        """The values of a column of the root, as ``value`` gives them, in a list."""
        cdef int64_t i, start = self.array.offset
        self.require_column(number)
        return [python_of(self.sources, number, start + i) for i in range(self.array.length)]


cdef inline int64_t buffers_in(int layout) noexcept nogil:
    if layout == IN_NULLS or layout == IN_RUNS:
        return 0
    if layout == IN_STRUCT or layout == IN_FIXED_LIST or layout == IN_SPARSE:
        return 1
    if layout == IN_SIZED or layout == IN_LARGE or layout == IN_VIEW:
        return 3
    return 3 if layout == IN_LIST_VIEW or layout == IN_LARGE_LIST_VIEW else 2


cdef inline bint needs_buffer(const Source *source) noexcept nogil:
    if source.layout == IN_WIDTH:
        return source.width > 0
    return source.layout not in (IN_NULLS, IN_RUNS, IN_STRUCT, IN_FIXED_LIST)


cdef inline int64_t least_of_child(const Source *source) noexcept nogil:
    """How long a child has to be, where that does not depend on each value."""
    cdef int64_t end
    if source.length > INT64_MAX - source.offset:
        return INT64_MAX
    end = source.offset + source.length
    if source.layout == IN_STRUCT or source.layout == IN_SPARSE:
        return end
    if source.layout != IN_FIXED_LIST or source.width == 0:
        return 0
    return end * source.width if end <= INT64_MAX / source.width else INT64_MAX


cdef class ArrowStream:
    """A stream that was moved out of its capsule."""

    cdef ArrowArrayStream stream

    def __cinit__(self, object capsule):
        cdef ArrowArrayStream *given
        given = <ArrowArrayStream *>PyCapsule_GetPointer(capsule, "arrow_array_stream")
        if given.release == NULL:
            malformed("a released stream")
        self.stream = given[0]
        given.release = NULL

    def __dealloc__(self):
        if self.stream.release != NULL:
            self.stream.release(&self.stream)

    def describe(self):
        """The schema of the arrays, as ``describe`` gives it."""
        cdef ArrowSchema schema
        cdef int code
        memset(&schema, 0, sizeof(ArrowSchema))
        with nogil:  # a producer may need the GIL on another thread
            code = self.stream.get_schema(&self.stream, &schema)
        self.check(code)
        try:
            return described(&schema)
        finally:
            if schema.release != NULL:
                schema.release(&schema)

    def next(self, Sources layout not None):
        """The next array, None at the end."""
        cdef ArrowArray array
        cdef ArrowBatch batch
        cdef int code
        memset(&array, 0, sizeof(ArrowArray))
        with nogil:
            code = self.stream.get_next(&self.stream, &array)
        self.check(code)
        if array.release == NULL:
            return None
        batch = ArrowBatch()
        batch.take(&array, layout)
        return batch

    cdef int check(self, int code) except -1:
        cdef const char *text
        if code:
            text = self.stream.get_last_error(&self.stream)
            reason = f"code {code}" if text == NULL else (<bytes>text).decode("utf-8", "replace")
            malformed(f"the stream failed: {reason}")
        return 0


def batch_of(object capsule, Sources layout not None):
    """The array in a capsule, moved out of it."""
    cdef ArrowBatch batch = ArrowBatch()
    batch.take(<ArrowArray *>PyCapsule_GetPointer(capsule, "arrow_array"), layout)
    return batch


# ---- values

cdef inline bint is_set(const unsigned char *bits, int64_t at) noexcept nogil:
    return bits[at >> 3] >> (at & 7) & 1


# Buffers need not be aligned.
cdef inline uint16_t load_16(const unsigned char *at) noexcept nogil:
    cdef uint16_t bits
    memcpy(&bits, at, 2)
    return bits


cdef inline uint32_t load_32(const unsigned char *at) noexcept nogil:
    cdef uint32_t bits
    memcpy(&bits, at, 4)
    return bits


cdef inline uint64_t load_64(const unsigned char *at) noexcept nogil:
    cdef uint64_t bits
    memcpy(&bits, at, 8)
    return bits


cdef inline uint64_t unsigned_at(const unsigned char *values, int64_t width, int64_t at) noexcept nogil:
    if width == 8:
        return load_64(values + 8 * at)
    if width == 4:
        return load_32(values + 4 * at)
    return load_16(values + 2 * at) if width == 2 else values[at]


cdef inline int64_t signed_at(const unsigned char *values, int64_t width, int64_t at) noexcept nogil:
    if width == 8:
        return <int64_t>load_64(values + 8 * at)
    if width == 4:
        return <int32_t>load_32(values + 4 * at)
    return <int16_t>load_16(values + 2 * at) if width == 2 else <int8_t>values[at]


cdef inline double float_at(const unsigned char *values, int64_t width, int64_t at) noexcept nogil:
    cdef double wide
    cdef float narrow
    if width == 8:
        memcpy(&wide, values + 8 * at, 8)
        return wide
    if width == 4:
        memcpy(&narrow, values + 4 * at, 4)
        return narrow
    return half(load_16(values + 2 * at))


cdef inline int64_t offset_at(const unsigned char *offsets, bint is_large, int64_t at) noexcept nogil:
    return signed_at(offsets, 8 if is_large else 4, at)


cdef double half(uint16_t bits) noexcept nogil:
    """A number of 16 bits (IEEE 754 binary16)."""
    cdef uint64_t wide = <uint64_t>(bits & 0x8000) << 48
    cdef uint64_t exponent = bits >> 10 & 31, fraction = bits & 1023
    cdef double found
    if exponent == 31:
        wide |= <uint64_t>0x7FF << 52 | fraction << 42
    elif exponent:
        wide |= (exponent + 1008) << 52 | fraction << 42
    elif fraction:
        found = <double>fraction / 16777216.0  # 2**24
        return -found if wide else found
    memcpy(&found, &wide, 8)
    return found


cdef int64_t run_of(const Source *ends, int64_t at) noexcept nogil:
    """The run that a value is in, or beyond the last."""
    cdef int64_t low = 0, high = ends.length, middle
    while low < high:
        middle = low + (high - low) / 2
        if signed_at(ends.first, ends.width, ends.offset + middle) <= at:
            low = middle + 1
        else:
            high = middle
    return low


cdef inline int locate(const Source *sources, Py_ssize_t *number, int64_t *at) noexcept nogil:
    """Follow dictionaries and runs to the value itself; gives 0, ABSENT for a null, or BROKEN."""
    cdef const Source *source = sources + number[0]
    cdef int64_t found
    while source.layout == IN_CODED or source.layout == IN_RUNS:
        if source.layout == IN_CODED:
            if source.validity != NULL and not is_set(source.validity, source.offset + at[0]):
                return ABSENT
            if source.is_signed:
                found = signed_at(source.first, source.width, source.offset + at[0])
            else:
                found = <int64_t>unsigned_at(source.first, source.width, source.offset + at[0])
            number[0] = source.children[0]
        else:
            found = run_of(sources + source.children[0], source.offset + at[0])
            number[0] = source.children[1]
        source, at[0] = sources + number[0], found
        if not 0 <= found < source.length:
            return BROKEN
    if source.layout == IN_NULLS:
        return ABSENT
    if source.validity != NULL and not is_set(source.validity, source.offset + at[0]):
        return ABSENT
    return 0


cdef inline int bytes_at(
    const Source *source, int64_t at, const unsigned char **start, int64_t *size
) noexcept nogil:
    """The bytes of a value, ``at`` counted from the start of the buffers."""
    cdef int64_t first, buffer
    cdef bint is_large = source.layout == IN_LARGE
    if source.layout == IN_WIDTH:
        start[0], size[0] = source.first + at * source.width, source.width
        return 0
    if source.layout == IN_VIEW:
        start[0] = source.first + 16 * at
        size[0] = <int32_t>load_32(start[0])
        if size[0] <= 12:
            start[0] += 4
            return 0 if size[0] >= 0 else BROKEN
        buffer, first = <int32_t>load_32(start[0] + 8), <int32_t>load_32(start[0] + 12)
        if not 0 <= buffer < source.n_more or first < 0:
            return BROKEN
        if first + size[0] > source.more_sizes[buffer]:
            return BROKEN
        start[0] = <const unsigned char *>source.more[buffer] + first
        return 0
    first = offset_at(source.first, is_large, at)
    size[0] = offset_at(source.first, is_large, at + 1) - first
    if first < 0 or size[0] < 0 or (source.second == NULL and size[0]):
        return BROKEN
    start[0] = source.second + first if size[0] else <const unsigned char *>""
    return 0


cdef inline int items_at(
    const Source *sources, const Source *source, int64_t at, int64_t *first, int64_t *size
) noexcept nogil:
    """The items of a list, in the child."""
    cdef bint is_large = source.layout == IN_LARGE_LIST or source.layout == IN_LARGE_LIST_VIEW
    if source.layout == IN_FIXED_LIST:
        first[0], size[0] = at * source.width, source.width
    else:
        first[0] = offset_at(source.first, is_large, at)
        if source.layout == IN_LIST or source.layout == IN_LARGE_LIST:
            size[0] = offset_at(source.first, is_large, at + 1) - first[0]
        elif source.second == NULL:
            return BROKEN
        else:
            size[0] = offset_at(source.second, is_large, at)
    if first[0] < 0 or size[0] < 0:
        return BROKEN
    return 0 if first[0] <= sources[source.children[0]].length - size[0] else BROKEN


cdef inline int member_at(
    const Source *sources, const Source *source, int64_t at, Py_ssize_t *member, int64_t *found
) noexcept nogil:
    """The child of a union that has a value, and where in it."""
    cdef unsigned char type_id = source.first[at]
    if type_id > 127 or source.members[type_id] >= source.n:
        return BROKEN
    member[0], found[0] = source.members[type_id], at
    if source.layout == IN_DENSE:
        if source.second == NULL:
            return BROKEN
        found[0] = offset_at(source.second, False, at)
    return 0 if 0 <= found[0] < sources[source.children[member[0]]].length else BROKEN


cdef object python_of(const Source *sources, Py_ssize_t number, int64_t at):
    cdef const unsigned char *start = NULL
    cdef const Source *source
    cdef int64_t first = 0, size = 0, i
    cdef int status = locate(sources, &number, &at)
    if status == ABSENT:
        return None
    broken(status)
    source = sources + number
    at += source.offset
    if source.layout == IN_BITS:
        return True if is_set(source.first, at) else False
    if source.layout == IN_SIGNED:
        return signed_at(source.first, source.width, at)
    if source.layout == IN_UNSIGNED:
        return unsigned_at(source.first, source.width, at)
    if source.layout == IN_FLOAT:
        return float_at(source.first, source.width, at)
    if source.layout == IN_STRUCT:
        return tuple([python_of(sources, source.children[i], at) for i in range(source.n)])
    if source.layout == IN_SPARSE or source.layout == IN_DENSE:
        return python_of_union(sources, source, at)
    if source.layout in (IN_WIDTH, IN_SIZED, IN_LARGE, IN_VIEW):
        broken(bytes_at(source, at, &start, &size))
        return start[:size]
    broken(items_at(sources, source, at, &first, &size))
    return [python_of(sources, source.children[0], first + i) for i in range(size)]


cdef object python_of_union(const Source *sources, const Source *source, int64_t at):
    cdef Py_ssize_t member = 0
    cdef int64_t found = 0
    broken(member_at(sources, source, at, &member, &found))
    return member, python_of(sources, source.children[member], found)


cdef int broken(int status) except -1:
    if status < 0:
        malformed("an array with an offset or an index that is beyond its values")
    return 0
