# Reading: included by _native.pyx, whose docstring has the rules for all of it.

include "_native_skips.pxi"


cdef inline int skip_field(Skipper skipper, In *data, int depth) except -1:
    return 0 if skip(&skipper.step, data, depth) == 0 else refuse()


cdef class Reader:
    """Reads the values of one type.

    ``closed`` says that nothing can be put into such a value later, nor into what it holds: it
    never becomes part of a reference cycle. Instances of a class that are closed are taken off the
    garbage collector's list, which has nothing to find there, however many are kept; as CPython
    does with tuples. A reader that leads back to itself is not closed.
    """

    cdef bint closed

    cdef object read(self, In *data, int depth):
        raise NotImplementedError


cdef class ClosedReader(Reader):
    """Reads values that are closed by their type."""

    def __cinit__(self, *_, **__):
        self.closed = True


cdef class NullReader(ClosedReader):
    cdef object read(self, In *data, int depth):
        return None


cdef class BooleanReader(ClosedReader):
    cdef object read(self, In *data, int depth):
        cdef unsigned char byte
        if data.pos >= data.end or data.pos[0] > 1:
            refuse()
        byte = data.pos[0]
        data.pos += 1
        return byte == 1


cdef class IntegerReader(ClosedReader):
    """An int or a long, as it is or promoted ("long", "float" or "double")."""

    cdef bint is_int
    cdef int promotion  # 0 is none, 4 is to float, 8 is to double

    def __init__(self, bint is_int, int promotion=0):
        self.is_int = is_int
        self.promotion = promotion

    cdef object read(self, In *data, int depth):
        cdef uint64_t number = 0
        if self.is_int:
            read_unsigned_int(data, &number)
        else:
            read_unsigned(data, &number)
        if self.promotion == 0:
            return PyLong_FromLongLong(zigzag(number))
        if self.promotion == 8:
            return PyFloat_FromDouble(<double>zigzag(number))
        # By way of a double, as struct.pack goes: its rounding is the portable engine's.
        return PyFloat_FromDouble(<float><double>zigzag(number))


cdef class FloatReader(ClosedReader):
    cdef object read(self, In *data, int depth):
        cdef uint32_t bits
        cdef float number
        if data.end - data.pos < 4:
            refuse()
        bits = <uint32_t>little_endian(data.pos, 4)
        data.pos += 4
        memcpy(&number, &bits, 4)
        return PyFloat_FromDouble(number)


cdef class DoubleReader(ClosedReader):
    cdef object read(self, In *data, int depth):
        cdef uint64_t bits
        cdef double number
        if data.end - data.pos < 8:
            refuse()
        bits = little_endian(data.pos, 8)
        data.pos += 8
        memcpy(&number, &bits, 8)
        return PyFloat_FromDouble(number)


cdef class TextReader(ClosedReader):
    cdef object read(self, In *data, int depth):
        cdef Py_ssize_t size = 0
        read_size(data, &size)
        text = PyUnicode_DecodeUTF8(<const char *>data.pos, size, NULL)
        data.pos += size
        return text


cdef class BytesReader(ClosedReader):
    cdef object read(self, In *data, int depth):
        cdef Py_ssize_t size = 0
        read_size(data, &size)
        value = PyBytes_FromStringAndSize(<const char *>data.pos, size)
        data.pos += size
        return value


cdef class FixedReader(ClosedReader):
    cdef Py_ssize_t size

    def __init__(self, Py_ssize_t size):
        if size < 0:
            raise ValueError(size)
        self.size = size

    cdef object read(self, In *data, int depth):
        if data.end - data.pos < self.size:
            refuse()
        value = PyBytes_FromStringAndSize(<const char *>data.pos, self.size)
        data.pos += self.size
        return value


cdef class ConvertedReader(Reader):
    """A logical type, by the functions that convert from the base type."""

    cdef object first
    cdef object then  # None if there is but one
    cdef Reader raw

    def __init__(self, Reader raw not None, object first, object then=None):
        self.raw = raw
        self.first = first
        self.then = then

    cdef object read(self, In *data, int depth):
        value = self.first(self.raw.read(data, depth))
        return value if self.then is None else self.then(value)


cdef class EnumReader(ClosedReader):
    """``values`` has the value of each index, None if it cannot be read."""

    cdef tuple values

    def __init__(self, tuple values not None):
        self.values = values

    cdef object read(self, In *data, int depth):
        cdef uint64_t number = 0
        cdef object value
        read_index(data, PyTuple_GET_SIZE(self.values), &number)
        value = <object>PyTuple_GET_ITEM(self.values, <Py_ssize_t>number)
        if value is None:
            refuse()
        return value


cdef class ArrayReader(Reader):
    cdef uint64_t item_size
    cdef Reader items

    def __init__(self, uint64_t item_size):
        self.item_size = item_size

    def fill(self, Reader items not None):
        """Give it its items' reader: it may lead back to it."""
        self.items = items

    cdef object read(self, In *data, int depth):
        cdef list found = []
        cdef uint64_t count = 0
        cdef const unsigned char *stop = NULL
        enter(&data.frames)
        while True:
            read_block(data, self.item_size, &count, &stop)
            if count == 0:
                break
            while count:
                PyList_Append(found, self.items.read(data, depth))
                count -= 1
            if stop != NULL and data.pos != stop:
                refuse()
        data.frames -= 1
        return found


