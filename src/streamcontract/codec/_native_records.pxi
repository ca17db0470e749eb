# Reading records: included by _native_reading.pxi.

cdef class RecordReader(Reader):
    """A record's fields in the order written, then those that take their default.

    What it makes of them is up to its subclasses.
    """

    cdef bint is_frozen
    cdef Children steps
    cdef Py_ssize_t *targets  # the field each step fills; -1 to skip what was written
    cdef Py_ssize_t size

    def __cinit__(self, *_):
        self.targets = NULL

    def __dealloc__(self):
        PyMem_Free(self.targets)

    def fill(self, tuple steps not None, tuple targets not None, Py_ssize_t size):
        """Give it its steps: a reader, or a skipper for target -1; each target of ``size`` once."""
        cdef Py_ssize_t i
        if self.targets != NULL or len(steps) != len(targets):
            raise ValueError("filled once, with a target for each step")
        if sorted(target for target in targets if target != -1) != list(range(size)):
            raise ValueError("each field is read once")
        for step, target in zip(steps, targets):
            if not isinstance(step, Skipper if target == -1 else Reader):
                raise TypeError(type(step))
        self.targets = <Py_ssize_t *>PyMem_Malloc((len(targets) + 1) * sizeof(Py_ssize_t))
        if self.targets == NULL:
            raise MemoryError
        for i in range(len(targets)):
            self.targets[i] = targets[i]
        self.steps = Children(steps)
        self.size = size
        self.closed = self.is_frozen and all_closed(steps)


cdef class SlotsReader(RecordReader):
    """Into the slots of a class that only holds its attributes, as its ``__init__`` would.

    ``is_frozen`` says that these cannot be assigned afterwards.
    """

    cdef object cls
    cdef Offsets offsets

    def __init__(self, object cls, tuple names not None, bint is_frozen):
        self.cls = cls
        self.offsets = Offsets(cls, names)
        self.is_frozen = is_frozen

    cdef object read(self, In *data, int depth):
        cdef Py_ssize_t i, target
        cdef object record
        depth += 1
        enter_record(data, depth)
        record = sc_new(self.cls)
        for i in range(self.steps.size):
            target = self.targets[i]
            if target < 0:
                skip_field(<Skipper>self.steps.items[i], data, depth)
            else:
                sc_put(
                    record,
                    self.offsets.items[target],
                    (<Reader>self.steps.items[i]).read(data, depth),
                )
        data.frames -= 1
        if self.closed:
            PyObject_GC_UnTrack(record)
        return record


cdef class DictReader(RecordReader):
    """Into a dict, whose keys are in the order of the reader's fields."""

    cdef tuple names
    cdef dict template

    def __init__(self, tuple names not None):
        self.names = names
        self.template = dict.fromkeys(names)

    cdef object read(self, In *data, int depth):
        cdef Py_ssize_t i, target
        cdef object record
        depth += 1
        enter_record(data, depth)
        record = PyDict_Copy(self.template)
        for i in range(self.steps.size):
            target = self.targets[i]
            if target < 0:
                skip_field(<Skipper>self.steps.items[i], data, depth)
            else:
                PyDict_SetItem(
                    record,
                    <object>PyTuple_GET_ITEM(self.names, target),
                    (<Reader>self.steps.items[i]).read(data, depth),
                )
        data.frames -= 1
        return record


cdef class ObjectReader(RecordReader):
    """Into a class that must be called to make an instance."""

    cdef object cls
    cdef tuple names  # of the arguments, by field

    def __init__(self, object cls, tuple names not None):
        self.cls = cls
        self.names = names

    cdef object read(self, In *data, int depth):
        cdef Py_ssize_t i, target
        cdef dict arguments = {}
        depth += 1
        enter_record(data, depth)
        for i in range(self.steps.size):
            target = self.targets[i]
            if target < 0:
                skip_field(<Skipper>self.steps.items[i], data, depth)
            else:
                arguments[self.names[target]] = (<Reader>self.steps.items[i]).read(data, depth)
        data.frames -= 1
        return self.cls(**arguments)
