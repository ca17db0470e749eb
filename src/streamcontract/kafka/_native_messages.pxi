# The consumer's step for each message, for contract/message_deserializer.py: included by
# _native.pyx.

from libc.string cimport memcmp

cdef enum:
    PARTS = 8  # of a message
    BYTES = 256
    PLAIN = 0  # a message's headers have: nothing relevant, the frame, or need the full path
    HEADED = 1
    CAREFUL = 2

cdef object NO_HEADERS = ()
cdef object DECODE_TEXT = bytes.decode


@cython.final
cdef class Known:
    """A known frame, with its schema id and decoding function."""

    cdef bytes frame
    cdef object schema_id, decode
    cdef bint makes_closed  # whether it is a codec's decoder of such values

    def __cinit__(self, bytes frame, tuple known not None):
        self.frame = frame
        self.schema_id, self.decode = known
        owner = getattr(self.decode, "__self__", None)
        is_codecs = isinstance(owner, Decoder) and self.decode == owner.decode
        self.makes_closed = is_codecs and owner.makes_closed


cdef inline uint64_t bit_of(object name):
    """The bit of a text's length; those of 63 and more share one."""
    return <uint64_t>1 << min(PyUnicode_GET_LENGTH(name), 63)


cdef inline bint is_name(object name, object known):
    """Whether two texts are the same; most differ in their length."""
    return PyUnicode_GET_LENGTH(name) == PyUnicode_GET_LENGTH(known) and name == known


