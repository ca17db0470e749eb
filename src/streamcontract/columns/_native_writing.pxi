# Avro's binary encoding of Arrow values: included by _native.pyx.
#
# As in the reading of payloads there is no rule here: what a step takes is in the step. What does
# not fit is refused, and the portable encoder, given the same value, has the reason.

cdef enum Form:
    PUT_DEFAULT
    PUT_REFUSED
    PUT_NULL
    PUT_BOOLEAN
    PUT_NUMBER
    PUT_FLOAT
    PUT_DOUBLE
    PUT_BYTES
    PUT_TEXT
    PUT_FIXED
    PUT_UUID_AS_TEXT
    PUT_TEXT_OF_UUID
    PUT_UUID_OF_TEXT
    PUT_DECIMAL
    PUT_BIG_DECIMAL
    PUT_DECIMAL_AS_BIG
    PUT_DURATION
    PUT_INTERVAL
    PUT_SYMBOL
    PUT_ARRAY
    PUT_MAP
    PUT_RECORD
    PUT_OPTIONAL
    PUT_CHOICE
    PUT_MEMBER

FORMS = {
    "default": PUT_DEFAULT, "refused": PUT_REFUSED, "null": PUT_NULL, "boolean": PUT_BOOLEAN,
    "number": PUT_NUMBER, "float": PUT_FLOAT, "double": PUT_DOUBLE, "bytes": PUT_BYTES,
    "text": PUT_TEXT, "fixed": PUT_FIXED, "uuid as text": PUT_UUID_AS_TEXT,
    "text of uuid": PUT_TEXT_OF_UUID, "uuid of text": PUT_UUID_OF_TEXT, "decimal": PUT_DECIMAL,
    "big-decimal": PUT_BIG_DECIMAL, "decimal as big": PUT_DECIMAL_AS_BIG,
    "duration": PUT_DURATION, "interval": PUT_INTERVAL, "symbol": PUT_SYMBOL, "array": PUT_ARRAY,
    "map": PUT_MAP, "record": PUT_RECORD, "optional": PUT_OPTIONAL, "choice": PUT_CHOICE,
    "member": PUT_MEMBER,
}

cdef struct Step:
    int form
    Py_ssize_t source
    int64_t size
    int64_t low
    int64_t high
    int64_t multiply
    int64_t divide
    Py_ssize_t n
    Step **parts
    const unsigned char *data
    Py_ssize_t data_size

cdef struct Sink:
    unsigned char *start
    int64_t size
    int64_t room
    int64_t budget  # array items of no bytes that may still come


# ---- bytes

cdef int more_room(Sink *sink, int64_t size) noexcept nogil:
    cdef int64_t room
    if size > INT64_MAX / 4 - sink.size:
        return NO_MEMORY
    room = 2 * sink.room if 2 * sink.room > sink.size + size else sink.size + size
    if resize(<void **>&sink.start, room) < 0:
        return NO_MEMORY
    sink.room = room
    return 0


cdef inline int reserve(Sink *sink, int64_t size) noexcept nogil:
    return 0 if size <= sink.room - sink.size else more_room(sink, size)


cdef inline int put(Sink *sink, const unsigned char *start, int64_t size) noexcept nogil:
    if reserve(sink, size) < 0:
        return NO_MEMORY
    if size:
        memcpy(sink.start + sink.size, start, <size_t>size)
    sink.size += size
    return 0


cdef inline int write_long(unsigned char *into, int64_t number) noexcept nogil:
    """Write up to 10 bytes; gives how many. Zig-zag, then seven bits a byte, lowest first."""
    cdef uint64_t rest = (<uint64_t>number << 1) ^ <uint64_t>(number >> 63)
    cdef int size = 0
    while rest > 127:
        into[size] = <unsigned char>(rest & 127 | 128)
        size += 1
        rest >>= 7
    into[size] = <unsigned char>rest
    return size + 1


cdef inline int put_long(Sink *sink, int64_t number) noexcept nogil:
    if reserve(sink, 10) < 0:
        return NO_MEMORY
    sink.size += write_long(sink.start + sink.size, number)
    return 0


cdef inline int put_sized(Sink *sink, const unsigned char *start, int64_t size) noexcept nogil:
    return NO_MEMORY if put_long(sink, size) < 0 else put(sink, start, size)


# ---- leaves: ``at`` counts from the start of the buffers

