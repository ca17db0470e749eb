# What a consumer does for each message, for kafka/assembly.py: included by _native.pyx.

from libc.string cimport memcmp

cdef extern from *:
    """
    /* Through the slot's own descriptor, which checks what object it is given. */
    static int sc_set(PyObject *slot, PyObject *object, PyObject *value) {
        return Py_TYPE(slot)->tp_descr_set(slot, object, value);
    }
    """
    int sc_set(object slot, object target, object value) except -1

cdef enum:
    FRAME_SIZE = 5  # streamcontract.wire.HEADER_SIZE, as a constant to compilers

cdef object NO_HEADERS = ()


cdef class MessageReader:
    """See ``streamcontract.kafka.assembly.MessageReader``.

    ``cls`` is the class of messages, and ``names`` its slots for value, key, topic, partition,
    offset, schema id, timestamp and headers.
    """

    cdef object topic, decoders, read_key, cls
    cdef object value, key, topic_slot, partition, offset, schema_id, timestamp, headers
    # The frame that came last and what it stands for: nearly always the next message's too.
    cdef bytes frame
    cdef object frame_id, decode

    def __init__(self, cls, tuple names not None, topic, decoders, read_key):
        if not has_slots(cls, names) or cls.__dictoffset__:
            raise TypeError(f"{cls.__name__} is not made of slots")
        self.cls, self.topic, self.decoders, self.read_key = cls, topic, decoders, read_key
        (
            self.value, self.key, self.topic_slot, self.partition,
            self.offset, self.schema_id, self.timestamp, self.headers,
        ) = (getattr(cls, name) for name in names)

    def read(self, raw):
        """The message, or None where it takes care to read it."""
        return None if raw.error() is not None else self.assemble(raw, raw.partition(), raw.offset())

    def read_many(self, buffer, Py_ssize_t limit, list messages, list raws, dict first, dict last):
        """Take messages from the front of the buffer, up to one that takes care to read."""
        cdef object popleft = buffer.popleft
        cdef object raw, message, partition, offset
        cdef Py_ssize_t _
        for _ in range(min(limit, len(buffer))):
            raw = buffer[0]
            if raw.error() is not None:
                return
            partition = raw.partition()
            offset = raw.offset()
            message = self.assemble(raw, partition, offset)
            if message is None:
                return
            popleft()
            messages.append(message)
            raws.append(raw)
            if partition not in last:
                first[partition] = offset
            last[partition] = offset

    cdef object assemble(self, raw, partition, offset):
        cdef object data = raw.value()
        cdef object key = raw.key()
        cdef object value = None, schema_id = None, message, kind, milliseconds
        cdef object headers = raw.headers()
        cdef object decode
        try:
            if data is not None:
                decode = self.decoder(data)
                if decode is None:
                    return None
                schema_id = self.frame_id
                value = decode(data)
            if key is not None:
                key = self.read_key(key)
        except Exception:
            return None  # whatever it is, reading with care raises it anew
        kind, milliseconds = raw.timestamp()
        message = sc_new(self.cls)
        sc_set(self.value, message, value)
        sc_set(self.key, message, key)
        sc_set(self.topic_slot, message, self.topic)
        sc_set(self.partition, message, partition)
        sc_set(self.offset, message, offset)
        sc_set(self.schema_id, message, schema_id)
        sc_set(self.timestamp, message, milliseconds if kind else None)
        sc_set(self.headers, message, headers or NO_HEADERS)
        return message

    cdef object decoder(self, data):
        """What decodes these bytes, by the frame in front; None if that is not known yet."""
        cdef object known
        if not PyBytes_CheckExact(data):
            return None
        if (
            self.frame is not None
            and PyBytes_GET_SIZE(data) >= FRAME_SIZE
            and memcmp(PyBytes_AS_STRING(data), PyBytes_AS_STRING(self.frame), FRAME_SIZE) == 0
        ):
            return self.decode
        known = self.decoders.get(data[:FRAME_SIZE])
        if known is None:
            return None
        self.frame_id, self.decode = known
        self.frame = data[:FRAME_SIZE]
        return self.decode
