# Slots of classes, read and filled in place: included by each extension of the native engine.

cdef extern from "structmember.h":
    """
    /* Where in its instances a slot lies, or -1 if it is no slot that holds any object. */
    static Py_ssize_t sc_offset(PyObject *cls, PyObject *slot) {
        PyMemberDef *member;
        if (Py_TYPE(slot) != &PyMemberDescr_Type || !PyType_Check(cls)) return -1;
        if (!PyType_IsSubtype((PyTypeObject *)cls, PyDescr_TYPE(slot))) return -1;
        member = ((PyMemberDescrObject *)slot)->d_member;
        return member->type == T_OBJECT_EX && member->flags == 0 ? member->offset : -1;
    }

    static PyObject **sc_slot(PyObject *record, Py_ssize_t offset) {
        return (PyObject **)((char *)record + offset);
    }

    /* What a slot holds, owned; NULL without an error if it is empty. */
    static PyObject *sc_get(PyObject *record, Py_ssize_t offset) {
        PyObject *value = *sc_slot(record, offset);
        Py_XINCREF(value);
        return value;
    }

    /* Fill a slot, without the __setattr__ that keeps a frozen class's users from doing so. */
    static void sc_put(PyObject *record, Py_ssize_t offset, PyObject *value) {
        PyObject **slot = sc_slot(record, offset), *old = *slot;
        Py_INCREF(value);
        *slot = value;
        Py_XDECREF(old);
    }

    /* What object.__new__ does for a class that has no __dict__ and is not abstract. */
    static PyObject *sc_new(PyObject *cls) {
        return ((PyTypeObject *)cls)->tp_alloc((PyTypeObject *)cls, 0);
    }

    /* The text of an ASCII string, or NULL: only that is UTF-8 as it lies in memory. */
    static const char *sc_ascii(PyObject *text) {
        return PyUnicode_IS_COMPACT_ASCII(text) ? (const char *)PyUnicode_DATA(text) : NULL;
    }

    /* What a dict holds, owned: another thread may take it out meanwhile. 1, 0 if none, or -1. */
    static int sc_lookup(PyObject *dict, PyObject *key, PyObject **value) {
    #if PY_VERSION_HEX >= 0x030D0000
        return PyDict_GetItemRef(dict, key, value);
    #else
        *value = PyDict_GetItemWithError(dict, key);
        Py_XINCREF(*value);
        return *value != NULL ? 1 : PyErr_Occurred() ? -1 : 0;
    #endif
    }

    static PyObject *sc_type(PyObject *value) { return (PyObject *)Py_TYPE(value); }
    """
    Py_ssize_t sc_offset(object cls, object slot)
    PyObject *sc_get(object record, Py_ssize_t offset)
    void sc_put(object record, Py_ssize_t offset, object value)
    object sc_new(object cls)
    int sc_lookup(object dict, object key, PyObject **value) except -1
    const char *sc_ascii(object text)
    PyObject *sc_type(object value)

cdef extern from "Python.h":
    void PyObject_GC_UnTrack(object value)


cdef class Offsets:
    """The offsets of the slots of a class."""

    cdef Py_ssize_t *items

    def __cinit__(self, object cls, tuple names not None):
        cdef Py_ssize_t i
        self.items = <Py_ssize_t *>PyMem_Malloc((len(names) + 1) * sizeof(Py_ssize_t))
        if self.items == NULL:
            raise MemoryError
        for i in range(len(names)):
            self.items[i] = sc_offset(cls, getattr(cls, names[i], None))
            if self.items[i] < 0:
                raise ValueError(f"{names[i]} is no slot")

    def __dealloc__(self):
        PyMem_Free(self.items)


def has_slots(object cls, tuple names not None):
    """Whether every name is a slot that this engine can read and fill in place."""
    for name in names:
        if sc_offset(cls, getattr(cls, name, None)) < 0:
            return False
    return True
