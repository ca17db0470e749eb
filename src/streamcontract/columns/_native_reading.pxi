# The program's steps: included by _native.pyx.

cdef enum Kind:
    FAIL
    MISSING
    BOOLEAN
    NUMBER
    INT
    LONG
    PROMOTED
    FLOAT
    DOUBLE
    WIDENED
    BYTES
    TEXT
    FIXED
    UUID
    DECIMAL
    BIG_DECIMAL
    DURATION
    SYMBOL
    ARRAY
    MAP
    RECORD
    ROOT
    BRANCH
    CHOICE
    MEMBER
    DEFAULT
    SKIP

KINDS = {
    "fail": FAIL, "missing": MISSING, "boolean": BOOLEAN, "number": NUMBER, "int": INT,
    "long": LONG, "promoted": PROMOTED, "float": FLOAT, "double": DOUBLE,
    "widened": WIDENED, "bytes": BYTES, "text": TEXT,
    "fixed": FIXED, "uuid": UUID, "decimal": DECIMAL, "big-decimal": BIG_DECIMAL,
    "duration": DURATION, "symbol": SYMBOL, "array": ARRAY, "map": MAP, "record": RECORD,
    "root": ROOT, "branch": BRANCH, "choice": CHOICE, "member": MEMBER, "default": DEFAULT,
    "skip": SKIP,
}

cdef struct Op:
    int kind
    bint is_int  # on the wire, not a long
    Py_ssize_t column
    int64_t size
    int64_t low
    int64_t high
    int64_t multiply
    int64_t divide
    Py_ssize_t n
    Op **parts
    const unsigned char *data
    Py_ssize_t data_size
    const Skip *skipped

cdef struct Key:
    const unsigned char *start
    int64_t size


cdef inline int run(const Op *op, In *data, Builder *columns, int depth) noexcept nogil:
    """Read one value into its column; the kinds that are most frequent are inlined."""
    cdef int kind = op.kind
    cdef Builder *column = columns + op.column
    if kind == SKIP:
        return skip(op.skipped, data, depth)
    elif kind == DOUBLE:
        return add_double(data, column)
    elif kind == TEXT:
        return add_text(data, column)
    elif kind == LONG:
        return add_long(op, data, column)
    elif kind == INT:
        return add_int(data, column)
    elif kind == NUMBER:
        return add_number(op, data, column)
    return run_other(op, data, columns, depth)


cdef int run_other(const Op *op, In *data, Builder *columns, int depth) noexcept nogil:
    cdef int kind = op.kind
    cdef Builder *column = columns + op.column
    if kind == PROMOTED:
        return add_promoted(op, data, column)
    elif kind == FLOAT:
        return add_float(data, column)
    elif kind == WIDENED:
        return add_widened(data, column)
    elif kind == BOOLEAN:
        return add_boolean(data, column)
    elif kind == BYTES:
        return add_bytes(data, column)
    elif kind == FIXED:
        return add_fixed_bytes(data, column)
    elif kind == UUID:
        return add_uuid(data, column)
    elif kind == DECIMAL:
        return add_decimal(op, data, column)
    elif kind == BIG_DECIMAL:
        return add_big_decimal(data, column)
    elif kind == DURATION:
        return add_duration(data, column)
    elif kind == SYMBOL:
        return add_symbol(op, data, column)
    elif kind == MISSING:
        return add_missing(column)
    elif kind == RECORD:
        return run_record(op, data, columns, depth + 1)
    elif kind == ROOT:
        return run_record(op, data, columns, depth)
    elif kind == ARRAY:
        return run_array(op, data, columns, depth)
    elif kind == MAP:
        return run_map(op, data, columns, depth)
    elif kind == BRANCH:
        return run_branch(op, data, columns, depth)
    elif kind == CHOICE:
        return run_choice(op, data, columns, depth)
    elif kind == MEMBER:
        return run_member(op, data, columns, depth)
    elif kind == DEFAULT:
        return run_default(op, data, columns, depth)
    return NO


cdef int run_record(const Op *op, In *data, Builder *columns, int depth) noexcept nogil:
    cdef Py_ssize_t i
    cdef int status
    if depth > data.max_depth:
        return NO
    for i in range(op.n):
        status = run(op.parts[i], data, columns, depth)
        if status < 0:
            return status
    return add_struct(columns + op.column)


