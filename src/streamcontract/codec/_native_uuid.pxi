# UUIDs, as text and as 16 bytes: included by _native.pyx.

cdef int put_hex(Out *out, uint64_t number, int digits) except -1:
    """Write the lowest digits of a number, in lower case."""
    cdef int i
    cdef unsigned char digit
    reserve(out, digits)
    for i in range(digits):
        digit = number >> (4 * (digits - 1 - i)) & 15
        out.start[out.size + i] = digit + (b"0"[0] if digit < 10 else b"a"[0] - 10)
    out.size += digits
    return 0


cdef class UuidWriter(ConvertedWriter):
    """Of an exact ``UUID``, from the number in its slot; the rest is converted."""

    cdef object cls
    cdef Offsets offsets
    cdef bint is_text

    def __init__(self, object to_raw, Writer raw not None, object cls, bint is_text):
        ConvertedWriter.__init__(self, to_raw, raw)
        self.cls = cls
        self.offsets = Offsets(cls, ("int",))
        self.is_text = is_text

    cdef int write(self, object x, Out *out, int depth) except -1:
        cdef PyObject *held = NULL
        cdef uint64_t high, low
        cdef int i
        if sc_type(x) == <PyObject *>self.cls:
            held = sc_get(x, self.offsets.items[0])
        if held == NULL:
            return ConvertedWriter.write(self, x, out, depth)
        number = <object>held
        Py_DECREF_ptr(held)
        if not PyLong_CheckExact(number):
            return ConvertedWriter.write(self, x, out, depth)
        low = PyLong_AsUnsignedLongLongMask(number)
        high = number >> 64  # refuses a negative number, or one of more than 64 bits
        if not self.is_text:
            for i in range(8):
                put_byte(out, high >> (56 - 8 * i) & 255)
            for i in range(8):
                put_byte(out, low >> (56 - 8 * i) & 255)
            return 0
        put_long(out, 36)
        put_hex(out, high >> 32, 8)
        put_byte(out, b"-"[0])
        put_hex(out, high >> 16, 4)
        put_byte(out, b"-"[0])
        put_hex(out, high, 4)
        put_byte(out, b"-"[0])
        put_hex(out, low >> 48, 4)
        put_byte(out, b"-"[0])
        return put_hex(out, low, 12)


cdef class UuidReader(ClosedReader):
    """Into the slots of ``UUID``; from text of exactly 8-4-4-4-12 digits, or from 16 bytes."""

    cdef object cls
    cdef object is_safe
    cdef Offsets offsets
    cdef bint is_text

    def __init__(self, object cls, object is_safe, bint is_text):
        self.cls = cls
        self.is_safe = is_safe
        self.offsets = Offsets(cls, ("int", "is_safe"))
        self.is_text = is_text

    cdef object read(self, In *data, int depth):
        cdef uint64_t halves[2]
        cdef Py_ssize_t size = 16
        cdef int i
        halves[0] = halves[1] = 0
        if self.is_text:
            read_size(data, &size)
            if uuid_of_text(data.pos, size, halves) < 0:
                refuse()
        else:
            if data.end - data.pos < 16:
                refuse()
            for i in range(16):
                halves[i >> 3] = halves[i >> 3] << 8 | data.pos[i]
        data.pos += size
        value = sc_new(self.cls)
        sc_put(value, self.offsets.items[0], (<object>halves[0] << 64) | halves[1])
        sc_put(value, self.offsets.items[1], self.is_safe)
        PyObject_GC_UnTrack(value)
        return value