cdef inline int integer_at(const Source *source, int64_t at, int64_t *number) noexcept nogil:
    cdef uint64_t bits
    if source.layout == IN_SIGNED:
        number[0] = signed_at(source.first, source.width, at)
        return 0
    bits = unsigned_at(source.first, source.width, at)
    if bits > <uint64_t>INT64_MAX:
        return NO
    number[0] = <int64_t>bits
    return 0


cdef int put_number(const Step *step, const Source *source, int64_t at, Sink *sink) noexcept nogil:
    """A number within limits, brought to another unit first where that is exact."""
    cdef int64_t number = 0
    if integer_at(source, at, &number) < 0:
        return NO
    if step.multiply != 1:
        if not INT64_MIN / step.multiply <= number <= INT64_MAX / step.multiply:
            return NO
        number *= step.multiply
    if step.divide != 1:
        if number % step.divide:
            return NO
        number /= step.divide
    if not step.low <= number <= step.high:
        return NO
    return put_long(sink, number)


cdef int put_floating(const Step *step, const Source *source, int64_t at, Sink *sink) noexcept nogil:
    """A float or a double; of a whole number only where that is exact."""
    cdef int64_t number = 0, most = <int64_t>1 << (24 if step.form == PUT_FLOAT else 53)
    cdef double wide
    cdef float narrow
    if source.layout == IN_FLOAT:
        if step.form == PUT_FLOAT and source.width == 4:
            return put(sink, source.first + 4 * at, 4)
        wide = float_at(source.first, source.width, at)
    else:
        if integer_at(source, at, &number) < 0 or not -most <= number <= most:
            return UNDECIDED
        wide = <double>number
    if step.form == PUT_DOUBLE:
        return put(sink, <const unsigned char *>&wide, 8)
    narrow = <float>wide
    if isinf(narrow) and not isinf(wide):
        return NO
    return put(sink, <const unsigned char *>&narrow, 4)


cdef int put_uuid(const Step *step, const unsigned char *start, int64_t size, Sink *sink) noexcept nogil:
    """A UUID, from 16 bytes or from text, as text of lower case or as 16 bytes."""
    cdef unsigned char text[36]
    cdef unsigned char number[16]
    cdef uint64_t halves[2]
    cdef int i, place = 0
    if step.form == PUT_UUID_AS_TEXT:
        if size != 16:
            return NO
        memcpy(number, start, 16)
    else:
        if uuid_of_text(start, size, halves) < 0:
            return NO
        for i in range(16):
            number[i] = <unsigned char>(halves[i >> 3] >> (56 - 8 * (i & 7)))
    if step.form == PUT_UUID_OF_TEXT:
        return put(sink, number, 16)
    for i in range(16):
        if i == 4 or i == 6 or i == 8 or i == 10:
            text[place] = b"-"[0]
            place += 1
        text[place] = hex_char(number[i] >> 4)
        text[place + 1] = hex_char(number[i] & 15)
        place += 2
    return put_sized(sink, text, 36)


cdef inline unsigned char hex_char(unsigned char digit) noexcept nogil:
    return <unsigned char>(digit + b"0"[0] if digit < 10 else digit - 10 + b"a"[0])


cdef int put_symbol(const Step *step, const unsigned char *start, int64_t size, Sink *sink) noexcept nogil:
    """The index of a symbol: ``data`` has for the sorted symbols the offsets, indexes and texts."""
    cdef const int32_t *offsets = <const int32_t *>step.data
    cdef const int32_t *indexes = offsets + step.size + 1
    cdef const unsigned char *texts = <const unsigned char *>(indexes + step.size)
    cdef int64_t low = 0, high = step.size, middle, length
    cdef int order
    while low < high:
        middle = (low + high) / 2
        length = offsets[middle + 1] - offsets[middle]
        order = memcmp(texts + offsets[middle], start, <size_t>(length if length < size else size))
        if order == 0 and length == size:
            return put_long(sink, indexes[middle])
        if order < 0 or (order == 0 and length < size):
            low = middle + 1
        else:
            high = middle
    return NO


# ---- decimals

cdef int put_decimal(const Step *step, const Source *source, int64_t at, Sink *sink) noexcept nogil:
    """A decimal brought to the schema's scale, and checked against its digits."""
    cdef uint32_t limbs[LIMBS]
    cdef unsigned char sign = load_limbs(source, at, limbs)
    cdef int64_t power
    if sign:
        negate(limbs)
    if not is_zero(limbs):
        for power in range(step.multiply):
            if not times_ten(limbs):
                return UNDECIDED
        for power in range(step.divide):
            if not tenth(limbs):
                return NO
    if step.high <= MOST_DIGITS and not is_less(limbs, TENS[step.high]):
        return NO
    if sign:
        negate(limbs)
    return put_whole(step.size, <const unsigned char *>limbs, 4 * LIMBS, sign, sink)


