# The stamp of a binary's sources: included by each extension of the native engine.

cdef extern from *:
    """
    /* Given by setup.py; what is built without them fits no package. */
    #ifndef SC_VERSION
    #define SC_VERSION ""
    #endif
    #ifndef SC_SOURCES
    #define SC_SOURCES ""
    #endif
    """
    const char *SC_VERSION
    const char *SC_SOURCES

VERSION = SC_VERSION.decode()
SOURCES = SC_SOURCES.decode()
