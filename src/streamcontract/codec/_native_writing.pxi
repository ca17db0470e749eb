# Writing: included by _native.pyx, whose docstring has the rules for all of it.

cdef class Writer:
    """Writes the values of one type."""

    cdef int write(self, object x, Out *out, int depth) except -1:
        raise NotImplementedError


cdef class NullWriter(Writer):
    cdef int write(self, object x, Out *out, int depth) except -1:
        if x is not None:
            refuse()
        return 0


cdef class BooleanWriter(Writer):
    cdef int write(self, object x, Out *out, int depth) except -1:
        if x is True:
            return put(out, b"\1", 1)
        if x is False:
            return put(out, b"\0", 1)
        return refuse()


cdef class IntegerWriter(Writer):
    """An int of 32 bits or a long."""

    cdef bint is_int

    def __init__(self, bint is_int):
        self.is_int = is_int

    cdef int write(self, object x, Out *out, int depth) except -1:
        cdef int overflow = 0
        cdef int64_t number
        if PyLong_CheckExact(x):
            number = PyLong_AsLongLongAndOverflow(x, &overflow)
            if overflow != 0:
                return refuse()
            if self.is_int and number != <int>number:
                return refuse()
        else:
            number = PyLong_AsLongLong(as_int(x) if self.is_int else as_long(x))
        return put_long(out, number)


cdef class FloatWriter(Writer):
    cdef int write(self, object x, Out *out, int depth) except -1:
        cdef double number = PyFloat_AS_DOUBLE(x) if PyFloat_CheckExact(x) else <double>as_float(x)
        cdef float single = <float>number
        cdef uint32_t bits
        if isinf(single) and not isinf(number):
            return refuse()
        memcpy(&bits, &single, 4)
        return put_bits(out, bits, 4)


cdef class DoubleWriter(Writer):
    cdef int write(self, object x, Out *out, int depth) except -1:
        cdef double number = PyFloat_AS_DOUBLE(x) if PyFloat_CheckExact(x) else <double>as_double(x)
        cdef uint64_t bits
        memcpy(&bits, &number, 8)
        return put_bits(out, bits, 8)


cdef class TextWriter(Writer):
    cdef int write(self, object x, Out *out, int depth) except -1:
        return put_text(out, x if PyUnicode_CheckExact(x) else as_text(x))


cdef class BytesWriter(Writer):
    cdef int write(self, object x, Out *out, int depth) except -1:
        return put_bytes(out, x if PyBytes_CheckExact(x) else as_bytes(x))


cdef class FixedWriter(Writer):
    cdef Py_ssize_t size

    def __init__(self, Py_ssize_t size):
        self.size = size

    cdef int write(self, object x, Out *out, int depth) except -1:
        if not PyBytes_CheckExact(x):
            x = as_fixed(x, self.size)
        if PyBytes_GET_SIZE(x) != self.size:
            return refuse()
        return put(out, PyBytes_AS_STRING(x), self.size)


cdef class ConvertedWriter(Writer):
    """A logical type, by its conversion to the base type."""

    cdef object to_raw
    cdef Writer raw

    def __init__(self, object to_raw, Writer raw not None):
        self.to_raw = to_raw
        self.raw = raw

    cdef int write(self, object x, Out *out, int depth) except -1:
        return self.raw.write(self.to_raw(x), out, depth)


cdef class SymbolWriter(Writer):
    """An enum's symbol as a ``str``; ``indexes`` has the index of each."""

    cdef dict indexes

    def __init__(self, dict indexes not None):
        self.indexes = indexes

    cdef int write(self, object x, Out *out, int depth) except -1:
        cdef PyObject *index
        if PyUnicode_CheckExact(x):
            index = PyDict_GetItemWithError(self.indexes, x)
            if index == NULL:
                return refuse()
            return put_long(out, PyLong_AsLongLong(<object>index))
        if not isinstance(x, str) or x not in self.indexes:
            return refuse()
        return put_long(out, PyLong_AsLongLong(self.indexes[str.__str__(x)]))