cdef inline unsigned char load_limbs(const Source *source, int64_t at, uint32_t *limbs) noexcept nogil:
    """Load a little-endian number of two's complement; gives the byte that its sign repeats."""
    cdef const unsigned char *start = source.first + at * source.width
    cdef unsigned char sign = 255 if start[source.width - 1] & 128 else 0
    memset(limbs, sign, 4 * LIMBS)
    memcpy(limbs, start, <size_t>source.width)
    return sign


cdef inline int64_t fewest(const unsigned char *little, int64_t size, unsigned char sign) noexcept nogil:
    """The number of bytes that a little-endian number needs."""
    while size > 1 and little[size - 1] == sign and not (little[size - 2] ^ sign) & 128:
        size -= 1
    return size


cdef int put_whole(
    int64_t fixed, const unsigned char *little, int64_t size, unsigned char sign, Sink *sink
) noexcept nogil:
    """A number, big-endian, as bytes of their length or as a fixed."""
    cdef int64_t i
    size = fewest(little, size, sign)
    if fixed and size > fixed:
        return NO
    if not fixed and put_long(sink, size) < 0:
        return NO_MEMORY
    if reserve(sink, fixed if fixed else size) < 0:
        return NO_MEMORY
    for i in range(size, fixed):
        sink.start[sink.size] = sign
        sink.size += 1
    for i in range(size - 1, -1, -1):
        sink.start[sink.size] = little[i]
        sink.size += 1
    return 0


cdef int put_decimal_as_big(
    const Step *step, const Source *source, int64_t at, Sink *sink
) noexcept nogil:
    """A decimal as a big-decimal of the scale of its column."""
    cdef uint32_t limbs[LIMBS]
    cdef unsigned char big[4 * LIMBS]
    cdef unsigned char sign = load_limbs(source, at, limbs)
    cdef const unsigned char *little = <const unsigned char *>limbs
    cdef int64_t size = fewest(little, 4 * LIMBS, sign), i
    for i in range(size):
        big[i] = little[size - 1 - i]
    return put_big(big, size, step.low, sink)


cdef int put_big(const unsigned char *big, int64_t size, int64_t scale, Sink *sink) noexcept nogil:
    """The bytes of a big-decimal, with their length."""
    cdef unsigned char head[10]
    cdef unsigned char tail[10]
    cdef int head_size = write_long(head, size), tail_size = write_long(tail, scale)
    cdef int status = put_long(sink, head_size + size + tail_size)
    if status == 0:
        status = put(sink, head, head_size)
    if status == 0:
        status = put(sink, big, size)
    return put(sink, tail, tail_size) if status == 0 else status


cdef int put_big_decimal(
    const Source *sources, const Source *source, int64_t at, Sink *sink
) noexcept nogil:
    """A struct of unscaled bytes and a scale."""
    cdef Py_ssize_t unscaled = source.children[0], scale = source.children[1]
    cdef int64_t at_unscaled = at, at_scale = at, size = 0, number = 0
    cdef const unsigned char *start = NULL
    cdef int status
    if locate(sources, &unscaled, &at_unscaled) or locate(sources, &scale, &at_scale):
        return UNDECIDED
    at_unscaled += sources[unscaled].offset
    status = bytes_at(sources + unscaled, at_unscaled, &start, &size)
    if status < 0:
        return status
    if integer_at(sources + scale, at_scale + sources[scale].offset, &number) < 0:
        return NO
    # What is as long as a big-decimal may be is for the portable encoder to count in digits.
    if not 1 <= size < MOST_BIG_BYTES or not INT32_MIN <= number <= INT32_MAX:
        return UNDECIDED
    while size > 1 and start[0] == (255 if start[1] & 128 else 0):
        start += 1
        size -= 1
    return put_big(start, size, number, sink)


# ---- durations

cdef int put_duration(
    const Source *sources, const Source *source, int64_t at, Sink *sink
) noexcept nogil:
    """A struct of months, days and milliseconds."""
    cdef Py_ssize_t i, number
    cdef int64_t found, part = 0
    for i in range(3):
        number, found = source.children[i], at
        if locate(sources, &number, &found):
            return NO
        if integer_at(sources + number, found + sources[number].offset, &part) < 0:
            return NO
        if put_part(sink, part, 1) < 0:
            return NO
    return 0


