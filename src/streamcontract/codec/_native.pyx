# cython: language_level=3, binding=False, boundscheck=False, wraparound=False
# cython: nonecheck=True, initializedcheck=False, cdivision=True, embedsignature=False
"""Nodes of the native engine: each writes or reads the values of one type; native.py builds them.

A node holds no rule of its own where there is another place for it: what is no plain case goes
through the same functions as in the portable engine (leaves, logical, branches). Whatever does
not fit is only refused here; the portable engine, run on the same value or bytes, reports why.

Safety rests on few rules: every byte is read after a comparison with the end; no count or size
is multiplied, so none can overflow; nothing is allocated by a number from the data that was not
held against the bytes that remain; what a value holds is owned while it is used, and lists and
maps are copied, since Python code or threads that run meanwhile may change the value; a node does
not change once it is filled, and what one call needs lies on its own stack; C calls nest at most
MAX_FRAMES.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.datetime cimport (
    PyDate_CheckExact, PyDateTime_CheckExact, PyTime_CheckExact, date_day, date_month, date_new,
    date_year, datetime_day, datetime_hour, datetime_microsecond, datetime_minute, datetime_month,
    datetime_new, datetime_second, datetime_tzinfo, datetime_year, get_utc, import_datetime,
    time_hour, time_microsecond, time_minute, time_new, time_second, time_tzinfo,
)
from cpython.dict cimport (
    PyDict_CheckExact, PyDict_Copy, PyDict_GetItemWithError, PyDict_Next, PyDict_SetItem,
    PyDict_Size,
)
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact, PyFloat_FromDouble
from cpython.list cimport (
    PyList_Append, PyList_CheckExact, PyList_GET_ITEM, PyList_GET_SIZE, PyList_GetSlice,
)
from cpython.long cimport (
    PyLong_AsLongLong, PyLong_AsUnsignedLongLongMask, PyLong_CheckExact, PyLong_FromLongLong,
)
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from cpython.unicode cimport (
    PyUnicode_AsUTF8String, PyUnicode_CheckExact, PyUnicode_DecodeLatin1, PyUnicode_DecodeUTF8,
)
from libc.math cimport isinf
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from streamcontract.codec import leaves
from streamcontract.codec.refusal import REFUSALS as _REFUSALS
from streamcontract.codec.refusal import Refused as _Refused

import_datetime()

include "_native_stamp.pxi"
include "_native_slots.pxi"

cdef extern from "Python.h":
    const Py_ssize_t PY_SSIZE_T_MAX
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    long long PyLong_AsLongLongAndOverflow(object number, int *overflow) except? -1
    void Py_DECREF_ptr "Py_DECREF"(PyObject *value)

cdef enum:
    ROOM = 512  # bytes of a message that need no allocation while they are written

cdef object Refused = _Refused
cdef tuple REFUSALS = _REFUSALS
cdef object UTC = get_utc()
cdef object as_int = leaves.as_int
cdef object as_long = leaves.as_long
cdef object as_float = leaves.as_float
cdef object as_double = leaves.as_double
cdef object as_text = leaves.as_text
cdef object as_bytes = leaves.as_bytes
cdef object as_fixed = leaves.as_fixed


cdef int refuse() except -1:
    """Stop; the portable engine finds the reason."""
    raise Refused("the portable engine reports why")


cdef int too_deep() except -1:
    raise RecursionError


cdef inline int enter(int *frames) except -1:
    frames[0] += 1
    if frames[0] > MAX_FRAMES:
        too_deep()
    return 0


cdef class Children:
    """A fixed number of nodes, in a C array that owns them."""

    cdef tuple nodes
    cdef PyObject **items
    cdef Py_ssize_t size

    def __cinit__(self, tuple nodes not None):
        cdef Py_ssize_t i
        self.size = len(nodes)
        self.items = <PyObject **>PyMem_Malloc((self.size + 1) * sizeof(PyObject *))
        if self.items == NULL:
            raise MemoryError
        self.nodes = nodes
        for i in range(self.size):
            self.items[i] = PyTuple_GET_ITEM(nodes, i)

    def __dealloc__(self):
        PyMem_Free(self.items)


include "_native_output.pxi"
include "_native_writing.pxi"
include "_native_input.pxi"
include "_native_reading.pxi"
include "_native_splitting.pxi"
include "_native_times.pxi"
include "_native_decimal.pxi"
include "_native_uuid.pxi"
