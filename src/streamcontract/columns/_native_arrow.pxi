# Arrow's C data and C stream interfaces: included by _native.pyx.
#
# A reader of Arrow may release what it was given on any thread and without the GIL, so all of it is
# C memory that counts its owners. Each exported array owns the store that its buffers are in.

cdef extern from *:
    """
    #define ARROW_FLAG_NULLABLE 2

    struct ArrowSchema {
        const char *format, *name, *metadata;
        int64_t flags, n_children;
        struct ArrowSchema **children, *dictionary;
        void (*release)(struct ArrowSchema *);
        void *private_data;
    };

    struct ArrowArray {
        int64_t length, null_count, offset, n_buffers, n_children;
        const void **buffers;
        struct ArrowArray **children, *dictionary;
        void (*release)(struct ArrowArray *);
        void *private_data;
    };

    struct ArrowArrayStream {
        int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *);
        int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *);
        const char *(*get_last_error)(struct ArrowArrayStream *);
        void (*release)(struct ArrowArrayStream *);
        void *private_data;
    };

    #if defined(_MSC_VER)
    #include <intrin.h>
    static long sc_count(long *owners, long by) { return _InterlockedExchangeAdd(owners, by) + by; }
    #else
    static long sc_count(long *owners, long by) {
        return __atomic_add_fetch(owners, by, __ATOMIC_ACQ_REL);
    }
    #endif
    """
    const int64_t ARROW_FLAG_NULLABLE

    struct ArrowSchema:
        const char *format
        const char *name
        const char *metadata
        int64_t flags
        int64_t n_children
        ArrowSchema **children
        ArrowSchema *dictionary
        void (*release)(ArrowSchema *) noexcept nogil
        void *private_data

    struct ArrowArray:
        int64_t length
        int64_t null_count
        int64_t offset
        int64_t n_buffers
        int64_t n_children
        const void **buffers
        ArrowArray **children
        ArrowArray *dictionary
        void (*release)(ArrowArray *) noexcept nogil
        void *private_data

    struct ArrowArrayStream:
        int (*get_schema)(ArrowArrayStream *, ArrowSchema *) noexcept nogil
        int (*get_next)(ArrowArrayStream *, ArrowArray *) noexcept nogil
        const char *(*get_last_error)(ArrowArrayStream *) noexcept nogil
        void (*release)(ArrowArrayStream *) noexcept nogil
        void *private_data

    long sc_count(long *owners, long by) noexcept nogil


# ---- owned memory

cdef struct Node:
    int layout
    bint is_nullable
    int64_t width
    char *format
    char *name
    Py_ssize_t n
    Py_ssize_t *children
    int32_t *symbol_offsets  # of an enum, else NULL
    char *symbols
    int32_t n_symbols

cdef struct Shape:
    long owners
    Py_ssize_t n
    Node *nodes

cdef struct Store:
    long owners
    Shape *shape
    Builder *columns
    Arena arena

cdef struct Held:
    Store *store
    const void *buffers[3]

cdef struct Pick:
    Py_ssize_t part
    Py_ssize_t number

cdef struct Selection:
    long owners
    Py_ssize_t parts
    Shape **shapes  # of each part
    Py_ssize_t n
    Pick *picks  # the columns that are shown, in their order

cdef struct Queue:
    Selection *shown
    Py_ssize_t n
    Py_ssize_t next
    Store **stores  # of each part of the first batch, then of the second


cdef void drop_shape(Shape *shape) noexcept nogil:
    cdef Py_ssize_t i
    if shape == NULL or sc_count(&shape.owners, -1) > 0:
        return
    for i in range(shape.n):
        free(shape.nodes[i].format)
        free(shape.nodes[i].name)
        free(shape.nodes[i].children)
        free(shape.nodes[i].symbol_offsets)
        free(shape.nodes[i].symbols)
    free(shape.nodes)
    free(shape)


cdef void drop_store(Store *store) noexcept nogil:
    cdef Py_ssize_t i
    if store == NULL or sc_count(&store.owners, -1) > 0:
        return
    for i in range(store.shape.n):
        free(store.columns[i].children)
    free(store.columns)
    free_chunks(&store.arena)
    drop_shape(store.shape)
    free(store)


