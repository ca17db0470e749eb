# cython: language_level=3, binding=False, boundscheck=False, wraparound=False
# cython: initializedcheck=False, cdivision=True, embedsignature=False
"""The executor of a plan that appends to Arrow column buffers; program.py builds its steps.

It knows no rule of its own: what each step accepts stands in the plan, and in the rows of logical
types. Whatever does not fit is only refused here; the portable decoder, run on the same payload,
says why. While payloads are decoded no Python object is touched, and the GIL is not held.

Safety rests on the rules of the codec's engine, whose reading of numbers, sizes and blocks this one
includes; and on one more: no buffer is written behind a comparison with its room.
"""

from cpython.bytes cimport (
    PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE,
)
from cpython.object cimport PyObject
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_New
from libc.errno cimport ENOMEM
from libc.math cimport isinf
from libc.stdint cimport (
    INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, int8_t, int16_t, int32_t, int64_t, uint16_t,
    uint32_t, uint64_t,
)
from libc.stdlib cimport calloc, free, malloc, qsort, realloc
from libc.string cimport memcmp, memcpy, memset

cdef enum Status:
    NO = -1  # not what Avro and the plan allow
    UNDECIDED = -2  # for the portable decoder to decide
    FULL = -3  # more than a buffer may hold
    NO_MEMORY = -4
    NO_BYTES = -5  # neither bytes nor None

include "../codec/_native_stamp.pxi"
include "../codec/_native_bytes.pxi"
include "../codec/_native_skips.pxi"
include "_native_memory.pxi"
include "_native_buffers.pxi"
include "_native_leaves.pxi"
include "_native_decimals.pxi"
include "_native_reading.pxi"
include "_native_arrow.pxi"
include "_native_arrow_in.pxi"
include "_native_writing.pxi"

STATUS = {"undecided": UNDECIDED, "full": FULL, "no bytes": NO_BYTES}
LAYOUTS = {
    "nulls": NULLS, "bits": BITS, "width": WIDTH, "sized": SIZED, "list": LIST, "struct": STRUCT,
    "union": UNION,
}


cdef char *text_of(bytes text) except NULL:
    """A copy of a text, with the zero after it."""
    cdef size_t size = <size_t>PyBytes_GET_SIZE(text) + 1
    cdef char *copy = <char *>malloc(size)
    if copy == NULL:
        raise MemoryError
    memcpy(copy, PyBytes_AS_STRING(text), size)
    return copy


cdef class Columns:
    """The columns of a reader's schema, by number; 0 is the struct of all others.

    Each row is a layout, a format, a name, whether it is nullable, the width of a value, the
    numbers of its children, and the symbols of an enum or None.
    """

    cdef Shape *shape

    def __cinit__(self, tuple rows not None):
        cdef Py_ssize_t i
        self.shape = <Shape *>calloc(1, sizeof(Shape))
        if self.shape == NULL:
            raise MemoryError
        self.shape.owners = 1
        self.shape.nodes = <Node *>calloc(<size_t>len(rows), sizeof(Node))
        if self.shape.nodes == NULL:
            raise MemoryError
        self.shape.n = len(rows)
        for i in range(self.shape.n):
            layout, format, name, is_nullable, width, children, symbols = rows[i]
            self.fill(self.shape.nodes + i, children)
            self.shape.nodes[i].layout = LAYOUTS[layout]
            self.shape.nodes[i].format = text_of(format.encode())
            self.shape.nodes[i].name = text_of(name.encode())
            self.shape.nodes[i].is_nullable = is_nullable
            self.shape.nodes[i].width = width
            if symbols is not None:
                self.keep(self.shape.nodes + i, symbols)

    cdef int fill(self, Node *node, tuple children) except -1:
        cdef Py_ssize_t i
        node.children = <Py_ssize_t *>calloc(<size_t>len(children) + 1, sizeof(Py_ssize_t))
        if node.children == NULL:
            raise MemoryError
        for i in range(len(children)):
            node.children[i] = children[i]
            if not 0 <= node.children[i] < self.shape.n:
                raise ValueError(children)
        node.n = len(children)
        return 0

    cdef int keep(self, Node *node, tuple symbols) except -1:
        cdef int32_t i, end = 0
        node.symbol_offsets = <int32_t *>calloc(<size_t>len(symbols) + 1, 4)
        if node.symbol_offsets == NULL:
            raise MemoryError
        for i in range(len(symbols)):
            end += len(symbols[i].encode())
            node.symbol_offsets[i + 1] = end
        node.symbols = text_of("".join(symbols).encode())
        node.n_symbols = len(symbols)
        return 0

    def __dealloc__(self):
        drop_shape(self.shape)