cdef class MemberWriter(Writer):
    """An enum's symbol as a member of the class bound to it; members in the schema's order."""

    cdef object cls
    cdef tuple members
    cdef dict indexes

    def __init__(self, object cls, tuple members not None, dict indexes not None):
        self.cls = cls
        self.members = members
        self.indexes = indexes

    cdef int write(self, object x, Out *out, int depth) except -1:
        cdef Py_ssize_t i
        for i in range(min(PyTuple_GET_SIZE(self.members), 16)):
            if PyTuple_GET_ITEM(self.members, i) == <PyObject *>x:
                return put_long(out, i)
        if sc_type(x) != <PyObject *>self.cls:
            return refuse()
        return put_long(out, PyLong_AsLongLong(self.indexes[x._value_]))


cdef class RecordWriter(Writer):
    """A record as an instance of the class bound to it."""

    cdef object cls
    cdef tuple names
    cdef Offsets offsets  # None if its attributes are not all slots
    cdef Children fields

    def __init__(self, object cls, tuple names not None):
        self.cls = cls
        self.names = names
        self.offsets = Offsets(cls, names) if has_slots(cls, names) else None

    def fill(self, tuple fields not None):
        """Give it its fields' writers: they may lead back to it."""
        if len(fields) != len(self.names):
            raise ValueError("one writer for each field")
        for field in fields:
            if not isinstance(field, Writer):
                raise TypeError(type(field))
        self.fields = Children(fields)

    cdef int write(self, object x, Out *out, int depth) except -1:
        cdef Py_ssize_t i
        cdef object value
        cdef PyObject *held
        cdef bint in_place = self.offsets is not None and sc_type(x) == <PyObject *>self.cls
        depth += 1
        if depth > out.max_depth or (not in_place and not isinstance(x, self.cls)):
            return refuse()
        enter(&out.frames)
        for i in range(self.fields.size):
            held = sc_get(x, self.offsets.items[i]) if in_place else NULL
            if held != NULL:
                value = <object>held
                Py_DECREF_ptr(held)
            else:
                value = getattr(x, self.names[i])
            (<Writer>self.fields.items[i]).write(value, out, depth)
        out.frames -= 1
        return 0


cdef class DictWriter(Writer):
    """A record as a dict; ``defaults`` has the encoded default or None for each field."""

    cdef tuple names
    cdef tuple defaults
    cdef Children fields

    def __init__(self, tuple names not None, tuple defaults not None):
        if len(names) != len(defaults):
            raise ValueError("one default or None for each field")
        self.names = names
        self.defaults = defaults

    def fill(self, tuple fields not None):
        """Give it its fields' writers: they may lead back to it."""
        if len(fields) != len(self.names):
            raise ValueError("one writer for each field")
        for field in fields:
            if not isinstance(field, Writer):
                raise TypeError(type(field))
        self.fields = Children(fields)

    cdef int write(self, object x, Out *out, int depth) except -1:
        cdef Py_ssize_t i, found = 0
        cdef PyObject *held
        cdef object value, default
        depth += 1
        if depth > out.max_depth:
            return refuse()
        if PyDict_CheckExact(x):
            x = PyDict_Copy(x)  # a copy that no other thread changes
        elif isinstance(x, dict):
            x = dict(x)
        else:
            return refuse()
        enter(&out.frames)
        for i in range(self.fields.size):
            if sc_lookup(x, <object>PyTuple_GET_ITEM(self.names, i), &held):
                value = <object>held
                Py_DECREF_ptr(held)
                found += 1
                (<Writer>self.fields.items[i]).write(value, out, depth)
                continue
            default = <object>PyTuple_GET_ITEM(self.defaults, i)
            if default is None:
                return refuse()
            put(out, PyBytes_AS_STRING(default), PyBytes_GET_SIZE(default))
        if found != PyDict_Size(x):  # a key that is no field
            return refuse()
        out.frames -= 1
        return 0