cdef void drop_selection(Selection *shown) noexcept nogil:
    cdef Py_ssize_t i
    if shown == NULL or sc_count(&shown.owners, -1) > 0:
        return
    for i in range(shown.parts):
        drop_shape(shown.shapes[i])
    free(shown.shapes)
    free(shown.picks)
    free(shown)


cdef Store *new_store(Shape *shape, int64_t most, int64_t rows) noexcept nogil:
    """Empty columns, with room for as many rows as are expected; NULL if there is no memory."""
    cdef Store *store = <Store *>calloc(1, sizeof(Store))
    cdef Builder *column
    cdef Node *node
    cdef Py_ssize_t i, j
    if store == NULL:
        return NULL
    store.owners = 1
    store.columns = <Builder *>calloc(<size_t>shape.n, sizeof(Builder))
    if store.columns == NULL:
        free(store)
        return NULL
    store.shape = shape
    sc_count(&shape.owners, 1)
    store.arena.rows, store.arena.done = rows, &store.columns[0].length
    for i in range(shape.n):
        node, column = shape.nodes + i, store.columns + i
        column.layout, column.width, column.most = node.layout, node.width, most
        column.is_nullable = node.is_nullable and node.layout != NULLS and node.layout != UNION
        column.arena, column.n = &store.arena, node.n
        column.children = <Builder **>calloc(<size_t>node.n + 1, sizeof(Builder *))
        if column.children == NULL:
            drop_store(store)
            return NULL
        for j in range(node.n):
            column.children[j] = store.columns + node.children[j]
    if open_columns(store.columns, shape.n, rows, &store.arena) < 0:
        drop_store(store)
        return NULL
    return store


# ---- schemas

cdef void release_schema(ArrowSchema *schema) noexcept nogil:
    cdef int64_t i
    for i in range(schema.n_children):
        if schema.children[i] != NULL and schema.children[i].release != NULL:
            schema.children[i].release(schema.children[i])
        free(schema.children[i])
    free(schema.children)
    if schema.dictionary != NULL and schema.dictionary.release != NULL:
        schema.dictionary.release(schema.dictionary)
    free(schema.dictionary)
    drop_shape(<Shape *>schema.private_data)
    schema.release = NULL


cdef int begin_schema(
    Shape *shape, Py_ssize_t number, Py_ssize_t n, ArrowSchema *schema
) noexcept nogil:
    """Describe a column without its ``n`` children; its texts are in the shape, which it owns."""
    cdef Node *node = shape.nodes + number
    cdef Py_ssize_t i
    memset(schema, 0, sizeof(ArrowSchema))
    schema.format, schema.name = node.format, node.name
    schema.flags = ARROW_FLAG_NULLABLE if node.is_nullable else 0
    schema.private_data = shape
    sc_count(&shape.owners, 1)
    schema.release = release_schema
    schema.children = <ArrowSchema **>calloc(<size_t>n + 1, sizeof(ArrowSchema *))
    if schema.children == NULL:
        return NO_MEMORY
    for i in range(n):
        schema.children[i] = <ArrowSchema *>calloc(1, sizeof(ArrowSchema))
        if schema.children[i] == NULL:
            return NO_MEMORY
        schema.n_children += 1
    return 0


cdef int export_schema(Shape *shape, Py_ssize_t number, ArrowSchema *schema) noexcept nogil:
    """Describe a column, and all inside it."""
    cdef Node *node = shape.nodes + number
    cdef Py_ssize_t i
    if begin_schema(shape, number, node.n, schema) < 0:
        return NO_MEMORY
    for i in range(node.n):
        if export_schema(shape, node.children[i], schema.children[i]) < 0:
            return NO_MEMORY
    if node.symbol_offsets == NULL:
        return 0
    schema.dictionary = <ArrowSchema *>calloc(1, sizeof(ArrowSchema))
    if schema.dictionary == NULL:
        return NO_MEMORY
    schema.dictionary.format, schema.dictionary.name = "u", ""
    schema.dictionary.private_data = shape
    sc_count(&shape.owners, 1)
    schema.dictionary.release = release_schema
    return 0


