# Decimals: included by _native.pyx.

cdef enum:
    LIMBS = 8  # of 32 bits, lowest first: 256 bits hold the 76 digits of Arrow's longest decimals
    MOST_DIGITS = 76
    SHORT_DIGITS = 18  # 64 bits hold any number of this size
    MOST_BIG_BYTES = 2048  # of a big-decimal, as in streamcontract.schema.logical.decimals

cdef uint32_t TENS[MOST_DIGITS + 1][LIMBS]
cdef int64_t SHORT_TENS[SHORT_DIGITS + 1]
for _power in range(MOST_DIGITS + 1):
    for _limb in range(LIMBS):
        TENS[_power][_limb] = 10**_power >> (32 * _limb) & 0xFFFFFFFF
    if _power <= SHORT_DIGITS:
        SHORT_TENS[_power] = 10**_power


cdef bint times_ten(uint32_t *limbs) noexcept nogil:
    """Multiply; whether it still fits."""
    cdef uint64_t carry = 0
    cdef int i
    for i in range(LIMBS):
        carry += <uint64_t>limbs[i] * 10
        limbs[i] = <uint32_t>carry
        carry >>= 32
    return carry == 0


cdef bint tenth(uint32_t *limbs) noexcept nogil:
    """Divide; whether nothing remains."""
    cdef uint64_t rest = 0
    cdef int i
    for i in range(LIMBS - 1, -1, -1):
        rest = rest << 32 | limbs[i]
        limbs[i] = <uint32_t>(rest / 10)
        rest %= 10
    return rest == 0


cdef void negate(uint32_t *limbs) noexcept nogil:
    cdef uint64_t carry = 1
    cdef int i
    for i in range(LIMBS):
        carry += <uint32_t>~limbs[i]
        limbs[i] = <uint32_t>carry
        carry >>= 32


cdef bint is_zero(const uint32_t *limbs) noexcept nogil:
    cdef int i
    for i in range(LIMBS):
        if limbs[i]:
            return False
    return True


cdef bint is_less(const uint32_t *left, const uint32_t *right) noexcept nogil:
    cdef int i
    for i in range(LIMBS - 1, -1, -1):
        if left[i] != right[i]:
            return left[i] < right[i]
    return False


cdef int add_decimal(const Op *op, In *data, Builder *column) noexcept nogil:
    """From bytes, or from a fixed of ``size`` if that is not 0."""
    cdef uint32_t limbs[LIMBS]
    cdef Py_ssize_t size = <Py_ssize_t>op.size, i
    cdef const unsigned char *byte
    cdef unsigned char sign
    if size == 0:
        if take_size(data, &size) < 0 or size == 0:
            return NO
    elif data.end - data.pos < size:
        return NO
    byte = data.pos
    data.pos += size
    sign = 255 if byte[0] & 128 else 0
    while size > 4 * LIMBS and byte[0] == sign:
        byte += 1
        size -= 1
    if size > 4 * LIMBS or (byte[0] ^ sign) & 128:
        # More than 76 digits, though divided they may be fewer.
        return UNDECIDED if op.divide > 1 else NO
    if size <= 8 and op.multiply == 1 and op.divide == 1:
        return add_short(op, byte, size, sign, column)
    for i in range(LIMBS):
        limbs[i] = 0xFFFFFFFF if sign else 0
    for i in range(size):
        limbs[i >> 2] &= ~(<uint32_t>255 << (8 * (i & 3)))
        limbs[i >> 2] |= <uint32_t>byte[size - 1 - i] << (8 * (i & 3))
    if sign:
        negate(limbs)
    if scaled(op, limbs) < 0 or not is_less(limbs, TENS[op.high]):
        return NO
    if sign:
        negate(limbs)
    return add_fixed(column, <const unsigned char *>limbs)


cdef int scaled(const Op *op, uint32_t *limbs) noexcept nogil:
    """Bring a number to the reader's scale; here the factors are 1 more than powers of ten."""
    cdef int64_t power
    if is_zero(limbs):
        return 0
    for power in range(op.multiply - 1):
        if not times_ten(limbs):
            return NO
    for power in range(op.divide - 1):
        if not tenth(limbs):
            return NO
    return 0


cdef int add_short(
    const Op *op, const unsigned char *byte, Py_ssize_t size, unsigned char sign, Builder *column
) noexcept nogil:
    """A decimal of up to 8 bytes in the reader's scale."""
    cdef uint64_t bits = 0 - <uint64_t>1 if sign else 0
    cdef uint64_t limbs[LIMBS / 2]
    cdef int64_t number
    cdef int i
    while size:
        bits = bits << 8 | byte[0]
        byte += 1
        size -= 1
    number = <int64_t>bits
    if op.high <= SHORT_DIGITS and not -SHORT_TENS[op.high] < number < SHORT_TENS[op.high]:
        return NO
    limbs[0] = bits
    for i in range(1, LIMBS / 2):
        limbs[i] = 0 - <uint64_t>1 if sign else 0
    return add_fixed(column, <const unsigned char *>limbs)


cdef int add_big_decimal(In *data, Builder *column) noexcept nogil:
    """A decimal of its own scale: its unscaled bytes and its scale, a child each."""
    cdef In inside = data[0]
    cdef Py_ssize_t size = 0
    cdef const unsigned char *byte
    cdef int64_t scale = 0
    cdef int status
    if take_size(data, &size) < 0:
        return NO
    inside.pos = data.pos
    data.pos += size
    inside.end = data.pos
    if take_size(&inside, &size) < 0 or not 1 <= size <= MOST_BIG_BYTES:
        return NO
    byte = inside.pos
    inside.pos += size
    if take_number(&inside, False, &scale) < 0 or inside.pos != inside.end:
        return NO
    if not INT32_MIN <= scale <= INT32_MAX:
        return NO
    # Of the fewest bytes, so that equal numbers are equal bytes.
    while size > 1 and byte[0] == (255 if byte[1] & 128 else 0):
        byte += 1
        size -= 1
    status = add_sized(column.children[0], byte, size)
    if status == 0:
        status = add_32(column.children[1], <uint32_t>scale)
    return add_struct(column) if status == 0 else status
