# Leaves of the plan, each into its column: included by _native.pyx.

cdef inline int take_number(In *data, bint is_int, int64_t *number) noexcept nogil:
    """Read an int or a long."""
    cdef uint64_t bits = 0
    if (take_unsigned_int(data, &bits) if is_int else take_unsigned(data, &bits)) < 0:
        return NO
    number[0] = zigzag(bits)
    return 0


cdef inline int add_int(In *data, Builder *column) noexcept nogil:
    cdef int64_t number = 0
    return NO if take_number(data, True, &number) < 0 else add_32(column, <uint32_t>number)


cdef inline int add_long(const Op *op, In *data, Builder *column) noexcept nogil:
    cdef int64_t number = 0
    return NO if take_number(data, op.is_int, &number) < 0 else add_64(column, <uint64_t>number)


cdef int add_number(const Op *op, In *data, Builder *column) noexcept nogil:
    """A number within limits; in another unit first, as a rescaler of the codec computes it."""
    cdef int64_t number = 0
    if take_number(data, op.is_int, &number) < 0:
        return NO
    if not INT64_MIN / op.multiply <= number <= INT64_MAX / op.multiply:
        return NO
    number *= op.multiply
    if number % op.divide:
        return NO
    number /= op.divide
    if not op.low <= number <= op.high:
        return NO
    if column.width == 4:
        return add_32(column, <uint32_t>number)
    return add_64(column, <uint64_t>number)


cdef int add_promoted(const Op *op, In *data, Builder *column) noexcept nogil:
    """An int or a long as a float or a double."""
    cdef int64_t number = 0
    cdef double wide
    cdef float narrow
    cdef uint64_t bits = 0
    if take_number(data, op.is_int, &number) < 0:
        return NO
    wide = <double>number
    if column.width == 8:
        memcpy(&bits, &wide, 8)
        return add_64(column, bits)
    narrow = <float>wide  # by way of a double: that rounding is the codec's
    memcpy(&bits, &narrow, 4)
    return add_32(column, <uint32_t>bits)


cdef inline int add_float(In *data, Builder *column) noexcept nogil:
    cdef uint32_t bits
    if data.end - data.pos < 4:
        return NO
    memcpy(&bits, data.pos, 4)  # little-endian on the wire, and here
    data.pos += 4
    return add_32(column, bits)


cdef inline int add_double(In *data, Builder *column) noexcept nogil:
    cdef uint64_t bits
    if data.end - data.pos < 8:
        return NO
    memcpy(&bits, data.pos, 8)
    data.pos += 8
    return add_64(column, bits)


cdef int add_widened(In *data, Builder *column) noexcept nogil:
    """A float as a double."""
    cdef uint64_t bits
    cdef float narrow
    cdef double wide
    if data.end - data.pos < 4:
        return NO
    memcpy(&narrow, data.pos, 4)
    data.pos += 4
    wide = narrow
    memcpy(&bits, &wide, 8)
    return add_64(column, bits)


cdef int add_boolean(In *data, Builder *column) noexcept nogil:
    cdef unsigned char byte
    if data.pos >= data.end or data.pos[0] > 1:
        return NO
    byte = data.pos[0]
    data.pos += 1
    return add_bit(column, byte)


cdef inline bint is_tail(unsigned char byte) noexcept nogil:
    return byte & 0xC0 == 0x80


cdef bint is_utf8(const unsigned char *at, Py_ssize_t size) noexcept nogil:
    """Whether bytes are UTF-8 ("Well-Formed UTF-8 Byte Sequences", Unicode, table 3-7)."""
    cdef const unsigned char *end = at + size
    cdef uint64_t eight
    cdef unsigned char first, second
    while at < end:
        if at[0] < 0x80:
            while end - at >= 8:
                memcpy(&eight, at, 8)
                if eight & <uint64_t>0x8080808080808080:
                    break
                at += 8
            while at < end and at[0] < 0x80:
                at += 1
            continue
        first = at[0]
        if end - at < 2:
            return False
        second = at[1]
        if 0xC2 <= first <= 0xDF:
            if not is_tail(second):
                return False
            at += 2
        elif 0xE0 <= first <= 0xEF:
            if end - at < 3 or not is_tail(second) or not is_tail(at[2]):
                return False
            # Not what is shorter in two bytes, and no surrogates.
            if (first == 0xE0 and second < 0xA0) or (first == 0xED and second > 0x9F):
                return False
            at += 3
        elif 0xF0 <= first <= 0xF4:
            if end - at < 4 or not is_tail(second) or not is_tail(at[2]) or not is_tail(at[3]):
                return False
            # Not what is shorter in three bytes, and nothing beyond U+10FFFF.
            if (first == 0xF0 and second < 0x90) or (first == 0xF4 and second > 0x8F):
                return False
            at += 4
        else:
            return False
    return True


cdef inline bint is_short_ascii(const In *data, Py_ssize_t size) noexcept nogil:
    """Whether the next bytes are ASCII, found at once: they are up to 8, and 8 can be read."""
    cdef uint64_t word
    if size > 8 or size == 0 or data.end - data.pos < 8:
        return False
    memcpy(&word, data.pos, 8)  # little-endian: the first byte is the lowest
    return word << (64 - 8 * size) & <uint64_t>0x8080808080808080 == 0


cdef inline int add_text(In *data, Builder *column) noexcept nogil:
    cdef Py_ssize_t size = 0
    if take_size(data, &size) < 0:
        return NO
    if not is_short_ascii(data, size) and not is_utf8(data.pos, size):
        return NO
    data.pos += size
    return add_sized(column, data.pos - size, size)


cdef int add_bytes(In *data, Builder *column) noexcept nogil:
    cdef Py_ssize_t size = 0
    if take_size(data, &size) < 0:
        return NO
    data.pos += size
    return add_sized(column, data.pos - size, size)


cdef int add_fixed_bytes(In *data, Builder *column) noexcept nogil:
    if data.end - data.pos < column.width:
        return NO
    data.pos += column.width
    return add_fixed(column, data.pos - column.width)


cdef int add_uuid(In *data, Builder *column) noexcept nogil:
    """A UUID in text as its 16 bytes."""
    cdef Py_ssize_t size = 0
    cdef uint64_t halves[2]
    cdef unsigned char found[16]
    cdef int i
    if take_size(data, &size) < 0 or uuid_of_text(data.pos, size, halves) < 0:
        return NO
    data.pos += size
    for i in range(16):
        found[i] = <unsigned char>(halves[i >> 3] >> (56 - 8 * (i & 7)))
    return add_fixed(column, found)


cdef int add_duration(In *data, Builder *column) noexcept nogil:
    """Months, days and milliseconds, 32 bits and a child each."""
    cdef Py_ssize_t i
    cdef int status
    if data.end - data.pos < 12:
        return NO
    for i in range(3):
        status = add_float(data, column.children[i])
        if status < 0:
            return status
    return add_struct(column)


cdef int add_symbol(const Op *op, In *data, Builder *column) noexcept nogil:
    """An enum: the reader's index of what the writer's index stands for, or none."""
    cdef uint64_t index = 0
    cdef int32_t symbol
    if take_index(data, op.size, &index) < 0:
        return NO
    symbol = (<const int32_t *>op.data)[index]
    return add_32(column, <uint32_t>symbol) if symbol >= 0 else NO
