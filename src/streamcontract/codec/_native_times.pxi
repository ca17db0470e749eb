# Dates, times and durations: included by _native.pyx.

cdef enum:
    FIRST_DAY = -719162  # 0001-01-01, in days since 1970-01-01
    LAST_DAY = 2932896  # 9999-12-31
    DAY_SECONDS = 86400


cdef inline int64_t floor_div(int64_t number, int64_t by) noexcept:
    """Floor division; ``by`` is positive."""
    cdef int64_t quotient = number / by
    return quotient - 1 if number % by < 0 else quotient


cdef int64_t days_of(int year, int month, int day) noexcept:
    """Days since 1970-01-01 in the proleptic Gregorian calendar, for years 1 to 9999.

    Years are counted from March, so that the leap day is a year's last.
    """
    cdef int64_t y = year - (month < 3)
    cdef int64_t day_of_year = (153 * (month + (9 if month < 3 else -3)) + 2) / 5 + day - 1
    return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719468


cdef void date_of(int64_t days, int *year, int *month, int *day) noexcept:
    """The other way round, for FIRST_DAY to LAST_DAY."""
    cdef int64_t from_march = days + 719468  # since 0000-03-01: positive for every date
    cdef int64_t era = from_march / 146097
    cdef int64_t day_of_era = from_march % 146097
    cdef int64_t year_of_era = (
        day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096
    ) / 365
    cdef int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100)
    cdef int64_t march_month = (5 * day_of_year + 2) / 153
    day[0] = <int>(day_of_year - (153 * march_month + 2) / 5 + 1)
    month[0] = <int>(march_month + (3 if march_month < 10 else -9))
    year[0] = <int>(year_of_era + era * 400 + (month[0] < 3))


cdef class DateWriter(ConvertedWriter):
    cdef int write(self, object x, Out *out, int depth) except -1:
        if PyDate_CheckExact(x):
            return put_long(out, days_of(date_year(x), date_month(x), date_day(x)))
        return ConvertedWriter.write(self, x, out, depth)


cdef class TimeWriter(ConvertedWriter):
    """Of an exact ``time`` without a zone; the rest is converted."""

    cdef int micros  # in one unit: 1 or 1000

    def __init__(self, object to_raw, Writer raw not None, int micros):
        ConvertedWriter.__init__(self, to_raw, raw)
        self.micros = micros

    cdef int write(self, object x, Out *out, int depth) except -1:
        cdef int64_t micros
        if PyTime_CheckExact(x) and time_tzinfo(x) is None:
            micros = (time_hour(x) * 60 + time_minute(x)) * 60 + time_second(x)
            micros = micros * 1000000 + time_microsecond(x)
            if micros % self.micros:
                return refuse()
            return put_long(out, micros / self.micros)
        return ConvertedWriter.write(self, x, out, depth)


cdef class TimestampWriter(ConvertedWriter):
    """Of an exact ``datetime`` in UTC, or without a zone if local; the rest is converted."""

    cdef int micros  # in one unit: 1 or 1000
    cdef bint is_local

    def __init__(self, object to_raw, Writer raw not None, int micros, bint is_local):
        ConvertedWriter.__init__(self, to_raw, raw)
        self.micros = micros
        self.is_local = is_local

    cdef int write(self, object x, Out *out, int depth) except -1:
        cdef int64_t seconds, micros
        if PyDateTime_CheckExact(x) and datetime_tzinfo(x) is (None if self.is_local else UTC):
            seconds = days_of(datetime_year(x), datetime_month(x), datetime_day(x)) * DAY_SECONDS
            seconds += (datetime_hour(x) * 60 + datetime_minute(x)) * 60 + datetime_second(x)
            micros = datetime_microsecond(x)
            if micros % self.micros:
                return refuse()
            return put_long(out, seconds * (1000000 / self.micros) + micros / self.micros)
        return ConvertedWriter.write(self, x, out, depth)


cdef class DateReader(ClosedReader):
    """A date from an int."""

    cdef object read(self, In *data, int depth):
        cdef uint64_t number = 0
        cdef int64_t days
        cdef int year, month, day
        read_unsigned_int(data, &number)
        days = zigzag(number)
        if not FIRST_DAY <= days <= LAST_DAY:
            refuse()
        date_of(days, &year, &month, &day)
        return date_new(year, month, day)