cdef int run_array(const Op *op, In *data, Builder *columns, int depth) noexcept nogil:
    cdef uint64_t count = 0
    cdef const unsigned char *stop = NULL
    cdef int status
    while True:
        if take_block(data, <uint64_t>op.size, &count, &stop) < 0:
            return NO
        if count == 0:
            return add_list(columns + op.column)
        while count:
            status = run(op.parts[0], data, columns, depth)
            if status < 0:
                return status
            count -= 1
        if stop != NULL and data.pos != stop:
            return NO


cdef int run_map(const Op *op, In *data, Builder *columns, int depth) noexcept nogil:
    cdef Builder *entries = (columns + op.column).children[0]
    cdef int64_t first = entries.length
    cdef uint64_t count = 0
    cdef const unsigned char *stop = NULL
    cdef int status
    while True:
        if take_block(data, <uint64_t>op.size, &count, &stop) < 0:
            return NO
        if count == 0:
            break
        while count:
            status = add_text(data, entries.children[0])
            if status == 0:
                status = run(op.parts[0], data, columns, depth)
            if status == 0:
                status = add_struct(entries)
            if status < 0:
                return status
            count -= 1
        if stop != NULL and data.pos != stop:
            return NO
    status = check_keys(entries.children[0], first)
    return add_list(columns + op.column) if status == 0 else status


cdef Key key_at(const Builder *keys, int64_t at) noexcept nogil:
    cdef Key key
    key.start = keys.values + keys.offsets[at]
    key.size = keys.offsets[at + 1] - keys.offsets[at]
    return key


cdef int compare_keys(const void *left, const void *right) noexcept nogil:
    cdef const Key *a = <const Key *>left
    cdef const Key *b = <const Key *>right
    if a.size != b.size:
        return -1 if a.size < b.size else 1
    return memcmp(a.start, b.start, <size_t>a.size)


cdef int check_keys(const Builder *keys, int64_t first) noexcept nogil:
    """Refuse the map whose keys start at ``first`` if it has one of them twice."""
    cdef int64_t n = keys.length - first, i, j
    cdef Key one, other
    cdef Key *found
    cdef int status = 0
    if n <= 16:
        for i in range(1, n):
            one = key_at(keys, first + i)
            for j in range(i):
                other = key_at(keys, first + j)
                if compare_keys(&one, &other) == 0:
                    return NO
        return 0
    # Sorted, so that no choice of keys takes time by the square of their number.
    found = <Key *>malloc(<size_t>n * sizeof(Key))
    if found == NULL:
        return NO_MEMORY
    for i in range(n):
        found[i] = key_at(keys, first + i)
    qsort(found, <size_t>n, sizeof(Key), compare_keys)
    for i in range(1, n):
        if compare_keys(&found[i - 1], &found[i]) == 0:
            status = NO
            break
    free(found)
    return status


cdef int run_branch(const Op *op, In *data, Builder *columns, int depth) noexcept nogil:
    """What a union wrote: the index of a branch, then its value."""
    cdef uint64_t index = 0
    if take_index(data, <uint64_t>op.n, &index) < 0:
        return NO
    return run(op.parts[index], data, columns, depth)


cdef int run_choice(const Op *op, In *data, Builder *columns, int depth) noexcept nogil:
    """A value that lands in the child ``size`` of a union of several types; the others are null."""
    cdef Builder *column = columns + op.column
    cdef Py_ssize_t i
    cdef int status = run(op.parts[0], data, columns, depth)
    for i in range(column.n):
        if status == 0 and i != op.size:
            status = add_missing(column.children[i])
    return add_struct(column) if status == 0 else status


cdef int run_member(const Op *op, In *data, Builder *columns, int depth) noexcept nogil:
    """A value that lands in the child ``size`` of a dense union.

    The union's own entry comes first, so that `truncate` finds what there is of a value that fails.
    """
    cdef int status = add_member(columns + op.column, <Py_ssize_t>op.size)
    return run(op.parts[0], data, columns, depth) if status == 0 else status


cdef int run_default(const Op *op, In *data, Builder *columns, int depth) noexcept nogil:
    """A default, from bytes of its own."""
    cdef In own = data[0]
    cdef int status
    own.pos = op.data
    own.end = op.data + op.data_size
    status = run(op.parts[0], &own, columns, depth)
    data.budget = own.budget
    return status