cdef int put_interval(const Source *source, int64_t at, Sink *sink) noexcept nogil:
    """An interval of Arrow: months; days and milliseconds; or these with nanoseconds."""
    cdef const unsigned char *start = source.first + at * source.width
    cdef int64_t months = 0, days = 0, rest = 0
    if source.width == 8:
        days, rest = <int32_t>load_32(start), <int32_t>load_32(start + 4)
    else:
        months = <int32_t>load_32(start)
        if source.width == 16:
            days, rest = <int32_t>load_32(start + 4), <int64_t>load_64(start + 8)
    if put_part(sink, months, 1) < 0 or put_part(sink, days, 1) < 0:
        return NO
    return put_part(sink, rest, 1000000 if source.width == 16 else 1)


cdef inline int put_part(Sink *sink, int64_t number, int64_t divide) noexcept nogil:
    cdef uint32_t part
    if number < 0 or number % divide or (number / divide) >> 32:
        return NO
    part = <uint32_t>(number / divide)
    return put(sink, <const unsigned char *>&part, 4)


# ---- what has parts: ``at`` counts from the start of the array

cdef int write(const Step *step, const Source *sources, int64_t at, Sink *sink) noexcept nogil:
    """Write one value by its step."""
    cdef const Source *source
    cdef const unsigned char *start = NULL
    cdef Py_ssize_t number = step.source
    cdef int64_t size = 0, given = at
    cdef int status
    if step.form == PUT_DEFAULT:
        return put(sink, step.data, step.data_size)
    status = locate(sources, &number, &at)
    if step.form == PUT_NULL and status == ABSENT:
        return 0
    if step.form == PUT_OPTIONAL or step.form == PUT_CHOICE:
        if status == ABSENT and step.low >= 0:
            return put_long(sink, step.low)
        if status == 0 and step.form == PUT_OPTIONAL:
            return write_branch(step, 0, step.high, sources, given, sink)
    if status:
        return NO if status == ABSENT else status
    source = sources + number
    at += source.offset
    if step.form == PUT_NUMBER:
        return put_number(step, source, at, sink)
    if step.form == PUT_FLOAT or step.form == PUT_DOUBLE:
        return put_floating(step, source, at, sink)
    if step.form == PUT_RECORD:
        return write_record(step, sources, at, sink)
    if PUT_BYTES <= step.form <= PUT_UUID_OF_TEXT or step.form == PUT_SYMBOL:
        status = bytes_at(source, at, &start, &size)
        return write_bytes(step, start, size, sink) if status == 0 else status
    if step.form == PUT_BOOLEAN:
        return put(sink, b"\1" if is_set(source.first, at) else b"\0", 1)
    if step.form == PUT_DECIMAL:
        return put_decimal(step, source, at, sink)
    if step.form == PUT_ARRAY:
        return write_array(step, sources, source, at, sink)
    if step.form == PUT_MAP:
        return write_map(step, sources, source, at, sink)
    if step.form == PUT_CHOICE:
        return write_choice(step, sources, at, sink)
    if step.form == PUT_MEMBER:
        return write_member(step, sources, source, at, sink)
    if step.form == PUT_DURATION:
        return put_duration(sources, source, at, sink)
    if step.form == PUT_INTERVAL:
        return put_interval(source, at, sink)
    if step.form == PUT_BIG_DECIMAL:
        return put_big_decimal(sources, source, at, sink)
    if step.form == PUT_DECIMAL_AS_BIG:
        return put_decimal_as_big(step, source, at, sink)
    return NO


cdef inline int write_bytes(
    const Step *step, const unsigned char *start, int64_t size, Sink *sink
) noexcept nogil:
    if step.form == PUT_TEXT:
        return put_sized(sink, start, size) if is_utf8(start, size) else NO
    if step.form == PUT_BYTES:
        return put_sized(sink, start, size)
    if step.form == PUT_FIXED:
        return put(sink, start, size) if size == step.size else NO
    if step.form == PUT_SYMBOL:
        return put_symbol(step, start, size, sink)
    return put_uuid(step, start, size, sink)


cdef int write_record(const Step *step, const Source *sources, int64_t at, Sink *sink) noexcept nogil:
    cdef Py_ssize_t i
    cdef int status
    for i in range(step.n):
        status = write(step.parts[i], sources, at, sink)
        if status < 0:
            return status
    return 0