cdef class Program:
    """How to read the payloads of one writer into columns of a reader, from the step ``root`` on.

    Each step is a kind, the number of its column, six numbers (whether it is an int on the wire,
    size, least, greatest, multiply, divide), the numbers of the steps inside it, and bytes or, to
    skip, a skipper.
    """

    cdef Columns columns
    cdef Op *ops
    cdef const Op *root
    cdef Py_ssize_t n
    cdef list kept

    def __cinit__(self, Columns columns not None, tuple steps not None, Py_ssize_t root):
        cdef Py_ssize_t i, j
        cdef Op *op
        self.columns, self.kept = columns, []
        self.ops = <Op *>calloc(<size_t>len(steps) + 1, sizeof(Op))
        if self.ops == NULL:
            raise MemoryError
        self.n = len(steps)
        if not 0 <= root < self.n:
            raise ValueError(root)
        self.root = self.ops + root
        for i in range(self.n):
            op = self.ops + i
            kind, op.column, (op.is_int, op.size, op.low, op.high, op.multiply, op.divide), parts, data = steps[i]
            op.kind = KINDS[kind]
            if not 0 <= op.column < columns.shape.n:
                raise ValueError(op.column)
            self.kept.append(data)
            if isinstance(data, Skipper):
                op.skipped = &(<Skipper>data).step
            elif data is not None:
                op.data = <const unsigned char *>PyBytes_AS_STRING(data)
                op.data_size = PyBytes_GET_SIZE(data)
            if op.kind == SKIP and op.skipped == NULL:
                raise TypeError(type(data))
            op.parts = <Op **>calloc(<size_t>len(parts) + 1, sizeof(Op *))
            if op.parts == NULL:
                raise MemoryError
            op.n = len(parts)
            for j in range(op.n):
                if not 0 <= parts[j] < self.n:
                    raise ValueError(parts)
                op.parts[j] = self.ops + <Py_ssize_t>parts[j]

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.n):
            free(self.ops[i].parts)
        free(self.ops)


cdef struct Way:
    const Op *root
    Py_ssize_t start


cdef class Payloads:
    """Payloads, and for each the program that reads it, after its ``starts`` bytes; or one for all.

    The items are a tuple, or a list that nothing else refers to; ``starts`` is as long as
    ``programs``.
    """

    cdef Columns columns
    cdef object items
    cdef tuple programs
    cdef Way *ways
    cdef readonly Py_ssize_t n

    def __cinit__(self, object items not None, tuple programs not None, tuple starts not None):
        cdef Py_ssize_t i
        cdef Program program
        if type(items) is not tuple and type(items) is not list:  # a subclass may have another length
            raise TypeError(type(items))
        self.items, self.programs, self.n = items, programs, len(items)
        if len(programs) != 1 and len(programs) != self.n:
            raise ValueError("a program for each payload, or one for all")
        if len(starts) != len(programs):
            raise ValueError("a start for each program")
        self.ways = <Way *>malloc(<size_t>(len(programs) + 1) * sizeof(Way))
        if self.ways == NULL:
            raise MemoryError
        for i, program in enumerate(programs):
            if i == 0:
                self.columns = program.columns
            elif program.columns is not self.columns:
                raise ValueError("programs for different columns")
            self.ways[i].root, self.ways[i].start = program.root, starts[i]

    def __dealloc__(self):
        free(self.ways)