cdef class FrameFinder:
    """Finds what is known of the frames of messages: the part of readers that looks at frames.

    ``known`` has by the key of a frame a schema id, and what reads the values after it. ``frames``
    is a ``streamcontract.wire.FrameReader``, and ``forbidden`` are the names of headers with which
    a key is not plain.
    """

    cdef object decoders, locate
    cdef tuple names, refused, allowed, forbidden
    cdef uint64_t lengths  # that these have: one bit for each
    cdef RawMethods of
    cdef Py_ssize_t[BYTES] sizes  # of a prefix, by its first byte; 0 where there is none such
    # The frames that came last: nearly always the next message's too.
    cdef Known prefixed, headed
    cdef Py_ssize_t header  # which one of ``names`` the last frame in a header was in

    def __cinit__(self):
        self.of = RawMethods()

    def __init__(self, known, frames, tuple forbidden not None):
        self.look_for(known, frames, forbidden)

    cdef int look_for(self, known, frames, tuple forbidden) except -1:
        self.decoders, self.locate = known, frames.locate
        for magic in range(BYTES):
            self.sizes[magic] = frames.sizes.get(magic, 0)
        self.names = tuple(frames.names)
        self.refused, self.allowed = tuple(frames.refused), tuple(frames.refused.values())
        self.forbidden = forbidden
        for name in (*self.names, *self.refused, *forbidden):
            self.lengths |= bit_of(name)
        return 0

    def find_many(
        self, list raws not None, Py_ssize_t start, Py_ssize_t stop, list values not None,
        list found not None, Parts parts=None,
    ):
        """Find what reads consecutive messages, up to one that needs the full path.

        Its index is returned. The values of those before it are added to ``values``, what reads
        them to ``found``, and their metadata to ``parts``.
        """
        cdef object raw, data, key, headers
        cdef Known known
        cdef Py_ssize_t index
        for index in range(start, stop):
            raw = raws[index]
            self.of.look_at(raw)
            data = self.of.value(raw)
            if data is None:
                return index
            key, headers = self.of.key(raw), self.of.headers(raw)
            try:
                known = self.find(data, key, headers)
            except Exception:
                return index  # the full path raises the error again
            if known is None:
                return index
            if parts is not None:
                parts.take(self.of, raw, key, headers, known.schema_id)
            values.append(data)
            found.append(known.decode)
        return max(start, stop)

    cdef Known find(self, data, key, headers):
        """The known frame of a message; None if it is unknown, or needs the full path."""
        cdef Known known
        cdef Py_ssize_t size
        cdef int said
        if not PyBytes_CheckExact(data):
            return None
        if headers and self.lengths:
            said = self.look_at(headers, True, key is not None)
            if said != PLAIN:
                return self.headed if said == HEADED else None
        if self.locate is not None:
            return self.met(None, self.locate(data, headers or NO_HEADERS))
        known = self.prefixed
        if known is not None:
            size = PyBytes_GET_SIZE(known.frame)
            if (
                PyBytes_GET_SIZE(data) >= size
                and memcmp(PyBytes_AS_STRING(data), PyBytes_AS_STRING(known.frame), size) == 0
            ):
                return known
        if not PyBytes_GET_SIZE(data):
            return None
        size = self.sizes[<unsigned char>PyBytes_AS_STRING(data)[0]]
        if not 0 < size <= PyBytes_GET_SIZE(data):
            return None
        frame = data[:size]
        known = self.met(frame, frame)
        if known is not None:
            self.prefixed = known
        return known

    cdef int look_at(self, headers, bint has_value, bint has_key) except -1:
        """The kind of the headers; if it is HEADED, the known frame is in ``headed``."""
        cdef object pair, name, value, found = None
        cdef Py_ssize_t i, j, best = PyTuple_GET_SIZE(self.names)
        cdef Known known
        if not PyList_CheckExact(headers):
            return CAREFUL
        for i in range(PyList_GET_SIZE(headers)):
            pair = <object>PyList_GET_ITEM(headers, i)
            if not isinstance(pair, tuple) or PyTuple_GET_SIZE(pair) != 2:
                return CAREFUL
            name, value = <object>PyTuple_GET_ITEM(pair, 0), <object>PyTuple_GET_ITEM(pair, 1)
            if not PyUnicode_CheckExact(name):
                return CAREFUL
            if value is None or not self.lengths & bit_of(name):
                continue
            # The comparisons below run no Python code, which could change the list.
            if not PyBytes_CheckExact(value):
                return CAREFUL
            if has_value:
                for j in range(PyTuple_GET_SIZE(self.names)):
                    if j <= best and is_name(name, <object>PyTuple_GET_ITEM(self.names, j)):
                        best, found = j, value
                for j in range(PyTuple_GET_SIZE(self.refused)):
                    if (
                        is_name(name, <object>PyTuple_GET_ITEM(self.refused, j))
                        and value != <object>PyTuple_GET_ITEM(self.allowed, j)
                    ):
                        return CAREFUL
            if has_key:
                for j in range(PyTuple_GET_SIZE(self.forbidden)):
                    if is_name(name, <object>PyTuple_GET_ITEM(self.forbidden, j)):
                        return CAREFUL
        if found is None:
            return PLAIN
        known = self.headed
        if known is None or self.header != best or known.frame != found:
            known = self.met(found, (self.names[best], found))
            if known is None:
                return CAREFUL
            self.headed, self.header = known, best
        return HEADED

    cdef Known met(self, bytes frame, key):
        """The known frame of a key, or None."""
        known = self.decoders.get(key)
        return None if known is None else Known(frame, known)