cdef inline int write_branch(
    const Step *step, Py_ssize_t part, int64_t branch, const Source *sources, int64_t at, Sink *sink
) noexcept nogil:
    """The index of a branch, then its value."""
    cdef int status = put_long(sink, branch)
    return write(step.parts[part], sources, at, sink) if status == 0 else status


cdef int write_choice(const Step *step, const Source *sources, int64_t at, Sink *sink) noexcept nogil:
    """A struct with a field for each branch, of which one is not null."""
    cdef Py_ssize_t i, number, part = -1
    cdef int64_t found
    cdef int status
    for i in range(step.n):
        number, found = step.parts[i].source, at
        status = locate(sources, &number, &found)
        if status < 0 or (status == 0 and part >= 0):
            return status if status < 0 else NO
        if status == 0:
            part = i
    if part < 0:
        return put_long(sink, step.low) if step.low >= 0 else NO
    return write_branch(step, part, (<const int32_t *>step.data)[part], sources, at, sink)


cdef int write_member(
    const Step *step, const Source *sources, const Source *source, int64_t at, Sink *sink
) noexcept nogil:
    """A union of Arrow; ``data`` has the branch of each of its types."""
    cdef Py_ssize_t member = 0, number
    cdef int64_t found = 0, inside
    cdef int status = member_at(sources, source, at, &member, &found)
    if status < 0:
        return status
    number, inside = source.children[member], found
    status = locate(sources, &number, &inside)
    if status == ABSENT and step.low >= 0:
        return put_long(sink, step.low)
    return write_branch(step, member, (<const int32_t *>step.data)[member], sources, found, sink)


cdef int write_array(
    const Step *step, const Source *sources, const Source *source, int64_t at, Sink *sink
) noexcept nogil:
    """Items in one block; ``size`` is 0 where an item may take no bytes."""
    cdef int64_t first = 0, size = 0, i
    cdef int status = items_at(sources, source, at, &first, &size)
    if status < 0:
        return status
    if size:
        if step.size == 0:
            if size > sink.budget:
                return NO
            sink.budget -= size
        status = put_long(sink, size)
        for i in range(first, first + size):
            if status < 0:
                return status
            status = write(step.parts[0], sources, i, sink)
        if status < 0:
            return status
    return put_long(sink, 0)


cdef int write_map(
    const Step *step, const Source *sources, const Source *source, int64_t at, Sink *sink
) noexcept nogil:
    """Entries in one block; each key once, since a ``dict`` has it once."""
    cdef Py_ssize_t entries
    cdef int64_t first = 0, size = 0, i, inside
    cdef int status = items_at(sources, source, at, &first, &size)
    if status == 0:
        status = check_entries(step.parts[0], sources, source.children[0], first, size)
    if status < 0:
        return status
    if size:
        status = put_long(sink, size)
        for i in range(first, first + size):
            entries, inside = source.children[0], i
            if status == 0 and locate(sources, &entries, &inside):
                return NO
            inside += sources[entries].offset
            if status == 0:
                status = write(step.parts[0], sources, inside, sink)
            if status == 0:
                status = write(step.parts[1], sources, inside, sink)
            if status < 0:
                return status
    return put_long(sink, 0)


cdef int entry_key(
    const Step *step, const Source *sources, int64_t at, Key *key
) noexcept nogil:
    cdef Py_ssize_t number = step.source
    cdef int64_t size = 0
    cdef int status = locate(sources, &number, &at)
    if status:
        return NO if status == ABSENT else status
    status = bytes_at(sources + number, at + sources[number].offset, &key.start, &size)
    key.size = <int32_t>size if size <= INT32_MAX else 0
    return NO if size > INT32_MAX else status


cdef int check_entries(
    const Step *step, const Source *sources, Py_ssize_t entries, int64_t first, int64_t size
) noexcept nogil:
    """Refuse a map that has a key twice; ``step`` is that of the keys."""
    cdef Key few[16]
    cdef Key *keys = few
    cdef int64_t i, start = first + sources[entries].offset
    cdef int status = 0
    if size < 2:
        return 0
    if size > 16:
        keys = <Key *>malloc(<size_t>size * sizeof(Key))
        if keys == NULL:
            return NO_MEMORY
    for i in range(size):
        status = entry_key(step, sources, start + i, keys + i)
        if status < 0:
            break
    if status == 0:
        qsort(keys, <size_t>size, sizeof(Key), compare_keys)
        for i in range(1, size):
            if compare_keys(keys + i - 1, keys + i) == 0:
                status = NO
                break
    if keys != few:
        free(keys)
    return status