cdef int export_schemas(const Selection *shown, ArrowSchema *schema) noexcept nogil:
    """Describe the struct of all columns that are shown."""
    cdef Py_ssize_t i
    cdef Pick *pick
    if begin_schema(shown.shapes[0], 0, shown.n, schema) < 0:
        return NO_MEMORY
    for i in range(shown.n):
        pick = shown.picks + i
        if export_schema(shown.shapes[pick.part], pick.number, schema.children[i]) < 0:
            return NO_MEMORY
    return 0


# ---- arrays

cdef void release_array(ArrowArray *array) noexcept nogil:
    cdef Held *held = <Held *>array.private_data
    cdef int64_t i
    for i in range(array.n_children):
        if array.children[i] != NULL and array.children[i].release != NULL:
            array.children[i].release(array.children[i])
        free(array.children[i])
    free(array.children)
    if array.dictionary != NULL and array.dictionary.release != NULL:
        array.dictionary.release(array.dictionary)
    free(array.dictionary)
    drop_store(held.store)
    free(held)
    array.release = NULL


cdef Held *hold(Store *store, ArrowArray *array) noexcept nogil:
    """Make an array own a store; NULL if there is no memory."""
    cdef Held *held = <Held *>calloc(1, sizeof(Held))
    memset(array, 0, sizeof(ArrowArray))
    if held == NULL:
        return NULL
    held.store = store
    sc_count(&store.owners, 1)
    array.private_data, array.buffers, array.release = held, held.buffers, release_array
    return held


cdef int64_t buffers_of(int layout) noexcept nogil:
    if layout == NULLS:
        return 0
    if layout == STRUCT:
        return 1
    return 3 if layout == SIZED else 2


cdef int begin_array(
    Store *store, Py_ssize_t number, Py_ssize_t n, ArrowArray *array
) noexcept nogil:
    """Export a column without its ``n`` children."""
    cdef Node *node = store.shape.nodes + number
    cdef Builder *column = store.columns + number
    cdef Held *held = hold(store, array)
    cdef Py_ssize_t i
    if held == NULL:
        return NO_MEMORY
    array.length, array.null_count = column.length, nulls_of(column)
    array.n_buffers = buffers_of(node.layout)
    held.buffers[0] = column.values if node.layout == UNION else column.validity
    held.buffers[1] = column.offsets if column.offsets != NULL else <void *>column.values
    held.buffers[2] = column.values
    array.children = <ArrowArray **>calloc(<size_t>n + 1, sizeof(ArrowArray *))
    if array.children == NULL:
        return NO_MEMORY
    for i in range(n):
        array.children[i] = <ArrowArray *>calloc(1, sizeof(ArrowArray))
        if array.children[i] == NULL:
            return NO_MEMORY
        array.n_children += 1
    return 0


cdef int export_array(Store *store, Py_ssize_t number, ArrowArray *array) noexcept nogil:
    """Export a column; what is there already can be released if memory runs out."""
    cdef Node *node = store.shape.nodes + number
    cdef Py_ssize_t i
    if begin_array(store, number, node.n, array) < 0:
        return NO_MEMORY
    for i in range(node.n):
        if export_array(store, node.children[i], array.children[i]) < 0:
            return NO_MEMORY
    return export_symbols(store, node, array)


cdef int export_arrays(const Selection *shown, Store **stores, ArrowArray *array) noexcept nogil:
    """Export the struct of all columns that are shown, each from the store of its part."""
    cdef Py_ssize_t i
    cdef Pick *pick
    if begin_array(stores[0], 0, shown.n, array) < 0:
        return NO_MEMORY
    for i in range(shown.n):
        pick = shown.picks + i
        if export_array(stores[pick.part], pick.number, array.children[i]) < 0:
            return NO_MEMORY
    return 0


