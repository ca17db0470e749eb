# What a consumer does for each message, for kafka/assembly.py: included by _native.pyx.

from libc.string cimport memcmp

cdef extern from *:
    """
    /* The C function behind a method that takes no arguments: calling it spares two thirds of what
       a call by name costs. NULL where the method is of any other kind. */
    static PyCFunction sc_method(PyObject *cls, const char *name) {
        PyCFunction found = NULL;
        PyObject *method = PyObject_GetAttrString(cls, name);
        if (method == NULL) {
            PyErr_Clear();
            return NULL;
        }
        if (Py_IS_TYPE(method, &PyMethodDescr_Type)) {
            PyMethodDescrObject *descr = (PyMethodDescrObject *)method;
            if ((PyObject *)descr->d_common.d_type == cls
                && descr->d_method->ml_flags == METH_NOARGS) {
                found = descr->d_method->ml_meth;
            }
        }
        Py_DECREF(method);
        return found;
    }
    static PyObject *sc_call(PyCFunction function, PyObject *self) {
        return function(self, NULL);
    }
    """
    ctypedef object (*PyCFunction)(object, PyObject *)
    PyCFunction sc_method(object cls, const char *name)
    object sc_call(PyCFunction function, object self)

cdef enum:
    FRAME_SIZE = 5  # streamcontract.wire.HEADER_SIZE, as a constant to compilers
    PARTS = 8  # of a message

cdef object NO_HEADERS = ()
cdef object DECODE_TEXT = bytes.decode


@cython.final
cdef class RawMethods:
    """What is asked of each raw message, by the class of the one that came last."""

    cdef object cls
    cdef bint direct
    cdef PyCFunction _error, _value, _key, _topic, _partition, _offset, _timestamp, _headers

    cdef int look_at(self, raw) except -1:
        """Prepare for this message's class, which is nearly always the last one's too."""
        if type(raw) is self.cls:
            return 0
        self.cls = type(raw)
        self._error = sc_method(self.cls, b"error")
        self._value = sc_method(self.cls, b"value")
        self._key = sc_method(self.cls, b"key")
        self._topic = sc_method(self.cls, b"topic")
        self._partition = sc_method(self.cls, b"partition")
        self._offset = sc_method(self.cls, b"offset")
        self._timestamp = sc_method(self.cls, b"timestamp")
        self._headers = sc_method(self.cls, b"headers")
        self.direct = (
            self._error is not NULL and self._value is not NULL and self._key is not NULL
            and self._topic is not NULL and self._partition is not NULL and self._offset is not NULL
            and self._timestamp is not NULL and self._headers is not NULL
        )
        return 0

    cdef object error(self, raw):
        return sc_call(self._error, raw) if self.direct else raw.error()

    cdef object value(self, raw):
        return sc_call(self._value, raw) if self.direct else raw.value()

    cdef object key(self, raw):
        return sc_call(self._key, raw) if self.direct else raw.key()

    cdef object topic(self, raw):
        return sc_call(self._topic, raw) if self.direct else raw.topic()

    cdef object partition(self, raw):
        return sc_call(self._partition, raw) if self.direct else raw.partition()

    cdef object offset(self, raw):
        return sc_call(self._offset, raw) if self.direct else raw.offset()

    cdef object timestamp(self, raw):
        return sc_call(self._timestamp, raw) if self.direct else raw.timestamp()

    cdef object headers(self, raw):
        return sc_call(self._headers, raw) if self.direct else raw.headers()


@cython.final
cdef class MessageReader:
    """See ``streamcontract.kafka.assembly.MessageReader``.

    ``cls`` is the class of messages, and ``names`` its slots for value, key, topic, partition,
    offset, schema id, timestamp and headers.
    """

    cdef object topic, decoders, read_key, cls
    cdef bint key_is_text
    cdef RawMethods of
    cdef Offsets slots
    # The frame that came last and what it stands for: nearly always the next message's too.
    cdef bytes frame
    cdef object frame_id, decode
    cdef Decoder decoder  # whose method ``decode`` is, or None

    def __init__(self, cls, tuple names not None, topic, decoders, read_key):
        if len(names) != PARTS:
            raise ValueError(f"{PARTS} slots, not {len(names)}")
        if not has_slots(cls, names) or cls.__dictoffset__:
            raise TypeError(f"{cls.__name__} is not made of slots")
        self.slots = Offsets(cls, names)
        self.cls, self.topic, self.decoders, self.read_key = cls, topic, decoders, read_key
        self.key_is_text = read_key is DECODE_TEXT
        self.of = RawMethods()

    def read(self, raw):
        """The message, or None where it takes care to read it."""
        self.of.look_at(raw)
        if self.of.error(raw) is not None:
            return None
        return self.assemble(raw, self.of.partition(raw), self.of.offset(raw))

    def read_many(self, list raws not None, Py_ssize_t start, Py_ssize_t stop, list messages):
        """Read consecutive messages, up to one that takes care to read; gives where that is."""
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
        try:
            if data is not None:
                if not self.knows(data):
                    return None
                schema_id = self.frame_id
                value = self.decode(data) if self.decoder is None else self.decoder.decode(data)
            if key is not None:
                if self.key_is_text and PyBytes_CheckExact(key):
                    key = PyUnicode_DecodeUTF8(
                        PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key), NULL
                    )
                else:
                    key = self.read_key(key)
        except Exception:
            return None  # whatever it is, reading with care raises it anew
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
        # See Reader.closed: messages are frozen, and what they hold is closed too.
        if (
            (data is None or self.decoder is not None and self.decoder.root.closed)
            and (key is None or PyUnicode_CheckExact(key))
            and not headers
        ):
            PyObject_GC_UnTrack(message)
        return message

    cdef bint knows(self, data) except -1:
        """Whether these bytes can be decoded, by the frame in front; if so, it is at hand."""
        cdef object known
        if not PyBytes_CheckExact(data):
            return False
        if (
            self.frame is not None
            and PyBytes_GET_SIZE(data) >= FRAME_SIZE
            and memcmp(PyBytes_AS_STRING(data), PyBytes_AS_STRING(self.frame), FRAME_SIZE) == 0
        ):
            return True
        known = self.decoders.get(data[:FRAME_SIZE])
        if known is None:
            return False
        self.frame_id, self.decode = known
        owner = getattr(self.decode, "__self__", None)
        is_native = isinstance(owner, Decoder) and self.decode == (<Decoder>owner).decode
        self.decoder = owner if is_native else None
        self.frame = data[:FRAME_SIZE]
        return True


def split(list raws not None, *, bint by_topic):
    """See ``streamcontract.kafka.assembly.splitter``."""
    cdef RawMethods of = RawMethods()
    cdef list runs = [], run = None
    cdef object raw, partition, current = None, topic = None, current_topic = None
    for raw in raws:
        of.look_at(raw)
        if of.error(raw) is not None:
            runs.append([raw])
            run = None
            continue
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