@cython.final
cdef class MessageReader(FrameFinder):
    """See ``streamcontract.kafka.contract.message_deserializer.MessageReader``.

    ``cls`` is the class of messages, and ``names`` its slots for value, key, topic, partition,
    offset, schema id, timestamp and headers.
    """

    cdef object topic, read_key, cls
    cdef bint key_is_text, key_has_frame
    cdef Offsets slots

    def __init__(
        self, cls, tuple names not None, topic, decoders, read_key, frames=None,
        tuple forbidden=(), bint key_has_frame=False,
    ):
        if len(names) != PARTS:
            raise ValueError(f"{PARTS} slots, not {len(names)}")
        if not has_slots(cls, names) or cls.__dictoffset__:
            raise TypeError(f"{cls.__name__} is not made of slots")
        self.look_for(decoders, CONFLUENT.value if frames is None else frames, forbidden)
        self.slots = Offsets(cls, names)
        self.cls, self.topic, self.read_key = cls, topic, read_key
        self.key_is_text = read_key is DECODE_TEXT
        self.key_has_frame = key_has_frame

    def read(self, raw):
        """The message, or None if it needs the full path."""
        self.of.look_at(raw)
        if self.of.error(raw) is not None:
            return None
        return self.assemble(raw, self.of.partition(raw), self.of.offset(raw))

    def read_many(self, list raws not None, Py_ssize_t start, Py_ssize_t stop, list messages):
        """Read consecutive messages, up to one that needs the full path; return its index."""
        cdef object raw, message
        cdef Py_ssize_t index
        for index in range(start, stop):
            raw = raws[index]
            self.of.look_at(raw)
            if self.of.error(raw) is not None:
                return index
            message = self.assemble(raw, self.of.partition(raw), self.of.offset(raw))
            if message is None:
                return index
            messages.append(message)
        return max(start, stop)

    cdef object assemble(self, raw, partition, offset):
        cdef object data = self.of.value(raw)
        cdef object key = self.of.key(raw)
        cdef object value = None, schema_id = None, message, kind, milliseconds
        cdef object headers = self.of.headers(raw)
        cdef Py_ssize_t *at = self.slots.items
        cdef Known known = None
        try:
            if data is not None:
                known = self.find(data, key, headers)
                if known is None:
                    return None
                schema_id = known.schema_id
            elif key is not None and headers and self.look_at(headers, False, True) == CAREFUL:
                return None
            if key is not None:
                if self.key_is_text and PyBytes_CheckExact(key):
                    key = PyUnicode_DecodeUTF8(
                        PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key), NULL
                    )
                elif self.key_has_frame:
                    key = self.read_key(key, headers)
                else:
                    key = self.read_key(key)
            # After the key: telemetry counts decoded values, of messages that are well.
            if known is not None:
                value = known.decode(data)
        except Exception:
            return None  # the full path raises the error again
        kind, milliseconds = self.of.timestamp(raw)
        message = sc_new(self.cls)
        sc_put(message, at[0], value)
        sc_put(message, at[1], key)
        sc_put(message, at[2], self.topic)
        sc_put(message, at[3], partition)
        sc_put(message, at[4], offset)
        sc_put(message, at[5], schema_id)
        sc_put(message, at[6], milliseconds if kind else None)
        sc_put(message, at[7], headers or NO_HEADERS)
        # See Reader.closed of the codec: messages are frozen, and what they hold is closed too.
        if (
            (data is None or known.makes_closed)
            and (key is None or PyUnicode_CheckExact(key))
            and not headers
        ):
            PyObject_GC_UnTrack(message)
        return message


def split(list raws not None, *, bint by_topic):
    """See ``streamcontract.kafka.connection.runs.splitter``."""
    cdef RawMethods of = RawMethods()
    cdef list runs = [], run = None
    cdef object raw, partition, current = None, topic = None, current_topic = None
    for raw in raws:
        of.look_at(raw)
        # The garbage collector would walk over each of them, again and again while they are in a
        # batch: a third of what consuming costs. What they hold is closed: bytes, text, an error,
        # headers.
        if of.direct and PyObject_IS_GC(raw):
            PyObject_GC_UnTrack(raw)
        if of.error(raw) is not None:
            runs.append([raw])
            run = None
            continue
        of.check_headers(raw)
        partition = of.partition(raw)
        if by_topic:
            topic = of.topic(raw)
        if (
            run is not None
            and (partition is current or partition == current)
            and (not by_topic or topic == current_topic)
        ):
            run.append(raw)
            continue
        run = [raw]
        runs.append(run)
        current, current_topic = partition, topic
    return runs
