# The bytes that are written: included by _native.pyx.

cdef struct Out:
    char *start
    Py_ssize_t size
    Py_ssize_t room
    char *heap  # what start points to, if the caller's buffer was too small; else NULL
    int64_t budget  # array items of no bytes still allowed
    int frames
    int max_depth


cdef int grow(Out *out, Py_ssize_t more) except -1:
    cdef Py_ssize_t limit = PY_SSIZE_T_MAX / 2
    cdef Py_ssize_t room
    cdef char *moved
    if more > limit - out.size:
        raise MemoryError
    room = max(out.room * 2, out.size + more)
    moved = <char *>PyMem_Realloc(out.heap, room)
    if moved == NULL:
        raise MemoryError
    if out.heap == NULL:
        memcpy(moved, out.start, out.size)
    out.start = out.heap = moved
    out.room = room
    return 0


cdef inline int reserve(Out *out, Py_ssize_t more) except -1:
    if more > out.room - out.size:
        grow(out, more)
    return 0


cdef inline int put(Out *out, const char *data, Py_ssize_t size) except -1:
    reserve(out, size)
    memcpy(out.start + out.size, data, size)
    out.size += size
    return 0


cdef inline int put_byte(Out *out, unsigned char byte) except -1:
    reserve(out, 1)
    out.start[out.size] = <char>byte
    out.size += 1
    return 0


cdef inline int put_long(Out *out, int64_t number) except -1:
    """Zig-zag, then seven bits a byte, lowest first."""
    cdef uint64_t rest = (<uint64_t>number << 1) ^ <uint64_t>(number >> 63)
    reserve(out, 10)
    while rest > 127:
        out.start[out.size] = <char>(rest & 127 | 128)
        out.size += 1
        rest >>= 7
    out.start[out.size] = <char>rest
    out.size += 1
    return 0


cdef inline int put_bytes(Out *out, object data) except -1:
    put_long(out, PyBytes_GET_SIZE(data))
    return put(out, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))


cdef inline int put_text(Out *out, object text) except -1:
    """Write an exact ``str``, without leaving a copy of its UTF-8 in it."""
    cdef const char *ascii = sc_ascii(text)
    if ascii != NULL:
        put_long(out, PyUnicode_GET_LENGTH(text))
        return put(out, ascii, PyUnicode_GET_LENGTH(text))
    return put_bytes(out, PyUnicode_AsUTF8String(text))


cdef inline int put_bits(Out *out, uint64_t bits, int size) except -1:
    """Little-endian on every machine."""
    cdef int i
    reserve(out, size)
    for i in range(size):
        out.start[out.size + i] = <char>(bits >> (8 * i) & 255)
    out.size += size
    return 0