cdef class Batch:
    """Rows of columns, of at most ``most`` bytes in each buffer; no two threads may add to one.

    There is room for as many ``rows`` from the start. Tombstones become rows of nulls if
    ``keeps_tombstones``, for which all columns in the batch have to be nullable; else they are left
    out. They are counted in either case.
    """

    cdef Columns columns
    cdef Store *store
    cdef bint keeps_tombstones
    cdef readonly int64_t tombstones

    def __cinit__(self, Columns columns not None, int64_t most, int64_t rows, bint keeps_tombstones):
        self.columns, self.keeps_tombstones = columns, keeps_tombstones
        self.store = new_store(columns.shape, most, rows)
        if self.store == NULL:
            raise MemoryError

    def __dealloc__(self):
        drop_store(self.store)

    @property
    def rows(self):
        """How many rows there are."""
        return self.store.columns[0].length

    def add(
        self, Payloads payloads not None, Py_ssize_t first, Py_ssize_t stop, int max_depth,
        int64_t empty_items,
    ):
        """Add the payloads from ``first`` to ``stop``, until one fails.

        Gives the index of what failed, or ``stop`` if none did; and the status.
        """
        cdef Task task
        cdef int status = 0
        if payloads.n and payloads.columns is not self.columns:
            raise ValueError("a program for other columns")
        if not 0 <= first <= stop <= payloads.n:
            raise ValueError((first, stop))
        task.items, task.stop = PySequence_Fast_ITEMS(payloads.items), stop
        task.ways, task.has_one_way = payloads.ways, len(payloads.programs) == 1
        task.max_depth, task.empty_items = max_depth, empty_items
        task.keeps_tombstones, task.tombstones = self.keeps_tombstones, 0
        with nogil:
            first = add_payloads(self.store.columns, &task, first, &status)
        self.tombstones += task.tombstones
        if status == NO_MEMORY:
            raise MemoryError
        return first, status


include "_native_filling.pxi"


cdef class View:
    """Columns of one or more parts as one struct, for readers of Arrow.

    Each part is the ``Columns`` of batches of equal length. ``picks`` are the columns that are
    shown, by part and number; all of the first part if it is None.
    """

    cdef Selection *shown
    cdef tuple parts

    def __cinit__(self, tuple parts not None, tuple picks=None):
        cdef Py_ssize_t i
        cdef Columns columns = parts[0]
        cdef Node *root = columns.shape.nodes
        if picks is None:
            picks = tuple([(0, root.children[i]) for i in range(root.n)])
        self.parts = parts
        self.shown = <Selection *>calloc(1, sizeof(Selection))
        if self.shown == NULL:
            raise MemoryError
        self.shown.owners = 1
        self.shown.shapes = <Shape **>calloc(<size_t>len(parts) + 1, sizeof(Shape *))
        self.shown.picks = <Pick *>calloc(<size_t>len(picks) + 1, sizeof(Pick))
        if self.shown.shapes == NULL or self.shown.picks == NULL:
            raise MemoryError
        for columns in parts:
            self.shown.shapes[self.shown.parts] = columns.shape
            sc_count(&columns.shape.owners, 1)
            self.shown.parts += 1
        for i, (part, number) in enumerate(picks):
            if not (0 <= part < len(parts) and 0 <= number < self.shown.shapes[part].n):
                raise ValueError(picks)
            self.shown.picks[i].part, self.shown.picks[i].number = part, number
        self.shown.n = len(picks)

    def __dealloc__(self):
        drop_selection(self.shown)

    def schema(self):
        """A capsule of Arrow's C data interface."""
        return schema_capsule(self.shown)

    def array(self, tuple batch not None):
        """A capsule of Arrow's C data interface, of a batch with a ``Batch`` of each part."""
        cdef Store **stores = self.stores((batch,))
        try:
            return array_capsule(self.shown, stores)
        finally:
            free(stores)

    def stream(self, tuple batches not None):
        """A capsule of Arrow's C stream interface, of such batches."""
        return stream_capsule(self.shown, self.stores(batches), len(batches))

    cdef Store **stores(self, tuple batches) except NULL:
        """The stores of batches, which are not counted as owned yet."""
        cdef Store **stores
        cdef Store *store
        cdef Py_ssize_t i, j
        for batch in batches:
            if len(batch) != self.shown.parts:
                raise ValueError("a batch for each part")
            for i in range(self.shown.parts):
                if (<Batch?>batch[i]).columns is not self.parts[i]:
                    raise ValueError("a batch of other columns")
                if (<Batch>batch[i]).rows != (<Batch>batch[0]).rows:
                    raise ValueError("batches of other lengths")
        stores = <Store **>calloc(
            <size_t>(len(batches) * self.shown.parts) + 1, sizeof(Store *)
        )
        if stores == NULL:
            raise MemoryError
        for i in range(len(batches)):
            for j in range(self.shown.parts):
                store = (<Batch>batches[i][j]).store
                stores[i * self.shown.parts + j] = store
        return stores


