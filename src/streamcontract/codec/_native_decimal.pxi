# Decimals of up to 18 digits, exactly and by way of 64 bits: included by _native.pyx.
#
# A Decimal gives its digits as text, and is made from text: the fastest exact way that every
# interpreter offers. Longer ones are converted by the functions of the portable engine.

cdef enum:
    MOST_DIGITS = 18  # 64 bits hold any number of 18 digits
    MOST_TEXT = 40  # of a decimal: sign, 19 digits, E, minus, the scale

cdef int64_t TENS[MOST_DIGITS + 1]
TENS[0] = 1
for _power in range(MOST_DIGITS):
    TENS[_power + 1] = TENS[_power] * 10


cdef bint unscaled(object text, int64_t scale, int64_t *number) noexcept:
    """The number of a Decimal's text at a scale; False if that needs the portable engine."""
    cdef const char *char = sc_ascii(text)
    cdef bint is_negative = False
    cdef int digits = 0
    cdef int64_t shift = scale
    cdef int64_t value = 0
    cdef bint is_behind = False  # after the point
    if char == NULL:
        return False
    if char[0] == b"-"[0]:
        is_negative = True
        char += 1
    while char[0]:
        if char[0] == b"."[0] and not is_behind:
            is_behind = True
        elif b"0"[0] <= char[0] <= b"9"[0]:
            digits += value > 0
            if digits == MOST_DIGITS:
                return False
            value = value * 10 + (char[0] - b"0"[0])
            shift -= is_behind
        else:  # an exponent, an infinity or NaN
            return False
        char += 1
    if value == 0:
        number[0] = 0
        return shift >= 0
    digits += 1
    while shift < 0:
        if value % 10:
            return False
        value /= 10
        digits -= 1
        shift += 1
    if digits + shift > MOST_DIGITS:
        return False
    value *= TENS[shift]
    number[0] = -value if is_negative else value
    return True


cdef class DecimalWriter(ConvertedWriter):
    """As bytes, or as a fixed of ``size`` if that is not 0."""

    cdef object cls
    cdef int64_t limit  # the number is less than this; 0 for no limit
    cdef int64_t scale
    cdef Py_ssize_t size

    def __init__(
        self, object to_raw, Writer raw not None, object cls, object precision, int64_t scale,
        Py_ssize_t size,
    ):
        ConvertedWriter.__init__(self, to_raw, raw)
        self.cls = cls
        self.limit = TENS[<int>precision] if precision <= MOST_DIGITS else 0
        self.scale = scale
        self.size = size

    cdef int write(self, object x, Out *out, int depth) except -1:
        cdef int64_t number = 0, rest
        cdef Py_ssize_t i, needed = 1
        if sc_type(x) != <PyObject *>self.cls or not unscaled(str(x), self.scale, &number):
            return ConvertedWriter.write(self, x, out, depth)
        if self.limit and not -self.limit < number < self.limit:
            return refuse()
        rest = number >> 7
        while rest != 0 and rest != -1:  # the last byte's first bit is the sign
            rest >>= 8
            needed += 1
        if self.size == 0:
            put_long(out, needed)
        elif self.size < needed:
            return refuse()
        else:
            reserve(out, self.size)  # a size that no memory has is refused before it is filled
            for i in range(self.size - needed):
                put_byte(out, 255 if number < 0 else 0)
        for i in range(needed):
            put_byte(out, <uint64_t>number >> (8 * (needed - 1 - i)) & 255)
        return 0


cdef class DecimalReader(ConvertedReader):
    """From bytes, or from a fixed of ``size`` if that is not 0."""

    cdef object make  # from text
    cdef int64_t limit  # the number is less than this; 0 for no limit
    cdef bytes exponent  # the text after the digits
    cdef Py_ssize_t size

    def __init__(
        self, Reader raw not None, object from_raw, object make, object precision, int64_t scale,
        Py_ssize_t size,
    ):
        ConvertedReader.__init__(self, raw, from_raw)
        self.closed = True
        self.make = make
        self.limit = TENS[<int>precision] if precision <= MOST_DIGITS else 0
        self.exponent = b"E-%d" % scale if scale else b""
        if len(self.exponent) + 20 > MOST_TEXT:
            raise ValueError(scale)
        self.size = size

    cdef object read(self, In *data, int depth):
        cdef const unsigned char *start = data.pos
        cdef const unsigned char *byte
        cdef Py_ssize_t size = self.size
        cdef unsigned char sign
        cdef uint64_t bits
        cdef int64_t number
        if size == 0:
            read_size(data, &size)
            if size == 0:
                refuse()
        elif data.end - data.pos < size:
            refuse()
        byte = data.pos
        sign = 255 if byte[0] & 128 else 0
        while size > 8 and byte[0] == sign:
            byte += 1
            size -= 1
        if size > 8 or (byte[0] ^ sign) & 128:
            data.pos = start
            return ConvertedReader.read(self, data, depth)
        bits = 0 - <uint64_t>1 if sign else 0
        while size:
            bits = bits << 8 | byte[0]
            byte += 1
            size -= 1
        data.pos = byte
        number = <int64_t>bits
        if self.limit and not -self.limit < number < self.limit:
            refuse()
        return self.make(self.text(number))

    cdef object text(self, int64_t number):
        cdef char chars[MOST_TEXT]
        cdef Py_ssize_t place = MOST_TEXT - PyBytes_GET_SIZE(self.exponent)
        cdef uint64_t rest = <uint64_t>number if number >= 0 else 0 - <uint64_t>number
        memcpy(chars + place, PyBytes_AS_STRING(self.exponent), PyBytes_GET_SIZE(self.exponent))
        while True:
            place -= 1
            chars[place] = <char>(b"0"[0] + rest % 10)
            rest /= 10
            if rest == 0:
                break
        if number < 0:
            place -= 1
            chars[place] = b"-"[0]
        return PyUnicode_DecodeLatin1(chars + place, MOST_TEXT - place, NULL)
