# The bytes that are read, and the numbers in them: included by _native.pyx.

cdef struct In:
    const unsigned char *pos
    const unsigned char *end
    int64_t budget  # array items of no bytes still allowed
    int frames
    int max_depth


cdef int rest_of_unsigned(In *data, uint64_t *number, int most) except -1:
    """Read on after a first byte above 127, ``most`` bytes in all."""
    cdef uint64_t value = number[0] & 127
    cdef int shift = 7
    cdef unsigned char byte
    while True:
        if data.pos >= data.end or shift == 7 * most:
            return refuse()
        byte = data.pos[0]
        data.pos += 1
        if shift == 63 and byte > 1:  # more than 64 bits
            return refuse()
        value |= <uint64_t>(byte & 127) << shift
        if byte < 128:
            number[0] = value
            return 0
        shift += 7


cdef inline int read_unsigned(In *data, uint64_t *number) except -1:
    """Read a number of up to 64 bits as it stands before zig-zag."""
    if data.pos >= data.end:
        return refuse()
    number[0] = data.pos[0]
    data.pos += 1
    if number[0] > 127:
        rest_of_unsigned(data, number, 10)
    return 0


cdef inline int read_unsigned_int(In *data, uint64_t *number) except -1:
    """The same for up to 32 bits, in up to 5 bytes."""
    if data.pos >= data.end:
        return refuse()
    number[0] = data.pos[0]
    data.pos += 1
    if number[0] > 127:
        rest_of_unsigned(data, number, 5)
        if number[0] >> 32:
            return refuse()
    return 0


cdef inline int64_t zigzag(uint64_t number) noexcept:
    return <int64_t>((number >> 1) ^ (0 - (number & 1)))


cdef inline int read_size(In *data, Py_ssize_t *size) except -1:
    """Read the size of the bytes that follow, which must be present."""
    cdef uint64_t number = 0
    read_unsigned(data, &number)
    if number & 1 or number >> 1 > <uint64_t>(data.end - data.pos):
        return refuse()
    size[0] = <Py_ssize_t>(number >> 1)
    return 0


cdef int read_block(
    In *data, uint64_t item_size, uint64_t *count, const unsigned char **stop
) except -1:
    """Read the head of a block; ``stop`` is NULL if it does not give its size in bytes."""
    cdef uint64_t number = 0
    cdef Py_ssize_t size = 0
    read_unsigned(data, &number)
    stop[0] = NULL
    count[0] = number >> 1
    if number & 1:
        # Zig-zag makes -n the number 2n - 1: no overflow, not even for -(2**63).
        count[0] += 1
        read_size(data, &size)
        stop[0] = data.pos + size
    if item_size:
        if count[0] > <uint64_t>(data.end - data.pos) / item_size:
            return refuse()
    elif count[0] > <uint64_t>data.budget:
        return refuse()
    else:
        data.budget -= <int64_t>count[0]
    return 0


cdef inline int enter_record(In *data, int depth) except -1:
    if depth > data.max_depth:
        return refuse()
    return enter(&data.frames)
