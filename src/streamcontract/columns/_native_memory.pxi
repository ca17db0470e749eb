# Memory of column buffers: included by _native.pyx.
#
# All buffers of a batch are cut from few large chunks and freed together. A buffer that grows leaves
# its old place unused; `room_for` keeps that rare. Large chunks ask the kernel for huge pages: the
# first writes to pages of 4 KiB would take as long as decoding (Linux, "Transparent Hugepage
# Support"). Under AddressSanitizer each buffer is a chunk, so that it watches its end.

cdef extern from *:
    """
    #if defined(__linux__)
    #include <sys/mman.h>
    #endif
    #if defined(__SANITIZE_ADDRESS__)
    #define SC_WATCHED 1
    #define SC_ALIGNED 1
    #else
    #define SC_WATCHED 0
    #define SC_ALIGNED 64  /* as Arrow's columnar format recommends */
    #endif
    #define SC_HUGE_PAGE ((size_t)1 << 21)

    static void *sc_chunk(size_t size) {
    #if defined(MADV_HUGEPAGE) && !SC_WATCHED
        void *start = NULL;
        if (size >= 2 * SC_HUGE_PAGE) {
            size = (size + SC_HUGE_PAGE - 1) / SC_HUGE_PAGE * SC_HUGE_PAGE;
            if (posix_memalign(&start, SC_HUGE_PAGE, size) != 0) return NULL;
            (void)madvise(start, size, MADV_HUGEPAGE);  /* a hint */
            return start;
        }
    #endif
        return malloc(size);
    }
    """
    const bint SC_WATCHED
    const int64_t SC_ALIGNED
    void *sc_chunk(size_t size) noexcept nogil

cdef enum:
    SMALL_CHUNK = 4096
    LARGE_CHUNK = 1 << 20  # of a size that no buffer asks for
    MOST_TIMES = 16  # a buffer that is full grows at most so much


cdef int resize(void **buffer, int64_t size) noexcept nogil:
    """Make a buffer outside of batches as large, and of at least a byte."""
    cdef void *found = realloc(buffer[0], <size_t>max(size, 1))
    if found == NULL:
        return NO_MEMORY
    buffer[0] = found
    return 0


cdef struct Chunk:
    Chunk *older

cdef struct Arena:
    Chunk *newest
    unsigned char *at
    unsigned char *end
    int64_t size  # of all chunks
    int64_t rows  # that are expected
    const int64_t *done  # how many there are


cdef int add_chunk(Arena *arena, int64_t size) noexcept nogil:
    """Make room for at least ``size`` bytes more."""
    cdef int64_t head = <int64_t>sizeof(Chunk) + SC_ALIGNED - 1
    cdef Chunk *chunk
    if not SC_WATCHED:
        size = max(size, min(arena.size, LARGE_CHUNK), SMALL_CHUNK)
    chunk = <Chunk *>sc_chunk(<size_t>(size + head))
    if chunk == NULL:
        return NO_MEMORY
    chunk.older, arena.newest = arena.newest, chunk
    arena.at = <unsigned char *>chunk + sizeof(Chunk)
    arena.at += (SC_ALIGNED - <int64_t>(<size_t>arena.at % SC_ALIGNED)) % SC_ALIGNED
    arena.end = <unsigned char *>chunk + head + size
    arena.size += size
    return 0


cdef void *take(Arena *arena, int64_t size) noexcept nogil:
    """Memory for a buffer, of at least a byte, since not every reader takes NULL for an empty one."""
    cdef void *start
    size = (max(size, 1) + SC_ALIGNED - 1) / SC_ALIGNED * SC_ALIGNED
    if size > arena.end - arena.at and add_chunk(arena, size) < 0:
        return NULL
    start = arena.at
    arena.at += size
    return start


cdef int move(Arena *arena, void **buffer, int64_t used, int64_t size) noexcept nogil:
    """Give a buffer another place."""
    cdef void *found = take(arena, size)
    if found == NULL:
        return NO_MEMORY
    if used:
        memcpy(found, buffer[0], <size_t>used)
    buffer[0] = found
    return 0


cdef int64_t room_for(const Arena *arena, int64_t used) noexcept nogil:
    """How much room to give a full buffer: what all rows need if the others are like those done."""
    cdef int64_t done = arena.done[0]
    cdef double expected = <double>used / done * arena.rows * 1.05 if done > 63 else 0
    if expected > <double>used * MOST_TIMES:
        return used * MOST_TIMES
    return max(<int64_t>expected, 2 * used)


cdef void free_chunks(Arena *arena) noexcept nogil:
    cdef Chunk *chunk
    while arena.newest != NULL:
        chunk = arena.newest
        arena.newest = chunk.older
        free(chunk)