cdef extern from *:
    """
    #if defined(__GNUC__)
    #define sc_prefetch(item) \\
        (__builtin_prefetch(item), __builtin_prefetch((const char *)(item) + 64))
    #else
    #define sc_prefetch(item) ((void)(item))
    #endif
    """
    # Of immutable objects that are kept alive: they can be read without the GIL.
    PyObject **PySequence_Fast_ITEMS(object items)
    void sc_prefetch(PyObject *item) nogil
    bint is_bytes "PyBytes_CheckExact"(PyObject *item) nogil
    const char *bytes_of "PyBytes_AS_STRING"(PyObject *item) nogil
    Py_ssize_t size_of_bytes "PyBytes_GET_SIZE"(PyObject *item) nogil
    PyObject *Py_None

cdef enum:
    AHEAD = 8  # payloads that are fetched from memory before they are read

cdef struct Task:
    PyObject **items
    Py_ssize_t stop
    const Way *ways
    bint has_one_way
    int max_depth
    int64_t empty_items
    bint keeps_tombstones
    int64_t tombstones


cdef Py_ssize_t add_payloads(
    Builder *columns, Task *task, Py_ssize_t at, int *status
) noexcept nogil:
    cdef int64_t rows
    while at < task.stop:
        if at + AHEAD < task.stop:
            sc_prefetch(task.items[at + AHEAD])
        rows = columns[0].length
        status[0] = add_payload(columns, task, at)
        if status[0] < 0:
            truncate(columns, rows)
            return at
        at += 1
    return at


cdef inline int add_payload(Builder *columns, Task *task, Py_ssize_t at) noexcept nogil:
    cdef PyObject *item = task.items[at]
    cdef const Way *way = task.ways if task.has_one_way else task.ways + at
    cdef In data
    cdef int status
    if item == Py_None:
        status = add_missing(columns) if task.keeps_tombstones else 0
        task.tombstones += status == 0
        return status
    if not is_bytes(item):
        return NO_BYTES
    if size_of_bytes(item) < way.start:
        return NO
    data.pos = <const unsigned char *>bytes_of(item) + way.start
    data.end = <const unsigned char *>bytes_of(item) + size_of_bytes(item)
    data.budget, data.frames, data.max_depth = task.empty_items, 0, task.max_depth
    # A record at the root is at depth 0, one inside anything else is at 1.
    status = run(way.root, &data, columns, 0)
    return NO if status == 0 and data.pos != data.end else status