cdef class TimeReader(ClosedReader):
    """A time of day from an int or a long."""

    cdef bint is_int
    cdef int64_t micros  # in one unit: 1 or 1000

    def __init__(self, bint is_int, int micros):
        self.is_int = is_int
        self.micros = micros

    cdef object read(self, In *data, int depth):
        cdef uint64_t number = 0
        cdef int64_t units, second
        if self.is_int:
            read_unsigned_int(data, &number)
        else:
            read_unsigned(data, &number)
        units = zigzag(number)
        if not 0 <= units < DAY_SECONDS * (<int64_t>1000000 / self.micros):
            refuse()
        second = units * self.micros / 1000000
        return time_new(
            <int>(second / 3600), <int>(second / 60 % 60), <int>(second % 60),
            <int>(units * self.micros % 1000000), None,
        )


cdef class TimestampReader(ClosedReader):
    """A datetime from an int or a long, in UTC or without a zone if local."""

    cdef bint is_int
    cdef int64_t second  # units in one
    cdef object zone

    def __init__(self, bint is_int, int micros, bint is_local):
        self.is_int = is_int
        self.second = 1000000 / micros
        self.zone = None if is_local else UTC

    cdef object read(self, In *data, int depth):
        cdef uint64_t number = 0
        cdef int64_t units, seconds, days
        cdef int year, month, day, second
        if self.is_int:
            read_unsigned_int(data, &number)
        else:
            read_unsigned(data, &number)
        units = zigzag(number)
        seconds = floor_div(units, self.second)
        days = floor_div(seconds, DAY_SECONDS)
        if not FIRST_DAY <= days <= LAST_DAY:
            refuse()
        units -= seconds * self.second  # after the comparison: so it cannot overflow
        second = <int>(seconds - days * DAY_SECONDS)
        date_of(days, &year, &month, &day)
        return datetime_new(
            year, month, day, second / 3600, second / 60 % 60, second % 60,
            <int>(units * (1000000 / self.second)), self.zone,
        )


cdef class DurationWriter(ConvertedWriter):
    """Of an exact ``Duration``, from its slots; the rest is converted."""

    cdef object cls
    cdef Offsets offsets

    def __init__(self, object to_raw, Writer raw not None, object cls, tuple names not None):
        ConvertedWriter.__init__(self, to_raw, raw)
        if len(names) != 3:
            raise ValueError("months, days and milliseconds")
        self.cls = cls
        self.offsets = Offsets(cls, names)

    cdef int write(self, object x, Out *out, int depth) except -1:
        cdef uint64_t parts[3]
        cdef PyObject *held
        cdef int i
        if sc_type(x) != <PyObject *>self.cls:
            return ConvertedWriter.write(self, x, out, depth)
        for i in range(3):
            held = sc_get(x, self.offsets.items[i])
            if held == NULL:  # made without its __init__
                return ConvertedWriter.write(self, x, out, depth)
            part = <object>held
            Py_DECREF_ptr(held)
            if not PyLong_CheckExact(part):
                return ConvertedWriter.write(self, x, out, depth)
            parts[i] = part  # refuses a negative number
            if parts[i] >> 32:
                return refuse()
        for i in range(3):
            put_bits(out, parts[i], 4)
        return 0


cdef class DurationReader(ClosedReader):
    """Into the slots of ``Duration``, whose ``__init__`` refuses no number of 32 bits."""

    cdef object cls
    cdef Offsets offsets

    def __init__(self, object cls, tuple names not None):
        if len(names) != 3:
            raise ValueError("months, days and milliseconds")
        self.cls = cls
        self.offsets = Offsets(cls, names)

    cdef object read(self, In *data, int depth):
        cdef object record
        cdef int i
        if data.end - data.pos < 12:
            refuse()
        record = sc_new(self.cls)
        for i in range(3):
            sc_put(record, self.offsets.items[i], <uint32_t>little_endian(data.pos, 4))
            data.pos += 4
        PyObject_GC_UnTrack(record)
        return record
