# Column buffers: included by _native.pyx.
#
# A builder is addressed by its column's number. The functions give 0 or a Status below 0. What a row
# left over when it failed is cut off by `truncate`, which finds all it needs in the offsets: no
# position has to be kept for any column while a row is read.

cdef enum Layout:
    NULLS  # nothing but a length
    BITS  # a bit each
    WIDTH  # as many bytes each
    SIZED  # offsets into bytes
    LIST  # offsets into the one child: arrays, and maps into their entries
    STRUCT  # as long as each of its children
    UNION  # for each value the number of a child, and the index in it

cdef enum:
    UNKNOWN = -1
    FEW = 256  # values or bytes that a buffer begins with if it is not known how many there will be
    FEW_BYTES = 8  # of a text
    FIRST_CHUNK = 1 << 26

cdef struct Builder:
    int layout
    bint is_nullable
    int64_t width
    int64_t length
    int64_t room  # values that fit without growing
    int64_t most  # bytes of a buffer, and items of a list's child
    unsigned char *validity
    int32_t *offsets
    unsigned char *values
    int64_t size  # bytes in use, of a SIZED one
    int64_t capacity  # bytes there are, of a SIZED one
    Arena *arena
    Py_ssize_t n
    Builder **children


cdef int open_columns(Builder *batch, Py_ssize_t n, int64_t rows, Arena *arena) noexcept nogil:
    """Make room for the rows that are expected, but not beyond FIRST_CHUNK bytes.

    There is always some: a reader of Arrow wants buffers of a column without values too.
    """
    cdef double size = row_size(batch)
    if size * rows > FIRST_CHUNK:
        rows = <int64_t>(FIRST_CHUNK / size)
    if not SC_WATCHED and add_chunk(arena, <int64_t>(size * rows) + 4 * n * SC_ALIGNED) < 0:
        return NO_MEMORY
    return open_column(batch, rows)


cdef double row_size(const Builder *column) noexcept nogil:
    """Bytes that a row needs in a column and all inside it, without those of lists' items."""
    cdef double size = 0.125 if column.is_nullable else 0
    cdef Py_ssize_t i
    if column.layout == BITS:
        return size + 0.125
    if column.layout == WIDTH:
        return size + column.width
    if column.layout == SIZED:
        return size + 4 + FEW_BYTES
    if column.layout == LIST:
        return size + 4
    if column.layout == UNION:
        return size + 5
    if column.layout == STRUCT:
        for i in range(column.n):
            size += row_size(column.children[i])
    return size


cdef int open_column(Builder *column, int64_t rows) noexcept nogil:
    """Make room for the first values: one for each row, or a few if ``rows`` is UNKNOWN."""
    cdef int64_t first = FEW / column.width if column.width else FEW
    cdef Py_ssize_t i
    if rows != UNKNOWN:
        first = rows
    if set_room(column, min(max(first, 1), most_of(column))) < 0:
        return NO_MEMORY
    for i in range(column.n):
        if open_column(column.children[i], rows if column.layout == STRUCT else UNKNOWN) < 0:
            return NO_MEMORY
    return 0


cdef int64_t most_of(const Builder *column) noexcept nogil:
    """How many values there may be at most."""
    cdef int64_t width = column.width if column.layout == WIDTH else 4
    return column.most / width if width else INT64_MAX


cdef int grow(Builder *column) noexcept nogil:
    """Make room for at least one more value."""
    cdef int64_t room = min(room_for(column.arena, column.room), most_of(column))
    return set_room(column, room) if room > column.length else FULL


cdef int set_room(Builder *column, int64_t room) noexcept nogil:
    """Move what there is to buffers with room for as many values."""
    cdef Arena *arena = column.arena
    cdef int64_t length = column.length, bits = (length + 7) / 8
    cdef int status = 0
    if column.is_nullable:
        status = move(arena, <void **>&column.validity, bits, (room + 7) / 8)
    if status == 0 and column.layout == BITS:
        status = move(arena, <void **>&column.values, bits, (room + 7) / 8)
    elif status == 0 and column.layout == WIDTH:
        status = move(arena, <void **>&column.values, length * column.width, room * column.width)
    elif status == 0 and column.layout == UNION:
        status = move(arena, <void **>&column.values, length, room)
        if status == 0:
            status = move(arena, <void **>&column.offsets, 4 * length, 4 * room)
    elif status == 0 and (column.layout == SIZED or column.layout == LIST):
        status = move(
            arena, <void **>&column.offsets, 4 * (length + 1) if column.room else 0, 4 * (room + 1)
        )
        if status == 0 and column.room == 0:
            column.offsets[0] = 0
            if column.layout == SIZED:
                status = more_bytes(column, min(FEW, column.most))
    if status == 0:
        column.room = room
    return status


cdef inline void set_bit(unsigned char *bits, int64_t at, bint value) noexcept nogil:
    cdef unsigned char mask = <unsigned char>(1 << (at & 7))
    if value:
        bits[at >> 3] |= mask
    else:
        bits[at >> 3] &= <unsigned char>~mask


