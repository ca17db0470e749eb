# The methods of raw messages, called without a look-up: included by _native.pyx.

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
    /* Whether a method fails, also one that returns an object beside the exception. */
    static int sc_fails(PyCFunction function, PyObject *self) {
        Py_XDECREF(function(self, NULL));
        if (PyErr_Occurred() == NULL) {
            return 0;
        }
        PyErr_Clear();
        return 1;
    }
    """
    ctypedef object (*PyCFunction)(object, PyObject *)
    PyCFunction sc_method(object cls, const char *name)
    object sc_call(PyCFunction function, object self)
    bint sc_fails(PyCFunction function, object self)


@cython.final
cdef class RawMethods:
    """The methods of raw messages, by the class of the last one."""

    cdef object cls
    cdef bint direct
    cdef PyCFunction _error, _value, _key, _topic, _partition, _offset, _timestamp, _headers

    cdef int look_at(self, raw) except -1:
        """Prepare for this message's class, which is nearly always that of the last one."""
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

    cdef int check_headers(self, raw) except -1:
        """Replace headers that would end the process; before any other call for them."""
        if not self.direct:
            replace_unreadable_headers((raw,))
        elif sc_fails(self._headers, raw):
            note_unreadable_headers(raw)
        return 0