# ---- payloads

cdef class Writing:
    """How to write the rows of a producer's arrays, from the step ``root`` on.

    Each step is a form, the number of its source, five numbers (size, low, high, multiply,
    divide), the numbers of the steps inside it, and bytes.
    """

    cdef Sources layout
    cdef Step *steps
    cdef const Step *root
    cdef Py_ssize_t n
    cdef list kept

    def __cinit__(self, Sources layout not None, tuple steps not None, Py_ssize_t root):
        cdef Py_ssize_t i, j
        cdef Step *step
        self.layout, self.kept = layout, []
        self.steps = <Step *>calloc(<size_t>len(steps) + 1, sizeof(Step))
        if self.steps == NULL:
            raise MemoryError
        self.n = len(steps)
        if not 0 <= root < self.n:
            raise ValueError(root)
        self.root = self.steps + root
        for i in range(self.n):
            step = self.steps + i
            form, step.source, (step.size, step.low, step.high, step.multiply, step.divide), parts, data = steps[i]
            step.form = FORMS[form]
            if not 0 <= step.source < layout.n:
                raise ValueError(step.source)
            if data is not None:
                self.kept.append(data)
                step.data = <const unsigned char *>PyBytes_AS_STRING(data)
                step.data_size = PyBytes_GET_SIZE(data)
            step.parts = <Step **>calloc(<size_t>len(parts) + 1, sizeof(Step *))
            if step.parts == NULL:
                raise MemoryError
            step.n = len(parts)
            for j in range(step.n):
                if not 0 <= parts[j] < self.n:
                    raise ValueError(parts)
                step.parts[j] = self.steps + <Py_ssize_t>parts[j]

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.n):
            free(self.steps[i].parts)
        free(self.steps)


cdef class PayloadBuffer:
    """Payloads one after the other, each after the same prefix."""

    cdef Sink sink
    cdef bytes prefix
    cdef int64_t *ends
    cdef int64_t room
    cdef readonly int64_t n

    def __cinit__(self, bytes prefix not None):
        self.prefix = prefix

    def __dealloc__(self):
        free(self.sink.start)
        free(self.ends)

    def __len__(self):
        return self.n

    def payload(self, int64_t index):
        """One payload, after its prefix."""
        cdef int64_t start
        if not 0 <= index < self.n:
            raise IndexError(index)
        start = self.ends[index - 1] if index else 0
        return PyBytes_FromStringAndSize(<char *>self.sink.start + start, self.ends[index] - start)

    def append(self, bytes payload not None):
        """Add a payload, which has the prefix already."""
        if put(&self.sink, <const unsigned char *>PyBytes_AS_STRING(payload), PyBytes_GET_SIZE(payload)) < 0:
            raise MemoryError
        if self.end() < 0:
            raise MemoryError

    cdef int end(self) noexcept nogil:
        """End a payload."""
        if self.n == self.room:
            if resize(<void **>&self.ends, 8 * (2 * self.room + 64)) < 0:
                return NO_MEMORY
            self.room = 2 * self.room + 64
        self.ends[self.n] = self.sink.size
        self.n += 1
        return 0

    def add(
        self, Writing writing not None, ArrowBatch batch not None, int64_t first, int64_t rows,
        int64_t empty_items,
    ):
        """Add the rows from ``first`` on, until one fails; gives its number, and the status."""
        cdef int64_t at = first, start
        cdef int status = 0
        cdef const unsigned char *prefix = <const unsigned char *>PyBytes_AS_STRING(self.prefix)
        cdef int64_t prefix_size = PyBytes_GET_SIZE(self.prefix)
        if writing.layout.rows != batch.layout.rows or not 0 <= first <= rows:
            raise ValueError("an array of another layout")
        if rows > batch.array.length:
            raise IndexError(rows)
        with nogil:
            while at < rows:
                start, self.sink.budget = self.sink.size, empty_items
                status = put(&self.sink, prefix, prefix_size)
                if status == 0:
                    status = write(writing.root, batch.sources, at, &self.sink)
                if status == 0:
                    status = self.end()
                if status < 0:
                    self.sink.size = start
                    break
                at += 1
        if status == NO_MEMORY:
            raise MemoryError
        broken(status if status == BROKEN else 0)
        return at, status
