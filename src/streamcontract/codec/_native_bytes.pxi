# Numbers, sizes and blocks: included by the native engines of records and of columns.
#
# The functions give 0, or -1 for what Avro does not allow; they need neither Python objects nor the
# GIL. Every byte is read after a comparison with the end, and no count is believed before it was
# compared with the bytes that remain.

cdef extern from *:
    """
    #if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    /* The bytes of a number of up to eight bytes, of which eight can be read; else 0. */
    static inline int sc_size_of_number(const unsigned char *at) {
        uint64_t word, ends;
        memcpy(&word, at, 8);
        ends = ~word & 0x8080808080808080u;
        return ends ? (__builtin_ctzll(ends) + 1) / 8 : 0;
    }

    /* That number: the seven bits of each byte, put together two, four and eight bytes at a time. */
    static inline uint64_t sc_number(const unsigned char *at, int size) {
        uint64_t word;
        memcpy(&word, at, 8);
        word &= ~(uint64_t)0 >> (64 - 8 * size) & 0x7F7F7F7F7F7F7F7Fu;
        word = (word & 0x007F007F007F007Fu) | (word & 0x7F007F007F007F00u) >> 1;
        word = (word & 0x00003FFF00003FFFu) | (word & 0x3FFF00003FFF0000u) >> 2;
        return (word & 0x0FFFFFFFu) | (word & 0x0FFFFFFF00000000u) >> 4;
    }
    #else  /* byte by byte */
    #define sc_size_of_number(at) 0
    #define sc_number(at, size) 0
    #endif
    """
    int sc_size_of_number(const unsigned char *at) noexcept nogil
    uint64_t sc_number(const unsigned char *at, int size) noexcept nogil

cdef enum:
    MAX_FRAMES = 2000  # C calls inside one another; some 200 bytes of stack each

cdef struct In:
    const unsigned char *pos
    const unsigned char *end
    int64_t budget  # array items of no bytes that may still come
    int frames
    int max_depth


cdef int take_rest(In *data, uint64_t *number, int most) noexcept nogil:
    """Read on after a first byte above 127, ``most`` bytes in all."""
    cdef uint64_t value = number[0] & 127
    cdef int shift = 7, size = 0
    cdef unsigned char byte
    if data.end - data.pos >= 7:
        size = sc_size_of_number(data.pos - 1)
    if size:
        number[0] = sc_number(data.pos - 1, size)
        data.pos += size - 1
        return 0 if size <= most else -1
    while True:
        if data.pos >= data.end or shift == 7 * most:
            return -1
        byte = data.pos[0]
        data.pos += 1
        if shift == 63 and byte > 1:  # more than 64 bits
            return -1
        value |= <uint64_t>(byte & 127) << shift
        if byte < 128:
            number[0] = value
            return 0
        shift += 7


cdef inline int take_unsigned(In *data, uint64_t *number) noexcept nogil:
    """Read a number of up to 64 bits as it stands before zig-zag."""
    if data.pos >= data.end:
        return -1
    number[0] = data.pos[0]
    data.pos += 1
    return take_rest(data, number, 10) if number[0] > 127 else 0


cdef int skip_number(In *data) noexcept nogil:
    """Pass over a number of up to 64 bits."""
    cdef uint64_t number = 0
    return take_unsigned(data, &number)


cdef inline int take_unsigned_int(In *data, uint64_t *number) noexcept nogil:
    """The same for up to 32 bits, in up to 5 bytes."""
    if data.pos >= data.end:
        return -1
    number[0] = data.pos[0]
    data.pos += 1
    if number[0] > 127 and (take_rest(data, number, 5) < 0 or number[0] >> 32):
        return -1
    return 0


cdef inline int64_t zigzag(uint64_t number) noexcept nogil:
    return <int64_t>((number >> 1) ^ (0 - (number & 1)))


cdef inline int take_size(In *data, Py_ssize_t *size) noexcept nogil:
    """Read the size of what follows, which must be there."""
    cdef uint64_t number = 0
    if take_unsigned(data, &number) < 0:
        return -1
    if number & 1 or number >> 1 > <uint64_t>(data.end - data.pos):
        return -1
    size[0] = <Py_ssize_t>(number >> 1)
    return 0


cdef inline int take_index(In *data, uint64_t size, uint64_t *index) noexcept nogil:
    """Read the index of one of ``size`` symbols or branches."""
    if take_unsigned_int(data, index) < 0 or index[0] & 1 or index[0] >> 1 >= size:
        return -1
    index[0] >>= 1
    return 0


cdef int take_block(
    In *data, uint64_t item_size, uint64_t *count, const unsigned char **stop
) noexcept nogil:
    """Read the head of a block; ``stop`` is NULL where it does not say where it ends."""
    cdef uint64_t number = 0
    cdef Py_ssize_t size = 0
    stop[0] = NULL
    if take_unsigned(data, &number) < 0:
        return -1
    count[0] = number >> 1
    if number & 1:
        # Zig-zag makes -n the number 2n - 1: no overflow, not even for -(2**63).
        count[0] += 1
        if take_size(data, &size) < 0:
            return -1
        stop[0] = data.pos + size
    if item_size:
        return -1 if count[0] > <uint64_t>(data.end - data.pos) / item_size else 0
    if count[0] > <uint64_t>data.budget:
        return -1
    data.budget -= <int64_t>count[0]
    return 0


cdef int take_skipped_block(In *data, uint64_t item_size, uint64_t *count) noexcept nogil:
    """Pass over every block that has its size, and read the count of the next without."""
    cdef uint64_t number = 0
    cdef Py_ssize_t size = 0
    while True:
        if take_unsigned(data, &number) < 0:
            return -1
        if number & 1:
            if take_size(data, &size) < 0:
                return -1
            data.pos += size
            continue
        count[0] = number >> 1
        if number and item_size == 0:
            continue
        if number and count[0] > <uint64_t>(data.end - data.pos) / item_size:
            return -1
        return 0


cdef inline uint64_t little_endian(const unsigned char *byte, int size) noexcept nogil:
    """The number that up to 8 bytes stand for."""
    cdef uint64_t bits = 0
    cdef int i
    for i in range(size):
        bits |= <uint64_t>byte[i] << (8 * i)
    return bits


cdef inline int hex_digit(unsigned char char) noexcept nogil:
    """What a digit of either case stands for; -1 if it is none."""
    if b"0"[0] <= char <= b"9"[0]:
        return char - b"0"[0]
    char |= 32
    return char - b"a"[0] + 10 if b"a"[0] <= char <= b"f"[0] else -1


cdef int uuid_of_text(const unsigned char *text, Py_ssize_t size, uint64_t *halves) noexcept nogil:
    """The number that a UUID of exactly 8-4-4-4-12 digits stands for, high half first."""
    cdef int i, digit, found = 0
    halves[0] = halves[1] = 0
    if size != 36:
        return -1
    for i in range(36):
        if i == 8 or i == 13 or i == 18 or i == 23:
            if text[i] != b"-"[0]:
                return -1
            continue
        digit = hex_digit(text[i])
        if digit < 0:
            return -1
        halves[found >> 4] = halves[found >> 4] << 4 | <uint64_t>digit
        found += 1
    return 0