cdef inline int begin(Builder *column, bint is_valid) noexcept nogil:
    """Make room for a value, and say whether there is one."""
    cdef int status
    if column.length == column.room:
        status = grow(column)
        if status < 0:
            return status
    if column.is_nullable:
        set_bit(column.validity, column.length, is_valid)
    return 0


cdef inline int add_bit(Builder *column, bint value) noexcept nogil:
    cdef int status = begin(column, True)
    if status == 0:
        set_bit(column.values, column.length, value)
        column.length += 1
    return status


cdef inline int add_32(Builder *column, uint32_t bits) noexcept nogil:
    cdef int status = begin(column, True)
    if status == 0:
        (<uint32_t *>column.values)[column.length] = bits
        column.length += 1
    return status


cdef inline int add_64(Builder *column, uint64_t bits) noexcept nogil:
    cdef int status = begin(column, True)
    if status == 0:
        (<uint64_t *>column.values)[column.length] = bits
        column.length += 1
    return status


cdef inline int add_fixed(Builder *column, const unsigned char *start) noexcept nogil:
    cdef int status = begin(column, True)
    if status == 0:
        memcpy(column.values + column.length * column.width, start, <size_t>column.width)
        column.length += 1
    return status


cdef int more_bytes(Builder *column, int64_t size) noexcept nogil:
    """Make room for ``size`` more bytes of a SIZED column."""
    cdef int64_t capacity
    if size > column.most - column.size:
        return FULL
    capacity = max(room_for(column.arena, column.size), column.size + size)
    if move(column.arena, <void **>&column.values, column.size, capacity) < 0:
        return NO_MEMORY
    column.capacity = capacity
    return 0


cdef inline int add_sized(Builder *column, const unsigned char *start, int64_t size) noexcept nogil:
    cdef int status = begin(column, True)
    if status < 0:
        return status
    if size > column.capacity - column.size or size > column.most - column.size:
        status = more_bytes(column, size)
        if status < 0:
            return status
    memcpy(column.values + column.size, start, <size_t>size)
    column.size += size
    column.length += 1
    column.offsets[column.length] = <int32_t>column.size
    return 0


cdef inline int add_list(Builder *column) noexcept nogil:
    """Add a list of the items that were added to the child."""
    cdef int status = begin(column, True)
    if status == 0:
        if column.children[0].length > column.most:
            return FULL
        column.length += 1
        column.offsets[column.length] = <int32_t>column.children[0].length
    return status


cdef inline int add_struct(Builder *column) noexcept nogil:
    """Add a struct, whose fields were added to the children."""
    cdef int status = begin(column, True)
    if status == 0:
        column.length += 1
    return status


cdef inline int add_member(Builder *column, Py_ssize_t child) noexcept nogil:
    """Add a value of a union, which is then added to the child."""
    cdef int status = begin(column, True)
    if status == 0:
        column.values[column.length] = <unsigned char>child
        column.offsets[column.length] = <int32_t>column.children[child].length
        column.length += 1
    return status


cdef int add_missing(Builder *column) noexcept nogil:
    """Add a null, or what is beneath the null of a struct."""
    cdef Py_ssize_t i
    cdef int status
    if column.layout == UNION:
        return add_missing_member(column)
    status = begin(column, False)
    if status < 0:
        return status
    if column.layout == BITS:
        set_bit(column.values, column.length, False)
    elif column.layout == WIDTH:
        memset(column.values + column.length * column.width, 0, <size_t>column.width)
    elif column.layout == SIZED or column.layout == LIST:
        column.offsets[column.length + 1] = column.offsets[column.length]
    elif column.layout == STRUCT:
        for i in range(column.n):
            status = add_missing(column.children[i])
            if status < 0:
                return status
    column.length += 1
    return 0


cdef int add_missing_member(Builder *column) noexcept nogil:
    """A null of a union: in its child for nulls, or in the first."""
    cdef Py_ssize_t i, into = 0
    cdef int status
    for i in range(column.n):
        if column.children[i].layout == NULLS:
            into = i
    status = add_member(column, into)
    return add_missing(column.children[into]) if status == 0 else status


cdef void truncate(Builder *column, int64_t length) noexcept nogil:
    """Forget all values from ``length`` on, which a column may have not even reached."""
    cdef Py_ssize_t i
    if column.length < length:
        return
    if column.layout == UNION:
        while column.length > length:
            column.length -= 1
            truncate(column.children[column.values[column.length]], column.offsets[column.length])
    column.length = length
    if column.layout == SIZED:
        column.size = column.offsets[length] if column.room else 0
    elif column.layout == LIST:
        truncate(column.children[0], column.offsets[length] if column.room else 0)
    elif column.layout == STRUCT:
        for i in range(column.n):
            truncate(column.children[i], length)


cdef int64_t nulls_of(const Builder *column) noexcept nogil:
    """How many values are null."""
    cdef int64_t i, valid = 0
    if column.layout == NULLS:
        return column.length
    if not column.is_nullable:
        return 0
    for i in range(column.length):
        valid += column.validity[i >> 3] >> (i & 7) & 1
    return column.length - valid