cdef int export_symbols(Store *store, Node *node, ArrowArray *array) noexcept nogil:
    """Export an enum's symbols, all of them in the reader's order."""
    cdef Held *held
    if node.symbol_offsets == NULL:
        return 0
    array.dictionary = <ArrowArray *>calloc(1, sizeof(ArrowArray))
    if array.dictionary == NULL:
        return NO_MEMORY
    held = hold(store, array.dictionary)
    if held == NULL:
        return NO_MEMORY
    array.dictionary.length, array.dictionary.n_buffers = node.n_symbols, 3
    held.buffers[1], held.buffers[2] = node.symbol_offsets, node.symbols
    return 0


# ---- streams

cdef int next_schema(ArrowArrayStream *stream, ArrowSchema *schema) noexcept nogil:
    if export_schemas((<Queue *>stream.private_data).shown, schema) < 0:
        if schema.release != NULL:
            schema.release(schema)
        return ENOMEM
    return 0


cdef int next_array(ArrowArrayStream *stream, ArrowArray *array) noexcept nogil:
    cdef Queue *queue = <Queue *>stream.private_data
    if queue.next == queue.n:
        memset(array, 0, sizeof(ArrowArray))  # the end
        return 0
    if export_arrays(queue.shown, queue.stores + queue.next * queue.shown.parts, array) < 0:
        if array.release != NULL:
            array.release(array)
        return ENOMEM
    queue.next += 1
    return 0


cdef const char *last_error(ArrowArrayStream *_) noexcept nogil:
    return NULL


cdef void release_stream(ArrowArrayStream *stream) noexcept nogil:
    cdef Queue *queue = <Queue *>stream.private_data
    cdef Py_ssize_t i
    for i in range(queue.n * queue.shown.parts):
        drop_store(queue.stores[i])
    drop_selection(queue.shown)
    free(queue.stores)
    free(queue)
    stream.release = NULL


# ---- capsules

cdef void free_schema(object capsule) noexcept:
    cdef ArrowSchema *schema = <ArrowSchema *>PyCapsule_GetPointer(capsule, "arrow_schema")
    if schema.release != NULL:
        schema.release(schema)
    free(schema)


cdef void free_array(object capsule) noexcept:
    cdef ArrowArray *array = <ArrowArray *>PyCapsule_GetPointer(capsule, "arrow_array")
    if array.release != NULL:
        array.release(array)
    free(array)


cdef void free_stream(object capsule) noexcept:
    cdef ArrowArrayStream *stream
    stream = <ArrowArrayStream *>PyCapsule_GetPointer(capsule, "arrow_array_stream")
    if stream.release != NULL:
        stream.release(stream)
    free(stream)


cdef object schema_capsule(const Selection *shown):
    cdef ArrowSchema *schema = <ArrowSchema *>calloc(1, sizeof(ArrowSchema))
    if schema == NULL:
        raise MemoryError
    capsule = PyCapsule_New(schema, "arrow_schema", free_schema)
    if export_schemas(shown, schema) < 0:
        raise MemoryError
    return capsule


cdef object array_capsule(const Selection *shown, Store **stores):
    cdef ArrowArray *array = <ArrowArray *>calloc(1, sizeof(ArrowArray))
    if array == NULL:
        raise MemoryError
    capsule = PyCapsule_New(array, "arrow_array", free_array)
    if export_arrays(shown, stores, array) < 0:
        raise MemoryError
    return capsule


cdef object stream_capsule(Selection *shown, Store **stores, Py_ssize_t n):
    """A stream of ``n`` batches, of a store for each part; it comes to own the array of stores."""
    cdef ArrowArrayStream *stream = <ArrowArrayStream *>calloc(1, sizeof(ArrowArrayStream))
    cdef Queue *queue = <Queue *>calloc(1, sizeof(Queue))
    cdef Py_ssize_t i
    if stream == NULL or queue == NULL:
        free(stream)
        free(queue)
        free(stores)
        raise MemoryError
    queue.shown, queue.stores, queue.n = shown, stores, n
    sc_count(&shown.owners, 1)
    for i in range(n * shown.parts):
        sc_count(&stores[i].owners, 1)
    stream.get_schema, stream.get_next = next_schema, next_array
    stream.get_last_error, stream.release = last_error, release_stream
    stream.private_data = queue
    return PyCapsule_New(stream, "arrow_array_stream", free_stream)
