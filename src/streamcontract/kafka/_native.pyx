# cython: language_level=3, binding=False, boundscheck=False, wraparound=False
# cython: nonecheck=True, initializedcheck=False, cdivision=True, embedsignature=False
"""Inner loops of the clients: one step for each consumed message or produced record.

They do what ``contract/message_deserializer.py`` and ``producer/plain_records.py`` do in Python, and
know of the codec only that it gives functions. The rules at the head of ``codec/_native.pyx`` hold
here too.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.list cimport PyList_CheckExact, PyList_GET_ITEM, PyList_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from cpython.unicode cimport PyUnicode_CheckExact, PyUnicode_DecodeUTF8
from libc.stdint cimport uint64_t

from streamcontract.codec._native import Decoder
from streamcontract.kafka.connection.header_names import (
    note_unreadable_headers,
    replace_unreadable_headers,
)
from streamcontract.wire import CONFLUENT

include "../codec/_native_stamp.pxi"
include "../codec/_native_slots.pxi"

cdef extern from "Python.h":
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    bint PyObject_IS_GC(object value)


include "_native_raws.pxi"
include "_native_batches.pxi"
include "_native_messages.pxi"
include "_native_sending.pxi"
