# cython: language_level=3, binding=False, boundscheck=False, wraparound=False
# cython: initializedcheck=False, cdivision=True, embedsignature=False
"""The executor of a plan that appends to Arrow column buffers; program.py builds its steps.

It knows no rule of its own: what each step accepts stands in the plan, and in the rows of logical
types. Whatever does not fit is only refused here; the portable decoder, run on the same payload,
says why. While payloads are decoded no Python object is touched, and the GIL is not held.

Safety rests on the rules of the codec's engine, whose reading of numbers, sizes and blocks this one
includes; and on one more: no buffer is written behind a comparison with its room.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_New
from cpython.tuple cimport PyTuple_GET_ITEM
from libc.errno cimport ENOMEM
from libc.stdint cimport INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, qsort, realloc
from libc.string cimport memcmp, memcpy, memset

cdef enum Status:
    NO = -1  # not what Avro and the plan allow
    UNDECIDED = -2  # for the portable decoder to decide
    FULL = -3  # more than a buffer may hold
    NO_MEMORY = -4

cdef enum:
    MAX_FRAMES = 2000  # C calls inside one another while skipping; some 200 bytes of stack each

include "../codec/_native_stamp.pxi"
include "../codec/_native_bytes.pxi"
include "_native_buffers.pxi"
include "_native_leaves.pxi"
include "_native_decimals.pxi"
include "_native_reading.pxi"
include "_native_arrow.pxi"

STATUS = {"undecided": UNDECIDED, "full": FULL}
LAYOUTS = {
    "nulls": NULLS, "bits": BITS, "width": WIDTH, "sized": SIZED, "list": LIST, "struct": STRUCT,
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
    size, least, greatest, multiply, divide), the numbers of the steps inside it, and bytes.
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
            if data is not None:
                self.kept.append(data)
                op.data = <const unsigned char *>PyBytes_AS_STRING(data)
                op.data_size = PyBytes_GET_SIZE(data)
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


cdef struct Payload:
    const unsigned char *start  # NULL for a tombstone
    Py_ssize_t size
    const Op *root


cdef class Payloads:
    """Payloads, and for each the program that reads it, or one for all, after its ``starts`` bytes.

    ``starts`` is as long as ``programs``.
    """

    cdef tuple items
    cdef tuple programs
    cdef list converted
    cdef Payload *payloads
    cdef readonly Py_ssize_t n

    def __cinit__(
        self, tuple items not None, tuple programs not None, tuple starts not None, object as_bytes
    ):
        cdef Py_ssize_t i, start = 0
        cdef Program program
        self.items, self.programs, self.converted = items, programs, []
        if len(programs) != 1 and len(programs) != len(items):
            raise ValueError("a program for each payload, or one for all")
        if len(starts) != len(programs):
            raise ValueError("a start for each program")
        self.payloads = <Payload *>calloc(<size_t>len(items) + 1, sizeof(Payload))
        if self.payloads == NULL:
            raise MemoryError
        self.n = len(items)
        for i in range(self.n):
            if i == 0 or len(programs) > 1:
                program, start = programs[i], starts[i]
            self.payloads[i].root = program.root
            item = <object>PyTuple_GET_ITEM(items, i)
            if item is None:
                continue
            if not PyBytes_CheckExact(item):
                item = as_bytes(item)
                self.converted.append(item)
            self.payloads[i].start = <const unsigned char *>PyBytes_AS_STRING(item)
            self.payloads[i].size = PyBytes_GET_SIZE(item) - start
            if self.payloads[i].size >= 0:  # else it is refused
                self.payloads[i].start += start

    def __dealloc__(self):
        free(self.payloads)


cdef class Batch:
    """Rows of columns, of at most ``most`` bytes in each buffer; no two threads may add to one."""

    cdef Columns columns
    cdef Store *store
    cdef readonly int64_t tombstones  # that were left out

    def __cinit__(self, Columns columns not None, int64_t most):
        self.columns = columns
        self.store = new_store(columns.shape, most)
        if self.store == NULL:
            raise MemoryError

    def __dealloc__(self):
        drop_store(self.store)

    @property
    def rows(self):
        """How many rows there are."""
        return self.store.columns[0].length

    def add(
        self, Payloads payloads not None, Py_ssize_t first, int max_depth, int64_t empty_items
    ):
        """Add the payloads from ``first`` on, until one fails.

        Gives the index of what failed, or the number of payloads if none did; and the status.
        """
        cdef Py_ssize_t at
        cdef int status = 0
        for payload_program in payloads.programs:
            if (<Program?>payload_program).columns is not self.columns:
                raise ValueError("a program for other columns")
        with nogil:
            at = add_payloads(
                self.store, payloads.payloads, payloads.n, first, max_depth, empty_items,
                &self.tombstones, &status,
            )
        if status == NO_MEMORY:
            raise MemoryError
        return at, status


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


cdef Py_ssize_t add_payloads(
    Store *store, const Payload *payloads, Py_ssize_t n, Py_ssize_t at, int max_depth,
    int64_t empty_items, int64_t *tombstones, int *status,
) noexcept nogil:
    cdef const Payload *payload
    cdef In data
    cdef int64_t rows
    while at < n:
        payload = payloads + at
        if payload.start == NULL:
            tombstones[0] += 1
            at += 1
            continue
        rows = store.columns[0].length
        status[0] = NO
        if payload.size >= 0:
            data.pos, data.end = payload.start, payload.start + payload.size
            data.budget, data.frames, data.max_depth = empty_items, 0, max_depth
            # A record at the root is at depth 0, one inside anything else is at 1.
            status[0] = run(payload.root, &data, store.columns, 0)
            if status[0] == 0 and data.pos != data.end:
                status[0] = NO
        if status[0] < 0:
            truncate(store.columns, rows)
            return at
        at += 1
    return at