cdef class MapReader(Reader):
    cdef uint64_t item_size
    cdef Reader values

    def __init__(self, uint64_t item_size):
        self.item_size = item_size

    def fill(self, Reader values not None):
        """Give it its values' reader: it may lead back to it."""
        self.values = values

    cdef object read(self, In *data, int depth):
        cdef dict found = {}
        cdef uint64_t count = 0
        cdef const unsigned char *stop = NULL
        cdef Py_ssize_t size = 0, known = 0
        enter(&data.frames)
        while True:
            read_block(data, self.item_size, &count, &stop)
            if count == 0:
                break
            while count:
                read_size(data, &size)
                key = PyUnicode_DecodeUTF8(<const char *>data.pos, size, NULL)
                data.pos += size
                PyDict_SetItem(found, key, self.values.read(data, depth))
                known += 1
                if PyDict_Size(found) != known:  # the key was in it
                    refuse()
                count -= 1
            if stop != NULL and data.pos != stop:
                refuse()
        data.frames -= 1
        return found


cdef bint all_closed(tuple nodes) except -1:
    for node in nodes:
        if isinstance(node, Reader) and not (<Reader>node).closed:
            return False
    return True


cdef class BranchReader(Reader):
    """A value of a union: the index of a branch, then its value."""

    cdef Children branches

    def fill(self, tuple branches not None):
        """Give it its branches' readers: they may lead back to it."""
        for branch in branches:
            if not isinstance(branch, Reader):
                raise TypeError(type(branch))
        self.branches = Children(branches)
        self.closed = all_closed(branches)

    cdef object read(self, In *data, int depth):
        cdef uint64_t number = 0
        read_index(data, self.branches.size, &number)
        enter(&data.frames)
        value = (<Reader>self.branches.items[number]).read(data, depth)
        data.frames -= 1
        return value


cdef class TagReader(Reader):
    """A value together with the name of its branch."""

    cdef str name
    cdef Reader value

    def __init__(self, str name not None):
        self.name = name

    def fill(self, Reader value not None):
        """Give it its value's reader: it may lead back to it."""
        self.value = value

    cdef object read(self, In *data, int depth):
        return self.name, self.value.read(data, depth)


cdef class FailReader(ClosedReader):
    """A type that cannot be read."""

    cdef object read(self, In *data, int depth):
        refuse()


cdef class ConstantReader(ClosedReader):
    """A default that many records may share; nothing is read."""

    cdef object value

    def __init__(self, object value):
        self.value = value

    cdef object read(self, In *data, int depth):
        return self.value


cdef class DefaultReader(Reader):
    """A default that is decoded again for each record, from bytes of its own."""

    cdef bytes encoded
    cdef Reader value

    def __init__(self, bytes encoded not None):
        self.encoded = encoded

    def fill(self, Reader value not None):
        """Give it its value's reader: it may lead back to it."""
        self.value = value
        self.closed = value.closed

    cdef object read(self, In *data, int depth):
        cdef In own
        own.pos = <const unsigned char *>PyBytes_AS_STRING(self.encoded)
        own.end = own.pos + PyBytes_GET_SIZE(self.encoded)
        own.budget, own.frames, own.max_depth = data.budget, data.frames, data.max_depth
        enter(&own.frames)
        value = self.value.read(&own, depth)
        data.budget = own.budget
        return value


include "_native_records.pxi"


@cython.final
cdef class Decoder:
    """Decodes the bytes after an offset; ``otherwise`` is called with data that are refused.

    ``makes_closed`` is whether what it makes can be kept from the garbage collector; see
    ``Reader.closed``.
    """

    cdef readonly bint makes_closed
    cdef Reader root
    cdef int depth
    cdef Py_ssize_t start
    cdef object otherwise
    cdef int max_depth
    cdef int64_t empty_items

    def __init__(
        self, Reader root not None, Py_ssize_t start, object otherwise,
        int max_depth, int64_t empty_items,
    ):
        if start < 0:
            raise ValueError(start)
        self.root = root
        self.makes_closed = root.closed
        # A record at the root is at depth 0, one inside anything else is at 1.
        self.depth = -1 if isinstance(root, RecordReader) else 0
        self.start = start
        self.otherwise = otherwise
        self.max_depth = max_depth
        self.empty_items = empty_items

    cpdef object decode(self, data):
        """Decode one value."""
        cdef In inside
        if not PyBytes_CheckExact(data):
            return self.otherwise(data)
        try:
            if PyBytes_GET_SIZE(data) < self.start:
                refuse()
            inside.pos = <const unsigned char *>PyBytes_AS_STRING(data) + self.start
            inside.end = <const unsigned char *>PyBytes_AS_STRING(data) + PyBytes_GET_SIZE(data)
            inside.budget, inside.frames, inside.max_depth = self.empty_items, 0, self.max_depth
            value = self.root.read(&inside, self.depth)
            if inside.pos == inside.end:
                return value
        except REFUSALS:
            pass
        return self.otherwise(data)
