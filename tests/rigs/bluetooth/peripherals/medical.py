"""Numbers and times as medical devices send them. Written from the specifications, apart from the console's codecs."""

import struct
from datetime import datetime, timedelta
from decimal import Decimal

# ISO/IEEE 11073-20601 special values, by exponent-free mantissa.
NAN_16 = struct.pack("<H", 0x07FF)
NAN_32 = struct.pack("<I", 0x007FFFFF)


def _parts(value):
    """Mantissa and exponent as written: Decimal("36.50") is 3650 and -2."""
    sign, digits, exponent = value.as_tuple()
    mantissa = int("".join(str(digit) for digit in digits))
    return (-mantissa if sign else mantissa), exponent


def sfloat(value):
    """The 16-bit float: 4 bits of exponent, 12 of mantissa."""
    mantissa, exponent = _parts(value)
    if not (-2045 <= mantissa <= 2045 and -8 <= exponent <= 7):
        raise ValueError("no SFLOAT for this number")
    return struct.pack("<H", (exponent & 0xF) << 12 | mantissa & 0xFFF)


def float32(value):
    """The 32-bit float: 8 bits of exponent, 24 of mantissa."""
    mantissa, exponent = _parts(value)
    if not (-8388605 <= mantissa <= 8388605 and -128 <= exponent <= 127):
        raise ValueError("no FLOAT for this number")
    return struct.pack("<I", (exponent & 0xFF) << 24 | mantissa & 0xFFFFFF)


def date_time(moment):
    """Date Time: seven octets of local time."""
    return struct.pack(
        "<HBBBBB", moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second
    )


def u48(value):
    """Six octets, least significant first."""
    return value.to_bytes(6, "little")


class Clock:
    """A device's clock: local time of this computer, wrong by an offset. Setting it changes the offset."""

    def __init__(self):
        self.offset = timedelta(0)

    def now(self):
        return datetime.now() + self.offset

    def set_to(self, moment):
        self.offset = moment - datetime.now()

    def current_time(self):
        """The value of Current Time: date, time, day of week, 1/256 s, no reason for an adjustment."""
        now = self.now()
        return date_time(now) + bytes([now.isoweekday(), now.microsecond * 256 // 1_000_000, 0])

    def take_current_time(self, value):
        """Takes a written Current Time."""
        year, month, day, hour, minute, second, _weekday, fraction, _reason = struct.unpack("<HBBBBBBBB", value)
        self.set_to(datetime(year, month, day, hour, minute, second, fraction * 1_000_000 // 256))