cdef class ArrayWriter(Writer):
    cdef Writer items
    cdef bint is_empty  # whether an item may take no bytes

    def __init__(self, bint is_empty):
        self.is_empty = is_empty

    def fill(self, Writer items not None):
        """Give it its items' writer: it may lead back to it."""
        self.items = items

    cdef int write(self, object x, Out *out, int depth) except -1:
        cdef Py_ssize_t i, size
        if PyList_CheckExact(x):
            if PyList_GET_SIZE(x) == 0:
                return put(out, b"\0", 1)
            x = PyList_GetSlice(x, 0, PyList_GET_SIZE(x))  # a copy that no other thread changes
        elif isinstance(x, list):
            x = list(x)
        else:
            return refuse()
        size = PyList_GET_SIZE(x)
        if size:
            enter(&out.frames)
            if self.is_empty:
                if size > out.budget:
                    return refuse()
                out.budget -= size
            put_long(out, size)
            for i in range(size):
                self.items.write(<object>PyList_GET_ITEM(x, i), out, depth)
            out.frames -= 1
        return put(out, b"\0", 1)


cdef class MapWriter(Writer):
    cdef Writer values

    def fill(self, Writer values not None):
        """Give it its values' writer: it may lead back to it."""
        self.values = values

    cdef int write(self, object x, Out *out, int depth) except -1:
        cdef Py_ssize_t place = 0
        cdef PyObject *borrowed_key
        cdef PyObject *borrowed_value
        cdef object key, value
        if PyDict_CheckExact(x):
            if PyDict_Size(x) == 0:
                return put(out, b"\0", 1)
            x = PyDict_Copy(x)  # a copy that no other thread changes
        elif isinstance(x, dict):
            x = dict(x)
        else:
            return refuse()
        if PyDict_Size(x):
            enter(&out.frames)
            put_long(out, PyDict_Size(x))
            while PyDict_Next(x, &place, &borrowed_key, &borrowed_value):
                key, value = <object>borrowed_key, <object>borrowed_value
                put_text(out, key if PyUnicode_CheckExact(key) else as_text(key))
                self.values.write(value, out, depth)
            out.frames -= 1
        return put(out, b"\0", 1)


cdef class UnionWriter(Writer):
    """``by_class`` has the branch for a class that only one takes; ``pick`` finds any other."""

    cdef dict by_class
    cdef object pick
    cdef Children branches

    def __init__(self, dict by_class not None, object pick):
        self.by_class = by_class
        self.pick = pick

    def fill(self, tuple branches not None):
        """Give it its branches' writers: they may lead back to it."""
        for branch in branches:
            if not isinstance(branch, Writer):
                raise TypeError(type(branch))
        self.branches = Children(branches)

    cdef int write(self, object x, Out *out, int depth) except -1:
        cdef PyObject *known = PyDict_GetItemWithError(self.by_class, <object>sc_type(x))
        cdef Py_ssize_t index
        if known != NULL:
            index = PyLong_AsLongLong(<object>known)
        else:
            picked, x = self.pick(x)
            index = picked
        if not 0 <= index < self.branches.size:
            return refuse()
        put_long(out, index)
        enter(&out.frames)
        (<Writer>self.branches.items[index]).write(x, out, depth)
        out.frames -= 1
        return 0


cdef class Encoder:
    """Encodes after a prefix; ``otherwise`` is called with values that are refused."""

    cdef Writer root
    cdef int depth
    cdef bytes prefix
    cdef object otherwise
    cdef int max_depth
    cdef int64_t empty_items

    def __init__(
        self, Writer root not None, bytes prefix not None, object otherwise,
        int max_depth, int64_t empty_items,
    ):
        self.root = root
        # A record at the root is at depth 0, one inside anything else is at 1.
        self.depth = -1 if isinstance(root, (RecordWriter, DictWriter)) else 0
        self.prefix = prefix
        self.otherwise = otherwise
        self.max_depth = max_depth
        self.empty_items = empty_items

    def encode(self, x):
        """Encode a value."""
        cdef char room[ROOM]
        cdef Out out
        out.start, out.size, out.room, out.heap = room, 0, ROOM, NULL
        out.budget, out.frames, out.max_depth = self.empty_items, 0, self.max_depth
        try:
            put(&out, PyBytes_AS_STRING(self.prefix), PyBytes_GET_SIZE(self.prefix))
            self.root.write(x, &out, self.depth)
            return PyBytes_FromStringAndSize(out.start, out.size)
        except REFUSALS:
            pass
        finally:
            PyMem_Free(out.heap)
        return self.otherwise(x)
