# The bytes that are read, and the numbers in them: included by _native.pyx.

include "_native_bytes.pxi"


cdef inline int read_unsigned(In *data, uint64_t *number) except -1:
    return 0 if take_unsigned(data, number) == 0 else refuse()


cdef inline int read_unsigned_int(In *data, uint64_t *number) except -1:
    return 0 if take_unsigned_int(data, number) == 0 else refuse()


cdef inline int read_size(In *data, Py_ssize_t *size) except -1:
    return 0 if take_size(data, size) == 0 else refuse()


cdef inline int read_index(In *data, Py_ssize_t size, uint64_t *index) except -1:
    return 0 if take_index(data, <uint64_t>size, index) == 0 else refuse()


cdef inline int read_block(
    In *data, uint64_t item_size, uint64_t *count, const unsigned char **stop
) except -1:
    return 0 if take_block(data, item_size, count, stop) == 0 else refuse()


cdef inline int enter_record(In *data, int depth) except -1:
    if depth > data.max_depth:
        return refuse()
    return enter(&data.frames)
